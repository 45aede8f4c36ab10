// SPDX-License-Identifier: Apache-2.0
// Sums of efforts, and that of a product.
#include "kernel/effort.h"

void mote_effort_add(mote_effort *effort, const mote_effort *more, double share)
{
    for (size_t i = 0; i < MOTE_EFFORT_COUNT; i++)
        effort->amounts[i] += share * more->amounts[i];
}

mote_effort mote_product_effort(const mote_product *product)
{
    const double rows = (double)product->rows;
    const double columns = (double)product->columns;
    const mote_patches *const patches = &product->right.patches;
    const bool is_plain = product->right.kind == MOTE_FACTOR_PLAIN;
    double depth = (double)product->depth;
    if (product->right.kind == MOTE_FACTOR_POSITION_TAPS)
        depth /= (double)(patches->divisor_height * patches->divisor_width);
    mote_effort effort = {{0.0}};
    effort.amounts[is_plain ? MOTE_EFFORT_MULTIPLY : MOTE_EFFORT_CONVOLVE] = rows * columns * depth;
    effort.amounts[is_plain ? MOTE_EFFORT_PANEL : MOTE_EFFORT_PATCH] =
        rows * columns + columns * depth + rows * depth;
    return effort;
}
