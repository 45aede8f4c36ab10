// SPDX-License-Identifier: Apache-2.0
// Finding blocks by name, and the digest that says whether two states are equal.
#include "state/slices.h"

#include "base/size.h"

#include <assert.h>
#include <string.h>

size_t mote_state_find(const mote_state *state, const char *name)
{
    size_t first = 0;
    size_t end = state->block_count;
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        const int order = strcmp(state->blocks[middle].name, name);
        if (order == 0)
            return middle;
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return state->block_count;
}

void *mote_state_data(const mote_state *state, size_t index)
{
    assert(index < state->block_count && (state->blocks[index].is_swapped || state->base));
    return state->blocks[index].is_swapped ? NULL : state->base + state->blocks[index].offset;
}

bool mote_state_advance(const mote_state *state, mote_state_part *part)
{
    const mote_state_block *const block = &state->blocks[part->block];
    assert(part->block < state->block_count && (block->is_swapped ? state->staging : state->base));
    part->first += part->bytes;
    part->bytes = block->bytes - part->first;
    part->data = block->is_swapped ? state->staging : state->base + block->offset;
    const size_t room = block->slices.count > 0 ? state->staging_bytes / 2 : state->staging_bytes;
    if (block->is_swapped && part->bytes > room)
        part->bytes = room;
    return part->bytes > 0;
}

/// A part of a swapped block as it is transferred: what is behind the block's end is padding.
static size_t transfer_bytes(const mote_state_part *part)
{
    return mote_size_align(part->bytes, MOTE_TRANSFER_ALIGNMENT);
}

mote_status mote_state_fetch(const mote_state *state, const mote_state_part *part)
{
    const mote_state_block *const block = &state->blocks[part->block];
    if (!block->is_swapped)
        return MOTE_OK;
    if (mote_state_is_borrowed(state, part->block))
        return mote_state_read_borrowed(state, part->block, part->first, part->data, part->bytes);
    return block->slices.count > 0 ? mote_state_fetch_slices(state, part)
                                   : mote_swap_file_read(state->swap, block->home + part->first,
                                                         part->data, transfer_bytes(part));
}

/// After a change: what could not be written leaves the state torn.
static mote_status note_write(const mote_state *state, mote_status status)
{
    if (status != MOTE_OK && state->is_torn)
        *state->is_torn = true;
    return status;
}

mote_status mote_state_flush(const mote_state *state, const mote_state_part *part)
{
    const mote_state_block *const block = &state->blocks[part->block];
    if (!block->is_swapped)
        return MOTE_OK;
    assert(part->first == 0 || !mote_state_is_borrowed(state, part->block));
    mote_state_return(state, part->block);
    return note_write(state, block->slices.count > 0
                                 ? mote_state_flush_slices(state, part)
                                 : mote_swap_file_write(state->swap, block->home + part->first,
                                                        part->data, transfer_bytes(part)));
}

/// Zeros, however it lies in the file.
static mote_status clear_home(const mote_state *state, const mote_state_block *block)
{
    const size_t bytes = mote_state_home_bytes(block);
    memset(state->staging, 0, state->staging_bytes);
    for (size_t first = 0; first < bytes; first += state->staging_bytes)
        MOTE_TRY(mote_swap_file_write(state->swap, block->home + first, state->staging,
                                      mote_size_min(state->staging_bytes, bytes - first)));
    return MOTE_OK;
}

mote_status mote_state_clear(const mote_state *state, size_t index)
{
    void *const data = mote_state_data(state, index);
    if (data) {
        memset(data, 0, state->blocks[index].bytes);
        return MOTE_OK;
    }
    mote_state_return(state, index);
    return note_write(state, clear_home(state, &state->blocks[index]));
}

/// The bytes of [first, end) that a part has: where they begin in the part, and how many.
static size_t find_common(const mote_state_part *part, size_t first, size_t end, size_t *skipped)
{
    const size_t part_end = part->first + part->bytes;
    const size_t from = part->first > first ? part->first : first;
    const size_t behind = part_end < end ? part_end : end;
    *skipped = from - part->first;
    return from < behind ? behind - from : 0;
}

mote_status mote_state_read(const mote_state *state, size_t index, size_t first, void *to,
                            size_t bytes)
{
    unsigned char *place = to;
    for (mote_state_part part = {.block = index}; mote_state_advance(state, &part);) {
        size_t skipped = 0;
        const size_t count = find_common(&part, first, first + bytes, &skipped);
        if (count == 0)
            continue;
        MOTE_TRY(mote_state_fetch(state, &part));
        memcpy(place, part.data + skipped, count);
        place += count;
    }
    return MOTE_OK;
}

/// Before a part of a block is changed: a borrowed one gets a copy in the swap file.
static mote_status bring_home(const mote_state *state, size_t index)
{
    const mote_state_block *const block = &state->blocks[index];
    if (!mote_state_is_borrowed(state, index))
        return MOTE_OK;
    for (mote_state_part part = {.block = index}; mote_state_advance(state, &part);) {
        MOTE_TRY(mote_state_fetch(state, &part));
        MOTE_TRY(mote_swap_file_write(state->swap, block->home + part.first, part.data,
                                      transfer_bytes(&part)));
    }
    mote_state_return(state, index);
    return MOTE_OK;
}

mote_status mote_state_write(const mote_state *state, size_t index, size_t first, const void *from,
                             size_t bytes)
{
    const unsigned char *place = from;
    MOTE_TRY(bring_home(state, index));
    for (mote_state_part part = {.block = index}; mote_state_advance(state, &part);) {
        size_t skipped = 0;
        const size_t count = find_common(&part, first, first + bytes, &skipped);
        if (count == 0)
            continue;
        MOTE_TRY(mote_state_fetch(state, &part));
        memcpy(part.data + skipped, place, count);
        MOTE_TRY(mote_state_flush(state, &part));
        place += count;
    }
    return MOTE_OK;
}

/// From memory, where all of it is.
static mote_status write_block(const mote_state *to, size_t target, const unsigned char *data)
{
    for (mote_state_part part = {.block = target}; mote_state_advance(to, &part);) {
        memcpy(part.data, data + part.first, part.bytes);
        MOTE_TRY(mote_state_flush(to, &part));
    }
    return MOTE_OK;
}

mote_status mote_state_copy(const mote_state *from, size_t source, const mote_state *to,
                            size_t target)
{
    assert(from->blocks[source].bytes == to->blocks[target].bytes);
    assert(from != to || to->blocks[target].slices.count == 0 || !from->blocks[source].is_swapped);
    if (mote_state_borrow_too(from, source, to, target))
        return MOTE_OK;
    const unsigned char *const data = mote_state_data(from, source);
    unsigned char *const place = mote_state_data(to, target);
    if (data)
        return write_block(to, target, data);
    for (mote_state_part part = {.block = source}; mote_state_advance(from, &part);) {
        MOTE_TRY(mote_state_fetch(from, &part));
        mote_state_part written = part; // from where it was read to
        written.block = target;
        if (place)
            memcpy(place + part.first, part.data, part.bytes);
        else
            MOTE_TRY(mote_state_flush(to, &written));
    }
    return MOTE_OK;
}

bool mote_state_is_saved(const mote_state *state, size_t index)
{
    assert(index < state->block_count);
    return state->is_whole || state->blocks[index].role != MOTE_STATE_OPTIMIZER;
}

size_t mote_state_kept(const mote_state *state, size_t index)
{
    assert(index < state->block_count);
    const size_t average = state->blocks[index].average;
    return average == 0 || state->is_whole ? index : average;
}

mote_status mote_state_reset_averages(const mote_state *state)
{
    for (size_t i = 0; i < state->block_count; i++) {
        const size_t average = state->blocks[i].average;
        if (average > 0)
            MOTE_TRY(mote_state_copy(state, i, state, average));
    }
    return MOTE_OK;
}

static mote_status check_block(const mote_state *state, size_t index)
{
    for (mote_state_part part = {.block = index}; mote_state_advance(state, &part);) {
        MOTE_TRY(mote_state_fetch(state, &part));
        const void *const values = part.data;
        if (!mote_reals_are_finite(values, part.bytes / sizeof(mote_real)))
            return MOTE_RAISE(MOTE_ERROR_NONFINITE, "tensor '%s' has values that are not finite",
                              state->blocks[index].name);
    }
    return MOTE_OK;
}

mote_status mote_state_check_finite(const mote_state *state)
{
    for (size_t i = 0; i < state->block_count; i++) {
        if (state->blocks[i].role != MOTE_STATE_OPTIMIZER)
            MOTE_TRY(check_block(state, i));
    }
    return MOTE_OK;
}

static mote_status add_block(const mote_state *state, size_t index, mote_sha256 *hash)
{
    for (mote_state_part part = {.block = index}; mote_state_advance(state, &part);) {
        MOTE_TRY(mote_state_fetch(state, &part));
        mote_sha256_add(hash, part.data, part.bytes);
    }
    return MOTE_OK;
}

mote_status mote_state_digest(const mote_state *state, char text[MOTE_SHA256_TEXT_BYTES])
{
    mote_sha256 hash;
    mote_sha256_init(&hash);
    for (size_t i = 0; i < state->block_count; i++) {
        if (mote_state_is_saved(state, i))
            MOTE_TRY(add_block(state, mote_state_kept(state, i), &hash));
    }
    mote_sha256_finish(&hash, text);
    return MOTE_OK;
}
