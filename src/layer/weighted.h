// SPDX-License-Identifier: Apache-2.0
// What layers with a weight and a bias have in common: their properties and declarations,
// and the gradient of the bias.
#ifndef MOTE_LAYER_WEIGHTED_H
#define MOTE_LAYER_WEIGHTED_H

#include "layer/layer.h"
#include "layer/units.h"

typedef struct mote_weighted {
    uint32_t weight_initializer, bias_initializer; // mote_initializer
    bool disable_bias;
} mote_weighted;

/// Rows of a property table, for a state with a mote_weighted at `place`.
#define MOTE_WEIGHTED_PROPERTIES(place, initial_weight)                    \
    {                                                                      \
        .name = "weight_initializer",                                      \
        .kind = MOTE_PROPERTY_CHOICE,                                      \
        .initial = (initial_weight),                                       \
        .choices = mote_initializer_names,                                 \
        .offset = (place) + offsetof(mote_weighted, weight_initializer),   \
        .help = "initial values of the weight",                            \
    },                                                                     \
        {                                                                  \
            .name = "bias_initializer",                                    \
            .kind = MOTE_PROPERTY_CHOICE,                                  \
            .initial = "zeros",                                            \
            .choices = mote_initializer_names,                             \
            .offset = (place) + offsetof(mote_weighted, bias_initializer), \
            .help = "initial values of the bias",                          \
        },                                                                 \
        {                                                                  \
            .name = "disable_bias",                                        \
            .kind = MOTE_PROPERTY_BOOL,                                    \
            .initial = "false",                                            \
            .offset = (place) + offsetof(mote_weighted, disable_bias),     \
            .help = "true: without a bias",                                \
        },

/// Indices of the declared weights.
enum {
    MOTE_WEIGHTED_WEIGHT,
    MOTE_WEIGHTED_BIAS,
};

/// A weight's shape and fans. Its bias has bias_count elements, or the weight's shape where that is 0.
typedef struct mote_weighted_shape {
    mote_shape weight;
    size_t fan_in, fan_out;
    size_t bias_count;
} mote_weighted_shape;

/// Declares the weight, read by derivatives, and the bias unless it is disabled.
mote_status mote_weighted_declare(mote_setup *setup, const mote_weighted *weighted,
                                  const mote_weighted_shape *shape) MOTE_MUST_CHECK;

/// Declares as scratch what the products of the three phases need.
void mote_weighted_scratch(mote_setup *setup, const mote_product *forward,
                           const mote_product *gradient, const mote_product *derivative);

/// The same, and their effort, each made `count` times.
void mote_weighted_products(mote_setup *setup, const mote_product *forward,
                            const mote_product *gradient, const mote_product *derivative,
                            size_t count);

/// Elements of the bias, or NULL when it is disabled.
const mote_real *mote_weighted_bias(const mote_layer_run *run, const mote_weighted *weighted);

/// Sums over the batch, by unit: mote_units_sum, or another that fits how the layer's output lies.
typedef void mote_weighted_sum(const mote_units *block, const mote_real *x, mote_real *sum);

/// Makes the gradient of the bias, unless it is disabled: the sums of the output's derivative, of
/// which a sample has `plane` values for each of the bias's `unit_count` elements.
void mote_weighted_bias_gradient(const mote_layer_run *run, const mote_weighted *weighted,
                                 size_t unit_count, size_t plane, mote_weighted_sum *sum);

#endif
