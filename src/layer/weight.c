// SPDX-License-Identifier: Apache-2.0
// A trained tensor as a node: one tensor for all samples, read by layers that take such.
#include "layer/layer.h"

#include <string.h>

#define DIMENSION_MAXIMUM 2147483647.0

typedef struct weight_state {
    mote_property_integers dim;
    uint32_t initializer;
    size_t bytes;
} weight_state;

static const mote_property properties[] = {
    {
        .name = "dim",
        .kind = MOTE_PROPERTY_INTEGERS,
        .minimum = 1,
        .maximum = DIMENSION_MAXIMUM,
        .count_minimum = 1,
        .count_maximum = 3,
        .offset = offsetof(weight_state, dim),
        .help = "channels:height:width of the tensor; those in front may be left out, they are 1",
    },
    {
        .name = "weight_initializer",
        .kind = MOTE_PROPERTY_CHOICE,
        .initial = "xavier_uniform",
        .choices = mote_initializer_names,
        .offset = offsetof(weight_state, initializer),
        .help = "initial values, as of a matrix whose rows have that width",
    },
    {0},
};

static mote_status setup(mote_setup *setup, void *layer_state)
{
    weight_state *const state = layer_state;
    mote_tensor_spec spec = {MOTE_DTYPE_REAL, false, mote_shape_image(1, 1, 1)};
    for (size_t i = 0; i < state->dim.count; i++)
        spec.shape.dims[3 - state->dim.count + i] = state->dim.values[i];
    MOTE_TRY(mote_setup_output_spec(setup, &spec));
    const size_t width = spec.shape.dims[2];
    const mote_weight_declaration weight = {
        .name = "weight",
        .spec = spec,
        .initializer = (mote_initializer)state->initializer,
        .fan_in = width,
        .fan_out = mote_shape_elements(&spec.shape) / width,
    };
    MOTE_TRY(mote_setup_weight(setup, &weight));
    return mote_tensor_spec_bytes(&spec, 1, &state->bytes);
}

/// A copy, so that a reader may write over its input.
static void forward(const mote_layer_run *run, const void *layer_state)
{
    const weight_state *const state = layer_state;
    memcpy(run->outputs[0].data, run->weights[0].data, state->bytes);
}

static void calc_gradient(const mote_layer_run *run, const void *layer_state)
{
    const weight_state *const state = layer_state;
    memcpy(run->gradients[0].data, run->output_derivatives[0].data, state->bytes);
}

const mote_layer mote_layer_weight = {
    .name = "weight",
    .summary = "a trained tensor, one for all samples",
    .properties = properties,
    .state_bytes = sizeof(weight_state),
    .setup = setup,
    .forward = forward,
    .calc_gradient = MOTE_TRAINING_ONLY(calc_gradient),
};
