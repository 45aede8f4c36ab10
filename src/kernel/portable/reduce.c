// SPDX-License-Identifier: Apache-2.0
// Reductions of one array, and the softmax of one row.
#include "kernel/portable/lanes.h"

#include <assert.h>

void MOTE_KERNEL(sum)(size_t count, const mote_real *x, mote_real *result)
{
#define ADD(lane, plane, i) ((lane) + x[i])
    MOTE_LANES_SUM(count, ADD, result);
#undef ADD
}

/// MOTE_LANES_PLANES of them.
// NOLINTNEXTLINE(readability-function-size): four planes by one macro
static void sum_some_planes(const mote_planes *planes, const mote_real *x, mote_real *sums)
{
    const size_t step = planes->step;
#define ADD(lane, plane, i) ((lane) + x[(plane)*step + (i)])
    MOTE_LANES_SUM_PLANES(planes->elements, ADD, sums);
#undef ADD
}

void MOTE_KERNEL(sum_planes)(const mote_planes *planes, const mote_real *x, mote_real *sums)
{
    size_t plane = 0;
    for (; plane + MOTE_LANES_PLANES <= planes->count; plane += MOTE_LANES_PLANES)
        sum_some_planes(planes, x + plane * planes->step, sums + plane);
    for (; plane < planes->count; plane++)
        MOTE_KERNEL(sum)(planes->elements, x + plane * planes->step, sums + plane);
}

#define COLUMNS 64U // side by side

/// `count` columns of one element a row: lanes of all columns side by side.
static void sum_block(size_t rows, size_t row_step, size_t count, const mote_real *x, mote_real *y)
{
    mote_real lanes[MOTE_LANES][COLUMNS] = {{0}};
    for (size_t r = 0; r < rows; r++) {
        mote_real *const lane = lanes[r % MOTE_LANES];
        for (size_t c = 0; c < count; c++)
            lane[c] += x[r * row_step + c];
    }
    for (size_t half = MOTE_LANES / 2; half > 0; half /= 2) {
        for (size_t lane = 0; lane < half; lane++) {
            for (size_t c = 0; c < count; c++)
                lanes[lane][c] += lanes[lane + half][c];
        }
    }
    for (size_t c = 0; c < count; c++)
        y[c] = lanes[0][c];
}

/// One column of `inner` elements a row.
static mote_real sum_column(const mote_column_sum *shape, const mote_real *x)
{
    mote_real lanes[MOTE_LANES] = {0};
    size_t term = 0;
    for (size_t r = 0; r < shape->rows; r++) {
        for (size_t i = 0; i < shape->inner; i++, term++)
            lanes[term % MOTE_LANES] += x[r * shape->row_step + i];
    }
    return mote_lanes_combine(lanes);
}

void MOTE_KERNEL(sum_columns)(const mote_column_sum *shape, const mote_real *x, mote_real *y)
{
    const bool is_dense = shape->rows == 1 || shape->row_step == shape->inner;
    const size_t block = shape->inner == 1 && shape->columns > 1 ? COLUMNS : 1;
    for (size_t c = 0; c < shape->columns; c += block) {
        const mote_real *const column = x + c * shape->inner;
        const size_t rest = shape->columns - c;
        if (block > 1)
            sum_block(shape->rows, shape->row_step, rest < block ? rest : block, column, y + c);
        else if (is_dense)
            MOTE_KERNEL(sum)(shape->rows * shape->inner, column, y + c);
        else
            y[c] = sum_column(shape, column);
    }
}

void MOTE_KERNEL(sum_products)(size_t count, const mote_real *a, const mote_real *b,
                               mote_real *result)
{
#define ADD(lane, plane, i) MOTE_FMA(a[i], b[i], lane)
    MOTE_LANES_SUM(count, ADD, result);
#undef ADD
}

// NOLINTNEXTLINE(readability-function-size): likewise
static void sum_some_centered_products(const mote_planes *planes, mote_real mean,
                                       const mote_real *x, const mote_real *dy, mote_real *sums)
{
    const size_t step = planes->step;
    const size_t dy_step = planes->second_step;
#define ADD(lane, plane, i) MOTE_FMA(dy[(plane)*dy_step + (i)], x[(plane)*step + (i)] - mean, lane)
    MOTE_LANES_SUM_PLANES(planes->elements, ADD, sums);
#undef ADD
}

static void sum_plane_products(size_t count, mote_real mean, const mote_real *x,
                               const mote_real *dy, mote_real *sum)
{
#define ADD(lane, plane, i) MOTE_FMA(dy[i], x[i] - mean, lane)
    MOTE_LANES_SUM(count, ADD, sum);
#undef ADD
}

void MOTE_KERNEL(sum_centered_products)(const mote_planes *planes, mote_real mean,
                                        const mote_real *x, const mote_real *dy, mote_real *sums)
{
    mote_planes both = *planes;
    size_t plane = 0;
    if (both.second_step == 0)
        both.second_step = both.step;
    for (; plane + MOTE_LANES_PLANES <= both.count; plane += MOTE_LANES_PLANES)
        sum_some_centered_products(&both, mean, x + plane * both.step,
                                   dy + plane * both.second_step, sums + plane);
    for (; plane < both.count; plane++)
        sum_plane_products(both.elements, mean, x + plane * both.step,
                           dy + plane * both.second_step, sums + plane);
}

void MOTE_KERNEL(sum_squared_differences)(size_t count, const mote_real *a, const mote_real *b,
                                          mote_real *result)
{
#define ADD(lane, plane, i) MOTE_FMA(a[i] - b[i], a[i] - b[i], lane)
    MOTE_LANES_SUM(count, ADD, result);
#undef ADD
}

static void get_moments(size_t count, const mote_real *x, mote_real *mean, mote_real *m2)
{
    mote_real sum = 0;
    MOTE_KERNEL(sum)(count, x, &sum);
    const mote_real center = sum / (mote_real)count;
#define ADD(lane, plane, i) MOTE_FMA(x[i] - center, x[i] - center, lane)
    MOTE_LANES_SUM(count, ADD, m2);
#undef ADD
    *mean = center;
}

// NOLINTNEXTLINE(readability-function-size): likewise
static void get_some_moments(const mote_planes *planes, const mote_real *x, mote_real *mean,
                             mote_real *m2)
{
    const size_t step = planes->step;
    mote_real centers[MOTE_LANES_PLANES];
    sum_some_planes(planes, x, centers);
    for (size_t i = 0; i < MOTE_LANES_PLANES; i++)
        mean[i] = centers[i] /= (mote_real)planes->elements;
#define DISTANCE(plane, i)  (x[(plane)*step + (i)] - centers[plane])
#define ADD(lane, plane, i) MOTE_FMA(DISTANCE(plane, i), DISTANCE(plane, i), lane)
    MOTE_LANES_SUM_PLANES(planes->elements, ADD, m2);
#undef ADD
#undef DISTANCE
}

void MOTE_KERNEL(moments)(const mote_planes *planes, const mote_real *x, mote_real *mean,
                          mote_real *m2)
{
    assert(planes->elements > 0);
    size_t plane = 0;
    for (; plane + MOTE_LANES_PLANES <= planes->count; plane += MOTE_LANES_PLANES)
        get_some_moments(planes, x + plane * planes->step, mean + plane, m2 + plane);
    for (; plane < planes->count; plane++)
        get_moments(planes->elements, x + plane * planes->step, mean + plane, m2 + plane);
}

static mote_real minimum_of(mote_real a, mote_real b)
{
    return b < a ? b : a;
}

static mote_real maximum_of(mote_real a, mote_real b)
{
    return b > a ? b : a;
}

void MOTE_KERNEL(range)(size_t count, const mote_real *x, mote_real *minimum, mote_real *maximum)
{
    assert(count > 0);
    mote_real low[MOTE_LANES];
    mote_real high[MOTE_LANES];
    for (size_t i = 0; i < MOTE_LANES; i++)
        low[i] = high[i] = x[0];
    size_t at = 0;
    for (; at + MOTE_LANES <= count; at += MOTE_LANES) {
        for (size_t i = 0; i < MOTE_LANES; i++) {
            low[i] = minimum_of(low[i], x[at + i]);
            high[i] = maximum_of(high[i], x[at + i]);
        }
    }
    for (size_t i = 0; at + i < count; i++) {
        low[i] = minimum_of(low[i], x[at + i]);
        high[i] = maximum_of(high[i], x[at + i]);
    }
    for (size_t i = 1; i < MOTE_LANES; i++) {
        low[0] = minimum_of(low[0], low[i]);
        high[0] = maximum_of(high[0], high[i]);
    }
    *minimum = low[0];
    *maximum = high[0];
}

static mote_real find_maximum(size_t count, const mote_real *x)
{
    mote_real minimum = 0;
    mote_real maximum = 0;
    MOTE_KERNEL(range)(count, x, &minimum, &maximum);
    return maximum;
}

void MOTE_KERNEL(softmax)(size_t count, const mote_real *x, mote_real *y)
{
    const mote_real maximum = find_maximum(count, x);
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        y[i] = mote_elementary_exp(x[i] - maximum);
    mote_real sum = 0;
    MOTE_KERNEL(sum)(count, y, &sum);
    for (size_t i = 0; i < count; i++)
        y[i] /= sum;
}

void MOTE_KERNEL(softmax_derivative)(size_t count, const mote_real *y, const mote_real *dy,
                                     mote_real *dx)
{
    mote_real sum = 0;
    MOTE_KERNEL(sum_products)(count, y, dy, &sum);
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        dx[i] = y[i] * (dy[i] - sum);
}

void MOTE_KERNEL(log_sum_exp)(size_t count, const mote_real *x, mote_real *result)
{
    const mote_real maximum = find_maximum(count, x);
    mote_real sum = 0;
#define ADD(lane, plane, i) ((lane) + mote_elementary_exp(x[i] - maximum))
    MOTE_LANES_SUM(count, ADD, &sum);
#undef ADD
    *result = maximum + mote_elementary_log(sum);
}
