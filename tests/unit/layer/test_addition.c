// SPDX-License-Identifier: Apache-2.0
// Addition: sums in the order of the inputs.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const layer_config three = {
    .layer = "addition",
    .input_count = 3,
    .inputs = {{1, 1, 2}, {1, 1, 2}, {1, 1, 2}},
    .batch = 1,
};

static void inputs_are_added_one_after_the_other(void **unused)
{
    (void)unused;
    const double inputs[3][2] = {{1e8, 1}, {-1e8, 2}, {1, 3}};
    const double y[] = {1, 6};
    layer_harness harness;
    layer_harness_build(&harness, &three);
    for (size_t i = 0; i < 3; i++)
        layer_harness_set(&harness, LAYER_INPUT, i, 2, inputs[i]);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 2, y, 0);
    layer_harness_release(&harness);
}

static void derivatives_are_views_without_a_step(void **unused)
{
    (void)unused;
    layer_harness harness;
    layer_harness_build(&harness, &three);
    assert_true(harness.declaration.derivative_view);
    assert_true(harness.declaration.output_over_input);
    assert_null(mote_layer_addition.calc_derivative);
    layer_harness_release(&harness);
}

static void unequal_shapes_are_refused(void **unused)
{
    (void)unused;
    layer_config config = three;
    config.inputs[2][2] = 5;
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': input 2 has shape 1:1:5, input 0 has 1:1:2: only equal shapes "
                  "can be added");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_are_added_one_after_the_other),
        cmocka_unit_test(derivatives_are_views_without_a_step),
        cmocka_unit_test(unequal_shapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
