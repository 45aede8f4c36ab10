// SPDX-License-Identifier: Apache-2.0
// Sum of inputs, added in their order; axes of size 1 and shared tensors are repeated.
#include "layer/broadcast.h"

typedef struct addition_state {
    mote_broadcast broadcast;
} addition_state;

/// All input derivatives are the output's where nothing was repeated: views, without a step.
static mote_status setup(mote_setup *setup, void *layer_state)
{
    addition_state *const state = layer_state;
    MOTE_TRY(mote_broadcast_setup(setup, &state->broadcast));
    const bool is_whole = mote_broadcast_is_whole(&state->broadcast, &setup->inputs[0]);
    setup->declaration->output_over_input = is_whole;
    setup->declaration->derivative_over_output_derivative = is_whole; // it is made last
    setup->declaration->derivative_view = state->broadcast.is_uniform;
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE;
    return MOTE_OK;
}

static void add_number(const mote_kernels *kernels, size_t count, mote_real number,
                       const mote_real *x, mote_real *y)
{
    kernels->scale_shift(count, 1, number, x, y);
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const addition_state *const state = layer_state;
    const mote_broadcast_operation add = {run->kernels->add, add_number};
    mote_broadcast_forward(run, &state->broadcast, &add);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const addition_state *const state = layer_state;
    mote_broadcast_derive(run, &state->broadcast, NULL);
}

const mote_layer mote_layer_addition = {
    .name = "addition",
    .summary = "sum of two or more inputs; sizes along each axis are equal or 1",
    .state_bytes = sizeof(addition_state),
    .input_minimum = 2,
    .input_maximum = SIZE_MAX,
    .setup = setup,
    .forward = forward,
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
