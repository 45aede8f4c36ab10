// SPDX-License-Identifier: Apache-2.0
// Reductions follow sum (c), written down literally here, and are accurate.
#include "levels.h"

#include <math.h>

#define MOST 1000U

static const mote_kernels *kernels(void)
{
    return level_table(MOTE_CPU_SCALAR);
}

static const size_t counts[] = {1, 2, 15, 16, 17, 31, 32, 33, 100, 256, 1000};

#define FOR_EACH_COUNT(count)                                                                 \
    for (size_t at_count = 0, count = counts[0]; at_count < sizeof counts / sizeof counts[0]; \
         at_count++, count = counts[at_count % (sizeof counts / sizeof counts[0])])

typedef struct vectors {
    float a[MOST], b[MOST];
} vectors;

static vectors make_vectors(uint64_t seed)
{
    vectors v;
    for (size_t i = 0; i < MOST; i++) {
        v.a[i] = next_float(&seed) * 3 + 1;
        v.b[i] = next_float(&seed);
    }
    return v;
}

static float combine(float lanes[16])
{
    for (size_t width = 8; width > 0; width /= 2) {
        for (size_t i = 0; i < width; i++)
            lanes[i] = lanes[i] + lanes[i + width];
    }
    return lanes[0];
}

static void expect_bits(float got, float expected)
{
    if (float_bits(got) != float_bits(expected))
        fail_msg("%a instead of %a", (double)got, (double)expected);
}

static float sum_in_lanes(size_t count, const float *x)
{
    float lanes[16] = {0};
    for (size_t i = 0; i < count; i++)
        lanes[i % 16] += x[i];
    return combine(lanes);
}

static float sum_products_in_lanes(size_t count, const float *a, const float *b)
{
    float lanes[16] = {0};
    for (size_t i = 0; i < count; i++)
        lanes[i % 16] = fmaf(a[i], b[i], lanes[i % 16]);
    return combine(lanes);
}

static void sums_follow_the_order_of_lanes(void **state)
{
    (void)state;
    const vectors v = make_vectors(1);
    FOR_EACH_COUNT(count)
    {
        float sum = 7;
        kernels()->sum(count, v.a, &sum);
        expect_bits(sum, sum_in_lanes(count, v.a));
    }
}

static void the_sum_of_nothing_is_zero(void **state)
{
    (void)state;
    float sum = 7;
    kernels()->sum(0, NULL, &sum);
    expect_bits(sum, 0);
}

static void sums_of_products_follow_the_order_of_lanes(void **state)
{
    (void)state;
    const vectors v = make_vectors(2);
    FOR_EACH_COUNT(count)
    {
        float sum = 7;
        kernels()->sum_products(count, v.a, v.b, &sum);
        expect_bits(sum, sum_products_in_lanes(count, v.a, v.b));
    }
}

static void sums_of_differences_follow_the_order_of_lanes(void **state)
{
    (void)state;
    const vectors v = make_vectors(3);
    FOR_EACH_COUNT(count)
    {
        float shifted[MOST];
        float sum = 7;
        const mote_planes plane = {.count = 1, .elements = count};
        for (size_t i = 0; i < count; i++)
            shifted[i] = v.a[i] - 0.4F;
        kernels()->sum_centered_products(&plane, 0.4F, v.a, v.b, &sum);
        expect_bits(sum, sum_products_in_lanes(count, v.b, shifted));
        for (size_t i = 0; i < count; i++)
            shifted[i] = v.a[i] - v.b[i];
        kernels()->sum_squared_differences(count, v.a, v.b, &sum);
        expect_bits(sum, sum_products_in_lanes(count, shifted, shifted));
    }
}

/// Every column by itself, its terms put in a row.
static void expect_column_sums(const float *x, size_t columns, size_t inner, size_t row_step)
{
    const size_t rows = MOST / row_step;
    const mote_column_sum shape = {rows, columns, inner, row_step};
    float sums[MOST];
    kernels()->sum_columns(&shape, x, sums);
    for (size_t c = 0; c < columns; c++) {
        float terms[MOST];
        for (size_t i = 0; i < rows * inner; i++)
            terms[i] = x[i / inner * row_step + c * inner + i % inner];
        expect_bits(sums[c], sum_in_lanes(rows * inner, terms));
    }
}

static void columns_are_summed_each_in_its_own_lanes(void **state)
{
    (void)state;
    const vectors v = make_vectors(5);
    for (size_t inner = 1; inner <= 5; inner += 2) {
        for (size_t columns = 1; columns <= 70; columns += 23) {
            expect_column_sums(v.a, columns, inner, inner * columns);
            expect_column_sums(v.a, columns, inner, inner * columns + 2);
        }
    }
}

static void moments_are_the_mean_and_the_squares_around_it(void **state)
{
    (void)state;
    const vectors v = make_vectors(4);
    FOR_EACH_COUNT(count)
    {
        float centered[MOST];
        float mean = 7;
        float m2 = 7;
        const mote_planes plane = {.count = 1, .elements = count};
        kernels()->moments(&plane, v.a, &mean, &m2);
        expect_bits(mean, sum_in_lanes(count, v.a) / (float)count);
        for (size_t i = 0; i < count; i++)
            centered[i] = v.a[i] - mean;
        expect_bits(m2, sum_products_in_lanes(count, centered, centered));
    }
}

#define PLANES 7U

static void expect_sums_of_planes(const mote_planes *planes, const vectors *v)
{
    float sums[PLANES];
    float products[PLANES];
    float means[PLANES];
    float squares[PLANES];
    kernels()->sum_planes(planes, v->a, sums);
    kernels()->sum_centered_products(planes, 0.4F, v->a, v->b, products);
    kernels()->moments(planes, v->a, means, squares);
    for (size_t plane = 0; plane < planes->count; plane++) {
        const mote_planes one = {.count = 1, .elements = planes->elements};
        const size_t first = plane * planes->step;
        float expected[2];
        kernels()->sum(planes->elements, v->a + first, &expected[0]);
        expect_bits(sums[plane], expected[0]);
        const size_t second = plane * (planes->second_step ? planes->second_step : planes->step);
        kernels()->sum_centered_products(&one, 0.4F, v->a + first, v->b + second, &expected[0]);
        expect_bits(products[plane], expected[0]);
        kernels()->moments(&one, v->a + first, &expected[0], &expected[1]);
        expect_bits(means[plane], expected[0]);
        expect_bits(squares[plane], expected[1]);
    }
}

static void sums_of_several_planes_are_those_of_each(void **state)
{
    (void)state;
    static const size_t elements[] = {1, 9, 16, 36, 100};
    const vectors v = make_vectors(8);
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        for (size_t count = 0; count <= PLANES; count++) {
            mote_planes planes = {
                .count = count, .elements = elements[i], .step = elements[i] + 10};
            expect_sums_of_planes(&planes, &v);
            planes.second_step = elements[i] + 3;
            expect_sums_of_planes(&planes, &v);
        }
    }
}

static void a_range_is_the_smallest_and_the_largest(void **state)
{
    (void)state;
    vectors v = make_vectors(5);
    FOR_EACH_COUNT(count)
    {
        for (size_t place = 0; place < count; place++) {
            const float kept = v.a[place];
            float minimum = 0;
            float maximum = 0;
            v.a[place] = -50;
            v.a[(place + 1) % count] += 50;
            kernels()->range(count, v.a, &minimum, &maximum);
            assert_true(count == 1 || minimum == -50);
            assert_true(maximum == v.a[(place + 1) % count]);
            v.a[(place + 1) % count] -= 50;
            v.a[place] = kept;
        }
    }
}

static void softmax_is_accurate_and_sums_to_one(void **state)
{
    (void)state;
    const vectors v = make_vectors(6);
    FOR_EACH_COUNT(count)
    {
        double sum = 0;
        double largest = (double)-INFINITY;
        float y[MOST];
        for (size_t i = 0; i < count; i++)
            largest = fmax(largest, (double)v.a[i]);
        for (size_t i = 0; i < count; i++)
            sum += exp((double)v.a[i] - largest);
        kernels()->softmax(count, v.a, y);
        for (size_t i = 0; i < count; i++) {
            const double right = exp((double)v.a[i] - largest) / sum;
            assert_true(fabs((double)y[i] - right) <= 1e-6 * right);
        }
    }
}

static void softmax_survives_large_inputs(void **state)
{
    (void)state;
    const float x[3] = {3e38F, 3e38F, -3e38F};
    const float expected[3] = {0.5F, 0.5F, 0};
    float y[3];
    kernels()->softmax(3, x, y);
    assert_memory_equal(y, expected, sizeof y);
}

static void the_derivative_of_softmax_follows_its_formula(void **state)
{
    (void)state;
    const vectors v = make_vectors(7);
    FOR_EACH_COUNT(count)
    {
        float dx[MOST];
        const float sum = sum_products_in_lanes(count, v.a, v.b);
        kernels()->softmax_derivative(count, v.a, v.b, dx);
        for (size_t i = 0; i < count; i++)
            expect_bits(dx[i], v.a[i] * (v.b[i] - sum));
    }
}

static void a_normalized_row_is_scaled_and_shifted_by_element(void **state)
{
    (void)state;
    const vectors v = make_vectors(9);
    const vectors w = make_vectors(10);
    mote_normalization n = {.mean = 0.3F, .scale = 1.7F, .weight = v.b};
    FOR_EACH_COUNT(count)
    {
        float y[MOST];
        n.bias = w.a;
        kernels()->normalize(&n, count, v.a, y);
        for (size_t i = 0; i < count; i++)
            expect_bits(y[i], fmaf((v.a[i] - 0.3F) * 1.7F, v.b[i], w.a[i]));
        n.bias = NULL;
        kernels()->normalize(&n, count, v.a, y);
        for (size_t i = 0; i < count; i++)
            expect_bits(y[i], (v.a[i] - 0.3F) * 1.7F * v.b[i]);
    }
}

static void the_derivative_of_a_normalized_row_follows_its_formula(void **state)
{
    (void)state;
    const vectors v = make_vectors(11);
    const vectors w = make_vectors(12);
    const mote_normalization n = {.mean = 0.3F, .scale = 1.7F, .weight = w.a};
    FOR_EACH_COUNT(count)
    {
        float dx[MOST];
        float scaled[MOST];
        float centered[MOST];
        for (size_t i = 0; i < count; i++) {
            scaled[i] = v.b[i] * w.a[i];
            centered[i] = v.a[i] - 0.3F;
        }
        const float sum = sum_products_in_lanes(count, v.b, w.a) / (float)count;
        const float slope = sum_products_in_lanes(count, scaled, centered) / (float)count;
        kernels()->normalize_derivative(&n, count, v.a, v.b, dx);
        for (size_t i = 0; i < count; i++) {
            const float rest = fmaf(centered[i], -(1.7F * 1.7F * 1.7F) * slope, -1.7F * sum);
            expect_bits(dx[i], fmaf(scaled[i], 1.7F, rest));
        }
    }
}

static void log_sum_exp_is_accurate(void **state)
{
    (void)state;
    const vectors v = make_vectors(8);
    FOR_EACH_COUNT(count)
    {
        double sum = 0;
        float got = 0;
        for (size_t i = 0; i < count; i++)
            sum += exp((double)v.a[i]);
        kernels()->log_sum_exp(count, v.a, &got);
        assert_true(fabs((double)got - log(sum)) <= 1e-6 * (1 + fabs(log(sum))));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_follow_the_order_of_lanes),
        cmocka_unit_test(the_sum_of_nothing_is_zero),
        cmocka_unit_test(sums_of_products_follow_the_order_of_lanes),
        cmocka_unit_test(sums_of_differences_follow_the_order_of_lanes),
        cmocka_unit_test(columns_are_summed_each_in_its_own_lanes),
        cmocka_unit_test(moments_are_the_mean_and_the_squares_around_it),
        cmocka_unit_test(sums_of_several_planes_are_those_of_each),
        cmocka_unit_test(a_range_is_the_smallest_and_the_largest),
        cmocka_unit_test(softmax_is_accurate_and_sums_to_one),
        cmocka_unit_test(softmax_survives_large_inputs),
        cmocka_unit_test(the_derivative_of_softmax_follows_its_formula),
        cmocka_unit_test(a_normalized_row_is_scaled_and_shifted_by_element),
        cmocka_unit_test(the_derivative_of_a_normalized_row_follows_its_formula),
        cmocka_unit_test(log_sum_exp_is_accurate),
    };
    return cmocka_run_group_tests_name("reductions", tests, NULL, NULL);
}
