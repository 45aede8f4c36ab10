// SPDX-License-Identifier: Apache-2.0
// Depth-wise sums of NEON on 64-bit ARM: a register is a quarter of a row, quarters are worked one after the other. Every
// sum has a name: an array of them would live in memory.
#include "kernel/depthwise_unit.h"

#include "base/training.h"

#include <arm_neon.h>

typedef float32x4_t vector;

#define LANES ((size_t)4)

static inline vector zero(void)
{
    return vdupq_n_f32(0);
}

static inline vector fill(float x)
{
    return vdupq_n_f32(x);
}

static inline vector load(const float *from)
{
    return vld1q_f32(from);
}

static inline void store(float *to, vector x)
{
    vst1q_f32(to, x);
}

static inline vector add(vector a, vector b)
{
    return vaddq_f32(a, b);
}

static inline vector multiply_add(vector a, vector b, vector sum)
{
    return vfmaq_f32(sum, a, b);
}

/// In a register: the compiler would read memory at each use.
static inline vector keep(vector x)
{
    __asm__("" : "+w"(x));
    return x;
}

static inline vector load_some(const float *from, size_t count)
{
    float all[LANES] = {0};
    for (size_t i = 0; i < count; i++)
        all[i] = from[i];
    return vld1q_f32(all);
}

static inline void store_some(float *to, size_t count, vector x)
{
    float all[LANES];
    vst1q_f32(all, x);
    for (size_t i = 0; i < count; i++)
        to[i] = all[i];
}

static inline __attribute__((always_inline)) void transpose(vector *v)
{
    const float32x4x2_t low = vtrnq_f32(v[0], v[1]);
    const float32x4x2_t high = vtrnq_f32(v[2], v[3]);
    v[0] = vcombine_f32(vget_low_f32(low.val[0]), vget_low_f32(high.val[0]));
    v[1] = vcombine_f32(vget_low_f32(low.val[1]), vget_low_f32(high.val[1]));
    v[2] = vcombine_f32(vget_high_f32(low.val[0]), vget_high_f32(high.val[0]));
    v[3] = vcombine_f32(vget_high_f32(low.val[1]), vget_high_f32(high.val[1]));
}

#define LIST_LANES(X) X(0) X(1) X(2) X(3)
#include "kernel/depthwise_sums.h"

const mote_depthwise_unit mote_depthwise_unit_neon = {
    .spread = spread,
    .gather = gather,
    .sum_taps = sum_taps,
    .sum_plane = sum_plane,
    .copy_rows = copy_rows,
    .sum_positions = MOTE_TRAINING_ONLY(sum_positions),
};
