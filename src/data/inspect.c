// SPDX-License-Identifier: Apache-2.0
// The first kind of data that recognizes a path inspects it, unless the request says which.
#include "data/inspect.h"

#include "base/text.h"
#include "data/stream.h"

#include <string.h>

static const mote_inspector *const inspectors[] = {
    &mote_inspect_wav,    // folders of sounds
    &mote_inspect_images, // any other folder
    &mote_inspect_idx,    &mote_inspect_csv,
    &mote_inspect_text, // any text: the last
};

#define INSPECTOR_COUNT (sizeof inspectors / sizeof inspectors[0])

mote_status mote_inspect_refuse_label(const mote_inspect_request *request, const char *what)
{
    if (!request->label)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "'%s' is %s the labels, not '%s'", request->path, what,
                      request->label);
}

static size_t count_names(const char *names)
{
    size_t count = 1;
    for (; *names; names++)
        count += *names == ',';
    return count;
}

mote_status mote_inspect_classes(const mote_inspect_request *request, mote_class_folder *folder,
                                 mote_data_info *info)
{
    const mote_dataset_config config = {.allocator = request->arena->allocator};
    MOTE_TRY(mote_inspect_refuse_label(request, "a folder: the names of its sub-folders are"));
    MOTE_TRY(
        mote_class_folder_read(&config, request->path, request->arena, request->arena, folder));
    info->class_names = folder->class_names;
    info->class_count = count_names(folder->class_names);
    info->sample_count = folder->file_count;
    if (info->class_count >= 2)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "'%s' has one sub-folder; expected at least two, one a class", request->path);
}

static mote_status read_stream(const mote_file *file, mote_inspect_head *head)
{
    mote_stream stream;
    MOTE_TRY(mote_stream_open(file, head->request->arena->allocator, &stream));
    const mote_status status =
        stream.read(stream.user, head->bytes, MOTE_INSPECT_HEAD_BYTES, &head->count);
    stream.close(stream.user);
    head->is_whole = head->count < MOTE_INSPECT_HEAD_BYTES;
    return status;
}

static mote_status read_file(mote_inspect_head *head)
{
    mote_file file;
    MOTE_TRY(mote_file_open_read(head->path, &file));
    const mote_status status = read_stream(&file, head);
    mote_file_close(&file);
    return status;
}

/// The first file in a sub-folder.
static mote_status find_file(mote_inspect_head *head)
{
    const mote_folder_entry *folders = NULL;
    const mote_folder_entry *files = NULL;
    size_t folder_count = 0;
    size_t file_count = 0;
    mote_arena *const arena = head->request->arena;
    MOTE_TRY(mote_folder_list(head->request->path, arena, &folders, &folder_count));
    for (size_t i = 0; i < folder_count && file_count == 0; i++) {
        if (folders[i].is_folder)
            MOTE_TRY(mote_folder_list(folders[i].path, arena, &files, &file_count));
    }
    if (file_count > 0 && !files[0].is_folder)
        head->path = files[0].path;
    return MOTE_OK;
}

static mote_status read_head(const mote_inspect_request *request, mote_inspect_head *head)
{
    void *memory = NULL;
    *head = (mote_inspect_head){
        .request = request, .is_folder = mote_path_is_folder(request->path), .path = request->path};
    MOTE_TRY(mote_arena_allocate(request->arena, MOTE_INSPECT_HEAD_BYTES, &memory));
    head->bytes = memory;
    if (head->is_folder) {
        head->path = "";
        MOTE_TRY(find_file(head));
    }
    return head->path[0] ? read_file(head) : MOTE_OK;
}

static mote_status recognize(const mote_inspect_request *request, const mote_inspector **inspector)
{
    mote_inspect_head head;
    MOTE_TRY(read_head(request, &head));
    for (size_t i = 0; i < INSPECTOR_COUNT; i++) {
        bool is_recognized = false;
        MOTE_TRY(inspectors[i]->recognize(&head, &is_recognized));
        if (is_recognized) {
            *inspector = inspectors[i];
            return MOTE_OK;
        }
    }
    if (!head.is_folder && head.count == 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is empty", request->path);
    return MOTE_RAISE(
        MOTE_ERROR_FORMAT,
        "'%s' is none of: a folder with one sub-folder of images or WAV files a class, an IDX file "
        "of images, a file of separated values, a text",
        request->path);
}

static const char *get_name(const void *user, size_t index)
{
    (void)user;
    return mote_data_kind_names[index];
}

static mote_status find_named(const mote_inspect_request *request, const mote_inspector **inspector)
{
    char hint[256];
    for (size_t i = 0; i < INSPECTOR_COUNT; i++) {
        if (strcmp(mote_data_kind_names[inspectors[i]->kind], request->type) != 0)
            continue;
        *inspector = inspectors[i];
        return MOTE_OK;
    }
    return MOTE_RAISE(
        MOTE_ERROR_ARGUMENT, "there are no data of type '%.60s'%s", request->type,
        mote_text_expect(request->type, get_name, NULL, MOTE_DATA_KIND_COUNT, hint, sizeof hint));
}

mote_status mote_data_inspect(const mote_inspect_request *request, mote_data_info *info)
{
    const mote_inspector *inspector = NULL;
    MOTE_TRY(request->type ? find_named(request, &inspector) : recognize(request, &inspector));
    *info = (mote_data_info){
        .kind = inspector->kind, .class_names = "", .label = "", .ignored = "", .delimiter = ""};
    return inspector->inspect(request, info);
}
