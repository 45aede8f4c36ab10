// SPDX-License-Identifier: Apache-2.0
// Positional encoding: the waves, what is learned, refusals.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static layer_config make_config(const char *encoding, size_t positions, size_t features)
{
    return (layer_config){
        .layer = "positional_encoding",
        .entries = {encoding},
        .input_count = 1,
        .inputs = {{1, positions, features}},
        .batch = 2,
    };
}

/// Of what is added to zeros, element by element, from the formula.
static double find_largest_error(size_t positions, size_t features)
{
    const layer_config config = make_config("encoding=sinusoidal", positions, features);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const size_t count = positions * features;
    mote_real *const x = layer_harness_data(&harness, LAYER_INPUT, 0);
    for (size_t i = 0; i < 2 * count; i++)
        x[i] = 0;
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    const mote_real *const y = layer_harness_data(&harness, LAYER_OUTPUT, 0);
    double largest = 0;
    for (size_t i = 0; i < 2 * count; i++) {
        const size_t feature = i % features;
        const size_t pair = feature / 2;
        const double frequency = pow(10000.0, -2.0 * (double)pair / (double)features);
        const double angle = (double)(i / features % positions) * frequency;
        const double expected = feature % 2 == 0 ? sin(angle) : cos(angle);
        largest = fmax(largest, fabs((double)y[i] - expected));
    }
    layer_harness_release(&harness);
    return largest;
}

static void waves_are_those_of_the_formula(void **unused)
{
    (void)unused;
    const double rounding = sizeof(mote_real) == sizeof(float) ? 0x1.01p-25 : 1e-12;
    assert_true(find_largest_error(5, 4) <= rounding);
    assert_true(find_largest_error(3, 1) <= rounding);
    assert_true(find_largest_error(40, 512) <= rounding);
    assert_true(find_largest_error(10000, 7) <= rounding);
}

static void waves_have_no_weight(void **unused)
{
    (void)unused;
    const layer_config config = make_config(NULL, 3, 4);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.weight_count, 0);
    layer_harness_release(&harness);
}

static void what_is_learned_is_added_to_each_sample(void **unused)
{
    (void)unused;
    const layer_config config = make_config("encoding=learned", 2, 3);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_weight_declaration *const weight = harness.declaration.weights;
    assert_string_equal(weight->name, "weight");
    assert_int_equal(weight->spec.shape.dims[0], 2);
    assert_int_equal(weight->spec.shape.dims[1], 3);
    assert_int_equal(weight->initializer, MOTE_INITIALIZER_XAVIER_UNIFORM);
    const double x[] = {1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6};
    const double w[] = {10, 20, 30, 40, 50, 60};
    const double y[] = {11, 22, 33, 44, 55, 66, 9, 18, 27, 36, 45, 54};
    const double gradient[] = {0, 0, 0, 0, 0, 0};
    layer_harness_set(&harness, LAYER_INPUT, 0, 12, x);
    layer_harness_set(&harness, LAYER_WEIGHT, 0, 6, w);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 12, x);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_GRADIENT);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 12, y, 0);
    layer_harness_expect(&harness, LAYER_GRADIENT, 0, 6, gradient, 0);
    layer_harness_release(&harness);
}

static void images_of_several_channels_are_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config(NULL, 3, 4);
    config.inputs[0][0] = 2;
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': input 0 has shape 2:3:4, it takes 1:positions:features");
}

static void waves_have_no_initializer(void **unused)
{
    (void)unused;
    layer_config config = make_config("weight_initializer=zeros", 3, 4);
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': encoding = sinusoidal has no weight_initializer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waves_are_those_of_the_formula),
        cmocka_unit_test(waves_have_no_weight),
        cmocka_unit_test(what_is_learned_is_added_to_each_sample),
        cmocka_unit_test(images_of_several_channels_are_refused),
        cmocka_unit_test(waves_have_no_initializer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
