// SPDX-License-Identifier: Apache-2.0
// Inspecting a text: whether it is one, and how long.
#include "data/inspect.h"
#include "data/stream.h"

#include <string.h>

#define CHUNK_BYTES 4096U
#define BYTES_MIN   200U // less is too little to learn from

static mote_status recognize(const mote_inspect_head *head, bool *is_recognized)
{
    *is_recognized = !head->is_folder && head->count > 0 && !memchr(head->bytes, '\0', head->count);
    return MOTE_OK;
}

/// Any byte is a token, but without being told nobody's text has zeros.
static mote_status check_chunk(const mote_inspect_request *request, const unsigned char *bytes,
                               size_t count, uint64_t first)
{
    const unsigned char *const zero = memchr(bytes, '\0', count);
    if (request->type || !zero)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "'%s' is no text: byte %llu is 0; type text takes it all the same",
                      request->path, (unsigned long long)(first + (uint64_t)(zero - bytes)));
}

static mote_status read_chunks(const mote_inspect_request *request, const mote_stream *stream,
                               mote_data_info *info)
{
    unsigned char bytes[CHUNK_BYTES];
    size_t count = sizeof bytes;
    while (count == sizeof bytes) {
        MOTE_TRY(stream->read(stream->user, bytes, sizeof bytes, &count));
        MOTE_TRY(check_chunk(request, bytes, count, info->byte_count));
        info->byte_count += count;
    }
    if (info->byte_count >= BYTES_MIN)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "'%s' has %llu bytes of text; expected at least %u to learn from",
                      request->path, (unsigned long long)info->byte_count, BYTES_MIN);
}

static mote_status read_file(const mote_inspect_request *request, const mote_file *file,
                             mote_data_info *info)
{
    mote_stream stream;
    MOTE_TRY(mote_stream_open(file, request->arena->allocator, &stream));
    const mote_status status = read_chunks(request, &stream, info);
    stream.close(stream.user);
    return status;
}

static mote_status inspect(const mote_inspect_request *request, mote_data_info *info)
{
    mote_file file;
    MOTE_TRY(mote_inspect_refuse_label(request, "a text: the bytes that follow are"));
    MOTE_TRY(mote_file_open_read(request->path, &file));
    const mote_status status = read_file(request, &file, info);
    mote_file_close(&file);
    return status;
}

const mote_inspector mote_inspect_text = {
    .kind = MOTE_DATA_TEXT, .recognize = recognize, .inspect = inspect};
