// SPDX-License-Identifier: Apache-2.0
// Reading safetensors. Two passes: all entries are checked against the state, then bytes are read.
#include "base/number.h"
#include "base/size.h"
#include "base/text.h"
#include "weights/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHAPE_BYTES 160U
#define HINT_BYTES  320U
#define CHUNK       2048U // values that are looked at together

/// A block of the state that the file must hold, and where its bytes are.
typedef struct wanted_tensor {
    size_t block;
    bool is_found;
    uint64_t begin, end; // in the data
} wanted_tensor;

typedef struct loader {
    const mote_state *state;
    mote_weights_file source;
    mote_arena arena;
    wanted_tensor *wanted;
    size_t wanted_count;
    mote_checksum_table *table; // NULL: checksums are not wanted
    const char *checksums;      // in the header
} loader;

static const mote_state_block *block_of(const loader *l, const wanted_tensor *wanted)
{
    return &l->state->blocks[wanted->block];
}

static const char *wanted_name(const void *user, size_t index)
{
    const loader *const l = user;
    return block_of(l, &l->wanted[index])->name;
}

static mote_status list_wanted(loader *l)
{
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(&l->arena, l->state->block_count, sizeof(wanted_tensor), &memory));
    l->wanted = memory;
    for (size_t i = 0; i < l->state->block_count; i++) {
        if (mote_state_is_saved(l->state, i))
            l->wanted[l->wanted_count++] = (wanted_tensor){.block = i};
    }
    return MOTE_OK;
}

static mote_status find_wanted(const loader *l, const char *name, wanted_tensor **wanted)
{
    // the wanted ones are in the order of their names, like the blocks
    const size_t block = mote_state_find(l->state, name);
    for (size_t i = 0; i < l->wanted_count; i++) {
        if (l->wanted[i].block == block) {
            *wanted = &l->wanted[i];
            return MOTE_OK;
        }
    }
    char hint[HINT_BYTES];
    const char *const nearest = mote_text_nearest(name, wanted_name, l, l->wanted_count);
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': the model has no tensor '%.200s'%s",
                      l->source.file.path, name, mote_text_hint(nearest, hint, sizeof hint));
}

static bool has_shape(const json_t *shape, const mote_shape *wanted)
{
    if (json_array_size(shape) != wanted->rank)
        return false;
    for (uint32_t i = 0; i < wanted->rank; i++) {
        if (mote_weights_number(shape, i) != wanted->dims[i])
            return false;
    }
    return true;
}

/// The first dimensions of a shape; a longer one ends in dots.
static const char *shape_text(const json_t *shape, char text[SHAPE_BYTES])
{
    const size_t rank = json_array_size(shape);
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < rank && i < MOTE_RANK_MAX; i++)
        length += (size_t)snprintf(text + length, SHAPE_BYTES - length, "%s%" PRIu64,
                                   i > 0 ? ":" : "", mote_weights_number(shape, i));
    if (rank > MOTE_RANK_MAX)
        (void)snprintf(text + length, SHAPE_BYTES - length, ":...");
    return text;
}

static mote_status check_type(const char *path, const mote_state_block *block, const json_t *entry)
{
    const char *const dtype = json_string_value(json_object_get(entry, "dtype"));
    const json_t *const shape = json_object_get(entry, "shape");
    if (strcmp(dtype, mote_dtype_text(block->spec.dtype)) != 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': tensor '%s' is of dtype %.40s, the model needs %s", path,
                          block->name, dtype, mote_dtype_text(block->spec.dtype));
    if (has_shape(shape, &block->spec.shape))
        return MOTE_OK;
    char found[SHAPE_BYTES];
    char needed[SHAPE_BYTES];
    return MOTE_RAISE(MOTE_ERROR_SHAPE, "'%s': tensor '%s' has shape [%s], the model needs [%s]",
                      path, block->name, shape_text(shape, found),
                      mote_shape_text(&block->spec.shape, needed, sizeof needed));
}

static mote_status check_offsets(const loader *l, const mote_state_block *block,
                                 const wanted_tensor *wanted)
{
    if (wanted->begin > wanted->end || wanted->end > l->source.data_bytes) {
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': tensor '%s' is at bytes %" PRIu64 " to %" PRIu64
                          " of the data, which are %" PRIu64,
                          l->source.file.path, block->name, wanted->begin, wanted->end,
                          l->source.data_bytes);
    }
    if (wanted->end - wanted->begin != block->bytes) {
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': tensor '%s' has %" PRIu64 " bytes, its shape and dtype need %zu",
                          l->source.file.path, block->name, wanted->end - wanted->begin,
                          block->bytes);
    }
    return MOTE_OK;
}

static mote_status check_entry(const loader *l, const char *name, const json_t *entry)
{
    const char *const path = l->source.file.path;
    wanted_tensor *wanted = NULL;
    MOTE_TRY(mote_weights_check_entry(path, name, entry));
    MOTE_TRY(find_wanted(l, name, &wanted));
    MOTE_TRY(check_type(path, block_of(l, wanted), entry));
    const json_t *const offsets = json_object_get(entry, "data_offsets");
    wanted->begin = mote_weights_number(offsets, 0);
    wanted->end = mote_weights_number(offsets, 1);
    wanted->is_found = true;
    return check_offsets(l, block_of(l, wanted), wanted);
}

static mote_status check_entries(const loader *l)
{
    for (void *place = json_object_iter(l->source.header); place;
         place = json_object_iter_next(l->source.header, place)) {
        const char *const name = json_object_iter_key(place);
        if (strcmp(name, MOTE_WEIGHTS_METADATA) != 0)
            MOTE_TRY(check_entry(l, name, json_object_iter_value(place)));
    }
    for (size_t i = 0; i < l->wanted_count; i++) {
        if (!l->wanted[i].is_found)
            return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': tensor '%s' is missing",
                              l->source.file.path, wanted_name(l, i));
    }
    return MOTE_OK;
}

static int compare_places(const void *a, const void *b)
{
    const wanted_tensor *const left = a;
    const wanted_tensor *const right = b;
    if (left->begin != right->begin)
        return left->begin < right->begin ? -1 : 1;
    return left->block < right->block ? -1 : left->block > right->block;
}

/// Sorted by place, the tensors must cover the data without holes: so no bytes are unaccounted for, and
/// none is read twice.
static mote_status check_cover(loader *l)
{
    const char *const path = l->source.file.path;
    uint64_t end = 0;
    if (l->wanted_count > 0)
        qsort(l->wanted, l->wanted_count, sizeof *l->wanted, compare_places);
    for (size_t i = 0; i < l->wanted_count; i++) {
        const wanted_tensor *const wanted = &l->wanted[i];
        if (wanted->begin != end) {
            return MOTE_RAISE(MOTE_ERROR_FORMAT,
                              "'%s': tensor '%s' begins at byte %" PRIu64
                              " of the data, the one before it ends at %" PRIu64 " (%s)",
                              path, wanted_name(l, i), wanted->begin, end,
                              wanted->begin < end ? "overlap" : "hole");
        }
        end = wanted->end;
    }
    if (end != l->source.data_bytes)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': %" PRIu64 " bytes behind the last tensor belong to none", path,
                          l->source.data_bytes - end);
    return MOTE_OK;
}

static mote_status read_tensor(const loader *l, const wanted_tensor *wanted)
{
    const uint64_t begin = l->source.data_start + wanted->begin;
    if (!l->state->is_whole && mote_state_borrow(l->state, wanted->block, begin))
        return MOTE_OK;
    for (mote_state_part part = {.block = wanted->block}; mote_state_advance(l->state, &part);) {
        MOTE_TRY(mote_file_read(&l->source.file, begin + part.first, part.data, part.bytes));
        MOTE_TRY(mote_state_flush(l->state, &part));
    }
    return MOTE_OK;
}

static mote_status read_tensors(const loader *l)
{
    mote_status status = MOTE_OK;
    if (l->state->source && !l->state->is_whole) // a checkpoint is not kept
        MOTE_TRY(mote_state_open_source(l->state, l->source.file.path, &l->source.stamp));
    for (size_t i = 0; i < l->wanted_count && status == MOTE_OK; i++)
        status = read_tensor(l, &l->wanted[i]);
    if (status != MOTE_OK && l->state->is_torn)
        *l->state->is_torn = true;
    return status;
}

/// A file for a whole state must have checksums.
static mote_status find_checksums(loader *l)
{
    const char *const path = l->source.file.path;
    const size_t digits = l->wanted_count * MOTE_HEX_DIGITS;
    void *table = NULL;
    if (!l->state->is_whole)
        return MOTE_OK;
    const json_t *const metadata = json_object_get(l->source.header, MOTE_WEIGHTS_METADATA);
    const json_t *const text = json_object_get(metadata, MOTE_WEIGHTS_CHECKSUMS);
    if (!l->source.is_sealed || json_string_length(text) != digits)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has no checksums, or not one for each tensor",
                          path);
    MOTE_TRY(mote_arena_allocate(&l->arena, sizeof *l->table, &table));
    l->table = table;
    l->checksums = json_string_value(text);
    mote_checksum_init(l->table);
    return MOTE_OK;
}

static mote_status check_checksum(const loader *l, size_t index, uint64_t checksum)
{
    char found[MOTE_HEX_DIGITS];
    if (!l->table)
        return MOTE_OK;
    // every block of a whole state is wanted
    const char *const expected = l->checksums + l->wanted[index].block * MOTE_HEX_DIGITS;
    mote_number_write_hex(checksum, found);
    if (memcmp(found, expected, sizeof found) == 0)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "'%s' is damaged: the checksum of tensor '%s' is %.16s, the header says "
                      "%.16s",
                      l->source.file.path, wanted_name(l, index), found, expected);
}

/// Before the first byte of the state changes, all values are read once: so that a file that cannot be read, is
/// damaged, or holds what is not finite, leaves the state as it was.
static mote_status check_values(const loader *l, size_t index)
{
    const wanted_tensor *const wanted = &l->wanted[index];
    const size_t count = (size_t)(wanted->end - wanted->begin) / sizeof(mote_real);
    const bool must_be_finite = block_of(l, wanted)->role != MOTE_STATE_OPTIMIZER;
    mote_real values[CHUNK];
    uint64_t checksum = 0;
    for (size_t first = 0; first < count; first += CHUNK) {
        const size_t part = count - first < CHUNK ? count - first : CHUNK;
        MOTE_TRY(mote_file_read(&l->source.file,
                                l->source.data_start + wanted->begin + first * sizeof *values,
                                values, part * sizeof *values));
        if (l->table)
            checksum = mote_checksum_add(l->table, checksum, values, part * sizeof *values);
        if (must_be_finite && !mote_reals_are_finite(values, part))
            return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': tensor '%s' has values that are not finite",
                              l->source.file.path, wanted_name(l, index));
    }
    return check_checksum(l, index, checksum);
}

static mote_status compare_tensor(const loader *l, size_t index)
{
    const wanted_tensor *const wanted = &l->wanted[index];
    const size_t bytes = (size_t)(wanted->end - wanted->begin);
    mote_real there[CHUNK];
    mote_real here[CHUNK];
    for (size_t first = 0; first < bytes; first += sizeof there) {
        const size_t part = mote_size_min(bytes - first, sizeof there);
        MOTE_TRY(mote_file_read(&l->source.file, l->source.data_start + wanted->begin + first,
                                there, part));
        MOTE_TRY(
            mote_state_read(l->state, mote_state_kept(l->state, wanted->block), first, here, part));
        if (memcmp(there, here, part) != 0)
            return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has other weights", l->source.file.path);
    }
    return MOTE_OK;
}

static mote_status check_tensors(loader *l)
{
    MOTE_TRY(list_wanted(l));
    MOTE_TRY(check_entries(l));
    return check_cover(l);
}

static mote_status compare(loader *l)
{
    MOTE_TRY(check_tensors(l));
    for (size_t i = 0; i < l->wanted_count; i++)
        MOTE_TRY(compare_tensor(l, i));
    return MOTE_OK;
}

static mote_status load(loader *l)
{
    MOTE_TRY(check_tensors(l));
    MOTE_TRY(find_checksums(l));
    for (size_t i = 0; i < l->wanted_count; i++)
        MOTE_TRY(check_values(l, i));
    return read_tensors(l);
}

static mote_status with_file(const char *path, const mote_state *state,
                             const mote_allocator *allocator, mote_status (*work)(loader *l))
{
    loader l = {.state = state};
    MOTE_TRY(mote_weights_file_open(path, allocator, &l.source));
    mote_arena_init(&l.arena, allocator);
    const mote_status status = work(&l);
    mote_arena_release(&l.arena);
    mote_weights_file_close(&l.source);
    return status;
}

mote_status mote_weights_load(const char *path, const mote_state *state,
                              const mote_allocator *allocator)
{
    return with_file(path, state, allocator, load);
}

mote_status mote_weights_check_equal(const char *path, const mote_state *state,
                                     const mote_allocator *allocator)
{
    return with_file(path, state, allocator, compare);
}

mote_status mote_weights_get_metadata(const char *path, const char *key, mote_arena *arena,
                                      char **value)
{
    mote_weights_file source;
    MOTE_TRY(mote_weights_file_open(path, arena->allocator, &source));
    const json_t *const metadata = json_object_get(source.header, MOTE_WEIGHTS_METADATA);
    const json_t *const text = json_object_get(metadata, key);
    char *copy = NULL;
    mote_status status = MOTE_OK;
    if (text)
        status = mote_arena_text(arena, json_string_value(text), json_string_length(text), &copy);
    mote_weights_file_close(&source);
    if (status == MOTE_OK)
        *value = copy;
    return status;
}
