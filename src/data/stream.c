// SPDX-License-Identifier: Apache-2.0
// The content of a file from its beginning: as it is, or expanded when it is gzip.
#include "data/stream.h"

#include <string.h>

#define COPY_BYTES 16384U

typedef struct plain {
    const mote_file *file;
    const mote_allocator *allocator;
    uint64_t offset, file_bytes;
} plain;

static mote_status read_plain(void *user, void *data, size_t bytes, size_t *count)
{
    plain *const p = user;
    const uint64_t left = p->file_bytes - p->offset;
    const size_t part = left < bytes ? (size_t)left : bytes;
    MOTE_TRY(mote_file_read(p->file, p->offset, data, part));
    p->offset += part;
    *count = part;
    return MOTE_OK;
}

static void close_plain(void *user)
{
    plain *const p = user;
    (void)p->allocator->reallocate(p->allocator->user, p, sizeof *p, 0);
}

static mote_status is_gzip(const mote_file *file, bool *answer)
{
    unsigned char magic[2] = {0, 0};
    uint64_t bytes = 0;
    MOTE_TRY(mote_file_size(file, &bytes));
    if (bytes >= sizeof magic)
        MOTE_TRY(mote_file_read(file, 0, magic, sizeof magic));
    *answer = memcmp(magic, MOTE_GZIP_MAGIC, sizeof magic) == 0;
    return MOTE_OK;
}

static mote_status open_plain(const mote_file *file, const mote_allocator *allocator,
                              mote_stream *stream)
{
    uint64_t bytes = 0;
    MOTE_TRY(mote_file_size(file, &bytes));
    plain *const p = allocator->reallocate(allocator->user, NULL, 0, sizeof *p);
    if (!p)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu bytes of memory could not be had", sizeof *p);
    *p = (plain){.file = file, .allocator = allocator, .file_bytes = bytes};
    *stream = (mote_stream){.user = p, .read = read_plain, .close = close_plain};
    return MOTE_OK;
}

mote_status mote_stream_open(const mote_file *file, const mote_allocator *allocator,
                             mote_stream *stream)
{
    bool is_packed = false;
    MOTE_TRY(is_gzip(file, &is_packed));
    return is_packed ? mote_gzip_open(file, allocator, stream)
                     : open_plain(file, allocator, stream);
}

static mote_status copy_stream(const mote_stream *stream, const mote_file *file,
                               unsigned char buffer[COPY_BYTES])
{
    uint64_t offset = 0;
    size_t count = COPY_BYTES;
    while (count == COPY_BYTES) {
        MOTE_TRY(stream->read(stream->user, buffer, COPY_BYTES, &count));
        MOTE_TRY(mote_file_write(file, offset, buffer, count));
        offset += count;
    }
    return MOTE_OK;
}

/// Puts the expanded content in the place of the file; its name in messages stays.
static mote_status expand(mote_file *file, const mote_allocator *allocator)
{
    unsigned char buffer[COPY_BYTES];
    mote_stream stream;
    mote_file expanded;
    MOTE_TRY(mote_file_open_temporary(&expanded));
    mote_status status = mote_gzip_open(file, allocator, &stream);
    if (status == MOTE_OK) {
        status = copy_stream(&stream, &expanded, buffer);
        stream.close(stream.user);
    }
    if (status != MOTE_OK) {
        mote_file_close(&expanded);
        return status;
    }
    expanded.path = file->path;
    mote_file_close(file);
    *file = expanded;
    return MOTE_OK;
}

mote_status mote_file_open_expanded(const char *path, const mote_allocator *allocator,
                                    mote_file *file)
{
    mote_file opened;
    bool is_packed = false;
    MOTE_TRY(mote_file_open_read(path, &opened));
    mote_status status = is_gzip(&opened, &is_packed);
    if (status == MOTE_OK && is_packed)
        status = expand(&opened, allocator);
    if (status == MOTE_OK)
        *file = opened;
    else
        mote_file_close(&opened);
    return status;
}
