// SPDX-License-Identifier: Apache-2.0
// Layer normalization (Ba, Kiros and Hinton, arXiv 1607.06450): y = (x - mean) / sqrt(variance + epsilon) * weight
// + bias, with mean and variance of each sample over the chosen axes alone.
//
// A sample is seen as [outer][high][inner][low]: a row is what is normalized together, high * low elements; there
// are outer * inner of them. Sums of a row are plain ones over its elements in memory order. For backward, mean
// and inverse deviation of each row are kept beside the input.
#include "layer/layer.h"
#include "layer/units.h"
#include "layer/weighted.h"

#include "base/size.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AXES ((size_t)3)

/// Temporaries: a number a row.
enum {
    MEAN,
    INVERSE_DEVIATION,
};

typedef struct layer_normalization_state {
    mote_property_integers axis;
    double epsilon;
    mote_weighted weighted;
    size_t outer, high, inner, low;
    size_t rows;  // of a sample
    size_t width; // elements of a row
} layer_normalization_state;

static const mote_property properties[] = {
    {
        .name = "axis",
        .kind = MOTE_PROPERTY_INTEGERS,
        .initial = "3",
        .minimum = 1,
        .maximum = AXES,
        .count_minimum = 1,
        .count_maximum = AXES,
        .offset = offsetof(layer_normalization_state, axis),
        .help = "axes that are normalized together: 1 channels, 2 height, 3 width",
    },
    {
        .name = "epsilon",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0.001",
        .minimum = 1e-12,
        .maximum = 1,
        .offset = offsetof(layer_normalization_state, epsilon),
        .help = "added to the variance",
    },
    MOTE_WEIGHTED_PROPERTIES(offsetof(layer_normalization_state, weighted), "ones"){0},
};

/// Sets normalized[i] where axis i + 1 is chosen.
static mote_status choose_axes(const mote_setup *setup, const layer_normalization_state *state,
                               bool normalized[AXES])
{
    for (uint32_t i = 0; i < state->axis.count; i++) {
        const size_t axis = (size_t)state->axis.values[i];
        if (normalized[axis - 1])
            return MOTE_RAISE(MOTE_ERROR_PROPERTY, "layer '%s': axis names %zu twice",
                              setup->layer_name, axis);
        normalized[axis - 1] = true;
    }
    return MOTE_OK;
}

/// Cuts a sample into the four extents, and gives the shape of the weight.
static mote_shape lay_out(const mote_shape *shape, const bool normalized[AXES],
                          layer_normalization_state *state)
{
    size_t extents[] = {1, 1, 1, 1}; // kept, normalized, kept, normalized
    size_t at = 0;
    mote_shape weight = {.rank = 0};
    for (size_t i = 0; i < AXES; i++) {
        at += (at % 2 == 1) != normalized[i];
        extents[at] *= shape->dims[i];
        if (normalized[i])
            weight.dims[weight.rank++] = shape->dims[i];
    }
    state->outer = extents[0];
    state->high = extents[1];
    state->inner = extents[2];
    state->low = extents[3];
    state->rows = state->outer * state->inner;
    state->width = state->high * state->low;
    return weight;
}

/// Whether the elements of a row are neighbours.
static bool is_contiguous(const layer_normalization_state *state)
{
    return state->inner == 1 || state->high == 1;
}

static mote_status declare(mote_setup *setup, const layer_normalization_state *state)
{
    const mote_tensor_spec by_row = {MOTE_DTYPE_REAL, true, {.rank = 1, .dims = {state->rows}}};
    const unsigned phases = MOTE_PHASE_FORWARD | MOTE_PHASE_RECOMPUTE | MOTE_PHASE_BACKWARD;
    MOTE_TRY(mote_setup_temporary(setup, &by_row, phases));
    MOTE_TRY(mote_setup_temporary(setup, &by_row, phases));
    mote_setup_effort(setup, phases, MOTE_EFFORT_NORMALIZE,
                      (double)setup->batch * (double)state->rows * (double)state->width);
    setup->declaration->recomputes = true;
    setup->declaration->sample_phases = phases;
    setup->declaration->sample_group = mote_batch_sample_group(setup->batch, state->rows);
    mote_setup_need_input(setup, 0, MOTE_PHASE_BACKWARD);
    setup->declaration->output_over_input = true;
    setup->declaration->derivative_over_output_derivative = true;
    setup->declaration->derivative_over_input = true;
    if (is_contiguous(state))
        return MOTE_OK;
    const size_t row_bytes = setup->thread_count * state->width * sizeof(mote_real);
    mote_setup_scratch(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_RECOMPUTE, row_bytes);
    mote_setup_scratch(setup, MOTE_PHASE_DERIVATIVE, 2 * row_bytes);
    return MOTE_OK;
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    layer_normalization_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, AXES));
    const mote_shape *const shape = &setup->inputs[0].shape;
    bool normalized[AXES] = {false};
    MOTE_TRY(choose_axes(setup, state, normalized));
    const mote_shape weight = lay_out(shape, normalized, state);
    MOTE_TRY(mote_setup_output(setup, shape));
    const mote_weighted_shape weights = {
        .weight = weight,
        .fan_in = state->width,
        .fan_out = state->width,
    };
    MOTE_TRY(mote_weighted_declare(setup, &state->weighted, &weights));
    return declare(setup, state);
}

/// A phase, row by row.
typedef struct row_call {
    const mote_layer_run *run;
    const layer_normalization_state *state;
    void (*function)(const struct row_call *call, size_t row, mote_real *scratch);
    size_t scratch_rows; // of a task
} row_call;

static void run_part(void *argument, size_t task, size_t task_count)
{
    const row_call *const call = argument;
    const size_t rows = call->run->batch * call->state->rows;
    mote_real *scratch = NULL;
    if (!is_contiguous(call->state))
        scratch = (mote_real *)call->run->scratch + task * call->scratch_rows * call->state->width;
    size_t row = 0;
    const size_t count = mote_parallel_part(rows, task, task_count, &row);
    for (const size_t end = row + count; row < end; row++)
        call->function(call, row, scratch);
}

static void run_rows(row_call *call)
{
    const mote_parallel *const parallel = call->run->parallel;
    const size_t rows = call->run->batch * call->state->rows;
    const size_t tasks =
        mote_parallel_task_count(parallel, rows * call->state->width, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(parallel, run_part, call, mote_size_min(tasks, rows));
}

/// Where a row of the batch begins.
static size_t place(const layer_normalization_state *state, size_t row)
{
    const size_t outer = row / state->inner;
    const size_t inner = row % state->inner;
    return (outer * state->high * state->inner + inner) * state->low;
}

/// The row's elements side by side: copied to `scratch`, or where they are when that is NULL.
static const mote_real *gather(const layer_normalization_state *state, const mote_real *x,
                               size_t row, mote_real *scratch)
{
    const mote_real *const from = x + place(state, row);
    if (!scratch)
        return from;
    for (size_t high = 0; high < state->high; high++)
        memcpy(scratch + high * state->low, from + high * state->inner * state->low,
               state->low * sizeof *scratch);
    return scratch;
}

static void scatter(const layer_normalization_state *state, const mote_real *scratch, size_t row,
                    mote_real *y)
{
    mote_real *const to = y + place(state, row);
    for (size_t high = 0; high < state->high; high++)
        memcpy(to + high * state->inner * state->low, scratch + high * state->low,
               state->low * sizeof *scratch);
}

static void keep(const mote_tensor *temporary, size_t row, mote_real value)
{
    mote_real *const values = temporary->data;
    if (values)
        values[row] = value;
}

static mote_normalization recall(const mote_layer_run *run, size_t row)
{
    const mote_real *const means = run->temporaries[MEAN].data;
    const mote_real *const inverse_deviations = run->temporaries[INVERSE_DEVIATION].data;
    return (mote_normalization){
        .mean = means[row],
        .scale = inverse_deviations[row],
        .weight = run->weights[MOTE_WEIGHTED_WEIGHT].data,
    };
}

static void write_row(const row_call *call, const mote_normalization *normalization, size_t row,
                      const mote_real *x, mote_real *scratch)
{
    mote_real *const y = call->run->outputs[0].data;
    call->run->kernels->normalize(normalization, call->state->width, x,
                                  scratch ? scratch : y + place(call->state, row));
    if (scratch)
        scatter(call->state, scratch, row, y);
}

static void normalize_row(const row_call *call, size_t row, mote_real *scratch)
{
    const layer_normalization_state *const state = call->state;
    const mote_layer_run *const run = call->run;
    const mote_real *const x = gather(state, run->inputs[0].data, row, scratch);
    mote_normalization normalization = {
        .weight = run->weights[MOTE_WEIGHTED_WEIGHT].data,
        .bias = mote_weighted_bias(run, &state->weighted),
    };
    const mote_planes plane = {.count = 1, .elements = state->width};
    mote_real variance = 0;
    run->kernels->moments(&plane, x, &normalization.mean, &variance);
    variance = variance / (mote_real)state->width + (mote_real)state->epsilon;
    normalization.scale = 1 / (mote_real)sqrt((double)variance);
    keep(&run->temporaries[MEAN], row, normalization.mean);
    keep(&run->temporaries[INVERSE_DEVIATION], row, normalization.scale);
    write_row(call, &normalization, row, x, scratch);
}

static void normalize_row_again(const row_call *call, size_t row, mote_real *scratch)
{
    const mote_real *const x = gather(call->state, call->run->inputs[0].data, row, scratch);
    mote_normalization normalization = recall(call->run, row);
    normalization.bias = mote_weighted_bias(call->run, &call->state->weighted);
    write_row(call, &normalization, row, x, scratch);
}

static void recompute(const mote_layer_run *run, const void *layer_state)
{
    row_call call = {
        .run = run, .state = layer_state, .function = normalize_row_again, .scratch_rows = 1};
    run_rows(&call);
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    row_call call = {
        .run = run, .state = layer_state, .function = normalize_row, .scratch_rows = 1};
    run_rows(&call);
}

static void derive_row(const row_call *call, size_t row, mote_real *scratch)
{
    const layer_normalization_state *const state = call->state;
    const mote_layer_run *const run = call->run;
    const mote_normalization normalization = recall(run, row);
    mote_real *const scratch_dy = scratch ? scratch + state->width : NULL;
    const mote_real *const x = gather(state, run->inputs[0].data, row, scratch);
    const mote_real *const dy = gather(state, run->output_derivatives[0].data, row, scratch_dy);
    mote_real *const dx = run->input_derivatives[0].data;
    run->kernels->normalize_derivative(&normalization, state->width, x, dy,
                                       scratch ? scratch : dx + place(state, row));
    if (scratch)
        scatter(state, scratch, row, dx);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    row_call call = {.run = run, .state = layer_state, .function = derive_row, .scratch_rows = 2};
    run_rows(&call);
}

/// Columns of the rows: elements of the weight and the bias.
typedef struct column_call {
    const mote_layer_run *run;
    const layer_normalization_state *state;
    size_t first, count;
} column_call;

/// A run of columns whose elements are neighbours in memory: `count` from `column` on, at `place`.
typedef struct column_run {
    size_t column, count, place;
} column_run;

static column_run find_run(const column_call *call, size_t row, size_t column)
{
    const layer_normalization_state *const state = call->state;
    const size_t high = column / state->low;
    const size_t low = column % state->low;
    return (column_run){
        .column = column - call->first,
        .count = mote_size_min(state->low - low, call->first + call->count - column),
        .place = place(state, row) + high * state->inner * state->low + low,
    };
}

static void add_normalized(const void *argument, size_t row, mote_real *sums)
{
    const column_call *const call = argument;
    const mote_normalization n = recall(call->run, row);
    const mote_real *const dy = call->run->output_derivatives[0].data;
    const mote_real *const x = call->run->inputs[0].data;
    column_run part = {.count = 0};
    for (size_t c = 0; c < call->count; c += part.count) {
        part = find_run(call, row, call->first + c);
        call->run->kernels->add_normalized(&n, part.count, x + part.place, dy + part.place,
                                           sums + part.column);
    }
}

static void add_derivatives(const void *argument, size_t row, mote_real *sums)
{
    const column_call *const call = argument;
    const mote_real *const dy = call->run->output_derivatives[0].data;
    column_run part = {.count = 0};
    for (size_t c = 0; c < call->count; c += part.count) {
        part = find_run(call, row, call->first + c);
        mote_real *const to = sums + part.column;
        call->run->kernels->add(part.count, to, dy + part.place, to);
    }
}

static void sum_block(void *argument, const mote_units *block)
{
    column_call call = *(const column_call *)argument;
    call.first = block->first;
    call.count = block->count;
    mote_columns columns = {
        .samples = call.run->batch,
        .first_sample = call.run->first_sample,
        .rows = call.state->rows,
        .count = block->count,
        .add = add_normalized,
        .argument = &call,
    };
    const mote_tensor *const gradients = call.run->gradients;
    mote_real *const weight = gradients[MOTE_WEIGHTED_WEIGHT].data;
    mote_columns_sum_terms(&columns, weight + block->first);
    if (call.state->weighted.disable_bias)
        return;
    mote_real *const bias = gradients[MOTE_WEIGHTED_BIAS].data;
    columns.add = add_derivatives;
    mote_columns_sum_terms(&columns, bias + block->first);
}

static void calc_gradient(const mote_layer_run *run, const void *layer_state)
{
    const layer_normalization_state *const state = layer_state;
    column_call call = {.run = run, .state = state};
    const mote_units units = {
        .kernels = run->kernels,
        .samples = run->batch,
        .units = state->width,
        .plane = state->rows,
    };
    mote_units_run(run->parallel, &units, sum_block, &call);
}

const mote_layer mote_layer_layer_normalization = {
    .name = "layer_normalization",
    .summary = "mean 0 and variance 1 over some axes of each sample, then scaled and shifted",
    .properties = properties,
    .state_bytes = sizeof(layer_normalization_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
    .forward = forward,
    .calc_gradient = MOTE_TRAINING_ONLY(calc_gradient),
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
    .recompute = MOTE_TRAINING_ONLY(recompute),
};
