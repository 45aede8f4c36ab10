// SPDX-License-Identifier: Apache-2.0
// Products with an image, for any stride, dilation, padding and divisor, equal the rule of product.h bit for
// bit, at every level and on any number of threads.
#include "product_rule.h"

#include "kernel/tile.h"

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
        {5, 40, 40, 40, 40, {1, 1}, {2, 2}, {1, 1}, {0, 0}}, // threads begin inside of a panel
        {2, 5, 7, 9, 11, {1, 1}, {2, 2}, {1, 1}, {0, 0}},
        {5, 20, 9, 4, 4, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {3, 2, 3, 7, 7, {7, 7}, {1, 1}, {1, 1}, {3, 3}},
        {70, 3, 2, 2, 2, {2, 2}, {1, 1}, {1, 1}, {0, 0}}, // one position a sample
        // rows of whole tiles and halves, which are read where they lie, and phases of such
        {2, 31, 17, 5, 32, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {3, 2, 9, 3, 16, {3, 5}, {1, 1}, {1, 1}, {1, 2}},
        {3, 20, 31, 8, 32, {3, 3}, {2, 2}, {1, 1}, {1, 1}},
        {2, 20, 31, 4, 32, {1, 1}, {2, 2}, {1, 1}, {0, 0}},
        {5, 150, 70, 8, 8, {3, 3}, {2, 2}, {1, 1}, {1, 1}}, // rows in parts
        {2, 7, 9, 9, 17, {3, 3}, {2, 3}, {1, 1}, {1, 1}},
        // filters enough to read taps in place: groups of one block, of several, of several chunks
        {9, 7, 40, 4, 4, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {3, 30, 33, 20, 20, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {2, 5, 16, 37, 41, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {2, 3, 64, 41, 37, {5, 5}, {1, 1}, {1, 1}, {0, 0}},
        {1, 2, 17, 90, 94, {3, 3}, {2, 2}, {1, 1}, {1, 1}},
        {3, 70, 48, 9, 9, {1, 1}, {1, 1}, {1, 1}, {0, 0}},
        {3, 70, 12, 9, 9, {3, 3}, {2, 2}, {2, 2}, {2, 2}},
        // more filters and taps than a gradient works at a time
        {3, 70, 100, 5, 5, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {2, 30, 70, 17, 18, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        // 1x1 with more filters than channels
        {5, 16, 70, 6, 6, {1, 1}, {1, 1}, {1, 1}, {0, 0}},
        {2, 48, 600, 9, 37, {1, 1}, {1, 1}, {1, 1}, {0, 0}},
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

/// Phases of more filters than the scratch counts terms are packed panel by panel.
static void terms_of_phases_that_do_not_fit_are_packed(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const convolution fits = {1, 2, 512, 5, 4, {3, 3}, {2, 2}, {1, 1}, {1, 1}};
    const convolution large = {1, 2, 513, 5, 4, {3, 3}, {2, 2}, {1, 1}, {1, 1}};
    mote_phases_blocks cut;
    const mote_product in_place = derivative_product(&fits);
    const mote_product packed = derivative_product(&large);
    assert_true(mote_phases_fit(&in_place, &cut));
    assert_true(cut.slice_bytes <= 262144);
    assert_false(mote_phases_fit(&packed, &cut));
    check_convolution(levels, &fits, 1);
    check_convolution(levels, &large, 2);
}

/// A row of positions longer than a chunk is copied in parts, of which the last is followed by padding.
static void long_rows_are_copied_in_parts(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const convolution convolutions[] = {
        {2, 2, 3, 1, 5000, {1, 9}, {1, 1}, {1, 1}, {0, 4}},
        {1, 2, 3, 1, 40000, {1, 3}, {1, 1}, {1, 1}, {0, 1}},
        {2, 3, 17, 1, 3001, {1, 5}, {1, 2}, {1, 1}, {0, 2}},
        {1, 2, 2, 3, 4000, {3, 4}, {1, 3}, {1, 2}, {0, 7}},
        {2, 1, 2, 1, 1025, {1, 2}, {1, 1}, {1, 700}, {0, 350}},
    };
    for (size_t i = 0; i < sizeof convolutions / sizeof convolutions[0]; i++)
        check_convolution(levels, &convolutions[i], i);
}

/// Many channels of long rows, and kernels that reach further than a copy: both are packed panel by panel.
static void what_no_copy_holds_is_packed(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const convolution convolutions[] = {
        {1, 30, 29, 3, 480, {3, 3}, {1, 1}, {1, 1}, {1, 1}},
        {1, 30, 29, 5, 481, {3, 3}, {2, 2}, {1, 1}, {1, 1}},
        {1, 2, 2, 200, 100, {3, 3}, {1, 1}, {90, 90}, {90, 90}},
    };
    for (size_t i = 0; i < sizeof convolutions / sizeof convolutions[0]; i++) {
        const mote_product forward = forward_product(&convolutions[i]);
        const mote_product derivative = derivative_product(&convolutions[i]);
        mote_positions_blocks positions;
        assert_false(mote_positions_fit(&forward, &positions));
        assert_false(mote_positions_fit(&derivative, &positions));
        check_convolution(levels, &convolutions[i], i);
    }
}

/// Depths and outputs about the sizes of blocks, tiles and their halves.
static void sizes_about_those_of_blocks_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const size_t channels[] = {64, 32, 128, 65}; // times 4 taps: 256, 128, 512, 260
    const size_t widths[] = {7, 8, 9, 15, 16, 17, 31, 32, 33, 48};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        const convolution c = {i % 2 + 1, channels[i % 4], 9, 2, widths[i], {2, 2}, {1, 1},
                               {1, 1},    {0, i % 3 == 0}};
        check_convolution(levels, &c, i);
        const convolution deep = {1,      i % 2 + 1, 17,      1, widths[i], {1, 257 - i % 2},
                                  {1, 1}, {1, 1},    {0, 128}};
        check_convolution(levels, &deep, i);
    }
}

static convolution make_any(uint64_t *seed, size_t samples)
{
    convolution c = {
        .samples = samples, .channels = next_size(seed, 1, 40), .filters = next_size(seed, 1, 40)};
    size_t low[2];
    for (size_t axis = 0; axis < 2; axis++) {
        c.kernel[axis] = next_size(seed, 1, 4);
        c.stride[axis] = next_size(seed, 1, 5); // beyond the kernel, too
        c.dilation[axis] = next_size(seed, 1, 3);
        c.pad[axis] = next_size(seed, 0, 3);
        const size_t reach = (c.kernel[axis] - 1) * c.dilation[axis] + 1;
        low[axis] = reach > 2 * c.pad[axis] ? reach - 2 * c.pad[axis] : 1;
    }
    c.height = next_size(seed, low[0], 14);
    c.width = next_size(seed, low[1], 14);
    return c;
}

static void compare_bits(const mote_product *product, const float *expected)
{
    for (size_t row = 0; row < product->rows; row++) {
        for (size_t column = 0; column < product->columns; column++) {
            const size_t at = row * product->row_step + axis_offset(&product->column_axis, column);
            assert_int_equal(float_bits(product->out[at]), float_bits(expected[at]));
        }
    }
}

/// The product with the scratch of a larger batch on more threads, which is guarded and full of NaN.
static void run_in_scratch(const mote_kernels *table, mote_product product, size_t threads,
                           guarded *scratch, float *expected, bool is_reference)
{
    guarded out = guarded_make(out_count(&product), 3);
    for (size_t i = 0; i < scratch->count; i++)
        scratch->data[i] = NAN;
    product.out = is_reference ? expected : out.data;
    shuffled order = {0};
    const mote_parallel parallel = shuffled_parallel(&order, threads);
    table->product(&product, threads == 1 ? NULL : &parallel, scratch->data);
    if (!is_reference)
        compare_bits(&product, expected);
    guarded_release(&out);
}

static void check_batches(const level_state *levels, const mote_product *large,
                          const mote_product *small)
{
    const size_t most = 3;
    float *expected = malloc(out_count(small) * sizeof *expected);
    assert_non_null(expected);
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        for (size_t threads = 1; threads <= most && levels->tables[level]; threads++) {
            guarded scratch =
                guarded_make(mote_product_scratch_bytes(large, threads) / sizeof(float), 0);
            if (level == 0 && threads == 1) // others must equal it; check_product compares it
                run_in_scratch(levels->tables[0], *small, 1, &scratch, expected, true);
            run_in_scratch(levels->tables[level], *small, threads, &scratch, expected, false);
            guarded_release(&scratch);
        }
    }
    free(expected);
}

/// Plans are made for the largest batch: any smaller one runs in its scratch.
static void every_smaller_batch_runs_in_the_scratch_of_the_largest(void **state)
{
    const level_state *levels = (const level_state *)*state;
    uint64_t seed = 23;
    for (unsigned i = 0; i < 24; i++) {
        const size_t batch = next_size(&seed, 2, 9);
        convolution c = make_any(&seed, batch);
        const mote_patches patches = input_patches(&c);
        const size_t out_plane = patches.positions_height * patches.positions_width;
        float *x = random_numbers(batch * patches.sample_stride, &seed);
        float *w = random_numbers(c.filters * c.channels * c.kernel[0] * c.kernel[1], &seed);
        float *dy = random_numbers(batch * c.filters * out_plane, &seed);
        const mote_product large[] = {forward_product(&c), derivative_product(&c),
                                      gradient_product(&c)};
        for (c.samples = 1; c.samples < batch; c.samples++) {
            mote_product small[] = {forward_product(&c), derivative_product(&c),
                                    gradient_product(&c)};
            small[0].left.data = small[1].left.data = w;
            small[0].right.data = small[2].right.data = x;
            small[1].right.data = small[2].left.data = dy;
            for (size_t part = 0; part < 3; part++)
                check_batches(levels, &large[part], &small[part]);
        }
        free(dy);
        free(w);
        free(x);
    }
}

/// Offsets have 32 bits: where a chunk's samples lie further apart, they are copied; weights are packed.
static void what_32_bits_do_not_reach_is_not_read_in_place(void **state)
{
    (void)state;
    const convolution c = {4, 1, 1, 40, 40, {40, 40}, {1, 1}, {1, 1}, {0, 0}};
    mote_patches patches = input_patches(&c);
    const mote_image_wish wish = {
        .chunk = 4, .most = 65536, .fewest = 1, .channels = 1, .batch = 4, .dense = true};
    mote_image image;
    patches.sample_stride = UINT32_MAX / 4;
    assert_true(mote_image_cut(&patches, &wish, &image));
    assert_false(image.is_copied);
    patches.sample_stride++;
    assert_true(mote_image_cut(&patches, &wish, &image));
    assert_true(image.is_copied);

    const convolution weights = {1, 1, 100, 4, 4, {3, 3}, {1, 1}, {1, 1}, {1, 1}};
    mote_product product = derivative_product(&weights);
    mote_positions_blocks cut;
    product.left.inner.jump = (UINT32_MAX - 9) / 29; // a block of 256 has 29 filters' 9 taps
    assert_true(mote_positions_fit(&product, &cut));
    product.left.inner.jump++;
    assert_false(mote_positions_fit(&product, &cut));
}

static void gradients_fit_where_32_bits_reach(void **state)
{
    (void)state;
    // 2 x 2 positions: groups of 16 samples, of 16383^2 and 16385^2 cells
    convolution c = {1, 1, 1, 1, 1, {2, 2}, {8191, 8191}, {8191, 8191}, {8191, 8191}};
    mote_product product = gradient_product(&c);
    assert_true(mote_product_fits(&product));
    for (size_t axis = 0; axis < 2; axis++)
        c.stride[axis] = c.dilation[axis] = c.pad[axis] = 8192;
    product = gradient_product(&c);
    assert_false(mote_product_fits(&product));
    product = forward_product(&c);
    assert_true(mote_product_fits(&product));
    assert_true(mote_product_scratch_bytes(&product, 1) <= 262144);
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

/// Backward may be made in slices of channels: fewer columns of gradients, fewer rows of derivatives.
static void a_slice_of_channels_needs_no_more_scratch(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (unsigned i = 0; i < 4000; i++) {
        const size_t kernel = next_size(&seed, 0, 2) * 2 + 1;
        const size_t extent = next_size(&seed, kernel, 20);
        const convolution c = {next_size(&seed, 1, 16),
                               next_size(&seed, 2, 1200),
                               next_size(&seed, 1, 1200),
                               extent,
                               extent,
                               {kernel, kernel},
                               {1, 1},
                               {1, 1},
                               {kernel / 2, kernel / 2}};
        convolution slice = c;
        slice.channels = next_size(&seed, 1, c.channels - 1);
        const mote_product whole[] = {derivative_product(&c), gradient_product(&c)};
        const mote_product part[] = {derivative_product(&slice), gradient_product(&slice)};
        for (size_t j = 0; j < 2; j++)
            assert_true(mote_product_scratch_bytes(&part[j], 2) <=
                        mote_product_scratch_bytes(&whole[j], 2));
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
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        if (!levels->tables[level])
            continue;
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
        cmocka_unit_test(long_rows_are_copied_in_parts),
        cmocka_unit_test(what_no_copy_holds_is_packed),
        cmocka_unit_test(terms_of_phases_that_do_not_fit_are_packed),
        cmocka_unit_test(sizes_about_those_of_blocks_follow_the_rule),
        cmocka_unit_test(every_smaller_batch_runs_in_the_scratch_of_the_largest),
        cmocka_unit_test(what_32_bits_do_not_reach_is_not_read_in_place),
        cmocka_unit_test(gradients_fit_where_32_bits_reach),
        cmocka_unit_test(a_smaller_batch_needs_no_more_scratch),
        cmocka_unit_test(a_slice_of_channels_needs_no_more_scratch),
        cmocka_unit_test(terms_in_the_padding_are_multiplied),
    };
    return cmocka_run_group_tests_name("product of images", tests, find_levels, NULL);
}
