// SPDX-License-Identifier: Apache-2.0
// Products with an image, for any stride, dilation, padding and divisor, equal the rule of product.h bit for
// bit, at every level and on any number of threads.
#include "product_rule.h"

typedef struct convolution {
    size_t samples, channels, filters;
    size_t height, width;
    size_t kernel[2], stride[2], dilation[2], pad[2];
} convolution;

static size_t out_extent(size_t extent, size_t kernel, size_t stride, size_t dilation, size_t pad)
{
    return (extent + 2 * pad - (kernel - 1) * dilation - 1) / stride + 1;
}

static mote_patches input_patches(const convolution *c)
{
    return (mote_patches){
        .channels = c->channels,
        .height = c->height,
        .width = c->width,
        .kernel_height = c->kernel[0],
        .kernel_width = c->kernel[1],
        .positions_height =
            out_extent(c->height, c->kernel[0], c->stride[0], c->dilation[0], c->pad[0]),
        .positions_width =
            out_extent(c->width, c->kernel[1], c->stride[1], c->dilation[1], c->pad[1]),
        .step_height = c->stride[0],
        .step_width = c->stride[1],
        .tap_height = (ptrdiff_t)c->dilation[0],
        .tap_width = (ptrdiff_t)c->dilation[1],
        .offset_height = -(ptrdiff_t)c->pad[0],
        .offset_width = -(ptrdiff_t)c->pad[1],
        .divisor_height = 1,
        .divisor_width = 1,
        .sample_stride = c->channels * c->height * c->width,
    };
}

static mote_patches output_patches(const convolution *c)
{
    const mote_patches in = input_patches(c);
    return (mote_patches){
        .channels = c->filters,
        .height = in.positions_height,
        .width = in.positions_width,
        .kernel_height = c->kernel[0],
        .kernel_width = c->kernel[1],
        .positions_height = c->height,
        .positions_width = c->width,
        .step_height = 1,
        .step_width = 1,
        .tap_height = -(ptrdiff_t)c->dilation[0],
        .tap_width = -(ptrdiff_t)c->dilation[1],
        .offset_height = (ptrdiff_t)c->pad[0],
        .offset_width = (ptrdiff_t)c->pad[1],
        .divisor_height = c->stride[0],
        .divisor_width = c->stride[1],
        .sample_stride = c->filters * in.positions_height * in.positions_width,
    };
}

static mote_product forward_product(const convolution *c)
{
    const mote_patches patches = input_patches(c);
    const size_t depth = c->channels * c->kernel[0] * c->kernel[1];
    const size_t plane = patches.positions_height * patches.positions_width;
    return (mote_product){
        .rows = c->filters,
        .columns = c->samples * plane,
        .depth = depth,
        .left = {.outer = {.step = depth}, .inner = {.step = 1}},
        .right = {.kind = MOTE_FACTOR_POSITION_TAPS, .patches = patches},
        .row_step = plane,
        .column_axis = {.period = plane, .step = 1, .jump = c->filters * plane},
    };
}

static mote_product derivative_product(const convolution *c)
{
    const size_t taps = c->kernel[0] * c->kernel[1];
    const size_t plane = c->height * c->width;
    return (mote_product){
        .rows = c->channels,
        .columns = c->samples * plane,
        .depth = c->filters * taps,
        .left = {.outer = {.step = taps},
                 .inner = {.period = taps, .step = 1, .jump = c->channels * taps}},
        .right = {.kind = MOTE_FACTOR_POSITION_TAPS, .patches = output_patches(c)},
        .row_step = plane,
        .column_axis = {.period = plane, .step = 1, .jump = c->channels * plane},
    };
}

static mote_product gradient_product(const convolution *c)
{
    const mote_patches patches = input_patches(c);
    const size_t columns = c->channels * c->kernel[0] * c->kernel[1];
    const size_t plane = patches.positions_height * patches.positions_width;
    return (mote_product){
        .rows = c->filters,
        .columns = columns,
        .depth = c->samples * plane,
        .group = mote_batch_group(plane) * plane,
        .left = {.outer = {.step = plane},
                 .inner = {.period = plane, .step = 1, .jump = c->filters * plane}},
        .right = {.kind = MOTE_FACTOR_TAP_POSITIONS, .patches = patches},
        .row_step = columns,
        .column_axis = {.step = 1},
    };
}

static void check_convolution(const level_state *levels, const convolution *c, uint64_t seed)
{
    const mote_patches patches = input_patches(c);
    const size_t out_plane = patches.positions_height * patches.positions_width;
    float *x = random_numbers(c->samples * patches.sample_stride, &seed);
    float *w = random_numbers(c->filters * c->channels * c->kernel[0] * c->kernel[1], &seed);
    float *dy = random_numbers(c->samples * c->filters * out_plane, &seed);
    mote_product forward = forward_product(c);
    forward.left.data = w;
    forward.right.data = x;
    forward.row_bias = dy;
    check_product(levels, &forward);
    mote_product derivative = derivative_product(c);
    derivative.left.data = w;
    derivative.right.data = dy;
    check_product(levels, &derivative);
    mote_product gradient = gradient_product(c);
    gradient.left.data = dy;
    gradient.right.data = x;
    check_product(levels, &gradient);
    free(dy);
    free(w);
    free(x);
}

static void usual_convolutions_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const convolution convolutions[] = {
        {2, 1, 6, 28, 28, {5, 5}, {1, 1}, {1, 1}, {2, 2}}, // LeNet-5
        {3, 6, 16, 14, 14, {5, 5}, {1, 1}, {1, 1}, {0, 0}},
        {1, 29, 8, 16, 16, {3, 3}, {1, 1}, {1, 1}, {1, 1}}, // more than one block of taps
        {2, 4, 5, 32, 32, {3, 3}, {1, 1}, {1, 1}, {1, 1}},  // groups of several blocks
        {2, 3, 4, 23, 19, {3, 3}, {2, 2}, {1, 1}, {1, 1}},
        {2, 5, 7, 9, 11, {1, 1}, {1, 1}, {1, 1}, {0, 0}},
        {2, 5, 7, 9, 11, {1, 1}, {2, 2}, {1, 1}, {0, 0}},
        {5, 20, 9, 4, 4, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {3, 2, 3, 7, 7, {7, 7}, {1, 1}, {1, 1}, {3, 3}},
        {70, 3, 2, 2, 2, {2, 2}, {1, 1}, {1, 1}, {0, 0}}, // one position a sample
        // filters enough to read taps in place: groups of one block, of several, of several chunks
        {9, 7, 40, 4, 4, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {3, 30, 33, 20, 20, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {2, 5, 16, 37, 41, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {2, 3, 64, 41, 37, {5, 5}, {1, 1}, {1, 1}, {0, 0}},
        {1, 2, 17, 90, 94, {3, 3}, {2, 2}, {1, 1}, {1, 1}},
        {3, 70, 48, 9, 9, {1, 1}, {1, 1}, {1, 1}, {0, 0}},
        {3, 70, 12, 9, 9, {3, 3}, {2, 2}, {2, 2}, {2, 2}},
    };
    for (size_t i = 0; i < sizeof convolutions / sizeof convolutions[0]; i++)
        check_convolution(levels, &convolutions[i], i);
}

static void convolutions_of_any_shape_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    uint64_t seed = 11;
    for (unsigned i = 0; i < 120; i++) {
        convolution c = {.samples = next_size(&seed, 1, 4),
                         .channels = next_size(&seed, 1, 9),
                         .filters = next_size(&seed, 1, i % 2 ? 40 : 9)};
        for (size_t axis = 0; axis < 2; axis++) {
            c.kernel[axis] = next_size(&seed, 1, 5);
            c.stride[axis] = next_size(&seed, 1, 3);
            c.dilation[axis] = next_size(&seed, 1, 3);
            c.pad[axis] = next_size(&seed, 0, 6);
        }
        const size_t reach[2] = {(c.kernel[0] - 1) * c.dilation[0] + 1,
                                 (c.kernel[1] - 1) * c.dilation[1] + 1};
        c.height = next_size(&seed, reach[0] > 2 * c.pad[0] ? reach[0] - 2 * c.pad[0] : 1, 15);
        c.width = next_size(&seed, reach[1] > 2 * c.pad[1] ? reach[1] - 2 * c.pad[1] : 1, 37);
        check_convolution(levels, &c, seed);
    }
}

/// Plans are made for the largest batch: fewer samples must fit into its scratch.
static void a_smaller_batch_needs_no_more_scratch(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (unsigned i = 0; i < 2000; i++) {
        const size_t kernel = next_size(&seed, 1, 7);
        const size_t extent = next_size(&seed, kernel, 40);
        const size_t pad = next_size(&seed, 0, kernel - 1);
        const size_t stride = next_size(&seed, 1, 3);
        convolution c = {next_size(&seed, 2, 70),
                         next_size(&seed, 1, 70),
                         next_size(&seed, 1, 70),
                         extent,
                         extent,
                         {kernel, kernel},
                         {stride, stride},
                         {1, 1},
                         {pad, pad}};
        const mote_product large[] = {forward_product(&c), derivative_product(&c),
                                      gradient_product(&c)};
        c.samples = next_size(&seed, 1, c.samples - 1);
        const mote_product small[] = {forward_product(&c), derivative_product(&c),
                                      gradient_product(&c)};
        for (size_t part = 0; part < 3; part++) {
            const size_t bytes = mote_product_scratch_bytes(&large[part], 2);
            assert_true(mote_product_scratch_bytes(&small[part], 2) <= bytes);
            assert_true(bytes <= (size_t)2 * 262144);
        }
    }
}

static void terms_in_the_padding_are_multiplied(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const float infinite = INFINITY;
    const float one = 1;
    const convolution c = {1, 1, 1, 1, 1, {1, 2}, {1, 1}, {1, 1}, {0, 1}};
    const float weight[2] = {infinite, 1};
    mote_product product = forward_product(&c);
    product.left.data = weight;
    product.right.data = &one;
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT && levels->tables[level]; level++) {
        float out[2] = {0, 0};
        float *scratch = aligned_alloc(64, mote_product_scratch_bytes(&product, 1));
        product.out = out;
        levels->tables[level]->product(&product, NULL, scratch);
        assert_true(isnan(out[0])); // infinite * padding + 1 * 1
        assert_true(isinf(out[1]));
        free(scratch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_convolutions_follow_the_rule),
        cmocka_unit_test(convolutions_of_any_shape_follow_the_rule),
        cmocka_unit_test(a_smaller_batch_needs_no_more_scratch),
        cmocka_unit_test(terms_in_the_padding_are_multiplied),
    };
    return cmocka_run_group_tests_name("product of images", tests, find_levels, NULL);
}
