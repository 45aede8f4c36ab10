// SPDX-License-Identifier: Apache-2.0
// The public handles within a memory budget: how it is asked for, and where weights are then.
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

#define TEXT                                                       \
    "[Model]\nloss = mse\nbatch_size = 4\nmemory_budget = %s\n"    \
    "[Optimizer]\ntype = adam\n"                                   \
    "[in]\ntype = input\ninput_shape = 1:1:128\n"                  \
    "[a]\ntype = fully_connected\nunit = 128\nactivation = tanh\n" \
    "[b]\ntype = fully_connected\nunit = 128\nactivation = tanh\n" \
    "[c]\ntype = fully_connected\nunit = 128\n"
#define BATCH    ((size_t)4)
#define WIDTH    ((size_t)128)
#define ELEMENTS ((size_t)128 * 128)

typedef struct session {
    mote_context *context;
    mote_model *model;
} session;

static void start(void **state, const char *budget, session *s)
{
    char text[1024];
    const mote_context_config config = {.thread_count = 1};
    (void)snprintf(text, sizeof text, TEXT, budget);
    const char *const path = mote_test_write_text(state, "model.ini", text);
    expect_ok(mote_context_create(&config, &s->context));
    expect_ok(mote_model_load(s->context, path, NULL, 0, &s->model));
}

static void end(session *s)
{
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
}

static uint64_t find_smallest(session *s)
{
    const mote_compile_config config = {.memory_budget = 1};
    assert_int_equal(mote_model_compile(s->model, &config), MOTE_ERROR_BUDGET);
    return mote_model_smallest_budget(s->model);
}

static void the_smallest_budget_is_known_after_one_that_is_too_small(void **state)
{
    session s;
    mote_plan_info plan;
    start(state, "0", &s);
    assert_int_equal(mote_model_smallest_budget(s.model), 0);
    assert_int_equal(mote_model_smallest_budget(NULL), 0);
    const mote_compile_config config = {.memory_budget = find_smallest(&s)};
    assert_true(config.memory_budget > 0);
    expect_ok(mote_model_compile(s.model, &config));
    assert_int_equal(mote_model_smallest_budget(s.model), 0);
    expect_ok(mote_model_get_plan(s.model, &plan));
    assert_int_equal(plan.memory_budget, config.memory_budget);
    assert_true(plan.arena_bytes <= config.memory_budget);
    assert_true(plan.swap_bytes > 0 && plan.loaded_bytes > 0 && plan.stored_bytes > 0);
    assert_true(plan.predicted_ms > 0 && plan.predicted_wait_ms >= 0);
    end(&s);
}

static void the_model_files_budget_counts_unless_the_program_has_one(void **state)
{
    session s;
    mote_plan_info plan;
    const mote_compile_config any = {.memory_budget = UINT64_MAX};
    start(state, "1 kB", &s);
    assert_int_equal(mote_model_compile(s.model, NULL), MOTE_ERROR_BUDGET);
    expect_ok(mote_model_compile(s.model, &any));
    expect_ok(mote_model_get_plan(s.model, &plan));
    assert_int_equal(plan.memory_budget, 0);
    assert_int_equal(plan.swap_bytes, 0);
    end(&s);
}

/// Elements of a tensor that is at home in the file are read and written as any.
static void check_elements(session *s, const char *name)
{
    float written[300];
    float read[302];
    for (size_t i = 0; i < 300; i++)
        written[i] = (float)i;
    expect_ok(mote_model_write_tensor(s->model, name, 8100, 300, written));
    expect_ok(mote_model_read_tensor(s->model, name, 8099, 302, read));
    assert_memory_equal(read + 1, written, sizeof written);
    expect_ok(mote_model_read_tensor(s->model, name, ELEMENTS, 0, read));
    expect_raises(mote_model_read_tensor(s->model, name, ELEMENTS - 1, 2, read),
                  MOTE_ERROR_ARGUMENT, "tensor 'a.weight': elements 16383 to 16385: it has 16384");
    assert_int_equal(mote_model_write_tensor(s->model, name, SIZE_MAX, 2, written),
                     MOTE_ERROR_ARGUMENT);
    assert_int_equal(mote_model_write_tensor(s->model, "x", 0, 1, written), MOTE_ERROR_ARGUMENT);
}

static void tensors_are_reached_wherever_they_are(void **state)
{
    session s;
    mote_tensor_info tensor;
    start(state, "0", &s);
    const mote_compile_config config = {.memory_budget = find_smallest(&s)};
    expect_ok(mote_model_compile(s.model, NULL));
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_find_tensor(s.model, "a.weight", &tensor));
    assert_non_null(tensor.values);
    check_elements(&s, "a.weight");
    char before[65];
    char behind[65];
    expect_ok(mote_model_digest(s.model, before));
    expect_ok(mote_model_compile(s.model, &config)); // what it holds goes on
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_digest(s.model, behind));
    assert_string_equal(before, behind);
    expect_ok(mote_model_find_tensor(s.model, "a.weight", &tensor));
    assert_null(tensor.values);
    assert_int_equal(tensor.element_count, ELEMENTS);
    check_elements(&s, "a.weight");
    end(&s);
}

static void fill_batch(float *inputs, float *labels)
{
    for (size_t i = 0; i < BATCH * WIDTH; i++) {
        inputs[i] = (float)(i % 13) - 6.0F;
        labels[i] = (float)(i % 7);
    }
}

/// Outputs for one batch, between steps that were begun and discarded.
static void run_beside_steps(void **state, uint64_t budget, float *outputs)
{
    session s;
    static float inputs[BATCH * WIDTH];
    static float labels[BATCH * WIDTH];
    const void *const in[] = {inputs};
    const void *const out[] = {labels};
    const mote_batch batch = {in, 1, out, 1, BATCH};
    mote_metrics metrics;
    const mote_compile_config config = {.modes = MOTE_MODE_STEP | MOTE_MODE_INFER,
                                        .memory_budget = budget};
    fill_batch(inputs, labels);
    start(state, "0", &s);
    expect_ok(mote_model_compile(s.model, &config));
    for (size_t i = 0; i < 20; i++) {
        expect_ok(mote_model_forward(s.model, &batch, &metrics));
        expect_raises(mote_model_write_tensor(s.model, "a.weight", 0, 1, inputs),
                      MOTE_ERROR_ARGUMENT,
                      "mote_model_write_tensor: a step is open: mote_model_apply or "
                      "mote_model_discard must end it");
        mote_model_discard(s.model);
        expect_ok(mote_model_run(s.model, inputs, BATCH, outputs + i * BATCH * WIDTH));
    }
    labels[5] = HUGE_VALF; // a step that fails on its way
    assert_int_equal(mote_model_forward(s.model, &batch, &metrics), MOTE_ERROR_NONFINITE);
    expect_ok(mote_model_run(s.model, inputs, BATCH, outputs + 20 * BATCH * WIDTH));
    end(&s);
}

static void nothing_of_a_discarded_step_goes_on(void **state)
{
    session s;
    static float expected[21 * BATCH * WIDTH];
    static float found[21 * BATCH * WIDTH];
    start(state, "0", &s);
    const mote_compile_config config = {.modes = MOTE_MODE_STEP | MOTE_MODE_INFER,
                                        .memory_budget = 1};
    assert_int_equal(mote_model_compile(s.model, &config), MOTE_ERROR_BUDGET);
    const uint64_t smallest = mote_model_smallest_budget(s.model);
    end(&s);
    run_beside_steps(state, UINT64_MAX, expected);
    for (uint64_t i = 0; i < 4; i++) {
        run_beside_steps(state, smallest + smallest / 16 * i, found);
        assert_memory_equal(found, expected, sizeof found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_budget_is_known_after_one_that_is_too_small),
        cmocka_unit_test(the_model_files_budget_counts_unless_the_program_has_one),
        cmocka_unit_test(nothing_of_a_discarded_step_goes_on),
        cmocka_unit_test(tensors_are_reached_wherever_they_are),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
