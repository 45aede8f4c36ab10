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

#include "kernel/depthwise_sums.h"

/// Four cells of four planes.
static void spread_4(const float *const planes[4], size_t k, const uint32_t places[4], float *to)
{
    const float32x4x2_t low = vtrnq_f32(vld1q_f32(planes[0] + k), vld1q_f32(planes[1] + k));
    const float32x4x2_t high = vtrnq_f32(vld1q_f32(planes[2] + k), vld1q_f32(planes[3] + k));
    for (size_t odd = 0; odd < 2; odd++) {
        const float32x4_t first = low.val[odd];
        const float32x4_t last = high.val[odd];
        vst1q_f32(to + places[odd], vcombine_f32(vget_low_f32(first), vget_low_f32(last)));
        vst1q_f32(to + places[odd + 2], vcombine_f32(vget_high_f32(first), vget_high_f32(last)));
    }
}

static void spread(size_t channels, size_t count, const float *from, size_t from_step,
                   const uint32_t *places, float *to)
{
    for (size_t channel = 0; channel < CHANNELS; channel += 4) {
        const float *planes[4];
        for (size_t c = 0; c < 4; c++)
            planes[c] = from + (channel + c < channels ? channel + c : 0) * from_step;
        for (size_t k = 0; count >= 4 && k < count; k += 4) {
            const size_t at = k + 4 <= count ? k : count - 4;
            spread_4(planes, at, places + at, to + channel);
        }
        for (size_t k = 0; count < 4 && k < count; k++) {
            for (size_t c = 0; c < 4; c++)
                to[places[k] + channel + c] = planes[c][k];
        }
    }
}

/// Four rows' parts to four planes.
static void gather_4(const float *from, float *const planes[4], size_t k)
{
    const float32x4x2_t low = vtrnq_f32(vld1q_f32(from), vld1q_f32(from + CHANNELS));
    const float32x4x2_t high =
        vtrnq_f32(vld1q_f32(from + 2 * CHANNELS), vld1q_f32(from + 3 * CHANNELS));
    for (size_t odd = 0; odd < 2; odd++) {
        const float32x4_t first = low.val[odd];
        const float32x4_t last = high.val[odd];
        vst1q_f32(planes[odd] + k, vcombine_f32(vget_low_f32(first), vget_low_f32(last)));
        vst1q_f32(planes[odd + 2] + k, vcombine_f32(vget_high_f32(first), vget_high_f32(last)));
    }
}

static void gather(size_t channels, size_t count, const float *from, float *to, size_t to_step)
{
    const size_t whole_channels = count < 4 ? 0 : channels - channels % 4;
    for (size_t channel = 0; channel < whole_channels; channel += 4) {
        float *planes[4];
        for (size_t c = 0; c < 4; c++)
            planes[c] = to + (channel + c) * to_step;
        for (size_t k = 0; k < count; k += 4) {
            const size_t at = k + 4 <= count ? k : count - 4;
            gather_4(from + at * CHANNELS + channel, planes, at);
        }
    }
    for (size_t channel = whole_channels; channel < channels; channel++) {
        for (size_t k = 0; k < count; k++)
            to[channel * to_step + k] = from[k * CHANNELS + channel];
    }
}

const mote_depthwise_unit mote_depthwise_unit_neon = {
    .spread = spread,
    .gather = gather,
    .sum_taps = sum_taps,
    .sum_positions = MOTE_TRAINING_ONLY(sum_positions),
};
