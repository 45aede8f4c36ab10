// SPDX-License-Identifier: Apache-2.0
// Huber loss: squared near the label, linear beyond delta.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const layer_config plain = {
    .layer = "huber",
    .entries = {"delta=1.5"},
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

static void the_loss_is_linear_beyond_delta(void **unused)
{
    (void)unused;
    const double prediction[] = {1, 2, 3, 4};
    const double label[] = {1, 4, 0, 3};
    const double metrics[] = {(0 + 1.5 * 1.25 + 1.5 * 2.25 + 0.5) / 4.0, -1};
    const double derivative[] = {0, -0.375, 0.375, 0.25};
    expect_step(prediction, label, metrics, derivative);
}

static void a_delta_of_zero_is_refused(void **unused)
{
    (void)unused;
    layer_config config = plain;
    layer_harness harness;
    config.entries[0] = "delta=0";
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY, "delta = 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_is_linear_beyond_delta),
        cmocka_unit_test(a_delta_of_zero_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
