// SPDX-License-Identifier: Apache-2.0
// Weights in and out through the public handles, and the heap of a model that trains again and again.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/failing_allocator.h"
#include "support/noise.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TEXT                                                        \
    "[Model]\nloss = cross\nbatch_size = 4\nepochs = 1\nseed = 5\n" \
    "[Optimizer]\ntype = adam\nlearning_rate = 0.01\n"              \
    "[train_set]\ntype = idx\npath = images\nlabel_path = labels\n" \
    "[valid_set]\ntype = idx\npath = images\nlabel_path = labels\n" \
    "[in]\ntype = input\ninput_shape = 1:4:4\nflatten = true\n"     \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"

typedef struct session {
    mote_context *context;
    mote_model *model;
} session;

static void start(void **state, const mote_allocator *allocator, const mote_setting *settings,
                  size_t setting_count, session *s)
{
    const mote_context_config config = {.thread_count = 1, .allocator = allocator};
    const char *const path = mote_test_write_text(state, "model.ini", TEXT);
    *s = (session){.context = NULL};
    expect_ok(mote_context_create(&config, &s->context));
    expect_ok(mote_model_load(s->context, path, settings, setting_count, &s->model));
    expect_ok(mote_model_compile(s->model, NULL));
}

static void end(session *s)
{
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
}

static void spoil(const session *s, const char *name, float value)
{
    mote_tensor_info tensor;
    expect_ok(mote_model_find_tensor(s->model, name, &tensor));
    tensor.values[tensor.element_count - 1] = value;
}

static void weights_that_are_not_finite_are_not_saved(void **state)
{
    static const float values[] = {NAN, INFINITY, -INFINITY};
    const char *const path = mote_test_path(state, "spoilt");
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        session s;
        start(state, NULL, NULL, 0, &s);
        expect_ok(mote_model_allocate(s.model));
        spoil(&s, "out.bias", values[i]);
        expect_raises(mote_model_save(s.model, path), MOTE_ERROR_NONFINITE,
                      "tensor 'out.bias' has values that are not finite");
        assert_int_not_equal(access(path, F_OK), 0);
        end(&s);
    }
}

static void a_file_with_weights_that_are_not_finite_is_refused_by_name_and_tensor(void **state)
{
    session s;
    size_t bytes = 0;
    char expected[512];
    const float bad = NAN;
    const char *const path = mote_test_path(state, "bad");
    start(state, NULL, NULL, 0, &s);
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_save(s.model, path));
    unsigned char *const content = mote_test_read(state, path, &bytes);
    memcpy(content + bytes - sizeof bad, &bad, sizeof bad); // the last of out.weight
    (void)mote_test_write(state, "bad", content, bytes);
    (void)snprintf(expected, sizeof expected,
                   "'%s': tensor 'out.weight' has values that are not finite", path);
    char before[65];
    char after[65];
    expect_ok(mote_model_digest(s.model, before));
    expect_raises(mote_model_load_weights(s.model, path), MOTE_ERROR_FORMAT, "");
    assert_string_equal(mote_last_error()->message, expected);
    expect_ok(mote_model_digest(s.model, after));
    assert_string_equal(before, after);
    end(&s);
}

static void weights_loaded_first_stand_in_for_load_path(void **state)
{
    session s;
    char saved[65];
    char loaded[65];
    const mote_setting setting = {"Model", "load_path", "absent"};
    const char *const path = mote_test_path(state, "present");
    start(state, NULL, NULL, 0, &s);
    expect_ok(mote_model_train(s.model, NULL, NULL));
    expect_ok(mote_model_save(s.model, path));
    expect_ok(mote_model_digest(s.model, saved));
    end(&s);
    start(state, NULL, &setting, 1, &s);
    expect_ok(mote_model_load_weights(s.model, path));
    expect_ok(mote_model_digest(s.model, loaded));
    assert_string_equal(saved, loaded);
    end(&s);
    start(state, NULL, &setting, 1, &s);
    expect_raises(mote_model_allocate(s.model), MOTE_ERROR_IO, "absent");
    end(&s);
}

static void training_again_and_again_does_not_grow_the_heap(void **state)
{
    session s;
    size_t live_bytes = 0;
    size_t live_count = 0;
    failing_allocator counting;
    failing_allocator_init(&counting, 0, false);
    const mote_setting settings[] = {{"Model", "save_path", "again"},
                                     {"train_set", "class_names", "cat,dog,bird"}};
    start(state, &counting.allocator, settings, 2, &s);
    for (size_t i = 0; i < 200; i++) {
        expect_ok(mote_model_train(s.model, NULL, NULL));
        if (i == 0) {
            live_bytes = counting.live_bytes;
            live_count = counting.live_count;
        }
        assert_int_equal(counting.live_bytes, live_bytes);
        assert_int_equal(counting.live_count, live_count);
    }
    end(&s);
    assert_int_equal(counting.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_that_are_not_finite_are_not_saved),
        cmocka_unit_test(a_file_with_weights_that_are_not_finite_is_refused_by_name_and_tensor),
        cmocka_unit_test(weights_loaded_first_stand_in_for_load_path),
        cmocka_unit_test(training_again_and_again_does_not_grow_the_heap),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
