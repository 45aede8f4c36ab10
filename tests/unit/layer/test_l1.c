// SPDX-License-Identifier: Apache-2.0
// Mean absolute error: its value and its derivative, which is 0 where prediction and label are equal.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const layer_config plain = {
    .layer = "l1",
    .input_count = 1,
    .inputs = {{1, 1, 2}},
    .batch = 4,
    .run_batch = 2,
};

/// Runs two samples and compares metrics and derivative.
static void expect_step(const double prediction[4], const double label[4], const double metrics[2],
                        const double derivative[4])
{
    layer_harness harness;
    layer_harness_build(&harness, &plain);
    layer_harness_set(&harness, LAYER_INPUT, 0, 4, prediction);
    layer_harness_set(&harness, LAYER_INPUT, 1, 4, label);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 2, metrics, 1e-6);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 4, derivative, 1e-6);
    layer_harness_release(&harness);
}

static void the_derivative_is_the_sign_of_the_difference(void **unused)
{
    (void)unused;
    const double prediction[] = {1, 2, 3, 4};
    const double label[] = {1, 4, 0, 3};
    const double metrics[] = {(0 + 2 + 3 + 1) / 4.0, -1};
    const double derivative[] = {0, -0.25, 0.25, 0.25};
    expect_step(prediction, label, metrics, derivative);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_derivative_is_the_sign_of_the_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
