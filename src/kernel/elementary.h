// SPDX-License-Identifier: Apache-2.0
// Elementary functions of one number, inline and without branches so that loops over them become vector
// code. In float they are mote's own: no C library's rounding reaches a weight. In double, the build for
// finite differences, they are libm's.
#ifndef MOTE_KERNEL_ELEMENTARY_H
#define MOTE_KERNEL_ELEMENTARY_H

#include "base/real.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef MOTE_REAL_DOUBLE

#define MOTE_FMA(a, b, c) fma((a), (b), (c))
#define MOTE_SQRT(x)      sqrt(x)

static inline mote_real mote_elementary_exp(mote_real x)
{
    return exp(x);
}

static inline mote_real mote_elementary_log(mote_real x)
{
    return log(x);
}

static inline mote_real mote_elementary_expm1(mote_real x)
{
    return expm1(x);
}

static inline mote_real mote_elementary_log1p(mote_real x)
{
    return log1p(x);
}

static inline mote_real mote_elementary_tanh(mote_real x)
{
    return tanh(x);
}

static inline mote_real mote_elementary_erf(mote_real x)
{
    return erf(x);
}

#else

#define MOTE_FMA(a, b, c) fmaf((a), (b), (c))
#define MOTE_SQRT(x)      sqrtf(x)

#define MOTE_LN2_HIGH 0x1.62e430p-1F
#define MOTE_LN2_LOW  (-0x1.05c610p-29F)

static inline uint32_t mote_float_to_bits(float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float mote_float_from_bits(uint32_t bits)
{
    float value = 0.0F;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/// exp(r) - 1 for |r| <= ln(2) / 2.
static inline float mote_exp_near(float r)
{
    float q = fmaf(r, 0x1.6a240ep-10F, 0x1.1239eep-7F);
    q = fmaf(r, q, 0x1.5558f2p-5F);
    q = fmaf(r, q, 0x1.555492p-3F);
    q = fmaf(r, q, 0x1.fffffcp-2F);
    return fmaf(r * r, q, r);
}

/// exp(x) = 2^n exp(r), |r| <= ln(2) / 2. About 1 ulp. The factor 2^n is applied in two halves, so that
/// results that are denormal are rounded once and results that are too large become infinite.
static inline float mote_elementary_exp(float x)
{
    // beyond these bounds the result is 0 or infinite already
    const float above = x < -104.0F ? -104.0F : x;
    const float bounded = above > 89.0F ? 89.0F : above;
    // adding 1.5 * 2^23 rounds to a whole number, which then stands in the lowest bits
    const float rounder = 0x1.8p23F;
    const float shifted = fmaf(bounded, 0x1.715476p0F, rounder);
    const float n = shifted - rounder;
    float r = fmaf(n, -MOTE_LN2_HIGH, bounded);
    r = fmaf(n, -MOTE_LN2_LOW, r);
    const float p = 1.0F + mote_exp_near(r);
    const uint32_t exponent = mote_float_to_bits(shifted) - mote_float_to_bits(rounder);
    const uint32_t half = ((exponent + 256U) >> 1U) - 128U;
    const float factor = mote_float_from_bits((half + 127U) << 23U);
    return p * factor * mote_float_from_bits((exponent - half + 127U) << 23U);
}

/// exp(x) - 1, precise near 0 as well.
static inline float mote_elementary_expm1(float x)
{
    return fabsf(x) < 0.34F ? mote_exp_near(x) : mote_elementary_exp(x) - 1.0F;
}

/// log(x), x > 0, = n ln(2) + log(1 + f), 1 + f between the roots of 1/2 and of 2. Below 1 ulp.
static inline float mote_elementary_log(float x)
{
    const float denormal = x < 0x1p-126F ? 23.0F : 0.0F;
    const float normal = x < 0x1p-126F ? x * 0x1p23F : x;
    const uint32_t root_half = 0x3f3504f3U;
    const uint32_t bits = mote_float_to_bits(normal) + (0x3f800000U - root_half);
    const float n = (float)(int32_t)(bits >> 23U) - 127.0F - denormal;
    const float f = mote_float_from_bits((bits & 0x7fffffU) + root_half) - 1.0F;
    float p = fmaf(f, 0.06746415048837662F, -0.116755910217762F);
    p = fmaf(f, p, 0.11888232082128525F);
    p = fmaf(f, p, -0.12405602633953094F);
    p = fmaf(f, p, 0.1421954333782196F);
    p = fmaf(f, p, -0.16667994856834412F);
    p = fmaf(f, p, 0.2000211924314499F);
    p = fmaf(f, p, -0.25000008940696716F);
    p = fmaf(f, p, 0.3333331346511841F);
    const float square = f * f;
    const float tail = fmaf(n, MOTE_LN2_LOW, square * fmaf(f, p, -0.5F));
    const float result = fmaf(n, MOTE_LN2_HIGH, f + tail);
    // 0 gives -infinity, what is negative or not a number gives no number
    const float special = x == 0.0F ? -INFINITY : x < 0.0F ? NAN : x;
    return x > 0.0F && x < INFINITY ? result : special;
}

/// log(1 + x) for x from 0 to 1: what 1 + x lost to rounding is added again.
static inline float mote_elementary_log1p(float x)
{
    const float sum = 1.0F + x;
    return mote_elementary_log(sum) + (x - (sum - 1.0F)) / sum;
}

/// tanh(x): near 0 by a polynomial, so that small results keep their precision.
static inline float mote_elementary_tanh(float x)
{
    const float square = x * x;
    float p = fmaf(square, -0.005704251118004322F, 0.02063845843076706F);
    p = fmaf(square, p, -0.053739532828330994F);
    p = fmaf(square, p, 0.13331440091133118F);
    p = fmaf(square, p, -0.3333328068256378F);
    const float near = fmaf(x * square, p, x);
    const float size = fabsf(x);
    const float far = 1.0F - 2.0F / (mote_elementary_exp(2.0F * size) + 1.0F);
    const float far_signed = x < 0.0F ? -far : far;
    return size < 0.625F ? near : far_signed;
}

/// erf(x): near 0 by a polynomial, else 1 - exp(-t - t p(t)); from 4 on it is 1.
static inline float mote_elementary_erf(float x)
{
    const float square = x * x;
    float p = fmaf(square, 8.48119598e-05F, -0.000816898537F);
    p = fmaf(square, p, 0.00520335604F);
    p = fmaf(square, p, -0.0268603414F);
    p = fmaf(square, p, 0.112837128F);
    p = fmaf(square, p, -0.376126349F);
    p = fmaf(square, p, 0.128379166F);
    const float near = fmaf(x, p, x);
    const float size = fabsf(x);
    const float t = size > 4.0F ? 4.0F : size;
    float q = fmaf(t, 1.00577063e-05F, -0.000311145675F);
    q = fmaf(t, q, 0.00359544321F);
    q = fmaf(t, q, -0.0236634966F);
    q = fmaf(t, q, 0.106123522F);
    q = fmaf(t, q, 0.635219157F);
    q = fmaf(t, q, 0.128631964F);
    const float far = 1.0F - mote_elementary_exp(-fmaf(t, q, t));
    const float far_signed = x < 0.0F ? -far : far;
    return size < 0.9F ? near : far_signed;
}

#endif

/// 1 / (1 + exp(-x)), from exp(-|x|): large negative x give exp(x), not 0.
static inline mote_real mote_elementary_sigmoid(mote_real x)
{
    const mote_real e = mote_elementary_exp(x < 0 ? x : -x);
    return (x < 0 ? e : MOTE_REAL(1.0)) / (MOTE_REAL(1.0) + e);
}

#endif
