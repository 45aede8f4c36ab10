// SPDX-License-Identifier: Apache-2.0
// Plans in files, through the public handles: what was saved is made again, whatever cost table there is, or it is refused.
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

/// With a weight whose optimizer's state is applied, and swapped, in slices.
#define TEXT                                                       \
    "[Model]\nloss = mse\nbatch_size = 16\n"                       \
    "[Optimizer]\ntype = adam\n"                                   \
    "[in]\ntype = input\ninput_shape = 1:1:2048\n"                 \
    "[a]\ntype = fully_connected\nunit = 256\nactivation = tanh\n" \
    "[b]\ntype = fully_connected\nunit = 512\nactivation = tanh\n" \
    "[c]\ntype = fully_connected\nunit = 128\n"

#define HASH_BYTES 65U

typedef struct session {
    mote_context *context;
    mote_model *model;
} session;

/// What is told two plans apart by.
typedef struct result {
    mote_plan_info info;
    char hash[HASH_BYTES];
} result;

static void start_with(void **state, size_t threads, const mote_setting *settings,
                       size_t setting_count, session *s)
{
    const mote_context_config config = {.thread_count = threads, .cpu = "scalar"};
    const char *path = mote_test_write_text(state, "model.ini", TEXT);
    expect_ok(mote_context_create(&config, &s->context));
    expect_ok(mote_model_load(s->context, path, settings, setting_count, &s->model));
}

static void start(void **state, session *s)
{
    start_with(state, 1, NULL, 0, s);
}

static void end(session *s)
{
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
}

static result compile(const session *s, const mote_compile_config *config)
{
    result r;
    expect_ok(mote_model_compile(s->model, config));
    expect_ok(mote_model_get_plan(s->model, &r.info));
    (void)snprintf(r.hash, sizeof r.hash, "%s", r.info.plan_hash);
    return r;
}

/// `share` of the arena without a budget.
static uint64_t find_budget(const session *s, double share)
{
    const mote_compile_config any = {.memory_budget = UINT64_MAX};
    return (uint64_t)((double)compile(s, &any).info.arena_bytes * share);
}

/// The path of the plan of a budget.
static const char *save(void **state, double share, const char *cost, result *saved)
{
    session s;
    start(state, &s);
    const mote_compile_config config = {.memory_budget = find_budget(&s, share), .cost = cost};
    const char *path = mote_test_path(state, "saved.ini");
    const result r = compile(&s, &config);
    expect_ok(mote_model_save_plan(s.model, path));
    end(&s);
    if (saved)
        *saved = r;
    return path;
}

static void assert_same(const result *a, const result *b)
{
    assert_string_equal(a->hash, b->hash);
    assert_int_equal(a->info.arena_bytes, b->info.arena_bytes);
    assert_int_equal(a->info.memory_budget, b->info.memory_budget);
    assert_int_equal(a->info.swap_bytes, b->info.swap_bytes);
    assert_int_equal(a->info.loaded_bytes, b->info.loaded_bytes);
    assert_int_equal(a->info.stored_bytes, b->info.stored_bytes);
    assert_int_equal(a->info.unplanned_bytes, b->info.unplanned_bytes);
    assert_int_equal(a->info.ahead_bytes, b->info.ahead_bytes);
    assert_true(a->info.recomputed_flops == b->info.recomputed_flops);
}

static void a_saved_plan_is_made_again_and_saved_alike(void **state)
{
    static const double shares[] = {2.0, 0.8, 0.6, 0.5};
    const char *cost = write_cost_table(state, "cost.ini", "", 80.0, 1.0, 0.0);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        session s;
        result saved;
        size_t bytes = 0;
        size_t again_bytes = 0;
        const char *path = save(state, shares[i], cost, &saved);
        start(state, &s);
        const mote_compile_config config = {.plan = path, .cost = cost};
        const result r = compile(&s, &config);
        assert_same(&r, &saved);
        assert_true((r.info.swap_bytes > 0) == (shares[i] < 1.0));
        assert_true(r.info.predicted_ms == saved.info.predicted_ms);
        assert_true(r.info.predicted_wait_ms == saved.info.predicted_wait_ms);
        const char *again = mote_test_path(state, "again.ini");
        expect_ok(mote_model_save_plan(s.model, again));
        const char *text = (const char *)mote_test_read(state, path, &bytes);
        assert_string_equal((const char *)mote_test_read(state, again, &again_bytes), text);
        if (shares[i] < 0.7)
            assert_non_null(strstr(text, "\n[train: a.weight.mean, 0 to "));
        end(&s);
    }
}

static void a_plan_is_the_same_by_every_cost_table(void **state)
{
    session s;
    result saved;
    const char *fast = write_cost_table(state, "fast.ini", "", 1.0, 100.0, 0.0);
    const char *slow = write_cost_table(state, "slow.ini", "", 1000.0, 0.01, 1e6);
    const char *path = save(state, 0.7, fast, &saved);
    start(state, &s);
    const mote_compile_config searched = {.memory_budget = saved.info.memory_budget, .cost = slow};
    const mote_compile_config made = {.plan = path, .cost = slow};
    const result other = compile(&s, &searched);
    assert_string_not_equal(other.hash, saved.hash);
    const result same = compile(&s, &made);
    assert_same(&same, &saved);
    assert_string_equal(same.info.cost_path, slow);
    assert_true(same.info.predicted_ms > saved.info.predicted_ms);
    end(&s);
}

static void run(const session *s, char *digest)
{
    const mote_train_config config = {.steps = 3};
    expect_ok(mote_model_bench(s->model, &config, NULL));
    expect_ok(mote_model_digest(s->model, digest));
}

static void training_by_a_saved_plan_ends_with_the_same_bits(void **state)
{
    session s;
    char whole[HASH_BYTES];
    char half[HASH_BYTES];
    const char *path = save(state, 0.5, NULL, NULL);
    const mote_compile_config any = {.memory_budget = UINT64_MAX};
    const mote_compile_config made = {.plan = path};
    start(state, &s);
    const size_t arena_bytes = compile(&s, &any).info.arena_bytes;
    run(&s, whole);
    end(&s);
    start(state, &s);
    assert_true(compile(&s, &made).info.arena_bytes <= arena_bytes / 2);
    run(&s, half);
    assert_string_equal(half, whole);
    end(&s);
}

static void what_is_asked_for_beside_a_plan_must_be_the_plans(void **state)
{
    session s;
    result saved;
    const char *path = save(state, 0.6, NULL, &saved);
    start(state, &s);
    const uint64_t arena_bytes = saved.info.arena_bytes;
    const mote_compile_config good = {
        .plan = path, .planner = "exact", .memory_budget = arena_bytes};
    const mote_compile_config planner = {.plan = path, .planner = "naive"};
    const mote_compile_config without = {.plan = path, .without = MOTE_TECHNIQUE_BANDS};
    const mote_compile_config budget = {.plan = path, .memory_budget = arena_bytes - 1};
    const result r = compile(&s, &good);
    assert_same(&r, &saved);
    expect_raises(mote_model_compile(s.model, &planner), MOTE_ERROR_ARGUMENT,
                  "saved.ini: the plan is by planner exact, and planner naive is asked for");
    expect_raises(mote_model_compile(s.model, &without), MOTE_ERROR_ARGUMENT,
                  "saved.ini: the techniques that shall be left out are not those that the plan is "
                  "without: ''");
    expect_raises(mote_model_compile(s.model, &budget), MOTE_ERROR_BUDGET,
                  "is too small for this plan: its arena has ");
    assert_int_equal(mote_model_smallest_budget(s.model), arena_bytes);
    end(&s);
}

static void planner_and_techniques_are_the_plans(void **state)
{
    session s;
    const char *path = mote_test_path(state, "saved.ini");
    const unsigned without = MOTE_TECHNIQUE_EXACT | MOTE_TECHNIQUE_SLICES;
    const mote_compile_config first = {.without = without};
    const mote_compile_config made = {.plan = path};
    const mote_compile_config both = {.plan = path, .without = without};
    start(state, &s);
    const result saved = compile(&s, &first);
    expect_ok(mote_model_save_plan(s.model, path));
    const result r = compile(&s, &made);
    assert_same(&r, &saved);
    assert_string_equal(r.info.planner, "best_fit");
    assert_int_equal(r.info.without, without);
    expect_ok(mote_model_compile(s.model, &both));
    end(&s);
}

/// Another model, or the same otherwise, has another plan; the message says what differs.
static void another_plan_is_refused_with_what_differs(void **state)
{
    static const struct {
        const char *section, *key, *value;
        size_t threads;
        mote_compile_config config;
        const char *text;
    } others[] = {
        {"Model", "batch_size", "8", 1, {0}, "batch_size = 16 there, 8 here"},
        {"Model", "batch_size", "16", 1, {.batch = 32}, "batch_size = 16 there, 32 here"},
        {"Model", "batch_size", "16", 2, {0}, "threads = 1 there, 2 here"},
        {"Model", "apply", "after_all", 1, {0}, "apply = early there, after_all here"},
        {"Model", "seed", "3", 1, {.modes = MOTE_MODE_STEP}, "programs = train there, step here"},
        {"Model", "seed", "3", 1, {.modes = MOTE_MODE_INFER}, "programs = train there, infer here"},
        {"b", "unit", "500", 1, {0}, "model_hash = "},
    };

    const char *path = save(state, 0.6, NULL, NULL);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        session s;
        const mote_setting setting = {others[i].section, others[i].key, others[i].value};
        mote_compile_config config = others[i].config;
        config.plan = path;
        start_with(state, others[i].threads, &setting, 1, &s);
        expect_raises(mote_model_compile(s.model, &config), MOTE_ERROR_ARGUMENT, others[i].text);
        assert_non_null(strstr(mote_last_error()->message, "saved.ini"));
        end(&s);
    }
}

static void what_changes_no_memory_changes_no_plan(void **state)
{
    static const mote_setting settings[] = {
        {"Model", "seed", "7"}, {"Optimizer", "learning_rate", "0.5"}, {"Model", "epochs", "9"}};
    session s;
    result saved;
    const mote_compile_config config = {.plan = save(state, 0.6, NULL, &saved)};
    start_with(state, 1, settings, 3, &s);
    const result r = compile(&s, &config);
    assert_same(&r, &saved);
    end(&s);
}

/// The saved plan with a text in it replaced.
static const char *change(void **state, const char *path, const char *from, const char *to)
{
    size_t bytes = 0;
    const char *text = (const char *)mote_test_read(state, path, &bytes);
    const char *at = strstr(text, from);
    assert_non_null(at);
    char *changed = mote_test_memory(state, bytes + strlen(to) + 1);
    (void)snprintf(changed, bytes + strlen(to) + 1, "%.*s%s%s", (int)(at - text), text, to,
                   at + strlen(from));
    return mote_test_write_text(state, "changed.ini", changed);
}

static void a_changed_plan_is_refused(void **state)
{
    static const struct {
        const char *from, *to;
        mote_status status;
        const char *text;
    } changes[] = {
        {"version = 1", "version = 2", MOTE_ERROR_FORMAT,
         "changed.ini: version 2 of saved plans is not known, version 1 is"},
        {"[Plan]", "[Planning]", MOTE_ERROR_FORMAT,
         "changed.ini: no saved plan: the first section is not [Plan]"},
        {"threads = 1\n", "", MOTE_ERROR_PROPERTY, "key 'threads' is missing"},
        {"planner = \"exact\"", "planner = \"exakt\"", MOTE_ERROR_PROPERTY,
         "changed.ini: [Plan]: planner: unknown planner 'exakt', did you mean 'exact'?"},
        {"without = \"\"", "without = \"swop\"", MOTE_ERROR_PROPERTY,
         "changed.ini: [Plan]: without: there is no technique 'swop'"},
        {"memory_budget = ", "memory_budget = 1 ;", MOTE_ERROR_FORMAT,
         "are more than its memory_budget, 1"},
        {"arena_bytes = ", "arena_bytes = 1 ;", MOTE_ERROR_ARGUMENT,
         "changed.ini: the plan is another one here: arena_bytes = 1 there, "},
        {"plan_hash = \"", "plan_hash = \"0", MOTE_ERROR_ARGUMENT,
         "changed.ini: the plan is another one here: plan_hash = "},
        {"stay1 = ", "stay7 = ", MOTE_ERROR_FORMAT, ": expected stay1 = STEP-STEP"},
        {"stay1 = ", "stay1 = -", MOTE_ERROR_FORMAT, ": expected stay1 = STEP-STEP"},
        {"stay1 = ", "stay1 = 18446744073709551615-1 ;", MOTE_ERROR_FORMAT,
         ": expected stay1 = STEP-STEP"},
        {"stay1 = ", "stay1 = 5-4 ;", MOTE_ERROR_FORMAT, "from step 5 of program train on until"},
        {"stay1 = ", "stay1 = 0-99999 ;", MOTE_ERROR_FORMAT, " on until step 99999"},
        {"stay4 = ", "; stay4 = ", MOTE_ERROR_FORMAT, "is not in memory at step"},
        {"[train: ", "[train: x", MOTE_ERROR_FORMAT,
         ": no such tensor can leave memory here, or not in this order"},
        {"mean, 0 to ", "mean, 1 to ", MOTE_ERROR_FORMAT, "a.weight.mean, 1 to "},
    };

    const char *path = save(state, 0.6, NULL, NULL);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        session s;
        const mote_compile_config config = {
            .plan = change(state, path, changes[i].from, changes[i].to)};
        start(state, &s);
        expect_raises(mote_model_compile(s.model, &config), changes[i].status, changes[i].text);
        end(&s);
    }
}

static void a_plan_of_another_version_is_refused_where_it_is_another_one(void **state)
{
    session s;
    const mote_compile_config same = {.plan = change(state, save(state, 0.6, NULL, NULL),
                                                     "mote_version = \"", "mote_version = \"9.")};
    start(state, &s);
    expect_ok(mote_model_compile(s.model, &same));
    const mote_compile_config other = {
        .plan = change(state, same.plan, "plan_hash = \"", "plan_hash = \"0")};
    expect_raises(mote_model_compile(s.model, &other), MOTE_ERROR_ARGUMENT,
                  "changed.ini: the plan is another one here: mote_version = 9.");
    end(&s);
}

static void another_budget_for_a_loop_ends_a_plan(void **state)
{
    static const float inputs[16 * 2048];
    static const float labels[16 * 128];
    const void *const ins[] = {inputs};
    const void *const outs[] = {labels};
    const mote_batch batch = {ins, 1, outs, 1, 16};
    session s;
    mote_plan_info info;
    const char *path = mote_test_path(state, "step.ini");
    start(state, &s);
    const mote_compile_config first = {.modes = MOTE_MODE_STEP,
                                       .memory_budget = find_budget(&s, 0.6)};
    const mote_compile_config made = {.modes = MOTE_MODE_STEP, .plan = path};
    const uint64_t arena_bytes = compile(&s, &first).info.arena_bytes;
    expect_ok(mote_model_save_plan(s.model, path));
    assert_int_equal(compile(&s, &made).info.arena_bytes, arena_bytes);
    expect_ok(mote_model_set_memory_budget(s.model, arena_bytes * 9 / 10));
    expect_ok(mote_model_forward(s.model, &batch, NULL));
    expect_ok(mote_model_apply(s.model, NULL));
    expect_ok(mote_model_get_plan(s.model, &info));
    assert_true(info.arena_bytes <= arena_bytes * 9 / 10);
    assert_int_equal(info.memory_budget, arena_bytes * 9 / 10);
    end(&s);
}

static void only_a_compiled_model_has_a_plan_to_save(void **state)
{
    session s;
    start(state, &s);
    const char *path = mote_test_path(state, "none.ini");
    expect_raises(mote_model_save_plan(s.model, path), MOTE_ERROR_ARGUMENT,
                  "the model is not compiled");
    expect_ok(mote_model_compile(s.model, NULL));
    expect_raises(mote_model_save_plan(s.model, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_model_save_plan: an argument is NULL");
    expect_raises(mote_model_save_plan(s.model, mote_test_path(state, "no/where.ini")),
                  MOTE_ERROR_IO, "where.ini");
    const mote_compile_config config = {.plan = path};
    expect_raises(mote_model_compile(s.model, &config), MOTE_ERROR_IO, "none.ini");
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_saved_plan_is_made_again_and_saved_alike),
        cmocka_unit_test(a_plan_is_the_same_by_every_cost_table),
        cmocka_unit_test(training_by_a_saved_plan_ends_with_the_same_bits),
        cmocka_unit_test(what_is_asked_for_beside_a_plan_must_be_the_plans),
        cmocka_unit_test(planner_and_techniques_are_the_plans),
        cmocka_unit_test(another_plan_is_refused_with_what_differs),
        cmocka_unit_test(what_changes_no_memory_changes_no_plan),
        cmocka_unit_test(a_changed_plan_is_refused),
        cmocka_unit_test(a_plan_of_another_version_is_refused_where_it_is_another_one),
        cmocka_unit_test(another_budget_for_a_loop_ends_a_plan),
        cmocka_unit_test(only_a_compiled_model_has_a_plan_to_save),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
