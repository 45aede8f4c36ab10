// SPDX-License-Identifier: Apache-2.0
// Products of plain matrices and of convolutions.
#include "bench.h"
#include "shape.h"

#include "os/os.h"

#include <stdio.h>

typedef struct shape_row {
    const char *name;
    bench_shape shape;
} shape_row;

static const shape_row rows[] = {
    {"square 128", {.rows = 128, .columns = 128, .depth = 128}},
    {"square 512", {.rows = 512, .columns = 512, .depth = 512}},
    {"fully connected 64,120 of 400", {.rows = 64, .columns = 120, .depth = 400}},
    {"fully connected 64,512 of 512", {.rows = 64, .columns = 512, .depth = 512}},
    {"fully connected 64,10 of 4096", {.rows = 64, .columns = 10, .depth = 4096}},
    {"conv 1->6 5x5 28x28", {0, 0, 0, 64, 1, 6, 28, 5, 1, 2, 1}},
    {"conv 6->16 5x5 14x14", {0, 0, 0, 64, 6, 16, 14, 5, 1, 0, 1}},
    {"conv 3->64 3x3 32x32", {0, 0, 0, 8, 3, 64, 32, 3, 1, 1, 1}},
    {"conv 64->64 3x3 32x32", {0, 0, 0, 8, 64, 64, 32, 3, 1, 1, 1}},
    {"conv 128->128 3x3 16x16", {0, 0, 0, 8, 128, 128, 16, 3, 1, 1, 1}},
    {"conv 512->512 3x3 4x4", {0, 0, 0, 16, 512, 512, 4, 3, 1, 1, 1}},
    {"conv 64->128 3x3 stride 2 32x32", {0, 0, 0, 8, 64, 128, 32, 3, 2, 1, 1}},
    {"conv 128->256 1x1 28x28", {0, 0, 0, 4, 128, 256, 28, 1, 1, 0, 1}},
};

typedef struct product_call {
    const mote_kernels *table;
    bench_product product;
    double flops;
    const mote_parallel *parallel;
    void *scratch;
} product_call;

static void call_product(void *argument)
{
    const product_call *const call = (const product_call *)argument;
    bench_run(call->table, &call->product, call->parallel, call->scratch);
}

/// GFLOP/s of one level, on the caller's thread or on all.
static double measure(const bench_setup *setup, product_call *call, size_t level, bool all_threads)
{
    call->table = setup->tables[level];
    call->parallel = all_threads ? &setup->parallel : NULL;
    return call->flops / bench_measure(call_product, call, 0.05) * 1e-9;
}

static void print_shape(const bench_setup *setup, const char *name, product_call *call)
{
    printf("%-44s", name);
    double single[MOTE_CPU_LEVEL_COUNT] = {0};
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT && setup->tables[level]; level++) {
        single[level] = measure(setup, call, level, false);
        printf(" %9.1f %9.1f", single[level], measure(setup, call, level, true));
    }
    for (size_t level = 1; level < MOTE_CPU_LEVEL_COUNT && setup->tables[level]; level++)
        printf("  %s/scalar %.1f", mote_cpu_level_name((mote_cpu_level)level),
               single[level] / single[0]);
    printf("\n");
}

static mote_status bench_row_part(const bench_setup *setup, const shape_row *row, bench_part part,
                                  mote_real *const arrays[BENCH_ARRAY_COUNT])
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s %s", row->name, bench_part_names[part]);
    if (!bench_wants(setup, name))
        return MOTE_OK;
    product_call call = {.product = bench_describe(&row->shape, part),
                         .flops = bench_flops(&row->shape)};
    const size_t out_count = bench_array_elements(&row->shape, call.product.out);
    mote_real *out = NULL;
    MOTE_TRY(bench_numbers(out_count, &out));
    bench_bind(&call.product, arrays, out);
    const size_t scratch_bytes = bench_scratch_bytes(&call.product, setup->parallel.thread_count);
    MOTE_TRY(mote_pages_allocate(scratch_bytes, &call.scratch));
    print_shape(setup, name, &call);
    mote_pages_free(call.scratch, scratch_bytes);
    mote_pages_free(out, out_count * sizeof(mote_real));
    return MOTE_OK;
}

static mote_status bench_row(const bench_setup *setup, const shape_row *row)
{
    mote_real *arrays[BENCH_ARRAY_COUNT] = {NULL};
    for (size_t i = 0; i < BENCH_ARRAY_COUNT; i++)
        MOTE_TRY(bench_numbers(bench_array_elements(&row->shape, (bench_array)i), &arrays[i]));
    for (size_t part = 0; part < BENCH_PART_COUNT; part++)
        MOTE_TRY(bench_row_part(setup, row, (bench_part)part, arrays));
    for (size_t i = 0; i < BENCH_ARRAY_COUNT; i++)
        mote_pages_free(arrays[i],
                        bench_array_elements(&row->shape, (bench_array)i) * sizeof(mote_real));
    return MOTE_OK;
}

mote_status bench_products(const bench_setup *setup)
{
    printf("%-44s", "product, GFLOP/s (one thread, all threads)");
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT && setup->tables[level]; level++)
        printf(" %9s %6zu thr", mote_cpu_level_name((mote_cpu_level)level),
               setup->parallel.thread_count);
    printf("\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        MOTE_TRY(bench_row(setup, &rows[i]));
    return MOTE_OK;
}
