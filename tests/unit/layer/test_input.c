// SPDX-License-Identifier: Apache-2.0
// The input layer: shapes it reads, and normalization.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void expect_shape(const char *entry, size_t channels, size_t height, size_t width)
{
    const layer_config config = {.layer = "input", .entries = {entry}, .batch = 2};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_shape expected = mote_shape_image(channels, height, width);
    assert_true(mote_shape_equal(&harness.declaration.outputs[0].shape, &expected));
    layer_harness_release(&harness);
}

static void one_number_is_the_width(void **unused)
{
    (void)unused;
    expect_shape("input_shape=784", 1, 1, 784);
}

static void three_numbers_are_channels_height_and_width(void **unused)
{
    (void)unused;
    expect_shape("input_shape=3:28:30", 3, 28, 30);
}

static void a_leading_batch_is_passed_over(void **unused)
{
    (void)unused;
    expect_shape("input_shape=64:3:28:30", 3, 28, 30);
}

static void two_numbers_are_refused(void **unused)
{
    (void)unused;
    const layer_config config = {.layer = "input", .entries = {"input_shape=28:28"}, .batch = 2};
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': input_shape has 2 numbers, it takes width, "
                  "channels:height:width or batch:channels:height:width");
}

static void a_missing_shape_is_refused(void **unused)
{
    (void)unused;
    const layer_config config = {.layer = "input", .batch = 2};
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': key 'input_shape' is missing");
}

static void a_shape_with_too_many_elements_is_refused(void **unused)
{
    (void)unused;
    const layer_config config = {
        .layer = "input", .entries = {"input_shape=2147483647:2147483647:2147483647"}, .batch = 1};
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE, "layer 'node': output");
}

static void without_normalization_the_output_is_the_input(void **unused)
{
    (void)unused;
    const layer_config config = {.layer = "input", .entries = {"input_shape=4"}, .batch = 1};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_true(harness.declaration.view);
    assert_ptr_equal(layer_harness_data(&harness, LAYER_OUTPUT, 0),
                     layer_harness_data(&harness, LAYER_INPUT, 0));
    layer_harness_release(&harness);
}

static void normalization_spreads_each_sample_from_0_to_1(void **unused)
{
    (void)unused;
    const layer_config config = {
        .layer = "input", .entries = {"input_shape=4", "normalization=true"}, .batch = 3};
    const double x[] = {10, 20, 15, 12.5, -1, -3, -2, -3, 7, 7, 7, 7};
    const double y[] = {0, 1, 0.5, 0.25, 1, 0, 0.5, 0, 0, 0, 0, 0};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 12, x);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 12, y, 1e-7);
    layer_harness_release(&harness);
}

static void standardization_gives_each_sample_mean_0_and_deviation_1(void **unused)
{
    (void)unused;
    const layer_config config = {
        .layer = "input", .entries = {"input_shape=4", "standardization=true"}, .batch = 3};
    // deviations sqrt((4 + 0 + 0 + 4) / 4), 3; 0.1 has no mean that is exact
    const double x[] = {1, 3, 3, 5, -2, 4, -2, 4, 0.1, 0.1, 0.1, 0.1};
    const double y[] = {-1.41421356, 0, 0, 1.41421356, -1, 1, -1, 1, 0, 0, 0, 0};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 12, x);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 12, y, 1e-6);
    layer_harness_release(&harness);
}

static void a_sample_is_scaled_in_one_way(void **unused)
{
    (void)unused;
    const layer_config config = {
        .layer = "input",
        .entries = {"input_shape=4", "standardization=true", "normalization=true"},
        .batch = 3};
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': normalization and standardization are both true, at most one may "
                  "be");
}

static void integers_stay_integers_and_are_not_normalized(void **unused)
{
    (void)unused;
    layer_config config = {
        .layer = "input", .entries = {"input_shape=4", "dtype=int32"}, .batch = 2};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.outputs[0].dtype, MOTE_DTYPE_I32);
    layer_harness_release(&harness);
    config.entries[2] = "normalization=true";
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': normalization is of real numbers, dtype is int32");
    config.entries[2] = "standardization=true";
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': standardization is of real numbers, dtype is int32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_number_is_the_width),
        cmocka_unit_test(three_numbers_are_channels_height_and_width),
        cmocka_unit_test(a_leading_batch_is_passed_over),
        cmocka_unit_test(two_numbers_are_refused),
        cmocka_unit_test(a_missing_shape_is_refused),
        cmocka_unit_test(a_shape_with_too_many_elements_is_refused),
        cmocka_unit_test(without_normalization_the_output_is_the_input),
        cmocka_unit_test(normalization_spreads_each_sample_from_0_to_1),
        cmocka_unit_test(standardization_gives_each_sample_mean_0_and_deviation_1),
        cmocka_unit_test(a_sample_is_scaled_in_one_way),
        cmocka_unit_test(integers_stay_integers_and_are_not_normalized),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
