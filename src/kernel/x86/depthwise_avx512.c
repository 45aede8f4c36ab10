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

#include "kernel/depthwise_sums.h"

/// Bytes by which planes are fetched ahead: 16 are read at once, more than the processor follows by itself.
#define AHEAD 512U

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

const mote_depthwise_unit mote_depthwise_unit_avx512 = {
    .spread = spread,
    .gather = gather,
    .sum_taps = sum_taps,
    .sum_positions = MOTE_TRAINING_ONLY(sum_positions),
};
