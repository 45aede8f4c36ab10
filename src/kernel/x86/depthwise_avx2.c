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

static inline vector fill(float x)
{
    return _mm256_set1_ps(x);
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

static inline __m256i get_mask(size_t count)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vector load_some(const float *from, size_t count)
{
    return _mm256_maskload_ps(from, get_mask(count));
}

static inline void store_some(float *to, size_t count, vector x)
{
    _mm256_maskstore_ps(to, get_mask(count), x);
}

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

static inline __attribute__((always_inline)) void transpose(vector *v)
{
    TRANSPOSE_FOURS(0)
    TRANSPOSE_FOURS(4)
    TRANSPOSE_LANES(0)
    TRANSPOSE_LANES(1)
    TRANSPOSE_LANES(2)
    TRANSPOSE_LANES(3)
}

#define LIST_LANES(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#include "kernel/depthwise_sums.h"

const mote_depthwise_unit mote_depthwise_unit_avx2 = {
    .spread = spread,
    .gather = gather,
    .sum_taps = sum_taps,
    .sum_plane = sum_plane,
    .copy_rows = copy_rows,
    .sum_positions = MOTE_TRAINING_ONLY(sum_positions),
};
