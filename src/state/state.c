// SPDX-License-Identifier: Apache-2.0
// Finding blocks by name, and the digest that says whether two states are equal.
#include "state/state.h"

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
    assert(index < state->block_count && state->base);
    return state->base + state->blocks[index].offset;
}

bool mote_state_is_saved(const mote_state *state, size_t index)
{
    assert(index < state->block_count);
    return state->is_whole || state->blocks[index].role != MOTE_STATE_OPTIMIZER;
}

const void *mote_state_kept(const mote_state *state, size_t index)
{
    assert(index < state->block_count && state->base);
    const mote_state_block *const block = &state->blocks[index];
    const bool is_average = block->average_offset && !state->is_whole;
    return state->base + (is_average ? block->average_offset : block->offset);
}

void mote_state_reset_averages(const mote_state *state)
{
    for (size_t i = 0; i < state->block_count; i++) {
        const mote_state_block *const block = &state->blocks[i];
        if (block->average_offset)
            memcpy(state->base + block->average_offset, state->base + block->offset, block->bytes);
    }
}

mote_status mote_state_check_finite(const mote_state *state)
{
    for (size_t i = 0; i < state->block_count; i++) {
        const mote_state_block *const block = &state->blocks[i];
        const size_t count = mote_shape_elements(&block->spec.shape);
        if (block->role == MOTE_STATE_OPTIMIZER ||
            mote_reals_are_finite((const mote_real *)mote_state_data(state, i), count))
            continue;
        return MOTE_RAISE(MOTE_ERROR_NONFINITE, "tensor '%s' has values that are not finite",
                          block->name);
    }
    return MOTE_OK;
}

void mote_state_digest(const mote_state *state, char text[MOTE_SHA256_TEXT_BYTES])
{
    mote_sha256 hash;
    mote_sha256_init(&hash);
    for (size_t i = 0; i < state->block_count; i++) {
        if (mote_state_is_saved(state, i))
            mote_sha256_add(&hash, mote_state_kept(state, i), state->blocks[i].bytes);
    }
    mote_sha256_finish(&hash, text);
}
