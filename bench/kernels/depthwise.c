// SPDX-License-Identifier: Apache-2.0
// Depth-wise convolutions of MobileNetV2 (input 96 x 96) and DS-CNN. Taps in the padding and between strides count.
#include "bench.h"

#include "os/os.h"

#include <stdio.h>

typedef struct shape {
    const char *name;
    size_t samples, channels, height, width, kernel, stride;
} shape;

static const shape shapes[] = {
    {"depth-wise 32 3x3 48x48", 16, 32, 48, 48, 3, 1},
    {"depth-wise 96 3x3 stride 2 48x48", 16, 96, 48, 48, 3, 2},
    {"depth-wise 144 3x3 24x24", 16, 144, 24, 24, 3, 1},
    {"depth-wise 384 3x3 6x6", 16, 384, 6, 6, 3, 1},
    {"depth-wise 960 3x3 3x3", 16, 960, 3, 3, 3, 1},
    {"depth-wise 64 3x3 25x5", 32, 64, 25, 5, 3, 1},
    {"depth-wise 144 5x5 24x24", 16, 144, 24, 24, 5, 1},
};

typedef struct depthwise_call {
    const mote_kernels *table;
    mote_depthwise shape;
    mote_depthwise_part part;
    mote_real *x, *y, *weight;
    const mote_parallel *parallel;
    void *scratch;
} depthwise_call;

static const char *const part_names[] = {"forward", "derivative", "gradient"};

static void call_depthwise(void *argument)
{
    const depthwise_call *const call = (const depthwise_call *)argument;
    const mote_depthwise *const s = &call->shape;
    if (call->part == MOTE_DEPTHWISE_FORWARD)
        call->table->depthwise(s, call->x, call->weight, call->weight, call->y, call->parallel,
                               call->scratch);
    else if (call->part == MOTE_DEPTHWISE_DERIVATIVE)
        call->table->depthwise_derivative(s, call->weight, call->y, call->x, call->parallel,
                                          call->scratch);
    else
        call->table->depthwise_gradient(s, call->x, call->y, call->weight, call->parallel,
                                        call->scratch);
}

static mote_depthwise make_shape(const shape *s)
{
    return (mote_depthwise){
        .window = {.height = s->height,
                   .width = s->width,
                   .kernel_height = s->kernel,
                   .kernel_width = s->kernel,
                   .stride_height = s->stride,
                   .stride_width = s->stride,
                   .pad_top = s->kernel / 2,
                   .pad_left = s->kernel / 2,
                   .out_height = (s->height - 1) / s->stride + 1,
                   .out_width = (s->width - 1) / s->stride + 1},
        .dilation_height = 1,
        .dilation_width = 1,
        .samples = s->samples,
        .channels = s->channels,
    };
}

static double flops(const depthwise_call *call)
{
    const mote_window *const w = &call->shape.window;
    const size_t positions = call->part == MOTE_DEPTHWISE_DERIVATIVE ? w->height * w->width
                                                                     : w->out_height * w->out_width;
    return 2.0 * (double)(call->shape.samples * call->shape.channels) * (double)positions *
           (double)(w->kernel_height * w->kernel_width);
}

static double measure(const bench_setup *setup, depthwise_call *call, size_t level,
                      bool all_threads)
{
    call->table = setup->tables[level];
    call->parallel = all_threads ? &setup->parallel : NULL;
    return flops(call) / bench_measure(call_depthwise, call, 0.05) * 1e-9;
}

static mote_status bench_part(const bench_setup *setup, const char *shape_name,
                              depthwise_call *call)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s %s", shape_name, part_names[call->part]);
    if (!bench_wants(setup, name))
        return MOTE_OK;
    const size_t scratch_bytes =
        mote_depthwise_scratch_bytes(&call->shape, call->part, setup->parallel.thread_count);
    MOTE_TRY(mote_pages_allocate(scratch_bytes, &call->scratch));
    printf("%-44s", name);
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT && setup->tables[level]; level++)
        printf(" %9.1f %9.1f", measure(setup, call, level, false),
               measure(setup, call, level, true));
    printf("\n");
    mote_pages_free(call->scratch, scratch_bytes);
    return MOTE_OK;
}

static mote_status bench_shape(const bench_setup *setup, const shape *s)
{
    depthwise_call call = {.shape = make_shape(s)};
    const size_t count = s->samples * s->channels * s->height * s->width;
    const size_t weights = s->channels * s->kernel * s->kernel;
    MOTE_TRY(bench_numbers(count, &call.x));
    MOTE_TRY(bench_numbers(count, &call.y));
    MOTE_TRY(bench_numbers(weights, &call.weight));
    for (size_t part = 0; part < sizeof part_names / sizeof part_names[0]; part++) {
        call.part = (mote_depthwise_part)part;
        MOTE_TRY(bench_part(setup, s->name, &call));
    }
    mote_pages_free(call.x, count * sizeof(mote_real));
    mote_pages_free(call.y, count * sizeof(mote_real));
    mote_pages_free(call.weight, weights * sizeof(mote_real));
    return MOTE_OK;
}

mote_status bench_depthwise(const bench_setup *setup)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        MOTE_TRY(bench_shape(setup, &shapes[i]));
    return MOTE_OK;
}
