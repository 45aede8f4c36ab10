// SPDX-License-Identifier: Apache-2.0
// LSTM: its weights, values worked by hand, sequences of several lengths, refusals.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BATCH    ((size_t)4)
#define STEPS    ((size_t)5)
#define FEATURES ((size_t)3)
#define UNIT     ((size_t)2)

static const int32_t lengths[BATCH] = {5, 1, 3, 4};

static layer_config make_config(const char *sequences, bool has_lengths)
{
    return (layer_config){
        .layer = "lstm",
        .entries = {"unit=2", sequences},
        .input_count = has_lengths ? 2 : 1,
        .inputs = {{1, STEPS, FEATURES}, {1, 1, 1}},
        .integer_inputs = has_lengths ? 2 : 0,
        .batch = BATCH,
    };
}

static void build(layer_harness *harness, const layer_config *config)
{
    layer_harness_build(harness, config);
    layer_harness_fill(harness);
    if (config->input_count > 1)
        memcpy(harness->slots[LAYER_INPUT][1].tensor.data, lengths, sizeof lengths);
}

static void expect_refused(const layer_config *config, const char *text)
{
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, config), MOTE_ERROR_SHAPE, text);
}

static void weights_have_their_names_shapes_and_fans(void **unused)
{
    (void)unused;
    const layer_config config = make_config("recurrent_initializer=he_normal", false);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_weight_declaration *const weights = harness.declaration.weights;
    assert_int_equal(harness.declaration.weight_count, 3);
    assert_string_equal(weights[0].name, "weight_ih");
    assert_int_equal(weights[0].initializer, MOTE_INITIALIZER_XAVIER_UNIFORM);
    assert_int_equal(weights[0].spec.shape.dims[0], 4 * UNIT);
    assert_int_equal(weights[0].spec.shape.dims[1], FEATURES);
    assert_int_equal(weights[0].fan_in, FEATURES);
    assert_int_equal(weights[0].fan_out, 4 * UNIT);
    assert_string_equal(weights[1].name, "weight_hh");
    assert_int_equal(weights[1].initializer, MOTE_INITIALIZER_HE_NORMAL);
    assert_int_equal(weights[1].spec.shape.dims[1], UNIT);
    assert_int_equal(weights[1].fan_in, UNIT);
    assert_string_equal(weights[2].name, "bias");
    assert_int_equal(weights[2].initializer, MOTE_INITIALIZER_ZEROS);
    assert_int_equal(weights[2].spec.shape.dims[0], 4 * UNIT);
    layer_harness_release(&harness);
}

static void the_bias_can_be_left_out(void **unused)
{
    (void)unused;
    const layer_config config = make_config("disable_bias=true", false);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.weight_count, 2);
    layer_harness_release(&harness);
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static void two_steps_of_one_cell_are_those_of_the_formulas(void **unused)
{
    (void)unused;
    const layer_config config = {.layer = "lstm",
                                 .entries = {"unit=1", "return_sequences=true"},
                                 .input_count = 1,
                                 .inputs = {{1, 2, 1}},
                                 .batch = 1};
    const double x[2] = {0.5, -2};
    const double w[4] = {1, -1, 2, 0.5};
    const double r[4] = {0.25, 3, -1, 1.5};
    const double b[4] = {0.1, 0.2, -0.3, 0.4};
    double expected[2];
    double h = 0;
    double c = 0;
    for (size_t t = 0; t < 2; t++) {
        double z[4];
        for (size_t gate = 0; gate < 4; gate++)
            z[gate] = w[gate] * x[t] + b[gate] + r[gate] * h;
        c = sigmoid(z[1]) * c + sigmoid(z[0]) * tanh(z[2]);
        h = sigmoid(z[3]) * tanh(c);
        expected[t] = h;
    }
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, 2, x);
    layer_harness_set(&harness, LAYER_WEIGHT, 0, 4, w);
    layer_harness_set(&harness, LAYER_WEIGHT, 1, 4, r);
    layer_harness_set(&harness, LAYER_WEIGHT, 2, 4, b);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 2, expected, 1e-6);
    layer_harness_release(&harness);
}

/// Runs forward of two layers that differ in return_sequences; the last step of the one is the other.
static void compare_last_steps(bool has_lengths, bool evaluation)
{
    layer_config config = make_config("return_sequences=true", has_lengths);
    config.evaluation = evaluation;
    layer_harness all;
    layer_harness last;
    build(&all, &config);
    config.entries[1] = "return_sequences=false";
    build(&last, &config);
    layer_harness_run(&all, MOTE_PHASE_FORWARD);
    layer_harness_run(&last, MOTE_PHASE_FORWARD);
    const mote_real *const sequences = layer_harness_data(&all, LAYER_OUTPUT, 0);
    const mote_real *const states = layer_harness_data(&last, LAYER_OUTPUT, 0);
    for (size_t sample = 0; sample < BATCH; sample++)
        assert_memory_equal(sequences + (sample * STEPS + STEPS - 1) * UNIT, states + sample * UNIT,
                            UNIT * sizeof *states);
    layer_harness_release(&last);
    layer_harness_release(&all);
}

static void without_sequences_the_output_is_the_last_step(void **unused)
{
    (void)unused;
    compare_last_steps(false, false);
    compare_last_steps(true, false);
    compare_last_steps(false, true);
    compare_last_steps(true, true);
}

/// 70 steps are several chunks of what evaluation makes at once.
static void evaluation_gives_the_bits_of_training(void **unused)
{
    (void)unused;
    layer_config config = make_config("return_sequences=true", false);
    config.inputs[0][1] = 70;
    layer_harness training;
    layer_harness evaluation;
    build(&training, &config);
    config.evaluation = true;
    build(&evaluation, &config);
    layer_harness_run(&training, MOTE_PHASE_FORWARD);
    layer_harness_run(&evaluation, MOTE_PHASE_FORWARD);
    assert_memory_equal(layer_harness_data(&training, LAYER_OUTPUT, 0),
                        layer_harness_data(&evaluation, LAYER_OUTPUT, 0),
                        layer_harness_elements(&training, LAYER_OUTPUT, 0) * sizeof(mote_real));
    layer_harness_release(&evaluation);
    layer_harness_release(&training);
}

static void after_its_end_a_sample_keeps_its_state(void **unused)
{
    (void)unused;
    const layer_config config = make_config("return_sequences=true", true);
    layer_harness harness;
    build(&harness, &config);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    const mote_real *const y = layer_harness_data(&harness, LAYER_OUTPUT, 0);
    for (size_t sample = 0; sample < BATCH; sample++) {
        const mote_real *const end = y + (sample * STEPS + (size_t)lengths[sample] - 1) * UNIT;
        for (size_t t = (size_t)lengths[sample]; t < STEPS; t++)
            assert_memory_equal(y + (sample * STEPS + t) * UNIT, end, UNIT * sizeof *y);
    }
    layer_harness_release(&harness);
}

static void steps_after_the_end_are_not_looked_at(void **unused)
{
    (void)unused;
    const layer_config config = make_config("return_sequences=false", true);
    layer_harness harness;
    build(&harness, &config);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    mote_real expected[BATCH * UNIT];
    memcpy(expected, layer_harness_data(&harness, LAYER_OUTPUT, 0), sizeof expected);
    mote_real *const x = layer_harness_data(&harness, LAYER_INPUT, 0);
    for (size_t sample = 0; sample < BATCH; sample++) {
        for (size_t t = (size_t)lengths[sample]; t < STEPS; t++)
            x[(sample * STEPS + t) * FEATURES] = (mote_real)NAN;
    }
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    assert_memory_equal(layer_harness_data(&harness, LAYER_OUTPUT, 0), expected, sizeof expected);
    layer_harness_release(&harness);
}

static void steps_after_the_end_have_derivative_zero(void **unused)
{
    (void)unused;
    const layer_config config = make_config("return_sequences=true", true);
    layer_harness harness;
    build(&harness, &config);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    const mote_real *const dx = layer_harness_data(&harness, LAYER_INPUT_DERIVATIVE, 0);
    for (size_t i = 0; i < BATCH * STEPS * FEATURES; i++) {
        const size_t sample = i / (STEPS * FEATURES);
        const size_t t = i / FEATURES % STEPS;
        assert_int_equal(dx[i] != 0, t < (size_t)lengths[sample]);
    }
    layer_harness_release(&harness);
}

static void lengths_lie_between_one_and_the_steps(void **unused)
{
    (void)unused;
    const layer_config config = make_config(NULL, true);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_integer_range range = layer_harness_range(&harness, LAYER_INPUT, 1);
    assert_int_equal(range.first, 1);
    assert_int_equal(range.last, STEPS);
    layer_harness_release(&harness);
}

static void images_of_several_channels_are_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config(NULL, false);
    config.inputs[0][0] = 2;
    expect_refused(&config, "layer 'node': input 0 has shape 2:5:3, it takes 1:steps:features");
}

static void lengths_of_another_shape_or_kind_are_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config(NULL, true);
    config.inputs[1][2] = STEPS;
    expect_refused(&config, "layer 'node': input 1 has shape 1:1:5, it takes 1:1:1, the length of "
                            "each sample's sequence");
    config.inputs[1][2] = 1;
    config.integer_inputs = 0;
    expect_refused(&config, "layer 'node': input 1 has elements of ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_have_their_names_shapes_and_fans),
        cmocka_unit_test(the_bias_can_be_left_out),
        cmocka_unit_test(two_steps_of_one_cell_are_those_of_the_formulas),
        cmocka_unit_test(without_sequences_the_output_is_the_last_step),
        cmocka_unit_test(evaluation_gives_the_bits_of_training),
        cmocka_unit_test(after_its_end_a_sample_keeps_its_state),
        cmocka_unit_test(steps_after_the_end_are_not_looked_at),
        cmocka_unit_test(steps_after_the_end_have_derivative_zero),
        cmocka_unit_test(lengths_lie_between_one_and_the_steps),
        cmocka_unit_test(images_of_several_channels_are_refused),
        cmocka_unit_test(lengths_of_another_shape_or_kind_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
