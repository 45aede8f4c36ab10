// SPDX-License-Identifier: Apache-2.0
// A fixed line: its values, its slope, and nothing kept for backward.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ELEMENTS 24U

static void build(layer_harness *harness)
{
    const layer_config config = {
        .layer = "rescale",
        .entries = {"scale=-4", "shift=1000"},
        .input_count = 1,
        .inputs = {{1, 3, 4}},
        .batch = 2,
    };
    layer_harness_build(harness, &config);
}

static void elements_are_multiplied_and_then_shifted(void **unused)
{
    (void)unused;
    layer_harness harness;
    build(&harness);
    layer_harness_fill(&harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    const mote_real *const x = layer_harness_data(&harness, LAYER_INPUT, 0);
    const mote_real *const y = layer_harness_data(&harness, LAYER_OUTPUT, 0);
    const mote_real *const dy = layer_harness_data(&harness, LAYER_OUTPUT_DERIVATIVE, 0);
    const mote_real *const dx = layer_harness_data(&harness, LAYER_INPUT_DERIVATIVE, 0);
    for (size_t i = 0; i < ELEMENTS; i++) {
        assert_true(y[i] == MOTE_REAL(1000.0) - 4 * x[i]); // 4 x is exact
        assert_true(dx[i] == -4 * dy[i]);
    }
    layer_harness_release(&harness);
}

static void nothing_is_kept_for_backward(void **unused)
{
    (void)unused;
    layer_harness harness;
    build(&harness);
    assert_int_equal(harness.declaration.temporary_count, 0);
    assert_int_equal(harness.declaration.weight_count, 0);
    assert_int_equal(harness.declaration.input_needs[0], 0);
    assert_int_equal(harness.declaration.output_needs, 0);
    layer_harness_release(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_multiplied_and_then_shifted),
        cmocka_unit_test(nothing_is_kept_for_backward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
