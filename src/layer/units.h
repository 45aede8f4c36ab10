// SPDX-License-Identifier: Apache-2.0
// Arithmetic by unit (channel or feature) over a batch seen as [samples][units][plane], in the orders
// of sums of docs/ARCHITECTURE.md. Planes of one element are worked on a row of units at a time.
#ifndef MOTE_LAYER_UNITS_H
#define MOTE_LAYER_UNITS_H

#include "kernel/kernel.h"

#include <stddef.h>

/// Most units in a block; numbers of a block's units fit on the stack.
#define MOTE_UNITS_BLOCK 64U

/// Units first .. first+count-1 of a batch. Arrays of one number a unit start at unit `first`; the
/// batch's own pointers at its first element.
typedef struct mote_units {
    const mote_kernels *kernels;
    size_t samples, units, plane;
    size_t first, count;
    /// Samples of the batch in front of these: functions that sum over the batch, but for centered products, go on from
    /// their sums. Whole groups, or in the batch's first group.
    size_t first_sample;
    bool revisits_planes; // by functions that go over them again: blocks of what a cache holds
    size_t steps
        [3]; // elements between samples of a function's arrays, in their order; 0: units * plane
} mote_units;

/// y = a * scale_a + (b * scale_b + shift), by unit.
typedef struct mote_units_blend_factors {
    mote_real scale_a[MOTE_UNITS_BLOCK], scale_b[MOTE_UNITS_BLOCK], shift[MOTE_UNITS_BLOCK];
} mote_units_blend_factors;

typedef void mote_units_function(void *argument, const mote_units *block);

/// Calls `function` for blocks of all units of `units`, spread over threads.
void mote_units_run(const mote_parallel *parallel, const mote_units *units,
                    mote_units_function *function, void *argument);

/// Mean and sum of squared distances to it: of each plane, merged over samples ascending by Chan's
/// formula.
void mote_units_moments(const mote_units *block, const mote_real *x, mote_real *mean,
                        mote_real *m2);

/// Sum of x over the batch.
void mote_units_sum(const mote_units *block, const mote_real *x, mote_real *sum);

/// Sum of dy * (x - mean) over the batch.
void mote_units_sum_centered_products(const mote_units *block, const mote_real *mean,
                                      const mote_real *x, const mote_real *dy, mote_real *sum);

/// y = x * scale + shift; y may be x.
void mote_units_scale_shift(const mote_units *block, const mote_real *scale, const mote_real *shift,
                            const mote_real *x, mote_real *y);

/// y = a * scale_a + (b * scale_b + shift); y may be a or b.
void mote_units_blend(const mote_units *block, const mote_units_blend_factors *factors,
                      const mote_real *a, const mote_real *b, mote_real *y);

/// Sums over the batch for each of `count` columns, at most MOTE_UNITS_BLOCK. A sample has `rows` terms, by
/// (c); `add` adds to each column's sum its term of a row, rows counted through the batch.
typedef struct mote_columns {
    size_t samples, rows, count;
    size_t first_sample; // samples whose sum is in `sum`: whole groups, or some of the first
    void (*add)(const void *argument, size_t row, mote_real *sums);
    const void *argument;
} mote_columns;

void mote_columns_sum_terms(const mote_columns *columns, mote_real *sum);

/// The same for the columns of a block, a batch being [samples][plane][units] here; `x` begins at the block's first.
void mote_columns_sum(const mote_units *block, const mote_real *x, mote_real *sum);

#endif
