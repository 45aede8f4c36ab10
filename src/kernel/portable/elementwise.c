// SPDX-License-Identifier: Apache-2.0
// Element-wise kernels.
#include "kernel/portable/level.h"

void MOTE_KERNEL(relu)(size_t count, const mote_real *x, mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] <= 0 ? 0 : x[i]; // what is not a number stays so
}

void MOTE_KERNEL(sigmoid)(size_t count, const mote_real *x, mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = mote_elementary_sigmoid(x[i]);
}

void MOTE_KERNEL(tanh)(size_t count, const mote_real *x, mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = mote_elementary_tanh(x[i]);
}

void MOTE_KERNEL(relu_derivative)(size_t count, const mote_real *y, const mote_real *dy,
                                  mote_real *dx)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        dx[i] = y[i] > 0 ? dy[i] : 0;
}

void MOTE_KERNEL(sigmoid_derivative)(size_t count, const mote_real *y, const mote_real *dy,
                                     mote_real *dx)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        dx[i] = dy[i] * (y[i] * (1 - y[i]));
}

void MOTE_KERNEL(tanh_derivative)(size_t count, const mote_real *y, const mote_real *dy,
                                  mote_real *dx)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        dx[i] = dy[i] * MOTE_FMA(-y[i], y[i], 1);
}

void MOTE_KERNEL(add)(size_t count, const mote_real *a, const mote_real *b, mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = a[i] + b[i];
}

void MOTE_KERNEL(multiply)(size_t count, const mote_real *a, const mote_real *b, mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = a[i] * b[i];
}

void MOTE_KERNEL(scale)(size_t count, mote_real scale, const mote_real *x, mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] * scale;
}

void MOTE_KERNEL(clamp)(size_t count, mote_real limit, const mote_real *x, mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
        const mote_real upper = x[i] > limit ? limit : x[i];
        y[i] = upper < -limit ? -limit : upper;
    }
}

void MOTE_KERNEL(shift_scale)(size_t count, mote_real shift, mote_real scale, const mote_real *x,
                              mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = (x[i] - shift) * scale;
}

void MOTE_KERNEL(scale_shift)(size_t count, mote_real scale, mote_real shift, const mote_real *x,
                              mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = MOTE_FMA(x[i], scale, shift);
}

void MOTE_KERNEL(blend)(const mote_blend *blend, size_t count, const mote_real *a,
                        const mote_real *b, mote_real *y)
{
    const mote_blend factors = *blend;
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = MOTE_FMA(a[i], factors.scale_a, MOTE_FMA(b[i], factors.scale_b, factors.shift));
}

void MOTE_KERNEL(difference)(size_t count, mote_real scale, const mote_real *a, const mote_real *b,
                             mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = (a[i] - b[i]) * scale;
}
