// SPDX-License-Identifier: Apache-2.0
// A loss whose derivative is the same number everywhere: that number times the sum of the predictions. Labels are
// not read.
#include "layer/loss.h"
#include "layer/pairs.h"

typedef struct constant_derivative_state {
    double value;
    size_t elements; // of a sample
} constant_derivative_state;

static const mote_property properties[] = {
    {
        .name = "value",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "1",
        .minimum = -1e6,
        .maximum = 1e6,
        .offset = offsetof(constant_derivative_state, value),
        .help = "derivative of the loss by each prediction",
    },
    {0},
};

static mote_status setup(mote_setup *setup, void *layer_state)
{
    constant_derivative_state *const state = layer_state;
    mote_tensor_spec label;
    MOTE_TRY(mote_pairs_label(setup, NULL, &label));
    MOTE_TRY(mote_loss_check_label(setup, &label));
    state->elements = mote_shape_elements(&label.shape);
    mote_setup_scratch(setup, MOTE_PHASE_FORWARD, mote_loss_scratch_bytes(setup->batch, 1));
    setup->declaration->derivative_over_input = true;
    mote_loss_slice_samples(setup, state->elements);
    return mote_setup_metrics(setup);
}

typedef struct constant_call {
    const mote_layer_run *run;
    const constant_derivative_state *state;
} constant_call;

static mote_real sum_sample(void *argument, size_t sample)
{
    const constant_call *const call = argument;
    const mote_real *const x = call->run->inputs[MOTE_LOSS_PREDICTION].data;
    mote_real sum = 0;
    call->run->kernels->sum(call->state->elements, x + sample * call->state->elements, &sum);
    return sum;
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const constant_derivative_state *const state = layer_state;
    constant_call call = {.run = run, .state = state};
    const mote_loss_sum sum = {
        .rows = 1,
        .width = state->elements,
        .terms = state->elements,
        .value = sum_sample,
        .argument = &call,
    };
    mote_real *const metrics = run->outputs[0].data;
    mote_loss_make_metric(run, &sum, MOTE_LOSS_MEAN, 1);
    if (run->samples_left == 0)
        metrics[MOTE_LOSS_MEAN] *= (mote_real)state->value;
    metrics[MOTE_LOSS_CORRECT] = -1;
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const constant_derivative_state *const state = layer_state;
    mote_real *const dx = run->input_derivatives[MOTE_LOSS_PREDICTION].data;
    const mote_real value = (mote_real)state->value * run->loss_weight;
    for (size_t i = 0; i < run->batch * state->elements; i++)
        dx[i] = value;
}

const mote_layer mote_layer_constant_derivative = {
    .name = "constant_derivative",
    .summary =
        "value times the sum of the predictions, over batch and elements; labels are not read",
    .kind = MOTE_LAYER_LOSS,
    .properties = properties,
    .state_bytes = sizeof(constant_derivative_state),
    .input_minimum = 2,
    .input_maximum = 2,
    .label = MOTE_TRAINING_ONLY(mote_pairs_label),
    .setup = MOTE_TRAINING_ONLY(setup),
    .forward = MOTE_TRAINING_ONLY(forward),
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
