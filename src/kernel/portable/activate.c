// SPDX-License-Identifier: Apache-2.0
// Kernels of activations: functions of one number and their derivatives, from the output where it says enough.
// Written so that what is not a number stays so.
#include "kernel/portable/level.h"

#define SELU_SCALE        MOTE_REAL(1.0507009873554804934193349852946)
#define SELU_ALPHA        MOTE_REAL(1.6732632423543772848170429916717)
#define ROOT_HALF         MOTE_REAL(0.70710678118654752440)
#define DENSITY           MOTE_REAL(0.39894228040143267794) // of the normal distribution at 0
#define TWICE_ROOT_TWO_PI MOTE_REAL(1.59576912160573071176) // 2 sqrt(2 / pi)
#define CUBE              MOTE_REAL(0.044715)
#define SIXTH             MOTE_REAL(0.16666666666666666667)
#define HALF              MOTE_REAL(0.5)

/// Defines kernel `name`: y = function(x).
#define DEFINE_FUNCTION(name)                                              \
    void MOTE_KERNEL(name)(size_t count, const mote_real *x, mote_real *y) \
    {                                                                      \
        MOTE_ELEMENTWISE                                                   \
        for (size_t i = 0; i < count; i++)                                 \
            y[i] = get_##name(x[i]);                                       \
    }

/// Defines kernel `name`_derivative: dx = dy * slope(of), `of` the input or the output.
#define DEFINE_DERIVATIVE(name, of)                                                             \
    void MOTE_KERNEL(name##_derivative)(size_t count, const mote_real *of, const mote_real *dy, \
                                        mote_real *dx)                                          \
    {                                                                                           \
        MOTE_ELEMENTWISE                                                                        \
        for (size_t i = 0; i < count; i++)                                                      \
            dx[i] = dy[i] * get_##name##_slope(of[i]);                                          \
    }

static inline mote_real bound(mote_real x, mote_real low, mote_real high)
{
    const mote_real above = x < low ? low : x;
    return above > high ? high : above;
}

void MOTE_KERNEL(leaky_relu)(size_t count, mote_real slope, const mote_real *x, mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

void MOTE_KERNEL(leaky_relu_derivative)(size_t count, mote_real slope, const mote_real *y,
                                        const mote_real *dy, mote_real *dx)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        dx[i] = y[i] > 0 ? dy[i] : slope * dy[i];
}

static inline mote_real get_relu6(mote_real x)
{
    return bound(x, 0, 6);
}

static inline mote_real get_relu6_slope(mote_real y)
{
    return y > 0 && y < 6 ? 1 : 0;
}

void MOTE_KERNEL(elu)(size_t count, mote_real alpha, const mote_real *x, mote_real *y)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
        const mote_real below = alpha * mote_elementary_expm1(x[i] > 0 ? 0 : x[i]);
        y[i] = x[i] > 0 ? x[i] : below;
    }
}

void MOTE_KERNEL(elu_derivative)(size_t count, mote_real alpha, const mote_real *y,
                                 const mote_real *dy, mote_real *dx)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        dx[i] = dy[i] * (y[i] > 0 ? 1 : y[i] + alpha);
}

static inline mote_real get_selu(mote_real x)
{
    const mote_real below = SELU_SCALE * SELU_ALPHA * mote_elementary_expm1(x > 0 ? 0 : x);
    return x > 0 ? SELU_SCALE * x : below;
}

static inline mote_real get_selu_slope(mote_real y)
{
    return y > 0 ? SELU_SCALE : y + SELU_SCALE * SELU_ALPHA;
}

static inline mote_real get_softplus(mote_real x)
{
    const mote_real rest = mote_elementary_log1p(mote_elementary_exp(x < 0 ? x : -x));
    return (x > 0 ? x : 0) + rest;
}

/// sigmoid(x) = 1 - exp(-y); an output of 0 gives 0.
static inline mote_real get_softplus_slope(mote_real y)
{
    return -mote_elementary_expm1(-y);
}

static inline mote_real get_hard_sigmoid(mote_real x)
{
    return bound(MOTE_FMA(x, SIXTH, HALF), 0, 1);
}

static inline mote_real get_hard_sigmoid_slope(mote_real y)
{
    return y > 0 && y < 1 ? SIXTH : 0;
}

void MOTE_KERNEL(log_softmax_derivative)(size_t count, mote_real sum, const mote_real *y,
                                         const mote_real *dy, mote_real *dx)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        dx[i] = MOTE_FMA(-sum, mote_elementary_exp(y[i]), dy[i]);
}

static inline mote_real get_swish(mote_real x)
{
    return x * mote_elementary_sigmoid(x);
}

static inline mote_real get_swish_slope(mote_real x)
{
    const mote_real s = mote_elementary_sigmoid(x);
    return s * MOTE_FMA(x, 1 - s, 1);
}

static inline mote_real get_normal_share(mote_real x)
{
    return MOTE_FMA(HALF, mote_elementary_erf(x * ROOT_HALF), HALF);
}

static inline mote_real get_gelu(mote_real x)
{
    return x * get_normal_share(x);
}

static inline mote_real get_gelu_slope(mote_real x)
{
    const mote_real density = DENSITY * mote_elementary_exp(-HALF * x * x);
    return MOTE_FMA(x, density, get_normal_share(x));
}

/// (1 + tanh(u)) / 2 = sigmoid(2 u).
static inline mote_real get_tanh_gelu(mote_real x)
{
    const mote_real u = TWICE_ROOT_TWO_PI * x * MOTE_FMA(CUBE * x, x, 1);
    return x * mote_elementary_sigmoid(u);
}

static inline mote_real get_tanh_gelu_slope(mote_real x)
{
    // beyond 100 the slope is 0 or 1 and x^3 might overflow
    const mote_real near = bound(x, -100, 100);
    const mote_real square = near * near;
    const mote_real s =
        mote_elementary_sigmoid(TWICE_ROOT_TWO_PI * near * MOTE_FMA(CUBE, square, 1));
    const mote_real slope = TWICE_ROOT_TWO_PI * MOTE_FMA(3 * CUBE, square, 1);
    return s * MOTE_FMA(near * slope, 1 - s, 1);
}

/// tanh(softplus(x)) = n / d, by e = exp(-|x|).
typedef struct mish_parts {
    mote_real e, n, d;
} mish_parts;

static inline mish_parts get_mish_parts(mote_real x)
{
    const mote_real e = mote_elementary_exp(x < 0 ? x : -x);
    const mote_real n = x < 0 ? e * (e + 2) : MOTE_FMA(2, e, 1);
    return (mish_parts){.e = e, .n = n, .d = n + (x < 0 ? 2 : 2 * e * e)};
}

static inline mote_real get_mish(mote_real x)
{
    const mish_parts parts = get_mish_parts(x);
    return x * (parts.n / parts.d);
}

static inline mote_real get_mish_slope(mote_real x)
{
    const mish_parts parts = get_mish_parts(x);
    const mote_real e = parts.e;
    // 1 - tanh^2 = (d - n)(d + n) / d^2
    const mote_real rest = (x < 0 ? 2 : 2 * e * e) * (parts.n + parts.d) / (parts.d * parts.d);
    const mote_real s = (x < 0 ? e : 1) / (1 + e);
    return MOTE_FMA(x * s, rest, parts.n / parts.d);
}

static inline mote_real get_hard_swish(mote_real x)
{
    return x * get_hard_sigmoid(x);
}

static inline mote_real get_hard_swish_slope(mote_real x)
{
    const mote_real between = MOTE_FMA(x, 2 * SIXTH, HALF);
    const mote_real below = x < -3 ? 0 : between;
    return x > 3 ? 1 : below;
}

DEFINE_FUNCTION(relu6)
DEFINE_DERIVATIVE(relu6, y)
DEFINE_FUNCTION(selu)
DEFINE_DERIVATIVE(selu, y)
DEFINE_FUNCTION(softplus)
DEFINE_DERIVATIVE(softplus, y)
DEFINE_FUNCTION(hard_sigmoid)
DEFINE_DERIVATIVE(hard_sigmoid, y)
DEFINE_FUNCTION(swish)
DEFINE_DERIVATIVE(swish, x)
DEFINE_FUNCTION(gelu)
DEFINE_DERIVATIVE(gelu, x)
DEFINE_FUNCTION(tanh_gelu)
DEFINE_DERIVATIVE(tanh_gelu, x)
DEFINE_FUNCTION(mish)
DEFINE_DERIVATIVE(mish, x)
DEFINE_FUNCTION(hard_swish)
DEFINE_DERIVATIVE(hard_swish, x)
