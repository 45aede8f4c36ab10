// SPDX-License-Identifier: Apache-2.0
// Descriptions of kernels' work, as src/layer/linear.c and src/layer/conv2d.c make them.
#include "shape.h"

const char *const bench_part_names[BENCH_PART_COUNT] = {"forward", "derivative", "gradient"};

size_t bench_out_extent(const bench_shape *shape)
{
    return (shape->extent + 2 * shape->pad - shape->kernel) / shape->stride + 1;
}

static size_t get_taps(const bench_shape *shape)
{
    return shape->kernel * shape->kernel;
}

static size_t get_in_plane(const bench_shape *shape)
{
    return shape->extent * shape->extent;
}

static size_t get_out_plane(const bench_shape *shape)
{
    return bench_out_extent(shape) * bench_out_extent(shape);
}

static size_t get_group_weights(const bench_shape *shape)
{
    return shape->filters / shape->groups * (shape->channels / shape->groups) * get_taps(shape);
}

size_t bench_array_elements(const bench_shape *shape, bench_array array)
{
    const bool plain = shape->rows > 0;
    if (array == BENCH_INPUT)
        return plain ? shape->rows * shape->depth
                     : shape->samples * shape->channels * get_in_plane(shape);
    if (array == BENCH_OUTPUT)
        return plain ? shape->rows * shape->columns
                     : shape->samples * shape->filters * get_out_plane(shape);
    return plain ? shape->columns * shape->depth : shape->groups * get_group_weights(shape);
}

static mote_patches input_patches(const bench_shape *s)
{
    return (mote_patches){
        .channels = s->channels / s->groups,
        .height = s->extent,
        .width = s->extent,
        .kernel_height = s->kernel,
        .kernel_width = s->kernel,
        .positions_height = bench_out_extent(s),
        .positions_width = bench_out_extent(s),
        .step_height = s->stride,
        .step_width = s->stride,
        .tap_height = 1,
        .tap_width = 1,
        .offset_height = -(ptrdiff_t)s->pad,
        .offset_width = -(ptrdiff_t)s->pad,
        .divisor_height = 1,
        .divisor_width = 1,
        .sample_stride = s->channels * get_in_plane(s),
    };
}

static mote_patches output_patches(const bench_shape *s)
{
    return (mote_patches){
        .channels = s->filters / s->groups,
        .height = bench_out_extent(s),
        .width = bench_out_extent(s),
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
        .sample_stride = s->filters * get_out_plane(s),
    };
}

static mote_product connected_forward(const bench_shape *s)
{
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

static mote_product connected_derivative(const bench_shape *s)
{
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

static mote_product connected_gradient(const bench_shape *s)
{
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

static mote_product convolution_forward(const bench_shape *s)
{
    const size_t depth = s->channels / s->groups * get_taps(s);
    const size_t plane = get_out_plane(s);
    return (mote_product){
        .rows = s->filters / s->groups,
        .columns = s->samples * plane,
        .depth = depth,
        .left = {.outer = {.step = depth}, .inner = {.step = 1}},
        .right = {.kind = MOTE_FACTOR_POSITION_TAPS, .patches = input_patches(s)},
        .row_step = plane,
        .column_axis = {.period = plane, .step = 1, .jump = s->filters * plane},
    };
}

static mote_product convolution_derivative(const bench_shape *s)
{
    const size_t taps = get_taps(s);
    const size_t plane = get_in_plane(s);
    const size_t channels = s->channels / s->groups;
    return (mote_product){
        .rows = channels,
        .columns = s->samples * plane,
        .depth = s->filters / s->groups * taps,
        .left = {.outer = {.step = taps},
                 .inner = {.period = taps, .step = 1, .jump = channels * taps}},
        .right = {.kind = MOTE_FACTOR_POSITION_TAPS, .patches = output_patches(s)},
        .row_step = plane,
        .column_axis = {.period = plane, .step = 1, .jump = s->channels * plane},
    };
}

static mote_product convolution_gradient(const bench_shape *s)
{
    const size_t plane = get_out_plane(s);
    const size_t columns = s->channels / s->groups * get_taps(s);
    return (mote_product){
        .rows = s->filters / s->groups,
        .columns = columns,
        .depth = s->samples * plane,
        .group = mote_batch_group(plane) * plane,
        .left = {.outer = {.step = plane},
                 .inner = {.period = plane, .step = 1, .jump = s->filters * plane}},
        .right = {.kind = MOTE_FACTOR_TAP_POSITIONS, .patches = input_patches(s)},
        .row_step = columns,
        .column_axis = {.step = 1},
    };
}

typedef mote_product make_product(const bench_shape *shape);

static bench_product describe_connected(const bench_shape *shape, bench_part part)
{
    static make_product *const makers[BENCH_PART_COUNT] = {connected_forward, connected_derivative,
                                                           connected_gradient};
    static const bench_array arrays[BENCH_PART_COUNT][3] = {
        {BENCH_INPUT, BENCH_WEIGHT, BENCH_OUTPUT},
        {BENCH_OUTPUT, BENCH_WEIGHT, BENCH_INPUT},
        {BENCH_OUTPUT, BENCH_INPUT, BENCH_WEIGHT},
    };
    return (bench_product){.product = makers[part](shape),
                           .groups = 1,
                           .left = arrays[part][0],
                           .right = arrays[part][1],
                           .out = arrays[part][2]};
}

static mote_depthwise make_depthwise(const bench_shape *shape)
{
    return (mote_depthwise){
        .window = {.height = shape->extent,
                   .width = shape->extent,
                   .kernel_height = shape->kernel,
                   .kernel_width = shape->kernel,
                   .stride_height = shape->stride,
                   .stride_width = shape->stride,
                   .pad_top = shape->pad,
                   .pad_left = shape->pad,
                   .out_height = bench_out_extent(shape),
                   .out_width = bench_out_extent(shape)},
        .dilation_height = 1,
        .dilation_width = 1,
        .samples = shape->samples,
        .channels = shape->channels,
    };
}

static bench_product describe_convolution(const bench_shape *shape, bench_part part)
{
    static make_product *const makers[BENCH_PART_COUNT] = {
        convolution_forward, convolution_derivative, convolution_gradient};
    static const bench_array arrays[BENCH_PART_COUNT][3] = {
        {BENCH_WEIGHT, BENCH_INPUT, BENCH_OUTPUT},
        {BENCH_WEIGHT, BENCH_OUTPUT, BENCH_INPUT},
        {BENCH_OUTPUT, BENCH_INPUT, BENCH_WEIGHT},
    };
    const size_t steps[BENCH_ARRAY_COUNT] = {
        shape->channels / shape->groups * get_in_plane(shape),
        get_group_weights(shape),
        shape->filters / shape->groups * get_out_plane(shape),
    };
    const mote_depthwise depthwise = make_depthwise(shape);
    const bench_array *const array = arrays[part];
    return (bench_product){.product = makers[part](shape),
                           .groups = shape->groups,
                           .is_depthwise = shape->groups == shape->channels &&
                                           shape->groups == shape->filters &&
                                           mote_depthwise_fits(&depthwise),
                           .depthwise = depthwise,
                           .part = part,
                           .left_step = steps[array[0]],
                           .right_step = steps[array[1]],
                           .out_step = steps[array[2]],
                           .left = array[0],
                           .right = array[1],
                           .out = array[2]};
}

bench_product bench_describe(const bench_shape *shape, bench_part part)
{
    return shape->rows > 0 ? describe_connected(shape, part) : describe_convolution(shape, part);
}

void bench_bind(bench_product *product, mote_real *const arrays[BENCH_ARRAY_COUNT], mote_real *out)
{
    product->product.left.data = arrays[product->left];
    product->product.right.data = arrays[product->right];
    product->product.out = out;
}

static mote_depthwise_part get_depthwise_part(bench_part part)
{
    static const mote_depthwise_part parts[BENCH_PART_COUNT] = {
        MOTE_DEPTHWISE_FORWARD, MOTE_DEPTHWISE_DERIVATIVE, MOTE_DEPTHWISE_GRADIENT};
    return parts[part];
}

size_t bench_scratch_bytes(const bench_product *product, size_t thread_count)
{
    if (product->is_depthwise)
        return mote_depthwise_scratch_bytes(&product->depthwise, get_depthwise_part(product->part),
                                            thread_count);
    return mote_product_scratch_bytes(&product->product, thread_count);
}

static void run_depthwise(const mote_kernels *table, const bench_product *product,
                          const mote_parallel *parallel, void *scratch)
{
    const mote_depthwise *const shape = &product->depthwise;
    const mote_real *const left = product->product.left.data;
    const mote_real *const right = product->product.right.data;
    mote_real *const out = product->product.out;
    if (product->part == BENCH_FORWARD)
        table->depthwise(shape, right, left, NULL, out, parallel, scratch);
    else if (product->part == BENCH_DERIVATIVE)
        table->depthwise_derivative(shape, left, right, out, parallel, scratch);
    else
        table->depthwise_gradient(shape, right, left, out, parallel, scratch);
}

void bench_run(const mote_kernels *table, const bench_product *product,
               const mote_parallel *parallel, void *scratch)
{
    if (product->is_depthwise) {
        run_depthwise(table, product, parallel, scratch);
        return;
    }
    mote_product one = product->product;
    for (size_t group = 0; group < product->groups; group++) {
        table->product(&one, parallel, scratch);
        one.left.data += product->left_step;
        one.right.data += product->right_step;
        one.out += product->out_step;
    }
}

double bench_flops(const bench_shape *shape)
{
    const mote_product forward = bench_describe(shape, BENCH_FORWARD).product;
    const size_t groups = shape->rows > 0 ? 1 : shape->groups;
    return 2.0 * (double)groups * (double)forward.rows * (double)forward.columns *
           (double)forward.depth;
}
