// SPDX-License-Identifier: Apache-2.0
// y = x W^T + b over the last axis: each of a sample's channels * height rows by itself. A batch of one group of sums may be
// cut between any samples: then the gradient, a chain of terms that fits in one block of k, goes on term by term.
#include "layer/layer.h"
#include "layer/linear.h"
#include "layer/units.h"
#include "layer/weighted.h"

#include "base/size.h"

#define UNIT_MAXIMUM 2147483647.0

typedef struct fully_connected_state {
    uint64_t unit;
    mote_weighted weighted;
    mote_linear linear;
} fully_connected_state;

static const mote_property properties[] = {
    {
        .name = "unit",
        .kind = MOTE_PROPERTY_INTEGER,
        .minimum = 1,
        .maximum = UNIT_MAXIMUM,
        .offset = offsetof(fully_connected_state, unit),
        .help = "number of outputs",
    },
    MOTE_WEIGHTED_PROPERTIES(offsetof(fully_connected_state, weighted), "xavier_uniform"){0},
};

static mote_status setup(mote_setup *setup, void *layer_state)
{
    fully_connected_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    const mote_shape *const input = &setup->inputs[0].shape;
    const size_t width = input->dims[2];
    state->linear =
        (mote_linear){.rows = input->dims[0] * input->dims[1], .width = width, .unit = state->unit};
    const mote_shape output = mote_shape_image(input->dims[0], input->dims[1], state->unit);
    MOTE_TRY(mote_setup_output(setup, &output));
    const mote_weighted_shape weights = {
        .weight = {.rank = 2, .dims = {state->unit, width}},
        .fan_in = width,
        .fan_out = state->unit,
        .bias_count = state->unit,
    };
    MOTE_TRY(mote_weighted_declare(setup, &state->weighted, &weights));
    mote_setup_need_input(setup, 0, MOTE_PHASE_GRADIENT);
    setup->declaration->cut_extent = width;
    setup->declaration->forward_cut = MOTE_PRODUCT_BLOCK;
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_BACKWARD;
    setup->declaration->sample_group = mote_batch_sample_group(setup->batch, state->linear.rows);

    const mote_product forward = mote_linear_forward(&state->linear, setup->batch);
    const mote_product gradient = mote_linear_gradient(&state->linear, setup->batch);
    const mote_product derivative = mote_linear_derivative(&state->linear, setup->batch);
    mote_weighted_products(setup, &forward, &gradient, &derivative, 1);
    mote_setup_work(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_BACKWARD,
                    mote_linear_work(&state->linear));
    mote_setup_repeats(setup);
    return MOTE_OK;
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const fully_connected_state *const state = layer_state;
    mote_product product = mote_linear_forward(&state->linear, run->batch);
    product.left.data = (const mote_real *)run->inputs[0].data + run->slice.first;
    product.right.data = mote_tensor_slice(&run->weights[MOTE_WEIGHTED_WEIGHT], run->slice,
                                           &product.right.outer.step);
    if (run->slice.count < state->linear.width) { // blocks of the sum are groups then
        product.depth = run->slice.count;
        product.group = MOTE_PRODUCT_BLOCK;
        product.goes_on = run->slice.first > 0;
    }
    if (run->slice.first + run->slice.count == state->linear.width)
        product.column_bias = mote_weighted_bias(run, &state->weighted);
    product.out = run->outputs[0].data;
    run->kernels->product(&product, run->parallel, run->scratch);
}

/// Columns, unlike the planes of mote_units_sum: the units of a row lie side by side.
static void sum_columns(const mote_units *block, const mote_real *x, mote_real *sum)
{
    mote_columns_sum(block, x + block->first, sum);
}

/// Columns of the gradient whose terms are added one after the other, so that they stay in a cache.
#define CHUNK ((size_t)2048)

typedef struct go_on_call {
    const mote_layer_run *run;
    const mote_linear *linear;
} go_on_call;

/// y = fma(x, factor, y) along a part of a row of the gradient, term by term: 1 y - 0 is y, of zeros, too.
static void add_terms(const go_on_call *call, size_t unit, mote_slice columns)
{
    const mote_layer_run *const run = call->run;
    const mote_real *const dy = run->output_derivatives[0].data;
    const mote_real *const x = run->inputs[0].data;
    mote_real *const y = (mote_real *)run->gradients[MOTE_WEIGHTED_WEIGHT].data +
                         unit * run->slice.count + columns.first;
    for (size_t k = 0; k < run->batch * call->linear->rows; k++) {
        const mote_blend blend = {
            .scale_a = dy[k * call->linear->unit + unit], .scale_b = 1, .shift = -(mote_real)0.0};
        const size_t place = k * call->linear->width + run->slice.first + columns.first;
        run->kernels->blend(&blend, columns.count, x + place, y, y);
    }
}

static void go_on_units(void *argument, size_t task, size_t task_count)
{
    const go_on_call *const call = argument;
    const size_t width = call->run->slice.count;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->linear->unit, task, task_count, &first);
    for (size_t column = 0; column < width; column += CHUNK) {
        const mote_slice columns = {column, mote_size_min(width - column, CHUNK)};
        for (size_t unit = first; unit < first + count; unit++)
            add_terms(call, unit, columns);
    }
}

/// The gradient goes on inside the first group of samples.
static void go_on(const mote_layer_run *run, const mote_linear *linear)
{
    go_on_call call = {run, linear};
    const size_t work = run->batch * linear->rows * linear->unit * run->slice.count;
    const size_t tasks = mote_parallel_task_count(run->parallel, work, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, go_on_units, &call, mote_size_min(tasks, linear->unit));
}

static void make_weight_gradient(const mote_layer_run *run, const fully_connected_state *state)
{
    if (run->first_sample % mote_batch_group(state->linear.rows) != 0) {
        go_on(run, &state->linear);
        return;
    }
    mote_product product = mote_linear_gradient(&state->linear, run->batch);
    product.goes_on = run->first_sample > 0;
    product.columns = run->slice.count;
    product.row_step = run->slice.count;
    product.left.data = run->output_derivatives[0].data;
    product.right.data = (const mote_real *)run->inputs[0].data + run->slice.first;
    product.out = run->gradients[MOTE_WEIGHTED_WEIGHT].data;
    run->kernels->product(&product, run->parallel, run->scratch);
}

static void calc_gradient(const mote_layer_run *run, const void *layer_state)
{
    const fully_connected_state *const state = layer_state;
    make_weight_gradient(run, state);
    if (run->slice.first > 0)
        return;
    mote_weighted_bias_gradient(run, &state->weighted, state->unit, state->linear.rows,
                                sum_columns);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const fully_connected_state *const state = layer_state;
    mote_product product = mote_linear_derivative(&state->linear, run->batch);
    product.columns = run->slice.count;
    product.left.data = run->output_derivatives[0].data;
    product.right.data = mote_tensor_slice(&run->weights[MOTE_WEIGHTED_WEIGHT], run->slice,
                                           &product.right.inner.step);
    product.out = (mote_real *)run->input_derivatives[0].data + run->slice.first;
    run->kernels->product(&product, run->parallel, run->scratch);
}

const mote_layer mote_layer_fully_connected = {
    .name = "fully_connected",
    .summary = "weighted sums over the last axis",
    .properties = properties,
    .state_bytes = sizeof(fully_connected_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
    .forward = forward,
    .calc_gradient = MOTE_TRAINING_ONLY(calc_gradient),
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
