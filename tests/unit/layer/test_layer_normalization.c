// SPDX-License-Identifier: Apache-2.0
// Layer normalization: its axes, the shape of its weight, and values worked by hand.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static layer_config make_config(const char *axis)
{
    return (layer_config){
        .layer = "layer_normalization",
        .entries = {axis},
        .input_count = 1,
        .inputs = {{2, 3, 4}},
        .batch = 2,
    };
}

static void expect_weight(const char *axis, mote_shape expected)
{
    const layer_config config = make_config(axis);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_declaration *const d = &harness.declaration;
    assert_int_equal(d->weight_count, 2);
    assert_string_equal(d->weights[0].name, "weight");
    assert_string_equal(d->weights[1].name, "bias");
    assert_true(mote_shape_equal(&d->weights[0].spec.shape, &expected));
    assert_true(mote_shape_equal(&d->weights[1].spec.shape, &expected));
    assert_int_equal(d->weights[0].initializer, MOTE_INITIALIZER_ONES);
    assert_int_equal(d->weights[1].initializer, MOTE_INITIALIZER_ZEROS);
    layer_harness_release(&harness);
}

static void weight_and_bias_have_the_shape_of_what_is_normalized(void **unused)
{
    (void)unused;
    expect_weight("axis=3", (mote_shape){.rank = 1, .dims = {4}});
    expect_weight("axis=1", (mote_shape){.rank = 1, .dims = {2}});
    expect_weight("axis=2", (mote_shape){.rank = 1, .dims = {3}});
    expect_weight("axis=3,2", (mote_shape){.rank = 2, .dims = {3, 4}});
    expect_weight("axis=1,3", (mote_shape){.rank = 2, .dims = {2, 4}});
    expect_weight("axis=1,2,3", (mote_shape){.rank = 3, .dims = {2, 3, 4}});
}

static void only_a_mean_and_a_deviation_a_row_are_kept(void **unused)
{
    (void)unused;
    const layer_config config = make_config("axis=3");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_declaration *const d = &harness.declaration;
    assert_int_equal(d->temporary_count, 2);
    for (size_t i = 0; i < d->temporary_count; i++) {
        assert_true(d->temporaries[i].spec.batched);
        assert_int_equal(mote_shape_elements(&d->temporaries[i].spec.shape), 2 * 3);
    }
    assert_int_equal(d->output_needs, 0);
    layer_harness_release(&harness);
}

static void only_scattered_rows_take_scratch(void **unused)
{
    (void)unused;

    static const struct {
        const char *axis;
        size_t forward_elements;
    } rows[] = {{"axis=3", 0}, {"axis=2,3", 0}, {"axis=1,2,3", 0},
                {"axis=1", 2}, {"axis=2", 3},   {"axis=1,3", 8}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const layer_config config = make_config(rows[i].axis);
        layer_harness harness;
        layer_harness_build(&harness, &config);
        assert_int_equal(harness.declaration.scratch_bytes[0],
                         rows[i].forward_elements * sizeof(mote_real));
        layer_harness_release(&harness);
    }
}

static void an_axis_can_be_named_once(void **unused)
{
    (void)unused;
    const layer_config config = make_config("axis=3,1,3");
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': axis names 3 twice");
}

static void the_batch_is_no_axis(void **unused)
{
    (void)unused;
    const layer_config config = make_config("axis=0");
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': axis = 0");
}

/// Columns of two numbers: mean 1, 2 and deviation 1, 2; of both samples.
static void columns_are_normalized_scaled_and_shifted(void **unused)
{
    (void)unused;
    static const double x[] = {0, 4, 2, 0, 10, 2, 12, 6};
    static const double weight[] = {2, 3};
    static const double bias[] = {0.5, -1};
    static const double y[] = {-1.5, 2.5, 2, -4, -1.5, -1.5, 2, 2};
    static const double dy[] = {1, 2, 3, 4, 5, 6, 7, 8};
    // of the first row -1, 1, -1, -1 by derivatives 1, 2, 5, 6; of the second 1, -1, 1, 1 by 3, 4, 7, 8
    static const double weight_gradient[] = {-1 + 2 - 5 - 6, 3 - 4 + 7 + 8};
    static const double bias_gradient[] = {14, 22};
    // two numbers become -1 and 1 whatever they are
    static const double dx[8] = {0};
    const layer_config config = {
        .layer = "layer_normalization",
        .entries = {"axis=2", "epsilon=1e-12"},
        .input_count = 1,
        .inputs = {{1, 2, 2}},
        .batch = 2,
    };
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 8, x);
    layer_harness_set(&harness, LAYER_WEIGHT, 0, 2, weight);
    layer_harness_set(&harness, LAYER_WEIGHT, 1, 2, bias);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 8, dy);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 8, y, 1e-6);
    layer_harness_run(&harness, MOTE_PHASE_GRADIENT);
    layer_harness_expect(&harness, LAYER_GRADIENT, 0, 2, weight_gradient, 1e-6);
    layer_harness_expect(&harness, LAYER_GRADIENT, 1, 2, bias_gradient, 1e-6);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 8, dx, 1e-5);
    layer_harness_release(&harness);
}

static void a_row_of_equal_numbers_becomes_the_bias(void **unused)
{
    (void)unused;
    static const double x[] = {3, 3, 3, 3};
    static const double bias[] = {0.5, 1, 2, 4};
    const layer_config config = {
        .layer = "layer_normalization",
        .input_count = 1,
        .inputs = {{1, 1, 4}},
        .batch = 1,
    };
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_fill(&harness);
    layer_harness_set(&harness, LAYER_INPUT, 0, 4, x);
    layer_harness_set(&harness, LAYER_WEIGHT, 1, 4, bias);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 4, bias, 0);
    layer_harness_release(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weight_and_bias_have_the_shape_of_what_is_normalized),
        cmocka_unit_test(only_a_mean_and_a_deviation_a_row_are_kept),
        cmocka_unit_test(only_scattered_rows_take_scratch),
        cmocka_unit_test(an_axis_can_be_named_once),
        cmocka_unit_test(the_batch_is_no_axis),
        cmocka_unit_test(columns_are_normalized_scaled_and_shifted),
        cmocka_unit_test(a_row_of_equal_numbers_becomes_the_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
