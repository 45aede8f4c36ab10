// SPDX-License-Identifier: Apache-2.0
// Scaled dot-product attention (Vaswani et al., arXiv 1706.03762) of all heads of a batch:
// context = softmax(query key^T / sqrt(key_width)) value, for each sample and head by itself.
//
// No probabilities are kept: backward makes them again. A head works on blocks of queries, so that its scratch grows
// with the number of keys and not with its square.
#ifndef MOTE_LAYER_ATTENTION_H
#define MOTE_LAYER_ATTENTION_H

#include "layer/layer.h"

/// What does not change from step to step.
typedef struct mote_attention {
    size_t heads;
    size_t key_width, value_width; // of a head
    size_t queries, keys;          // of a sample, at most
    size_t output_width;           // of the projection behind the contexts
    double dropout_rate;           // of probabilities, in training
    bool causal;                   // query i sees keys 0 .. i
    bool masks_queries;            // lengths hold for queries as well as keys
} mote_attention;

/// The tensors of a batch: [sample][query or key][head][width].
typedef struct mote_attention_tensors {
    const int32_t *lengths; // keys a sample has, or NULL: all
    mote_real *query, *key, *value;
    mote_real *context;             // forward only
    const mote_real *dy;            // backward only: [sample][query][output_width]
    const mote_real *output_weight; // backward only: [output_width][head][value_width]
} mote_attention_tensors;

/// Queries of a sample that take part; the others' contexts and derivatives are 0.
size_t mote_attention_query_count(const mote_attention *attention, const int32_t *lengths,
                                  size_t sample);

size_t mote_attention_forward_scratch(const mote_attention *attention, size_t thread_count);
size_t mote_attention_backward_scratch(const mote_attention *attention, size_t thread_count);

/// Multiply-adds of a sample in forward; backward has twice as many, and those of dy output_weight.
double mote_attention_work(const mote_attention *attention);

/// Declares what kernels do in forward, and in the phase that goes back.
void mote_attention_effort(mote_setup *setup, const mote_attention *attention, unsigned backward);

/// Makes the contexts. Queries become scaled ones: queries / sqrt(key_width).
void mote_attention_forward(const mote_attention *attention, const mote_layer_run *run,
                            const mote_attention_tensors *tensors);

/// Replaces scaled queries, keys and values by the derivatives of queries, keys and values, where the derivative of
/// the contexts is dy output_weight.
void mote_attention_backward(const mote_attention *attention, const mote_layer_run *run,
                             const mote_attention_tensors *tensors);

#endif
