// SPDX-License-Identifier: Apache-2.0
// Puts parts of a block together from its slices in the swap file, and takes them apart again. A slice has its piece of each
// row (an index of dimension 0) behind that of the row before.
#include "state/slices.h"

#include "base/size.h"

#include <string.h>

/// A walk through the pieces of one slice, some of which are in memory.
typedef struct window {
    const mote_state *state;
    uint64_t home;
    unsigned char *data;
    size_t room;
    size_t first, bytes; // of the slice: what is in memory
    bool is_store;
} window;

static size_t slice_bytes(const mote_state_block *block, size_t index)
{
    return mote_shape_slice_bytes(&block->spec.shape, block->bytes, block->slices.items[index]);
}

uint64_t mote_state_slice_home(const mote_state_block *block, size_t index)
{
    uint64_t home = block->home;
    for (size_t i = 0; i < index; i++)
        home += mote_size_align(slice_bytes(block, i), MOTE_TRANSFER_ALIGNMENT);
    return home;
}

size_t mote_state_home_bytes(const mote_state_block *block)
{
    if (block->slices.count == 0)
        return mote_size_align(block->bytes, MOTE_TRANSFER_ALIGNMENT);
    return (size_t)(mote_state_slice_home(block, block->slices.count) - block->home);
}

/// What was changed goes back.
static mote_status leave(const window *w)
{
    return w->is_store && w->bytes > 0
               ? mote_swap_file_write(w->state->swap, w->home + w->first, w->data, w->bytes)
               : MOTE_OK;
}

/// To where `first` is in memory, and what follows up to `end` as far as there is room.
static mote_status enter(window *w, size_t first, size_t end)
{
    MOTE_TRY(leave(w));
    w->first = first / MOTE_TRANSFER_ALIGNMENT * MOTE_TRANSFER_ALIGNMENT;
    w->bytes = mote_size_min(mote_size_align(end - w->first, MOTE_TRANSFER_ALIGNMENT), w->room);
    return mote_swap_file_read(w->state->swap, w->home + w->first, w->data, w->bytes);
}

/// Moves [first, first + bytes) of the slice; `end`: of all that is going to be moved.
static mote_status move_piece(window *w, size_t first, size_t bytes, size_t end,
                              unsigned char *outside)
{
    while (bytes > 0) {
        if (first < w->first || first >= w->first + w->bytes)
            MOTE_TRY(enter(w, first, end));
        const size_t count = mote_size_min(bytes, w->first + w->bytes - first);
        unsigned char *const inside = w->data + (first - w->first);
        memcpy(w->is_store ? inside : outside, w->is_store ? outside : inside, count);
        first += count;
        bytes -= count;
        outside += count;
    }
    return MOTE_OK;
}

/// The pieces of slice `index` that the part has.
static mote_status move_slice(window *w, const mote_state_part *part, size_t index)
{
    const mote_state_block *const block = &w->state->blocks[part->block];
    const mote_slice slice = block->slices.items[index];
    const size_t row = block->bytes / block->spec.shape.dims[0];
    const size_t width = row / block->spec.shape.dims[1] * slice.count;
    const size_t shift = row / block->spec.shape.dims[1] * slice.first;
    const size_t part_end = part->first + part->bytes;
    const size_t row_end = mote_size_ceil_divide(part_end, row);
    w->home = mote_state_slice_home(block, index);
    w->bytes = 0;
    for (size_t i = part->first / row; i < row_end; i++) {
        const size_t begin = i * row + shift;
        const size_t first = mote_size_max(begin, part->first);
        const size_t end = mote_size_min(begin + width, part_end);
        if (first < end)
            MOTE_TRY(move_piece(w, i * width + (first - begin), end - first, row_end * width,
                                part->data + (first - part->first)));
    }
    return leave(w);
}

static mote_status move(const mote_state *state, const mote_state_part *part, bool is_store)
{
    const size_t half = state->staging_bytes / 2;
    window w = {.state = state, .data = state->staging + half, .room = half, .is_store = is_store};
    for (size_t i = 0; i < state->blocks[part->block].slices.count; i++)
        MOTE_TRY(move_slice(&w, part, i));
    return MOTE_OK;
}

mote_status mote_state_fetch_slices(const mote_state *state, const mote_state_part *part)
{
    return move(state, part, false);
}

mote_status mote_state_flush_slices(const mote_state *state, const mote_state_part *part)
{
    return move(state, part, true);
}
