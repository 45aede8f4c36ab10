// SPDX-License-Identifier: Apache-2.0
// The tile of NEON on 64-bit ARM: 6 rows x 16 columns in 24 of the 32 registers. Every sum has a name: an array
// of them would live in memory.
#include "kernel/tile.h"

#include <arm_neon.h>

#define COLUMNS 16U

#define ROWS_1(X) X(0)
#define ROWS_2(X) ROWS_1(X) X(1)
#define ROWS_3(X) ROWS_2(X) X(2)
#define ROWS_4(X) ROWS_3(X) X(3)
#define ROWS_5(X) ROWS_4(X) X(4)
#define ROWS_6(X) ROWS_5(X) X(5)

#define DECLARE(r)                         \
    float32x4_t sum0_##r = vdupq_n_f32(0); \
    float32x4_t sum1_##r = vdupq_n_f32(0); \
    float32x4_t sum2_##r = vdupq_n_f32(0); \
    float32x4_t sum3_##r = vdupq_n_f32(0);

#define MULTIPLY(r)                                 \
    factor = vld1q_dup_f32(left + (r));             \
    sum0_##r = vfmaq_f32(sum0_##r, factor, right0); \
    sum1_##r = vfmaq_f32(sum1_##r, factor, right1); \
    sum2_##r = vfmaq_f32(sum2_##r, factor, right2); \
    sum3_##r = vfmaq_f32(sum3_##r, factor, right3);

#define STORE(r)                                 \
    vst1q_f32(out + (r)*out_step, sum0_##r);     \
    vst1q_f32(out + (r)*out_step + 4, sum1_##r); \
    vst1q_f32(out + (r)*out_step + 8, sum2_##r); \
    vst1q_f32(out + (r)*out_step + 12, sum3_##r);

#define ADD(r)                                                         \
    sum0_##r = vaddq_f32(vld1q_f32(out + (r)*out_step), sum0_##r);     \
    sum1_##r = vaddq_f32(vld1q_f32(out + (r)*out_step + 4), sum1_##r); \
    sum2_##r = vaddq_f32(vld1q_f32(out + (r)*out_step + 8), sum2_##r); \
    sum3_##r = vaddq_f32(vld1q_f32(out + (r)*out_step + 12), sum3_##r);

#define RUN(rows)                                                                           \
    static void run_##rows(size_t depth, const float *left, const float *right, float *out, \
                           size_t out_step, bool add)                                       \
    {                                                                                       \
        ROWS_##rows(DECLARE);                                                               \
        for (size_t k = 0; k < depth; k++) {                                                \
            const float32x4_t right0 = vld1q_f32(right);                                    \
            const float32x4_t right1 = vld1q_f32(right + 4);                                \
            const float32x4_t right2 = vld1q_f32(right + 8);                                \
            const float32x4_t right3 = vld1q_f32(right + 12);                               \
            float32x4_t factor;                                                             \
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

#define WIDE_MULTIPLY(r)                            \
    factor = vld1q_dup_f32(row_##r + offset);       \
    sum0_##r = vfmaq_f32(sum0_##r, factor, right0); \
    sum1_##r = vfmaq_f32(sum1_##r, factor, right1); \
    sum2_##r = vfmaq_f32(sum2_##r, factor, right2); \
    sum3_##r = vfmaq_f32(sum3_##r, factor, right3);

#define WIDE_ADD(r)                                                                     \
    sum0_##r = vaddq_f32(vld1q_f32(g->out + (r)*g->out_step), sum0_##r);                \
    sum1_##r = vaddq_f32(vld1q_f32(g->out + (r)*g->out_step + 4), sum1_##r);            \
    sum2_##r = vaddq_f32(vld1q_f32(g->out + (r)*g->out_step + g->half_step), sum2_##r); \
    sum3_##r = vaddq_f32(vld1q_f32(g->out + (r)*g->out_step + g->half_step + 4), sum3_##r);

#define WIDE_STORE(r)                                             \
    vst1q_f32(g->out + (r)*g->out_step, sum0_##r);                \
    vst1q_f32(g->out + (r)*g->out_step + 4, sum1_##r);            \
    vst1q_f32(g->out + (r)*g->out_step + g->half_step, sum2_##r); \
    vst1q_f32(g->out + (r)*g->out_step + g->half_step + 4, sum3_##r);

#define HALF_DECLARE(r)                    \
    float32x4_t sum0_##r = vdupq_n_f32(0); \
    float32x4_t sum1_##r = vdupq_n_f32(0);

#define HALF_MULTIPLY(r)                            \
    factor = vld1q_dup_f32(row_##r + offset);       \
    sum0_##r = vfmaq_f32(sum0_##r, factor, right0); \
    sum1_##r = vfmaq_f32(sum1_##r, factor, right1);

#define HALF_ADD(r)                                                      \
    sum0_##r = vaddq_f32(vld1q_f32(g->out + (r)*g->out_step), sum0_##r); \
    sum1_##r = vaddq_f32(vld1q_f32(g->out + (r)*g->out_step + 4), sum1_##r);

#define HALF_STORE(r)                              \
    vst1q_f32(g->out + (r)*g->out_step, sum0_##r); \
    vst1q_f32(g->out + (r)*g->out_step + 4, sum1_##r);

#define GATHER_WIDE(rows)                                     \
    static void gather_wide_##rows(const mote_gather *g)      \
    {                                                         \
        const float *right = g->right;                        \
        ROWS_##rows(POINT);                                   \
        ROWS_##rows(DECLARE);                                 \
        for (size_t k = 0; k < g->depth; k++) {               \
            const size_t offset = g->offsets[k];              \
            const float32x4_t right0 = vld1q_f32(right);      \
            const float32x4_t right1 = vld1q_f32(right + 4);  \
            const float32x4_t right2 = vld1q_f32(right + 8);  \
            const float32x4_t right3 = vld1q_f32(right + 12); \
            float32x4_t factor;                               \
            ROWS_##rows(WIDE_MULTIPLY);                       \
            right += 16;                                      \
        }                                                     \
        if (g->add) {                                         \
            ROWS_##rows(WIDE_ADD);                            \
        }                                                     \
        ROWS_##rows(WIDE_STORE);                              \
    }

#define GATHER_HALF(rows)                                    \
    static void gather_half_##rows(const mote_gather *g)     \
    {                                                        \
        const float *right = g->right;                       \
        ROWS_##rows(POINT);                                  \
        ROWS_##rows(HALF_DECLARE);                           \
        for (size_t k = 0; k < g->depth; k++) {              \
            const size_t offset = g->offsets[k];             \
            const float32x4_t right0 = vld1q_f32(right);     \
            const float32x4_t right1 = vld1q_f32(right + 4); \
            float32x4_t factor;                              \
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

#define PREFETCH(r)                                  \
    __builtin_prefetch(g->out + (r)*g->out_step, 1); \
    __builtin_prefetch(g->out + (r)*g->out_step + g->half_step, 1);

#define WIDE_BIAS(r)                                                \
    sum0_##r = vaddq_f32(sum0_##r, vld1q_dup_f32(g->biases + (r))); \
    sum1_##r = vaddq_f32(sum1_##r, vld1q_dup_f32(g->biases + (r))); \
    sum2_##r = vaddq_f32(sum2_##r, vld1q_dup_f32(g->biases + (r))); \
    sum3_##r = vaddq_f32(sum3_##r, vld1q_dup_f32(g->biases + (r)));

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
            const float32x4_t right0 = vld1q_f32(low + step);        \
            const float32x4_t right1 = vld1q_f32(low + step + 4);    \
            const float32x4_t right2 = vld1q_f32(high + step);       \
            const float32x4_t right3 = vld1q_f32(high + step + 4);   \
            float32x4_t factor;                                      \
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

/// 4 lanes x 4 k.
static void transpose_4(const float *from, size_t from_step, float *to, size_t to_step)
{
    const float32x4x2_t low = vtrnq_f32(vld1q_f32(from), vld1q_f32(from + from_step));
    const float32x4x2_t high =
        vtrnq_f32(vld1q_f32(from + 2 * from_step), vld1q_f32(from + 3 * from_step));
    for (size_t odd = 0; odd < 2; odd++) {
        const float32x4_t first = low.val[odd];
        const float32x4_t last = high.val[odd];
        vst1q_f32(to + odd * to_step, vcombine_f32(vget_low_f32(first), vget_low_f32(last)));
        vst1q_f32(to + (odd + 2) * to_step,
                  vcombine_f32(vget_high_f32(first), vget_high_f32(last)));
    }
}

static void transpose(size_t lanes, size_t depth, const float *from, size_t from_step, float *to,
                      size_t to_step)
{
    for (size_t lane = 0; lane < lanes; lane += 4) {
        const size_t count = lanes - lane < 4 ? lanes - lane : 4;
        const size_t whole = count == 4 ? depth - depth % 4 : 0;
        for (size_t k = 0; k < whole; k += 4)
            transpose_4(from + lane * from_step + k, from_step, to + k * to_step + lane, to_step);
        for (size_t k = whole; k < depth; k++) {
            for (size_t i = 0; i < count; i++)
                to[k * to_step + lane + i] = from[(lane + i) * from_step + k];
        }
    }
}

const mote_tile mote_tile_neon = {
    .rows = 6,
    .columns = COLUMNS,
    .run = run,
    .gather_rows = 6,
    .gather = gather,
    .spread_rows = 6,
    .spread = spread,
    .transpose = transpose,
};
