// SPDX-License-Identifier: Apache-2.0
// Losses that are a sum over pairs of a prediction and its label, of one shape.
#ifndef MOTE_LAYER_PAIRS_H
#define MOTE_LAYER_PAIRS_H

#include "layer/loss.h"

/// Some pairs of a batch.
typedef struct mote_loss_pairs {
    const mote_kernels *kernels;
    const void *state; // of the layer
    size_t count;
    const mote_real *prediction, *label;
} mote_loss_pairs;

/// How a loss computes: `family` of its descriptor.
typedef struct mote_pair_loss {
    bool linear;    // its derivative does not read the predictions
    bool by_sample; // the sum is divided by the samples; otherwise by all elements
    mote_real (*sum)(const mote_loss_pairs *pairs);
    /// Derivatives by the predictions times `scale`; they may lie over the predictions.
    void (*derive)(const mote_loss_pairs *pairs, mote_real scale, mote_real *derivative);
    /// How many pairs agree; NULL: the loss knows no right and wrong.
    mote_real (*count_correct)(const mote_loss_pairs *pairs);
} mote_pair_loss;

/// A label of the prediction's shape: `label` of such losses, and of others.
mote_status mote_pairs_label(const mote_setup *setup, const void *layer_state,
                             mote_tensor_spec *spec) MOTE_MUST_CHECK;

/// The callbacks of such losses.
mote_status mote_pairs_setup(mote_setup *setup, void *state) MOTE_MUST_CHECK;
void mote_pairs_forward(const mote_layer_run *run, const void *state);
void mote_pairs_derivative(const mote_layer_run *run, const void *state);

#endif
