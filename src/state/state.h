// SPDX-License-Identifier: Apache-2.0
// Named blocks that outlive a step: weights, running statistics, optimizer state.
#ifndef MOTE_STATE_STATE_H
#define MOTE_STATE_STATE_H

#include "base/hash.h"
#include "tensor/tensor.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum mote_state_role {
    MOTE_STATE_WEIGHT,
    MOTE_STATE_STATISTIC,
    MOTE_STATE_OPTIMIZER,
} mote_state_role;

typedef struct mote_state_block {
    const char *name; // "conv1.weight", "conv1.weight.velocity"
    mote_state_role role;
    mote_tensor_spec spec;
    size_t bytes;
    size_t offset;         // in the tensor arena
    size_t average_offset; // of a weight's moving average, which lies behind it; 0: it has none
} mote_state_block;

/// Blocks sorted by name (strcmp), and where the arena lies.
typedef struct mote_state {
    const mote_state_block *blocks;
    size_t block_count;
    unsigned char *base;
    bool is_whole; // files have all blocks as they are: averages and the optimizer's too
} mote_state;

/// Index of a block by exact name, or block_count.
size_t mote_state_find(const mote_state *state, const char *name);

void *mote_state_data(const mote_state *state, size_t index);

/// Whether files have the block.
bool mote_state_is_saved(const mote_state *state, size_t index);

/// What is saved of the block.
const void *mote_state_kept(const mote_state *state, size_t index);

/// Begins all moving averages anew: they become the weights.
void mote_state_reset_averages(const mote_state *state);

/// Raises MOTE_ERROR_NONFINITE naming the first weight or running statistic with a value that is infinite or
/// not a number.
mote_status mote_state_check_finite(const mote_state *state) MOTE_MUST_CHECK;

/// SHA-256 over the bytes of weights and running statistics as they are saved, in name order.
void mote_state_digest(const mote_state *state, char text[MOTE_SHA256_TEXT_BYTES]);

#endif
