// SPDX-License-Identifier: Apache-2.0
// Mean squared error: its label, its value and its derivative.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const layer_config plain = {
    .layer = "mse",
    .input_count = 1,
    .inputs = {{1, 1, 2}},
    .batch = 4,
    .run_batch = 2,
};

static void the_label_has_the_shape_of_the_prediction(void **unused)
{
    (void)unused;
    layer_harness harness;
    layer_harness_build(&harness, &plain);
    assert_true(mote_shape_equal(&harness.input_specs[0].shape, &harness.input_specs[1].shape));
    assert_int_equal(harness.input_specs[1].dtype, MOTE_DTYPE_REAL);
    layer_harness_release(&harness);
}

static void the_mean_is_over_samples_and_elements_of_the_step(void **unused)
{
    (void)unused;
    const double prediction[] = {1, 2, 3, 4};
    const double label[] = {1, 4, 0, 3};
    const double metrics[] = {(0 + 4 + 9 + 1) / 4.0, -1};
    const double derivative[] = {0, -1, 1.5, 0.5};
    layer_harness harness;
    layer_harness_build(&harness, &plain);
    layer_harness_set(&harness, LAYER_INPUT, 0, 4, prediction);
    layer_harness_set(&harness, LAYER_INPUT, 1, 4, label);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 2, metrics, 0);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 4, derivative, 0);
    layer_harness_release(&harness);
}

static void a_label_of_another_shape_is_refused(void **unused)
{
    (void)unused;
    layer_harness harness;
    layer_harness_build(&harness, &plain);
    harness.input_specs[1].shape = mote_shape_image(1, 1, 3);
    expect_raises(harness.layer->setup(&harness.setup, harness.state), MOTE_ERROR_SHAPE,
                  "layer 'node': the label is 1:1:3 of F32, it must be 1:1:2 of F32");
    layer_harness_release(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_label_has_the_shape_of_the_prediction),
        cmocka_unit_test(the_mean_is_over_samples_and_elements_of_the_step),
        cmocka_unit_test(a_label_of_another_shape_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
