// SPDX-License-Identifier: Apache-2.0
// Element-wise operations of several inputs whose sizes along an axis are equal or 1, as in numpy; an input that
// all samples share goes with every sample. Derivatives are sums over what was repeated: plain sums inside a
// sample, then over the batch, in the orders of docs/ARCHITECTURE.md.
#ifndef MOTE_LAYER_BROADCAST_H
#define MOTE_LAYER_BROADCAST_H

#include "layer/layer.h"

/// Part of the state of such layers.
typedef struct mote_broadcast {
    size_t input_count;
    mote_shape output;
    bool is_batched;   // the output: at least one input is
    bool is_uniform;   // all inputs are like the output
    uint32_t row_axes; // last axes that are one row for every input: whole, or one number
    size_t row;        // elements of it
} mote_broadcast;

/// An operation a . b, associative but for rounding, and commutative. y may be a or b.
typedef struct mote_broadcast_operation {
    mote_binary_kernel *rows;
    void (*number)(const mote_kernels *kernels, size_t count, mote_real number, const mote_real *x,
                   mote_real *y);
} mote_broadcast_operation;

/// Checks the inputs and declares the output. Raises MOTE_ERROR_SHAPE where sizes do not go together.
mote_status mote_broadcast_setup(mote_setup *setup, mote_broadcast *broadcast) MOTE_MUST_CHECK;

/// Whether the input is not repeated.
bool mote_broadcast_is_whole(const mote_broadcast *broadcast, const mote_tensor_spec *input);

/// Bytes of scratch that derivatives need which are made of `terms`: see mote_broadcast_derive.
size_t mote_broadcast_scratch_bytes(const mote_setup *setup, const mote_broadcast *broadcast);

/// Output 0 = input 0 . input 1 . ..., in this order.
void mote_broadcast_forward(const mote_layer_run *run, const mote_broadcast *broadcast,
                            const mote_broadcast_operation *operation);

/// All input derivatives that are wanted, the last one first. Terms are the output derivative (`factors` NULL),
/// or it times all other inputs in their order by `factors`.
void mote_broadcast_derive(const mote_layer_run *run, const mote_broadcast *broadcast,
                           const mote_broadcast_operation *factors);

#endif
