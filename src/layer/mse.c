// SPDX-License-Identifier: Apache-2.0
// Mean squared error over batch and elements.
#include "layer/layer.h"
#include "layer/loss.h"

typedef struct mse_state {
    size_t elements; // of a sample
} mse_state;

static mote_status get_label(const mote_setup *setup, const void *layer_state,
                             mote_tensor_spec *spec)
{
    (void)layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, MOTE_LOSS_PREDICTION, 3));
    *spec = setup->inputs[MOTE_LOSS_PREDICTION];
    return MOTE_OK;
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    mse_state *const state = layer_state;
    mote_tensor_spec label;
    MOTE_TRY(get_label(setup, state, &label));
    MOTE_TRY(mote_loss_check_label(setup, &label));
    state->elements = mote_shape_elements(&label.shape);
    mote_setup_need_input(setup, MOTE_LOSS_PREDICTION, MOTE_PHASE_DERIVATIVE);
    mote_setup_need_input(setup, MOTE_LOSS_LABEL, MOTE_PHASE_DERIVATIVE);
    mote_setup_scratch(setup, MOTE_PHASE_FORWARD, mote_loss_scratch_bytes(setup->batch, 1));
    setup->declaration->derivative_over_input = true;
    return mote_setup_metrics(setup);
}

/// One pass over prediction and label.
typedef struct mse_call {
    const mote_kernels *kernels;
    size_t elements; // of a sample; in backward of the batch
    mote_real scale;
    const mote_real *prediction, *label;
    mote_real *derivative;
} mse_call;

static mote_real get_squares(void *argument, size_t sample)
{
    const mse_call *const call = argument;
    const size_t first = sample * call->elements;
    mote_real sum = 0;
    call->kernels->sum_squared_differences(call->elements, call->prediction + first,
                                           call->label + first, &sum);
    return sum;
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const mse_state *const state = layer_state;
    mse_call call = {
        .kernels = run->kernels,
        .elements = state->elements,
        .prediction = run->inputs[MOTE_LOSS_PREDICTION].data,
        .label = run->inputs[MOTE_LOSS_LABEL].data,
    };
    const mote_loss_sum sum = {
        .rows = 1,
        .width = state->elements,
        .terms = state->elements,
        .value = get_squares,
        .argument = &call,
    };
    mote_real *const metrics = run->outputs[0].data;
    metrics[MOTE_LOSS_MEAN] =
        mote_loss_get_sum(run, &sum) / (mote_real)(run->batch * state->elements);
    metrics[MOTE_LOSS_CORRECT] = -1;
}

static void derive_part(void *argument, size_t task, size_t task_count)
{
    const mse_call *const call = argument;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->elements, task, task_count, &first);
    call->kernels->difference(count, call->scale, call->prediction + first, call->label + first,
                              call->derivative + first);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const mse_state *const state = layer_state;
    const size_t count = run->batch * state->elements;
    mse_call call = {
        .kernels = run->kernels,
        .elements = count,
        .scale = 2 / (mote_real)count,
        .prediction = run->inputs[MOTE_LOSS_PREDICTION].data,
        .label = run->inputs[MOTE_LOSS_LABEL].data,
        .derivative = run->input_derivatives[MOTE_LOSS_PREDICTION].data,
    };
    const size_t tasks = mote_parallel_task_count(run->parallel, count, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, derive_part, &call, tasks);
}

const mote_layer mote_layer_mse = {
    .name = "mse",
    .summary = "mean squared error over batch and elements",
    .kind = MOTE_LAYER_LOSS,
    .state_bytes = sizeof(mse_state),
    .input_minimum = 2,
    .input_maximum = 2,
    .label = get_label,
    .setup = setup,
    .forward = forward,
    .calc_derivative = calc_derivative,
};
