// SPDX-License-Identifier: Apache-2.0
// A model that is at work is told another memory budget: it goes on within it, to the same bits.
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

enum {
    SAMPLES = 11,
    BATCH = 4, // the last of an epoch has 3
    PIXELS = 64,
    STEPS = 9
};

/// Plans are made often here, and this one makes them soon.
static const char *const planner = "best_fit";

#define HEAD                                                        \
    "[Model]\nloss = cross\nbatch_size = 4\nepochs = 3\nseed = 5\n" \
    "checkpoint_path = points\ncheckpoint_every = 2 steps\n"        \
    "[Optimizer]\ntype = adam\nlearning_rate = 0.01\n"              \
    "moving_average = 0.9\n"                                        \
    "[train_set]\ntype = raw\npath = samples\none_hot = false\n"    \
    "[valid_set]\ntype = raw\npath = samples\none_hot = false\n"
#define WIDE(name) "[" name "]\ntype = fully_connected\nunit = 192\nactivation = tanh\n"
#define NET                                                                                       \
    "[in]\ntype = input\ninput_shape = 1:8:8\n"                                                   \
    "[c]\ntype = conv2d\nfilters = 8\nkernel_size = 3\npadding = same\nstride = 2,2\n"            \
    "[n]\ntype = batch_normalization\nactivation = relu\n"                                        \
    "[d]\ntype = dropout\ndropout_rate = 0.25\nflatten = true\n" WIDE("h1") WIDE("h2") WIDE("h3") \
        WIDE("h4") "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"
#define MODEL HEAD NET

typedef struct digest {
    char text[65];
} digest;

/// What is asked for behind which step, and what came of it.
typedef struct session {
    mote_context *context;
    mote_model *model;
    const uint64_t *budgets; // by step; 0: none. NULL: none at all
    size_t step;
    uint64_t found[STEPS + 1]; // the arena that each step had
    size_t notices;
    char notice[2048]; // the last
    uint64_t smallest; // known then
    mote_train_result result;
} session;

static void make_sample(uint64_t sample, float *image, int32_t *label)
{
    for (size_t i = 0; i < PIXELS; i++)
        image[i] = (float)((sample * 5 + i * 3) % 17) / 17;
    *label = (int32_t)(sample % 3);
}

/// A file, so that batches are read ahead.
static void write_samples(void **state)
{
    float records[SAMPLES][PIXELS + 1];
    for (size_t i = 0; i < SAMPLES; i++) {
        int32_t label = 0;
        make_sample(i, records[i], &label);
        records[i][PIXELS] = (float)label;
    }
    (void)mote_test_write(state, "samples", records, sizeof records);
}

static uint64_t arena_bytes(const session *s)
{
    mote_plan_info plan;
    expect_ok(mote_model_get_plan(s->model, &plan));
    return plan.arena_bytes;
}

static void start(void **state, const mote_allocator *allocator, unsigned modes, session *s)
{
    const mote_context_config threads = {.thread_count = 2, .allocator = allocator};
    const mote_compile_config config = {.modes = modes | MOTE_MODE_EVALUATE, .planner = planner};
    const char *const path = mote_test_write_text(state, "model.ini", MODEL);
    write_samples(state);
    *s = (session){.context = NULL};
    expect_ok(mote_context_create(&threads, &s->context));
    expect_ok(mote_model_load(s->context, path, NULL, 0, &s->model));
    expect_ok(mote_model_compile(s->model, &config));
}

static digest end(session *s)
{
    digest d;
    expect_ok(mote_model_digest(s->model, d.text));
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
    return d;
}

/// With these bits.
static void end_as(session *s, const digest *expected)
{
    const digest found = end(s);
    assert_string_equal(found.text, expected->text);
}

static void ask(void *user, const mote_progress *progress)
{
    session *const s = user;
    if (progress->evaluating || progress->epoch_done || s->step == STEPS)
        return;
    s->found[s->step++] = arena_bytes(s);
    if (s->budgets && s->budgets[s->step] > 0)
        expect_ok(mote_model_set_memory_budget(s->model, s->budgets[s->step]));
}

static void note(void *user, const char *text)
{
    session *const s = user;
    if (!strstr(text, "arena")) // of checkpoints
        return;
    s->notices++;
    s->smallest = mote_model_smallest_budget(s->model);
    (void)snprintf(s->notice, sizeof s->notice, "%.2000s", text);
}

static mote_status train(session *s, const uint64_t *budgets)
{
    const mote_train_config config = {.user = s, .progress = ask, .notice = note};
    s->budgets = budgets;
    s->step = 0;
    return mote_model_train(s->model, &config, &s->result);
}

/// Without any change, and the sizes that changes are made of.
static digest train_undisturbed(void **state, uint64_t *smallest, uint64_t *full)
{
    session s;
    const mote_compile_config tiny = {
        .modes = MOTE_MODE_TRAIN | MOTE_MODE_EVALUATE, .planner = planner, .memory_budget = 1};
    start(state, NULL, MOTE_MODE_TRAIN, &s);
    *full = arena_bytes(&s);
    expect_ok(train(&s, NULL));
    assert_int_equal(s.notices, 0);
    assert_int_equal(s.result.steps, STEPS);
    const digest d = end(&s);
    start(state, NULL, MOTE_MODE_TRAIN, &s);
    assert_int_equal(mote_model_compile(s.model, &tiny), MOTE_ERROR_BUDGET);
    *smallest = mote_model_smallest_budget(s.model);
    assert_true(*smallest < *full - *full / 4);
    mote_model_destroy(&s.model);
    mote_context_destroy(&s.context);
    return d;
}

static void budgets_change_down_and_up_to_the_same_bits(void **state)
{
    session s;
    uint64_t smallest = 0;
    uint64_t full = 0;
    const digest expected = train_undisturbed(state, &smallest, &full);
    const uint64_t half = (smallest + full) / 2;
    const uint64_t budgets[STEPS + 1] = {0, half, smallest, 0, UINT64_MAX, smallest, 0, half, full};
    start(state, NULL, MOTE_MODE_TRAIN, &s);
    expect_ok(train(&s, budgets));
    assert_int_equal(s.notices, 6);
    for (size_t i = 0, at = 0; i < STEPS; i++) { // a step has what was asked for last
        at = budgets[i] > 0 ? i : at;
        const bool is_bounded = at > 0 && budgets[at] < UINT64_MAX;
        assert_true(is_bounded ? s.found[i] <= budgets[at] : s.found[i] == full);
    }
    assert_true(s.result.swapped_out_bytes > 0);
    end_as(&s, &expected);
}

static void a_training_that_was_changed_is_resumed_to_the_same_bits(void **state)
{
    session s;
    uint64_t smallest = 0;
    uint64_t full = 0;
    const digest expected = train_undisturbed(state, &smallest, &full);
    const uint64_t budgets[STEPS + 1] = {0, 0, smallest};
    start(state, NULL, MOTE_MODE_TRAIN, &s);
    s.budgets = budgets;
    const mote_train_config first = {.user = &s, .progress = ask, .notice = note, .steps = 5};
    expect_ok(mote_model_train(s.model, &first, &s.result));
    assert_int_equal(s.result.steps, 5);
    assert_int_equal(s.found[4] <= smallest, true);
    (void)end(&s);
    start(state, NULL, MOTE_MODE_TRAIN, &s);
    const mote_train_config second = {.resume = true};
    expect_ok(mote_model_train(s.model, &second, &s.result));
    assert_int_equal(s.result.resumed_step, 5);
    end_as(&s, &expected);
}

static void a_budget_that_is_too_small_changes_nothing(void **state)
{
    session s;
    uint64_t smallest = 0;
    uint64_t full = 0;
    const digest expected = train_undisturbed(state, &smallest, &full);
    const uint64_t budgets[STEPS + 1] = {0, 0, smallest - 1};
    start(state, NULL, MOTE_MODE_TRAIN, &s);
    expect_ok(train(&s, budgets));
    assert_int_equal(s.notices, 1);
    assert_int_equal(s.smallest, smallest);
    assert_non_null(strstr(s.notice, "is too small: the smallest is"));
    assert_non_null(strstr(s.notice, "; training goes on in the arena of before, of"));
    for (size_t i = 0; i < STEPS; i++)
        assert_int_equal(s.found[i], full);
    end_as(&s, &expected);
}

/// One step of the caller's own loop, on samples [first, +count).
static mote_status forward(session *s, uint64_t first, size_t count)
{
    float images[BATCH][PIXELS];
    int32_t classes[BATCH];
    const void *const inputs[] = {images};
    const void *const labels[] = {classes};
    for (size_t i = 0; i < count; i++)
        make_sample(first + i, images[i], &classes[i]);
    const mote_batch batch = {inputs, 1, labels, 1, count};
    return mote_model_forward(s->model, &batch, NULL);
}

static void step(session *s, size_t index)
{
    expect_ok(forward(s, index % 3 * BATCH, index % 3 == 2 ? 3 : BATCH));
    expect_ok(mote_model_apply(s->model, NULL));
}

static digest step_undisturbed(void **state, size_t steps)
{
    session s;
    start(state, NULL, MOTE_MODE_STEP, &s);
    for (size_t i = 0; i < steps; i++)
        step(&s, i);
    return end(&s);
}

static void the_callers_own_loop_is_told_of_what_cannot_be_had(void **state)
{
    session s;
    uint64_t smallest = 0;
    const digest expected = step_undisturbed(state, 6);
    start(state, NULL, MOTE_MODE_STEP, &s);
    const uint64_t full = arena_bytes(&s);
    step(&s, 0);
    expect_ok(mote_model_set_memory_budget(s.model, 1));
    expect_raises(forward(&s, 0, BATCH), MOTE_ERROR_BUDGET, "mote_model_forward: ");
    smallest = mote_model_smallest_budget(s.model);
    assert_true(smallest > 0 && smallest < full);
    step(&s, 1); // in the plan of before
    assert_int_equal(arena_bytes(&s), full);
    expect_ok(mote_model_write_checkpoint(s.model, 2));
    expect_ok(mote_model_set_memory_budget(s.model, 1)); // the later one counts
    expect_ok(mote_model_set_memory_budget(s.model, smallest));
    assert_int_equal(arena_bytes(&s), full);
    step(&s, 2);
    assert_true(arena_bytes(&s) <= smallest);
    step(&s, 3);
    expect_ok(mote_model_write_checkpoint(s.model, 4));
    expect_ok(mote_model_set_memory_budget(s.model, 0)); // [Model] has none
    step(&s, 4);
    assert_int_equal(arena_bytes(&s), full);
    step(&s, 5);
    end_as(&s, &expected);
}

/// Where request `fail_at` of those for memory fails while a budget is taken; whether one did.
static bool change_failing(void **state, uint64_t budget, size_t fail_at, const digest *expected)
{
    failing_allocator failing;
    session s;
    failing_allocator_init(&failing, 0, false);
    start(state, &failing.allocator, MOTE_MODE_STEP, &s);
    step(&s, 0);
    expect_ok(mote_model_set_memory_budget(s.model, budget));
    failing.fail_at = failing.request_count + fail_at;
    const mote_status status = forward(&s, BATCH, BATCH);
    failing.fail_at = 0;
    if (status == MOTE_OK)
        expect_ok(mote_model_apply(s.model, NULL));
    else
        step(&s, 1);
    step(&s, 2);
    end_as(&s, expected);
    assert_int_equal(failing.live_count, 0);
    return status != MOTE_OK;
}

static void memory_that_cannot_be_had_changes_no_bit(void **state)
{
    session s;
    const digest expected = step_undisturbed(state, 3);
    start(state, NULL, MOTE_MODE_STEP, &s);
    expect_ok(mote_model_set_memory_budget(s.model, 1));
    assert_int_equal(forward(&s, 0, BATCH), MOTE_ERROR_BUDGET);
    const uint64_t smallest = mote_model_smallest_budget(s.model);
    const uint64_t budget = smallest + (arena_bytes(&s) - smallest) / 2; // is planned sooner
    (void)end(&s);
    size_t failures = 0;
    for (size_t i = 1; change_failing(state, budget, i, &expected); i += 1 + i / 3)
        failures++;
    assert_true(failures > 3);
}

#define LARGE(name) "[" name "]\ntype = fully_connected\nunit = 1024\n"
#define LARGE_MODEL                                                                            \
    "[Model]\nloss = mse\nbatch_size = 4\n"                                                    \
    "[Optimizer]\ntype = sgd\nlearning_rate = 0.01\n"                                          \
    "[in]\ntype = input\ninput_shape = 1:1:1024\n" LARGE("a") LARGE("b") LARGE("c") LARGE("d") \
        LARGE("e") LARGE("f")
#define MIB ((size_t)1 << 20)

/// The system's highest mark of what is in memory begins anew.
static void forget_peak(void)
{
    FILE *const file = fopen("/proc/self/clear_refs", "w");
    assert_non_null(file);
    assert_true(fputs("5", file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/// The largest part of the process that was in memory while a budget was taken.
static void change_measured(session *s, const mote_batch *batch, uint64_t budget)
{
    const size_t old = arena_bytes(s);
    const size_t beside = mote_process_resident_bytes() - old;
    expect_ok(mote_model_set_memory_budget(s->model, budget));
    forget_peak();
    expect_ok(mote_model_forward(s->model, batch, NULL));
    expect_ok(mote_model_apply(s->model, NULL));
    const size_t new = arena_bytes(s);
    assert_true(new != old &&new <= budget);
    assert_true(mote_process_peak_bytes() <= beside + (old > new ? old : new) + 5 * MIB);
}

static void there_is_only_one_arena_at_a_time(void **state)
{
    static float values[BATCH][1024];
    session s = {.context = NULL};
    const void *const rows[] = {values};
    const mote_batch batch = {rows, 1, rows, 1, BATCH};
    const mote_compile_config config = {.modes = MOTE_MODE_STEP};
    if (MOTE_IS_SANITIZED || MOTE_IS_EMULATED) // which have memory of their own
        skip();
    expect_ok(mote_context_create(NULL, &s.context));
    expect_ok(mote_model_load(s.context, mote_test_write_text(state, "large.ini", LARGE_MODEL),
                              NULL, 0, &s.model));
    expect_ok(mote_model_compile(s.model, &config));
    expect_ok(mote_model_forward(s.model, &batch, NULL)); // all of the arena was touched
    expect_ok(mote_model_apply(s.model, NULL));
    assert_true(arena_bytes(&s) > 24 * MIB);
    change_measured(&s, &batch, 16 * MIB);
    change_measured(&s, &batch, 12 * MIB);
    change_measured(&s, &batch, UINT64_MAX);
    (void)end(&s);
}

/// Steps of a loop whose weights no small budget has room for, within one budget after the other.
static digest step_large(void **state, const uint64_t *budgets, size_t count)
{
    static float values[BATCH][1024];
    session s = {.context = NULL};
    const void *const rows[] = {values};
    const mote_batch batch = {rows, 1, rows, 1, BATCH};
    const mote_compile_config config = {.modes = MOTE_MODE_STEP, .planner = planner};
    for (size_t i = 0; i < sizeof values / sizeof(float); i++)
        values[i / 1024][i % 1024] = (float)((i * 7) % 23) / 23;
    expect_ok(mote_context_create(NULL, &s.context));
    expect_ok(mote_model_load(s.context, mote_test_write_text(state, "large.ini", LARGE_MODEL),
                              NULL, 0, &s.model));
    expect_ok(mote_model_compile(s.model, &config));
    for (size_t i = 0; i < count; i++) {
        if (budgets)
            expect_ok(mote_model_set_memory_budget(s.model, budgets[i]));
        expect_ok(mote_model_forward(s.model, &batch, NULL));
        expect_ok(mote_model_apply(s.model, NULL));
        assert_true(!budgets || arena_bytes(&s) <= budgets[i]);
    }
    return end(&s);
}

static void weights_in_slices_move_between_budgets(void **state)
{
    static const uint64_t budgets[] = {6 * MIB, 3 * MIB, UINT64_MAX, 3 * MIB, 12 * MIB, 3 * MIB};
    const size_t count = sizeof budgets / sizeof *budgets;
    const digest expected = step_large(state, NULL, count);
    const digest found = step_large(state, budgets, count);
    assert_string_equal(expected.text, found.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budgets_change_down_and_up_to_the_same_bits),
        cmocka_unit_test(a_training_that_was_changed_is_resumed_to_the_same_bits),
        cmocka_unit_test(a_budget_that_is_too_small_changes_nothing),
        cmocka_unit_test(the_callers_own_loop_is_told_of_what_cannot_be_had),
        cmocka_unit_test(there_is_only_one_arena_at_a_time),
        cmocka_unit_test(weights_in_slices_move_between_budgets),
        cmocka_unit_test(memory_that_cannot_be_had_changes_no_bit),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
