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
    assert_false(layer_harness_has(&harness, MOTE_PHASE_DERIVATIVE));
    layer_harness_release(&harness);
}

static void what_is_repeated_gets_the_sum_of_the_derivatives(void **unused)
{
    (void)unused;
    const layer_config config = {
        .layer = "addition", .input_count = 2, .inputs = {{1, 2, 2}, {1, 1, 2}}, .batch = 1};
    const double a[] = {1, 2, 3, 4};
    const double b[] = {10, 20};
    const double y[] = {11, 22, 13, 24};
    const double db[] = {24, 46};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 4, a);
    layer_harness_set(&harness, LAYER_INPUT, 1, 2, b);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 4, y);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 4, y, 0);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 4, y, 0);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 1, 2, db, 0);
    layer_harness_release(&harness);
}

static void shapes_that_do_not_go_together_are_refused(void **unused)
{
    (void)unused;
    layer_config config = three;
    config.inputs[2][2] = 5;
    layer_harness harness;
    expect_raises(
        layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
        "layer 'node': input 2 has shape 1:1:5, those before it make 1:1:2: along each axis "
        "sizes must be equal or 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_are_added_one_after_the_other),
        cmocka_unit_test(derivatives_are_views_without_a_step),
        cmocka_unit_test(what_is_repeated_gets_the_sum_of_the_derivatives),
        cmocka_unit_test(shapes_that_do_not_go_together_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
