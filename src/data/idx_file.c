// SPDX-License-Identifier: Apache-2.0
// IDX (Y. LeCun's MNIST page): two zero bytes, element type, number of dimensions, the dimensions as
// 32-bit big-endian numbers, the elements. Compressed files are expanded once, to a file without a name.
#include "data/idx_file.h"

#include "data/stream.h"

#include <assert.h>
#include <string.h>

#define HEADER_BYTES_MAX 16U
#define COPY_BYTES       32768U
#define TYPE_BYTE        0x08U

static const char *type_name(unsigned type)
{
    static const struct {
        unsigned type;
        const char *name;
    } types[] = {
        {0x09U, "8-bit signed integers"}, {0x0BU, "16-bit integers"}, {0x0CU, "32-bit integers"},
        {0x0DU, "32-bit floats"},         {0x0EU, "64-bit floats"},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].type == type)
            return types[i].name;
    }
    return "elements of an unknown type";
}

static size_t header_bytes(const mote_idx_kind *kind)
{
    return 4 + 4 * (size_t)kind->dimension_count;
}

static uint32_t read_number(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24U | (uint32_t)bytes[1] << 16U | (uint32_t)bytes[2] << 8U |
           bytes[3];
}

static mote_status check_magic(const char *path, const unsigned char *header,
                               const mote_idx_kind *kind)
{
    if (header[0] != 0 || header[1] != 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' is no IDX file: it begins with the bytes %02X %02X, not 00 00",
                          path, header[0], header[1]);
    if (header[2] != TYPE_BYTE)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "'%s' is an IDX file of %s (type 0x%02X), expected unsigned bytes (0x08)",
                          path, type_name(header[2]), header[2]);
    if (header[3] != kind->dimension_count)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is an IDX file of %u dimensions, %s have %u%s",
                          path, header[3], kind->noun, kind->dimension_count,
                          kind->dimension_count == 3 ? " (count, height, width)" : " (count)");
    return MOTE_OK;
}

static mote_status read_size(const unsigned char *header, const mote_idx_kind *kind,
                             mote_idx_file *idx)
{
    const char *const path = idx->file.path;
    idx->height = read_number(header + 8);
    idx->width = read_number(header + 12);
    idx->record_bytes = idx->height * idx->width; // of 32 bits each
    if (idx->record_bytes == 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has %s of 1:%zu:%zu (channels:height:width)",
                          path, kind->noun, idx->height, idx->width);
    if (kind->height == 0 || (idx->height == kind->height && idx->width == kind->width))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_SHAPE,
                      "'%s': its %s are 1:%zu:%zu (channels:height:width), the network's input "
                      "is 1:%zu:%zu",
                      path, kind->noun, idx->height, idx->width, kind->height, kind->width);
}

/// Fills in counts, checked against the kind; *file_bytes is how long the whole file must be.
static mote_status read_header(const unsigned char *header, const mote_idx_kind *kind,
                               mote_idx_file *idx, uint64_t *file_bytes)
{
    const char *const path = idx->file.path;
    MOTE_TRY(check_magic(path, header, kind));
    idx->record_count = read_number(header + 4);
    idx->record_bytes = 1;
    idx->data_start = header_bytes(kind);
    if (idx->record_count == 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is empty: it has 0 %s", path, kind->noun);
    if (kind->dimension_count == 3)
        MOTE_TRY(read_size(header, kind, idx));
    if (idx->record_bytes > (INT64_MAX - HEADER_BYTES_MAX) / idx->record_count)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': %llu %s of %zu bytes are no file", path,
                          (unsigned long long)idx->record_count, kind->noun, idx->record_bytes);
    *file_bytes = idx->data_start + idx->record_count * idx->record_bytes;
    return MOTE_OK;
}

static mote_status raise_size(const mote_idx_file *idx, const mote_idx_kind *kind,
                              const char *relation, uint64_t needed)
{
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' %s the %llu bytes that %llu %s need", idx->file.path,
                      relation, (unsigned long long)needed, (unsigned long long)idx->record_count,
                      kind->noun);
}

static mote_status raise_short_header(const char *path, uint64_t bytes, const mote_idx_kind *kind)
{
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "'%s' is no IDX file of %s: %llu bytes are less than its header's %zu", path,
                      kind->noun, (unsigned long long)bytes, header_bytes(kind));
}

static mote_status check_plain(mote_idx_file *idx, const mote_idx_kind *kind, uint64_t bytes)
{
    unsigned char header[HEADER_BYTES_MAX];
    uint64_t needed = 0;
    if (bytes < header_bytes(kind))
        return raise_short_header(idx->file.path, bytes, kind);
    MOTE_TRY(mote_file_read(&idx->file, 0, header, header_bytes(kind)));
    MOTE_TRY(read_header(header, kind, idx, &needed));
    if (bytes < needed)
        return raise_size(idx, kind, "is truncated: it is shorter than", needed);
    if (bytes > needed)
        return raise_size(idx, kind, "is longer than", needed);
    return MOTE_OK;
}

/// Copies the stream, which must have `bytes` more bytes, to the file from its byte `offset` on.
static mote_status copy_stream(const mote_stream *stream, const mote_file *file, uint64_t offset,
                               uint64_t bytes, unsigned char *buffer, bool *is_complete)
{
    *is_complete = true;
    while (bytes > 0 && *is_complete) {
        const size_t part = bytes < COPY_BYTES ? (size_t)bytes : COPY_BYTES;
        size_t count = 0;
        MOTE_TRY(stream->read(stream->user, buffer, part, &count));
        MOTE_TRY(mote_file_write(file, offset, buffer, count));
        offset += count;
        bytes -= count;
        *is_complete = count == part;
    }
    return MOTE_OK;
}

static mote_status check_end(const mote_stream *stream, const mote_idx_file *idx,
                             const mote_idx_kind *kind, uint64_t needed)
{
    unsigned char byte = 0;
    size_t count = 0;
    MOTE_TRY(stream->read(stream->user, &byte, 1, &count));
    if (count > 0)
        return raise_size(idx, kind, "expands to more than", needed);
    return MOTE_OK;
}

/// Space is reserved for what the header says only when the compressed file can hold as much.
static mote_status reserve(const mote_file *expanded, const mote_idx_file *idx,
                           const mote_idx_kind *kind, uint64_t needed)
{
    uint64_t packed = 0;
    MOTE_TRY(mote_file_size(&idx->file, &packed));
    if (needed / MOTE_GZIP_RATIO_MAX > packed)
        return raise_size(idx, kind, "expands to less than", needed);
    return mote_file_reserve(expanded, needed);
}

/// The header is checked before anything is written, so no more is written than the file is worth.
static mote_status expand_stream(const mote_stream *stream, mote_idx_file *idx,
                                 const mote_idx_kind *kind, unsigned char *buffer,
                                 const mote_file *expanded)
{
    size_t count = 0;
    uint64_t needed = 0;
    bool is_complete = false;
    MOTE_TRY(stream->read(stream->user, buffer, header_bytes(kind), &count));
    if (count < header_bytes(kind))
        return raise_short_header(idx->file.path, count, kind);
    MOTE_TRY(read_header(buffer, kind, idx, &needed));
    MOTE_TRY(reserve(expanded, idx, kind, needed));
    MOTE_TRY(mote_file_write(expanded, 0, buffer, idx->data_start));
    MOTE_TRY(copy_stream(stream, expanded, idx->data_start, needed - idx->data_start, buffer,
                         &is_complete));
    if (!is_complete)
        return raise_size(idx, kind, "expands to less than", needed);
    return check_end(stream, idx, kind, needed);
}

static mote_status expand_to(mote_file *expanded, mote_idx_file *idx, const mote_idx_kind *kind,
                             const mote_allocator *allocator)
{
    mote_arena scratch;
    mote_stream stream = {.user = NULL};
    void *buffer = NULL;
    mote_arena_init(&scratch, allocator);
    mote_status status = mote_arena_allocate(&scratch, COPY_BYTES, &buffer);
    if (status == MOTE_OK)
        status = mote_gzip_open(&idx->file, allocator, &stream);
    if (status == MOTE_OK) {
        status = expand_stream(&stream, idx, kind, buffer, expanded);
        stream.close(stream.user);
    }
    mote_arena_release(&scratch);
    return status;
}

/// Puts the expanded file in the place of the compressed one; its name in messages stays.
static mote_status expand(mote_idx_file *idx, const mote_idx_kind *kind,
                          const mote_allocator *allocator)
{
    mote_file expanded;
    MOTE_TRY(mote_file_open_temporary(&expanded));
    const mote_status status = expand_to(&expanded, idx, kind, allocator);
    if (status != MOTE_OK) {
        mote_file_close(&expanded);
        return status;
    }
    expanded.path = idx->file.path;
    mote_file_close(&idx->file);
    idx->file = expanded;
    return MOTE_OK;
}

static mote_status check_file(mote_idx_file *idx, const mote_idx_kind *kind,
                              const mote_allocator *allocator)
{
    unsigned char magic[2] = {0, 0};
    uint64_t bytes = 0;
    MOTE_TRY(mote_file_size(&idx->file, &bytes));
    if (bytes >= sizeof magic)
        MOTE_TRY(mote_file_read(&idx->file, 0, magic, sizeof magic));
    if (memcmp(magic, MOTE_GZIP_MAGIC, sizeof magic) == 0)
        return expand(idx, kind, allocator);
    return check_plain(idx, kind, bytes);
}

mote_status mote_idx_open(const char *path, const mote_idx_kind *kind,
                          const mote_allocator *allocator, mote_idx_file *idx)
{
    assert(kind->dimension_count == 1 || kind->dimension_count == 3);
    mote_idx_file opened = {.record_count = 0};
    MOTE_TRY(mote_file_open_read(path, &opened.file));
    const mote_status status = check_file(&opened, kind, allocator);
    if (status == MOTE_OK)
        *idx = opened;
    else
        mote_idx_close(&opened);
    return status;
}

void mote_idx_close(mote_idx_file *idx)
{
    mote_file_close(&idx->file);
}

mote_status mote_idx_read(const mote_idx_file *idx, uint64_t first, void *data, size_t bytes)
{
    return mote_file_read(&idx->file, idx->data_start + first, data, bytes);
}
