// SPDX-License-Identifier: Apache-2.0
// Fan out: one value twice, two derivatives added.
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const layer_config plain = {
    .layer = "fan_out",
    .input_count = 1,
    .inputs = {{1, 1, 3}},
    .batch = 1,
};

static void both_outputs_are_the_input(void **unused)
{
    (void)unused;
    layer_harness harness;
    layer_harness_build(&harness, &plain);
    assert_int_equal(harness.declaration.output_count, 2);
    assert_true(harness.declaration.view);
    assert_true(mote_layer_fan_out.internal);
    layer_harness_release(&harness);
}

static void the_derivative_is_the_sum_of_both(void **unused)
{
    (void)unused;
    const double first[] = {1, 2, 3};
    const double second[] = {10, 20, -30};
    const double sum[] = {11, 22, -27};
    layer_harness harness;
    layer_harness_build(&harness, &plain);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 3, first);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 1, 3, second);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 3, sum, 0);
    layer_harness_release(&harness);
}

static void one_tensor_for_all_samples_stays_one(void **unused)
{
    (void)unused;
    const layer_config shared = {
        .layer = "fan_out",
        .input_count = 1,
        .inputs = {{1, 1, 3}},
        .shared_inputs = 1,
        .batch = 5,
    };
    const double first[] = {1, 2, 3};
    const double second[] = {10, 20, -30};
    const double sum[] = {11, 22, -27};
    layer_harness harness;
    layer_harness_build(&harness, &shared);
    assert_false(harness.declaration.outputs[1].batched);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 3, first);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 1, 3, second);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 3, sum, 0);
    layer_harness_release(&harness);
}

static void integers_stay_integers(void **unused)
{
    (void)unused;
    const layer_config integers = {
        .layer = "fan_out",
        .input_count = 1,
        .inputs = {{1, 1, 3}},
        .integer_inputs = 1,
        .batch = 2,
    };
    layer_harness harness;
    layer_harness_build(&harness, &integers);
    assert_int_equal(harness.declaration.outputs[0].dtype, MOTE_DTYPE_I32);
    assert_int_equal(harness.declaration.outputs[1].dtype, MOTE_DTYPE_I32);
    layer_harness_release(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_outputs_are_the_input),
        cmocka_unit_test(the_derivative_is_the_sum_of_both),
        cmocka_unit_test(one_tensor_for_all_samples_stays_one),
        cmocka_unit_test(integers_stay_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
