// SPDX-License-Identifier: Apache-2.0
// The rule of product.h, written down literally, and the comparison of every level and number of threads
// with it.
#ifndef MOTE_TESTS_KERNEL_PRODUCT_RULE_H
#define MOTE_TESTS_KERNEL_PRODUCT_RULE_H

#include "levels.h"

#include <math.h>

typedef struct level_state {
    const mote_kernels *tables[MOTE_CPU_LEVEL_COUNT];
} level_state;

static inline size_t axis_offset(const mote_axis *axis, size_t i)
{
    return axis->period ? i / axis->period * axis->jump + i % axis->period * axis->step
                        : i * axis->step;
}

static inline bool locate(size_t position, size_t step, size_t tap, ptrdiff_t tap_step,
                          ptrdiff_t offset, size_t divisor, size_t *place)
{
    const ptrdiff_t at = (ptrdiff_t)(position * step) + (ptrdiff_t)tap * tap_step + offset;
    *place = (size_t)at / divisor;
    return at >= 0 && at % (ptrdiff_t)divisor == 0;
}

static inline float patch_element(const mote_factor *factor, size_t position, size_t tap)
{
    const mote_patches *p = &factor->patches;
    const size_t taps = p->kernel_height * p->kernel_width;
    const size_t plane = p->positions_height * p->positions_width;
    const size_t in_plane = position % plane;
    size_t row = 0;
    size_t column = 0;
    const bool row_exists =
        locate(in_plane / p->positions_width, p->step_height, tap % taps / p->kernel_width,
               p->tap_height, p->offset_height, p->divisor_height, &row);
    const bool column_exists =
        locate(in_plane % p->positions_width, p->step_width, tap % p->kernel_width, p->tap_width,
               p->offset_width, p->divisor_width, &column);
    if (!row_exists || !column_exists || row >= p->height || column >= p->width)
        return 0;
    return factor->data[position / plane * p->sample_stride +
                        (tap / taps * p->height + row) * p->width + column];
}

static inline float element(const mote_factor *factor, size_t i, size_t k)
{
    if (factor->kind == MOTE_FACTOR_POSITION_TAPS)
        return patch_element(factor, i, k);
    if (factor->kind == MOTE_FACTOR_TAP_POSITIONS)
        return patch_element(factor, k, i);
    return factor->data[axis_offset(&factor->outer, i) + axis_offset(&factor->inner, k)];
}

static inline float sum_block(const mote_product *product, size_t i, size_t j, size_t first,
                              size_t end)
{
    float sum = 0;
    for (size_t k = first; k < end; k++)
        sum = fmaf(element(&product->left, i, k), element(&product->right, j, k), sum);
    return sum;
}

static inline float sum_group(const mote_product *product, size_t i, size_t j, size_t first,
                              size_t end)
{
    float sum = 0;
    for (size_t k = first; k < end; k += MOTE_PRODUCT_BLOCK) {
        const size_t block_end = k + MOTE_PRODUCT_BLOCK < end ? k + MOTE_PRODUCT_BLOCK : end;
        const float block = sum_block(product, i, j, k, block_end);
        sum = k == first ? block : sum + block;
    }
    return sum;
}

static inline float expected_at(const mote_product *product, size_t i, size_t j)
{
    const size_t group = product->group ? product->group : product->depth;
    float total = 0;
    for (size_t k = 0; k < product->depth; k += group) {
        const size_t end = k + group < product->depth ? k + group : product->depth;
        const float sum = sum_group(product, i, j, k, end);
        total = k == 0 ? sum : total + sum;
    }
    if (product->row_bias)
        total += product->row_bias[i];
    if (product->column_bias)
        total += product->column_bias[j];
    return total;
}

static inline size_t out_count(const mote_product *product)
{
    const size_t last_column = axis_offset(&product->column_axis, product->columns - 1);
    return (product->rows - 1) * product->row_step + last_column + 1;
}

static inline void compare(const mote_product *product, const float *expected)
{
    for (size_t i = 0; i < product->rows * product->columns; i++) {
        const size_t row = i / product->columns;
        const size_t column = i % product->columns;
        const float got =
            product->out[row * product->row_step + axis_offset(&product->column_axis, column)];
        if (float_bits(got) != float_bits(expected[i]))
            fail_msg("row %zu column %zu: %a instead of %a", row, column, (double)got,
                     (double)expected[i]);
    }
}

/// Runs at one level on so many threads, in memory filled with NaN; scratch and output are guarded.
static inline void run_and_compare(const mote_kernels *table, const mote_product *problem,
                                   size_t threads, const float *expected)
{
    mote_product product = *problem;
    guarded out = guarded_make(out_count(&product), 3);
    for (size_t i = 0; i < out.count; i++)
        out.data[i] = NAN;
    product.out = out.data;
    const size_t scratch_bytes = mote_product_scratch_bytes(&product, threads);
    assert_true(scratch_bytes <=
                threads * (product.right.kind == MOTE_FACTOR_PLAIN ? 524288 : 262144));
    guarded scratch = guarded_make(scratch_bytes / sizeof(float), 0);
    for (size_t i = 0; i < scratch.count; i++)
        scratch.data[i] = NAN;
    shuffled order = {0};
    const mote_parallel parallel = shuffled_parallel(&order, threads);
    table->product(&product, threads == 1 ? NULL : &parallel, scratch.data);
    compare(&product, expected);
    guarded_release(&scratch);
    guarded_release(&out);
}

static inline void check_product(const level_state *levels, const mote_product *product)
{
    float *expected = malloc(product->rows * product->columns * sizeof *expected);
    assert_non_null(expected);
    for (size_t i = 0; i < product->rows; i++) {
        for (size_t j = 0; j < product->columns; j++)
            expected[i * product->columns + j] = expected_at(product, i, j);
    }
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        for (size_t threads = 1; threads <= 3 && levels->tables[level]; threads++)
            run_and_compare(levels->tables[level], product, threads, expected);
    }
    free(expected);
}

static inline float *random_numbers(size_t count, uint64_t *seed)
{
    float *numbers = malloc((count + 1) * sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = next_float(seed);
    return numbers;
}

static inline int find_levels(void **state)
{
    static level_state levels;
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++)
        levels.tables[level] = level_table((mote_cpu_level)level);
    *state = &levels;
    return 0;
}

#endif
