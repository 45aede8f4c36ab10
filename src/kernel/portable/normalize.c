// SPDX-License-Identifier: Apache-2.0
// Normalization of one row whose mean and deviation are known.
#include "kernel/portable/lanes.h"

#include <assert.h>

void MOTE_KERNEL(normalize)(const mote_normalization *normalization, size_t count,
                            const mote_real *x, mote_real *y)
{
    const mote_normalization n = *normalization;
    if (!n.bias) {
        MOTE_ELEMENTWISE
        for (size_t i = 0; i < count; i++)
            y[i] = (x[i] - n.mean) * n.scale * n.weight[i];
        return;
    }
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = MOTE_FMA((x[i] - n.mean) * n.scale, n.weight[i], n.bias[i]);
}

void MOTE_KERNEL(normalize_derivative)(const mote_normalization *normalization, size_t count,
                                       const mote_real *x, const mote_real *dy, mote_real *dx)
{
    assert(count > 0);
    const mote_normalization n = *normalization;
    mote_real sum = 0;
    MOTE_KERNEL(sum_products)(count, dy, n.weight, &sum);
    mote_real centered = 0;
#define ADD(lane, plane, i) MOTE_FMA(dy[i] * n.weight[i], x[i] - n.mean, lane)
    MOTE_LANES_SUM(count, ADD, &centered);
#undef ADD
    const mote_real slope = -(n.scale * n.scale * n.scale) * (centered / (mote_real)count);
    const mote_real shift = -n.scale * (sum / (mote_real)count);
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        dx[i] = MOTE_FMA(dy[i] * n.weight[i], n.scale, MOTE_FMA(x[i] - n.mean, slope, shift));
}

void MOTE_KERNEL(add_normalized)(const mote_normalization *normalization, size_t count,
                                 const mote_real *x, const mote_real *dy, mote_real *sums)
{
    const mote_normalization n = *normalization;
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        sums[i] += dy[i] * ((x[i] - n.mean) * n.scale);
}
