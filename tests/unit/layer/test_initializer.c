// SPDX-License-Identifier: Apache-2.0
// Initial values: their ranges and deviations, and what they depend on.
#include "layer/layer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT 20000U

static mote_weight_declaration make_weight(mote_initializer initializer)
{
    return (mote_weight_declaration){
        .name = "weight",
        .spec = {MOTE_DTYPE_REAL, false, {.rank = 2, .dims = {100, COUNT / 100}}},
        .initializer = initializer,
        .fan_in = 200,
        .fan_out = 100,
    };
}

static void expect_constant(mote_initializer initializer, mote_real value)
{
    mote_real values[COUNT];
    const mote_weight_declaration weight = make_weight(initializer);
    mote_initialize(&weight, "fc.weight", 1, &(mote_initial_part){0, COUNT, values});
    for (size_t i = 0; i < COUNT; i++)
        assert_true(values[i] == value);
}

static void constants_are_constant(void **unused)
{
    (void)unused;
    expect_constant(MOTE_INITIALIZER_ZEROS, 0);
    expect_constant(MOTE_INITIALIZER_ONES, 1);
}

static double get_deviation(mote_initializer initializer, double *largest)
{
    mote_real values[COUNT];
    const mote_weight_declaration weight = make_weight(initializer);
    mote_initialize(&weight, "fc.weight", 1, &(mote_initial_part){0, COUNT, values});
    double sum = 0;
    double squares = 0;
    *largest = 0;
    for (size_t i = 0; i < COUNT; i++) {
        const double value = (double)values[i];
        sum += value;
        squares += value * value;
        *largest = fmax(*largest, fabs(value));
    }
    const double mean = sum / COUNT;
    assert_true(fabs(mean) < 0.003);
    return sqrt(squares / COUNT - mean * mean);
}

static void expect_uniform(mote_initializer initializer, double limit)
{
    double largest = 0;
    const double deviation = get_deviation(initializer, &largest);
    assert_true(fabs(deviation / (limit / sqrt(3.0)) - 1.0) < 0.02);
    assert_true(largest <= limit && largest > 0.99 * limit);
}

static void uniform_values_have_the_limit_of_their_fans(void **unused)
{
    (void)unused;
    expect_uniform(MOTE_INITIALIZER_XAVIER_UNIFORM, sqrt(6.0 / 300));
    expect_uniform(MOTE_INITIALIZER_HE_UNIFORM, sqrt(6.0 / 200));
    expect_uniform(MOTE_INITIALIZER_LECUN_UNIFORM, sqrt(3.0 / 200));
}

static void expect_normal(mote_initializer initializer, double expected)
{
    double largest = 0;
    const double deviation = get_deviation(initializer, &largest);
    assert_true(fabs(deviation / expected - 1.0) < 0.02);
    assert_true(largest > 3.5 * expected && largest < 6 * expected);
}

static void normal_values_have_the_deviation_of_their_fans(void **unused)
{
    (void)unused;
    expect_normal(MOTE_INITIALIZER_XAVIER_NORMAL, sqrt(2.0 / 300));
    expect_normal(MOTE_INITIALIZER_HE_NORMAL, sqrt(2.0 / 200));
    expect_normal(MOTE_INITIALIZER_LECUN_NORMAL, sqrt(1.0 / 200));
}

static void values_depend_on_seed_and_name_alone(void **unused)
{
    (void)unused;
    mote_real values[3][COUNT];
    const mote_weight_declaration weight = make_weight(MOTE_INITIALIZER_HE_NORMAL);
    mote_initialize(&weight, "fc.weight", 1, &(mote_initial_part){0, COUNT, values[0]});
    mote_initialize(&weight, "fc.weight", 2, &(mote_initial_part){0, COUNT, values[1]});
    mote_initialize(&weight, "fd.weight", 1, &(mote_initial_part){0, COUNT, values[2]});
    assert_memory_not_equal(values[0], values[1], sizeof values[0]);
    assert_memory_not_equal(values[0], values[2], sizeof values[0]);
    mote_initialize(&weight, "fc.weight", 1, &(mote_initial_part){0, COUNT, values[1]});
    assert_memory_equal(values[0], values[1], sizeof values[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_are_constant),
        cmocka_unit_test(uniform_values_have_the_limit_of_their_fans),
        cmocka_unit_test(normal_values_have_the_deviation_of_their_fans),
        cmocka_unit_test(values_depend_on_seed_and_name_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
