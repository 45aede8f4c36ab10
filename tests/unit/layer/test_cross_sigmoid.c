// SPDX-License-Identifier: Apache-2.0
// Binary cross entropy with logits: its value, its derivative and what counts as right.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const layer_config plain = {
    .layer = "cross_sigmoid",
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

static void labels_are_met_on_their_side_of_one_half(void **unused)
{
    (void)unused;
    const double prediction[] = {0, 2, -1, 3};
    const double label[] = {1, 1, 1, 0};
    const double metrics[] = {(log(2) + log1p(exp(-2)) + log1p(exp(1)) + 3 + log1p(exp(-3))) / 4,
                              0.5};
    const double derivative[] = {-0.125, (1 / (1 + exp(-2)) - 1) / 4, (1 / (1 + exp(1)) - 1) / 4,
                                 0.25 / (1 + exp(-3))};
    expect_step(prediction, label, metrics, derivative);
}

static void large_logits_lose_nothing(void **unused)
{
    (void)unused;
    const double prediction[] = {100, -100, 100, -100};
    const double label[] = {1, 0, 0, 1};
    const double metrics[] = {50, 1};
    const double derivative[] = {0, 0, 0.25, -0.25};
    expect_step(prediction, label, metrics, derivative);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_met_on_their_side_of_one_half),
        cmocka_unit_test(large_logits_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
