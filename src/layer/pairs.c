// SPDX-License-Identifier: Apache-2.0
// What losses over pairs have in common: label, needs, sums over the batch and derivatives on threads.
#include "layer/pairs.h"

mote_status mote_pairs_label(const mote_setup *setup, const void *layer_state,
                             mote_tensor_spec *spec)
{
    (void)layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, MOTE_LOSS_PREDICTION, 3));
    *spec = setup->inputs[MOTE_LOSS_PREDICTION];
    return MOTE_OK;
}

mote_status mote_pairs_setup(mote_setup *setup, void *state)
{
    const mote_pair_loss *const loss = setup->layer->family;
    mote_tensor_spec label;
    MOTE_TRY(mote_pairs_label(setup, state, &label));
    MOTE_TRY(mote_loss_check_label(setup, &label));
    if (!loss->linear)
        mote_setup_need_input(setup, MOTE_LOSS_PREDICTION, MOTE_PHASE_DERIVATIVE);
    mote_setup_need_input(setup, MOTE_LOSS_LABEL, MOTE_PHASE_DERIVATIVE);
    mote_setup_scratch(setup, MOTE_PHASE_FORWARD, mote_loss_scratch_bytes(setup->batch, 1));
    setup->declaration->derivative_over_input = true;
    mote_loss_slice_samples(setup, mote_shape_elements(&label.shape));
    return mote_setup_metrics(setup);
}

typedef struct pairs_call {
    const mote_layer_run *run;
    const mote_pair_loss *loss;
    const void *state;
    size_t elements; // of a sample
    mote_real scale;
} pairs_call;

static pairs_call make_call(const mote_layer_run *run, const void *state)
{
    return (pairs_call){
        .run = run,
        .loss = run->layer->family,
        .state = state,
        .elements = mote_shape_elements(&run->inputs[MOTE_LOSS_PREDICTION].spec->shape),
    };
}

/// Predictions are not there for the derivative of a loss that is linear in them.
static mote_loss_pairs get_pairs(const pairs_call *call, size_t first, size_t count)
{
    const mote_real *const prediction = call->run->inputs[MOTE_LOSS_PREDICTION].data;
    const mote_real *const label = call->run->inputs[MOTE_LOSS_LABEL].data;
    return (mote_loss_pairs){
        .kernels = call->run->kernels,
        .state = call->state,
        .count = count,
        .prediction = prediction ? prediction + first : NULL,
        .label = label + first,
    };
}

static mote_real sum_sample(void *argument, size_t sample)
{
    const pairs_call *const call = argument;
    const mote_loss_pairs pairs = get_pairs(call, sample * call->elements, call->elements);
    return call->loss->sum(&pairs);
}

static mote_real count_sample(void *argument, size_t sample)
{
    const pairs_call *const call = argument;
    const mote_loss_pairs pairs = get_pairs(call, sample * call->elements, call->elements);
    return call->loss->count_correct(&pairs);
}

/// What sums are divided by: 1 a sample, or its elements.
static mote_real get_divisor(const pairs_call *call)
{
    const size_t samples = mote_layer_step_batch(call->run);
    return (mote_real)(call->loss->by_sample ? samples : samples * call->elements);
}

void mote_pairs_forward(const mote_layer_run *run, const void *state)
{
    pairs_call call = make_call(run, state);
    mote_loss_sum sum = {
        .rows = 1,
        .width = call.elements,
        .terms = call.elements,
        .value = sum_sample,
        .argument = &call,
    };
    mote_real *const metrics = run->outputs[0].data;
    mote_loss_make_metric(run, &sum, MOTE_LOSS_MEAN, get_divisor(&call));
    if (!call.loss->count_correct) {
        metrics[MOTE_LOSS_CORRECT] = -1;
        return;
    }
    sum.value = count_sample;
    mote_loss_make_metric(run, &sum, MOTE_LOSS_CORRECT, (mote_real)call.elements);
}

static void derive_part(void *argument, size_t task, size_t task_count)
{
    const pairs_call *const call = argument;
    size_t first = 0;
    const size_t count =
        mote_parallel_part(call->run->batch * call->elements, task, task_count, &first);
    const mote_loss_pairs pairs = get_pairs(call, first, count);
    mote_real *const derivatives = call->run->input_derivatives[MOTE_LOSS_PREDICTION].data;
    call->loss->derive(&pairs, call->scale, derivatives + first);
}

void mote_pairs_derivative(const mote_layer_run *run, const void *state)
{
    pairs_call call = make_call(run, state);
    call.scale = run->loss_weight / get_divisor(&call);
    const size_t tasks =
        mote_parallel_task_count(run->parallel, run->batch * call.elements, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, derive_part, &call, tasks);
}
