// SPDX-License-Identifier: Apache-2.0
// Constant derivative: a loss for looking at what lies before it.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static layer_config make_config(const char *entry)
{
    return (layer_config){.layer = "constant_derivative",
                          .entries = {entry},
                          .input_count = 1,
                          .inputs = {{1, 1, 3}},
                          .batch = 2};
}

static void expect_loss(const char *entry, double loss, double derivative)
{
    const double x[] = {1, 2, 3, -4, 5, 6};
    const double dx[] = {derivative, derivative, derivative, derivative, derivative, derivative};
    const double metrics[] = {loss, -1};
    const layer_config config = make_config(entry);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 6, x);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 2, metrics, 0);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 6, dx, 0);
    layer_harness_release(&harness);
}

static void the_loss_is_value_times_the_sum_and_its_derivative_value(void **unused)
{
    (void)unused;
    expect_loss(NULL, 13, 1);
    expect_loss("value=-0.5", -6.5, -0.5);
}

static void neither_prediction_nor_label_is_kept(void **unused)
{
    (void)unused;
    const layer_config config = make_config(NULL);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.input_needs[0], 0);
    assert_int_equal(harness.declaration.input_needs[1], 0);
    layer_harness_release(&harness);
}

static void integers_are_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config(NULL);
    config.integer_inputs = 1;
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': input 0 has elements of I32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_is_value_times_the_sum_and_its_derivative_value),
        cmocka_unit_test(neither_prediction_nor_label_is_kept),
        cmocka_unit_test(integers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
