// SPDX-License-Identifier: Apache-2.0
// Depth-wise sums of AVX2 with FMA: a register is half a row, halves are worked one after the other. Every sum has a
// name: an array of them would live in memory.
#include "kernel/depthwise_unit.h"

#include "base/training.h"

#include <immintrin.h>

typedef __m256 vector;

#define LANES ((size_t)8)

static inline vector zero(void)
{
    return _mm256_setzero_ps();
}

static inline vector load(const float *from)
{
    return _mm256_loadu_ps(from);
}

static inline void store(float *to, vector x)
{
    _mm256_storeu_ps(to, x);
}

static inline vector add(vector a, vector b)
{
    return _mm256_add_ps(a, b);
}

static inline vector multiply_add(vector a, vector b, vector sum)
{
    return _mm256_fmadd_ps(a, b, sum);
}

/// In a register: the compiler would read memory at each use.
static inline vector keep(vector x)
{
    __asm__("" : "+x"(x));
    return x;
}

#include "kernel/depthwise_sums.h"
#define HALF 8U

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

const mote_depthwise_unit mote_depthwise_unit_avx2 = {
    .spread = spread,
    .gather = gather,
    .sum_taps = sum_taps,
    .sum_positions = MOTE_TRAINING_ONLY(sum_positions),
};
