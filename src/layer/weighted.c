// SPDX-License-Identifier: Apache-2.0
// Declares the weight and the bias of a layer.
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
    const mote_weight_declaration bias = {
        .name = "bias",
        .spec = {.dtype = MOTE_DTYPE_REAL, .shape = {.rank = 1, .dims = {shape->bias_count}}},
        .initializer = (mote_initializer)weighted->bias_initializer,
        .fan_in = shape->fan_in,
        .fan_out = shape->fan_out,
    };
    return mote_setup_weight(setup, &bias);
}

const mote_real *mote_weighted_bias(const mote_layer_run *run, const mote_weighted *weighted)
{
    return weighted->disable_bias ? NULL : run->weights[MOTE_WEIGHTED_BIAS].data;
}
