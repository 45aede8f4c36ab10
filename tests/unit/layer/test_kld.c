// SPDX-License-Identifier: Apache-2.0
// Kullback-Leibler divergence: mean over the samples, shares of 0 count nothing.
#include "layer/loss.h"
#include "support/expect.h"
#include "support/layer_harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const layer_config plain = {
    .layer = "kld",
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

static void the_divergence_of_equal_shares_is_nothing(void **unused)
{
    (void)unused;
    const double prediction[] = {log(0.25), log(0.75), log(0.5), log(0.5)};
    const double label[] = {0.25, 0.75, 0.5, 0.5};
    const double metrics[] = {0, -1};
    const double derivative[] = {-0.125, -0.375, -0.25, -0.25};
    expect_step(prediction, label, metrics, derivative);
}

static void a_share_of_zero_counts_nothing(void **unused)
{
    (void)unused;
    const double prediction[] = {log(0.25), log(0.75), log(0.5), log(0.5)};
    const double label[] = {0, 1, 1, 0};
    const double metrics[] = {(-log(0.75) - log(0.5)) / 2, -1};
    const double derivative[] = {0, -0.5, -0.5, 0};
    expect_step(prediction, label, metrics, derivative);
}

/// As in a program, where predictions that the derivative does not read have no place.
static void the_derivative_needs_no_predictions(void **unused)
{
    (void)unused;
    const double prediction[] = {log(0.25), log(0.75), log(0.5), log(0.5)};
    const double label[] = {0.5, 0.5, 1, 0};
    const double derivative[] = {-0.25, -0.25, -0.5, 0};
    layer_harness harness;
    layer_harness_build(&harness, &plain);
    layer_harness_set(&harness, LAYER_INPUT, 0, 4, prediction);
    layer_harness_set(&harness, LAYER_INPUT, 1, 4, label);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    harness.slots[LAYER_INPUT][MOTE_LOSS_PREDICTION].tensor.data = NULL;
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 4, derivative, 1e-6);
    layer_harness_release(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_divergence_of_equal_shares_is_nothing),
        cmocka_unit_test(a_share_of_zero_counts_nothing),
        cmocka_unit_test(the_derivative_needs_no_predictions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
