// SPDX-License-Identifier: Apache-2.0
// Plans by cost tables, through the public handles: a plan follows from model, budget and table alone.
#include "cost_table.h"

#include "mote/mote.h"
#include "support/expect.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEXT                                                       \
    "[Model]\nloss = mse\nbatch_size = 16\n%s\n"                   \
    "[Optimizer]\ntype = adam\n"                                   \
    "[in]\ntype = input\ninput_shape = 1:1:128\n"                  \
    "[a]\ntype = fully_connected\nunit = 128\nactivation = tanh\n" \
    "[b]\ntype = fully_connected\nunit = 128\nactivation = tanh\n" \
    "[c]\ntype = fully_connected\nunit = 128\n"

#define BESIDE "mote-cost-scalar-1.ini"

typedef struct session {
    mote_context *context;
    mote_model *model;
} session;

static void start(void **state, const char *line, session *s)
{
    char text[2048];
    const mote_context_config config = {.thread_count = 1, .cpu = "scalar"};
    (void)snprintf(text, sizeof text, TEXT, line);
    const char *path = mote_test_write_text(state, "model.ini", text);
    expect_ok(mote_context_create(&config, &s->context));
    expect_ok(mote_model_load(s->context, path, NULL, 0, &s->model));
}

static void end(session *s)
{
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
}

static mote_plan_info plan(session *s, const char *cost, uint64_t budget)
{
    mote_plan_info info;
    const mote_compile_config config = {.memory_budget = budget, .cost = cost};
    expect_ok(mote_model_compile(s->model, &config));
    expect_ok(mote_model_get_plan(s->model, &info));
    return info;
}

static void the_same_table_gives_the_same_plan(void **state)
{
    session s;
    char hash[65];
    start(state, "", &s);
    const uint64_t budget = plan(&s, NULL, UINT64_MAX).arena_bytes * 3 / 4;
    const char *cost = write_cost_table(state, "a.ini", "", 80.0, 1.0, 0.0);
    const mote_plan_info first = plan(&s, cost, budget);
    (void)snprintf(hash, sizeof hash, "%s", first.plan_hash);
    assert_true(first.swap_bytes > 0);
    end(&s);
    for (size_t i = 0; i < 3; i++) {
        start(state, "", &s);
        const mote_plan_info again = plan(&s, cost, budget);
        assert_string_equal(again.plan_hash, hash);
        assert_true(again.predicted_ms == first.predicted_ms);
        assert_true(again.predicted_wait_ms == first.predicted_wait_ms);
        assert_int_equal(again.loaded_bytes, first.loaded_bytes);
        end(&s);
    }
}

static void predictions_are_those_of_the_table(void **state)
{
    session s;
    start(state, "", &s);
    const uint64_t full = plan(&s, NULL, UINT64_MAX).arena_bytes;
    const char *fast = write_cost_table(state, "fast.ini", "", 1e6, 10.0, 0.0);
    const char *slow = write_cost_table(state, "slow.ini", "", 0.001, 10.0, 0.0);
    const char *card = write_cost_table(state, "card.ini", "", 1e6, 0.01, 0.0);
    const double fast_ms = plan(&s, fast, UINT64_MAX).predicted_ms;
    const double slow_ms = plan(&s, slow, UINT64_MAX).predicted_ms;
    // 16 * 128 * 128 multiply-adds, 3 layers, 3 phases but for the derivative by the input
    const double work_ns = 16.0 * 128.0 * 128.0 * 8.0 / 0.001;
    assert_true(slow_ms - fast_ms > 0.999 * work_ns * 1e-6);
    assert_true(slow_ms - fast_ms < 1.001 * work_ns * 1e-6);
    assert_true(plan(&s, card, UINT64_MAX).predicted_ms == fast_ms);
    const mote_plan_info waits = plan(&s, card, full * 3 / 4);
    assert_true(waits.predicted_wait_ms > plan(&s, fast, full * 3 / 4).predicted_wait_ms);
    end(&s);
}

static void a_table_that_is_given_must_be_one(void **state)
{
    session s;
    start(state, "", &s);
    const char *path = mote_test_path(state, "nothing.ini");
    const mote_compile_config none = {.cost = path};
    expect_raises(mote_model_compile(s.model, &none), MOTE_ERROR_IO, "nothing.ini");
    const mote_compile_config bad = {.cost =
                                         write_cost_table(state, "bad.ini", "", 80.0, -1.0, 0.0)};
    expect_raises(mote_model_compile(s.model, &bad), MOTE_ERROR_PROPERTY, "bad.ini:34: [swap]: ");
    end(&s);
}

static void a_table_is_for_so_many_threads(void **state)
{
    session s;
    const mote_context_config config = {.thread_count = 2, .cpu = "scalar"};
    const char *cost = write_cost_table(state, "a.ini", "", 80.0, 1.0, 0.0);
    start(state, "", &s);
    mote_model_destroy(&s.model);
    mote_context_destroy(&s.context);
    expect_ok(mote_context_create(&config, &s.context));
    expect_ok(mote_model_load(s.context, mote_test_path(state, "model.ini"), NULL, 0, &s.model));
    const mote_compile_config two = {.cost = cost};
    expect_raises(mote_model_compile(s.model, &two), MOTE_ERROR_ARGUMENT,
                  "a.ini: a cost table for 1 threads, the context has 2");
    end(&s);
}

static void without_a_table_rates_are_assumed(void **state)
{
    session s;
    start(state, "", &s);
    assert_string_equal(plan(&s, NULL, UINT64_MAX).cost_path, "");
    expect_raises(mote_model_measure_cost(s.model, NULL), MOTE_ERROR_ARGUMENT,
                  "model.ini: there is no place for a cost table: [Model] has no swap_path");
    expect_raises(mote_model_measure_cost(NULL, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_model_measure_cost: an argument is NULL");
    end(&s);
}

static void a_table_of_another_processor_is_taken_only_when_it_is_given(void **state)
{
    session s;
    start(state, "swap_path = .", &s);
    const char *path = write_cost_table(state, BESIDE, "some other", 80.0, 1.0, 0.0);
    assert_string_equal(plan(&s, NULL, UINT64_MAX).cost_path, "");
    assert_string_equal(plan(&s, path, UINT64_MAX).cost_path, path);
    write_cost_table(state, BESIDE, "some other", 80.0, -1.0, 0.0); // what is no table is told
    assert_int_equal(mote_model_compile(s.model, NULL), MOTE_ERROR_PROPERTY);
    end(&s);
}

static void what_was_measured_is_planned_by(void **state)
{
    session s;
    start(state, "swap_path = .", &s);
    expect_ok(mote_model_measure_cost(s.model, NULL));
    const mote_plan_info beside = plan(&s, NULL, UINT64_MAX);
    assert_non_null(strstr(beside.cost_path, "/" BESIDE));
    const char *path = mote_test_path(state, "mine.ini");
    expect_ok(mote_model_measure_cost(s.model, path));
    assert_string_equal(plan(&s, path, UINT64_MAX).cost_path, path);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_table_gives_the_same_plan),
        cmocka_unit_test(predictions_are_those_of_the_table),
        cmocka_unit_test(a_table_that_is_given_must_be_one),
        cmocka_unit_test(a_table_is_for_so_many_threads),
        cmocka_unit_test(without_a_table_rates_are_assumed),
        cmocka_unit_test(a_table_of_another_processor_is_taken_only_when_it_is_given),
        cmocka_unit_test(what_was_measured_is_planned_by),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
