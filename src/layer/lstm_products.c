// SPDX-License-Identifier: Apache-2.0
// Gates are rows of 4 times the units; rows of gates and of inputs lie by sample and step.
#include "layer/lstm_products.h"

#include "base/size.h"

#define GATES 4U

size_t mote_lstm_gate_width(const mote_lstm_sizes *sizes)
{
    return GATES * sizes->unit;
}

size_t mote_lstm_sample_group(const mote_lstm_sizes *sizes)
{
    const size_t input = mote_batch_group(sizes->steps);
    if (sizes->steps == 1)
        return input;
    return mote_size_common_multiple(input, mote_batch_group(sizes->steps - 1));
}

mote_product mote_lstm_input_product(const mote_lstm_sizes *sizes, size_t batch, size_t steps)
{
    const bool whole = steps == sizes->steps;
    return (mote_product){
        .rows = batch * steps,
        .columns = mote_lstm_gate_width(sizes),
        .depth = sizes->features,
        .left = {.outer = {.period = whole ? 0 : steps,
                           .step = sizes->features,
                           .jump = sizes->steps * sizes->features},
                 .inner = {.step = 1}},
        .right = {.outer = {.step = sizes->features}, .inner = {.step = 1}},
        .row_step = mote_lstm_gate_width(sizes),
        .column_axis = {.step = 1},
    };
}

mote_product mote_lstm_recurrent_product(const mote_lstm_sizes *sizes, size_t batch, size_t stride)
{
    return (mote_product){
        .rows = batch,
        .columns = mote_lstm_gate_width(sizes),
        .depth = sizes->unit,
        .left = {.outer = {.step = stride}, .inner = {.step = 1}},
        .right = {.outer = {.step = sizes->unit}, .inner = {.step = 1}},
        .row_step = mote_lstm_gate_width(sizes),
        .column_axis = {.step = 1},
    };
}

mote_product mote_lstm_flow_product(const mote_lstm_sizes *sizes, size_t batch)
{
    return (mote_product){
        .rows = batch,
        .columns = sizes->unit,
        .depth = mote_lstm_gate_width(sizes),
        .left = {.outer = {.step = sizes->steps * mote_lstm_gate_width(sizes)},
                 .inner = {.step = 1}},
        .right = {.outer = {.step = 1}, .inner = {.step = sizes->unit}},
        .row_step = sizes->unit,
        .column_axis = {.step = 1},
    };
}

mote_product mote_lstm_derivative_product(const mote_lstm_sizes *sizes, size_t batch)
{
    return (mote_product){
        .rows = batch * sizes->steps,
        .columns = sizes->features,
        .depth = mote_lstm_gate_width(sizes),
        .left = {.outer = {.step = mote_lstm_gate_width(sizes)}, .inner = {.step = 1}},
        .right = {.outer = {.step = 1}, .inner = {.step = sizes->features}},
        .row_step = sizes->features,
        .column_axis = {.step = 1},
    };
}

mote_product mote_lstm_input_gradient_product(const mote_lstm_sizes *sizes, size_t batch)
{
    return (mote_product){
        .rows = mote_lstm_gate_width(sizes),
        .columns = sizes->features,
        .depth = batch * sizes->steps,
        .group = mote_batch_group(sizes->steps) * sizes->steps,
        .left = {.outer = {.step = 1}, .inner = {.step = mote_lstm_gate_width(sizes)}},
        .right = {.outer = {.step = 1}, .inner = {.step = sizes->features}},
        .row_step = sizes->features,
        .column_axis = {.step = 1},
    };
}

mote_product mote_lstm_recurrent_gradient_product(const mote_lstm_sizes *sizes, size_t batch)
{
    const size_t pairs = sizes->steps - 1;
    const size_t width = mote_lstm_gate_width(sizes);
    return (mote_product){
        .rows = width,
        .columns = sizes->unit,
        .depth = batch * pairs,
        .group = mote_batch_group(pairs) * pairs,
        .left = {.outer = {.step = 1},
                 .inner = {.period = pairs, .step = width, .jump = sizes->steps * width}},
        .right = {.outer = {.step = 1},
                  .inner = {.period = pairs,
                            .step = sizes->unit,
                            .jump = sizes->steps * sizes->unit}},
        .row_step = sizes->unit,
        .column_axis = {.step = 1},
    };
}
