// SPDX-License-Identifier: Apache-2.0
// Gives one value to two consumers and adds their derivatives. The graph puts one wherever a value is
// used more than once, output 1 being the later consumer in the file. Integers have no derivatives.
#include "layer/layer.h"

#include <string.h>

typedef struct fan_out_state {
    size_t elements; // of a sample, or of the one tensor for all
    bool batched;
} fan_out_state;

static mote_status setup(mote_setup *setup, void *layer_state)
{
    fan_out_state *const state = layer_state;
    const mote_tensor_spec *const spec = &setup->inputs[0];
    MOTE_TRY(mote_setup_output_spec(setup, spec));
    MOTE_TRY(mote_setup_output_spec(setup, spec));
    state->elements = mote_shape_elements(&spec->shape);
    state->batched = spec->batched;
    setup->declaration->view = true;
    setup->declaration->sample_phases = MOTE_PHASE_DERIVATIVE;
    setup->declaration->derivative_over_output_derivative = true;
    return MOTE_OK;
}

/// The order of the operands is part of the contract: backward meets the later consumer first.
static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const fan_out_state *const state = layer_state;
    const size_t count = (state->batched ? run->batch : 1) * state->elements;
    const mote_real *const first = run->output_derivatives[0].data;
    const mote_real *const second = run->output_derivatives[1].data;
    mote_real *const sum = run->input_derivatives[0].data;
    if (first && second)
        mote_kernel_run_binary(run->parallel, run->kernels->add, count, second, first, sum);
    else if (sum != (first ? first : second)) // no loss follows the other consumer
        memcpy(sum, first ? first : second, count * sizeof *sum);
}

const mote_layer mote_layer_fan_out = {
    .name = "fan_out",
    .summary = "one value for two consumers",
    .internal = true,
    .state_bytes = sizeof(fan_out_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
