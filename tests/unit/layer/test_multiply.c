// SPDX-License-Identifier: Apache-2.0
// Multiply: products in the order of the inputs.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void known_products(void **unused)
{
    (void)unused;
    const layer_config config = {
        .layer = "multiply", .input_count = 2, .inputs = {{2, 1, 2}, {2, 1, 1}}, .batch = 1};
    const double a[] = {1, 2, 3, 4};
    const double b[] = {10, -1};
    const double y[] = {10, 20, -3, -4};
    const double dy[] = {1, 1, 2, 3};
    const double da[] = {10, 10, -2, -3};
    const double db[] = {3, 18};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 4, a);
    layer_harness_set(&harness, LAYER_INPUT, 1, 2, b);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 4, dy);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 4, y, 0);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 4, da, 0);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 1, 2, db, 0);
    layer_harness_release(&harness);
}

static void inputs_are_multiplied_one_after_the_other(void **unused)
{
    (void)unused;
    const layer_config config = {.layer = "multiply",
                                 .input_count = 3,
                                 .inputs = {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
                                 .batch = 1};
    const double tiny = 0x1p-100;
    const double huge = 0x1p100;
    const double one = 1;
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 1, &tiny);
    layer_harness_set(&harness, LAYER_INPUT, 1, 1, &huge);
    layer_harness_set(&harness, LAYER_INPUT, 2, 1, &huge); // huge * huge would be infinite
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 1, &huge, 0);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 1, &one);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 2, 1, &one, 0);
    layer_harness_release(&harness);
}

static void shapes_that_do_not_go_together_are_refused(void **unused)
{
    (void)unused;
    const layer_config config = {
        .layer = "multiply", .input_count = 2, .inputs = {{2, 1, 4}, {3, 2, 1}}, .batch = 1};
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': input 1 has shape 3:2:1, those before it make 2:1:4: along each "
                  "axis sizes must be equal or 1");
}

static void integers_are_refused(void **unused)
{
    (void)unused;
    const layer_config config = {.layer = "multiply",
                                 .input_count = 2,
                                 .inputs = {{1, 1, 4}, {1, 1, 4}},
                                 .integer_inputs = 2,
                                 .batch = 1};
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': input 1 has elements of I32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_products),
        cmocka_unit_test(inputs_are_multiplied_one_after_the_other),
        cmocka_unit_test(shapes_that_do_not_go_together_are_refused),
        cmocka_unit_test(integers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
