// SPDX-License-Identifier: Apache-2.0
// Products of rows with a weight.
#include "layer/linear.h"

double mote_linear_work(const mote_linear *linear)
{
    return (double)linear->rows * (double)linear->width * (double)linear->unit;
}

mote_product mote_linear_forward(const mote_linear *linear, size_t batch)
{
    return (mote_product){
        .rows = batch * linear->rows,
        .columns = linear->unit,
        .depth = linear->width,
        .left = {.outer = {.step = linear->width}, .inner = {.step = 1}},
        .right = {.outer = {.step = linear->width}, .inner = {.step = 1}},
        .row_step = linear->unit,
        .column_axis = {.step = 1},
    };
}

mote_product mote_linear_gradient(const mote_linear *linear, size_t batch)
{
    return (mote_product){
        .rows = linear->unit,
        .columns = linear->width,
        .depth = batch * linear->rows,
        .group = mote_batch_group(linear->rows) * linear->rows,
        .left = {.outer = {.step = 1}, .inner = {.step = linear->unit}},
        .right = {.outer = {.step = 1}, .inner = {.step = linear->width}},
        .row_step = linear->width,
        .column_axis = {.step = 1},
    };
}

mote_product mote_linear_derivative(const mote_linear *linear, size_t batch)
{
    return (mote_product){
        .rows = batch * linear->rows,
        .columns = linear->width,
        .depth = linear->unit,
        .left = {.outer = {.step = linear->unit}, .inner = {.step = 1}},
        .right = {.outer = {.step = 1}, .inner = {.step = linear->width}},
        .row_step = linear->width,
        .column_axis = {.step = 1},
    };
}
