// SPDX-License-Identifier: Apache-2.0
// Depth-wise sums of NEON on 64-bit ARM: two registers are half a row, halves are worked one after the other. Every
// sum has a name: an array of them would live in memory.
#include "kernel/depthwise_unit.h"

#include "base/training.h"

#include <arm_neon.h>

#define CHANNELS ((size_t)MOTE_DEPTHWISE_CHANNELS)
#define HALF     8U

/// Positions, and taps of a gradient, that are summed at once.
#define POSITIONS ((size_t)8)
#define TAPS      9U

#define LIST_1(X) X(0)
#define LIST_2(X) LIST_1(X) X(1)
#define LIST_3(X) LIST_2(X) X(2)
#define LIST_4(X) LIST_3(X) X(3)
#define LIST_5(X) LIST_4(X) X(4)
#define LIST_6(X) LIST_5(X) X(5)
#define LIST_7(X) LIST_6(X) X(6)
#define LIST_8(X) LIST_7(X) X(7)
#define LIST_9(X) LIST_8(X) X(8)

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

#define DECLARE_SUM(i)                               \
    const float *const x_##i = image + positions[i]; \
    float32x4_t low_##i = vdupq_n_f32(0);            \
    float32x4_t high_##i = vdupq_n_f32(0);

#define ADD_TAP(i)                                                       \
    low_##i = vfmaq_f32(low_##i, weight_low, vld1q_f32(x_##i + offset)); \
    high_##i = vfmaq_f32(high_##i, weight_high, vld1q_f32(x_##i + offset + 4));

#define ADD_OUT(i)                                               \
    low_##i = vaddq_f32(vld1q_f32(out + (i)*CHANNELS), low_##i); \
    high_##i = vaddq_f32(vld1q_f32(out + (i)*CHANNELS + 4), high_##i);

#define ADD_BIAS(i)                         \
    low_##i = vaddq_f32(low_##i, bias_low); \
    high_##i = vaddq_f32(high_##i, bias_high);

#define STORE_SUM(i)                        \
    vst1q_f32(out + (i)*CHANNELS, low_##i); \
    vst1q_f32(out + (i)*CHANNELS + 4, high_##i);

#define SUM_TAPS(count)                                                         \
    static void sum_taps_##count(const mote_depthwise_sums *sums, size_t half,  \
                                 const uint32_t *positions, float *out)         \
    {                                                                           \
        const float *const image = sums->image + half;                          \
        LIST_##count(DECLARE_SUM);                                              \
        for (size_t tap = 0; tap < sums->taps; tap++) {                         \
            const float *const weights = sums->weights + tap * CHANNELS + half; \
            const float32x4_t weight_low = vld1q_f32(weights);                  \
            const float32x4_t weight_high = vld1q_f32(weights + 4);             \
            const size_t offset = sums->offsets[tap];                           \
            LIST_##count(ADD_TAP);                                              \
        }                                                                       \
        if (sums->add) {                                                        \
            LIST_##count(ADD_OUT);                                              \
        }                                                                       \
        if (sums->bias) {                                                       \
            const float32x4_t bias_low = vld1q_f32(sums->bias + half);          \
            const float32x4_t bias_high = vld1q_f32(sums->bias + half + 4);     \
            LIST_##count(ADD_BIAS);                                             \
        }                                                                       \
        LIST_##count(STORE_SUM);                                                \
    }

#define DECLARE_TAP(t)                                                            \
    const float *const image_##t = gradient->image + half + gradient->offsets[t]; \
    float *const sum_##t = gradient->sums + half + (t)*CHANNELS;                  \
    float32x4_t low_##t = vld1q_f32(sum_##t);                                     \
    float32x4_t high_##t = vld1q_f32(sum_##t + 4);

#define ADD_POSITION(t)                                                        \
    low_##t = vfmaq_f32(low_##t, factor_low, vld1q_f32(image_##t + position)); \
    high_##t = vfmaq_f32(high_##t, factor_high, vld1q_f32(image_##t + position + 4));

#define STORE_TAP(t)             \
    vst1q_f32(sum_##t, low_##t); \
    vst1q_f32(sum_##t + 4, high_##t);

#define SUM_POSITIONS(taps)                                                                    \
    static void sum_positions_##taps(const mote_depthwise_gradient *gradient, size_t half,     \
                                     size_t count, const uint32_t *positions, const float *dy) \
    {                                                                                          \
        LIST_##taps(DECLARE_TAP);                                                              \
        for (size_t i = 0; i < count; i++) {                                                   \
            const float32x4_t factor_low = vld1q_f32(dy + half + i * CHANNELS);                \
            const float32x4_t factor_high = vld1q_f32(dy + half + i * CHANNELS + 4);           \
            const size_t position = positions[i];                                              \
            LIST_##taps(ADD_POSITION);                                                         \
        }                                                                                      \
        LIST_##taps(STORE_TAP);                                                                \
    }

// NOLINTBEGIN(readability-function-size): a statement for each register
SUM_TAPS(1)
SUM_TAPS(2)
SUM_TAPS(3)
SUM_TAPS(4)
SUM_TAPS(5)
SUM_TAPS(6)
SUM_TAPS(7)
SUM_TAPS(8)
SUM_POSITIONS(1)
SUM_POSITIONS(2)
SUM_POSITIONS(3)
SUM_POSITIONS(4)
SUM_POSITIONS(5)
SUM_POSITIONS(6)
SUM_POSITIONS(7)
SUM_POSITIONS(8)
SUM_POSITIONS(9)

// NOLINTEND(readability-function-size)

static void sum_taps(const mote_depthwise_sums *sums, size_t count, const uint32_t *positions,
                     float *out)
{
    static void (*const runs[])(const mote_depthwise_sums *, size_t, const uint32_t *, float *) = {
        sum_taps_1, sum_taps_2, sum_taps_3, sum_taps_4,
        sum_taps_5, sum_taps_6, sum_taps_7, sum_taps_8,
    };
    for (size_t i = 0; i < count; i += POSITIONS) {
        const size_t some = count - i < POSITIONS ? count - i : POSITIONS;
        runs[some - 1](sums, 0, positions + i, out + i * CHANNELS);
        runs[some - 1](sums, HALF, positions + i, out + i * CHANNELS + HALF);
    }
}

static void sum_positions(const mote_depthwise_gradient *gradient, size_t count,
                          const uint32_t *positions, const float *dy)
{
    static void (*const runs[])(const mote_depthwise_gradient *, size_t, size_t, const uint32_t *,
                                const float *) = {
        sum_positions_1, sum_positions_2, sum_positions_3, sum_positions_4, sum_positions_5,
        sum_positions_6, sum_positions_7, sum_positions_8, sum_positions_9,
    };
    mote_depthwise_gradient part = *gradient;
    const size_t parts = (gradient->taps + TAPS - 1) / TAPS;
    for (size_t i = 0; i < parts; i++) {
        const size_t taps = gradient->taps * (i + 1) / parts - gradient->taps * i / parts;
        runs[taps - 1](&part, 0, count, positions, dy);
        runs[taps - 1](&part, HALF, count, positions, dy);
        part.offsets += taps;
        part.sums += taps * CHANNELS;
    }
}

const mote_depthwise_unit mote_depthwise_unit_neon = {
    .spread = spread,
    .gather = gather,
    .sum_taps = sum_taps,
    .sum_positions = MOTE_TRAINING_ONLY(sum_positions),
};
