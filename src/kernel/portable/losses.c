// SPDX-License-Identifier: Apache-2.0
// Kernels of losses over pairs of prediction and label.
#include "kernel/portable/lanes.h"

static inline mote_real get_size(mote_real x)
{
    return x < 0 ? -x : x;
}

void MOTE_KERNEL(sum_absolute_differences)(size_t count, const mote_real *a, const mote_real *b,
                                           mote_real *result)
{
#define ADD_SIZE(lane, plane, i) ((lane) + get_size(a[i] - b[i]))
    MOTE_LANES_SUM(count, ADD_SIZE, result);
#undef ADD_SIZE
}

void MOTE_KERNEL(sign_difference)(size_t count, mote_real scale, const mote_real *a,
                                  const mote_real *b, mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
        const mote_real difference = a[i] - b[i];
        const mote_real below = difference < 0 ? -scale : difference; // 0, or not a number
        y[i] = difference > 0 ? scale : below;
    }
}

static inline mote_real get_huber(mote_real difference, mote_real delta)
{
    const mote_real size = get_size(difference);
    const mote_real inner = size > delta ? delta : size;
    return inner * (size - MOTE_REAL(0.5) * inner);
}

void MOTE_KERNEL(sum_huber)(size_t count, mote_real delta, const mote_real *a, const mote_real *b,
                            mote_real *result)
{
#define ADD_HUBER(lane, plane, i) ((lane) + get_huber(a[i] - b[i], delta))
    MOTE_LANES_SUM(count, ADD_HUBER, result);
#undef ADD_HUBER
}

void MOTE_KERNEL(huber_derivative)(const mote_huber *huber, size_t count, const mote_real *a,
                                   const mote_real *b, mote_real *y)
{
    const mote_huber h = *huber;
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
        const mote_real difference = a[i] - b[i];
        const mote_real above = difference < -h.delta ? -h.delta : difference;
        y[i] = (above > h.delta ? h.delta : above) * h.scale;
    }
}

void MOTE_KERNEL(sum_divergences)(size_t count, const mote_real *a, const mote_real *b,
                                  mote_real *result)
{
#define ADD_DIVERGENCE(lane, plane, i) \
    MOTE_FMA(b[i], mote_elementary_log(b[i] > 0 ? b[i] : MOTE_REAL(1.0)) - a[i], lane)
    MOTE_LANES_SUM(count, ADD_DIVERGENCE, result);
#undef ADD_DIVERGENCE
}

/// Neither large predictions nor certain labels lose precision.
static inline mote_real get_cross_sigmoid(mote_real a, mote_real b)
{
    const mote_real rest = mote_elementary_log1p(mote_elementary_exp(a < 0 ? a : -a));
    return MOTE_FMA(a, (a > 0 ? 1 : 0) - b, rest);
}

void MOTE_KERNEL(sum_cross_sigmoid)(size_t count, const mote_real *a, const mote_real *b,
                                    mote_real *result)
{
#define ADD_CROSS(lane, plane, i) ((lane) + get_cross_sigmoid(a[i], b[i]))
    MOTE_LANES_SUM(count, ADD_CROSS, result);
#undef ADD_CROSS
}

void MOTE_KERNEL(cross_sigmoid_derivative)(size_t count, mote_real scale, const mote_real *a,
                                           const mote_real *b, mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = (mote_elementary_sigmoid(a[i]) - b[i]) * scale;
}
