// SPDX-License-Identifier: Apache-2.0
// Private to kernel: the depth-wise sums of an instruction set, which defines before: `vector`, of LANES channels, and
// zero(), load(), store(), add() and multiply_add(a, b, sum). Every sum has a name: an array of them would live in memory.
// Counts are constants where these functions are inlined.
#ifndef MOTE_KERNEL_DEPTHWISE_SUMS_H
#define MOTE_KERNEL_DEPTHWISE_SUMS_H

#include "kernel/depthwise_unit.h"

#define CHANNELS ((size_t)MOTE_DEPTHWISE_CHANNELS)
#define INLINE   static inline __attribute__((always_inline))
#define UNROLL   _Pragma("GCC unroll 3")

/// Positions, and taps of a gradient, that are summed at once.
#define POSITIONS ((size_t)8)
#define TAPS      ((size_t)9)

#define LIST_8(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define LIST_9(X) LIST_8(X) X(8)

/// Neighbouring positions, LANES channels from `lane` on.
typedef struct run {
    const float *image;
    float *out;
    size_t lane;
} run;

#define DECLARE_SUM(i) vector sum_##i = zero();
#define ADD_TAP(i)   \
    if ((i) < count) \
        sum_##i = multiply_add(weight, keep(load(x + (i)*step)), sum_##i);
#define ADD_BIAS(i) sum_##i = add(sum_##i, bias);
#define STORE_SUM(i) \
    if ((i) < count) \
        store(r.out + (i)*out_step, sum_##i);

/// Whatever is constant where this is inlined makes no instructions: places are not looked up in a table, which would
/// halve the speed.
INLINE void sum_run(size_t count, size_t step, size_t rows, size_t columns,
                    const mote_depthwise_sums *sums, run r)
{
    const size_t out_step = sums->out_step;
    const float *weights = sums->weights + r.lane;
    LIST_8(DECLARE_SUM)
    UNROLL for (size_t row = 0; row < rows; row++, r.image += sums->taps.row_step) {
        const float *x = r.image;
        UNROLL for (size_t column = 0; column < columns; column++) {
            const vector weight = load(weights);
            LIST_8(ADD_TAP)
            weights += CHANNELS;
            x += sums->taps.column_step;
        }
    }
    if (sums->bias) {
        const vector bias = load(sums->bias + r.lane);
        LIST_8(ADD_BIAS)
    }
    LIST_8(STORE_SUM)
}

#define LIST_COUNTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)

/// Usual steps and kernels are constants.
static void sum_some(size_t count, size_t step, const mote_depthwise_sums *sums, const run *r)
{
    const size_t rows = sums->taps.rows;
    const size_t columns = sums->taps.columns;
#define CASE_3X3(n)                                 \
    case n:                                         \
        sum_run(n, CHANNELS, 3, 3, sums, *r);       \
        return;
#define CASE_3X3_BY_2(n)                            \
    case n:                                         \
        sum_run(n, 2 * CHANNELS, 3, 3, sums, *r);   \
        return;
#define CASE_NEIGHBOURS(n)                          \
    case n:                                         \
        sum_run(n, CHANNELS, rows, columns, sums, *r); \
        return;
#define CASE_ANY(n)                                 \
    case n:                                         \
        sum_run(n, step, rows, columns, sums, *r);  \
        return;
    if (rows == 3 && columns == 3 && step == CHANNELS) {
        switch (count) {
            LIST_COUNTS(CASE_3X3)
        }
    } else if (rows == 3 && columns == 3 && step == 2 * CHANNELS) {
        switch (count) {
            LIST_COUNTS(CASE_3X3_BY_2)
        }
    } else if (step == CHANNELS) {
        switch (count) {
            LIST_COUNTS(CASE_NEIGHBOURS)
        }
    }
    switch (count) {
        LIST_COUNTS(CASE_ANY)
    }
}

static void sum_taps(const mote_depthwise_sums *sums, const mote_depthwise_runs *positions)
{
    const size_t parts = (positions->count + POSITIONS - 1) / POSITIONS;
    const size_t most = (positions->count + parts - 1) / parts;
    for (size_t i = 0; i < positions->runs; i++) {
        for (size_t at = 0; at < positions->count; at += most) {
            const size_t rest = positions->count - at;
            run r = {.lane = 0};
            for (; r.lane < CHANNELS; r.lane += LANES) {
                r.image = sums->image + positions->places[i] + at * positions->step + r.lane;
                r.out = sums->out + sums->out_places[i] + at * sums->out_step + r.lane;
                sum_some(rest < most ? rest : most, positions->step, sums, &r);
            }
        }
    }
}

#define LOAD_SUM(t)                                                       \
    float *const out_##t = gradient->sums + (gradient->first + (t)) * CHANNELS + lane;          \
    vector sum_##t = zero();                                              \
    if ((t) < count)                                                      \
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
INLINE void add_positions(size_t count, const mote_depthwise_gradient *gradient, size_t lane,
                          const mote_depthwise_runs *positions, const float *dy)
{
#define FIND_TAP(t) const float *const image_##t = (t) < count ? image + find_tap(gradient, t) : image;
#define ADD_TERM(t)  \
    if ((t) < count) \
        sum_##t = multiply_add(factor, keep(load(image_##t + at)), sum_##t);
    const float *const image = gradient->image + lane;
    LIST_9(FIND_TAP)
    LIST_9(LOAD_SUM)
    dy += lane;
    for (size_t i = 0; i < positions->runs; i++) {
        size_t at = positions->places[i];
        for (size_t k = 0; k < positions->count; k++) {
            const vector factor = load(dy);
            LIST_9(ADD_TERM)
            at += positions->step;
            dy += CHANNELS;
        }
    }
    LIST_9(STORE_TAP)
}

/// Three rows of three neighbours.
static void add_positions_of_square(const mote_depthwise_gradient *gradient, size_t lane,
                                    const mote_depthwise_runs *positions, const float *dy)
{
#define ADD_ROW(i, j, k, row)                                          \
    sum_##i = multiply_add(factor, keep(load((row) + at)), sum_##i);                  \
    sum_##j = multiply_add(factor, keep(load((row) + at + CHANNELS)), sum_##j);       \
    sum_##k = multiply_add(factor, keep(load((row) + at + 2 * CHANNELS)), sum_##k);
    const size_t count = TAPS;
    const float *const image = gradient->image + lane;
    const ptrdiff_t row_step = gradient->taps.row_step;
    const float *const rows[3] = {image, image + row_step, image + 2 * row_step};
    LIST_9(LOAD_SUM)
    dy += lane;
    for (size_t i = 0; i < positions->runs; i++) {
        size_t at = positions->places[i];
        for (size_t k = 0; k < positions->count; k++) {
            const vector factor = load(dy);
            ADD_ROW(0, 1, 2, rows[0])
            ADD_ROW(3, 4, 5, rows[1])
            ADD_ROW(6, 7, 8, rows[2])
            at += positions->step;
            dy += CHANNELS;
        }
    }
    LIST_9(STORE_TAP)
}

static void add_taps(size_t count, const mote_depthwise_gradient *gradient, size_t lane,
                     const mote_depthwise_runs *positions, const float *dy)
{
#define CASE_TAPS(n)                                        \
    case n:                                                 \
        add_positions(n, gradient, lane, positions, dy);    \
        break;
    switch (count) {
        LIST_COUNTS(CASE_TAPS)
        CASE_TAPS(9)
    }
}

static void sum_positions(const mote_depthwise_gradient *gradient,
                          const mote_depthwise_runs *positions, const float *dy)
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
