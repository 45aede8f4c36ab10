// SPDX-License-Identifier: Apache-2.0
// Dropout: what is dropped, how the rest is scaled, and the same again in backward.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ELEMENTS 10000U

static layer_config make_config(const char *rate)
{
    return (layer_config){
        .layer = "dropout",
        .entries = {rate},
        .input_count = 1,
        .inputs = {{1, 1, ELEMENTS / 2}},
        .batch = 2,
    };
}

static void about_the_given_share_is_dropped_and_the_rest_scaled(void **unused)
{
    (void)unused;
    const layer_config config = make_config("dropout_rate=0.2");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_fill(&harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    const mote_real *const x = layer_harness_data(&harness, LAYER_INPUT, 0);
    const mote_real *const y = layer_harness_data(&harness, LAYER_OUTPUT, 0);
    size_t dropped = 0;
    for (size_t i = 0; i < ELEMENTS; i++) {
        dropped += y[i] == 0;
        assert_true(y[i] == 0 || y[i] == x[i] * MOTE_REAL(1.25));
    }
    assert_in_range(dropped, ELEMENTS / 5 - 150, ELEMENTS / 5 + 150);
    layer_harness_release(&harness);
}

static void backward_drops_what_forward_dropped(void **unused)
{
    (void)unused;
    const layer_config config = make_config("dropout_rate=0.5");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_fill(&harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    const mote_real *const y = layer_harness_data(&harness, LAYER_OUTPUT, 0);
    const mote_real *const dy = layer_harness_data(&harness, LAYER_OUTPUT_DERIVATIVE, 0);
    const mote_real *const dx = layer_harness_data(&harness, LAYER_INPUT_DERIVATIVE, 0);
    for (size_t i = 0; i < ELEMENTS; i++)
        assert_true(dx[i] == (y[i] == 0 ? 0 : 2 * dy[i]));
    layer_harness_release(&harness);
}

static void samples_of_a_batch_drop_other_elements(void **unused)
{
    (void)unused;
    const layer_config config = make_config("dropout_rate=0.5");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_fill(&harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    const mote_real *const y = layer_harness_data(&harness, LAYER_OUTPUT, 0);
    size_t different = 0;
    for (size_t i = 0; i < ELEMENTS / 2; i++)
        different += (y[i] == 0) != (y[i + ELEMENTS / 2] == 0);
    assert_in_range(different, ELEMENTS / 4 - 250, ELEMENTS / 4 + 250);
    layer_harness_release(&harness);
}

static void nothing_is_kept_for_backward(void **unused)
{
    (void)unused;
    const layer_config config = make_config("dropout_rate=0.5");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.temporary_count, 0);
    assert_int_equal(harness.declaration.input_needs[0], 0);
    assert_int_equal(harness.declaration.output_needs, 0);
    layer_harness_release(&harness);
}

static void evaluation_drops_nothing(void **unused)
{
    (void)unused;
    layer_config config = make_config("dropout_rate=0.5");
    config.evaluation = true;
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_fill(&harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    assert_memory_equal(layer_harness_data(&harness, LAYER_OUTPUT, 0),
                        layer_harness_data(&harness, LAYER_INPUT, 0), ELEMENTS * sizeof(mote_real));
    layer_harness_release(&harness);
}

static void dropping_everything_is_refused(void **unused)
{
    (void)unused;
    const layer_config config = make_config("dropout_rate=1");
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "a number from 0 to 0.999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(about_the_given_share_is_dropped_and_the_rest_scaled),
        cmocka_unit_test(backward_drops_what_forward_dropped),
        cmocka_unit_test(samples_of_a_batch_drop_other_elements),
        cmocka_unit_test(nothing_is_kept_for_backward),
        cmocka_unit_test(evaluation_drops_nothing),
        cmocka_unit_test(dropping_everything_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
