// SPDX-License-Identifier: Apache-2.0
// Depth-wise sums of AVX-512: a register is a row. Every sum has a name: an array of them would live in memory.
#include "kernel/depthwise_unit.h"

#include "base/training.h"

#include <immintrin.h>

#define CHANNELS ((size_t)MOTE_DEPTHWISE_CHANNELS)

/// Positions, and taps of a gradient, that are summed at once.
#define POSITIONS ((size_t)8)
#define TAPS      9U

/// Bytes by which planes are fetched ahead: 16 are read at once, more than the processor follows by itself.
#define AHEAD 512U

#define LIST_1(X)  X(0)
#define LIST_2(X)  LIST_1(X) X(1)
#define LIST_3(X)  LIST_2(X) X(2)
#define LIST_4(X)  LIST_3(X) X(3)
#define LIST_5(X)  LIST_4(X) X(4)
#define LIST_6(X)  LIST_5(X) X(5)
#define LIST_7(X)  LIST_6(X) X(6)
#define LIST_8(X)  LIST_7(X) X(7)
#define LIST_9(X)  LIST_8(X) X(8)
#define LIST_16(X) LIST_9(X) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

#define LIST_16_DOWN(X) \
    X(15) X(14) X(13) X(12) X(11) X(10) X(9) X(8) X(7) X(6) X(5) X(4) X(3) X(2) X(1) X(0)

/// v[i] and v[j] become neighbours' low and high halves of each four.
#define UNPACK(i, j)                            \
    {                                           \
        const __m512 first = v[i];              \
        v[i] = _mm512_unpacklo_ps(first, v[j]); \
        v[j] = _mm512_unpackhi_ps(first, v[j]); \
    }

/// Lane L of v[i + j] is column 4 * L + j of rows i .. i + 3.
#define TRANSPOSE_FOURS(i)                                      \
    {                                                           \
        UNPACK(i, i + 1)                                        \
        UNPACK(i + 2, i + 3)                                    \
        const __m512 low = v[i];                                \
        const __m512 high = v[(i) + 1];                         \
        v[i] = _mm512_shuffle_ps(low, v[(i) + 2], 0x44);        \
        v[(i) + 1] = _mm512_shuffle_ps(low, v[(i) + 2], 0xEE);  \
        v[(i) + 2] = _mm512_shuffle_ps(high, v[(i) + 3], 0x44); \
        v[(i) + 3] = _mm512_shuffle_ps(high, v[(i) + 3], 0xEE); \
    }

/// Columns j, j + 4, j + 8, j + 12 from the lanes of v[j], v[j + 4], v[j + 8], v[j + 12].
#define TRANSPOSE_LANES(j)                                                            \
    {                                                                                 \
        const __m512 even_low = _mm512_shuffle_f32x4(v[j], v[(j) + 4], 0x88);         \
        const __m512 odd_low = _mm512_shuffle_f32x4(v[j], v[(j) + 4], 0xDD);          \
        const __m512 even_high = _mm512_shuffle_f32x4(v[(j) + 8], v[(j) + 12], 0x88); \
        const __m512 odd_high = _mm512_shuffle_f32x4(v[(j) + 8], v[(j) + 12], 0xDD);  \
        v[j] = _mm512_shuffle_f32x4(even_low, even_high, 0x88);                       \
        v[(j) + 4] = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);                   \
        v[(j) + 8] = _mm512_shuffle_f32x4(even_low, even_high, 0xDD);                 \
        v[(j) + 12] = _mm512_shuffle_f32x4(odd_low, odd_high, 0xDD);                  \
    }

#define TRANSPOSE       \
    TRANSPOSE_FOURS(0)  \
    TRANSPOSE_FOURS(4)  \
    TRANSPOSE_FOURS(8)  \
    TRANSPOSE_FOURS(12) \
    TRANSPOSE_LANES(0)  \
    TRANSPOSE_LANES(1)  \
    TRANSPOSE_LANES(2)  \
    TRANSPOSE_LANES(3)

// NOLINTBEGIN(readability-function-size): a statement for each register

/// 16 cells of 16 planes. Places are written in descending order.
static void spread_16(const float *const planes[16], size_t k, __mmask16 mask,
                      const uint32_t places[16], float *to)
{
    __m512 v[16];
#define LOAD_PLANE(i)                                                 \
    _mm_prefetch((const char *)(planes[i] + k) + AHEAD, _MM_HINT_T0); \
    v[i] = _mm512_maskz_loadu_ps(mask, planes[i] + k);
    LIST_16(LOAD_PLANE)
    TRANSPOSE
#define STORE_ROW(i) _mm512_storeu_ps(to + places[i], v[i]);
    LIST_16_DOWN(STORE_ROW)
}

/// 16 rows to 16 planes, which are written in descending order.
static void gather_16(const float *from, __mmask16 mask, float *const planes[16], size_t k)
{
    __m512 v[16];
#define LOAD_ROW(i) v[i] = _mm512_loadu_ps(from + (i)*CHANNELS);
    LIST_16(LOAD_ROW)
    TRANSPOSE
#define STORE_PLANE(i) _mm512_mask_storeu_ps(planes[i] + k, mask, v[i]);
    LIST_16_DOWN(STORE_PLANE)
}

// NOLINTEND(readability-function-size)

static void spread(size_t channels, size_t count, const float *from, size_t from_step,
                   const uint32_t *places, float *to)
{
    const float *planes[16];
    for (size_t c = 0; c < 16; c++)
        planes[c] = from + (c < channels ? c : 0) * from_step;
    if (count < 16) {
        uint32_t some[16]; // what there is not goes to place 0, which is written last
        for (size_t k = 0; k < 16; k++)
            some[k] = places[k < count ? k : 0];
        spread_16(planes, 0, (__mmask16)((1U << count) - 1U), some, to);
        return;
    }
    for (size_t k = 0; k < count; k += 16) {
        const size_t at = k + 16 <= count ? k : count - 16;
        spread_16(planes, at, 0xFFFF, places + at, to);
    }
}

static void gather(size_t channels, size_t count, const float *from, float *to, size_t to_step)
{
    float *planes[16]; // channels that there are not go to channel 0, which is written last
    for (size_t c = 0; c < 16; c++)
        planes[c] = to + (c < channels ? c : 0) * to_step;
    for (size_t k = 0; k < count; k += 16) {
        const size_t rest = count - k;
        const __mmask16 mask = rest < 16 ? (__mmask16)((1U << rest) - 1U) : 0xFFFF;
        gather_16(from + k * CHANNELS, mask, planes, k);
    }
}

#define DECLARE_SUM(i)                                     \
    const float *const x_##i = sums->image + positions[i]; \
    __m512 sum_##i = _mm512_setzero_ps();

#define ADD_TAP(i)   sum_##i = _mm512_fmadd_ps(weight, _mm512_loadu_ps(x_##i + offset), sum_##i);
#define ADD_OUT(i)   sum_##i = _mm512_add_ps(_mm512_loadu_ps(out + (i)*CHANNELS), sum_##i);
#define ADD_BIAS(i)  sum_##i = _mm512_add_ps(sum_##i, bias);
#define STORE_SUM(i) _mm512_storeu_ps(out + (i)*CHANNELS, sum_##i);

#define SUM_TAPS(count)                                                                      \
    static void sum_taps_##count(const mote_depthwise_sums *sums, const uint32_t *positions, \
                                 float *out)                                                 \
    {                                                                                        \
        LIST_##count(DECLARE_SUM);                                                           \
        for (size_t tap = 0; tap < sums->taps; tap++) {                                      \
            const __m512 weight = _mm512_loadu_ps(sums->weights + tap * CHANNELS);           \
            const size_t offset = sums->offsets[tap];                                        \
            LIST_##count(ADD_TAP);                                                           \
        }                                                                                    \
        if (sums->add) {                                                                     \
            LIST_##count(ADD_OUT);                                                           \
        }                                                                                    \
        if (sums->bias) {                                                                    \
            const __m512 bias = _mm512_loadu_ps(sums->bias);                                 \
            LIST_##count(ADD_BIAS);                                                          \
        }                                                                                    \
        LIST_##count(STORE_SUM);                                                             \
    }

#define DECLARE_TAP(t)                                                     \
    const float *const image_##t = gradient->image + gradient->offsets[t]; \
    __m512 sum_##t = _mm512_loadu_ps(gradient->sums + (t)*CHANNELS);

#define ADD_POSITION(t) \
    sum_##t = _mm512_fmadd_ps(factor, _mm512_loadu_ps(image_##t + position), sum_##t);
#define STORE_TAP(t) _mm512_storeu_ps(gradient->sums + (t)*CHANNELS, sum_##t);

#define SUM_POSITIONS(taps)                                                                 \
    static void sum_positions_##taps(const mote_depthwise_gradient *gradient, size_t count, \
                                     const uint32_t *positions, const float *dy)            \
    {                                                                                       \
        LIST_##taps(DECLARE_TAP);                                                           \
        for (size_t i = 0; i < count; i++) {                                                \
            const __m512 factor = _mm512_loadu_ps(dy + i * CHANNELS);                       \
            const size_t position = positions[i];                                           \
            LIST_##taps(ADD_POSITION);                                                      \
        }                                                                                   \
        LIST_##taps(STORE_TAP);                                                             \
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
    static void (*const runs[])(const mote_depthwise_sums *, const uint32_t *, float *) = {
        sum_taps_1, sum_taps_2, sum_taps_3, sum_taps_4,
        sum_taps_5, sum_taps_6, sum_taps_7, sum_taps_8,
    };
    for (; count > POSITIONS; count -= POSITIONS) {
        sum_taps_8(sums, positions, out);
        positions += POSITIONS;
        out += POSITIONS * CHANNELS;
    }
    runs[count - 1](sums, positions, out);
}

static void sum_positions(const mote_depthwise_gradient *gradient, size_t count,
                          const uint32_t *positions, const float *dy)
{
    static void (*const runs[])(const mote_depthwise_gradient *, size_t, const uint32_t *,
                                const float *) = {
        sum_positions_1, sum_positions_2, sum_positions_3, sum_positions_4, sum_positions_5,
        sum_positions_6, sum_positions_7, sum_positions_8, sum_positions_9,
    };
    mote_depthwise_gradient part = *gradient;
    const size_t parts = (gradient->taps + TAPS - 1) / TAPS;
    for (size_t i = 0; i < parts; i++) {
        const size_t taps = gradient->taps * (i + 1) / parts - gradient->taps * i / parts;
        runs[taps - 1](&part, count, positions, dy);
        part.offsets += taps;
        part.sums += taps * CHANNELS;
    }
}

const mote_depthwise_unit mote_depthwise_unit_avx512 = {
    .spread = spread,
    .gather = gather,
    .sum_taps = sum_taps,
    .sum_positions = MOTE_TRAINING_ONLY(sum_positions),
};
