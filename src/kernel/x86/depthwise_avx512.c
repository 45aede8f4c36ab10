// SPDX-License-Identifier: Apache-2.0
// Depth-wise sums of AVX-512: a register is a row. Every sum has a name: an array of them would live in memory.
#include "kernel/depthwise_unit.h"

#include "base/training.h"

#include <immintrin.h>

typedef __m512 vector;

#define LANES ((size_t)16)

static inline vector zero(void)
{
    return _mm512_setzero_ps();
}

static inline vector fill(float x)
{
    return _mm512_set1_ps(x);
}

static inline vector load(const float *from)
{
    return _mm512_loadu_ps(from);
}

static inline void store(float *to, vector x)
{
    _mm512_storeu_ps(to, x);
}

static inline vector add(vector a, vector b)
{
    return _mm512_add_ps(a, b);
}

static inline vector multiply_add(vector a, vector b, vector sum)
{
    return _mm512_fmadd_ps(a, b, sum);
}

/// In a register: the compiler would read memory at each use.
static inline vector keep(vector x)
{
    __asm__("" : "+v"(x));
    return x;
}

static inline __mmask16 get_mask(size_t count)
{
    return (__mmask16)((1U << count) - 1U);
}

static inline vector load_some(const float *from, size_t count)
{
    return _mm512_maskz_loadu_ps(get_mask(count), from);
}

static inline void store_some(float *to, size_t count, vector x)
{
    _mm512_mask_storeu_ps(to, get_mask(count), x);
}

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

// NOLINTNEXTLINE(readability-function-size): a statement for each register
static inline __attribute__((always_inline)) void transpose(vector *v)
{
    TRANSPOSE_FOURS(0)
    TRANSPOSE_FOURS(4)
    TRANSPOSE_FOURS(8)
    TRANSPOSE_FOURS(12)
    TRANSPOSE_LANES(0)
    TRANSPOSE_LANES(1)
    TRANSPOSE_LANES(2)
    TRANSPOSE_LANES(3)
}

#define LIST_LANES(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

#include "kernel/depthwise_sums.h"

const mote_depthwise_unit mote_depthwise_unit_avx512 = {
    .spread = spread,
    .gather = gather,
    .sum_taps = sum_taps,
    .sum_plane = sum_plane,
    .copy_rows = copy_rows,
    .sum_positions = MOTE_TRAINING_ONLY(sum_positions),
};
