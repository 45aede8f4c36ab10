// SPDX-License-Identifier: Apache-2.0
// Products of few rows with a right factor whose columns are neighbours: nothing is worth packing, the factor is
// read once, where it lies and along its rows.
#include "kernel/portable/product_few.h"

#include "base/size.h"
#include "kernel/elementary.h"

#include <string.h>

#define ROWS    4U
#define COLUMNS 256U
#define TERMS   8U // of each sum at a time

/// Columns at hand.
typedef struct columns {
    size_t first, count;
} columns;

bool MOTE_KERNEL(product_is_few)(const mote_product *product)
{
    const mote_factor *const right = &product->right;
    return product->rows <= ROWS && product->columns >= product->rows &&
           right->kind == MOTE_FACTOR_PLAIN && right->outer.period == 0 && right->outer.step == 1 &&
           right->inner.period == 0 && product->left.inner.period == 0 &&
           product->left.outer.period == 0 && product->group <= MOTE_PRODUCT_BLOCK &&
           product->column_axis.period == 0 && product->column_axis.step == 1;
}

static void add_term(size_t count, mote_real factor, const mote_real *right, mote_real *sums)
{
    MOTE_ELEMENTWISE
    for (size_t c = 0; c < count; c++)
        sums[c] = MOTE_FMA(factor, right[c], sums[c]);
}

static void add_terms(size_t count, const mote_real factors[TERMS], const mote_real *right,
                      size_t step, mote_real *sums)
{
    const mote_real *const last = right + 4 * step;
    MOTE_ELEMENTWISE
    for (size_t c = 0; c < count; c++) {
        mote_real sum = MOTE_FMA(factors[0], right[c], sums[c]);
        sum = MOTE_FMA(factors[1], right[step + c], sum);
        sum = MOTE_FMA(factors[2], right[2 * step + c], sum);
        sum = MOTE_FMA(factors[3], right[3 * step + c], sum);
        sum = MOTE_FMA(factors[4], last[c], sum);
        sum = MOTE_FMA(factors[5], last[step + c], sum);
        sum = MOTE_FMA(factors[6], last[2 * step + c], sum);
        sums[c] = MOTE_FMA(factors[7], last[3 * step + c], sum);
    }
}

/// The sums of one block or group.
static void sum_segment(const mote_product *p, const columns *at, size_t first, size_t depth,
                        mote_real sums[ROWS][COLUMNS])
{
    const size_t step = p->right.inner.step;
    const mote_axis *const outer = &p->left.outer;
    const mote_axis *const inner = &p->left.inner;
    memset(sums, 0, p->rows * sizeof sums[0]);
    size_t terms = 0;
    for (size_t k = first; k < first + depth; k += terms) {
        terms = first + depth - k >= TERMS ? TERMS : 1;
        const mote_real *const right = p->right.data + k * step + at->first;
        for (size_t row = 0; row < p->rows; row++) {
            const mote_real *const left = p->left.data + row * outer->step + k * inner->step;
            mote_real factors[TERMS];
            for (size_t i = 0; i < terms; i++)
                factors[i] = left[i * inner->step];
            if (terms == TERMS)
                add_terms(at->count, factors, right, step, sums[row]);
            else
                add_term(at->count, factors[0], right, sums[row]);
        }
    }
}

static void store(const mote_product *p, const columns *at, bool add, mote_real sums[ROWS][COLUMNS])
{
    for (size_t row = 0; row < p->rows; row++) {
        mote_real *const out = p->out + row * p->row_step + at->first;
        MOTE_ELEMENTWISE
        for (size_t c = 0; c < at->count; c++)
            out[c] = add ? out[c] + sums[row][c] : sums[row][c];
    }
}

static void add_biases(const mote_product *p, const columns *at)
{
    for (size_t row = 0; row < p->rows; row++) {
        mote_real *const out = p->out + row * p->row_step + at->first;
        for (size_t c = 0; p->row_bias && c < at->count; c++)
            out[c] += p->row_bias[row];
        for (size_t c = 0; p->column_bias && c < at->count; c++)
            out[c] += p->column_bias[at->first + c];
    }
}

void MOTE_KERNEL(product_few)(const mote_product *p, size_t first_column, size_t column_end)
{
    const size_t segment = p->group == 0 ? MOTE_PRODUCT_BLOCK : p->group;
    mote_real sums[ROWS][COLUMNS];
    columns at = {.first = first_column};
    for (; at.first < column_end; at.first += at.count) {
        at.count = mote_size_min(column_end - at.first, COLUMNS);
        for (size_t k = 0; k < p->depth; k += segment) {
            sum_segment(p, &at, k, mote_size_min(segment, p->depth - k), sums);
            store(p, &at, p->goes_on || k > 0, sums);
        }
        add_biases(p, &at);
    }
}
