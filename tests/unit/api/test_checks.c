// SPDX-License-Identifier: Apache-2.0
// A model file is checked as a whole when it is loaded, also where nothing would use it yet.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/// Ten lines: what a test adds begins at line 11.
#define NET                                     \
    "[Model]\nloss = cross\nbatch_size = 4\n"   \
    "[in]\ntype = input\ninput_shape = 1:4:4\n" \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"

#define SGD "[Optimizer]\ntype = sgd\n"

static mote_context *start(void)
{
    const mote_context_config config = {.thread_count = 1};
    mote_context *context = NULL;
    expect_ok(mote_context_create(&config, &context));
    return context;
}

/// Loading fails with the model file's path and exactly this behind it.
static void refused(void **state, const char *text, mote_status status, const char *message)
{
    char expected[1024];
    mote_context *context = start();
    mote_model *model = NULL;
    const char *const path = mote_test_write_text(state, "model.ini", text);
    (void)snprintf(expected, sizeof expected, "%s%s", path, message);
    expect_raises(mote_model_load(context, path, NULL, 0, &model), status, "");
    assert_string_equal(mote_last_error()->message, expected);
    assert_null(model);
    mote_context_destroy(&context);
}

static void an_unknown_key_of_any_data_section_is_refused(void **state)
{
    static const char *const sections[] = {"train_set", "valid_set", "test_set"};
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        char text[512];
        char message[256];
        (void)snprintf(text, sizeof text,
                       NET "[%s]\ntype = idx\npath = a\nlabel_path = b\nsufle = true\n",
                       sections[i]);
        (void)snprintf(message, sizeof message,
                       ":15: [%s]: unknown key 'sufle', did you mean 'shuffle'?", sections[i]);
        refused(state, text, MOTE_ERROR_PROPERTY, message);
    }
}

static void an_unknown_type_or_bad_value_of_a_data_section_is_refused(void **state)
{
    refused(state, NET "[test_set]\ntype = idz\npath = a\nlabel_path = b\n", MOTE_ERROR_PROPERTY,
            ":12: [test_set]: type = idz: expected one of idx, raw, csv, images, text, wav, did "
            "you mean 'idx'?");
    refused(state, NET "[valid_set]\ntype = idx\npath = a\nlabel_path = b\nsamples = -1\n",
            MOTE_ERROR_PROPERTY, ":15: [valid_set]: samples = -1: expected a whole number");
    refused(state, NET "[train_set]\ntype = idx\nlabel_path = b\n", MOTE_ERROR_PROPERTY,
            ":11: [train_set]: key 'path' is missing, expected text");
}

static void an_optimizer_that_nothing_uses_is_checked(void **state)
{
    refused(state, NET "[Optimizer]\ntype = sgf\n", MOTE_ERROR_PROPERTY,
            ":12: [Optimizer]: unknown type 'sgf', did you mean 'sgd'?");
    refused(state, NET SGD "momentun = 1\n", MOTE_ERROR_PROPERTY,
            ":13: [Optimizer]: unknown key 'momentun', did you mean 'momentum'?");
    refused(state, NET SGD "momentum = 2\n", MOTE_ERROR_PROPERTY,
            ":13: [Optimizer]: momentum = 2: expected a number from 0 to 1");
}

static void a_schedule_that_nothing_uses_is_checked(void **state)
{
    refused(state, NET SGD "[LearningRateScheduler]\ntype = stop\n", MOTE_ERROR_PROPERTY,
            ":14: [LearningRateScheduler]: unknown type 'stop', did you mean 'step'?");
    refused(state, NET SGD "[LearningRateScheduler]\ntype = constant\nrate = 1\n",
            MOTE_ERROR_PROPERTY,
            ":15: [LearningRateScheduler]: unknown key 'rate', expected one of: warm_up, type");
    refused(state,
            NET SGD "[LearningRateScheduler]\ntype = step\nlearning_rate = 1,2\n"
                    "iteration = x\n",
            MOTE_ERROR_PROPERTY,
            ":16: [LearningRateScheduler]: iteration = x: expected 1 to 15 whole numbers from 0 to "
            "9007199254740992");
}

static void a_rate_beside_a_schedule_of_rates_is_refused(void **state)
{
    refused(state,
            NET SGD "learning_rate = 0.1\n[LearningRateScheduler]\ntype = step\n"
                    "learning_rate = 1,2\niteration = 5\n",
            MOTE_ERROR_PROPERTY,
            ":13: [Optimizer]: learning_rate = 0.1: the schedule 'step' sets all rates; remove one "
            "of the two");
}

static void files_of_data_need_not_be_there(void **state)
{
    mote_context *context = start();
    mote_model *model = NULL;
    const char *const path = mote_test_write_text(
        state, "model.ini", NET SGD "[train_set]\ntype = idx\npath = none\nlabel_path = none\n");
    expect_ok(mote_model_load(context, path, NULL, 0, &model));
    mote_model_destroy(&model);
    mote_context_destroy(&context);
}

#define IMAGE(shape, batch) \
    "[Model]\nloss = mse\nbatch_size = " batch "\n[in]\ntype = input\ninput_shape = " shape "\n"

static void sizes_beyond_the_address_range_are_named_with_line_and_layer(void **state)
{
    refused(state, IMAGE("1:2147483647:2147483647", "2") "[f]\ntype = flatten\n", MOTE_ERROR_SHAPE,
            ":4: layer 'in': output: 1:2147483647:2147483647 with batch 2 is more than memory can "
            "address");
    refused(state,
            IMAGE("2147483647:9:9", "1") "[c]\ntype = conv2d\nfilters = 2147483647\n"
                                         "kernel_size = 3\n",
            MOTE_ERROR_SHAPE,
            ":7: layer 'c': weight: shape 2147483647:2147483647:3:3 has more than "
            "18446744073709551615 elements");
    refused(
        state,
        IMAGE("1048576:1024:1024", "1024") "[f]\ntype = fully_connected\nunit = 2147483647\n",
        MOTE_ERROR_SHAPE,
        ":7: layer 'f': output: 1048576:1024:2147483647 with batch 1024 is more than memory can "
        "address");
}

/// Compiles for training and fails with the model file's path and exactly this behind it.
static void not_compiled(void **state, const char *text, mote_status status, const char *message)
{
    char expected[1024];
    mote_context *context = start();
    mote_model *model = NULL;
    const char *const path = mote_test_write_text(state, "model.ini", text);
    (void)snprintf(expected, sizeof expected, "%s%s", path, message);
    expect_ok(mote_model_load(context, path, NULL, 0, &model));
    expect_raises(mote_model_compile(model, NULL), status, "");
    assert_string_equal(mote_last_error()->message, expected);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
}

static void layers_that_fit_alone_but_not_together_are_refused(void **state)
{
    not_compiled(state,
                 IMAGE("1:1:2147483647", "1") SGD
                 "[f]\ntype = fully_connected\nunit = 2147483647\n"
                 "[g]\ntype = fully_connected\nunit = 2147483647\n",
                 MOTE_ERROR_SHAPE, ": the weights up to 'g.bias' are more than memory can address");
    not_compiled(state,
                 IMAGE("1:2147483647:1073741823", "1") SGD
                 "[b]\ntype = input\ninput_shape = 1:2147483647:1073741823\n"
                 "[sum]\ntype = addition\ninput_layers = in,b\n"
                 "[n]\ntype = batch_normalization\n",
                 MOTE_ERROR_SHAPE,
                 ": the memory cannot be planned: the sum of all placements: 18446744047939748632 "
                 "+ 9223372023969874052 is more than 18446744073709551615");
}

static void training_what_cannot_change_is_refused(void **state)
{
    static const char message[] = ": there is nothing to train: no layer has weights, or all have "
                                  "trainable = false";
    not_compiled(state, NET "trainable = false\n" SGD, MOTE_ERROR_GRAPH, message);
    not_compiled(state,
                 SGD "[Model]\nloss = cross\n[in]\ntype = input\ninput_shape = 3\n"
                     "[a]\ntype = activation\nactivation = softmax\n",
                 MOTE_ERROR_GRAPH, message);
}

static void a_network_with_two_inputs_cannot_be_run_on_one(void **state)
{
    const mote_compile_config config = {.modes = MOTE_MODE_INFER};
    const float inputs[32] = {0};
    float outputs[3];
    char expected[512];
    mote_context *context = start();
    mote_model *model = NULL;
    const char *const path = mote_test_write_text(
        state, "model.ini",
        "[Model]\n[a]\ntype = input\ninput_shape = 1:4:4\n[b]\ntype = input\ninput_shape = 1:4:4\n"
        "[sum]\ntype = addition\ninput_layers = a,b\n[out]\ntype = fully_connected\nunit = 3\n");
    (void)snprintf(
        expected, sizeof expected,
        "%s: mote_model_run takes one input and one output of float; this network has 2 and 1: use mote_model_run_all",
        path);
    expect_ok(mote_model_load(context, path, NULL, 0, &model));
    expect_ok(mote_model_compile(model, &config));
    expect_raises(mote_model_run(model, inputs, 1, outputs), MOTE_ERROR_UNSUPPORTED, expected);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_key_of_any_data_section_is_refused),
        cmocka_unit_test(an_unknown_type_or_bad_value_of_a_data_section_is_refused),
        cmocka_unit_test(an_optimizer_that_nothing_uses_is_checked),
        cmocka_unit_test(a_schedule_that_nothing_uses_is_checked),
        cmocka_unit_test(a_rate_beside_a_schedule_of_rates_is_refused),
        cmocka_unit_test(files_of_data_need_not_be_there),
        cmocka_unit_test(sizes_beyond_the_address_range_are_named_with_line_and_layer),
        cmocka_unit_test(layers_that_fit_alone_but_not_together_are_refused),
        cmocka_unit_test(training_what_cannot_change_is_refused),
        cmocka_unit_test(a_network_with_two_inputs_cannot_be_run_on_one),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
