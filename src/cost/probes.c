// SPDX-License-Identifier: Apache-2.0
// What each class of kernels is timed by: shapes as they are in small networks for images, larger than what starting threads
// takes, with all of it in a cache.
#include "cost/measure.h"

#include "base/size.h"

// planes of the kernels that go over images
#define PLANE_SIDE  24U
#define PLANE       ((size_t)PLANE_SIDE * PLANE_SIDE)
#define PLANE_COUNT ((size_t)256)

// smaller ones, as many elements: behind pooling there are few left
#define POOLED_SIDE  12U
#define POOLED       ((size_t)POOLED_SIDE * POOLED_SIDE)
#define POOLED_COUNT (PLANE_COUNT * PLANE / POOLED)

// some microseconds of computing
#define SERIAL_ELEMENTS ((size_t)65536)

/// Parts of the memory: what is read, what is read beside it, what is written, scratch.
static mote_real *part(const mote_probe *probe, size_t index)
{
    return probe->data + index * (MOTE_PROBE_BYTES / 4 / sizeof(mote_real));
}

static void run_product(const mote_probe *probe)
{
    probe->kernels->product(&probe->product, probe->parallel, part(probe, 3));
}

static mote_product make_matrix(bool is_narrow)
{
    const size_t depth = is_narrow ? 256 : 1024;
    return (mote_product){
        .rows = is_narrow ? 8 : 256,
        .columns = is_narrow ? 4096 : 512,
        .depth = depth,
        .left = {.outer = {.step = depth}, .inner = {.step = 1}},
        .right = {.outer = {.step = depth}, .inner = {.step = 1}},
        .row_step = is_narrow ? 4096 : 512,
        .column_axis = {.step = 1},
    };
}

/// Of 3 x 3 taps, as large as its input.
static mote_product make_convolution(bool is_narrow)
{
    const size_t channels = is_narrow ? 8 : 128;
    const size_t side = is_narrow ? 24 : 16;
    const size_t samples = is_narrow ? 24 : 4;
    const size_t plane = side * side;
    const size_t depth = channels * 9;
    return (mote_product){
        .rows = channels,
        .columns = samples * plane,
        .depth = depth,
        .left = {.outer = {.step = depth}, .inner = {.step = 1}},
        .right = {.kind = MOTE_FACTOR_POSITION_TAPS,
                  .patches = {.channels = channels,
                              .height = side,
                              .width = side,
                              .kernel_height = 3,
                              .kernel_width = 3,
                              .positions_height = side,
                              .positions_width = side,
                              .step_height = 1,
                              .step_width = 1,
                              .tap_height = 1,
                              .tap_width = 1,
                              .offset_height = -1,
                              .offset_width = -1,
                              .divisor_height = 1,
                              .divisor_width = 1,
                              .sample_stride = channels * plane}},
        .row_step = plane,
        .column_axis = {.period = plane, .step = 1, .jump = channels * plane},
    };
}

static void run_depthwise(const mote_probe *probe)
{
    const mote_depthwise shape = {
        .window = {PLANE_SIDE, PLANE_SIDE, 3, 3, 1, 1, 1, 1, PLANE_SIDE, PLANE_SIDE},
        .dilation_height = 1,
        .dilation_width = 1,
        .samples = 4,
        .channels = PLANE_COUNT / 4,
    };
    const mote_kernels *kernels = probe->kernels;
    kernels->depthwise(&shape, part(probe, 0), part(probe, 1), NULL, part(probe, 2),
                       probe->parallel, part(probe, 3));
    if (!kernels->depthwise_gradient)
        return;
    kernels->depthwise_derivative(&shape, part(probe, 1), part(probe, 0), part(probe, 2),
                                  probe->parallel, part(probe, 3));
    kernels->depthwise_gradient(&shape, part(probe, 0), part(probe, 2), part(probe, 1),
                                probe->parallel, part(probe, 3));
}

static void pool_planes(void *argument, size_t task, size_t task_count)
{
    const mote_probe *probe = argument;
    const mote_window window = {POOLED_SIDE,     POOLED_SIDE,    2, 2, 2, 2, 0, 0,
                                POOLED_SIDE / 2, POOLED_SIDE / 2};
    size_t first = 0;
    const size_t count = mote_parallel_part(POOLED_COUNT, task, task_count, &first);
    for (size_t i = first; i < first + count; i++) {
        mote_real *const x = part(probe, 0) + i * POOLED;
        mote_real *const y = part(probe, 2) + i * POOLED / 4;
        unsigned char *const index = (unsigned char *)part(probe, 3) + i * POOLED / 4;
        probe->kernels->max_pool(&window, x, y, index);
        if (probe->kernels->max_pool_derivative)
            probe->kernels->max_pool_derivative(&window, y, index, x);
    }
}

static void normalize_planes(void *argument, size_t task, size_t task_count)
{
    const mote_probe *probe = argument;
    const mote_planes plane = {.count = 1, .elements = PLANE};
    size_t first = 0;
    const size_t count = mote_parallel_part(PLANE_COUNT, task, task_count, &first);
    for (size_t i = first; i < first + count; i++) {
        mote_real mean = 0;
        mote_real m2 = 0;
        const mote_real *x = part(probe, 0) + i * PLANE;
        probe->kernels->moments(&plane, x, &mean, &m2);
        probe->kernels->scale_shift(PLANE, 1, mean, x, part(probe, 2) + i * PLANE);
    }
}

static void run_pool(const mote_probe *probe)
{
    mote_probe copy = *probe;
    mote_parallel_run(probe->parallel, pool_planes, &copy, probe->parallel->thread_count);
}

static void run_normalize(const mote_probe *probe)
{
    mote_probe copy = *probe;
    mote_parallel_run(probe->parallel, normalize_planes, &copy, probe->parallel->thread_count);
}

static void run_function(const mote_probe *probe)
{
    mote_kernel_run_unary(probe->parallel, probe->kernels->tanh, probe->elements, part(probe, 0),
                          part(probe, 2));
}

static void apply_part(void *argument, size_t task, size_t task_count)
{
    const mote_probe *probe = argument;
    const mote_adam adam = {.step = MOTE_REAL(1e-6),
                            .beta1 = MOTE_REAL(0.9),
                            .beta2 = MOTE_REAL(0.999),
                            .epsilon = MOTE_REAL(1e-8),
                            .root_correction2 = 1};
    size_t first = 0;
    const size_t count = mote_parallel_part(probe->elements, task, task_count, &first);
    mote_real *const moments[2] = {part(probe, 2) + first, part(probe, 3) + first};
    probe->kernels->adam(&adam, count, part(probe, 0) + first, part(probe, 1) + first, moments);
}

static void run_apply(const mote_probe *probe)
{
    mote_probe copy = *probe;
    mote_parallel_run(probe->parallel, apply_part, &copy, probe->parallel->thread_count);
}

static void do_nothing(void *argument, size_t task, size_t task_count)
{
    (void)argument;
    (void)task;
    (void)task_count;
}

static void run_serial(const mote_probe *probe)
{
    probe->kernels->tanh(probe->elements, part(probe, 0), part(probe, 2));
}

static void run_split(const mote_probe *probe)
{
    run_serial(probe);
    mote_parallel_run(probe->parallel, do_nothing, NULL, probe->parallel->thread_count);
}

/// A build without training has no optimizers.
static void set_apply(mote_probe *probe)
{
    probe->elements = PLANE_COUNT * PLANE;
    probe->run = probe->kernels->adam ? run_apply : run_split;
    probe->effort.amounts[MOTE_EFFORT_APPLY] = 3.0 * (double)probe->elements; // with two moments
    probe->bytes = 7.0 * (double)(probe->elements * sizeof(mote_real));
}

static void run_bytes(const mote_probe *probe)
{
    mote_real *const x = probe->data;
    mote_kernel_run_binary(probe->parallel, probe->kernels->add, probe->elements, x,
                           x + probe->elements, x + 2 * probe->elements);
}

static mote_probe start(const mote_cost_device *device, mote_real *data)
{
    return (mote_probe){.kernels = device->kernels, .parallel = device->parallel, .data = data};
}

static void set_product(mote_probe *probe, const mote_product *product)
{
    probe->product = *product;
    probe->product.left.data = part(probe, 0);
    probe->product.right.data = part(probe, 1);
    probe->product.out = part(probe, 2);
    probe->run = run_product;
    probe->effort = mote_product_effort(product);
}

static void set_planes(mote_probe *probe, void (*run)(const mote_probe *probe),
                       mote_effort_class effort_class, double each)
{
    const double elements = (double)(PLANE_COUNT * PLANE);
    probe->run = run;
    probe->effort.amounts[effort_class] = each * elements;
    probe->bytes = 2.0 * elements * (double)sizeof(mote_real);
}

mote_probe mote_probe_make(const mote_cost_device *device, mote_effort_class effort_class,
                           bool is_narrow, mote_real *data)
{
    const mote_product matrix = make_matrix(is_narrow);
    const mote_product convolution = make_convolution(is_narrow);
    mote_probe probe = start(device, data);
    switch (effort_class) {
    case MOTE_EFFORT_MULTIPLY:
    case MOTE_EFFORT_PANEL:
        set_product(&probe, &matrix);
        break;
    case MOTE_EFFORT_CONVOLVE:
    case MOTE_EFFORT_PATCH:
        set_product(&probe, &convolution);
        break;
    case MOTE_EFFORT_DEPTHWISE:
        set_planes(&probe, run_depthwise, effort_class, probe.kernels->adam ? 27.0 : 9.0);
        break;
    case MOTE_EFFORT_WINDOW:
        set_planes(&probe, run_pool, effort_class, probe.kernels->adam ? 2.0 : 1.0);
        break;
    case MOTE_EFFORT_NORMALIZE:
        set_planes(&probe, run_normalize, effort_class, 1.0);
        break;
    case MOTE_EFFORT_FUNCTION:
        probe.elements = PLANE_COUNT * PLANE;
        set_planes(&probe, run_function, effort_class, 1.0);
        break;
    case MOTE_EFFORT_APPLY:
        set_apply(&probe);
        break;
    case MOTE_EFFORT_COUNT:
        break;
    }
    return probe;
}

mote_probe mote_probe_bytes(const mote_cost_device *device, size_t bytes, mote_real *data)
{
    mote_probe probe = start(device, data);
    probe.run = run_bytes;
    probe.elements = bytes / (3 * sizeof(mote_real));
    probe.bytes = (double)bytes;
    return probe;
}

mote_probe mote_probe_serial(const mote_cost_device *device, mote_real *data)
{
    mote_probe probe = start(device, data);
    probe.run = run_serial;
    probe.elements = SERIAL_ELEMENTS;
    return probe;
}

mote_probe mote_probe_split(const mote_cost_device *device, mote_real *data)
{
    mote_probe probe = mote_probe_serial(device, data);
    probe.run = run_split;
    return probe;
}

mote_probe mote_probe_least(const mote_cost_device *device, mote_real *data)
{
    const mote_product product = {
        .rows = 1,
        .columns = 1,
        .depth = 1,
        .left = {.outer = {.step = 1}, .inner = {.step = 1}},
        .right = {.outer = {.step = 1}, .inner = {.step = 1}},
        .row_step = 1,
        .column_axis = {.step = 1},
    };
    mote_probe probe = start(device, data);
    set_product(&probe, &product);
    return probe;
}
