// SPDX-License-Identifier: Apache-2.0
// Errors against sums in double precision, read term by term as kernel/product.h defines a product.
#include "yardsticks.h"

#include "base/random.h"
#include "base/size.h"

#include <math.h>

/// Terms that are added up for a part, about; and fewest and most elements of its output.
#define TERMS         4194304U
#define FEWEST_OUTPUT 256U
#define MOST_OUTPUT   4096U

static size_t get_offset(const mote_axis *axis, size_t index)
{
    if (axis->period == 0)
        return index * axis->step;
    return index / axis->period * axis->jump + index % axis->period * axis->step;
}

/// Row or column of the image, or -1 where there is a zero.
static ptrdiff_t find_place(ptrdiff_t place, size_t divisor, size_t extent)
{
    if (place < 0 || place % (ptrdiff_t)divisor != 0 ||
        place / (ptrdiff_t)divisor >= (ptrdiff_t)extent)
        return -1;
    return place / (ptrdiff_t)divisor;
}

static double get_cell(const mote_patches *p, const mote_real *data, size_t position, size_t tap)
{
    const size_t plane = p->positions_height * p->positions_width;
    const size_t taps = p->kernel_height * p->kernel_width;
    const ptrdiff_t row = (ptrdiff_t)(position % plane / p->positions_width);
    const ptrdiff_t column = (ptrdiff_t)(position % p->positions_width);
    const ptrdiff_t tap_row = (ptrdiff_t)(tap % taps / p->kernel_width);
    const ptrdiff_t tap_column = (ptrdiff_t)(tap % p->kernel_width);
    const ptrdiff_t image_row =
        find_place(row * (ptrdiff_t)p->step_height + tap_row * p->tap_height + p->offset_height,
                   p->divisor_height, p->height);
    const ptrdiff_t image_column =
        find_place(column * (ptrdiff_t)p->step_width + tap_column * p->tap_width + p->offset_width,
                   p->divisor_width, p->width);
    if (image_row < 0 || image_column < 0)
        return 0;
    const size_t channel = position / plane * p->sample_stride + tap / taps * p->height * p->width;
    return (double)data[channel + (size_t)image_row * p->width + (size_t)image_column];
}

static double get_term(const mote_factor *factor, const mote_real *data, size_t i, size_t k)
{
    if (factor->kind == MOTE_FACTOR_POSITION_TAPS)
        return get_cell(&factor->patches, data, i, k);
    if (factor->kind == MOTE_FACTOR_TAP_POSITIONS)
        return get_cell(&factor->patches, data, k, i);
    return (double)data[get_offset(&factor->outer, i) + get_offset(&factor->inner, k)];
}

typedef struct element {
    size_t group, row, column;
} element;

static double add_up(const bench_product *product, const element *e)
{
    const mote_product *const p = &product->product;
    const mote_real *const left = p->left.data + e->group * product->left_step;
    const mote_real *const right = p->right.data + e->group * product->right_step;
    double sum = 0;
    for (size_t k = 0; k < p->depth; k++)
        sum += get_term(&p->left, left, e->row, k) * get_term(&p->right, right, e->column, k);
    return sum;
}

/// Any of the outputs.
static element pick(const bench_product *product, size_t number)
{
    const mote_product *const p = &product->product;
    const mote_random_key key = {.seed = 1};
    const size_t index = (size_t)(mote_random_uniform(&key, number) *
                                  (double)(product->groups * p->rows * p->columns));
    return (element){index / p->columns / p->rows, index / p->columns % p->rows,
                     index % p->columns};
}

void yardstick_measure_errors(const bench_product *product, mote_real *const outs[SIDE_COUNT],
                              double errors[SIDE_COUNT])
{
    const mote_product *const p = &product->product;
    const size_t count = mote_size_min(mote_size_max(TERMS / p->depth, FEWEST_OUTPUT), MOST_OUTPUT);
    double squares = 0;
    double squared_errors[SIDE_COUNT] = {0};
    for (size_t i = 0; i < count; i++) {
        const element e = pick(product, i);
        const double exact = add_up(product, &e);
        squares += exact * exact;
        const size_t place = e.group * product->out_step + e.row * p->row_step +
                             get_offset(&p->column_axis, e.column);
        for (size_t side = 0; side < SIDE_COUNT; side++) {
            const double error = (double)outs[side][place] - exact;
            squared_errors[side] += error * error;
        }
    }
    for (size_t side = 0; side < SIDE_COUNT; side++)
        errors[side] = sqrt(squared_errors[side] / squares);
}
