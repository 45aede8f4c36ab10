// SPDX-License-Identifier: Apache-2.0
// Activations: known values, and softmax over the last axis.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT 4U

static const double x[COUNT] = {-1, 0, 0.5, 2};

static void expect_values(const char *entry, const double y[COUNT], const double dx[COUNT])
{
    const layer_config config = {
        .layer = "activation",
        .entries = {entry},
        .input_count = 1,
        .inputs = {{1, 2, 2}},
        .batch = 1,
    };
    const double ones[COUNT] = {1, 1, 1, 1};
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, COUNT, x);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, COUNT, ones);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, COUNT, y, 1e-6);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, COUNT, dx, 1e-6);
    layer_harness_release(&harness);
}

static void relu_keeps_what_is_positive(void **unused)
{
    (void)unused;
    const double y[] = {0, 0, 0.5, 2};
    const double dx[] = {0, 0, 1, 1};
    expect_values("activation=relu", y, dx);
}

static void sigmoid_has_its_known_values(void **unused)
{
    (void)unused;
    const double y[] = {0.26894142, 0.5, 0.62245933, 0.88079708};
    const double dx[] = {0.19661193, 0.25, 0.23500371, 0.10499359};
    expect_values("activation=sigmoid", y, dx);
}

static void tanh_has_its_known_values(void **unused)
{
    (void)unused;
    const double y[] = {-0.76159416, 0, 0.46211716, 0.96402758};
    const double dx[] = {0.41997434, 1, 0.78644773, 0.07065082};
    expect_values("activation=tanh", y, dx);
}

static void softmax_goes_over_the_last_axis(void **unused)
{
    (void)unused;
    const double y[] = {0.26894142, 0.73105858, 0.18242552, 0.81757448};
    const double dx[] = {0, 0, 0, 0};
    expect_values("Activation=SoftMax", y, dx);
}

/// Where element `i` of [outer][length][inner] is in [outer][inner][length].
static size_t find_row_element(size_t i, size_t inner, size_t length)
{
    return i / (inner * length) * inner * length + i % inner * length + i / inner % length;
}

/// The same rows along `axis`, and along the last one.
static void compare_with_the_last_axis(const char *entry, const size_t shape[3], bool over_channels)
{
    const size_t batch = 3;
    const size_t inner = over_channels ? shape[1] * shape[2] : shape[2];
    const size_t length = shape[over_channels ? 0 : 1];
    const size_t outer = batch * (over_channels ? 1 : shape[0]);
    const layer_config along = {.layer = "activation",
                                .entries = {entry, over_channels ? "axis=1" : "axis=2"},
                                .input_count = 1,
                                .inputs = {{shape[0], shape[1], shape[2]}},
                                .batch = batch,
                                .thread_count = 2};
    const layer_config last = {.layer = "activation",
                               .entries = {entry},
                               .input_count = 1,
                               .inputs = {{1, inner, length}},
                               .batch = outer};
    static const layer_tensor_kind given[] = {LAYER_INPUT, LAYER_OUTPUT_DERIVATIVE};
    static const layer_tensor_kind made[] = {LAYER_OUTPUT, LAYER_INPUT_DERIVATIVE};
    layer_harness a;
    layer_harness b;
    layer_harness_build(&a, &along);
    layer_harness_build(&b, &last);
    layer_harness_fill(&a);
    for (size_t i = 0; i < outer * inner * length; i++) {
        const size_t place = find_row_element(i, inner, length);
        for (size_t kind = 0; kind < 2; kind++)
            layer_harness_data(&b, given[kind], 0)[place] =
                layer_harness_data(&a, given[kind], 0)[i];
    }
    layer_harness_run(&a, MOTE_PHASE_FORWARD);
    layer_harness_run(&b, MOTE_PHASE_FORWARD);
    layer_harness_run(&a, MOTE_PHASE_DERIVATIVE);
    layer_harness_run(&b, MOTE_PHASE_DERIVATIVE);
    for (size_t i = 0; i < outer * inner * length; i++) {
        const size_t place = find_row_element(i, inner, length);
        for (size_t kind = 0; kind < 2; kind++)
            assert_memory_equal(&layer_harness_data(&a, made[kind], 0)[i],
                                &layer_harness_data(&b, made[kind], 0)[place], sizeof(mote_real));
    }
    layer_harness_release(&a);
    layer_harness_release(&b);
}

static void another_axis_has_the_bits_of_the_last_one(void **unused)
{
    (void)unused;
    static const char *const entries[] = {"activation=softmax", "activation=log_softmax"};
    const size_t shapes[][3] = {{2, 3, 19}, {21, 3, 5}, {4, 17, 1}, {5, 1, 16}};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        for (size_t j = 0; j < sizeof shapes / sizeof shapes[0]; j++) {
            compare_with_the_last_axis(entries[i], shapes[j], true);
            compare_with_the_last_axis(entries[i], shapes[j], false);
        }
    }
}

static void scratch_is_for_axes_but_the_last(void **unused)
{
    (void)unused;
    static const char *const axes[] = {"axis=1", "axis=2", "axis=3"};
    for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++) {
        const layer_config config = {.layer = "activation",
                                     .entries = {"activation=softmax", axes[i]},
                                     .input_count = 1,
                                     .inputs = {{2, 3, 4}},
                                     .batch = 5};
        layer_harness harness;
        layer_harness_build(&harness, &config);
        assert_int_equal(harness.setup.declaration->scratch_bytes[0] > 0, i < 2);
        layer_harness_release(&harness);
    }
}

static void what_is_not_a_number_stays_so_through_every_function(void **unused)
{
    (void)unused;
    static const char *const entries[] = {
        "activation=relu",      "activation=sigmoid",      "activation=tanh",
        "activation=softmax",   "activation=log_softmax",  "activation=leaky_relu",
        "activation=relu6",     "activation=elu",          "activation=selu",
        "activation=softplus",  "activation=hard_sigmoid", "activation=swish",
        "activation=gelu",      "activation=tanh_gelu",    "activation=mish",
        "activation=hard_swish"};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        for (size_t place = 0; place < 21; place++) {
            const layer_config config = {
                .layer = "activation",
                .entries = {entries[i]},
                .input_count = 1,
                .inputs = {{1, 1, 21}},
                .batch = 1,
            };
            layer_harness harness;
            layer_harness_build(&harness, &config);
            layer_harness_fill(&harness);
            layer_harness_data(&harness, LAYER_INPUT, 0)[place] = (mote_real)NAN;
            layer_harness_run(&harness, MOTE_PHASE_FORWARD);
            assert_true(isnan(layer_harness_data(&harness, LAYER_OUTPUT, 0)[place]));
            layer_harness_release(&harness);
        }
    }
}

static void an_unknown_function_is_refused_with_the_known_ones(void **unused)
{
    (void)unused;
    const layer_config config = {
        .layer = "activation",
        .entries = {"activation=swich"},
        .input_count = 1,
        .inputs = {{1, 2, 2}},
        .batch = 1,
    };
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "one of relu, sigmoid, tanh, softmax, log_softmax, leaky_relu, relu6");
}

static unsigned get_needs(const char *entry, bool of_input)
{
    const layer_config config = {
        .layer = "activation",
        .entries = {entry},
        .input_count = 1,
        .inputs = {{1, 2, 2}},
        .batch = 1,
    };
    layer_harness harness;
    layer_harness_build(&harness, &config);
    const mote_declaration *const declaration = harness.setup.declaration;
    const unsigned needs = of_input ? declaration->input_needs[0] : declaration->output_needs;
    layer_harness_release(&harness);
    return needs;
}

static void what_backward_reads_is_declared_by_function(void **unused)
{
    (void)unused;
    static const char *const from_output[] = {"activation=relu", "activation=leaky_relu",
                                              "activation=elu", "activation=softplus"};
    static const char *const from_input[] = {"activation=swish", "activation=gelu",
                                             "activation=tanh_gelu", "activation=mish",
                                             "activation=hard_swish"};
    for (size_t i = 0; i < sizeof from_output / sizeof from_output[0]; i++) {
        assert_int_equal(get_needs(from_output[i], false), MOTE_PHASE_DERIVATIVE);
        assert_int_equal(get_needs(from_output[i], true), 0);
    }
    for (size_t i = 0; i < sizeof from_input / sizeof from_input[0]; i++) {
        assert_int_equal(get_needs(from_input[i], false), 0);
        assert_int_equal(get_needs(from_input[i], true), MOTE_PHASE_DERIVATIVE);
    }
}

static void leaky_relu_scales_what_is_negative(void **unused)
{
    (void)unused;
    const double y[] = {-0.01, 0, 0.5, 2};
    const double dx[] = {0.01, 0.01, 1, 1};
    expect_values("activation=leaky_relu", y, dx);
}

static void gelu_has_its_known_values(void **unused)
{
    (void)unused;
    const double y[] = {-0.15865525, 0, 0.34573123, 1.95449974};
    const double dx[] = {-0.08331547, 0.5, 0.86749497, 1.08523173};
    expect_values("activation=gelu", y, dx);
}

static void a_parameter_of_another_function_is_refused(void **unused)
{
    (void)unused;
    layer_config config = {
        .layer = "activation",
        .entries = {"activation=relu", "negative_slope=0.2"},
        .input_count = 1,
        .inputs = {{1, 2, 2}},
        .batch = 1,
    };
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': activation = relu has no negative_slope");
    config.entries[0] = "activation=leaky_relu";
    config.entries[1] = "alpha=2";
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': activation = leaky_relu has no alpha");
    config.entries[0] = "activation=sigmoid";
    config.entries[1] = "axis=1";
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': activation = sigmoid has no axis");
    config.entries[0] = "activation=softmax";
    config.entries[1] = "alpha=2";
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': activation = softmax has no alpha");
    config.entries[1] = "axis=4";
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "a whole number from 1 to 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relu_keeps_what_is_positive),
        cmocka_unit_test(sigmoid_has_its_known_values),
        cmocka_unit_test(tanh_has_its_known_values),
        cmocka_unit_test(softmax_goes_over_the_last_axis),
        cmocka_unit_test(another_axis_has_the_bits_of_the_last_one),
        cmocka_unit_test(scratch_is_for_axes_but_the_last),
        cmocka_unit_test(leaky_relu_scales_what_is_negative),
        cmocka_unit_test(gelu_has_its_known_values),
        cmocka_unit_test(what_backward_reads_is_declared_by_function),
        cmocka_unit_test(a_parameter_of_another_function_is_refused),
        cmocka_unit_test(what_is_not_a_number_stays_so_through_every_function),
        cmocka_unit_test(an_unknown_function_is_refused_with_the_known_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
