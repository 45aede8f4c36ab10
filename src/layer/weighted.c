// SPDX-License-Identifier: Apache-2.0
// Declares the weight and the bias of a layer, and makes the gradient of the bias.
#include "layer/weighted.h"

mote_status mote_weighted_declare(mote_setup *setup, const mote_weighted *weighted,
                                  const mote_weighted_shape *shape)
{
    const mote_weight_declaration weight = {
        .name = "weight",
        .spec = {.dtype = MOTE_DTYPE_REAL, .shape = shape->weight},
        .initializer = (mote_initializer)weighted->weight_initializer,
        .fan_in = shape->fan_in,
        .fan_out = shape->fan_out,
        .needs = MOTE_PHASE_DERIVATIVE,
    };
    MOTE_TRY(mote_setup_weight(setup, &weight));
    if (weighted->disable_bias)
        return MOTE_OK;
    mote_weight_declaration bias = {
        .name = "bias",
        .spec = {.dtype = MOTE_DTYPE_REAL, .shape = {.rank = 1, .dims = {shape->bias_count}}},
        .initializer = (mote_initializer)weighted->bias_initializer,
        .fan_in = shape->fan_in,
        .fan_out = shape->fan_out,
    };
    if (shape->bias_count == 0)
        bias.spec.shape = shape->weight;
    return mote_setup_weight(setup, &bias);
}

void mote_weighted_scratch(mote_setup *setup, const mote_product *forward,
                           const mote_product *gradient, const mote_product *derivative)
{
    const size_t threads = setup->thread_count;
    mote_setup_scratch(setup, MOTE_PHASE_FORWARD, mote_product_scratch_bytes(forward, threads));
    mote_setup_scratch(setup, MOTE_PHASE_GRADIENT, mote_product_scratch_bytes(gradient, threads));
    mote_setup_scratch(setup, MOTE_PHASE_DERIVATIVE,
                       mote_product_scratch_bytes(derivative, threads));
}

void mote_weighted_products(mote_setup *setup, const mote_product *forward,
                            const mote_product *gradient, const mote_product *derivative,
                            size_t count)
{
    mote_weighted_scratch(setup, forward, gradient, derivative);
    mote_setup_products(setup, MOTE_PHASE_FORWARD, forward, (double)count);
    mote_setup_products(setup, MOTE_PHASE_GRADIENT, gradient, (double)count);
    mote_setup_products(setup, MOTE_PHASE_DERIVATIVE, derivative, (double)count);
}

const mote_real *mote_weighted_bias(const mote_layer_run *run, const mote_weighted *weighted)
{
    return weighted->disable_bias ? NULL : run->weights[MOTE_WEIGHTED_BIAS].data;
}

typedef struct bias_call {
    mote_weighted_sum *sum;
    const mote_real *dy;
    mote_real *gradient;
} bias_call;

static void sum_block(void *argument, const mote_units *block)
{
    const bias_call *const call = argument;
    call->sum(block, call->dy, call->gradient + block->first);
}

void mote_weighted_bias_gradient(const mote_layer_run *run, const mote_weighted *weighted,
                                 size_t unit_count, size_t plane, mote_weighted_sum *sum)
{
    if (weighted->disable_bias)
        return;
    const mote_units units = {
        .kernels = run->kernels,
        .samples = run->batch,
        .units = unit_count,
        .plane = plane,
        .first_sample = run->first_sample,
    };
    bias_call call = {
        .sum = sum,
        .dy = run->output_derivatives[0].data,
        .gradient = run->gradients[MOTE_WEIGHTED_BIAS].data,
    };
    mote_units_run(run->parallel, &units, sum_block, &call);
}
