// SPDX-License-Identifier: Apache-2.0
// Between two operations others get the processor: by a callback that may end the call, and by a pause from another thread.
#include "stepping.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define STEPS 6U // of all epochs
#define TEXT  HEAD "checkpoint_path = points\ncheckpoint_every = 1 steps\n" ADAM NET

/// Counts its calls, and ends the call of the model at one of them.
typedef struct yielding {
    size_t calls;
    size_t end_at; // 0: never
} yielding;

static bool yield(void *user)
{
    yielding *const y = user;
    return ++y->calls == y->end_at;
}

static void start(void **state, const char *text, unsigned modes, samples *data, session *s)
{
    const mote_data_source source = {.user = data, .sample_count = SAMPLES, .read = read_sample};
    *data = make_samples();
    session_start(state, text, modes, s);
    expect_ok(mote_model_set_data(s->model, "train_set", &source));
}

/// Trains anew, or goes on, with that yield.
static mote_train_result train(void **state, uint64_t steps, bool resume, yielding *y, digest *d)
{
    session s;
    samples data;
    mote_train_result result;
    const mote_train_config config = {.steps = steps, .resume = resume};
    start(state, TEXT, MOTE_MODE_TRAIN, &data, &s);
    expect_ok(mote_model_set_yield(s.model, yield, y));
    expect_ok(mote_model_train(s.model, &config, &result));
    *d = session_digest(&s);
    session_end(&s);
    return result;
}

static void it_is_called_in_front_of_each_operation(void **state)
{
    session s;
    samples data;
    mote_plan_info plan;
    yielding y = {.calls = 0};
    start(state, TEXT, MOTE_MODE_TRAIN, &data, &s);
    expect_ok(mote_model_get_plan(s.model, &plan));
    expect_ok(mote_model_set_yield(s.model, yield, &y));
    expect_ok(mote_model_train(s.model, NULL, NULL));
    assert_int_equal(y.calls, STEPS * plan.operation_count);
    expect_ok(mote_model_set_yield(s.model, NULL, NULL));
    expect_ok(mote_model_train(s.model, NULL, NULL));
    assert_int_equal(y.calls, STEPS * plan.operation_count);
    session_end(&s);
}

static void a_training_that_it_ends_is_at_the_end_of_a_step(void **state)
{
    digest after[STEPS + 1];
    yielding y = {.calls = 0};
    size_t at_once = 0;
    for (uint64_t i = 1; i <= STEPS; i++)
        (void)train(state, i, false, &(yielding){.calls = 0}, &after[i]);
    (void)train(state, 0, false, &y, &after[STEPS]);
    const size_t in_step = y.calls / STEPS;
    for (size_t k = in_step + 1; k <= 2 * in_step; k++) {
        digest found;
        y = (yielding){.end_at = k};
        const mote_train_result result = train(state, 0, false, &y, &found);
        assert_true(result.stopped);
        assert_true(result.steps == 1 || result.steps == 2);
        assert_string_equal(found.text, after[result.steps].text);
        at_once += result.steps == 1;
        assert_int_equal(y.calls, result.steps == 1 ? k : 2 * in_step);
        if (k % 4 > 0)
            continue;
        assert_int_equal(train(state, 0, true, &(yielding){.calls = 0}, &found).steps, STEPS);
        assert_string_equal(found.text, after[STEPS].text);
    }
    assert_true(at_once > 4 && at_once < in_step - 4);
}

static void other_calls_that_it_ends_have_done_nothing(void **state)
{
    session s;
    samples data;
    mote_metrics metrics;
    yielding y = {.end_at = 3};
    float outputs[SAMPLES * (VALUES + 3)];
    void *const to[] = {outputs, outputs + (size_t)SAMPLES * 3};
    start(state, TEXT, MOTE_MODE_STEP | MOTE_MODE_EVALUATE | MOTE_MODE_INFER, &data, &s);
    const void *const inputs[] = {data.rows, data.lengths};
    step(&s, &data, 0, BATCH);
    const digest before = session_digest(&s);
    expect_ok(mote_model_set_yield(s.model, yield, &y));
    expect_raises(mote_model_evaluate(s.model, "train_set", NULL, &metrics), MOTE_STOPPED,
                  "stopped in front of '");
    y.calls = 0;
    expect_raises(mote_model_run_all(s.model, inputs, 2, BATCH, to, 2), MOTE_STOPPED,
                  "stopped in front of '");
    y.calls = 0;
    expect_raises(forward(&s, &data, 0, BATCH, NULL), MOTE_STOPPED,
                  "mote_model_forward: stopped in front of '");
    expect_ok(forward(&s, &data, 0, BATCH, NULL));
    y = (yielding){.end_at = 1};
    expect_raises(mote_model_apply(s.model, NULL), MOTE_STOPPED, "; this step was not applied");
    const digest behind = session_digest(&s);
    assert_string_equal(behind.text, before.text);
    step(&s, &data, 0, BATCH); // it goes on
    expect_ok(forward(&s, &data, 0, BATCH, NULL));
    y = (yielding){.calls = 0};
    expect_ok(mote_model_apply(s.model, NULL));
    const size_t calls = y.calls;
    expect_ok(forward(&s, &data, 0, BATCH, NULL));
    y = (yielding){.end_at = calls};
    expect_ok(mote_model_apply(s.model, NULL)); // of this, too much was done
    assert_int_equal(y.calls, calls);
    session_end(&s);
}

/// A training on another thread.
typedef struct background {
    session s;
    samples data;
    atomic_size_t steps;
    atomic_bool is_over;
} background;

static void count_step(void *user, const mote_progress *progress)
{
    background *const b = user;
    (void)progress;
    atomic_fetch_add(&b->steps, 1);
}

static void *run_background(void *user)
{
    background *const b = user;
    const mote_train_config config = {.user = b, .progress = count_step};
    if (mote_model_train(b->s.model, &config, NULL) == MOTE_OK)
        atomic_store(&b->is_over, true);
    return NULL;
}

static void sleep_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static double processor_ms(void)
{
    struct timespec used;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
    return (double)used.tv_sec * 1e3 + (double)used.tv_nsec * 1e-6;
}

/// Until what was begun is done; a step of this network takes less than a millisecond.
static size_t expect_pause(background *b)
{
    size_t steps = 0;
    do {
        steps = atomic_load(&b->steps);
        sleep_ms(50);
    } while (atomic_load(&b->steps) != steps);
    const double before = processor_ms();
    sleep_ms(300);
    assert_true(processor_ms() - before < 60);
    assert_int_equal(atomic_load(&b->steps), steps);
    assert_false(atomic_load(&b->is_over));
    return steps;
}

static void a_pause_takes_no_processor_and_changes_no_bit(void **state)
{
#define LONG "[Model]\nbatch_size = 4\nseed = 5\nepochs = 2000\n" ADAM NET
    background b = {.steps = 0};
    session other;
    samples data;
    pthread_t thread;
    start(state, LONG, MOTE_MODE_TRAIN, &b.data, &b.s);
    expect_ok(mote_model_pause(b.s.model)); // before it begins
    assert_int_equal(pthread_create(&thread, NULL, run_background, &b), 0);
    assert_int_equal(expect_pause(&b), 0);
    expect_ok(mote_model_continue(b.s.model));
    while (atomic_load(&b.steps) < 20)
        sleep_ms(1);
    expect_ok(mote_model_pause(b.s.model));
    expect_ok(mote_model_pause(b.s.model));
    assert_true(expect_pause(&b) >= 20);
    expect_ok(mote_model_set_memory_budget(b.s.model, 1)); // any thread may, too
    expect_ok(mote_model_continue(b.s.model));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(atomic_load(&b.is_over));
    const digest found = session_digest(&b.s);
    session_end(&b.s);
    start(state, LONG, MOTE_MODE_TRAIN, &data, &other);
    expect_ok(mote_model_train(other.model, NULL, NULL));
    const digest expected = session_digest(&other);
    session_end(&other);
    assert_string_equal(found.text, expected.text);
}

/// Operations that took longer than the key says, and how many there were.
static uint64_t count_late(void **state, const char *deadline, size_t *predicted, size_t *all)
{
    char text[2048];
    session s;
    samples data;
    mote_plan_info plan;
    mote_train_result result;
    (void)snprintf(text, sizeof text, HEAD "operation_deadline_ms = %s\n" ADAM NET, deadline);
    start(state, text, MOTE_MODE_TRAIN, &data, &s);
    expect_ok(mote_model_get_plan(s.model, &plan));
    expect_ok(mote_model_train(s.model, NULL, &result));
    *predicted = plan.late_operation_count;
    *all = plan.operation_count;
    assert_true(plan.longest_operation_ms > 0 && strlen(plan.longest_operation) > 0);
    assert_int_equal(result.longest_operation_ms > 0, plan.operation_deadline_ms > 0);
    assert_int_equal(strlen(result.longest_operation) > 0, plan.operation_deadline_ms > 0);
    session_end(&s);
    return result.late_operations;
}

static void operations_longer_than_the_deadline_are_counted(void **state)
{
    size_t predicted = 0;
    size_t all = 0;
    assert_int_equal(count_late(state, "0", &predicted, &all), 0);
    assert_int_equal(predicted, 0);
    assert_int_equal(count_late(state, "0.000001", &predicted, &all), STEPS * all);
    assert_int_equal(predicted, all);
    assert_int_equal(count_late(state, "1000000", &predicted, &all), 0);
    assert_int_equal(predicted, 0);
}

static void a_model_is_needed(void **state)
{
    (void)state;
    expect_raises(mote_model_pause(NULL), MOTE_ERROR_ARGUMENT, "mote_model_pause: ");
    expect_raises(mote_model_continue(NULL), MOTE_ERROR_ARGUMENT, "mote_model_continue: ");
    expect_raises(mote_model_set_yield(NULL, NULL, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_model_set_yield: ");
    expect_raises(mote_model_set_memory_budget(NULL, 1), MOTE_ERROR_ARGUMENT,
                  "mote_model_set_memory_budget: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_called_in_front_of_each_operation),
        cmocka_unit_test(a_training_that_it_ends_is_at_the_end_of_a_step),
        cmocka_unit_test(other_calls_that_it_ends_have_done_nothing),
        cmocka_unit_test(a_pause_takes_no_processor_and_changes_no_bit),
        cmocka_unit_test(operations_longer_than_the_deadline_are_counted),
        cmocka_unit_test(a_model_is_needed),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
