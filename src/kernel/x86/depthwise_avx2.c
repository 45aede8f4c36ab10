// SPDX-License-Identifier: Apache-2.0
// Depth-wise sums of AVX2 with FMA: a register is half a row, halves are worked one after the other. Every sum has a
// name: an array of them would live in memory.
#include "kernel/depthwise_unit.h"

#include "base/training.h"

#include <immintrin.h>

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

#define LIST_8_DOWN(X) X(7) X(6) X(5) X(4) X(3) X(2) X(1) X(0)

/// v[i] and v[j] become neighbours' low and high halves of each four.
#define UNPACK(i, j)                            \
    {                                           \
        const __m256 first = v[i];              \
        v[i] = _mm256_unpacklo_ps(first, v[j]); \
        v[j] = _mm256_unpackhi_ps(first, v[j]); \
    }

/// Lane L of v[i + j] is column 4 * L + j of rows i .. i + 3.
#define TRANSPOSE_FOURS(i)                                      \
    {                                                           \
        UNPACK(i, i + 1)                                        \
        UNPACK(i + 2, i + 3)                                    \
        const __m256 low = v[i];                                \
        const __m256 high = v[(i) + 1];                         \
        v[i] = _mm256_shuffle_ps(low, v[(i) + 2], 0x44);        \
        v[(i) + 1] = _mm256_shuffle_ps(low, v[(i) + 2], 0xEE);  \
        v[(i) + 2] = _mm256_shuffle_ps(high, v[(i) + 3], 0x44); \
        v[(i) + 3] = _mm256_shuffle_ps(high, v[(i) + 3], 0xEE); \
    }

/// Columns j and j + 4 from the lanes of v[j] and v[j + 4].
#define TRANSPOSE_LANES(j)                                          \
    {                                                               \
        const __m256 low = v[j];                                    \
        v[j] = _mm256_permute2f128_ps(low, v[(j) + 4], 0x20);       \
        v[(j) + 4] = _mm256_permute2f128_ps(low, v[(j) + 4], 0x31); \
    }

#define TRANSPOSE      \
    TRANSPOSE_FOURS(0) \
    TRANSPOSE_FOURS(4) \
    TRANSPOSE_LANES(0) \
    TRANSPOSE_LANES(1) \
    TRANSPOSE_LANES(2) \
    TRANSPOSE_LANES(3)

static __m256i get_mask(size_t count)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// NOLINTBEGIN(readability-function-size): a statement for each register

/// 8 cells of 8 planes. Places are written in descending order.
static void spread_8(const float *const planes[8], size_t k, __m256i mask, const uint32_t places[8],
                     float *to)
{
    __m256 v[8];
#define LOAD_PLANE(i) v[i] = _mm256_maskload_ps(planes[i] + k, mask);
    LIST_8(LOAD_PLANE)
    TRANSPOSE
#define STORE_ROW(i) _mm256_storeu_ps(to + places[i], v[i]);
    LIST_8_DOWN(STORE_ROW)
}

/// 8 half rows to 8 planes, which are written in descending order.
static void gather_8(const float *from, __m256i mask, float *const planes[8], size_t k)
{
    __m256 v[8];
#define LOAD_ROW(i) v[i] = _mm256_loadu_ps(from + (i)*CHANNELS);
    LIST_8(LOAD_ROW)
    TRANSPOSE
#define STORE_PLANE(i) _mm256_maskstore_ps(planes[i] + k, mask, v[i]);
    LIST_8_DOWN(STORE_PLANE)
}

// NOLINTEND(readability-function-size)

static void spread_half(const float *const planes[8], size_t count, const uint32_t *places,
                        float *to)
{
    const __m256i mask = get_mask(count);
    if (count < 8) {
        uint32_t some[8]; // what there is not goes to place 0, which is written last
        for (size_t k = 0; k < 8; k++)
            some[k] = places[k < count ? k : 0];
        spread_8(planes, 0, mask, some, to);
        return;
    }
    for (size_t k = 0; k < count; k += 8) {
        const size_t at = k + 8 <= count ? k : count - 8;
        spread_8(planes, at, mask, places + at, to);
    }
}

static void spread(size_t channels, size_t count, const float *from, size_t from_step,
                   const uint32_t *places, float *to)
{
    for (size_t half = 0; half < CHANNELS; half += HALF) {
        const float *planes[8];
        for (size_t c = 0; c < 8; c++)
            planes[c] = from + (half + c < channels ? half + c : 0) * from_step;
        spread_half(planes, count, places, to + half);
    }
}

static void gather(size_t channels, size_t count, const float *from, float *to, size_t to_step)
{
    for (size_t half = 0; half < channels; half += HALF) {
        float *planes[8]; // channels that there are not go to the first, which is written last
        for (size_t c = 0; c < 8; c++)
            planes[c] = to + (half + c < channels ? half + c : half) * to_step;
        for (size_t k = 0; k < count; k += 8)
            gather_8(from + k * CHANNELS + half, get_mask(count - k < 8 ? count - k : 8), planes,
                     k);
    }
}

#define DECLARE_SUM(i)                               \
    const float *const x_##i = image + positions[i]; \
    __m256 sum_##i = _mm256_setzero_ps();

#define ADD_TAP(i)   sum_##i = _mm256_fmadd_ps(weight, _mm256_loadu_ps(x_##i + offset), sum_##i);
#define ADD_OUT(i)   sum_##i = _mm256_add_ps(_mm256_loadu_ps(out + (i)*CHANNELS), sum_##i);
#define ADD_BIAS(i)  sum_##i = _mm256_add_ps(sum_##i, bias);
#define STORE_SUM(i) _mm256_storeu_ps(out + (i)*CHANNELS, sum_##i);

#define SUM_TAPS(count)                                                                   \
    static void sum_taps_##count(const mote_depthwise_sums *sums, size_t half,            \
                                 const uint32_t *positions, float *out)                   \
    {                                                                                     \
        const float *const image = sums->image + half;                                    \
        LIST_##count(DECLARE_SUM);                                                        \
        for (size_t tap = 0; tap < sums->taps; tap++) {                                   \
            const __m256 weight = _mm256_loadu_ps(sums->weights + tap * CHANNELS + half); \
            const size_t offset = sums->offsets[tap];                                     \
            LIST_##count(ADD_TAP);                                                        \
        }                                                                                 \
        if (sums->add) {                                                                  \
            LIST_##count(ADD_OUT);                                                        \
        }                                                                                 \
        if (sums->bias) {                                                                 \
            const __m256 bias = _mm256_loadu_ps(sums->bias + half);                       \
            LIST_##count(ADD_BIAS);                                                       \
        }                                                                                 \
        LIST_##count(STORE_SUM);                                                          \
    }

#define DECLARE_TAP(t)                                                            \
    const float *const image_##t = gradient->image + half + gradient->offsets[t]; \
    __m256 sum_##t = _mm256_loadu_ps(gradient->sums + half + (t)*CHANNELS);

#define ADD_POSITION(t) \
    sum_##t = _mm256_fmadd_ps(factor, _mm256_loadu_ps(image_##t + position), sum_##t);
#define STORE_TAP(t) _mm256_storeu_ps(gradient->sums + half + (t)*CHANNELS, sum_##t);

#define SUM_POSITIONS(taps)                                                                    \
    static void sum_positions_##taps(const mote_depthwise_gradient *gradient, size_t half,     \
                                     size_t count, const uint32_t *positions, const float *dy) \
    {                                                                                          \
        LIST_##taps(DECLARE_TAP);                                                              \
        for (size_t i = 0; i < count; i++) {                                                   \
            const __m256 factor = _mm256_loadu_ps(dy + half + i * CHANNELS);                   \
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

const mote_depthwise_unit mote_depthwise_unit_avx2 = {
    .spread = spread,
    .gather = gather,
    .sum_taps = sum_taps,
    .sum_positions = MOTE_TRAINING_ONLY(sum_positions),
};
