// SPDX-License-Identifier: Apache-2.0
// Inputs one after the other along one axis.
#include "layer/axis.h"

#include "base/size.h"

typedef struct concat_state {
    uint64_t axis;
    mote_axis_view whole;
    size_t input_count;
} concat_state;

static const mote_property properties[] = {
    {
        .name = "axis",
        .kind = MOTE_PROPERTY_INTEGER,
        .initial = "1",
        .minimum = 1,
        .maximum = 3,
        .offset = offsetof(concat_state, axis),
        .help = "1 channels, 2 height, 3 width",
    },
    {0},
};

/// The other axes must be those of input 0.
static mote_status check_shape(const mote_setup *setup, size_t input, size_t axis)
{
    const mote_shape *const first = &setup->inputs[0].shape;
    mote_shape shape = setup->inputs[input].shape;
    shape.dims[axis] = first->dims[axis];
    if (mote_shape_equal(&shape, first))
        return MOTE_OK;
    char text[MOTE_SHAPE_TEXT_BYTES];
    char first_text[MOTE_SHAPE_TEXT_BYTES];
    return MOTE_RAISE(
        MOTE_ERROR_SHAPE,
        "layer '%s': input %zu has shape %s, input 0 has %s: only axis %zu may differ",
        setup->layer_name, input, mote_shape_text(&setup->inputs[input].shape, text, sizeof text),
        mote_shape_text(first, first_text, sizeof first_text), axis + 1);
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    concat_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    const size_t axis = mote_axis_index(state->axis);
    mote_shape output = setup->inputs[0].shape;
    for (size_t i = 1; i < setup->input_count; i++) {
        MOTE_TRY(mote_setup_check_rank(setup, i, 3));
        MOTE_TRY(check_shape(setup, i, axis));
        MOTE_TRY(mote_size_add(output.dims[axis], setup->inputs[i].shape.dims[axis],
                               "the axis of concat", &output.dims[axis]));
    }
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE;
    MOTE_TRY(mote_setup_output(setup, &output));
    state->input_count = setup->input_count;
    state->whole = mote_axis_of(&output, state->axis);
    return MOTE_OK;
}

static size_t get_length(const mote_tensor *input, const concat_state *state)
{
    return input->spec->shape.dims[mote_axis_index(state->axis)];
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const concat_state *const state = layer_state;
    mote_axis_part part = {.axis = state->whole};
    for (size_t i = 0; i < state->input_count; i++) {
        part.count = get_length(&run->inputs[i], state);
        mote_axis_put(run, &part, run->inputs[i].data, run->outputs[0].data);
        part.first += part.count;
    }
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const concat_state *const state = layer_state;
    mote_axis_part part = {.axis = state->whole};
    for (size_t i = 0; i < state->input_count; i++) {
        mote_real *const dx = run->input_derivatives[i].data;
        part.count = get_length(&run->inputs[i], state);
        if (dx)
            mote_axis_take(run, &part, run->output_derivatives[0].data, dx);
        part.first += part.count;
    }
}

const mote_layer mote_layer_concat = {
    .name = "concat",
    .summary = "inputs one after the other along one axis",
    .properties = properties,
    .state_bytes = sizeof(concat_state),
    .input_minimum = 2,
    .input_maximum = SIZE_MAX,
    .setup = setup,
    .forward = forward,
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
