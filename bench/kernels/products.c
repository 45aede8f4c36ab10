// SPDX-License-Identifier: Apache-2.0
// Products of plain matrices and of convolutions.
#include "bench.h"

#include "os/os.h"

#include <stdio.h>

typedef struct shape {
    const char *name;
    size_t rows, columns, depth; // of a plain product; 0 for convolutions
    size_t samples, channels, filters, extent, kernel, stride, pad;
} shape;

static const shape shapes[] = {
    {.name = "square 128", .rows = 128, .columns = 128, .depth = 128},
    {.name = "square 512", .rows = 512, .columns = 512, .depth = 512},
    {.name = "fully connected 64,120 of 400", .rows = 64, .columns = 120, .depth = 400},
    {.name = "fully connected 64,512 of 512", .rows = 64, .columns = 512, .depth = 512},
    {.name = "fully connected 64,10 of 4096", .rows = 64, .columns = 10, .depth = 4096},
    {"conv 1->6 5x5 28x28", 0, 0, 0, 64, 1, 6, 28, 5, 1, 2},
    {"conv 6->16 5x5 14x14", 0, 0, 0, 64, 6, 16, 14, 5, 1, 0},
    {"conv 3->64 3x3 32x32", 0, 0, 0, 8, 3, 64, 32, 3, 1, 1},
    {"conv 64->64 3x3 32x32", 0, 0, 0, 8, 64, 64, 32, 3, 1, 1},
    {"conv 128->128 3x3 16x16", 0, 0, 0, 8, 128, 128, 16, 3, 1, 1},
    {"conv 512->512 3x3 4x4", 0, 0, 0, 16, 512, 512, 4, 3, 1, 1},
    {"conv 64->128 3x3 stride 2 32x32", 0, 0, 0, 8, 64, 128, 32, 3, 2, 1},
    {"conv 128->256 1x1 28x28", 0, 0, 0, 4, 128, 256, 28, 1, 1, 0},
};

/// What a layer would do with a shape.
typedef enum pass {
    FORWARD,
    DERIVATIVE,
    GRADIENT,
    PASS_COUNT
} pass;

static const char *const pass_names[PASS_COUNT] = {"forward", "derivative", "gradient"};

static size_t out_extent(const shape *s)
{
    return (s->extent + 2 * s->pad - s->kernel) / s->stride + 1;
}

static mote_patches input_patches(const shape *s)
{
    return (mote_patches){
        .channels = s->channels,
        .height = s->extent,
        .width = s->extent,
        .kernel_height = s->kernel,
        .kernel_width = s->kernel,
        .positions_height = out_extent(s),
        .positions_width = out_extent(s),
        .step_height = s->stride,
        .step_width = s->stride,
        .tap_height = 1,
        .tap_width = 1,
        .offset_height = -(ptrdiff_t)s->pad,
        .offset_width = -(ptrdiff_t)s->pad,
        .divisor_height = 1,
        .divisor_width = 1,
        .sample_stride = s->channels * s->extent * s->extent,
    };
}

static mote_patches output_patches(const shape *s)
{
    return (mote_patches){
        .channels = s->filters,
        .height = out_extent(s),
        .width = out_extent(s),
        .kernel_height = s->kernel,
        .kernel_width = s->kernel,
        .positions_height = s->extent,
        .positions_width = s->extent,
        .step_height = 1,
        .step_width = 1,
        .tap_height = -1,
        .tap_width = -1,
        .offset_height = (ptrdiff_t)s->pad,
        .offset_width = (ptrdiff_t)s->pad,
        .divisor_height = s->stride,
        .divisor_width = s->stride,
        .sample_stride = s->filters * out_extent(s) * out_extent(s),
    };
}

static mote_product forward_product(const shape *s)
{
    if (s->rows > 0) {
        return (mote_product){
            .rows = s->rows,
            .columns = s->columns,
            .depth = s->depth,
            .left = {.outer = {.step = s->depth}, .inner = {.step = 1}},
            .right = {.outer = {.step = s->depth}, .inner = {.step = 1}},
            .row_step = s->columns,
            .column_axis = {.step = 1},
        };
    }
    const size_t depth = s->channels * s->kernel * s->kernel;
    const size_t plane = out_extent(s) * out_extent(s);
    return (mote_product){
        .rows = s->filters,
        .columns = s->samples * plane,
        .depth = depth,
        .left = {.outer = {.step = depth}, .inner = {.step = 1}},
        .right = {.kind = MOTE_FACTOR_POSITION_TAPS, .patches = input_patches(s)},
        .row_step = plane,
        .column_axis = {.period = plane, .step = 1, .jump = s->filters * plane},
    };
}

static mote_product derivative_product(const shape *s)
{
    if (s->rows > 0) {
        return (mote_product){
            .rows = s->rows,
            .columns = s->depth,
            .depth = s->columns,
            .left = {.outer = {.step = s->columns}, .inner = {.step = 1}},
            .right = {.outer = {.step = 1}, .inner = {.step = s->depth}},
            .row_step = s->depth,
            .column_axis = {.step = 1},
        };
    }
    const size_t taps = s->kernel * s->kernel;
    const size_t plane = s->extent * s->extent;
    return (mote_product){
        .rows = s->channels,
        .columns = s->samples * plane,
        .depth = s->filters * taps,
        .left = {.outer = {.step = taps},
                 .inner = {.period = taps, .step = 1, .jump = s->channels * taps}},
        .right = {.kind = MOTE_FACTOR_POSITION_TAPS, .patches = output_patches(s)},
        .row_step = plane,
        .column_axis = {.period = plane, .step = 1, .jump = s->channels * plane},
    };
}

static mote_product gradient_product(const shape *s)
{
    if (s->rows > 0) {
        return (mote_product){
            .rows = s->columns,
            .columns = s->depth,
            .depth = s->rows,
            .group = mote_batch_group(1),
            .left = {.outer = {.step = 1}, .inner = {.step = s->columns}},
            .right = {.outer = {.step = 1}, .inner = {.step = s->depth}},
            .row_step = s->depth,
            .column_axis = {.step = 1},
        };
    }
    const size_t plane = out_extent(s) * out_extent(s);
    return (mote_product){
        .rows = s->filters,
        .columns = s->channels * s->kernel * s->kernel,
        .depth = s->samples * plane,
        .group = mote_batch_group(plane) * plane,
        .left = {.outer = {.step = plane},
                 .inner = {.period = plane, .step = 1, .jump = s->filters * plane}},
        .right = {.kind = MOTE_FACTOR_TAP_POSITIONS, .patches = input_patches(s)},
        .row_step = s->channels * s->kernel * s->kernel,
        .column_axis = {.step = 1},
    };
}

static mote_product make_product(const shape *s, pass what)
{
    if (what == FORWARD)
        return forward_product(s);
    return what == DERIVATIVE ? derivative_product(s) : gradient_product(s);
}

typedef struct product_call {
    const mote_kernels *table;
    mote_product product;
    const mote_parallel *parallel;
    void *scratch;
} product_call;

static void call_product(void *argument)
{
    product_call *const call = (product_call *)argument;
    call->table->product(&call->product, call->parallel, call->scratch);
}

static double flops(const mote_product *product)
{
    return 2.0 * (double)product->rows * (double)product->columns * (double)product->depth;
}

/// GFLOP/s of one level, on the caller's thread or on all.
static double measure(const bench_setup *setup, product_call *call, size_t level, bool all_threads)
{
    call->table = setup->tables[level];
    call->parallel = all_threads ? &setup->parallel : NULL;
    return flops(&call->product) / bench_measure(call_product, call, 0.05) * 1e-9;
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

/// More numbers than any factor or output above has.
static size_t most_elements(const shape *s)
{
    if (s->rows > 0)
        return s->rows * s->columns + s->columns * s->depth + s->rows * s->depth;
    const size_t out = s->samples * s->filters * out_extent(s) * out_extent(s);
    const size_t in = s->samples * s->channels * s->extent * s->extent;
    return out + in + s->filters * s->channels * s->kernel * s->kernel;
}

static mote_status bench_shape(const bench_setup *setup, const shape *s)
{
    const size_t count = most_elements(s);
    mote_real *numbers[3] = {NULL, NULL, NULL};
    for (size_t i = 0; i < 3; i++)
        MOTE_TRY(bench_numbers(count, &numbers[i]));
    for (size_t what = 0; what < PASS_COUNT; what++) {
        product_call call = {.product = make_product(s, (pass)what)};
        call.product.left.data = numbers[0];
        call.product.right.data = numbers[1];
        call.product.out = numbers[2];
        const size_t scratch_bytes =
            mote_product_scratch_bytes(&call.product, setup->parallel.thread_count);
        MOTE_TRY(mote_pages_allocate(scratch_bytes, &call.scratch));
        char name[64];
        (void)snprintf(name, sizeof name, "%s %s", s->name, pass_names[what]);
        if (bench_wants(setup, name))
            print_shape(setup, name, &call);
        mote_pages_free(call.scratch, scratch_bytes);
    }
    for (size_t i = 0; i < 3; i++)
        mote_pages_free(numbers[i], count * sizeof(mote_real));
    return MOTE_OK;
}

mote_status bench_products(const bench_setup *setup)
{
    printf("%-44s", "product, GFLOP/s (one thread, all threads)");
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT && setup->tables[level]; level++)
        printf(" %9s %6zu thr", mote_cpu_level_name((mote_cpu_level)level),
               setup->parallel.thread_count);
    printf("\n");
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        MOTE_TRY(bench_shape(setup, &shapes[i]));
    return MOTE_OK;
}
