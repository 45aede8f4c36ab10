// SPDX-License-Identifier: Apache-2.0
// Consecutive parts of one axis, each an output of its own: the reader of part k names it layer(k). Parts that
// nobody reads have no derivative, which counts as zero.
#include "layer/axis.h"

#include "base/size.h"

#define PARTS_MAXIMUM 1024U // each is a value of the graph, and perhaps a layer of its own
#define SIZE_MAXIMUM  2147483647.0

typedef struct split_state {
    uint64_t axis, split_number;
    mote_property_integers sizes;
    mote_axis_view whole;
    size_t part_count;
} split_state;

static const mote_property properties[] = {
    {
        .name = "axis",
        .kind = MOTE_PROPERTY_INTEGER,
        .minimum = 1,
        .maximum = 3,
        .offset = offsetof(split_state, axis),
        .help = "1 channels, 2 height, 3 width",
    },
    {
        .name = "split_number",
        .kind = MOTE_PROPERTY_INTEGER,
        .initial = "0",
        .minimum = 0,
        .maximum = PARTS_MAXIMUM,
        .offset = offsetof(split_state, split_number),
        .help = "number of equal parts; 0: one for each index, or as split_sizes says",
    },
    {
        .name = "split_sizes",
        .kind = MOTE_PROPERTY_INTEGERS,
        .initial = "",
        .minimum = 1,
        .maximum = SIZE_MAXIMUM,
        .offset = offsetof(split_state, sizes),
        .help = "sizes of the parts, instead of split_number",
    },
    {0},
};

static size_t get_size(const split_state *state, size_t part)
{
    if (state->sizes.count > 0)
        return (size_t)state->sizes.values[part];
    return state->whole.length / state->part_count;
}

static mote_status check_sizes(const mote_setup *setup, const split_state *state)
{
    size_t sum = 0;
    for (uint32_t i = 0; i < state->sizes.count; i++)
        sum += (size_t)state->sizes.values[i];
    if (state->split_number > 0)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "layer '%s': split_number and split_sizes exclude each other",
                          setup->layer_name);
    if (sum != state->whole.length)
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "layer '%s': split_sizes add up to %zu, but axis %zu has %zu",
                          setup->layer_name, sum, (size_t)state->axis, state->whole.length);
    return MOTE_OK;
}

static mote_status count_parts(const mote_setup *setup, split_state *state)
{
    const size_t length = state->whole.length;
    state->part_count = state->split_number > 0 ? (size_t)state->split_number : length;
    if (state->sizes.count > 0) {
        state->part_count = state->sizes.count;
        return check_sizes(setup, state);
    }
    if (state->part_count > PARTS_MAXIMUM) {
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "layer '%s': one part for each of %zu indices of axis %zu; accepted are "
                          "at most %u parts",
                          setup->layer_name, length, (size_t)state->axis, PARTS_MAXIMUM);
    }
    if (length % state->part_count == 0)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_SHAPE,
                      "layer '%s': split_number = %zu does not divide axis %zu, which has %zu",
                      setup->layer_name, state->part_count, (size_t)state->axis, length);
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    split_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    mote_shape shape = setup->inputs[0].shape;
    state->whole = mote_axis_of(&shape, state->axis);
    MOTE_TRY(count_parts(setup, state));
    for (size_t i = 0; i < state->part_count; i++) {
        shape.dims[mote_axis_index(state->axis)] = get_size(state, i);
        MOTE_TRY(mote_setup_output(setup, &shape));
    }
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE;
    return MOTE_OK;
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const split_state *const state = layer_state;
    mote_axis_part part = {.axis = state->whole};
    for (size_t i = 0; i < state->part_count; i++) {
        part.count = get_size(state, i);
        mote_axis_take(run, &part, run->inputs[0].data, run->outputs[i].data);
        part.first += part.count;
    }
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const split_state *const state = layer_state;
    mote_axis_part part = {.axis = state->whole};
    for (size_t i = 0; i < state->part_count; i++) {
        part.count = get_size(state, i);
        mote_axis_put(run, &part, run->output_derivatives[i].data, run->input_derivatives[0].data);
        part.first += part.count;
    }
}

const mote_layer mote_layer_split = {
    .name = "split",
    .summary = "parts of one axis, read as layer(0), layer(1), ...",
    .properties = properties,
    .several_outputs = true,
    .state_bytes = sizeof(split_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
    .forward = forward,
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
