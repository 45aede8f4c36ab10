// SPDX-License-Identifier: Apache-2.0
// Products of programs' layers: two plain factors with a step along each axis.
#include "layer/custom_product.h"

#include "kernel/kernel.h"

/// Extents up to here cannot overflow where the kernel rounds them up.
#define EXTENT_MAX (SIZE_MAX / 4096U)

const char *mote_custom_find_problem(const mote_custom_product *product)
{
    if (!product)
        return "product is NULL";
    if (product->rows == 0 || product->columns == 0 || product->depth == 0)
        return "rows, columns or depth is 0";
    if (product->rows > EXTENT_MAX || product->columns > EXTENT_MAX || product->depth > EXTENT_MAX)
        return "rows, columns or depth is more than memory can address";
    if (product->sample_depth > 0 && product->depth % product->sample_depth)
        return "depth is not a number of samples times sample_depth";
    return NULL;
}

mote_product mote_custom_make_product(const mote_custom_product *product)
{
    const size_t terms = product->sample_depth;
    return (mote_product){
        .rows = product->rows,
        .columns = product->columns,
        .depth = product->depth,
        .group = terms ? mote_batch_group(terms) * terms : 0,
        .left = {.data = product->left,
                 .outer = {.step = product->left_row_step},
                 .inner = {.step = product->left_depth_step}},
        .right = {.data = product->right,
                  .outer = {.step = product->right_column_step},
                  .inner = {.step = product->right_depth_step}},
        .out = product->out,
        .row_step = product->row_step,
        .column_axis = {.step = 1},
        .column_bias = product->bias,
    };
}
