// SPDX-License-Identifier: Apache-2.0
// The handle of a file of samples; that they are prepared as training's is tested with the command infer.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/failing_allocator.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NET "[in]\ntype = input\ninput_shape = 1:1:2\n[out]\ntype = fully_connected\nunit = 1\n"
#define CSV \
    "[Model]\nloss = mse\n[test_set]\ntype = csv\npath = none\nheader = false\nsamples = 9\n" NET

typedef struct session {
    mote_context *context;
    mote_model *model;
} session;

static mote_status start_with(const mote_allocator *allocator, const char *path, session *s)
{
    const mote_context_config threads = {.thread_count = 1, .allocator = allocator};
    const mote_compile_config config = {.modes = MOTE_MODE_INFER};
    *s = (session){.context = NULL};
    mote_status status = mote_context_create(&threads, &s->context);
    if (status == MOTE_OK)
        status = mote_model_load(s->context, path, NULL, 0, &s->model);
    return status == MOTE_OK ? mote_model_compile(s->model, &config) : status;
}

static void start(void **state, const char *text, session *s)
{
    expect_ok(start_with(NULL, mote_test_write_text(state, "model.ini", text), s));
}

static void end(session *s)
{
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
}

static void the_samples_of_another_file_are_read_without_labels(void **state)
{
    session s;
    mote_samples *samples = NULL;
    float inputs[6] = {0};
    start(state, CSV, &s);
    expect_ok(mote_samples_open(s.model, mote_test_write_text(state, "rows", "1,2\n3,4\n5,6\n"),
                                &samples));
    assert_int_equal(mote_samples_count(samples), 3);
    expect_ok(mote_samples_read(samples, 1, 2, inputs));
    assert_true(inputs[0] == 3 && inputs[1] == 4 && inputs[2] == 5 && inputs[3] == 6);
    expect_raises(mote_samples_read(samples, 2, 2, inputs), MOTE_ERROR_ARGUMENT,
                  "samples 2 to 4: the file has 3");
    mote_samples_close(&samples);
    assert_null(samples);
    end(&s);
}

static void a_network_with_two_inputs_is_fed_by_both(void **state)
{
    session s;
    mote_samples *samples = NULL;
    float values[2] = {0};
    int32_t index = 0;
    void *const inputs[] = {values, &index};
    void *const missing[] = {values, NULL};
    start(state,
          "[Model]\nloss = mse\n[test_set]\ntype = csv\npath = none\nheader = false\n"
          "[in]\ntype = input\ninput_shape = 1:1:2\n"
          "[length]\ntype = input\ninput_shape = 1:1:1\ndtype = int32\n"
          "[out]\ntype = lstm\nunit = 1\ninput_layers = in, length\n",
          &s);
    expect_ok(
        mote_samples_open(s.model, mote_test_write_text(state, "two", "1,2,1\n3,4,1\n"), &samples));
    expect_ok(mote_samples_read_all(samples, 1, 1, inputs, 2));
    assert_true(values[0] == 3 && values[1] == 4 && index == 1);
    expect_raises(mote_samples_read(samples, 0, 1, values), MOTE_ERROR_UNSUPPORTED,
                  "use mote_samples_read_all");
    expect_raises(mote_samples_read_all(samples, 0, 1, inputs, 1), MOTE_ERROR_ARGUMENT,
                  "1 inputs, the network has 2");
    expect_raises(mote_samples_read_all(samples, 0, 1, missing, 2), MOTE_ERROR_ARGUMENT, "is NULL");
    expect_raises(mote_samples_read_all(samples, 2, 1, inputs, 2), MOTE_ERROR_ARGUMENT,
                  "samples 2 to 3: the file has 2");
    mote_samples_close(&samples);
    end(&s);
}

static void what_no_data_section_describes_is_refused(void **state)
{
    session s;
    mote_samples *samples = NULL;
    start(state, "[Model]\n" NET, &s);
    expect_raises(mote_samples_open(s.model, "rows", &samples), MOTE_ERROR_UNSUPPORTED,
                  "without a data section it is not known how samples are read");
    assert_null(samples);
    end(&s);
}

static void a_kind_of_data_that_always_has_labels_is_refused(void **state)
{
    session s;
    mote_samples *samples = NULL;
    start(state,
          "[Model]\nloss = cross\n[train_set]\ntype = idx\npath = a\nlabel_path = b\n"
          "[in]\ntype = input\ninput_shape = 1:1:2\n"
          "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n",
          &s);
    assert_int_not_equal(mote_samples_open(s.model, "rows", &samples), MOTE_OK);
    assert_non_null(strstr(mote_last_error()->message, "type idx feeds one input and one label"));
    end(&s);
}

static void arguments_are_checked(void **state)
{
    session s;
    mote_samples *samples = NULL;
    float inputs[2];
    start(state, CSV, &s);
    expect_raises(mote_samples_open(NULL, "rows", &samples), MOTE_ERROR_ARGUMENT, "is NULL");
    expect_raises(mote_samples_open(s.model, NULL, &samples), MOTE_ERROR_ARGUMENT, "is NULL");
    expect_raises(mote_samples_open(s.model, "rows", NULL), MOTE_ERROR_ARGUMENT, "is NULL");
    expect_raises(mote_samples_read(NULL, 0, 1, inputs), MOTE_ERROR_ARGUMENT, "is NULL");
    assert_int_equal(mote_samples_count(NULL), 0);
    mote_samples_close(NULL);
    mote_samples_close(&samples);
    end(&s);
}

static mote_status open_with(const mote_allocator *allocator, void *paths)
{
    const char *const *const both = paths;
    session s;
    mote_samples *samples = NULL;
    mote_status status = start_with(allocator, both[0], &s);
    if (status == MOTE_OK)
        status = mote_samples_open(s.model, both[1], &samples);
    mote_samples_close(&samples);
    end(&s);
    return status;
}

static void memory_that_cannot_be_had_is_an_error(void **state)
{
    char model[512];
    char rows[512];
    const char *paths[] = {model, rows};
    (void)snprintf(model, sizeof model, "%s", mote_test_write_text(state, "model.ini", CSV));
    (void)snprintf(rows, sizeof rows, "%s", mote_test_write_text(state, "rows", "1,2\n"));
    assert_true(failing_allocator_sweep(open_with, paths) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_samples_of_another_file_are_read_without_labels),
        cmocka_unit_test(a_network_with_two_inputs_is_fed_by_both),
        cmocka_unit_test(what_no_data_section_describes_is_refused),
        cmocka_unit_test(a_kind_of_data_that_always_has_labels_is_refused),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
