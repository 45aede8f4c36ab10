// SPDX-License-Identifier: Apache-2.0
// Products of plain factors as sgemm.
#include "yardsticks.h"

#include <cblas.h>
#include <stdio.h>

/// A matrix as it is stored, by rows, and whether sgemm is to transpose it.
typedef struct operand {
    CBLAS_TRANSPOSE transpose;
    const mote_real *data;
    blasint step;
} operand;

typedef struct product_state {
    operand left, right;
    blasint rows, columns, depth;
    mote_real *out;
} product_state;

/// The axes are those of the matrix that sgemm multiplies by. Along one of them elements are neighbours in memory:
/// where that is not the one along a row, the matrix is stored transposed.
static operand make_operand(const mote_factor *factor, const mote_axis *down,
                            const mote_axis *along)
{
    const bool is_stored = along->step == 1;
    return (operand){
        .transpose = is_stored ? CblasNoTrans : CblasTrans,
        .data = factor->data,
        .step = (blasint)(is_stored ? down->step : along->step),
    };
}

static mote_status open_product(const yardstick_work *work, mote_arena *arena, void **state)
{
    bench_product described = bench_describe(work->shape, work->part);
    bench_bind(&described, work->arrays, NULL);
    const mote_product *const product = &described.product;
    void *memory = NULL;
    *state = NULL;
    MOTE_TRY(mote_arena_allocate(arena, sizeof(product_state), &memory));
    product_state *const made = (product_state *)memory;
    *made = (product_state){
        .left = make_operand(&product->left, &product->left.outer, &product->left.inner),
        .right = make_operand(&product->right, &product->right.inner, &product->right.outer),
        .rows = (blasint)product->rows,
        .columns = (blasint)product->columns,
        .depth = (blasint)product->depth,
        .out = work->out,
    };
    *state = made;
    return MOTE_OK;
}

static void run_product(void *state)
{
    const product_state *const p = (const product_state *)state;
    cblas_sgemm(CblasRowMajor, p->left.transpose, p->right.transpose, p->rows, p->columns, p->depth,
                1, p->left.data, p->left.step, p->right.data, p->right.step, 0, p->out, p->columns);
}

/// The result is where it is to be.
static mote_status collect_product(void *state)
{
    (void)state;
    return MOTE_OK;
}

/// The arena has all there is.
static void close_product(void *state)
{
    (void)state;
}

static void describe_openblas(char *text, size_t bytes)
{
    (void)snprintf(text, bytes, "core type %s; %s", openblas_get_corename(), openblas_get_config());
}

const yardstick yardstick_openblas = {
    .name = "OpenBLAS",
    .open = open_product,
    .run = run_product,
    .collect = collect_product,
    .close = close_product,
    .describe = describe_openblas,
};
