// SPDX-License-Identifier: Apache-2.0
// Private to kernel: the sums of every depth-wise unit. An instruction set defines before: LANES, `vector` of so many
// channels, and zero(), load(), store(), add(), multiply_add(a, b, sum) and keep(). Every sum has a name: an array of
// them would live in memory. Counts are constants where these functions are inlined.
#ifndef MOTE_KERNEL_DEPTHWISE_SUMS_H
#define MOTE_KERNEL_DEPTHWISE_SUMS_H

#include "kernel/depthwise_unit.h"

#include "kernel/elementary.h"

#define CHANNELS ((size_t)MOTE_DEPTHWISE_CHANNELS)
#define INLINE   static inline __attribute__((always_inline))

#ifdef __clang__
#define UNROLL // clang does so itself where it can, and warns where it is told to and cannot
#else
#define UNROLL _Pragma("GCC unroll 3")
#endif

#ifndef LANES
#define LANES ((size_t)1)

typedef mote_real vector;

static inline vector zero(void)
{
    return 0;
}

static inline vector load(const mote_real *from)
{
    return *from;
}

static inline void store(mote_real *to, vector x)
{
    *to = x;
}

static inline vector add(vector a, vector b)
{
    return a + b;
}

static inline vector multiply_add(vector a, vector b, vector sum)
{
    return MOTE_FMA(a, b, sum);
}

static inline vector keep(vector x)
{
    return x;
}
#endif

/// Positions, and taps of a gradient, that are summed at once.
#define POSITIONS ((size_t)8)
#define TAPS      ((size_t)9)

#define LIST_8(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define LIST_9(X) LIST_8(X) X(8)

#define DECLARE_SUM(i) vector sum_##i = zero();
#define ADD_TAP(i)   \
    if ((i) < count) \
        sum_##i = multiply_add(weight, keep(load(x + (i)*step)), sum_##i);
#define ADD_BIAS(i) sum_##i = add(sum_##i, bias);
#define STORE_SUM(i) \
    if ((i) < count) \
        store(out + (i)*sums.out_step, sum_##i);

/// `count` positions, LANES channels. What is read in loops is passed as values: a vector that is stored could be
/// anything in memory.
// NOLINTNEXTLINE(readability-function-size): a statement for each register
INLINE void sum_run(size_t count, size_t step, mote_depthwise_taps taps, mote_depthwise_sums sums,
                    const mote_real *image, mote_real *out)
{
    const mote_real *weights = sums.weights;
    LIST_8(DECLARE_SUM)
    UNROLL for (size_t row = 0; row < taps.rows; row++, image += taps.row_step)
    {
        const mote_real *x = image;
        UNROLL for (size_t column = 0; column < taps.columns; column++)
        {
            const vector weight = load(weights);
            LIST_8(ADD_TAP)
            weights += CHANNELS;
            x += taps.column_step;
        }
    }
    if (sums.bias) {
        const vector bias = load(sums.bias);
        LIST_8(ADD_BIAS)
    }
    LIST_8(STORE_SUM)
}

/// The first `count` positions of all runs.
INLINE void sum_runs(size_t count, size_t step, mote_depthwise_taps taps, mote_depthwise_sums sums,
                     mote_depthwise_runs positions)
{
    const mote_real *plane = sums.image;
    mote_real *out_plane = sums.out;
    for (size_t i = 0; i < positions.runs[0]; i++) {
        const mote_real *image = plane;
        mote_real *out = out_plane;
        for (size_t k = 0; k < positions.runs[1]; k++) {
            sum_run(count, step, taps, sums, image, out);
            image += positions.run_steps[1];
            out += sums.out_run_steps[1];
        }
        plane += positions.run_steps[0];
        out_plane += sums.out_run_steps[0];
    }
}

#define LIST_COUNTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)

/// Usual steps and kernels are constants.
static inline void sum_some(size_t count, const mote_depthwise_sums *sums,
                            const mote_depthwise_runs *positions)
{
    const size_t step = positions->step;
    const mote_depthwise_taps taps = sums->taps;
    const mote_depthwise_taps square = {
        .rows = 3, .columns = 3, .row_step = taps.row_step, .column_step = taps.column_step};
    const bool is_square = taps.rows == 3 && taps.columns == 3;
#define CASE_3X3(n)                                       \
    case n:                                               \
        sum_runs(n, CHANNELS, square, *sums, *positions); \
        return;
#define CASE_ANY(n)                                 \
    case n:                                         \
        sum_runs(n, step, taps, *sums, *positions); \
        return;
    if (is_square && step == CHANNELS) {
        switch (count) {
            LIST_COUNTS(CASE_3X3)
        }
    }
    switch (count) {
        LIST_COUNTS(CASE_ANY)
    }
}

static inline void sum_taps(const mote_depthwise_sums *sums, const mote_depthwise_runs *positions)
{
    const size_t parts = (positions->count + POSITIONS - 1) / POSITIONS;
    const size_t most = (positions->count + parts - 1) / parts;
    for (size_t at = 0; at < positions->count; at += most) {
        const size_t rest = positions->count - at;
        for (size_t lane = 0; lane < CHANNELS; lane += LANES) {
            mote_depthwise_sums part = *sums;
            part.image += at * positions->step + lane;
            part.weights += lane;
            part.bias = sums->bias ? sums->bias + lane : NULL;
            part.out += at * sums->out_step + lane;
            sum_some(rest < most ? rest : most, &part, positions);
        }
    }
}

#define LOAD_SUM(t)                                                                        \
    mote_real *const out_##t = gradient->sums + (gradient->first + (t)) * CHANNELS + lane; \
    vector sum_##t = zero();                                                               \
    if ((t) < count)                                                                       \
        sum_##t = load(out_##t);
#define STORE_TAP(t) \
    if ((t) < count) \
        store(out_##t, sum_##t);

/// Where the tap `index` behind the first lies.
static inline ptrdiff_t find_tap(const mote_depthwise_gradient *gradient, size_t index)
{
    const mote_depthwise_taps *const taps = &gradient->taps;
    const size_t tap = gradient->first + index;
    return (ptrdiff_t)(tap / taps->columns) * taps->row_step +
           (ptrdiff_t)(tap % taps->columns) * taps->column_step;
}

/// Any taps, `count` of them.
// NOLINTNEXTLINE(readability-function-size): a statement for each register
INLINE void add_positions(size_t count, const mote_depthwise_gradient *gradient, size_t lane,
                          const mote_depthwise_runs *positions, const mote_real *dy)
{
#define FIND_TAP(t) \
    const mote_real *const image_##t = (t) < count ? image + find_tap(gradient, t) : image;
#define ADD_TERM(t)  \
    if ((t) < count) \
        sum_##t = multiply_add(factor, keep(load(image_##t + at)), sum_##t);
    const mote_real *const image = gradient->image + lane;
    LIST_9(FIND_TAP)
    LIST_9(LOAD_SUM)
    dy += lane;
    for (size_t i = 0; i < positions->runs[0]; i++) {
        for (size_t k = 0; k < positions->runs[1]; k++) {
            size_t at = i * positions->run_steps[0] + k * positions->run_steps[1];
            for (size_t n = 0; n < positions->count; n++) {
                const vector factor = load(dy);
                LIST_9(ADD_TERM)
                at += positions->step;
                dy += CHANNELS;
            }
        }
    }
    LIST_9(STORE_TAP)
}

/// Three rows of three neighbours.
// NOLINTNEXTLINE(readability-function-size): a statement for each register
static inline void add_positions_of_square(const mote_depthwise_gradient *gradient, size_t lane,
                                           const mote_depthwise_runs *positions,
                                           const mote_real *dy)
{
#define ADD_ROW(i, j, k, row)                                                   \
    sum_##i = multiply_add(factor, keep(load((row) + at)), sum_##i);            \
    sum_##j = multiply_add(factor, keep(load((row) + at + CHANNELS)), sum_##j); \
    sum_##k = multiply_add(factor, keep(load((row) + at + 2 * CHANNELS)), sum_##k);
    const size_t count = TAPS;
    const mote_real *const image = gradient->image + lane;
    const ptrdiff_t row_step = gradient->taps.row_step;
    const mote_real *const rows[3] = {image, image + row_step, image + 2 * row_step};
    LIST_9(LOAD_SUM)
    dy += lane;
    for (size_t i = 0; i < positions->runs[0]; i++) {
        for (size_t k = 0; k < positions->runs[1]; k++) {
            size_t at = i * positions->run_steps[0] + k * positions->run_steps[1];
            for (size_t n = 0; n < positions->count; n++) {
                const vector factor = load(dy);
                ADD_ROW(0, 1, 2, rows[0])
                ADD_ROW(3, 4, 5, rows[1])
                ADD_ROW(6, 7, 8, rows[2])
                at += positions->step;
                dy += CHANNELS;
            }
        }
    }
    LIST_9(STORE_TAP)
}

static inline void add_taps(size_t count, const mote_depthwise_gradient *gradient, size_t lane,
                            const mote_depthwise_runs *positions, const mote_real *dy)
{
#define CASE_TAPS(n)                                     \
    case n:                                              \
        add_positions(n, gradient, lane, positions, dy); \
        break;
    switch (count) {
        LIST_COUNTS(CASE_TAPS)
        CASE_TAPS(9)
    }
}

static inline void sum_positions(const mote_depthwise_gradient *gradient,
                                 const mote_depthwise_runs *positions, const mote_real *dy)
{
    const mote_depthwise_taps *const taps = &gradient->taps;
    const bool is_square =
        taps->rows == 3 && taps->columns == 3 && taps->column_step == (ptrdiff_t)CHANNELS;
    for (size_t lane = 0; lane < CHANNELS; lane += LANES) {
        mote_depthwise_gradient part = *gradient;
        for (size_t rest = taps->rows * taps->columns; rest > 0;) {
            const size_t some = rest < TAPS ? rest : TAPS;
            if (is_square)
                add_positions_of_square(&part, lane, positions, dy);
            else
                add_taps(some, &part, lane, positions, dy);
            part.first += some;
            rest -= some;
        }
    }
}

#endif
