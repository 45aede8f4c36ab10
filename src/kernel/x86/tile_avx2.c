// SPDX-License-Identifier: Apache-2.0
// The tile of AVX2 with FMA: 6 rows x 16 columns in 12 of the 16 registers. Every sum has a name: an array
// of them would live in memory.
#include "kernel/tile.h"

#include <immintrin.h>

#define COLUMNS 16U

#define ROWS_1(X) X(0)
#define ROWS_2(X) ROWS_1(X) X(1)
#define ROWS_3(X) ROWS_2(X) X(2)
#define ROWS_4(X) ROWS_3(X) X(3)
#define ROWS_5(X) ROWS_4(X) X(4)
#define ROWS_6(X) ROWS_5(X) X(5)

#define DECLARE(r)                        \
    __m256 low_##r = _mm256_setzero_ps(); \
    __m256 high_##r = _mm256_setzero_ps();

#define MULTIPLY(r)                                        \
    factor = _mm256_broadcast_ss(left + (r));              \
    low_##r = _mm256_fmadd_ps(factor, right_low, low_##r); \
    high_##r = _mm256_fmadd_ps(factor, right_high, high_##r);

#define STORE(r)                                   \
    _mm256_storeu_ps(out + (r)*out_step, low_##r); \
    _mm256_storeu_ps(out + (r)*out_step + 8, high_##r);

#define ADD(r)                                                             \
    low_##r = _mm256_add_ps(_mm256_loadu_ps(out + (r)*out_step), low_##r); \
    high_##r = _mm256_add_ps(_mm256_loadu_ps(out + (r)*out_step + 8), high_##r);

#define RUN(rows)                                                                           \
    static void run_##rows(size_t depth, const float *left, const float *right, float *out, \
                           size_t out_step, bool add)                                       \
    {                                                                                       \
        ROWS_##rows(DECLARE);                                                               \
        for (size_t k = 0; k < depth; k++) {                                                \
            const __m256 right_low = _mm256_loadu_ps(right);                                \
            const __m256 right_high = _mm256_loadu_ps(right + 8);                           \
            __m256 factor;                                                                  \
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

// NOLINTEND(readability-function-size)

static void run(size_t rows, size_t depth, const float *left, const float *right, float *out,
                size_t out_step, bool add)
{
    static void (*const runs[])(size_t, const float *, const float *, float *, size_t, bool) = {
        run_1, run_2, run_3, run_4, run_5, run_6,
    };
    runs[rows - 1](depth, left, right, out, out_step, add);
}

// Gathered sums: of all columns (wide), and of the first half of them.
#define POINT(r) const float *const row_##r = g->rows[r];

#define WIDE_MULTIPLY(r)                                   \
    factor = _mm256_broadcast_ss(row_##r + offset);        \
    low_##r = _mm256_fmadd_ps(factor, right_low, low_##r); \
    high_##r = _mm256_fmadd_ps(factor, right_high, high_##r);

#define WIDE_ADD(r)                                                              \
    low_##r = _mm256_add_ps(_mm256_loadu_ps(g->out + (r)*g->out_step), low_##r); \
    high_##r = _mm256_add_ps(_mm256_loadu_ps(g->out + (r)*g->out_step + g->half_step), high_##r);

#define WIDE_STORE(r)                                    \
    _mm256_storeu_ps(g->out + (r)*g->out_step, low_##r); \
    _mm256_storeu_ps(g->out + (r)*g->out_step + g->half_step, high_##r);

#define HALF_DECLARE(r) __m256 low_##r = _mm256_setzero_ps();

#define HALF_MULTIPLY(r)                            \
    factor = _mm256_broadcast_ss(row_##r + offset); \
    low_##r = _mm256_fmadd_ps(factor, right_low, low_##r);

#define HALF_ADD(r) low_##r = _mm256_add_ps(_mm256_loadu_ps(g->out + (r)*g->out_step), low_##r);

#define HALF_STORE(r) _mm256_storeu_ps(g->out + (r)*g->out_step, low_##r);

#define GATHER_WIDE(rows)                                         \
    static void gather_wide_##rows(const mote_gather *g)          \
    {                                                             \
        const float *right = g->right;                            \
        ROWS_##rows(POINT);                                       \
        ROWS_##rows(DECLARE);                                     \
        for (size_t k = 0; k < g->depth; k++) {                   \
            const size_t offset = g->offsets[k];                  \
            const __m256 right_low = _mm256_loadu_ps(right);      \
            const __m256 right_high = _mm256_loadu_ps(right + 8); \
            __m256 factor;                                        \
            ROWS_##rows(WIDE_MULTIPLY);                           \
            right += 16;                                          \
        }                                                         \
        if (g->add) {                                             \
            ROWS_##rows(WIDE_ADD);                                \
        }                                                         \
        ROWS_##rows(WIDE_STORE);                                  \
    }

#define GATHER_HALF(rows)                                    \
    static void gather_half_##rows(const mote_gather *g)     \
    {                                                        \
        const float *right = g->right;                       \
        ROWS_##rows(POINT);                                  \
        ROWS_##rows(HALF_DECLARE);                           \
        for (size_t k = 0; k < g->depth; k++) {              \
            const size_t offset = g->offsets[k];             \
            const __m256 right_low = _mm256_loadu_ps(right); \
            __m256 factor;                                   \
            ROWS_##rows(HALF_MULTIPLY);                      \
            right += 8;                                      \
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

GATHER_HALF(1)
GATHER_HALF(2)
GATHER_HALF(3)
GATHER_HALF(4)
GATHER_HALF(5)
GATHER_HALF(6)

// NOLINTEND(readability-function-size)

static void gather(size_t rows, const mote_gather *g)
{
    typedef void gather_function(const mote_gather *g);
    static gather_function *const wide[] = {gather_wide_1, gather_wide_2, gather_wide_3,
                                            gather_wide_4, gather_wide_5, gather_wide_6};
    static gather_function *const half[] = {gather_half_1, gather_half_2, gather_half_3,
                                            gather_half_4, gather_half_5, gather_half_6};
    (g->columns == COLUMNS ? wide : half)[rows - 1](g);
}

// Sums of which both factors are scattered. The output is prefetched unless sums are over before it is there.
#define SHORT 48U

#define PREFETCH(r)                                                      \
    _mm_prefetch((const char *)(g->out + (r)*g->out_step), _MM_HINT_T0); \
    _mm_prefetch((const char *)(g->out + (r)*g->out_step + g->half_step), _MM_HINT_T0);

#define WIDE_BIAS(r)                                                        \
    low_##r = _mm256_add_ps(low_##r, _mm256_broadcast_ss(g->biases + (r))); \
    high_##r = _mm256_add_ps(high_##r, _mm256_broadcast_ss(g->biases + (r)));

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
            const __m256 right_low = _mm256_loadu_ps(low + step);    \
            const __m256 right_high = _mm256_loadu_ps(high + step);  \
            __m256 factor;                                           \
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

// NOLINTEND(readability-function-size)

static void spread(size_t rows, const mote_spread *g)
{
    typedef void spread_function(const mote_spread *g);
    static spread_function *const spreads[] = {spread_1, spread_2, spread_3,
                                               spread_4, spread_5, spread_6};
    spreads[rows - 1](g);
}

/// Up to 8 lanes x 8 k; the mask says which lanes exist.
static void transpose_8(const float *const from[8], __m256i mask, float *to, size_t to_step)
{
    __m256 rows[8];
    for (size_t i = 0; i < 8; i++)
        rows[i] = _mm256_loadu_ps(from[i]);
    __m256 pairs[8];
    for (size_t i = 0; i < 8; i += 2) {
        pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
    for (size_t half = 0; half < 2; half++) {
        const __m256 *const p = pairs + 4 * half;
        rows[4 * half] = _mm256_shuffle_ps(p[0], p[2], 0x44);
        rows[4 * half + 1] = _mm256_shuffle_ps(p[0], p[2], 0xEE);
        rows[4 * half + 2] = _mm256_shuffle_ps(p[1], p[3], 0x44);
        rows[4 * half + 3] = _mm256_shuffle_ps(p[1], p[3], 0xEE);
    }
    for (size_t k = 0; k < 4; k++) {
        const __m256 first = _mm256_permute2f128_ps(rows[k], rows[k + 4], 0x20);
        const __m256 last = _mm256_permute2f128_ps(rows[k], rows[k + 4], 0x31);
        _mm256_maskstore_ps(to + k * to_step, mask, first);
        _mm256_maskstore_ps(to + (k + 4) * to_step, mask, last);
    }
}

static void transpose(size_t lanes, size_t depth, const float *from, size_t from_step, float *to,
                      size_t to_step)
{
    const size_t whole = depth - depth % 8;
    for (size_t lane = 0; lane < lanes; lane += 8) {
        const size_t count = lanes - lane < 8 ? lanes - lane : 8;
        const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count),
                                                _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
        const float *rows[8];
        for (size_t i = 0; i < 8; i++)
            rows[i] = from + (i < count ? lane + i : lane) * from_step;
        for (size_t k = 0; k < whole; k += 8) {
            transpose_8(rows, mask, to + k * to_step + lane, to_step);
            for (size_t i = 0; i < 8; i++)
                rows[i] += 8;
        }
        for (size_t k = whole; k < depth; k++) {
            for (size_t i = 0; i < count; i++)
                to[k * to_step + lane + i] = from[(lane + i) * from_step + k];
        }
    }
}

const mote_tile mote_tile_avx2 = {
    .rows = 6,
    .columns = COLUMNS,
    .run = run,
    .gather_rows = 6,
    .gather = gather,
    .spread_rows = 6,
    .spread = spread,
    .transpose = transpose,
};
