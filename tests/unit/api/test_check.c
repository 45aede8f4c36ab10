// SPDX-License-Identifier: Apache-2.0
// Checking a model without training it: each part alone, and what is told of it.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/failing_allocator.h"
#include "support/noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MODEL "[Model]\nloss = cross\nbatch_size = 4\nsave_path = saved\n"
#define SGD   "[Optimizer]\ntype = sgd\n"
#define TRAIN "[train_set]\ntype = idx\npath = images\nlabel_path = labels\n"
#define VALID "[valid_set]\ntype = idx\npath = images\nlabel_path = labels\n"
#define NET                                                     \
    "[in]\ntype = input\ninput_shape = 1:4:4\nflatten = true\n" \
    "[out]\ntype = fully_connected\nunit = 4\nactivation = softmax\n"

enum {
    CHECKS = 12
};

/// What was told, one a line: "<result> <name>: <message>".
typedef struct told {
    char text[8192];
    size_t count;
    bool only_memory; // every failure was a want of memory
} told;

static void note(void *user, const mote_check *check)
{
    told *const t = user;
    const size_t length = strlen(t->text);
    (void)snprintf(t->text + length, sizeof t->text - length, "%s %s: %s\n",
                   mote_check_result_name(check->result), check->name, check->message);
    t->count++;
    if (check->result == MOTE_CHECK_FAILED)
        t->only_memory = t->only_memory && mote_last_error()->status == MOTE_ERROR_MEMORY;
}

static mote_status check(mote_context *context, const char *path, const char *weights, told *t,
                         size_t *failed)
{
    const mote_check_config config = {.path = path, .weights = weights, .user = t, .report = note};
    *t = (told){.only_memory = true};
    return mote_model_check(context, &config, failed);
}

/// Checks the text's model; gives how many checks failed.
static size_t check_text(void **state, const char *text, const char *weights, told *t)
{
    const mote_context_config config = {.thread_count = 1};
    const char *const path = mote_test_write_text(state, "model.ini", text);
    mote_context *context = NULL;
    size_t failed = 0;
    expect_ok(mote_context_create(&config, &context));
    expect_ok(check(context, path, weights, t, &failed));
    mote_context_destroy(&context);
    return failed;
}

static void assert_told(const told *t, const char *line)
{
    if (!strstr(t->text, line))
        fail_msg("'%s' is not in:\n%s", line, t->text);
}

static void a_good_model_passes_every_check(void **state)
{
    told t;
    assert_int_equal(check_text(state, MODEL SGD TRAIN VALID NET, NULL, &t), 0);
    assert_int_equal(t.count, CHECKS);
    assert_told(&t, "ok description: 2 layer sections\n");
    assert_told(&t, "parameters, input 1:4:4, output 1:1:4, loss cross_softmax\n");
    assert_told(&t, "ok optimizer: sgd, learning rate 0.0001 at first, schedule constant\n");
    assert_told(&t, "ok plan: training takes an arena of ");
    assert_told(&t, "skipped weights: there is no load_path");
    assert_told(&t, "ok train_set: 10 samples of 3 of 4 classes\n");
    assert_told(&t, "ok valid_set: 10 samples of 3 of 4 classes\n");
    assert_told(&t, "skipped test_set: not in the model file\n");
    assert_told(&t, "ok save_path: '");
    assert_told(&t, "skipped save_best_path: not in the model file\n");
    assert_told(&t, "skipped checkpoint_path: not in the model file");
    assert_told(&t, "skipped swap_path: not in the model file, and nothing is swapped");
    assert_int_equal(access(mote_test_path(state, "saved"), F_OK), -1);
    assert_int_equal(access(mote_test_path(state, "saved.mote-tmp"), F_OK), -1);
}

static void failures_that_have_nothing_to_do_with_each_other_are_all_told(void **state)
{
    told t;
    const size_t failed =
        check_text(state,
                   "[Model]\nloss = cross\nsave_path = none/saved\nload_path = images\n" SGD
                   "[train_set]\ntype = idx\npath = none\nlabel_path = labels\n"
                   "[valid_set]\ntype = idx\npath = images\nlabel_path = labels\nsufle = 1\n"
                   "[test_set]\ntype = idx\npath = images\nlabel_path = labels\nsamples = 11\n" NET,
                   NULL, &t);
    assert_int_equal(failed, 5);
    assert_int_equal(t.count, CHECKS);
    assert_told(&t, "failed weights: ");
    assert_told(&t, "[train_set]: path: cannot open");
    assert_told(&t, "[valid_set]: unknown key 'sufle', did you mean 'shuffle'?");
    assert_told(&t, "[test_set]: samples = 11, but there are 10");
    assert_told(&t, "failed save_path: cannot write");
}

static void the_best_epoch_needs_validation_and_a_file_of_its_own(void **state)
{
    told t;
    assert_int_equal(check_text(state,
                                MODEL "save_best_path = best\npatience = 2\n" SGD TRAIN VALID NET,
                                NULL, &t),
                     0);
    assert_told(&t, "ok save_best_path: '");
    assert_int_equal(access(mote_test_path(state, "best"), F_OK), -1);
    assert_int_equal(
        check_text(state, MODEL "save_best_path = ./saved\npatience = 2\n" SGD TRAIN NET, NULL, &t),
        2);
    assert_told(&t, "[Model]: patience needs validation: a [valid_set], or validation_split");
    assert_told(&t, "ok save_path: '");
    assert_told(&t, "failed save_best_path: [Model]: save_path and save_best_path name the same");
    assert_int_equal(
        check_text(state,
                   "[Model]\nloss = cross\nsave_best_path = b\nload_path = b\n" SGD TRAIN VALID NET,
                   NULL, &t),
        2);
    assert_told(&t, "skipped save_path: not in the model file: training would save the best epoch");
    assert_told(&t, "[Model]: load_path and save_best_path name the same file (b)");
}

static void a_network_that_is_not_valid_does_not_hide_a_bad_optimizer(void **state)
{
    told t;
    assert_int_equal(check_text(state,
                                MODEL "[Optimizer]\ntype = sgf\n" TRAIN
                                      "[in]\ntype = inputt\ninput_shape = 4\n",
                                NULL, &t),
                     2);
    assert_told(&t, "unknown type 'sgf', did you mean 'sgd'?");
    assert_told(&t, "failed network: ");
    assert_told(&t, "skipped plan: not checked: the network is not valid\n");
    assert_told(&t, "skipped train_set: not checked: the network is not valid\n");
    assert_told(&t, "ok save_path: ");
}

static void values_that_are_not_finite_are_found_in_the_data(void **state)
{
    told t;
    assert_int_equal(check_text(state, MODEL SGD TRAIN "scale = 1e38\n" NET, NULL, &t), 1);
    assert_told(&t, "failed train_set: [train_set]: sample 0: its input is not finite\n");
}

static void a_label_that_is_no_class_is_found(void **state)
{
    told t;
    assert_int_equal(check_text(state,
                                MODEL SGD TRAIN NET "[last]\ntype = fully_connected\nunit = 2\n"
                                                    "activation = softmax\n",
                                NULL, &t),
                     1);
    assert_told(&t, "failed train_set: ");
    assert_told(&t, "label 2");
}

static void training_and_validation_must_have_one_scale(void **state)
{
    told t;
    assert_int_equal(check_text(state, MODEL SGD TRAIN VALID "scale = 0.5\n" NET, NULL, &t), 1);
    assert_told(&t, "[valid_set]: scale is 0.5, that of [train_set] is 0.00392156863");
}

#define TABLE(set, path) "[" set "]\ntype = csv\nstandardize = true\npath = " path "\n"

/// Means come from the training set: where it is bad, others cannot be prepared, but are not to blame.
static void a_set_that_waits_for_a_bad_train_set_is_skipped(void **state)
{
    static const char head[] =
        "[Model]\nloss = mse\n" SGD "[in]\ntype = input\ninput_shape = 1:1:2\n"
        "[out]\ntype = fully_connected\nunit = 1\n";
    char text[1024];
    told t;
    (void)mote_test_write_text(state, "good.csv", "a,b,c\n1,2,3\n4,6,8\n");
    (void)mote_test_write_text(state, "bad.csv", "a,b,c\n1,2,x\n");
    (void)snprintf(text, sizeof text, "%s%s", head,
                   TABLE("train_set", "good.csv") TABLE("test_set", "good.csv"));
    assert_int_equal(check_text(state, text, NULL, &t), 0);
    assert_told(&t, "ok test_set: 2 samples\n");
    (void)snprintf(text, sizeof text, "%s%s", head,
                   TABLE("train_set", "bad.csv") TABLE("valid_set", "bad.csv")
                       TABLE("test_set", "good.csv"));
    assert_int_equal(check_text(state, text, NULL, &t), 2);
    assert_told(&t, "failed train_set: ");
    assert_told(&t, "failed valid_set: ");
    assert_told(&t, "skipped test_set: not checked: it is prepared as train_set, which failed\n");
    (void)snprintf(text, sizeof text, "%s%s", head, TABLE("test_set", "good.csv"));
    assert_int_equal(check_text(state, text, NULL, &t), 1);
    assert_told(&t, "failed test_set: ");
    assert_told(&t, "[test_set]: the means of the columns are not known: the weights' file does "
                    "not say\n");
}

static void weights_must_fit_the_network(void **state)
{
    told t;
    const mote_context_config config = {.thread_count = 1};
    mote_context *context = NULL;
    mote_model *model = NULL;
    const char *const saved = mote_test_path(state, "weights");
    expect_ok(mote_context_create(&config, &context));
    expect_ok(mote_model_load(context, mote_test_write_text(state, "model.ini", MODEL SGD NET),
                              NULL, 0, &model));
    expect_ok(mote_model_compile(model, NULL));
    expect_ok(mote_model_allocate(model));
    expect_ok(mote_model_save(model, saved));
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    assert_int_equal(check_text(state, MODEL SGD TRAIN NET, saved, &t), 0);
    assert_told(&t, "weights' fits: 2 tensors, all values finite\n");
    assert_int_equal(check_text(state,
                                MODEL SGD NET "bias_initializer = ones\n[more]\n"
                                              "type = fully_connected\nunit = 4\n"
                                              "activation = softmax\n",
                                saved, &t),
                     1);
    assert_told(&t, "failed weights: ");
    assert_told(&t, "tensor 'more.bias' is missing");
}

static void a_model_without_optimizer_or_loss_is_checked_as_far_as_it_goes(void **state)
{
    told t;
    assert_int_equal(check_text(state, MODEL TRAIN NET, NULL, &t), 0);
    assert_told(&t, "skipped optimizer: there is no [Optimizer]");
    assert_told(&t, "ok plan: evaluation takes");
    assert_told(&t, "ok train_set: 10 samples");
    assert_int_equal(check_text(state, "[Model]\n" TRAIN NET, NULL, &t), 0);
    assert_told(&t, "loss none\n");
    assert_told(&t, "ok plan: inference takes");
    assert_told(&t, "skipped train_set: not checked: without a loss nothing reads labels\n");
    assert_told(&t, "skipped save_path: not in the model file");
    assert_int_equal(check_text(state, "[Model]\n" SGD NET, NULL, &t), 1);
    assert_told(&t, "failed plan: ");
}

static void what_cannot_be_read_ends_the_checks(void **state)
{
    told t;
    assert_int_equal(check_text(state, "[Model\n", NULL, &t), 1);
    assert_int_equal(t.count, 1);
    assert_told(&t, "failed description: ");
}

static void arguments_are_checked(void **state)
{
    (void)state;
    const mote_context_config threads = {.thread_count = 1};
    const mote_check_config no_path = {.path = NULL};
    const mote_check_config no_settings = {.path = "model.ini", .setting_count = 1};
    mote_context *context = NULL;
    expect_ok(mote_context_create(&threads, &context));
    expect_raises(mote_model_check(NULL, &no_settings, NULL), MOTE_ERROR_ARGUMENT, "is NULL");
    expect_raises(mote_model_check(context, NULL, NULL), MOTE_ERROR_ARGUMENT, "is NULL");
    expect_raises(mote_model_check(context, &no_path, NULL), MOTE_ERROR_ARGUMENT, "is NULL");
    expect_raises(mote_model_check(context, &no_settings, NULL), MOTE_ERROR_ARGUMENT, "is NULL");
    assert_string_equal(mote_check_result_name(MOTE_CHECK_RESULT_COUNT), "unknown");
    mote_context_destroy(&context);
}

static mote_status check_with(const mote_allocator *allocator, void *path)
{
    told t;
    size_t failed = 0;
    mote_context *context = NULL;
    const mote_context_config config = {.thread_count = 1, .allocator = allocator};
    mote_status status = mote_context_create(&config, &context);
    if (status == MOTE_OK)
        status = check(context, path, NULL, &t, &failed);
    mote_context_destroy(&context);
    if (status == MOTE_OK && failed) {
        assert_true(t.only_memory);
        status = MOTE_ERROR_MEMORY;
    }
    return status;
}

static void memory_that_cannot_be_had_is_a_failed_check(void **state)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s",
                   mote_test_write_text(state, "model.ini", MODEL SGD TRAIN VALID NET));
    assert_true(failing_allocator_sweep(check_with, path) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_model_passes_every_check),
        cmocka_unit_test(failures_that_have_nothing_to_do_with_each_other_are_all_told),
        cmocka_unit_test(the_best_epoch_needs_validation_and_a_file_of_its_own),
        cmocka_unit_test(a_network_that_is_not_valid_does_not_hide_a_bad_optimizer),
        cmocka_unit_test(values_that_are_not_finite_are_found_in_the_data),
        cmocka_unit_test(a_label_that_is_no_class_is_found),
        cmocka_unit_test(training_and_validation_must_have_one_scale),
        cmocka_unit_test(a_set_that_waits_for_a_bad_train_set_is_skipped),
        cmocka_unit_test(weights_must_fit_the_network),
        cmocka_unit_test(a_model_without_optimizer_or_loss_is_checked_as_far_as_it_goes),
        cmocka_unit_test(what_cannot_be_read_ends_the_checks),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(memory_that_cannot_be_had_is_a_failed_check),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
