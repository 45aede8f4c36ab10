// SPDX-License-Identifier: Apache-2.0
// Records are gathered in a buffer and written in order; fields lie at multiples of 8 bytes, so that their
// places in the buffer are aligned for every type.
#include "data/record_cache.h"

#include "base/size.h"
#include "data/bytes.h"

#include <assert.h>
#include <string.h>

#define FIELD_ALIGNMENT  8U
#define BUFFER_BYTES     65536U
#define RECORD_BYTES_MAX (SIZE_MAX / 4)

static mote_status place_fields(mote_record_cache *cache, mote_record_field *fields)
{
    size_t bytes = 0;
    for (size_t i = 0; i < cache->field_count; i++) {
        size_t field_bytes = 0;
        fields[i].offset = bytes;
        MOTE_TRY(mote_dtype_bytes(fields[i].dtype, fields[i].elements, &field_bytes));
        if (field_bytes > RECORD_BYTES_MAX || bytes > RECORD_BYTES_MAX)
            return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "'%s': a sample of more than %zu bytes",
                              cache->file.path, RECORD_BYTES_MAX);
        bytes += mote_size_align(field_bytes, FIELD_ALIGNMENT);
    }
    cache->fields = fields;
    cache->record_bytes = bytes;
    return MOTE_OK;
}

mote_status mote_record_cache_open(const mote_record_field *fields, size_t field_count,
                                   const char *path, mote_arena *arena, mote_arena *scratch,
                                   mote_record_cache *cache)
{
    mote_record_cache opened = {.file = {.descriptor = -1, .path = path},
                                .field_count = field_count};
    mote_record_field *copy = NULL;
    void *buffer = NULL;
    MOTE_TRY(mote_arena_array(arena, field_count, sizeof *copy, (void **)&copy));
    for (size_t i = 0; i < field_count; i++)
        copy[i] = fields[i];
    MOTE_TRY(place_fields(&opened, copy));
    assert(opened.record_bytes > 0);
    opened.buffer_records = 1 + BUFFER_BYTES / opened.record_bytes;
    MOTE_TRY(mote_arena_array(scratch, opened.buffer_records, opened.record_bytes, &buffer));
    opened.buffer = buffer;
    MOTE_TRY(mote_file_open_temporary(&opened.file));
    opened.file.path = path;
    *cache = opened;
    return MOTE_OK;
}

static mote_status flush(mote_record_cache *cache)
{
    const uint64_t first = cache->record_count - cache->buffered;
    const size_t bytes = cache->buffered * cache->record_bytes;
    cache->buffered = 0;
    return mote_file_write(&cache->file, first * cache->record_bytes, cache->buffer, bytes);
}

mote_status mote_record_cache_append(mote_record_cache *cache, void **places)
{
    assert(cache->buffer);
    if (cache->record_count >= (uint64_t)INT64_MAX / cache->record_bytes)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "'%s': more than %llu samples", cache->file.path,
                          (unsigned long long)cache->record_count);
    if (cache->buffered == cache->buffer_records)
        MOTE_TRY(flush(cache));
    unsigned char *const record = cache->buffer + cache->buffered * cache->record_bytes;
    memset(record, 0, cache->record_bytes);
    for (size_t i = 0; i < cache->field_count; i++)
        places[i] = record + cache->fields[i].offset;
    cache->buffered++;
    cache->record_count++;
    return MOTE_OK;
}

void mote_record_cache_drop(mote_record_cache *cache)
{
    assert(cache->buffered > 0);
    cache->buffered--;
    cache->record_count--;
}

mote_status mote_record_cache_finish(mote_record_cache *cache)
{
    const mote_status status = flush(cache);
    cache->buffer = NULL;
    return status;
}

mote_status mote_record_cache_read(const mote_record_cache *cache, const mote_record_range *range,
                                   void *destination)
{
    assert(!cache->buffer && range->field < cache->field_count);
    assert(range->first_record + range->record_count <= cache->record_count);
    const mote_record_field *const field = &cache->fields[range->field];
    assert(range->first_element + range->element_count <= field->elements);
    size_t element = 0;
    size_t bytes = 0;
    MOTE_TRY(mote_dtype_bytes(field->dtype, 1, &element));
    MOTE_TRY(mote_dtype_bytes(field->dtype, range->element_count, &bytes));
    uint64_t offset =
        range->first_record * cache->record_bytes + field->offset + range->first_element * element;
    if (bytes == cache->record_bytes) // nothing lies between
        return mote_file_read(&cache->file, offset, destination, bytes * range->record_count);
    unsigned char *to = destination;
    for (size_t i = 0; i < range->record_count; i++) {
        MOTE_TRY(mote_file_read(&cache->file, offset, to, bytes));
        offset += cache->record_bytes;
        to += bytes;
    }
    return MOTE_OK;
}

mote_status mote_record_cache_read_reals(const mote_record_cache *cache,
                                         const mote_record_range *range, double scale,
                                         mote_real *destination)
{
    const size_t count = range->record_count * range->element_count;
    const size_t destination_bytes = count * sizeof *destination;
    const mote_dtype dtype = cache->fields[range->field].dtype;
    assert(dtype == MOTE_DTYPE_U8 || dtype == MOTE_DTYPE_F32);
    if (dtype == MOTE_DTYPE_U8) {
        MOTE_TRY(mote_record_cache_read(cache, range,
                                        mote_bytes_tail(destination, destination_bytes, count)));
        mote_bytes_to_reals(destination, count, scale);
        return MOTE_OK;
    }
    MOTE_TRY(mote_record_cache_read(
        cache, range, mote_bytes_tail(destination, destination_bytes, count * sizeof(float))));
    mote_floats_to_reals(destination, count);
    return MOTE_OK;
}

void mote_record_cache_close(mote_record_cache *cache)
{
    mote_file_close(&cache->file);
}
