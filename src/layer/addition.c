// SPDX-License-Identifier: Apache-2.0
// Sum of inputs of one shape, added in the order of the inputs.
#include "layer/layer.h"

typedef struct addition_state {
    size_t input_count;
    size_t elements; // of a sample
} addition_state;

static mote_status setup(mote_setup *setup, void *layer_state)
{
    addition_state *const state = layer_state;
    const mote_shape *const shape = &setup->inputs[0].shape;
    for (size_t i = 0; i < setup->input_count; i++) {
        const mote_shape *const other = &setup->inputs[i].shape;
        char text[96];
        char other_text[96];
        MOTE_TRY(mote_setup_check_rank(setup, i, 3));
        if (!mote_shape_equal(shape, other)) {
            return MOTE_RAISE(MOTE_ERROR_SHAPE,
                              "layer '%s': input %zu has shape %s, input 0 has %s: only equal "
                              "shapes can be added",
                              setup->layer_name, i,
                              mote_shape_text(other, other_text, sizeof other_text),
                              mote_shape_text(shape, text, sizeof text));
        }
    }
    state->input_count = setup->input_count;
    state->elements = mote_shape_elements(shape);
    setup->declaration->output_over_input = true;
    setup->declaration->derivative_view = true;
    return mote_setup_output(setup, shape);
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const addition_state *const state = layer_state;
    const size_t count = run->batch * state->elements;
    mote_real *const y = run->outputs[0].data;
    const mote_real *sum = run->inputs[0].data;
    for (size_t i = 1; i < state->input_count; i++) {
        mote_kernel_run_binary(run->parallel, run->kernels->add, count, sum, run->inputs[i].data,
                               y);
        sum = y;
    }
}

const mote_layer mote_layer_addition = {
    .name = "addition",
    .summary = "sum of two or more inputs of one shape",
    .state_bytes = sizeof(addition_state),
    .input_minimum = 2,
    .input_maximum = SIZE_MAX,
    .setup = setup,
    .forward = forward,
};
