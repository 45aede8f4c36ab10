// SPDX-License-Identifier: Apache-2.0
// Expanding gzip files (RFC 1952) with zlib, which checks length and checksum of each member. A file may
// have several members, as gzip has it; anything else behind them is refused.
#include "base/size.h"
#include "data/stream.h"

#include <assert.h>
#include <limits.h>
#include <string.h>
#include <zlib.h>

#define INPUT_BYTES       32768U
#define GZIP_WINDOW_BITS  (15 + 16) // largest window; +16: gzip and nothing else
#define MEMORY_SIZE_BYTES 16U       // in front of zlib's memory: its size, at malloc's alignment

typedef struct gzip {
    const mote_file *file;
    const mote_allocator *allocator;
    uint64_t offset, file_bytes; // of the compressed file: read so far, in all
    z_stream z;
    bool is_finished;
    unsigned char input[INPUT_BYTES];
} gzip;

/// zlib frees without a size, mote's allocators want it: it is kept in front.
static voidpf allocate(voidpf user, uInt count, uInt element_bytes)
{
    const mote_allocator *const allocator = ((const gzip *)user)->allocator;
    const size_t bytes = (size_t)count * element_bytes + MEMORY_SIZE_BYTES;
    unsigned char *const memory = allocator->reallocate(allocator->user, NULL, 0, bytes);
    if (!memory)
        return Z_NULL;
    memcpy(memory, &bytes, sizeof bytes);
    return memory + MEMORY_SIZE_BYTES;
}

static void release(voidpf user, voidpf address)
{
    const mote_allocator *const allocator = ((const gzip *)user)->allocator;
    unsigned char *const memory = (unsigned char *)address - MEMORY_SIZE_BYTES;
    size_t bytes = 0;
    memcpy(&bytes, memory, sizeof bytes);
    (void)allocator->reallocate(allocator->user, memory, bytes, 0);
}

/// More input, if there is none; still none afterwards: the file is at its end.
static mote_status refill(gzip *g)
{
    if (g->z.avail_in > 0)
        return MOTE_OK;
    const uint64_t left = g->file_bytes - g->offset;
    const size_t bytes = left < INPUT_BYTES ? (size_t)left : INPUT_BYTES;
    MOTE_TRY(mote_file_read(g->file, g->offset, g->input, bytes));
    g->offset += bytes;
    g->z.next_in = g->input;
    g->z.avail_in = (uInt)bytes;
    return MOTE_OK;
}

static mote_status raise_damage(const gzip *g, int result)
{
    if (result == Z_MEM_ERROR)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "'%s': memory for expanding it could not be had",
                          g->file->path);
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': the gzip data are damaged at byte %llu: %s",
                      g->file->path, (unsigned long long)(g->offset - g->z.avail_in),
                      g->z.msg ? g->z.msg : "no progress");
}

/// A member is complete: the file ends here, or another member follows.
static mote_status end_member(gzip *g)
{
    MOTE_TRY(refill(g));
    g->is_finished = g->z.avail_in == 0;
    if (g->is_finished)
        return MOTE_OK;
    if (g->z.next_in[0] != (unsigned char)MOTE_GZIP_MAGIC[0])
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': the gzip data end at byte %llu of %llu",
                          g->file->path, (unsigned long long)(g->offset - g->z.avail_in),
                          (unsigned long long)g->file_bytes);
    const int result = inflateReset(&g->z);
    return result == Z_OK ? MOTE_OK : raise_damage(g, result);
}

static mote_status expand_some(gzip *g)
{
    MOTE_TRY(refill(g));
    if (g->z.avail_in == 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is truncated: it ends inside its gzip data",
                          g->file->path);
    const int result = inflate(&g->z, Z_NO_FLUSH);
    if (result == Z_STREAM_END)
        return end_member(g);
    return result == Z_OK ? MOTE_OK : raise_damage(g, result);
}

static mote_status read_stream(void *user, void *data, size_t bytes, size_t *count)
{
    gzip *const g = user;
    assert(bytes <= UINT_MAX);
    g->z.next_out = data;
    g->z.avail_out = (uInt)bytes;
    while (g->z.avail_out > 0 && !g->is_finished)
        MOTE_TRY(expand_some(g));
    *count = bytes - g->z.avail_out;
    return MOTE_OK;
}

static void close_stream(void *user)
{
    gzip *const g = user;
    (void)inflateEnd(&g->z);
    (void)g->allocator->reallocate(g->allocator->user, g, sizeof *g, 0);
}

static mote_status start(gzip *g)
{
    MOTE_TRY(mote_file_size(g->file, &g->file_bytes));
    const int result = inflateInit2(&g->z, GZIP_WINDOW_BITS);
    return result == Z_OK ? MOTE_OK : raise_damage(g, result);
}

mote_status mote_gzip_open(const mote_file *file, const mote_allocator *allocator,
                           mote_stream *stream)
{
    gzip *const g = allocator->reallocate(allocator->user, NULL, 0, sizeof *g);
    if (!g)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu bytes of memory could not be had", sizeof *g);
    memset(g, 0, sizeof *g);
    g->file = file;
    g->allocator = allocator;
    g->z.zalloc = allocate;
    g->z.zfree = release;
    g->z.opaque = g;
    const mote_status status = start(g);
    if (status != MOTE_OK)
        close_stream(g);
    else
        *stream = (mote_stream){.user = g, .read = read_stream, .close = close_stream};
    return status;
}
