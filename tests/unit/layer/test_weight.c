// SPDX-License-Identifier: Apache-2.0
// A trained tensor as a node.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void build(layer_harness *harness, const char *dim)
{
    const layer_config config = {.layer = "weight", .entries = {dim}, .batch = 3};
    layer_harness_build(harness, &config);
}

static void the_output_is_the_weight_once_for_all_samples(void **unused)
{
    (void)unused;
    const double values[] = {1, -2, 3, 4, 5, 6};
    layer_harness harness;
    build(&harness, "dim=1:2:3");
    assert_false(harness.declaration.outputs[0].batched);
    assert_int_equal(layer_harness_elements(&harness, LAYER_OUTPUT, 0), 6);
    layer_harness_set(&harness, LAYER_WEIGHT, 0, 6, values);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 6, values, 0);
    layer_harness_release(&harness);
}

static void the_gradient_is_the_derivative_of_the_output(void **unused)
{
    (void)unused;
    const double values[] = {1, -2, 3};
    layer_harness harness;
    build(&harness, "dim=3");
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 3, values);
    layer_harness_run(&harness, MOTE_PHASE_GRADIENT);
    layer_harness_expect(&harness, LAYER_GRADIENT, 0, 3, values, 0);
    layer_harness_release(&harness);
}

static void dimensions_that_are_left_out_are_one(void **unused)
{
    (void)unused;
    static const char *const dims[] = {"dim=4", "dim=5:4", "dim=6:5:4"};
    static const mote_shape shapes[] = {{3, {1, 1, 4}}, {3, {1, 5, 4}}, {3, {6, 5, 4}}};
    for (size_t i = 0; i < 3; i++) {
        layer_harness harness;
        build(&harness, dims[i]);
        const mote_weight_declaration *const weight = &harness.declaration.weights[0];
        assert_true(mote_shape_equal(&weight->spec.shape, &shapes[i]));
        assert_true(mote_shape_equal(&harness.declaration.outputs[0].shape, &shapes[i]));
        assert_int_equal(weight->fan_in, 4);
        assert_int_equal(weight->fan_out, mote_shape_elements(&shapes[i]) / 4);
        layer_harness_release(&harness);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_output_is_the_weight_once_for_all_samples),
        cmocka_unit_test(the_gradient_is_the_derivative_of_the_output),
        cmocka_unit_test(dimensions_that_are_left_out_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
