// SPDX-License-Identifier: Apache-2.0
// Permute: output axis i is input axis direction[i].
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static layer_config make_config(const char *direction)
{
    return (layer_config){.layer = "permute",
                          .entries = {direction},
                          .input_count = 1,
                          .inputs = {{1, 2, 3}},
                          .batch = 1};
}

static const double x[] = {1, 2, 3, 4, 5, 6};

static void expect_permuted(const char *direction, const mote_shape *shape, const double y[6])
{
    const layer_config config = make_config(direction);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_true(mote_shape_equal(&harness.declaration.outputs[0].shape, shape));
    layer_harness_set(&harness, LAYER_INPUT, 0, 6, x);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 6, y);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 6, y, 0);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 6, x, 0); // the way back
    layer_harness_release(&harness);
}

static void axes_are_put_in_the_order_named(void **unused)
{
    (void)unused;
    const double transposed[] = {1, 4, 2, 5, 3, 6};
    const mote_shape tall = mote_shape_image(1, 3, 2);
    const mote_shape deep = mote_shape_image(3, 1, 2);
    const mote_shape turned = mote_shape_image(2, 3, 1);
    expect_permuted("direction=1,3,2", &tall, transposed);
    expect_permuted("direction=3:1:2", &deep, transposed);
    expect_permuted("direction=2,3,1", &turned, x);
}

static void an_axis_named_twice_is_refused(void **unused)
{
    (void)unused;
    const layer_config config = make_config("direction=1,3,1");
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': direction = 1,3,1: each of 1, 2 and 3 must be there once");
}

static void another_number_of_axes_is_refused(void **unused)
{
    (void)unused;
    const layer_config config = make_config("direction=1,2");
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "3 whole numbers from 1 to 3");
}

static void integers_are_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config("direction=1,3,2");
    config.integer_inputs = 1;
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': input 0 has elements of I32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(axes_are_put_in_the_order_named),
        cmocka_unit_test(an_axis_named_twice_is_refused),
        cmocka_unit_test(another_number_of_axes_is_refused),
        cmocka_unit_test(integers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
