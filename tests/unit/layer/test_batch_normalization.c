// SPDX-License-Identifier: Apache-2.0
// Batch normalization: its units, its statistics, and values worked by hand.
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static layer_config make_config(size_t channels, size_t height, size_t width, size_t batch)
{
    return (layer_config){
        .layer = "batch_normalization",
        .input_count = 1,
        .inputs = {{channels, height, width}},
        .batch = batch,
    };
}

static size_t get_units(layer_config config)
{
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const size_t units = harness.declaration.weights[0].spec.shape.dims[0];
    layer_harness_release(&harness);
    return units;
}

static void images_have_a_unit_for_each_channel(void **unused)
{
    (void)unused;
    assert_int_equal(get_units(make_config(3, 4, 5, 2)), 3);
    assert_int_equal(get_units(make_config(3, 1, 1, 2)), 3);
    assert_int_equal(get_units(make_config(1, 4, 5, 2)), 1);
}

static void rows_have_a_unit_for_each_feature(void **unused)
{
    (void)unused;
    assert_int_equal(get_units(make_config(1, 1, 5, 2)), 5);
}

static void weights_and_statistics_have_their_names_and_initial_values(void **unused)
{
    (void)unused;
    const layer_config config = make_config(3, 4, 5, 2);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_declaration *const d = &harness.declaration;
    assert_string_equal(d->weights[0].name, "weight");
    assert_int_equal(d->weights[0].initializer, MOTE_INITIALIZER_ONES);
    assert_string_equal(d->weights[1].name, "bias");
    assert_int_equal(d->weights[1].initializer, MOTE_INITIALIZER_ZEROS);
    assert_string_equal(d->statistics[0].name, "running_mean");
    assert_int_equal(d->statistics[0].initializer, MOTE_INITIALIZER_ZEROS);
    assert_string_equal(d->statistics[1].name, "running_var");
    assert_int_equal(d->statistics[1].initializer, MOTE_INITIALIZER_ONES);
    layer_harness_release(&harness);
}

/// One channel, mean 3, variance 5.
static const double x[] = {0, 2, 4, 6};
static const double gamma_and_beta[] = {2, 0.5};
static const double mean_and_variance[] = {1, 4};

static void build(layer_harness *harness, layer_config config)
{
    config.entries[0] = "epsilon=1e-12";
    layer_harness_build(harness, &config);
    layer_harness_set(harness, LAYER_INPUT, 0, 4, x);
    layer_harness_set(harness, LAYER_WEIGHT, 0, 1, &gamma_and_beta[0]);
    layer_harness_set(harness, LAYER_WEIGHT, 1, 1, &gamma_and_beta[1]);
    layer_harness_set(harness, LAYER_STATISTIC, 0, 1, &mean_and_variance[0]);
    layer_harness_set(harness, LAYER_STATISTIC, 1, 1, &mean_and_variance[1]);
}

static void training_uses_the_batch_and_update_mixes_it_in(void **unused)
{
    (void)unused;
    layer_harness harness;
    build(&harness, make_config(1, 2, 1, 2));
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    const double y[] = {-2.1832815, -0.3944272, 1.3944272, 3.1832815};
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 4, y, 1e-6);
    layer_harness_expect(&harness, LAYER_STATISTIC, 0, 1, &mean_and_variance[0], 0);
    layer_harness_run(&harness, MOTE_PHASE_UPDATE);
    const double mean = 0.99 * 1 + 0.01 * 3;
    const double variance = 0.99 * 4 + 0.01 * 5;
    layer_harness_expect(&harness, LAYER_STATISTIC, 0, 1, &mean, 1e-6);
    layer_harness_expect(&harness, LAYER_STATISTIC, 1, 1, &variance, 1e-6);
    layer_harness_release(&harness);
}

static void evaluation_uses_the_running_statistics(void **unused)
{
    (void)unused;
    layer_config config = make_config(1, 2, 1, 2);
    config.evaluation = true;
    layer_harness harness;
    build(&harness, config);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    const double y[] = {-0.5, 1.5, 3.5, 5.5};
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 4, y, 1e-6);
    layer_harness_release(&harness);
}

static void frozen_it_uses_and_keeps_the_running_statistics_in_training(void **unused)
{
    (void)unused;
    layer_config config = make_config(1, 2, 1, 2);
    config.frozen = true;
    layer_harness harness;
    build(&harness, config);
    const double dy[] = {1, 2, -3, 4};
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 4, dy);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_run(&harness, MOTE_PHASE_UPDATE);
    const double y[] = {-0.5, 1.5, 3.5, 5.5};
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 4, y, 1e-6);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, 4, dy, 1e-6);
    layer_harness_expect(&harness, LAYER_STATISTIC, 0, 1, &mean_and_variance[0], 0);
    layer_harness_expect(&harness, LAYER_STATISTIC, 1, 1, &mean_and_variance[1], 0);
    layer_harness_release(&harness);
}

static void frozen_it_needs_neither_input_nor_temporaries(void **unused)
{
    (void)unused;
    layer_config config = make_config(3, 4, 4, 2);
    config.frozen = true;
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.temporary_count, 0);
    assert_int_equal(harness.declaration.input_needs[0], 0);
    layer_harness_release(&harness);
}

static void a_constant_added_to_all_inputs_changes_nothing(void **unused)
{
    (void)unused;
    const layer_config config = make_config(2, 8, 8, 4);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_fill(&harness);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    double expected[512];
    mote_real *const input = layer_harness_data(&harness, LAYER_INPUT, 0);
    for (size_t i = 0; i < 512; i++) {
        expected[i] = (double)layer_harness_data(&harness, LAYER_OUTPUT, 0)[i];
        input[i] += 100;
    }
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 512, expected, 1e-4);
    layer_harness_release(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_have_a_unit_for_each_channel),
        cmocka_unit_test(rows_have_a_unit_for_each_feature),
        cmocka_unit_test(weights_and_statistics_have_their_names_and_initial_values),
        cmocka_unit_test(training_uses_the_batch_and_update_mixes_it_in),
        cmocka_unit_test(evaluation_uses_the_running_statistics),
        cmocka_unit_test(frozen_it_uses_and_keeps_the_running_statistics_in_training),
        cmocka_unit_test(frozen_it_needs_neither_input_nor_temporaries),
        cmocka_unit_test(a_constant_added_to_all_inputs_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
