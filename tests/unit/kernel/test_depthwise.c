// SPDX-License-Identifier: Apache-2.0
// Depth-wise convolutions equal their rule bit for bit, at every level and on any number of threads.
#include "product_rule.h"

/// Pads: top, left, bottom, right.
typedef struct convolution {
    size_t samples, channels;
    size_t height, width;
    size_t kernel[2], stride[2], dilation[2], pad[4];
} convolution;

static mote_depthwise make_shape(const convolution *c)
{
    const size_t padded[2] = {c->height + c->pad[0] + c->pad[2], c->width + c->pad[1] + c->pad[3]};
    size_t out[2];
    for (size_t axis = 0; axis < 2; axis++) {
        const size_t reach = (c->kernel[axis] - 1) * c->dilation[axis] + 1;
        assert_true(padded[axis] >= reach);
        out[axis] = (padded[axis] - reach) / c->stride[axis] + 1;
    }
    return (mote_depthwise){
        .window = {.height = c->height,
                   .width = c->width,
                   .kernel_height = c->kernel[0],
                   .kernel_width = c->kernel[1],
                   .stride_height = c->stride[0],
                   .stride_width = c->stride[1],
                   .pad_top = c->pad[0],
                   .pad_left = c->pad[1],
                   .out_height = out[0],
                   .out_width = out[1]},
        .dilation_height = c->dilation[0],
        .dilation_width = c->dilation[1],
        .samples = c->samples,
        .channels = c->channels,
    };
}

typedef struct problem {
    mote_depthwise shape;
    size_t in_plane, out_plane, taps;
    float *x, *dy, *weight, *bias;
} problem;

static problem make_problem(const convolution *c, uint64_t seed)
{
    problem p = {.shape = make_shape(c)};
    const mote_window *const w = &p.shape.window;
    p.in_plane = w->height * w->width;
    p.out_plane = w->out_height * w->out_width;
    p.taps = w->kernel_height * w->kernel_width;
    p.x = random_numbers(c->samples * c->channels * p.in_plane, &seed);
    p.dy = random_numbers(c->samples * c->channels * p.out_plane, &seed);
    p.weight = random_numbers(c->channels * p.taps, &seed);
    p.bias = random_numbers(c->channels, &seed);
    return p;
}

static void release_problem(const problem *p)
{
    free(p->x);
    free(p->dy);
    free(p->weight);
    free(p->bias);
}

/// The cell of x under a tap of an output position, or 0 in the padding.
static float get_cell(const problem *p, const float *plane, size_t position, size_t tap)
{
    const mote_window *const w = &p->shape.window;
    const size_t row = position / w->out_width * w->stride_height +
                       tap / w->kernel_width * p->shape.dilation_height;
    const size_t column =
        position % w->out_width * w->stride_width + tap % w->kernel_width * p->shape.dilation_width;
    if (row < w->pad_top || row - w->pad_top >= w->height || column < w->pad_left ||
        column - w->pad_left >= w->width)
        return 0;
    return plane[(row - w->pad_top) * w->width + column - w->pad_left];
}

/// The output's derivative whose tap lies on a cell of x, or 0 where there is none.
static float get_derivative(const problem *p, const float *plane, size_t cell, size_t tap)
{
    const mote_window *const w = &p->shape.window;
    const size_t row = cell / w->width + w->pad_top;
    const size_t column = cell % w->width + w->pad_left;
    for (size_t position = 0; position < p->out_plane; position++) {
        if (position / w->out_width * w->stride_height +
                    tap / w->kernel_width * p->shape.dilation_height ==
                row &&
            position % w->out_width * w->stride_width +
                    tap % w->kernel_width * p->shape.dilation_width ==
                column)
            return plane[position];
    }
    return 0;
}

typedef float term_function(const problem *p, const float *plane, size_t position, size_t tap);

/// One plane: sums over taps in blocks of 256.
static void sum_taps(const problem *p, term_function *get, const float *plane, size_t channel,
                     size_t positions, float *sums)
{
    for (size_t position = 0; position < positions; position++) {
        float total = 0;
        for (size_t first = 0; first < p->taps; first += 256) {
            float sum = 0;
            for (size_t tap = first; tap < p->taps && tap < first + 256; tap++)
                sum = fmaf(p->weight[channel * p->taps + tap], get(p, plane, position, tap), sum);
            total = first == 0 ? sum : total + sum;
        }
        sums[position] = total;
    }
}

/// A block of one number of the gradient: positions first .. end-1, counted through the batch.
static float sum_block_of_positions(const problem *p, size_t channel, size_t tap, size_t first,
                                    size_t end)
{
    float sum = 0;
    for (size_t k = first; k < end; k++) {
        const size_t plane = k / p->out_plane * p->shape.channels + channel;
        const size_t at = k % p->out_plane;
        sum = fmaf(p->dy[plane * p->out_plane + at],
                   get_cell(p, p->x + plane * p->in_plane, at, tap), sum);
    }
    return sum;
}

/// Samples in groups of at least 64 positions, positions in blocks of 256.
static float sum_positions(const problem *p, size_t channel, size_t tap)
{
    size_t group = 1;
    while (group * p->out_plane < 64)
        group++;
    const size_t depth = p->shape.samples * p->out_plane;
    float total = 0;
    for (size_t first = 0; first < depth; first += group * p->out_plane) {
        const size_t group_end = first + group * p->out_plane;
        const size_t end = group_end < depth ? group_end : depth;
        float group_sum = 0;
        for (size_t block = first; block < end; block += 256) {
            const size_t block_end = block + 256 < end ? block + 256 : end;
            const float sum = sum_block_of_positions(p, channel, tap, block, block_end);
            group_sum = block == first ? sum : group_sum + sum;
        }
        total = first == 0 ? group_sum : total + group_sum;
    }
    return total;
}

static size_t count_results(const problem *p, mote_depthwise_part part)
{
    if (part == MOTE_DEPTHWISE_GRADIENT)
        return p->shape.channels * p->taps;
    return p->shape.samples * p->shape.channels *
           (part == MOTE_DEPTHWISE_FORWARD ? p->out_plane : p->in_plane);
}

static float *make_expected(const problem *p, mote_depthwise_part part, const float *bias)
{
    float *const expected = malloc(count_results(p, part) * sizeof *expected);
    assert_non_null(expected);
    const size_t channels = p->shape.channels;
    for (size_t plane = 0; plane < p->shape.samples * channels; plane++) {
        const size_t channel = plane % channels;
        if (part == MOTE_DEPTHWISE_FORWARD) {
            float *const y = expected + plane * p->out_plane;
            sum_taps(p, get_cell, p->x + plane * p->in_plane, channel, p->out_plane, y);
            for (size_t i = 0; bias && i < p->out_plane; i++)
                y[i] += bias[channel];
        } else if (part == MOTE_DEPTHWISE_DERIVATIVE) {
            sum_taps(p, get_derivative, p->dy + plane * p->out_plane, channel, p->in_plane,
                     expected + plane * p->in_plane);
        }
    }
    for (size_t i = 0; part == MOTE_DEPTHWISE_GRADIENT && i < channels * p->taps; i++)
        expected[i] = sum_positions(p, i / p->taps, i % p->taps);
    return expected;
}

static void run_part(const mote_kernels *table, const problem *p, mote_depthwise_part part,
                     const float *bias, float *out, const mote_parallel *parallel, void *scratch)
{
    if (part == MOTE_DEPTHWISE_FORWARD)
        table->depthwise(&p->shape, p->x, p->weight, bias, out, parallel, scratch);
    else if (part == MOTE_DEPTHWISE_DERIVATIVE)
        table->depthwise_derivative(&p->shape, p->weight, p->dy, out, parallel, scratch);
    else
        table->depthwise_gradient(&p->shape, p->x, p->dy, out, parallel, scratch);
}

/// In memory filled with NaN; scratch and output are guarded.
static void run_and_check(const mote_kernels *table, const problem *p, mote_depthwise_part part,
                          const float *bias, size_t threads, const float *expected)
{
    guarded out = guarded_make(count_results(p, part), 3);
    for (size_t i = 0; i < out.count; i++)
        out.data[i] = NAN;
    const size_t scratch_bytes = mote_depthwise_scratch_bytes(&p->shape, part, threads);
    assert_true(scratch_bytes <= threads * 262144);
    assert_int_equal(scratch_bytes % 64, 0);
    guarded scratch = guarded_make(scratch_bytes / sizeof(float), 0);
    for (size_t i = 0; i < scratch.count; i++)
        scratch.data[i] = NAN;
    shuffled order = {0};
    const mote_parallel parallel = shuffled_parallel(&order, threads);
    run_part(table, p, part, bias, out.data, threads == 1 ? NULL : &parallel, scratch.data);
    for (size_t i = 0; i < out.count; i++) {
        if (float_bits(out.data[i]) != float_bits(expected[i]))
            fail_msg("part %d, %zu threads: number %zu is %a instead of %a", (int)part, threads, i,
                     (double)out.data[i], (double)expected[i]);
    }
    guarded_release(&scratch);
    guarded_release(&out);
}

static void check_part(const level_state *levels, const problem *p, mote_depthwise_part part,
                       const float *bias)
{
    float *const expected = make_expected(p, part, bias);
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        for (size_t threads = 1; threads <= 3 && levels->tables[level]; threads++)
            run_and_check(levels->tables[level], p, part, bias, threads, expected);
    }
    free(expected);
}

static void check_convolution(const level_state *levels, const convolution *c, uint64_t seed)
{
    const problem p = make_problem(c, seed);
    assert_true(mote_depthwise_fits(&p.shape));
    check_part(levels, &p, MOTE_DEPTHWISE_FORWARD, p.bias);
    check_part(levels, &p, MOTE_DEPTHWISE_FORWARD, NULL);
    check_part(levels, &p, MOTE_DEPTHWISE_DERIVATIVE, NULL);
    check_part(levels, &p, MOTE_DEPTHWISE_GRADIENT, NULL);
    release_problem(&p);
}

static void usual_convolutions_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const convolution convolutions[] = {
        {2, 16, 24, 24, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
        {1, 17, 48, 48, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, // strips of rows
        {1, 15, 48, 48, {3, 3}, {2, 2}, {1, 1}, {0, 0, 1, 1}},
        {5, 40, 6, 6, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, // groups of two samples
        {9, 40, 3, 3, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, // groups of eight samples
        {70, 16, 1, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
        {5, 33, 25, 5, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
        {2, 1, 17, 16, {5, 5}, {1, 1}, {1, 1}, {2, 2, 2, 2}},
        {2, 16, 9, 7, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
        {2, 16, 9, 7, {1, 1}, {3, 3}, {1, 1}, {0, 0, 0, 0}},
        {2, 3, 20, 8, {10, 4}, {2, 1}, {1, 1}, {4, 1, 5, 2}},
        {2, 15, 7, 17, {3, 3}, {3, 2}, {1, 1}, {2, 0, 1, 3}},
        {2, 16, 12, 16, {3, 3}, {1, 1}, {2, 2}, {2, 2, 2, 2}},
        {2, 17, 9, 7, {3, 2}, {2, 3}, {2, 3}, {3, 1, 0, 2}},
        {2, 5, 1, 1, {5, 4}, {1, 1}, {1, 1}, {2, 2, 2, 1}},     // kernel larger than the plane
        {2, 2, 4, 3, {2, 2}, {4, 5}, {1, 1}, {0, 0, 0, 0}},     // cells that no window reaches
        {1, 2, 20, 20, {16, 16}, {1, 1}, {1, 1}, {8, 8, 7, 7}}, // a whole block of taps
        {2, 5, 13, 11, {3, 3}, {2, 4}, {1, 2}, {1, 2, 0, 3}},   // phases that no tap meets
        {1, 2, 2, 2, {3, 3}, {1, 1}, {1, 1}, {6, 6, 5, 5}},     // windows in the padding alone
    };
    for (size_t i = 0; i < sizeof convolutions / sizeof convolutions[0]; i++)
        check_convolution(levels, &convolutions[i], i);
}

/// Which are worked by rows where taps are neighbours.
static void large_planes_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const convolution convolutions[] = {
        {2, 3, 4, 16, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, // the smallest
        {2, 3, 20, 21, {3, 3}, {1, 1}, {1, 1}, {0, 0, 0, 0}},
        {1, 2, 19, 37, {3, 3}, {1, 1}, {1, 1}, {2, 2, 2, 2}},
        {2, 1, 18, 17, {3, 3}, {1, 1}, {1, 1}, {6, 5, 0, 3}}, // padding that windows lie in
        {1, 3, 7, 18, {3, 3}, {1, 1}, {1, 1}, {0, 0, 5, 6}},
        {1, 1, 3, 40, {3, 3}, {1, 1}, {1, 1}, {0, 1, 1, 1}},  // fewer rows than are worked at once
        {1, 1, 1, 16, {3, 3}, {1, 1}, {1, 1}, {9, 1, 9, 1}},  // most rows are padding
        {1, 1, 70, 50, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}}, // parts of planes
        {1, 1, 17, 272, {3, 3}, {1, 1}, {1, 1}, {1, 0, 0, 1}},
    };
    for (size_t i = 0; i < sizeof convolutions / sizeof convolutions[0]; i++)
        check_convolution(levels, &convolutions[i], i);
}

static void long_rows_are_cut(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const convolution convolutions[] = {
        {2, 3, 1, 5000, {1, 9}, {1, 1}, {1, 1}, {0, 4, 0, 4}},
        {1, 2, 3, 2100, {3, 3}, {1, 2}, {1, 1}, {1, 1, 1, 1}},
        {1, 2, 2100, 3, {3, 3}, {2, 1}, {1, 1}, {1, 1, 1, 1}},
    };
    for (size_t i = 0; i < sizeof convolutions / sizeof convolutions[0]; i++)
        check_convolution(levels, &convolutions[i], i);
}

static void convolutions_of_any_shape_follow_the_rule(void **state)
{
    const level_state *levels = (const level_state *)*state;
    uint64_t seed = 13;
    for (unsigned i = 0; i < 100; i++) {
        convolution c = {.samples = next_size(&seed, 1, 9), .channels = next_size(&seed, 1, 35)};
        for (size_t axis = 0; axis < 2; axis++) {
            c.kernel[axis] = next_size(&seed, 1, 5);
            c.stride[axis] = next_size(&seed, 1, 3);
            c.dilation[axis] = next_size(&seed, 1, 3);
            c.pad[axis] = next_size(&seed, 0, 6);
            c.pad[axis + 2] = next_size(&seed, 0, 6);
        }
        size_t low[2];
        for (size_t axis = 0; axis < 2; axis++) {
            const size_t reach = (c.kernel[axis] - 1) * c.dilation[axis] + 1;
            const size_t pad = c.pad[axis] + c.pad[axis + 2];
            low[axis] = reach > pad ? reach - pad : 1;
        }
        c.height = next_size(&seed, low[0], 14);
        c.width = next_size(&seed, low[1], 19);
        check_convolution(levels, &c, seed);
    }
}

static void terms_in_the_padding_are_multiplied(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const convolution c = {1, 1, 1, 1, {1, 2}, {1, 1}, {1, 1}, {0, 1, 0, 1}};
    const mote_depthwise shape = make_shape(&c);
    const float weight[2] = {INFINITY, 1};
    const float one = 1;
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        if (!levels->tables[level])
            continue;
        float out[2] = {0, 0};
        void *scratch =
            aligned_alloc(64, mote_depthwise_scratch_bytes(&shape, MOTE_DEPTHWISE_FORWARD, 1));
        levels->tables[level]->depthwise(&shape, &one, weight, NULL, out, NULL, scratch);
        assert_true(isnan(out[0])); // infinite * padding + 1 * 1
        assert_true(isinf(out[1]));
        free(scratch);
    }
}

/// Of a plane of 4 x 16 whose first and last weights are infinite: those are multiplied by padding at every edge.
static void check_edges(const mote_kernels *table, const problem *p, mote_depthwise_part part)
{
    float out[64] = {0};
    void *scratch = aligned_alloc(64, mote_depthwise_scratch_bytes(&p->shape, part, 1));
    run_part(table, p, part, NULL, out, NULL, scratch);
    for (size_t i = 0; i < 64; i++) {
        const bool is_inside = i / 16 % 3 != 0 && i % 16 % 15 != 0;
        assert_true(is_inside ? !isfinite(out[i]) : isnan(out[i]));
    }
    free(scratch);
}

static void terms_in_the_padding_of_large_planes_are_multiplied(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const convolution c = {1, 1, 4, 16, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}};
    const problem p = make_problem(&c, 1);
    p.weight[0] = INFINITY;
    p.weight[8] = INFINITY;
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT && levels->tables[level]; level++) {
        check_edges(levels->tables[level], &p, MOTE_DEPTHWISE_FORWARD);
        check_edges(levels->tables[level], &p, MOTE_DEPTHWISE_DERIVATIVE);
    }
    release_problem(&p);
}

/// -0 is the sum where all terms round to it; a bias that is not there must not make +0 of it.
static void a_sum_may_be_minus_zero(void **state)
{
    const level_state *levels = (const level_state *)*state;
    const convolution c = {1, 1, 1, 1, {1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
    const mote_depthwise shape = make_shape(&c);
    const float tiny = 0x1p-100F;
    const float weight = -0x1p-100F;
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        if (!levels->tables[level])
            continue;
        float out = 1;
        void *scratch =
            aligned_alloc(64, mote_depthwise_scratch_bytes(&shape, MOTE_DEPTHWISE_FORWARD, 1));
        levels->tables[level]->depthwise(&shape, &tiny, &weight, NULL, &out, NULL, scratch);
        assert_int_equal(float_bits(out), float_bits(-0.0F));
        free(scratch);
    }
}

static void a_smaller_batch_needs_no_more_scratch(void **state)
{
    (void)state;
    const convolution c = {1, 100, 6, 6, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}};
    mote_depthwise shape = make_shape(&c);
    for (size_t part = MOTE_DEPTHWISE_FORWARD; part <= MOTE_DEPTHWISE_GRADIENT; part++) {
        size_t before = 0;
        for (shape.samples = 1; shape.samples <= 100; shape.samples++) {
            const size_t bytes = mote_depthwise_scratch_bytes(&shape, (mote_depthwise_part)part, 4);
            assert_true(bytes >= before);
            before = bytes;
        }
    }
}

static void what_reaches_too_far_does_not_fit(void **state)
{
    (void)state;
    const convolution near = {1, 1, 60, 60, {3, 3}, {1, 1}, {28, 28}, {0, 0, 0, 0}};
    const convolution far = {1, 1, 70, 70, {3, 3}, {1, 1}, {32, 32}, {0, 0, 0, 0}};
    const convolution taps = {1, 1, 20, 20, {16, 17}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
    const convolution immense = {1,
                                 1,
                                 1,
                                 1,
                                 {65536, 65536},
                                 {1, 1},
                                 {65536, 65536},
                                 {(size_t)1 << 32U, (size_t)1 << 32U, 0, 0}};
    const convolution wide = {1, 1, 5, 10000, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}};
    mote_depthwise shape = make_shape(&near);
    assert_true(mote_depthwise_fits(&shape));
    shape = make_shape(&wide);
    assert_true(mote_depthwise_scratch_bytes(&shape, MOTE_DEPTHWISE_FORWARD, 1) <= 262144);
    shape = make_shape(&far);
    assert_false(mote_depthwise_fits(&shape));
    shape = make_shape(&taps);
    assert_false(mote_depthwise_fits(&shape));
    shape = make_shape(&immense);
    assert_false(mote_depthwise_fits(&shape));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_convolutions_follow_the_rule),
        cmocka_unit_test(large_planes_follow_the_rule),
        cmocka_unit_test(long_rows_are_cut),
        cmocka_unit_test(convolutions_of_any_shape_follow_the_rule),
        cmocka_unit_test(terms_in_the_padding_are_multiplied),
        cmocka_unit_test(terms_in_the_padding_of_large_planes_are_multiplied),
        cmocka_unit_test(a_sum_may_be_minus_zero),
        cmocka_unit_test(a_smaller_batch_needs_no_more_scratch),
        cmocka_unit_test(what_reaches_too_far_does_not_fit),
    };
    return cmocka_run_group_tests_name("depth-wise", tests, find_levels, NULL);
}
