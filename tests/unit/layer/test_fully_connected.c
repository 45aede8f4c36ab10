// SPDX-License-Identifier: Apache-2.0
// The fully connected layer: its weights, and values worked by hand.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const layer_config plain = {
    .layer = "fully_connected",
    .entries = {"unit=2"},
    .input_count = 1,
    .inputs = {{1, 1, 3}},
    .batch = 2,
};

static void weights_are_unit_by_width(void **unused)
{
    (void)unused;
    layer_harness harness;
    layer_harness_build(&harness, &plain);
    const mote_declaration *const d = &harness.declaration;
    assert_int_equal(d->weight_count, 2);
    assert_string_equal(d->weights[0].name, "weight");
    assert_int_equal(d->weights[0].spec.shape.rank, 2);
    assert_int_equal(d->weights[0].spec.shape.dims[0], 2);
    assert_int_equal(d->weights[0].spec.shape.dims[1], 3);
    assert_int_equal(d->weights[0].initializer, MOTE_INITIALIZER_XAVIER_UNIFORM);
    assert_int_equal(d->weights[0].fan_in, 3);
    assert_int_equal(d->weights[0].fan_out, 2);
    assert_string_equal(d->weights[1].name, "bias");
    assert_int_equal(d->weights[1].spec.shape.dims[0], 2);
    assert_int_equal(d->weights[1].initializer, MOTE_INITIALIZER_ZEROS);
    layer_harness_release(&harness);
}

static void without_bias_there_is_one_weight(void **unused)
{
    (void)unused;
    layer_config config = plain;
    config.entries[1] = "disable_bias=true";
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.weight_count, 1);
    layer_harness_release(&harness);
}

static void other_initializers_can_be_chosen(void **unused)
{
    (void)unused;
    layer_config config = plain;
    config.entries[1] = "weight_initializer=he_normal";
    config.entries[2] = "bias_initializer=ones";
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.weights[0].initializer, MOTE_INITIALIZER_HE_NORMAL);
    assert_int_equal(harness.declaration.weights[1].initializer, MOTE_INITIALIZER_ONES);
    layer_harness_release(&harness);
}

static void only_the_last_axis_is_replaced(void **unused)
{
    (void)unused;
    layer_config config = plain;
    config.inputs[0][0] = 4;
    config.inputs[0][1] = 5;
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_shape expected = mote_shape_image(4, 5, 2);
    assert_true(mote_shape_equal(&harness.declaration.outputs[0].shape, &expected));
    layer_harness_release(&harness);
}

static void values_are_those_worked_by_hand(void **unused)
{
    (void)unused;
    const double x[] = {1, 2, 3, -1, 0, 2};
    const double weight[] = {1, 0, -1, 2, 1, 0.5};
    const double bias[] = {0.5, -1};
    const double dy[] = {1, 2, -1, 0.5};
    layer_harness harness;
    layer_harness_build(&harness, &plain);
    layer_harness_set(&harness, LAYER_INPUT, 0, 6, x);
    layer_harness_set(&harness, LAYER_WEIGHT, 0, 6, weight);
    layer_harness_set(&harness, LAYER_WEIGHT, 1, 2, bias);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 4, dy);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_GRADIENT);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    const double y[] = {-1.5, 4.5, -2.5, -2};
    const double weight_gradient[] = {2, 2, 1, 1.5, 4, 7};
    const double bias_gradient[] = {0, 2.5};
    const double dx[] = {5, 2, 0, 0, 0.5, 1.25};
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 4, y, 0);
    layer_harness_expect(&harness, LAYER_GRADIENT, 0, 6, weight_gradient, 0);
    layer_harness_expect(&harness, LAYER_GRADIENT, 1, 2, bias_gradient, 0);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 6, dx, 0);
    layer_harness_release(&harness);
}

static void no_units_are_refused(void **unused)
{
    (void)unused;
    layer_config config = plain;
    config.entries[0] = "unit=0";
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "a whole number from 1 to 2147483647");
}

static void a_missing_unit_is_refused(void **unused)
{
    (void)unused;
    layer_config config = plain;
    config.entries[0] = NULL;
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': key 'unit' is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_unit_by_width),
        cmocka_unit_test(without_bias_there_is_one_weight),
        cmocka_unit_test(other_initializers_can_be_chosen),
        cmocka_unit_test(only_the_last_axis_is_replaced),
        cmocka_unit_test(values_are_those_worked_by_hand),
        cmocka_unit_test(no_units_are_refused),
        cmocka_unit_test(a_missing_unit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
