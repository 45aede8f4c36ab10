// SPDX-License-Identifier: Apache-2.0
// Batch normalization by channel, or by feature where a sample is one row. Trained, it uses the
// batch's statistics and mixes them into the running ones when the weights change; frozen, it uses
// and keeps the running ones.
#include "layer/layer.h"
#include "layer/units.h"
#include "layer/weighted.h"

#include <math.h>
#include <string.h>

enum {
    RUNNING_MEAN,
    RUNNING_VARIANCE,
};

/// Temporaries, of a layer that is trained.
enum {
    BATCH_MEAN,
    BATCH_INVERSE_DEVIATION,
    BATCH_VARIANCE,
    SUMS,      // of dy, then of dy * (x - mean), by unit
    SUMS_DONE, // 1 + the first unit of the band of which SUMS are those of this step, which gradient and derivative share
};

typedef struct batch_normalization_state {
    double epsilon, momentum;
    mote_weighted weighted;
    size_t units; // channels or features
    size_t plane; // elements of a unit in a sample
    bool frozen;
} batch_normalization_state;

static const mote_property properties[] = {
    {
        .name = "epsilon",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0.001",
        .minimum = 1e-12,
        .maximum = 1,
        .offset = offsetof(batch_normalization_state, epsilon),
        .help = "added to the variance",
    },
    {
        .name = "momentum",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0.99",
        .minimum = 0,
        .maximum = 1,
        .offset = offsetof(batch_normalization_state, momentum),
        .help = "share of the running statistics that a step keeps",
    },
    MOTE_WEIGHTED_PROPERTIES(offsetof(batch_normalization_state, weighted), "ones"){0},
};

static mote_status declare_statistics(mote_setup *setup, const batch_normalization_state *state)
{
    mote_weight_declaration statistic = {
        .name = "running_mean",
        .spec = {.dtype = MOTE_DTYPE_REAL, .shape = {.rank = 1, .dims = {state->units}}},
        .initializer = MOTE_INITIALIZER_ZEROS,
        .needs = state->frozen ? 0 : MOTE_PHASE_UPDATE,
    };
    MOTE_TRY(mote_setup_statistic(setup, &statistic));
    statistic.name = "running_var";
    statistic.initializer = MOTE_INITIALIZER_ONES;
    statistic.needs = state->frozen ? MOTE_PHASE_DERIVATIVE : MOTE_PHASE_UPDATE;
    return mote_setup_statistic(setup, &statistic);
}

static mote_status declare_temporaries(mote_setup *setup, const batch_normalization_state *state)
{
    const mote_tensor_spec by_unit = {MOTE_DTYPE_REAL, false, {.rank = 1, .dims = {state->units}}};
    const mote_tensor_spec pairs = {MOTE_DTYPE_REAL, false, {.rank = 2, .dims = {2, state->units}}};
    const mote_tensor_spec flag = {MOTE_DTYPE_I32, false, {.rank = 1, .dims = {1}}};
    const unsigned normalizing = MOTE_PHASE_FORWARD | MOTE_PHASE_RECOMPUTE;
    MOTE_TRY(mote_setup_temporary(setup, &by_unit,
                                  normalizing | MOTE_PHASE_BACKWARD | MOTE_PHASE_UPDATE));
    MOTE_TRY(mote_setup_temporary(setup, &by_unit, normalizing | MOTE_PHASE_BACKWARD));
    MOTE_TRY(mote_setup_temporary(setup, &by_unit, MOTE_PHASE_FORWARD | MOTE_PHASE_UPDATE));
    MOTE_TRY(mote_setup_temporary(setup, &pairs, MOTE_PHASE_BACKWARD));
    return mote_setup_temporary(setup, &flag, MOTE_PHASE_FORWARD | MOTE_PHASE_BACKWARD);
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    batch_normalization_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    const mote_shape *const shape = &setup->inputs[0].shape;
    const bool is_row = shape->dims[0] == 1 && shape->dims[1] == 1;
    state->units = is_row ? shape->dims[2] : shape->dims[0];
    state->plane = is_row ? 1 : shape->dims[1] * shape->dims[2];
    state->frozen = !setup->trainable;
    MOTE_TRY(mote_setup_output(setup, shape));
    const mote_weighted_shape weights = {
        .weight = {.rank = 1, .dims = {state->units}},
        .fan_in = state->units,
        .fan_out = state->units,
        .bias_count = state->units,
    };
    MOTE_TRY(mote_weighted_declare(setup, &state->weighted, &weights));
    MOTE_TRY(declare_statistics(setup, state));
    mote_setup_effort(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_RECOMPUTE | MOTE_PHASE_BACKWARD,
                      MOTE_EFFORT_NORMALIZE,
                      (double)setup->batch * (double)mote_shape_elements(shape));
    setup->declaration->output_over_input = true;
    setup->declaration->derivative_over_output_derivative = true;
    setup->declaration->recomputes = true;
    if (state->plane > 1)
        setup->declaration->band_phases =
            MOTE_PHASE_FORWARD | MOTE_PHASE_RECOMPUTE | MOTE_PHASE_BACKWARD;
    if (state->frozen)
        return MOTE_OK;
    setup->declaration->derivative_over_input = true;
    mote_setup_need_input(setup, 0, MOTE_PHASE_BACKWARD);
    return declare_temporaries(setup, state);
}

/// One phase over all units.
typedef struct unit_call {
    const mote_layer_run *run;
    const batch_normalization_state *state;
} unit_call;

static void run_units(const mote_layer_run *run, const batch_normalization_state *state,
                      mote_units_function *function)
{
    const mote_units units = {
        .kernels = run->kernels,
        .samples = run->batch,
        .units = run->slice.count > 0 ? run->slice.count : state->units,
        .plane = state->plane,
        .revisits_planes = true,
    };
    unit_call call = {.run = run, .state = state};
    mote_units_run(run->parallel, &units, function, &call);
}

/// The numbers of a block's units in a tensor of one number a unit; NULL where the run lacks it.
static mote_real *get_block(const mote_layer_run *run, const mote_tensor *tensor,
                            const mote_units *block)
{
    mote_real *const data = tensor->data;
    return data ? data + run->slice.first + block->first : NULL;
}

/// The block for functions of these arrays; the last may be NULL.
static mote_units lay_out(const mote_units *block, const mote_channels *a, const mote_channels *b,
                          const mote_channels *c)
{
    mote_units laid = *block;
    laid.steps[0] = a->step;
    laid.steps[1] = b ? b->step : 0;
    laid.steps[2] = c ? c->step : 0;
    return laid;
}

static mote_real invert_deviation(const batch_normalization_state *state, mote_real variance)
{
    const mote_real shifted = variance + (mote_real)state->epsilon;
    return 1 / (mote_real)sqrt((double)shifted);
}

static void keep(size_t count, const mote_real *values, mote_real *kept)
{
    if (kept)
        memcpy(kept, values, count * sizeof *kept);
}

static bool uses_batch(const unit_call *call)
{
    return call->run->training && !call->state->frozen;
}

/// Statistics of the batch: to the caller, and kept for the phases to come.
static void measure_block(const unit_call *call, const mote_units *block, mote_real *mean,
                          mote_real *inverse_deviation)
{
    const mote_tensor *const temporaries = call->run->temporaries;
    const mote_channels x = mote_layer_channels(call->run, &call->run->inputs[0]);
    const mote_units laid = lay_out(block, &x, NULL, NULL);
    const mote_real count = (mote_real)(block->samples * block->plane);
    mote_real variance[MOTE_UNITS_BLOCK];
    mote_units_moments(&laid, x.data, mean, variance);
    for (size_t u = 0; u < block->count; u++) {
        variance[u] /= count;
        inverse_deviation[u] = invert_deviation(call->state, variance[u]);
    }
    keep(block->count, mean, get_block(call->run, &temporaries[BATCH_MEAN], block));
    keep(block->count, inverse_deviation,
         get_block(call->run, &temporaries[BATCH_INVERSE_DEVIATION], block));
    keep(block->count, variance, get_block(call->run, &temporaries[BATCH_VARIANCE], block));
}

/// Statistics of the batch, as they were kept.
static void remember_block(const unit_call *call, const mote_units *block, mote_real *mean,
                           mote_real *inverse_deviation)
{
    const mote_tensor *const temporaries = call->run->temporaries;
    memcpy(mean, get_block(call->run, &temporaries[BATCH_MEAN], block),
           block->count * sizeof *mean);
    memcpy(inverse_deviation, get_block(call->run, &temporaries[BATCH_INVERSE_DEVIATION], block),
           block->count * sizeof *inverse_deviation);
}

/// Running statistics.
static void recall_block(const unit_call *call, const mote_units *block, mote_real *mean,
                         mote_real *inverse_deviation)
{
    const mote_tensor *const statistics = call->run->statistics;
    const mote_real *const variance = get_block(call->run, &statistics[RUNNING_VARIANCE], block);
    memcpy(mean, get_block(call->run, &statistics[RUNNING_MEAN], block),
           block->count * sizeof *mean);
    for (size_t u = 0; u < block->count; u++)
        inverse_deviation[u] = invert_deviation(call->state, variance[u]);
}

/// Gives mean and inverse deviation of a block's units.
typedef void block_statistics(const unit_call *call, const mote_units *block, mote_real *mean,
                              mote_real *inverse_deviation);

/// `of_batch` gives the statistics where they are the batch's.
static void apply_block(const unit_call *call, const mote_units *block, block_statistics *of_batch)
{
    const mote_layer_run *const run = call->run;
    const mote_channels x = mote_layer_channels(run, &run->inputs[0]);
    const mote_channels y = mote_layer_channels(run, &run->outputs[0]);
    const mote_units laid = lay_out(block, &x, &y, NULL);
    mote_real mean[MOTE_UNITS_BLOCK];
    mote_real scale[MOTE_UNITS_BLOCK];
    mote_real shift[MOTE_UNITS_BLOCK];
    const mote_real *const gamma = get_block(run, &run->weights[MOTE_WEIGHTED_WEIGHT], block);
    const mote_real *const beta = mote_weighted_bias(run, &call->state->weighted);
    if (uses_batch(call))
        of_batch(call, block, mean, scale);
    else
        recall_block(call, block, mean, scale);
    for (size_t u = 0; u < block->count; u++) {
        scale[u] *= gamma[u];
        shift[u] = (beta ? beta[run->slice.first + block->first + u] : 0) - mean[u] * scale[u];
    }
    mote_units_scale_shift(&laid, scale, shift, x.data, y.data);
}

static void normalize_block(void *argument, const mote_units *block)
{
    apply_block(argument, block, measure_block);
}

static void normalize_block_again(void *argument, const mote_units *block)
{
    apply_block(argument, block, remember_block);
}

static void recompute(const mote_layer_run *run, const void *layer_state)
{
    run_units(run, layer_state, normalize_block_again);
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const batch_normalization_state *const state = layer_state;
    run_units(run, state, normalize_block);
    int32_t *const sums_done = state->frozen ? NULL : run->temporaries[SUMS_DONE].data;
    if (sums_done && run->training)
        *sums_done = 0;
}

static void sum_block(void *argument, const mote_units *block)
{
    const unit_call *const call = argument;
    const mote_layer_run *const run = call->run;
    const mote_channels x = mote_layer_channels(run, &run->inputs[0]);
    const mote_channels dy = mote_layer_channels(run, &run->output_derivatives[0]);
    const mote_units of_dy = lay_out(block, &dy, NULL, NULL);
    const mote_units of_both = lay_out(block, &x, &dy, NULL);
    mote_real *const sums = get_block(run, &run->temporaries[SUMS], block);
    mote_units_sum(&of_dy, dy.data, sums);
    mote_units_sum_centered_products(&of_both, get_block(run, &run->temporaries[BATCH_MEAN], block),
                                     x.data, dy.data, sums + call->state->units);
}

/// Gradient and derivative need the same sums; whichever comes first makes them, of a band anew.
static void ensure_sums(const mote_layer_run *run, const batch_normalization_state *state)
{
    int32_t *const sums_done = run->temporaries[SUMS_DONE].data;
    const int32_t band = (int32_t)run->slice.first + 1;
    if (*sums_done == band)
        return;
    run_units(run, state, sum_block);
    *sums_done = band;
}

static void calc_gradient(const mote_layer_run *run, const void *layer_state)
{
    const batch_normalization_state *const state = layer_state;
    ensure_sums(run, state);
    const mote_real *const sums = run->temporaries[SUMS].data;
    const mote_real *const inverse_deviation = run->temporaries[BATCH_INVERSE_DEVIATION].data;
    mote_real *const gradient = run->gradients[MOTE_WEIGHTED_WEIGHT].data;
    const size_t first = run->slice.first;
    const size_t count = run->slice.count > 0 ? run->slice.count : state->units;
    for (size_t u = first; u < first + count; u++)
        gradient[u] = sums[state->units + u] * inverse_deviation[u];
    if (state->weighted.disable_bias)
        return;
    mote_real *const bias_gradient = run->gradients[MOTE_WEIGHTED_BIAS].data;
    memcpy(bias_gradient + first, sums + first, count * sizeof *sums);
}

/// With batch statistics: dx = scale * (dy - mean(dy) - (x - mean) / variance * mean(dy (x - mean))).
static void derive_block(void *argument, const mote_units *block)
{
    const unit_call *const call = argument;
    const mote_layer_run *const run = call->run;
    const mote_real count = (mote_real)(block->samples * block->plane);
    const mote_real *const gamma = get_block(run, &run->weights[MOTE_WEIGHTED_WEIGHT], block);
    const mote_real *const mean = get_block(run, &run->temporaries[BATCH_MEAN], block);
    const mote_real *const inverse_deviation =
        get_block(run, &run->temporaries[BATCH_INVERSE_DEVIATION], block);
    const mote_real *const sums = get_block(run, &run->temporaries[SUMS], block);
    const mote_channels x = mote_layer_channels(run, &run->inputs[0]);
    const mote_channels dy = mote_layer_channels(run, &run->output_derivatives[0]);
    const mote_channels dx = mote_layer_channels(run, &run->input_derivatives[0]);
    const mote_units laid = lay_out(block, &dy, &x, &dx);
    mote_units_blend_factors factors;
    for (size_t u = 0; u < block->count; u++) {
        const mote_real scale = gamma[u] * inverse_deviation[u];
        const mote_real variance_share = inverse_deviation[u] * inverse_deviation[u] / count;
        factors.scale_a[u] = scale;
        factors.scale_b[u] = -scale * variance_share * sums[call->state->units + u];
        factors.shift[u] = -scale * sums[u] / count - factors.scale_b[u] * mean[u];
    }
    mote_units_blend(&laid, &factors, dy.data, x.data, dx.data);
}

static void derive_frozen_block(void *argument, const mote_units *block)
{
    const unit_call *const call = argument;
    const mote_layer_run *const run = call->run;
    const mote_real *const gamma = get_block(run, &run->weights[MOTE_WEIGHTED_WEIGHT], block);
    const mote_real *const variance = get_block(run, &run->statistics[RUNNING_VARIANCE], block);
    const mote_channels dy = mote_layer_channels(run, &run->output_derivatives[0]);
    const mote_channels dx = mote_layer_channels(run, &run->input_derivatives[0]);
    const mote_units laid = lay_out(block, &dy, &dx, NULL);
    mote_real scale[MOTE_UNITS_BLOCK];
    const mote_real shift[MOTE_UNITS_BLOCK] = {0};
    for (size_t u = 0; u < block->count; u++)
        scale[u] = gamma[u] * invert_deviation(call->state, variance[u]);
    mote_units_scale_shift(&laid, scale, shift, dy.data, dx.data);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const batch_normalization_state *const state = layer_state;
    if (state->frozen) {
        run_units(run, state, derive_frozen_block);
        return;
    }
    ensure_sums(run, state);
    run_units(run, state, derive_block);
}

static void update_statistic(size_t count, mote_real share, const mote_real *batch,
                             mote_real *running)
{
    for (size_t i = 0; i < count; i++)
        running[i] += share * (batch[i] - running[i]);
}

static void update(const mote_layer_run *run, const void *layer_state)
{
    const batch_normalization_state *const state = layer_state;
    if (state->frozen)
        return;
    const mote_real share = (mote_real)(1.0 - state->momentum);
    update_statistic(state->units, share, run->temporaries[BATCH_MEAN].data,
                     run->statistics[RUNNING_MEAN].data);
    update_statistic(state->units, share, run->temporaries[BATCH_VARIANCE].data,
                     run->statistics[RUNNING_VARIANCE].data);
}

const mote_layer mote_layer_batch_normalization = {
    .name = "batch_normalization",
    .summary = "mean 0 and variance 1 by channel or feature, then scaled and shifted",
    .properties = properties,
    .state_bytes = sizeof(batch_normalization_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
    .forward = forward,
    .calc_gradient = MOTE_TRAINING_ONLY(calc_gradient),
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
    .update = MOTE_TRAINING_ONLY(update),
    .recompute = MOTE_TRAINING_ONLY(recompute),
};
