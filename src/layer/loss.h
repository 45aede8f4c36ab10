// SPDX-License-Identifier: Apache-2.0
// What losses have in common: their label and sums over the batch.
#ifndef MOTE_LAYER_LOSS_H
#define MOTE_LAYER_LOSS_H

#include "layer/layer.h"

/// Indices of a loss's inputs.
enum {
    MOTE_LOSS_PREDICTION,
    MOTE_LOSS_LABEL,
};

/// Raises MOTE_ERROR_SHAPE unless the label is `expected`.
mote_status mote_loss_check_label(const mote_setup *setup,
                                  const mote_tensor_spec *expected) MOTE_MUST_CHECK;

/// A sum over the rows of a batch.
typedef struct mote_loss_sum {
    size_t rows;  // of a sample
    size_t width; // elements of a row: how much work it is
    size_t terms; // of a sample, in the sense of sums over the batch
    mote_real (*value)(void *argument, size_t row);
    void *argument;
} mote_loss_sum;

/// Bytes of scratch that a sum of up to `batch` samples needs.
size_t mote_loss_scratch_bytes(size_t batch, size_t rows);

/// Makes a metric: values on threads, their sum by samples in groups, over `divisor`. Of some samples of a step it is what
/// it needs to go on, until the last of them are there.
void mote_loss_make_metric(const mote_layer_run *run, const mote_loss_sum *sum, size_t metric,
                           mote_real divisor);

/// Declares that the loss may be asked for some samples after the others, whose metrics are made so; a sample has
/// `terms` terms.
void mote_loss_slice_samples(mote_setup *setup, size_t terms);

#endif
