// SPDX-License-Identifier: Apache-2.0
// The tile of AVX-512: 14 rows x 32 columns in 28 of the 32 registers. Every sum has a name: an array of them
// would live in memory.
#include "kernel/tile.h"

#include <immintrin.h>

#define COLUMNS 32U

#define ROWS_1(X)  X(0)
#define ROWS_2(X)  ROWS_1(X) X(1)
#define ROWS_3(X)  ROWS_2(X) X(2)
#define ROWS_4(X)  ROWS_3(X) X(3)
#define ROWS_5(X)  ROWS_4(X) X(4)
#define ROWS_6(X)  ROWS_5(X) X(5)
#define ROWS_7(X)  ROWS_6(X) X(6)
#define ROWS_8(X)  ROWS_7(X) X(7)
#define ROWS_9(X)  ROWS_8(X) X(8)
#define ROWS_10(X) ROWS_9(X) X(9)
#define ROWS_11(X) ROWS_10(X) X(10)
#define ROWS_12(X) ROWS_11(X) X(11)
#define ROWS_13(X) ROWS_12(X) X(12)
#define ROWS_14(X) ROWS_13(X) X(13)

#define DECLARE(r)                        \
    __m512 low_##r = _mm512_setzero_ps(); \
    __m512 high_##r = _mm512_setzero_ps();

#define MULTIPLY(r)                                        \
    factor = _mm512_set1_ps(left[r]);                      \
    low_##r = _mm512_fmadd_ps(factor, right_low, low_##r); \
    high_##r = _mm512_fmadd_ps(factor, right_high, high_##r);

#define STORE(r)                                   \
    _mm512_storeu_ps(out + (r)*out_step, low_##r); \
    _mm512_storeu_ps(out + (r)*out_step + 16, high_##r);

#define ADD(r)                                                             \
    low_##r = _mm512_add_ps(_mm512_loadu_ps(out + (r)*out_step), low_##r); \
    high_##r = _mm512_add_ps(_mm512_loadu_ps(out + (r)*out_step + 16), high_##r);

#define FETCH(r)                                                   \
    _mm_prefetch((const char *)(out + (r)*out_step), _MM_HINT_T0); \
    _mm_prefetch((const char *)(out + (r)*out_step + 16), _MM_HINT_T0);

#define RUN(rows)                                                                           \
    static void run_##rows(size_t depth, const float *left, const float *right, float *out, \
                           size_t out_step, bool add)                                       \
    {                                                                                       \
        ROWS_##rows(FETCH);                                                                 \
        ROWS_##rows(DECLARE);                                                               \
        for (size_t k = 0; k < depth; k++) {                                                \
            const __m512 right_low = _mm512_loadu_ps(right);                                \
            const __m512 right_high = _mm512_loadu_ps(right + 16);                          \
            __m512 factor;                                                                  \
            ROWS_##rows(MULTIPLY);                                                          \
            left += (rows);                                                                 \
            right += COLUMNS;                                                               \
        }                                                                                   \
        if (add) {                                                                          \
            ROWS_##rows(ADD);                                                               \
        }                                                                                   \
        ROWS_##rows(STORE);                                                                 \
    }

// NOLINTBEGIN(readability-function-size): a statement for each register
RUN(1)
RUN(2)
RUN(3)
RUN(4)
RUN(5)
RUN(6)
RUN(7)
RUN(8)
RUN(9)
RUN(10)
RUN(11)
RUN(12)
RUN(13)
RUN(14)

// NOLINTEND(readability-function-size)

static void run(size_t rows, size_t depth, const float *left, const float *right, float *out,
                size_t out_step, bool add)
{
    static void (*const runs[])(size_t, const float *, const float *, float *, size_t, bool) = {
        run_1, run_2, run_3,  run_4,  run_5,  run_6,  run_7,
        run_8, run_9, run_10, run_11, run_12, run_13, run_14,
    };
    runs[rows - 1](depth, left, right, out, out_step, add);
}

// Gathered sums: of all columns (wide), and of the first half of them.
#define POINT(r) const float *const row_##r = g->rows[r];

#define WIDE_MULTIPLY(r)                                   \
    factor = _mm512_set1_ps(*(row_##r + offset));          \
    low_##r = _mm512_fmadd_ps(factor, right_low, low_##r); \
    high_##r = _mm512_fmadd_ps(factor, right_high, high_##r);

#define WIDE_ADD(r)                                                              \
    low_##r = _mm512_add_ps(_mm512_loadu_ps(g->out + (r)*g->out_step), low_##r); \
    high_##r = _mm512_add_ps(_mm512_loadu_ps(g->out + (r)*g->out_step + g->half_step), high_##r);

#define WIDE_STORE(r)                                    \
    _mm512_storeu_ps(g->out + (r)*g->out_step, low_##r); \
    _mm512_storeu_ps(g->out + (r)*g->out_step + g->half_step, high_##r);

#define HALF_DECLARE(r) __m512 low_##r = _mm512_setzero_ps();

#define HALF_MULTIPLY(r)                          \
    factor = _mm512_set1_ps(*(row_##r + offset)); \
    low_##r = _mm512_fmadd_ps(factor, right_low, low_##r);

#define HALF_ADD(r) low_##r = _mm512_add_ps(_mm512_loadu_ps(g->out + (r)*g->out_step), low_##r);

#define HALF_STORE(r) _mm512_storeu_ps(g->out + (r)*g->out_step, low_##r);

#define GATHER_WIDE(rows)                                          \
    static void gather_wide_##rows(const mote_gather *g)           \
    {                                                              \
        const float *right = g->right;                             \
        ROWS_##rows(POINT);                                        \
        ROWS_##rows(DECLARE);                                      \
        for (size_t k = 0; k < g->depth; k++) {                    \
            const size_t offset = g->offsets[k];                   \
            const __m512 right_low = _mm512_loadu_ps(right);       \
            const __m512 right_high = _mm512_loadu_ps(right + 16); \
            __m512 factor;                                         \
            ROWS_##rows(WIDE_MULTIPLY);                            \
            right += 32;                                           \
        }                                                          \
        if (g->add) {                                              \
            ROWS_##rows(WIDE_ADD);                                 \
        }                                                          \
        ROWS_##rows(WIDE_STORE);                                   \
    }

#define GATHER_HALF(rows)                                    \
    static void gather_half_##rows(const mote_gather *g)     \
    {                                                        \
        const float *right = g->right;                       \
        ROWS_##rows(POINT);                                  \
        ROWS_##rows(HALF_DECLARE);                           \
        for (size_t k = 0; k < g->depth; k++) {              \
            const size_t offset = g->offsets[k];             \
            const __m512 right_low = _mm512_loadu_ps(right); \
            __m512 factor;                                   \
            ROWS_##rows(HALF_MULTIPLY);                      \
            right += 16;                                     \
        }                                                    \
        if (g->add) {                                        \
            ROWS_##rows(HALF_ADD);                           \
        }                                                    \
        ROWS_##rows(HALF_STORE);                             \
    }

// NOLINTBEGIN(readability-function-size): a statement for each register

GATHER_WIDE(1)
GATHER_WIDE(2)
GATHER_WIDE(3)
GATHER_WIDE(4)
GATHER_WIDE(5)
GATHER_WIDE(6)
GATHER_WIDE(7)
GATHER_WIDE(8)
GATHER_WIDE(9)

GATHER_HALF(1)
GATHER_HALF(2)
GATHER_HALF(3)
GATHER_HALF(4)
GATHER_HALF(5)
GATHER_HALF(6)
GATHER_HALF(7)
GATHER_HALF(8)
GATHER_HALF(9)

// NOLINTEND(readability-function-size)

static void gather(size_t rows, const mote_gather *g)
{
    typedef void gather_function(const mote_gather *g);
    static gather_function *const wide[] = {gather_wide_1, gather_wide_2, gather_wide_3,
                                            gather_wide_4, gather_wide_5, gather_wide_6,
                                            gather_wide_7, gather_wide_8, gather_wide_9};
    static gather_function *const half[] = {gather_half_1, gather_half_2, gather_half_3,
                                            gather_half_4, gather_half_5, gather_half_6,
                                            gather_half_7, gather_half_8, gather_half_9};
    (g->columns == COLUMNS ? wide : half)[rows - 1](g);
}

// Sums of which both factors are scattered. The output is prefetched unless sums are over before it is there.
#define SHORT 48U

#define PREFETCH(r)                                                      \
    _mm_prefetch((const char *)(g->out + (r)*g->out_step), _MM_HINT_T0); \
    _mm_prefetch((const char *)(g->out + (r)*g->out_step + g->half_step), _MM_HINT_T0);

#define WIDE_BIAS(r)                                                \
    low_##r = _mm512_add_ps(low_##r, _mm512_set1_ps(g->biases[r])); \
    high_##r = _mm512_add_ps(high_##r, _mm512_set1_ps(g->biases[r]));

#define STEP_TO(r) const float *const row_##r = g->left + (r)*g->left_step;

#define SPREAD(rows)                                                 \
    static void spread_##rows(const mote_spread *g)                  \
    {                                                                \
        const float *const low = g->right[0];                        \
        const float *const high = g->right[1];                       \
        const mote_term *const end = g->terms + g->depth;            \
        ROWS_##rows(STEP_TO);                                        \
        if (g->depth > SHORT) {                                      \
            ROWS_##rows(PREFETCH);                                   \
        }                                                            \
        ROWS_##rows(DECLARE);                                        \
        for (const mote_term *term = g->terms; term < end; term++) { \
            const size_t offset = term->left;                        \
            const size_t step = term->right;                         \
            const __m512 right_low = _mm512_loadu_ps(low + step);    \
            const __m512 right_high = _mm512_loadu_ps(high + step);  \
            __m512 factor;                                           \
            ROWS_##rows(WIDE_MULTIPLY);                              \
        }                                                            \
        if (g->add) {                                                \
            ROWS_##rows(WIDE_ADD);                                   \
        }                                                            \
        if (g->biases) {                                             \
            ROWS_##rows(WIDE_BIAS);                                  \
        }                                                            \
        ROWS_##rows(WIDE_STORE);                                     \
    }

// NOLINTBEGIN(readability-function-size): a statement for each register

SPREAD(1)
SPREAD(2)
SPREAD(3)
SPREAD(4)
SPREAD(5)
SPREAD(6)
SPREAD(7)
SPREAD(8)
SPREAD(9)
SPREAD(10)
SPREAD(11)
SPREAD(12)
SPREAD(13)
SPREAD(14)

// NOLINTEND(readability-function-size)

static void spread(size_t rows, const mote_spread *g)
{
    typedef void spread_function(const mote_spread *g);
    static spread_function *const spreads[] = {spread_1,  spread_2,  spread_3,  spread_4, spread_5,
                                               spread_6,  spread_7,  spread_8,  spread_9, spread_10,
                                               spread_11, spread_12, spread_13, spread_14};
    spreads[rows - 1](g);
}

/// Transposes 4 x 4 blocks in the quarters of four rows each.
static void transpose_quarters(__m512 rows[16])
{
    for (size_t i = 0; i < 16; i += 4) {
        const __m512 low_01 = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
        const __m512 high_01 = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
        const __m512 low_23 = _mm512_unpacklo_ps(rows[i + 2], rows[i + 3]);
        const __m512 high_23 = _mm512_unpackhi_ps(rows[i + 2], rows[i + 3]);
        rows[i] = _mm512_shuffle_ps(low_01, low_23, 0x44);
        rows[i + 1] = _mm512_shuffle_ps(low_01, low_23, 0xEE);
        rows[i + 2] = _mm512_shuffle_ps(high_01, high_23, 0x44);
        rows[i + 3] = _mm512_shuffle_ps(high_01, high_23, 0xEE);
    }
}

/// Up to 16 lanes x 16 k; masks say which exist. Each row is read once: rows that lie a page apart would drive each
/// other out of the cache.
static inline void transpose_16(const float *const from[16], const __mmask16 exist[2], float *to,
                                size_t to_step)
{
    __m512 rows[16];
    for (size_t i = 0; i < 16; i++)
        rows[i] = _mm512_maskz_loadu_ps(exist[1], from[i]);
    transpose_quarters(rows);
    for (size_t k = 0; k < 4; k++) {
        // quarters k, k + 4, ... of each four lanes
        const __m512 even_low = _mm512_shuffle_f32x4(rows[k], rows[k + 4], 0x88);
        const __m512 odd_low = _mm512_shuffle_f32x4(rows[k], rows[k + 4], 0xDD);
        const __m512 even_high = _mm512_shuffle_f32x4(rows[k + 8], rows[k + 12], 0x88);
        const __m512 odd_high = _mm512_shuffle_f32x4(rows[k + 8], rows[k + 12], 0xDD);
        const __m512 columns[4] = {_mm512_shuffle_f32x4(even_low, even_high, 0x88),
                                   _mm512_shuffle_f32x4(odd_low, odd_high, 0x88),
                                   _mm512_shuffle_f32x4(even_low, even_high, 0xDD),
                                   _mm512_shuffle_f32x4(odd_low, odd_high, 0xDD)};
        for (size_t i = 0; i < 4; i++) {
            if (exist[1] >> (k + 4 * i) & 1U)
                _mm512_mask_storeu_ps(to + (k + 4 * i) * to_step, exist[0], columns[i]);
        }
    }
}

static void transpose(size_t lanes, size_t depth, const float *from, size_t from_step, float *to,
                      size_t to_step)
{
    const size_t rest = depth % 16;
    for (size_t lane = 0; lane < lanes; lane += 16) {
        const size_t count = lanes - lane < 16 ? lanes - lane : 16;
        const __mmask16 mask = (__mmask16)((1U << count) - 1U);
        const float *rows[16];
        for (size_t i = 0; i < 16; i++)
            rows[i] = from + (i < count ? lane + i : lane) * from_step;
        float *column = to + lane;
        for (size_t k = 0; k < depth / 16; k++) {
            transpose_16(rows, (const __mmask16[2]){mask, 0xFFFF}, column, to_step);
            for (size_t i = 0; i < 16; i++)
                rows[i] += 16;
            column += 16 * to_step;
        }
        if (rest > 0)
            transpose_16(rows, (const __mmask16[2]){mask, (__mmask16)((1U << rest) - 1U)}, column,
                         to_step);
    }
}

const mote_tile mote_tile_avx512 = {
    .rows = 14,
    .columns = COLUMNS,
    .run = run,
    .gather_rows = 9,
    .gather = gather,
    .spread_rows = 14,
    .spread = spread,
    .transpose = transpose,
};
