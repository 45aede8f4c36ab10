// SPDX-License-Identifier: Apache-2.0
// The handle of an open file of weights.
#include "api/api.h"

#include "mote/mote.h"

struct mote_tensor_file {
    mote_arena arena; // what the list needs
    mote_weights_list *list;
};

mote_status mote_tensor_file_open(const mote_context *context, const char *path,
                                  mote_tensor_file **file)
{
    MOTE_TRY(mote_argument_require(context, "mote_tensor_file_open"));
    MOTE_TRY(mote_argument_require(path, "mote_tensor_file_open"));
    MOTE_TRY(mote_argument_require(file, "mote_tensor_file_open"));
    const mote_allocator *allocator = &context->allocator;
    mote_tensor_file *made =
        (mote_tensor_file *)allocator->reallocate(allocator->user, NULL, 0, sizeof *made);
    if (!made)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "no memory for a file of weights");
    made->list = NULL;
    mote_arena_init(&made->arena, allocator);
    const mote_status status = mote_weights_list_open(path, &made->arena, &made->list);
    *file = made;
    if (status != MOTE_OK)
        mote_tensor_file_close(file);
    return status;
}

void mote_tensor_file_close(mote_tensor_file **file)
{
    if (!file || !*file)
        return;
    const mote_allocator *allocator = (*file)->arena.allocator;
    mote_weights_list_close((*file)->list);
    mote_arena_release(&(*file)->arena);
    (void)allocator->reallocate(allocator->user, *file, sizeof **file, 0);
    *file = NULL;
}

size_t mote_tensor_file_tensor_count(const mote_tensor_file *file)
{
    return file ? mote_weights_list_tensor_count(file->list) : 0;
}

static mote_status check_index(const mote_tensor_file *file, size_t index)
{
    const size_t count = mote_tensor_file_tensor_count(file);
    return index < count
               ? MOTE_OK
               : MOTE_RAISE(MOTE_ERROR_ARGUMENT, "tensor %zu: the file has %zu", index, count);
}

mote_status mote_tensor_file_get_tensor(const mote_tensor_file *file, size_t index,
                                        mote_file_tensor *tensor)
{
    MOTE_TRY(mote_argument_require(tensor, "mote_tensor_file_get_tensor"));
    MOTE_TRY(check_index(file, index));
    *tensor = *mote_weights_list_tensor(file->list, index);
    return MOTE_OK;
}

mote_status mote_tensor_file_summarize(const mote_tensor_file *file, size_t index,
                                       mote_tensor_summary *summary)
{
    MOTE_TRY(mote_argument_require(summary, "mote_tensor_file_summarize"));
    MOTE_TRY(check_index(file, index));
    return mote_weights_list_summarize(file->list, index, summary);
}

size_t mote_tensor_file_metadata_count(const mote_tensor_file *file)
{
    return file ? mote_weights_list_metadata_count(file->list) : 0;
}

mote_status mote_tensor_file_get_metadata(const mote_tensor_file *file, size_t index,
                                          const char **key, const char **value)
{
    MOTE_TRY(mote_argument_require(key, "mote_tensor_file_get_metadata"));
    MOTE_TRY(mote_argument_require(value, "mote_tensor_file_get_metadata"));
    const size_t count = mote_tensor_file_metadata_count(file);
    if (index >= count)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "metadata %zu: the file has %zu", index, count);
    const mote_weights_metadata metadata = mote_weights_list_metadata(file->list, index);
    *key = metadata.key;
    *value = metadata.value;
    return MOTE_OK;
}
