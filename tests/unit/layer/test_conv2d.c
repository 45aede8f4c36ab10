// SPDX-License-Identifier: Apache-2.0
// The convolution: output sizes, padding, and values worked by hand.
#include "support/expect.h"
#include "support/layer_harness.h"
#include "support/threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static layer_config make_config(size_t height, size_t width, const char *kernel_size)
{
    return (layer_config){
        .layer = "conv2d",
        .entries = {"filters=1", kernel_size, "bias_initializer=ones"},
        .input_count = 1,
        .inputs = {{1, height, width}},
        .batch = 1,
    };
}

static void expect_output(layer_config config, size_t height, size_t width)
{
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_shape expected = mote_shape_image(1, height, width);
    assert_true(mote_shape_equal(&harness.declaration.outputs[0].shape, &expected));
    layer_harness_release(&harness);
}

static void without_padding_the_output_shrinks(void **unused)
{
    (void)unused;
    expect_output(make_config(28, 20, "kernel_size=5"), 24, 16);
    expect_output(make_config(28, 20, "kernel_size=5,3"), 24, 18);
}

static void strides_that_do_not_fit_leave_the_rest_out(void **unused)
{
    (void)unused;
    layer_config config = make_config(8, 9, "kernel_size=3");
    config.entries[3] = "stride=2,3";
    expect_output(config, 3, 3);
}

static void same_padding_divides_by_the_stride_rounded_up(void **unused)
{
    (void)unused;
    layer_config config = make_config(7, 8, "kernel_size=3");
    config.entries[3] = "padding=same";
    expect_output(config, 7, 8);
    config.entries[4] = "stride=2";
    expect_output(config, 4, 4);
    config.entries[4] = "stride=3";
    expect_output(config, 3, 3);
}

static void padding_is_given_for_all_for_each_axis_or_for_each_side(void **unused)
{
    (void)unused;
    layer_config config = make_config(6, 6, "kernel_size=3");
    config.entries[3] = "padding=1";
    expect_output(config, 6, 6);
    config.entries[3] = "padding=2,0";
    expect_output(config, 8, 4);
    config.entries[3] = "padding=1,2,0,3";
    expect_output(config, 7, 7);
}

static void a_kernel_larger_than_the_padded_input_is_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config(3, 9, "kernel_size=6");
    config.entries[3] = "padding=1";
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': kernel height 6 is more than input height 3 with padding 1+1");
}

static void a_dilated_kernel_reaches_further(void **unused)
{
    (void)unused;
    layer_config config = make_config(9, 9, "kernel_size=3,2");
    config.entries[3] = "dilation=2,4";
    expect_output(config, 5, 5);
    config.entries[4] = "padding=same";
    expect_output(config, 9, 9);
    config.entries[3] = "dilation=5,1";
    config.entries[4] = "padding=0";
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': kernel height 11 is more than input height 9");
    layer_harness_release(&harness);
}

static void a_window_that_reaches_too_far_is_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config(1, 1, "kernel_size=2");
    config.entries[3] = "dilation=1000";
    config.entries[4] = "padding=1000";
    config.entries[5] = "stride=1000";
    expect_output(config, 2, 2);
    config.entries[3] = "dilation=65536";
    config.entries[4] = "padding=65536";
    config.entries[5] = "stride=65536";
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': kernel, stride, dilation and padding reach more than 4294967295 "
                  "cells of a channel of input 1x1");
    layer_harness_release(&harness);
}

static void groups_divide_channels_and_filters(void **unused)
{
    (void)unused;
    layer_config config = {.layer = "conv2d",
                           .entries = {"filters=4", "kernel_size=1", "groups=2"},
                           .input_count = 1,
                           .inputs = {{6, 2, 2}},
                           .batch = 1};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_shape *const weight = &harness.declaration.weights[0].spec.shape;
    assert_int_equal(weight->dims[0], 4);
    assert_int_equal(weight->dims[1], 3);
    layer_harness_release(&harness);
    config.entries[2] = "groups=3";
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': groups = 3 must divide both the 6 channels and the 4 filters");
    layer_harness_release(&harness);
}

static void three_paddings_are_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config(3, 3, "kernel_size=3");
    config.entries[3] = "padding=1,1,1";
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "valid, same, n, h,w or t,b,l,r");
}

static void weights_are_filters_channels_height_width(void **unused)
{
    (void)unused;
    const layer_config config = {
        .layer = "conv2d",
        .entries = {"filters=8", "kernel_size=3,5"},
        .input_count = 1,
        .inputs = {{4, 9, 9}},
        .batch = 1,
    };
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_weight_declaration *const weight = &harness.declaration.weights[0];
    const mote_shape expected = {.rank = 4, .dims = {8, 4, 3, 5}};
    assert_true(mote_shape_equal(&weight->spec.shape, &expected));
    assert_int_equal(weight->fan_in, 4 * 15);
    assert_int_equal(weight->fan_out, 8 * 15);
    assert_int_equal(harness.declaration.weights[1].spec.shape.dims[0], 8);
    layer_harness_release(&harness);
}

static void values_are_those_worked_by_hand(void **unused)
{
    (void)unused;
    const layer_config config = make_config(3, 3, "kernel_size=2");
    const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    const double weight[] = {1, 2, 3, 4};
    const double bias[] = {0.5};
    const double dy[] = {1, -1, 2, 0.5};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 9, x);
    layer_harness_set(&harness, LAYER_WEIGHT, 0, 4, weight);
    layer_harness_set(&harness, LAYER_WEIGHT, 1, 1, bias);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 4, dy);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_GRADIENT);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    const double y[] = {37.5, 47.5, 67.5, 77.5};
    const double weight_gradient[] = {9.5, 12, 17, 19.5};
    const double bias_gradient[] = {2.5};
    const double dx[] = {1, 1, -2, 5, 5.5, -3, 6, 9.5, 2};
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 4, y, 0);
    layer_harness_expect(&harness, LAYER_GRADIENT, 0, 4, weight_gradient, 0);
    layer_harness_expect(&harness, LAYER_GRADIENT, 1, 1, bias_gradient, 0);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 9, dx, 0);
    layer_harness_release(&harness);
}

static void the_odd_cell_of_same_padding_lies_at_the_bottom_and_right(void **unused)
{
    (void)unused;
    layer_config config = make_config(2, 2, "kernel_size=2");
    config.entries[2] = "disable_bias=true";
    config.entries[3] = "padding=same";
    const double x[] = {1, 2, 3, 4};
    const double weight[] = {1, 10, 100, 1000};
    const double y[] = {4321, 402, 43, 4};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 4, x);
    layer_harness_set(&harness, LAYER_WEIGHT, 0, 4, weight);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 4, y, 0);
    layer_harness_release(&harness);
}

/// Whether the layer says that it may write over its input, and over its output's derivative; if so, with the same bits.
static bool overwrites(layer_config config)
{
    layer_harness harness;
    layer_record apart;
    layer_harness_build(&harness, &config);
    const bool is_declared = harness.declaration.output_over_input;
    assert_true(harness.declaration.derivative_over_output_derivative == is_declared);
    layer_harness_release(&harness);
    layer_record_make(&config, &apart);
    config.aliases = LAYER_IN_PLACE | LAYER_DERIVATIVE_OVER_OUTPUT_DERIVATIVE;
    for (mote_cpu_level level = 0; level <= mote_kernels_highest_level(); level++) {
        layer_record in_place;
        if (!mote_test_cpu_has(level))
            continue;
        config.level = level;
        layer_record_make(&config, &in_place);
        layer_record_assert_equal(&apart, &in_place, mote_cpu_level_name(level));
        layer_record_release(&in_place);
    }
    layer_record_release(&apart);
    return is_declared;
}

static void one_tap_is_written_in_place(void **unused)
{
    (void)unused;
    // rows that are read directly otherwise, and rows that end in the middle of a tile
    static const size_t planes[][2] = {{16, 16}, {4, 8}, {25, 5}, {1, 1}, {40, 40}};
    layer_config config = {
        .layer = "conv2d",
        .entries = {"filters=70", "kernel_size=1"},
        .input_count = 1,
        .batch = 5,
        .thread_count = 3,
    };
    for (size_t i = 0; i < sizeof planes / sizeof planes[0]; i++) {
        config.inputs[0][0] = 70;
        config.inputs[0][1] = planes[i][0];
        config.inputs[0][2] = planes[i][1];
        assert_true(overwrites(config));
    }
    config.entries[2] = "groups=2";
    assert_true(overwrites(config));
    config.entries[2] = "stride=2";
    assert_false(overwrites(config));
    config.entries[2] = NULL;
    config.batch = 2; // fewer than threads
    assert_false(overwrites(config));
    config.batch = 3;
    config.entries[0] = "filters=69";
    assert_false(overwrites(config));
    config.entries[0] = "filters=257"; // sums of two blocks
    config.inputs[0][0] = 257;
    assert_false(overwrites(config));
}

static void planes_that_fit_are_written_in_place_by_depth_wise_kernels(void **unused)
{
    (void)unused;
    layer_config config = {
        .layer = "conv2d",
        .entries = {"filters=20", "kernel_size=3", "groups=20", "padding=same"},
        .input_count = 1,
        .inputs = {{20, 25, 5}},
        .batch = 7,
        .thread_count = 2,
    };
    assert_true(overwrites(config));
    config.inputs[0][2] = 80;
    assert_false(overwrites(config));
    config.inputs[0][2] = 5;
    config.entries[4] = "stride=2";
    assert_false(overwrites(config));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_padding_the_output_shrinks),
        cmocka_unit_test(strides_that_do_not_fit_leave_the_rest_out),
        cmocka_unit_test(same_padding_divides_by_the_stride_rounded_up),
        cmocka_unit_test(padding_is_given_for_all_for_each_axis_or_for_each_side),
        cmocka_unit_test(a_kernel_larger_than_the_padded_input_is_refused),
        cmocka_unit_test(a_dilated_kernel_reaches_further),
        cmocka_unit_test(a_window_that_reaches_too_far_is_refused),
        cmocka_unit_test(groups_divide_channels_and_filters),
        cmocka_unit_test(three_paddings_are_refused),
        cmocka_unit_test(weights_are_filters_channels_height_width),
        cmocka_unit_test(values_are_those_worked_by_hand),
        cmocka_unit_test(the_odd_cell_of_same_padding_lies_at_the_bottom_and_right),
        cmocka_unit_test(one_tap_is_written_in_place),
        cmocka_unit_test(planes_that_fit_are_written_in_place_by_depth_wise_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
