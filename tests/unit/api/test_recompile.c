// SPDX-License-Identifier: Apache-2.0
// A model that is compiled again goes on with what it has learned: with another batch, for other modes, after errors.
#include "stepping.h"

#include "support/failing_allocator.h"

#define MODES (MOTE_MODE_STEP | MOTE_MODE_EVALUATE | MOTE_MODE_INFER)

static void compile(session *s, unsigned modes, size_t batch)
{
    const mote_compile_config config = {.modes = modes, .batch = batch};
    expect_ok(mote_model_compile(s->model, &config));
}

static size_t arena_bytes(const session *s)
{
    mote_plan_info plan;
    expect_ok(mote_model_get_plan(s->model, &plan));
    return plan.arena_bytes;
}

static void the_batch_changes_without_a_change_of_bits(void **state)
{
    session s;
    session other;
    const samples data = make_samples();
    session_start(state, MODEL ADAM, MOTE_MODE_STEP, &other);
    session_start(state, MODEL ADAM, MOTE_MODE_STEP, &s);
    const size_t first_bytes = arena_bytes(&s);
    for (size_t i = 0; i < 3; i++) {
        step(&s, &data, 0, 4);
        compile(&s, MOTE_MODE_STEP, 2); // optimizer and schedule go on, too
        assert_true(arena_bytes(&s) < first_bytes);
        step(&s, &data, 4, 2);
        compile(&s, MOTE_MODE_STEP, 0);
        assert_int_equal(arena_bytes(&s), first_bytes);
        step(&other, &data, 0, 4);
        step(&other, &data, 4, 2);
    }
    expect_ok(mote_model_allocate(s.model));
    const digest a = session_digest(&s);
    const digest b = session_digest(&other);
    assert_string_equal(a.text, b.text);
    session_end(&s);
    session_end(&other);
}

static void a_batch_is_the_most_samples_of_a_call(void **state)
{
    session s;
    const samples data = make_samples();
    const mote_compile_config too_many = {.batch = (size_t)1048577};
    mote_plan_info plan;
    session_start(state, MODEL ADAM, MOTE_MODE_STEP, &s);
    compile(&s, MOTE_MODE_STEP, 7);
    expect_ok(mote_model_get_plan(s.model, &plan));
    assert_int_equal(plan.batch_size, 7);
    step(&s, &data, 0, 7);
    compile(&s, MOTE_MODE_STEP, 3);
    expect_raises(forward(&s, &data, 0, 4, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_model_forward: takes 1 to 3 samples, got 4");
    expect_raises(mote_model_compile(s.model, &too_many), MOTE_ERROR_ARGUMENT,
                  "mote_model_compile: a batch of 1048577 samples, expected at most 1048576");
    session_end(&s);
}

static void weights_go_from_training_to_inference_and_back(void **state)
{
    session s;
    const samples data = make_samples();
    session_start(state, MODEL ADAM, MOTE_MODE_STEP, &s);
    step_epochs(&s, &data, 2);
    const digest trained = session_digest(&s);
    compile(&s, MOTE_MODE_INFER, 1);
    expect_ok(mote_model_allocate(s.model));
    const digest inferring = session_digest(&s);
    assert_string_equal(inferring.text, trained.text);
    compile(&s, MODES, 0);
    compile(&s, MODES, 2); // nothing was allocated in between
    expect_ok(mote_model_allocate(s.model));
    const digest again = session_digest(&s);
    assert_string_equal(again.text, trained.text);
    session_end(&s);
}

static void inference_goes_on_with_moving_averages(void **state)
{
    session s;
    const samples data = make_samples();
    session_start(state, MODEL ADAM "moving_average = 0.9\n", MOTE_MODE_STEP, &s);
    step_epochs(&s, &data, 2);
    const digest trained = session_digest(&s);
    compile(&s, MOTE_MODE_STEP, 3);
    expect_ok(mote_model_allocate(s.model));
    const digest training = session_digest(&s);
    assert_string_equal(training.text, trained.text);
    compile(&s, MOTE_MODE_INFER, 1);
    expect_ok(mote_model_allocate(s.model));
    const digest inferring = session_digest(&s);
    assert_string_equal(inferring.text, trained.text);
    compile(&s, MOTE_MODE_STEP, 0);
    expect_ok(mote_model_allocate(s.model));
    const digest again = session_digest(&s);
    assert_string_equal(again.text, trained.text);
    session_end(&s);
}

static void an_optimizer_whose_state_was_given_up_begins_anew(void **state)
{
    session s;
    mote_step_info info;
    const samples data = make_samples();
    session_start(state, MODEL ADAM, MOTE_MODE_STEP, &s);
    step_epochs(&s, &data, 1);
    compile(&s, MOTE_MODE_STEP, 3);
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_get_step(s.model, &info));
    assert_int_equal(info.applied, 2);
    compile(&s, MOTE_MODE_INFER, 0);
    expect_ok(mote_model_allocate(s.model));
    compile(&s, MOTE_MODE_STEP, 0);
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_get_step(s.model, &info));
    assert_int_equal(info.applied, 0);
    step_epochs(&s, &data, 1);
    session_end(&s);
}

static void a_file_that_is_named_wins(void **state)
{
    session s;
    const samples data = make_samples();
    session_start(state, MODEL ADAM, MOTE_MODE_STEP, &s);
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_save(s.model, mote_test_path(state, "first")));
    const digest first = session_digest(&s);
    step_epochs(&s, &data, 1);
    const mote_compile_config config = {.weights = mote_test_path(state, "first")};
    expect_ok(mote_model_compile(s.model, &config));
    expect_ok(mote_model_allocate(s.model));
    const digest loaded = session_digest(&s);
    assert_string_equal(loaded.text, first.text);
    session_end(&s);
}

static void weights_outlive_a_compilation_that_fails(void **state)
{
    session s;
    const samples data = make_samples();
    const mote_compile_config wrong = {.planner = "bestfit"};
    char text[65];
    session_start(state, MODEL ADAM, MOTE_MODE_STEP, &s);
    step_epochs(&s, &data, 1);
    const digest trained = session_digest(&s);
    expect_raises(mote_model_compile(s.model, &wrong), MOTE_ERROR_ARGUMENT, "bestfit");
    expect_raises(mote_model_digest(s.model, text), MOTE_ERROR_ARGUMENT, "not compiled");
    compile(&s, MOTE_MODE_INFER, 0);
    expect_ok(mote_model_allocate(s.model));
    const digest kept = session_digest(&s);
    assert_string_equal(kept.text, trained.text);
    session_end(&s);
}

/// Compiles again while request `fail_at` from there on fails; the weights must still be there. Whether it did fail.
static bool recompile_failing(const char *path, size_t fail_at)
{
    failing_allocator failing;
    session s = {.context = NULL};
    char before[65];
    char after[65];
    failing_allocator_init(&failing, 0, false);
    const mote_context_config config = {.thread_count = 1, .allocator = &failing.allocator};
    const mote_compile_config step = {.modes = MOTE_MODE_STEP};
    const mote_compile_config smaller = {.modes = MOTE_MODE_STEP, .batch = 2};
    const samples data = make_samples();
    expect_ok(mote_context_create(&config, &s.context));
    expect_ok(mote_model_load(s.context, path, NULL, 0, &s.model));
    expect_ok(mote_model_compile(s.model, &step));
    step_epochs(&s, &data, 1);
    expect_ok(mote_model_digest(s.model, before));
    failing.fail_at = failing.request_count + fail_at;
    mote_status status = mote_model_compile(s.model, &smaller);
    if (status == MOTE_OK)
        status = mote_model_allocate(s.model);
    failing.fail_at = 0;
    if (status != MOTE_OK) {
        expect_raises(status, MOTE_ERROR_MEMORY, "");
        expect_ok(mote_model_compile(s.model, &smaller));
        expect_ok(mote_model_allocate(s.model));
    }
    expect_ok(mote_model_digest(s.model, after));
    assert_string_equal(before, after);
    session_end(&s);
    assert_int_equal(failing.live_count, 0);
    return status != MOTE_OK;
}

static void weights_outlive_memory_that_cannot_be_had(void **state)
{
    char *const path = mote_test_memory(state, 512);
    (void)snprintf(path, 512, "%s", mote_test_write_text(state, "model.ini", MODEL ADAM));
    size_t failures = 0;
    while (recompile_failing(path, failures + 1))
        failures++;
    assert_true(failures > 3);
}

static void inference_alone_needs_a_smaller_arena(void **state)
{
    session s;
    session_start(state, MODEL ADAM, MOTE_MODE_TRAIN, &s);
    const size_t training = arena_bytes(&s);
    compile(&s, MOTE_MODE_INFER, 0);
    const size_t inference = arena_bytes(&s);
    compile(&s, MOTE_MODE_INFER, 1);
    const size_t one_sample = arena_bytes(&s);
    assert_true(inference < training / 2);
    assert_true(one_sample < inference);
    session_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_batch_changes_without_a_change_of_bits),
        cmocka_unit_test(a_batch_is_the_most_samples_of_a_call),
        cmocka_unit_test(weights_go_from_training_to_inference_and_back),
        cmocka_unit_test(inference_goes_on_with_moving_averages),
        cmocka_unit_test(an_optimizer_whose_state_was_given_up_begins_anew),
        cmocka_unit_test(a_file_that_is_named_wins),
        cmocka_unit_test(weights_outlive_a_compilation_that_fails),
        cmocka_unit_test(weights_outlive_memory_that_cannot_be_had),
        cmocka_unit_test(inference_alone_needs_a_smaller_arena),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
