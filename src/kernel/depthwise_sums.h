// SPDX-License-Identifier: Apache-2.0
// Private to kernel: every depth-wise unit but its vectors. An instruction set defines before: LANES, `vector` of so
// many numbers; zero(), fill() with a number, load(), store(), add(), multiply_add(a, b, sum), keep(); load_some() and
// store_some() of the first `count` numbers; transpose() of LANES vectors; LIST_LANES(X), which is X(i) for each. Every
// sum has a name: an array of them would live in memory. Counts are constants where these functions are inlined.
#ifndef MOTE_KERNEL_DEPTHWISE_SUMS_H
#define MOTE_KERNEL_DEPTHWISE_SUMS_H

#include "kernel/depthwise_unit.h"

#include "kernel/elementary.h"

#define CHANNELS ((size_t)MOTE_DEPTHWISE_CHANNELS)
#define INLINE   static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))

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

static inline vector fill(mote_real x)
{
    return x;
}

static inline vector load(const mote_real *from)
{
    return *from;
}

static inline void store(mote_real *to, vector x)
{
    *to = x;
}

static inline vector load_some(const mote_real *from, size_t count)
{
    return count > 0 ? *from : 0;
}

static inline void store_some(mote_real *to, size_t count, vector x)
{
    if (count > 0)
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

static inline void transpose(const vector *v)
{
    (void)v;
}

#define LIST_LANES(X) X(0)
#endif

/// Positions of a run, and taps of a gradient, that are summed at once.
#define POSITIONS ((size_t)8)
#define TAPS      ((size_t)9)

#define LIST_4(X)  X(0) X(1) X(2) X(3)
#define LIST_8(X)  X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define LIST_9(X)  LIST_8(X) X(8)
#define LIST_10(X) LIST_9(X) X(9)

/// The planes of LANES channels, of which there are `count`.
typedef struct lane_planes {
    size_t count, step;
} lane_planes;

INLINE lane_planes find_planes(const mote_depthwise_planes *planes, size_t lane)
{
    const size_t rest = planes->channels - lane;
    return (lane_planes){rest < LANES ? rest : LANES, planes->step};
}

/// `count` numbers of LANES planes, at most LANES; v[k] has number k of each, and any number where there is no plane.
INLINE void load_planes(lane_planes planes, size_t count, const mote_real *from, vector *v)
{
#define LOAD_PLANE(i)                                                 \
    v[i] = keep(count < LANES ? load_some(from, count) : load(from)); \
    from += (i) + 1 < planes.count ? planes.step : 0;
    LIST_LANES(LOAD_PLANE)
    transpose(v);
}

/// The other way.
// NOLINTNEXTLINE(readability-function-size): a statement for each plane
INLINE void store_planes(lane_planes planes, size_t count, vector *v, mote_real *to)
{
    transpose(v);
#define STORE_PLANE(i)                   \
    if ((i) < planes.count) {            \
        if (count < LANES)               \
            store_some(to, count, v[i]); \
        else                             \
            store(to, v[i]);             \
        to += planes.step;               \
    }
    LIST_LANES(STORE_PLANE)
}

/// `count` cells.
INLINE void spread_cells(lane_planes planes, size_t count, const mote_real *from,
                         const uint32_t *places, mote_real *to)
{
    vector v[LANES];
    load_planes(planes, count, from, v);
#define STORE_CELL(i) \
    if ((i) < count)  \
        store(to + places[i], v[i]);
    LIST_LANES(STORE_CELL)
}

INLINE void spread_lanes(mote_depthwise_planes planes, const mote_real *from,
                         const uint32_t *places, mote_real *to)
{
    for (size_t lane = 0; lane < planes.channels; lane += LANES) {
        const lane_planes part = find_planes(&planes, lane);
        const mote_real *const first = from + lane * planes.step;
        size_t k = 0;
        for (; k + LANES <= planes.count; k += LANES)
            spread_cells(part, LANES, first + k, places + k, to + lane);
        if (k < planes.count)
            spread_cells(part, planes.count - k, first + k, places + k, to + lane);
    }
}

/// Fewer channels: not inlined, so that it costs the usual case nothing.
static NOINLINE void spread_few(const mote_depthwise_planes *planes, const mote_real *from,
                                const uint32_t *places, mote_real *to)
{
    spread_lanes(*planes, from, places, to);
}

static inline void spread(const mote_depthwise_planes *planes, const mote_real *from,
                          const uint32_t *places, mote_real *to)
{
    if (planes->channels == CHANNELS)
        spread_lanes((mote_depthwise_planes){CHANNELS, planes->count, planes->step}, from, places,
                     to);
    else
        spread_few(planes, from, places, to);
}

/// `count` rows' parts.
INLINE void gather_rows(lane_planes planes, size_t count, const mote_real *from, mote_real *to)
{
    vector v[LANES];
#define LOAD_ROW(i) v[i] = load(from + (i)*CHANNELS);
    LIST_LANES(LOAD_ROW)
    store_planes(planes, count, v, to);
}

INLINE void gather_lanes(mote_depthwise_planes planes, const mote_real *from, mote_real *to)
{
    for (size_t lane = 0; lane < planes.channels; lane += LANES) {
        const lane_planes part = find_planes(&planes, lane);
        mote_real *const first = to + lane * planes.step;
        size_t k = 0;
        for (; k + LANES <= planes.count; k += LANES)
            gather_rows(part, LANES, from + k * CHANNELS + lane, first + k);
        if (k < planes.count)
            gather_rows(part, planes.count - k, from + k * CHANNELS + lane, first + k);
    }
}

static NOINLINE void gather_few(const mote_depthwise_planes *planes, const mote_real *from,
                                mote_real *to)
{
    gather_lanes(*planes, from, to);
}

static inline void gather(const mote_depthwise_planes *planes, const mote_real *from, mote_real *to)
{
    if (planes->channels == CHANNELS)
        gather_lanes((mote_depthwise_planes){CHANNELS, planes->count, planes->step}, from, to);
    else
        gather_few(planes, from, to);
}

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

/// Three rows of three neighbours: each is read once. Numbers lie `step` apart, in the direction of taps.
// NOLINTNEXTLINE(readability-function-size): a statement for each register
INLINE void sum_square(size_t count, ptrdiff_t step, ptrdiff_t row_step, mote_depthwise_sums sums,
                       const mote_real *image, mote_real *out)
{
#define ADD_CELL(i, j, k)                                  \
    if ((i) < count + 2) {                                 \
        const vector cell = keep(load(x));                 \
        if ((i) < count)                                   \
            sum_##i = multiply_add(first, cell, sum_##i);  \
        if ((i) >= 1 && (i) < count + 1)                   \
            sum_##j = multiply_add(second, cell, sum_##j); \
        if ((i) >= 2)                                      \
            sum_##k = multiply_add(third, cell, sum_##k);  \
        x += step;                                         \
    }
    const mote_real *weights = sums.weights;
    LIST_10(DECLARE_SUM)
    UNROLL for (size_t row = 0; row < 3; row++)
    {
        const vector first = load(weights);
        const vector second = load(weights + CHANNELS);
        const vector third = load(weights + 2 * CHANNELS);
        const mote_real *x = image;
        ADD_CELL(0, 0, 0)
        ADD_CELL(1, 0, 0)
        ADD_CELL(2, 1, 0)
        ADD_CELL(3, 2, 1)
        ADD_CELL(4, 3, 2)
        ADD_CELL(5, 4, 3)
        ADD_CELL(6, 5, 4)
        ADD_CELL(7, 6, 5)
        ADD_CELL(8, 7, 6)
        ADD_CELL(9, 8, 7)
        weights += 3 * CHANNELS;
        image += row_step;
    }
    if (sums.bias) {
        const vector bias = load(sums.bias);
        LIST_8(ADD_BIAS)
    }
    LIST_8(STORE_SUM)
}

/// The first `count` positions of all runs.
INLINE void sum_runs(bool is_square, size_t count, size_t step, mote_depthwise_taps taps,
                     mote_depthwise_sums sums, mote_depthwise_runs positions)
{
    const mote_real *plane = sums.image;
    mote_real *out_plane = sums.out;
    for (size_t i = 0; i < positions.runs[0]; i++) {
        const mote_real *image = plane;
        mote_real *out = out_plane;
        for (size_t k = 0; k < positions.runs[1]; k++) {
            if (is_square)
                sum_square(count, taps.column_step, taps.row_step, sums, image, out);
            else
                sum_run(count, step, taps, sums, image, out);
            image += positions.run_steps[1];
            out += sums.out_run_steps[1];
        }
        plane += positions.run_steps[0];
        out_plane += sums.out_run_steps[0];
    }
}

#define LIST_COUNTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)

/// Where a square's taps are neighbours as positions are, forwards or backwards, each cell is read once.
static inline void sum_some(size_t count, const mote_depthwise_sums *sums,
                            const mote_depthwise_runs *positions)
{
    const size_t step = positions->step;
    const mote_depthwise_taps taps = sums->taps;
    const bool forwards = taps.column_step == (ptrdiff_t)step;
    if (taps.rows == 3 && taps.columns == 3 && (forwards || taps.column_step == -(ptrdiff_t)step)) {
        mote_depthwise_sums square = *sums;
        if (!forwards) {
            square.image += (count - 1) * step;
            square.out += (ptrdiff_t)(count - 1) * sums->out_step;
            square.out_step = -sums->out_step;
        }
#define CASE_SQUARE(n)                                     \
    case n:                                                \
        sum_runs(true, n, step, taps, square, *positions); \
        return;
        switch (count) {
            LIST_COUNTS(CASE_SQUARE)
        }
    }
#define CASE_ANY(n)                                        \
    case n:                                                \
        sum_runs(false, n, step, taps, *sums, *positions); \
        return;
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

/// Weights of a square, each in all numbers.
typedef struct square {
    vector weight_0, weight_1, weight_2, weight_3, weight_4, weight_5, weight_6, weight_7, weight_8;
} square;

/// LANES columns of four rows. Each row of the image is read once, for all rows of sums that have taps on it.
// NOLINTNEXTLINE(readability-function-size): a statement for each register
INLINE void sum_four_rows(square s, const mote_depthwise_plane *plane, size_t row, size_t column)
{
#define ADD_TAPS(i, j, k, sum)                \
    sum = multiply_add(s.weight_##i, x, sum); \
    sum = multiply_add(s.weight_##j, y, sum); \
    sum = multiply_add(s.weight_##k, z, sum);
#define READ_ROW                                    \
    x = keep(load(image));                          \
    y = keep(load(image + plane->column_step));     \
    z = keep(load(image + 2 * plane->column_step)); \
    image += plane->row_step;
#define STORE_ROW(i) \
    store(out + (i)*plane->out_step, plane->bias ? add(sum_##i, fill(*plane->bias)) : sum_##i);
    const mote_real *image = plane->image + (ptrdiff_t)row * plane->row_step + column;
    mote_real *const out = plane->out + (ptrdiff_t)row * plane->out_step + column;
    LIST_4(DECLARE_SUM)
    vector x;
    vector y;
    vector z;
    READ_ROW
    ADD_TAPS(0, 1, 2, sum_0)
    READ_ROW
    ADD_TAPS(3, 4, 5, sum_0)
    ADD_TAPS(0, 1, 2, sum_1)
    READ_ROW
    ADD_TAPS(6, 7, 8, sum_0)
    ADD_TAPS(3, 4, 5, sum_1)
    ADD_TAPS(0, 1, 2, sum_2)
    READ_ROW
    ADD_TAPS(6, 7, 8, sum_1)
    ADD_TAPS(3, 4, 5, sum_2)
    ADD_TAPS(0, 1, 2, sum_3)
    READ_ROW
    ADD_TAPS(6, 7, 8, sum_2)
    ADD_TAPS(3, 4, 5, sum_3)
    READ_ROW
    ADD_TAPS(6, 7, 8, sum_3)
    LIST_4(STORE_ROW)
}

/// The last rows and columns are made anew where they are not whole.
static inline void sum_plane(const mote_depthwise_plane *plane)
{
    const mote_depthwise_plane p = *plane;
#define FILL_WEIGHT(i) .weight_##i = fill(p.weights[i]),
    const square s = {LIST_9(FILL_WEIGHT)};
    for (size_t column = 0; column < p.columns; column += LANES) {
        const size_t at = column + LANES <= p.columns ? column : p.columns - LANES;
        size_t row = 0;
        for (; row + 4 <= p.rows; row += 4)
            sum_four_rows(s, &p, row, at);
        if (row < p.rows)
            sum_four_rows(s, &p, p.rows - 4, at);
    }
}

static inline void copy_rows(size_t rows, size_t columns, const mote_real *from, mote_real *to,
                             size_t to_step)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < columns; column += LANES) {
            const size_t at = column + LANES <= columns ? column : columns - LANES;
            store(to + at, load(from + at));
        }
        from += columns;
        to += to_step;
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
