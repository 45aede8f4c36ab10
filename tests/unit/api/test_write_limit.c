// SPDX-License-Identifier: Apache-2.0
// [Model] swap_write_limit holds for evaluations and for the caller's own loop, too.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/files.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BATCH   ((size_t)32)
#define WIDTH   ((size_t)256)
#define SAMPLES (3 * BATCH - 5)

// What the first layer makes has to wait while the wide layers take all of the smallest budget.
#define TEXT                                                            \
    "[Model]\nloss = mse\nbatch_size = 32\nswap_write_limit = %" PRIu64 \
    "\n[Optimizer]\ntype = adam\n"                                      \
    "[in]\ntype = input\ninput_shape = 1:1:256\n"                       \
    "[kept]\ntype = activation\nactivation = tanh\n"                    \
    "[narrow]\ntype = fully_connected\nunit = 8\n"                      \
    "[wide]\ntype = fully_connected\nunit = 2048\n"                     \
    "[back]\ntype = fully_connected\nunit = 256\n"                      \
    "[sum]\ntype = addition\ninput_layers = back, kept\n"

typedef struct session {
    mote_context *context;
    mote_model *model;
} session;

static int make_sample(void *user, uint64_t sample, size_t port, void *values, size_t count)
{
    (void)user;
    for (size_t i = 0; i < count; i++)
        ((float *)values)[i] = (float)((sample * 5 + i * 3 + port) % 17) / 17;
    return 0;
}

static void load(void **state, uint64_t limit, session *s)
{
    char text[1024];
    const mote_context_config threads = {.thread_count = 1};
    const mote_data_source source = {.sample_count = SAMPLES, .read = make_sample};
    (void)snprintf(text, sizeof text, TEXT, limit);
    const char *const path = mote_test_write_text(state, "model.ini", text);
    *s = (session){.context = NULL};
    expect_ok(mote_context_create(&threads, &s->context));
    expect_ok(mote_model_load(s->context, path, NULL, 0, &s->model));
    expect_ok(mote_model_set_data(s->model, "test_set", &source));
}

/// Within the smallest budget; gives what a step, or a batch of evaluation, writes.
static uint64_t start(void **state, uint64_t limit, unsigned modes, session *s)
{
    const unsigned without = MOTE_TECHNIQUE_BATCH_SLICES; // activations are large then
    const mote_compile_config tiny = {.modes = modes, .memory_budget = 1, .without = without};
    mote_plan_info plan;
    load(state, limit, s);
    assert_int_equal(mote_model_compile(s->model, &tiny), MOTE_ERROR_BUDGET);
    const mote_compile_config config = {
        .modes = modes, .memory_budget = mote_model_smallest_budget(s->model), .without = without};
    expect_ok(mote_model_compile(s->model, &config));
    expect_ok(mote_model_get_plan(s->model, &plan));
    assert_true(plan.stored_bytes > 0);
    return plan.stored_bytes;
}

static void end(session *s)
{
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
}

static mote_status forward(session *s)
{
    static float values[BATCH][WIDTH];
    const void *const rows[] = {values};
    const mote_batch batch = {rows, 1, rows, 1, BATCH};
    return mote_model_forward(s->model, &batch, NULL);
}

static void step(session *s)
{
    expect_ok(forward(s));
    expect_ok(mote_model_apply(s->model, NULL));
}

static void a_step_that_would_write_too_much_is_refused(void **state)
{
    session s;
    mote_step_info info;
    const uint64_t bytes = start(state, UINT64_C(1) << 40, MOTE_MODE_STEP, &s);
    end(&s);
    (void)start(state, 3 * bytes + bytes / 2, MOTE_MODE_STEP, &s);
    for (size_t i = 0; i < 3; i++)
        step(&s);
    expect_raises(forward(&s), MOTE_ERROR_PROPERTY, "swap_write_limit");
    expect_raises(forward(&s), MOTE_ERROR_PROPERTY, "a larger memory_budget writes less");
    expect_ok(mote_model_get_step(s.model, &info));
    assert_int_equal(info.applied, 3);
    expect_ok(mote_model_set_memory_budget(s.model, UINT64_MAX)); // as it says
    step(&s);
    expect_ok(mote_model_restart(s.model)); // another loop
    const mote_compile_config config = {.modes = MOTE_MODE_STEP};
    expect_ok(mote_model_compile(s.model, &config));
    step(&s);
    end(&s);
}

static void a_loop_that_begins_anew_may_write_as_much(void **state)
{
    session s;
    const uint64_t bytes = start(state, UINT64_C(1) << 40, MOTE_MODE_STEP, &s);
    end(&s);
    (void)start(state, 2 * bytes, MOTE_MODE_STEP, &s);
    step(&s);
    step(&s);
    assert_int_equal(forward(&s), MOTE_ERROR_PROPERTY);
    expect_ok(mote_model_restart(s.model));
    step(&s);
    step(&s);
    assert_int_equal(forward(&s), MOTE_ERROR_PROPERTY);
    end(&s);
}

static void an_evaluation_that_would_write_too_much_is_refused(void **state)
{
    session s;
    mote_metrics metrics;
    const uint64_t bytes = start(state, UINT64_C(1) << 40, MOTE_MODE_EVALUATE, &s);
    end(&s);
    (void)start(state, 3 * bytes, MOTE_MODE_EVALUATE, &s);
    expect_ok(mote_model_evaluate(s.model, "test_set", NULL, &metrics));
    expect_ok(mote_model_evaluate(s.model, "test_set", NULL, &metrics));
    end(&s);
    (void)start(state, 3 * bytes - 1, MOTE_MODE_EVALUATE, &s);
    expect_raises(mote_model_evaluate(s.model, "test_set", NULL, &metrics), MOTE_ERROR_PROPERTY,
                  "and 3 batches of evaluation that each write");
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_that_would_write_too_much_is_refused),
        cmocka_unit_test(a_loop_that_begins_anew_may_write_as_much),
        cmocka_unit_test(an_evaluation_that_would_write_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
