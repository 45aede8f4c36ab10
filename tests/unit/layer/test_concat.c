// SPDX-License-Identifier: Apache-2.0
// Concat: inputs one after the other along an axis.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static layer_config make_config(const char *axis)
{
    return (layer_config){.layer = "concat",
                          .entries = {axis},
                          .input_count = 2,
                          .inputs = {{1, 2, 2}, {1, 2, 1}},
                          .batch = 1};
}

static const double a[] = {1, 2, 3, 4};
static const double b[] = {5, 6};
static const double joined[] = {1, 2, 5, 3, 4, 6};

static void inputs_come_in_order_along_the_axis(void **unused)
{
    (void)unused;
    const layer_config config = make_config("axis=3");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 4, a);
    layer_harness_set(&harness, LAYER_INPUT, 1, 2, b);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 6, joined, 0);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 6, joined);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 4, a, 0);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 1, 2, b, 0);
    layer_harness_release(&harness);
}

static void the_axis_is_channels_by_default(void **unused)
{
    (void)unused;
    layer_config config = make_config(NULL);
    config.inputs[1][0] = 3;
    config.inputs[1][2] = 2;
    const mote_shape expected = mote_shape_image(4, 2, 2);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_true(mote_shape_equal(&harness.declaration.outputs[0].shape, &expected));
    layer_harness_release(&harness);
}

static void a_derivative_that_is_not_wanted_is_left_out(void **unused)
{
    (void)unused;
    const layer_config config = make_config("axis=3");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 6, joined);
    harness.slots[LAYER_INPUT_DERIVATIVE][0].tensor.data = NULL;
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 1, 2, b, 0);
    layer_harness_release(&harness);
}

static void other_axes_that_differ_are_refused(void **unused)
{
    (void)unused;
    const layer_config config = make_config("axis=2");
    layer_harness harness;
    expect_raises(
        layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
        "layer 'node': input 1 has shape 1:2:1, input 0 has 1:2:2: only axis 2 may differ");
}

static void integers_are_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config("axis=3");
    config.integer_inputs = 2;
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': input 1 has elements of I32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_come_in_order_along_the_axis),
        cmocka_unit_test(the_axis_is_channels_by_default),
        cmocka_unit_test(a_derivative_that_is_not_wanted_is_left_out),
        cmocka_unit_test(other_axes_that_differ_are_refused),
        cmocka_unit_test(integers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
