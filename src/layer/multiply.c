// SPDX-License-Identifier: Apache-2.0
// Product of inputs, element by element, in their order; axes of size 1 and shared tensors are repeated.
#include "layer/broadcast.h"

typedef struct multiply_state {
    mote_broadcast broadcast;
} multiply_state;

static mote_status setup(mote_setup *setup, void *layer_state)
{
    multiply_state *const state = layer_state;
    mote_broadcast *const broadcast = &state->broadcast;
    MOTE_TRY(mote_broadcast_setup(setup, broadcast));
    const bool is_whole = mote_broadcast_is_whole(broadcast, &setup->inputs[0]);
    for (size_t i = 0; i < setup->input_count; i++)
        mote_setup_need_input(setup, i, MOTE_PHASE_DERIVATIVE);
    mote_setup_scratch(setup, MOTE_PHASE_DERIVATIVE,
                       mote_broadcast_scratch_bytes(setup, broadcast));
    setup->declaration->output_over_input = is_whole;
    setup->declaration->derivative_over_output_derivative = is_whole; // it is made last
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE;
    return MOTE_OK;
}

static void multiply_number(const mote_kernels *kernels, size_t count, mote_real number,
                            const mote_real *x, mote_real *y)
{
    kernels->scale(count, number, x, y);
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const multiply_state *const state = layer_state;
    const mote_broadcast_operation multiply = {run->kernels->multiply, multiply_number};
    mote_broadcast_forward(run, &state->broadcast, &multiply);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const multiply_state *const state = layer_state;
    const mote_broadcast_operation multiply = {run->kernels->multiply, multiply_number};
    mote_broadcast_derive(run, &state->broadcast, &multiply);
}

const mote_layer mote_layer_multiply = {
    .name = "multiply",
    .summary = "product of two or more inputs; sizes along each axis are equal or 1",
    .state_bytes = sizeof(multiply_state),
    .input_minimum = 2,
    .input_maximum = SIZE_MAX,
    .setup = setup,
    .forward = forward,
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
