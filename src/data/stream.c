// SPDX-License-Identifier: Apache-2.0
// The content of a file from its beginning: as it is, or expanded when it is gzip.
#include "data/stream.h"

#include <string.h>

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

mote_status mote_stream_open(const mote_file *file, const mote_allocator *allocator,
                             mote_stream *stream)
{
    unsigned char magic[2] = {0, 0};
    uint64_t bytes = 0;
    MOTE_TRY(mote_file_size(file, &bytes));
    if (bytes >= sizeof magic)
        MOTE_TRY(mote_file_read(file, 0, magic, sizeof magic));
    if (memcmp(magic, MOTE_GZIP_MAGIC, sizeof magic) == 0)
        return mote_gzip_open(file, allocator, stream);
    plain *const p = allocator->reallocate(allocator->user, NULL, 0, sizeof *p);
    if (!p)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu bytes of memory could not be had", sizeof *p);
    *p = (plain){.file = file, .allocator = allocator, .file_bytes = bytes};
    *stream = (mote_stream){.user = p, .read = read_plain, .close = close_plain};
    return MOTE_OK;
}
