// SPDX-License-Identifier: Apache-2.0
// Softmax over the last axis and cross entropy in one, by log-sum-exp: mean over batch and rows.
#include "layer/layer.h"
#include "layer/loss.h"

#include "base/size.h"

#include <math.h>

enum {
    LABEL_INDEX,
    LABEL_ONE_HOT,
};

static const char *const label_names[] = {
    [LABEL_INDEX] = "index", [LABEL_ONE_HOT] = "one_hot", NULL};

typedef struct cross_softmax_state {
    uint32_t label;
    size_t rows;  // of a sample
    size_t width; // classes
} cross_softmax_state;

static const mote_property properties[] = {
    {
        .name = "label",
        .kind = MOTE_PROPERTY_CHOICE,
        .initial = "index",
        .choices = label_names,
        .offset = offsetof(cross_softmax_state, label),
        .help = "a class's index, or one share a class",
    },
    {0},
};

static mote_status get_label(const mote_setup *setup, const void *layer_state,
                             mote_tensor_spec *spec)
{
    const cross_softmax_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, MOTE_LOSS_PREDICTION, 3));
    *spec = setup->inputs[MOTE_LOSS_PREDICTION];
    if (state->label == LABEL_INDEX) {
        spec->dtype = MOTE_DTYPE_I32;
        spec->shape.dims[2] = 1;
    }
    return MOTE_OK;
}

/// Declares which indices a label may have.
static mote_status check_classes(const mote_setup *setup, size_t width)
{
    const mote_integer_range classes = {0, (int32_t)mote_size_min(width - 1, INT32_MAX)};
    return mote_setup_check_integers(setup, MOTE_LOSS_LABEL, 3, classes);
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    cross_softmax_state *const state = layer_state;
    mote_tensor_spec label;
    MOTE_TRY(get_label(setup, state, &label));
    MOTE_TRY(mote_loss_check_label(setup, &label));
    const mote_shape *const shape = &setup->inputs[MOTE_LOSS_PREDICTION].shape;
    state->rows = shape->dims[0] * shape->dims[1];
    state->width = shape->dims[2];
    if (state->label == LABEL_INDEX)
        MOTE_TRY(check_classes(setup, state->width));
    mote_setup_need_input(setup, MOTE_LOSS_PREDICTION, MOTE_PHASE_DERIVATIVE);
    mote_setup_need_input(setup, MOTE_LOSS_LABEL, MOTE_PHASE_DERIVATIVE);
    mote_setup_scratch(setup, MOTE_PHASE_FORWARD,
                       mote_loss_scratch_bytes(setup->batch, state->rows));
    mote_setup_effort(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE, MOTE_EFFORT_FUNCTION,
                      (double)setup->batch * (double)mote_shape_elements(shape));
    setup->declaration->derivative_over_input = true;
    mote_loss_slice_samples(setup, state->rows);
    return mote_setup_metrics(setup);
}

typedef struct softmax_call {
    const mote_layer_run *run;
    const cross_softmax_state *state;
    mote_real scale; // of derivatives
} softmax_call;

static const mote_real *get_prediction(const softmax_call *call, size_t row)
{
    const mote_real *const prediction = call->run->inputs[MOTE_LOSS_PREDICTION].data;
    return prediction + row * call->state->width;
}

static const mote_real *get_shares(const softmax_call *call, size_t row)
{
    const mote_real *const shares = call->run->inputs[MOTE_LOSS_LABEL].data;
    return shares + row * call->state->width;
}

/// The row's class, or `width` when its index is none: readers refuse such labels, here it must only
/// do no harm.
static size_t get_class(const softmax_call *call, size_t row)
{
    const int32_t *const indices = call->run->inputs[MOTE_LOSS_LABEL].data;
    const size_t width = call->state->width;
    return indices[row] >= 0 ? mote_size_min((size_t)indices[row], width) : width;
}

static size_t find_maximum(const mote_real *x, size_t count)
{
    size_t place = 0;
    for (size_t i = 1; i < count; i++) {
        if (x[i] > x[place])
            place = i;
    }
    return place;
}

static mote_real get_row_loss(void *argument, size_t row)
{
    const softmax_call *const call = argument;
    const mote_kernels *const kernels = call->run->kernels;
    const size_t width = call->state->width;
    const mote_real *const x = get_prediction(call, row);
    mote_real log_sum = 0;
    kernels->log_sum_exp(width, x, &log_sum);
    if (call->state->label == LABEL_INDEX) {
        const size_t label = get_class(call, row);
        return label < width ? log_sum - x[label] : (mote_real)NAN;
    }
    mote_real shares = 0;
    mote_real product = 0;
    kernels->sum(width, get_shares(call, row), &shares);
    kernels->sum_products(width, get_shares(call, row), x, &product);
    return log_sum * shares - product;
}

static mote_real get_row_correct(void *argument, size_t row)
{
    const softmax_call *const call = argument;
    const size_t width = call->state->width;
    const size_t label = call->state->label == LABEL_INDEX
                             ? get_class(call, row)
                             : find_maximum(get_shares(call, row), width);
    return find_maximum(get_prediction(call, row), width) == label ? 1 : 0;
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const cross_softmax_state *const state = layer_state;
    softmax_call call = {.run = run, .state = state};
    mote_loss_sum sum = {
        .rows = state->rows,
        .width = state->width,
        .terms = state->rows,
        .argument = &call,
    };
    sum.value = get_row_loss;
    mote_loss_make_metric(run, &sum, MOTE_LOSS_MEAN,
                          (mote_real)(mote_layer_step_batch(run) * state->rows));
    sum.value = get_row_correct;
    mote_loss_make_metric(run, &sum, MOTE_LOSS_CORRECT, (mote_real)state->rows);
}

static void derive_row(const softmax_call *call, size_t row)
{
    const mote_real scale = call->scale;
    const mote_kernels *const kernels = call->run->kernels;
    const size_t width = call->state->width;
    mote_real *const derivatives = call->run->input_derivatives[MOTE_LOSS_PREDICTION].data;
    mote_real *const dx = derivatives + row * width;
    kernels->softmax(width, get_prediction(call, row), dx);
    if (call->state->label == LABEL_INDEX) {
        const size_t label = get_class(call, row);
        if (label < width)
            dx[label] -= 1;
        kernels->scale(width, scale, dx, dx);
        return;
    }
    mote_real shares = 0;
    kernels->sum(width, get_shares(call, row), &shares);
    const mote_blend blend = {.scale_a = shares * scale, .scale_b = -scale};
    kernels->blend(&blend, width, dx, get_shares(call, row), dx);
}

static void derive_rows(void *argument, size_t task, size_t task_count)
{
    const softmax_call *const call = argument;
    const size_t rows = call->run->batch * call->state->rows;
    size_t row = 0;
    const size_t count = mote_parallel_part(rows, task, task_count, &row);
    for (const size_t end = row + count; row < end; row++)
        derive_row(call, row);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const cross_softmax_state *const state = layer_state;
    softmax_call call = {.run = run, .state = state};
    const size_t rows = run->batch * state->rows;
    call.scale = run->loss_weight / (mote_real)(mote_layer_step_batch(run) * state->rows);
    const size_t tasks =
        mote_parallel_task_count(run->parallel, rows * state->width, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, derive_rows, &call, mote_size_min(tasks, rows));
}

const mote_layer mote_layer_cross_softmax = {
    .name = "cross_softmax",
    .summary = "softmax over the last axis and cross entropy, mean over batch and rows",
    .kind = MOTE_LAYER_LOSS,
    .properties = properties,
    .state_bytes = sizeof(cross_softmax_state),
    .input_minimum = 2,
    .input_maximum = 2,
    .inference = "softmax",
    .label = MOTE_TRAINING_ONLY(get_label),
    .setup = MOTE_TRAINING_ONLY(setup),
    .forward = MOTE_TRAINING_ONLY(forward),
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
