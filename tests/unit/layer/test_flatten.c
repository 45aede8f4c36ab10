// SPDX-License-Identifier: Apache-2.0
// Flatten: another shape of the same bytes.
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const layer_config plain = {
    .layer = "flatten",
    .input_count = 1,
    .inputs = {{2, 3, 4}},
    .batch = 2,
};

static void a_sample_becomes_one_row(void **unused)
{
    (void)unused;
    layer_harness harness;
    layer_harness_build(&harness, &plain);
    const mote_shape expected = mote_shape_image(1, 1, 24);
    assert_true(mote_shape_equal(&harness.declaration.outputs[0].shape, &expected));
    layer_harness_release(&harness);
}

static void output_and_derivative_are_views_without_a_step(void **unused)
{
    (void)unused;
    layer_harness harness;
    layer_harness_build(&harness, &plain);
    assert_true(harness.declaration.view);
    assert_true(harness.declaration.derivative_view);
    assert_null(mote_layer_flatten.forward);
    assert_null(mote_layer_flatten.calc_derivative);
    layer_harness_release(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_becomes_one_row),
        cmocka_unit_test(output_and_derivative_are_views_without_a_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
