// SPDX-License-Identifier: Apache-2.0
// The matrix products of an LSTM, without their data.
#ifndef MOTE_LAYER_LSTM_PRODUCTS_H
#define MOTE_LAYER_LSTM_PRODUCTS_H

#include "kernel/kernel.h"

#include <stddef.h>
#include <stdint.h>

typedef struct mote_lstm_sizes {
    uint64_t unit;
    size_t steps, features;
} mote_lstm_sizes;

size_t mote_lstm_gate_width(const mote_lstm_sizes *sizes);

/// Samples that are whole groups in the sums of both gradients.
size_t mote_lstm_sample_group(const mote_lstm_sizes *sizes);

/// Gates of `steps` steps of each sample.
mote_product mote_lstm_input_product(const mote_lstm_sizes *sizes, size_t batch, size_t steps);

/// R h of one step, where h of a sample is `stride` behind that of the one before.
mote_product mote_lstm_recurrent_product(const mote_lstm_sizes *sizes, size_t batch, size_t stride);

/// The derivative by h of the step before.
mote_product mote_lstm_flow_product(const mote_lstm_sizes *sizes, size_t batch);

mote_product mote_lstm_derivative_product(const mote_lstm_sizes *sizes, size_t batch);

mote_product mote_lstm_input_gradient_product(const mote_lstm_sizes *sizes, size_t batch);

/// Of two or more steps: each but the last is a factor of the gates of the one behind it.
mote_product mote_lstm_recurrent_gradient_product(const mote_lstm_sizes *sizes, size_t batch);

#endif
