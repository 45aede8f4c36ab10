// SPDX-License-Identifier: Apache-2.0
// The product equals the rule of product.h, written down literally here, bit for bit: at every level, on any
// number of threads, for plain factors and for images with any stride, dilation, padding and divisor.
#include "levels.h"

#include <math.h>

typedef struct level_state {
    const mote_kernels *tables[MOTE_CPU_LEVEL_COUNT];
} level_state;

static size_t axis_offset(const mote_axis *axis, size_t i)
{
    return axis->period ? i / axis->period * axis->jump + i % axis->period * axis->step
                        : i * axis->step;
}

static bool locate(size_t position, size_t step, size_t tap, ptrdiff_t tap_step, ptrdiff_t offset,
                   size_t divisor, size_t *place)
{
    const ptrdiff_t at = (ptrdiff_t)(position * step) + (ptrdiff_t)tap * tap_step + offset;
    *place = (size_t)at / divisor;
    return at >= 0 && at % (ptrdiff_t)divisor == 0;
}

static float patch_element(const mote_factor *factor, size_t position, size_t tap)
{
    const mote_patches *p = &factor->patches;
    const size_t taps = p->kernel_height * p->kernel_width;
    const size_t plane = p->positions_height * p->positions_width;
    const size_t in_plane = position % plane;
    size_t row = 0;
    size_t column = 0;
    const bool row_exists =
        locate(in_plane / p->positions_width, p->step_height, tap % taps / p->kernel_width,
               p->tap_height, p->offset_height, p->divisor_height, &row);
    const bool column_exists =
        locate(in_plane % p->positions_width, p->step_width, tap % p->kernel_width, p->tap_width,
               p->offset_width, p->divisor_width, &column);
    if (!row_exists || !column_exists || row >= p->height || column >= p->width)
        return 0;
    return factor->data[position / plane * p->sample_stride +
                        (tap / taps * p->height + row) * p->width + column];
}

static float element(const mote_factor *factor, size_t i, size_t k)
{
    if (factor->kind == MOTE_FACTOR_POSITION_TAPS)
        return patch_element(factor, i, k);
    if (factor->kind == MOTE_FACTOR_TAP_POSITIONS)
        return patch_element(factor, k, i);
    return factor->data[axis_offset(&factor->outer, i) + axis_offset(&factor->inner, k)];
}

static float sum_block(const mote_product *product, size_t i, size_t j, size_t first, size_t end)
{
    float sum = 0;
    for (size_t k = first; k < end; k++)
        sum = fmaf(element(&product->left, i, k), element(&product->right, j, k), sum);
    return sum;
}

static float sum_group(const mote_product *product, size_t i, size_t j, size_t first, size_t end)
{
    float sum = 0;
    for (size_t k = first; k < end; k += MOTE_PRODUCT_BLOCK) {
        const size_t block_end = k + MOTE_PRODUCT_BLOCK < end ? k + MOTE_PRODUCT_BLOCK : end;
        const float block = sum_block(product, i, j, k, block_end);
        sum = k == first ? block : sum + block;
    }
    return sum;
}

static float expected_at(const mote_product *product, size_t i, size_t j)
{
    const size_t group = product->group ? product->group : product->depth;
    float total = 0;
    for (size_t k = 0; k < product->depth; k += group) {
        const size_t end = k + group < product->depth ? k + group : product->depth;
        const float sum = sum_group(product, i, j, k, end);
        total = k == 0 ? sum : total + sum;
    }
    if (product->row_bias)
        total += product->row_bias[i];
    if (product->column_bias)
        total += product->column_bias[j];
    return total;
}

static size_t out_count(const mote_product *product)
{
    const size_t last_column = axis_offset(&product->column_axis, product->columns - 1);
    return (product->rows - 1) * product->row_step + last_column + 1;
}

static void compare(const mote_product *product, const float *expected)
{
    for (size_t i = 0; i < product->rows * product->columns; i++) {
        const size_t row = i / product->columns;
        const size_t column = i % product->columns;
        const float got =
            product->out[row * product->row_step + axis_offset(&product->column_axis, column)];
        if (float_bits(got) != float_bits(expected[i]))
            fail_msg("row %zu column %zu: %a instead of %a", row, column, (double)got,
                     (double)expected[i]);
    }
}

/// Runs at one level on so many threads, in memory filled with NaN; scratch and output are guarded.
static void run_and_compare(const mote_kernels *table, const mote_product *problem, size_t threads,
                            const float *expected)
{
    mote_product product = *problem;
    guarded out = guarded_make(out_count(&product), 3);
    for (size_t i = 0; i < out.count; i++)
        out.data[i] = NAN;
    product.out = out.data;
    const size_t scratch_bytes = mote_product_scratch_bytes(&product, threads);
    assert_true(scratch_bytes <= threads * 262144);
    guarded scratch = guarded_make(scratch_bytes / sizeof(float), 0);
    for (size_t i = 0; i < scratch.count; i++)
        scratch.data[i] = NAN;
    shuffled order = {0};
    const mote_parallel parallel = shuffled_parallel(&order, threads);
    table->product(&product, threads == 1 ? NULL : &parallel, scratch.data);
    compare(&product, expected);
    guarded_release(&scratch);
    guarded_release(&out);
}

static void check_product(const level_state *levels, const mote_product *product)
{
    float *expected = malloc(product->rows * product->columns * sizeof *expected);
    assert_non_null(expected);
    for (size_t i = 0; i < product->rows; i++) {
        for (size_t j = 0; j < product->columns; j++)
            expected[i * product->columns + j] = expected_at(product, i, j);
    }
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        for (size_t threads = 1; threads <= 3 && levels->tables[level]; threads++)
            run_and_compare(levels->tables[level], product, threads, expected);
    }
    free(expected);
}

static float *random_numbers(size_t count, uint64_t *seed)
{
    float *numbers = malloc((count + 1) * sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = next_float(seed);
    return numbers;
}

/// One of the eight ways to store both factors by rows or by columns, with or without biases.
static void check_plain(const level_state *levels, const size_t extents[4], unsigned how,
                        uint64_t seed)
{
    const size_t rows = extents[0];
    const size_t columns = extents[1];
    const size_t depth = extents[2];
    float *left = random_numbers(rows * depth, &seed);
    float *right = random_numbers(columns * depth, &seed);
    float *row_bias = random_numbers(rows, &seed);
    float *column_bias = random_numbers(columns, &seed);
    mote_product product = {
        .rows = rows,
        .columns = columns,
        .depth = depth,
        .group = extents[3],
        .left = {.data = left, .outer = {.step = depth}, .inner = {.step = 1}},
        .right = {.data = right, .outer = {.step = depth}, .inner = {.step = 1}},
        .row_step = columns + how % 3,
        .column_axis = {.step = 1},
        .row_bias = how & 1U ? row_bias : NULL,
        .column_bias = how & 2U ? column_bias : NULL,
    };
    if (how & 4U)
        product.left.outer.step = 1, product.left.inner.step = rows;
    if (how & 8U)
        product.right.outer.step = 1, product.right.inner.step = columns;
    check_product(levels, &product);
    free(column_bias);
    free(row_bias);
    free(right);
    free(left);
}

static void plain_products_of_any_extent_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    uint64_t seed = 1;
    for (unsigned i = 0; i < 160; i++) {
        const size_t extents[4] = {next_size(&seed, 1, 40), next_size(&seed, 1, 70),
                                   next_size(&seed, 1, i % 4 == 0 ? 700 : 40), 0};
        check_plain(levels, extents, i % 16, seed);
    }
}

static void edges_of_tiles_and_blocks_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const size_t rows[] = {1, 5, 6, 7, 12, 143, 144, 145};
    const size_t columns[] = {1, 15, 16, 17, 511, 512, 513};
    const size_t depths[] = {1, 255, 256, 257, 512, 513};
    for (unsigned i = 0; i < 8 * 7; i++) {
        const size_t extents[4] = {rows[i % 8], columns[i / 8], depths[i % 6], 0};
        const bool large = extents[0] > 100 && extents[1] > 100;
        if (!large || extents[2] < 257)
            check_plain(levels, extents, i % 16, i);
    }
}

static void skinny_products_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const size_t extents[][4] = {{1, 1, 20000, 0}, {64, 10, 3000, 0}, {1, 300, 700, 0},
                                 {300, 1, 700, 0}, {2, 3, 9999, 64},  {1000, 2, 3, 0},
                                 {3, 2000, 2, 0}};
    for (unsigned i = 0; i < sizeof extents / sizeof extents[0]; i++) {
        check_plain(levels, extents[i], 0, i);
        check_plain(levels, extents[i], 15, i);
    }
}

static void groups_are_summed_apart(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const size_t groups[] = {1,   2,   63,  64,  65,  100, 128,  129,
                             255, 256, 257, 300, 512, 600, 1000, 4000};
    for (unsigned i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        const size_t few[4] = {7, 37, 1300, groups[i]};
        check_plain(levels, few, i, i);
        const size_t exact[4] = {13, 16, groups[i] * 2, groups[i]};
        check_plain(levels, exact, i, i);
    }
    const size_t many[4] = {100, 300, 1100, 520};
    check_plain(levels, many, 12, 99);
    const size_t many_small[4] = {150, 530, 130, 50};
    check_plain(levels, many_small, 12, 98);
}

static void axes_with_periods_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    uint64_t seed = 5;
    for (unsigned i = 0; i < 40; i++) {
        const size_t period[4] = {next_size(&seed, 1, 20), next_size(&seed, 1, 20),
                                  next_size(&seed, 1, 40), next_size(&seed, 1, 60)};
        float *left = random_numbers(40000, &seed);
        float *right = random_numbers(40000, &seed);
        const mote_product product = {
            .rows = next_size(&seed, 1, 30),
            .columns = next_size(&seed, 1, 60),
            .depth = next_size(&seed, 1, 300),
            .left = {.data = left,
                     .outer = {.period = period[0], .step = 3, .jump = 100},
                     .inner = {.period = period[1], .step = i % 2 + 1, .jump = 61}},
            .right = {.data = right,
                      .outer = {.period = period[2], .step = i % 3 + 1, .jump = 130},
                      .inner = {.period = period[1], .step = 1, .jump = 50}},
            .row_step = 12100, // beyond the farthest column
            .column_axis = {.period = period[3], .step = i % 2 + 1, .jump = 200},
        };
        check_product(levels, &product);
        free(right);
        free(left);
    }
}

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
                         .filters = next_size(&seed, 1, 9)};
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

static void scratch_grows_with_every_extent(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (unsigned i = 0; i < 3000; i++) {
        mote_product small = {
            .rows = next_size(&seed, 1, 300),
            .columns = next_size(&seed, 1, 900),
            .depth = next_size(&seed, 1, 900),
            .group = i % 3 == 0 ? 0 : next_size(&seed, 1, 700),
            .right = {.kind = i % 2 ? MOTE_FACTOR_PLAIN : MOTE_FACTOR_TAP_POSITIONS},
        };
        mote_product large = small;
        large.rows += next_size(&seed, 0, 100);
        large.columns += next_size(&seed, 0, 100);
        large.depth += next_size(&seed, 0, 800);
        for (size_t threads = 1; threads < 5; threads++) {
            const size_t bytes = mote_product_scratch_bytes(&large, threads);
            assert_true(mote_product_scratch_bytes(&small, threads) <= bytes);
            assert_true(bytes <= threads * 262144);
        }
    }
}

static void small_products_stay_on_the_calling_thread(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const float numbers[64] = {1};
    float out[64];
    mote_product product = {
        .rows = 8,
        .columns = 8,
        .depth = 8,
        .left = {.data = numbers, .outer = {.step = 8}, .inner = {.step = 1}},
        .right = {.data = numbers, .outer = {.step = 8}, .inner = {.step = 1}},
        .out = out,
        .row_step = 8,
        .column_axis = {.step = 1},
    };
    const size_t bytes = mote_product_scratch_bytes(&product, 1);
    assert_int_equal(mote_product_scratch_bytes(&product, 64), bytes);
    assert_true(bytes < 4096);
    shuffled order = {0};
    const mote_parallel parallel = shuffled_parallel(&order, 64);
    float *scratch = aligned_alloc(64, bytes);
    levels->tables[0]->product(&product, &parallel, scratch);
    assert_int_equal(order.calls, 0);
    free(scratch);
}

static int find_levels(void **state)
{
    static level_state levels;
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++)
        levels.tables[level] = level_table((mote_cpu_level)level);
    *state = &levels;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_products_of_any_extent_follow_the_rule),
        cmocka_unit_test(edges_of_tiles_and_blocks_follow_the_rule),
        cmocka_unit_test(skinny_products_follow_the_rule),
        cmocka_unit_test(groups_are_summed_apart),
        cmocka_unit_test(axes_with_periods_follow_the_rule),
        cmocka_unit_test(usual_convolutions_follow_the_rule),
        cmocka_unit_test(convolutions_of_any_shape_follow_the_rule),
        cmocka_unit_test(terms_in_the_padding_are_multiplied),
        cmocka_unit_test(scratch_grows_with_every_extent),
        cmocka_unit_test(small_products_stay_on_the_calling_thread),
    };
    return cmocka_run_group_tests_name("product", tests, find_levels, NULL);
}
