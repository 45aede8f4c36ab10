// SPDX-License-Identifier: Apache-2.0
// The first kind of data that recognizes a path inspects it.
#include "data/inspect.h"

#include "data/stream.h"

static const mote_inspector *const inspectors[] = {
    &mote_inspect_images, &mote_inspect_idx,
    &mote_inspect_csv, // any text: the last
};

static mote_status read_stream(const mote_file *file, const mote_allocator *allocator,
                               mote_inspect_head *head)
{
    mote_stream stream;
    MOTE_TRY(mote_stream_open(file, allocator, &stream));
    const mote_status status =
        stream.read(stream.user, head->bytes, sizeof head->bytes, &head->count);
    stream.close(stream.user);
    return status;
}

static mote_status read_head(const mote_inspect_request *request, mote_inspect_head *head)
{
    mote_file file;
    *head = (mote_inspect_head){.is_folder = mote_path_is_folder(request->path)};
    if (head->is_folder)
        return MOTE_OK;
    MOTE_TRY(mote_file_open_read(request->path, &file));
    const mote_status status = read_stream(&file, request->arena->allocator, head);
    mote_file_close(&file);
    return status;
}

mote_status mote_data_inspect(const mote_inspect_request *request, mote_data_info *info)
{
    mote_inspect_head head;
    MOTE_TRY(read_head(request, &head));
    for (size_t i = 0; i < sizeof inspectors / sizeof inspectors[0]; i++) {
        if (!inspectors[i]->recognizes(&head))
            continue;
        *info = (mote_data_info){.kind = inspectors[i]->kind,
                                 .class_names = "",
                                 .label = "",
                                 .ignored = "",
                                 .delimiter = ""};
        return inspectors[i]->inspect(request, info);
    }
    return MOTE_RAISE(
        MOTE_ERROR_FORMAT,
        "'%s' is none of: a folder with one sub-folder of images a class, an IDX file "
        "of images, a file of separated values",
        request->path);
}
