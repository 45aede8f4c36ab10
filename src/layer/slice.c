// SPDX-License-Identifier: Apache-2.0
// A range of one axis. Indices count from 1 and the end is not taken, as in NNTrainer.
#include "layer/axis.h"

#define INDEX_MAXIMUM 2147483647.0

typedef struct slice_state {
    uint64_t axis, start_index, end_index;
    mote_axis_part part;
} slice_state;

static const mote_property properties[] = {
    {
        .name = "axis",
        .kind = MOTE_PROPERTY_INTEGER,
        .minimum = 1,
        .maximum = 3,
        .offset = offsetof(slice_state, axis),
        .help = "1 channels, 2 height, 3 width",
    },
    {
        .name = "start_index",
        .kind = MOTE_PROPERTY_INTEGER,
        .minimum = 1,
        .maximum = INDEX_MAXIMUM,
        .offset = offsetof(slice_state, start_index),
        .help = "the first that is taken, counted from 1",
    },
    {
        .name = "end_index",
        .kind = MOTE_PROPERTY_INTEGER,
        .minimum = 1,
        .maximum = INDEX_MAXIMUM,
        .offset = offsetof(slice_state, end_index),
        .help = "the first behind these, counted from 1",
    },
    {0},
};

static mote_status check_range(const mote_setup *setup, const slice_state *state, size_t length)
{
    if (state->start_index < state->end_index && state->end_index <= length + 1)
        return MOTE_OK;
    return MOTE_RAISE(
        MOTE_ERROR_SHAPE,
        "layer '%s': from start_index %zu up to, not with, end_index %zu is no part of "
        "1 .. %zu along axis %zu",
        setup->layer_name, (size_t)state->start_index, (size_t)state->end_index, length,
        (size_t)state->axis);
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    slice_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    mote_shape output = setup->inputs[0].shape;
    state->part.axis = mote_axis_of(&output, state->axis);
    MOTE_TRY(check_range(setup, state, state->part.axis.length));
    state->part.first = (size_t)state->start_index - 1;
    state->part.count = (size_t)(state->end_index - state->start_index);
    output.dims[mote_axis_index(state->axis)] = state->part.count;
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE;
    return mote_setup_output(setup, &output);
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const slice_state *const state = layer_state;
    mote_axis_take(run, &state->part, run->inputs[0].data, run->outputs[0].data);
}

/// What was not taken has no influence.
static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const slice_state *const state = layer_state;
    const mote_axis_part *const part = &state->part;
    mote_axis_part before = *part;
    mote_axis_part behind = *part;
    before.first = 0;
    before.count = part->first;
    behind.first = part->first + part->count;
    behind.count = part->axis.length - behind.first;
    mote_real *const dx = run->input_derivatives[0].data;
    mote_axis_put(run, &before, NULL, dx);
    mote_axis_put(run, part, run->output_derivatives[0].data, dx);
    mote_axis_put(run, &behind, NULL, dx);
}

const mote_layer mote_layer_slice = {
    .name = "slice",
    .summary = "a range of one axis",
    .properties = properties,
    .state_bytes = sizeof(slice_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
    .forward = forward,
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
