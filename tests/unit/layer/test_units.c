// SPDX-License-Identifier: Apache-2.0
// Arithmetic by unit: the orders of its sums, bit for bit.
#include "layer/units.h"

#include "base/random.h"
#include "support/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum {
    SAMPLES = 150,
    UNITS = 5,
    ROWS = 21,
};

static void fill(mote_real *values, size_t count)
{
    const mote_random_key key = {.seed = 3};
    for (size_t i = 0; i < count; i++)
        values[i] = (mote_real)mote_random_normal(&key, i);
}

/// Samples in groups, ascending; group sums ascending.
static mote_real add_in_groups(const mote_real *terms, size_t count, size_t group)
{
    mote_real total = 0;
    for (size_t first = 0; first < count; first += group) {
        mote_real sum = terms[first];
        for (size_t i = first + 1; i < first + group && i < count; i++)
            sum += terms[i];
        total = first == 0 ? sum : total + sum;
    }
    return total;
}

/// 16 interleaved lanes, combined 8-4-2-1.
static mote_real add_in_lanes(const mote_real *terms, size_t count, size_t stride)
{
    mote_real lanes[16] = {0};
    for (size_t i = 0; i < count; i++)
        lanes[i % 16] += terms[i * stride];
    for (size_t half = 8; half > 0; half /= 2) {
        for (size_t i = 0; i < half; i++)
            lanes[i] += lanes[i + half];
    }
    return lanes[0];
}

static const mote_kernels *get_kernels(void)
{
    const mote_kernels *kernels = NULL;
    expect_ok(mote_kernels_get(MOTE_CPU_SCALAR, &kernels));
    return kernels;
}

static void single_rows_are_added_in_groups_of_64_samples(void **unused)
{
    (void)unused;
    mote_real x[SAMPLES * UNITS];
    mote_real sums[UNITS];
    fill(x, sizeof x / sizeof x[0]);
    const mote_units units = {
        .kernels = get_kernels(), .samples = SAMPLES, .units = UNITS, .plane = 1, .count = UNITS};
    mote_columns_sum(&units, x, sums);
    for (size_t u = 0; u < UNITS; u++) {
        mote_real column[SAMPLES];
        for (size_t i = 0; i < SAMPLES; i++)
            column[i] = x[i * UNITS + u];
        assert_true(sums[u] == add_in_groups(column, SAMPLES, 64));
    }
}

static void rows_of_a_sample_are_added_in_lanes_first(void **unused)
{
    (void)unused;
    mote_real x[SAMPLES * ROWS * UNITS];
    mote_real sums[UNITS];
    fill(x, sizeof x / sizeof x[0]);
    const mote_units units = {.kernels = get_kernels(),
                              .samples = SAMPLES,
                              .units = UNITS,
                              .plane = ROWS,
                              .count = UNITS};
    mote_columns_sum(&units, x, sums);
    for (size_t u = 0; u < UNITS; u++) {
        mote_real terms[SAMPLES];
        for (size_t i = 0; i < SAMPLES; i++)
            terms[i] = add_in_lanes(x + i * ROWS * UNITS + u, ROWS, UNITS);
        assert_true(sums[u] == add_in_groups(terms, SAMPLES, 4));
    }
}

static mote_units make_units(size_t plane)
{
    mote_units units = {.samples = SAMPLES, .units = UNITS, .plane = plane, .count = UNITS};
    units.kernels = get_kernels();
    return units;
}

static void planes_are_added_in_lanes_first(void **unused)
{
    (void)unused;
    mote_real x[SAMPLES * UNITS * ROWS];
    mote_real sums[UNITS];
    fill(x, sizeof x / sizeof x[0]);
    const mote_units units = make_units(ROWS);
    mote_units_sum(&units, x, sums);
    for (size_t u = 0; u < UNITS; u++) {
        mote_real terms[SAMPLES];
        for (size_t i = 0; i < SAMPLES; i++)
            terms[i] = add_in_lanes(x + (i * UNITS + u) * ROWS, ROWS, 1);
        assert_true(sums[u] == add_in_groups(terms, SAMPLES, 4));
    }
}

static void moments_of_planes_are_merged_in_the_order_of_samples(void **unused)
{
    (void)unused;
    mote_real x[SAMPLES * UNITS * ROWS];
    mote_real mean[UNITS];
    mote_real m2[UNITS];
    fill(x, sizeof x / sizeof x[0]);
    const mote_units units = make_units(ROWS);
    mote_units_moments(&units, x, mean, m2);
    for (size_t u = 0; u < UNITS; u++) {
        mote_real expected_mean = 0;
        mote_real expected_m2 = 0;
        for (size_t i = 0; i < SAMPLES; i++) {
            mote_real plane_mean = 0;
            mote_real plane_m2 = 0;
            const mote_planes plane = {.count = 1, .elements = ROWS};
            units.kernels->moments(&plane, x + (i * UNITS + u) * ROWS, &plane_mean, &plane_m2);
            const mote_real distance = plane_mean - expected_mean;
            const mote_real share = (mote_real)ROWS / (mote_real)((i + 1) * ROWS);
            const mote_real square_share = (mote_real)(i * ROWS) * share;
            expected_mean = i == 0 ? plane_mean : expected_mean + distance * share;
            expected_m2 += plane_m2;
            expected_m2 += distance * distance * square_share;
        }
        assert_true(mean[u] == expected_mean);
        assert_true(m2[u] == expected_m2);
    }
}

static void single_elements_have_the_moments_of_their_values(void **unused)
{
    (void)unused;
    mote_real x[SAMPLES * UNITS];
    for (size_t sample = 0; sample < SAMPLES; sample++) {
        for (size_t u = 0; u < UNITS; u++)
            x[sample * UNITS + u] = (mote_real)sample;
    }
    mote_real mean[UNITS];
    mote_real m2[UNITS];
    const mote_units units = make_units(1);
    mote_units_moments(&units, x, mean, m2);
    const double n = SAMPLES;
    for (size_t u = 0; u < UNITS; u++) {
        assert_float_equal(mean[u], (n - 1) / 2, 1e-4);
        assert_float_equal(m2[u] / (mote_real)SAMPLES, (n * n - 1) / 12, 1e-2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_rows_are_added_in_groups_of_64_samples),
        cmocka_unit_test(rows_of_a_sample_are_added_in_lanes_first),
        cmocka_unit_test(planes_are_added_in_lanes_first),
        cmocka_unit_test(moments_of_planes_are_merged_in_the_order_of_samples),
        cmocka_unit_test(single_elements_have_the_moments_of_their_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
