// SPDX-License-Identifier: Apache-2.0
// A profiler through the public calls, and the processor's peak.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/files.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MODEL                                                         \
    "[Model]\nloss = mse\nbatch_size = 4\nseed = 1\n"                 \
    "[Optimizer]\ntype = sgd\nlearning_rate = 0.1\n"                  \
    "[in]\ntype = input\ninput_shape = 1:1:6\n"                       \
    "[hidden]\ntype = fully_connected\nunit = 5\nactivation = tanh\n" \
    "[out]\ntype = fully_connected\nunit = 2\n"

/// What was told.
typedef struct told {
    char names[4096]; // a line an operation
    uint64_t steps, calls, ns;
    double multiply_adds;
} told;

static void note(void *user, const mote_operation_time *time)
{
    told *t = (told *)user;
    const size_t length = strlen(t->names);
    if (time->step == 0)
        (void)snprintf(t->names + length, sizeof t->names - length, "%s|%s|%s\n", time->name,
                       time->phase, time->layer);
    t->steps = time->step + 1;
    t->calls++;
    t->ns += time->ns;
    t->multiply_adds += time->multiply_adds;
}

/// Three steps; gives the digest of the weights.
static void bench(void **state, const mote_profiler *profiler, mote_train_result *result,
                  char *digest)
{
    const mote_context_config two = {.thread_count = 2};
    mote_train_config config = {.steps = 3};
    mote_context *context = NULL;
    mote_model *model = NULL;
    if (profiler)
        config.profiler = *profiler;
    const char *const path = mote_test_write_text(state, "model.ini", MODEL);
    expect_ok(mote_context_create(&two, &context));
    expect_ok(mote_model_load(context, path, NULL, 0, &model));
    expect_ok(mote_model_compile(model, NULL));
    expect_ok(mote_model_bench(model, &config, result));
    expect_ok(mote_model_digest(model, digest));
    mote_model_destroy(&model);
    mote_context_destroy(&context);
}

static void every_operation_of_every_step_is_told(void **state)
{
    static const char expected[] = "read in batch|read|in\n"
                                   "forward hidden|forward|hidden\n"
                                   "forward hidden/activation|forward|hidden/activation\n"
                                   "forward out|forward|out\n";
    told t = {.calls = 0};
    mote_train_result result;
    char digest[65];
    const mote_profiler profiler = {&t, note};
    bench(state, &profiler, &result, digest);
    assert_int_equal(t.steps, 3);
    assert_int_equal(t.calls % 3, 0);
    assert_memory_equal(t.names, expected, sizeof expected - 1);
    assert_non_null(strstr(t.names, "calc_gradient hidden|calc_gradient|hidden\n"));
    assert_non_null(strstr(t.names, "apply out.bias|apply|out\n"));
    // nobody wants the derivative of the input
    assert_true(t.multiply_adds == 3.0 * 4.0 * (2.0 * 6.0 * 5.0 + 3.0 * 5.0 * 2.0));
}

static void a_profiler_changes_no_bit(void **state)
{
    told t = {.calls = 0};
    mote_train_result plain;
    mote_train_result profiled;
    char digests[2][65];
    const mote_profiler profiler = {&t, note};
    bench(state, NULL, &plain, digests[0]);
    bench(state, &profiler, &profiled, digests[1]);
    assert_string_equal(digests[0], digests[1]);
    assert_true(plain.training.loss == profiled.training.loss);
}

static void the_peak_of_a_context_is_measured(void **unused)
{
    (void)unused;
    const mote_context_config two = {.thread_count = 2};
    mote_context *context = NULL;
    mote_peak peak = {.one_thread = 0.0};
    expect_ok(mote_context_create(&two, &context));
    expect_ok(mote_context_measure_peak(context, &peak));
    assert_true(isfinite(peak.one_thread) && peak.one_thread > 0.0);
    assert_true(isfinite(peak.all_threads) && peak.all_threads > 0.0);
    expect_raises(mote_context_measure_peak(NULL, &peak), MOTE_ERROR_ARGUMENT,
                  "mote_context_measure_peak: an argument is NULL");
    expect_raises(mote_context_measure_peak(context, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_context_measure_peak: an argument is NULL");
    mote_context_destroy(&context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_of_every_step_is_told),
        cmocka_unit_test(a_profiler_changes_no_bit),
        cmocka_unit_test(the_peak_of_a_context_is_measured),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
