// SPDX-License-Identifier: Apache-2.0
// The thread pool behind mote_parallel.
#include "os/os.h"

#include "base/arena.h"
#include "support/expect.h"
#include "support/failing_allocator.h"

#include <float.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#define TASKS_MAX 8U

typedef struct work {
    size_t input;
    size_t output[TASKS_MAX];
    pthread_t thread[TASKS_MAX];
    size_t calls[TASKS_MAX];
} work;

static void do_work(void *argument, size_t task, size_t task_count)
{
    work *const w = argument;
    w->calls[task]++;
    w->thread[task] = pthread_self();
    w->output[task] = w->input * task_count + task;
}

static void run_and_check(const mote_parallel *parallel, size_t input, size_t task_count)
{
    work w = {.input = input};
    mote_parallel_run(parallel, do_work, &w, task_count);
    for (size_t task = 0; task < task_count; task++) {
        assert_int_equal(w.calls[task], 1);
        assert_int_equal(w.output[task], input * task_count + task);
    }
}

static void every_task_runs_once_and_its_result_is_seen(void **unused)
{
    (void)unused;
    for (size_t thread_count = 1; thread_count <= 4; thread_count++) {
        mote_thread_pool *pool = NULL;
        mote_parallel parallel;
        expect_ok(
            mote_thread_pool_create(mote_allocator_default(), thread_count, &pool, &parallel));
        assert_int_equal(parallel.thread_count, thread_count);
        for (size_t round = 1; round <= 300; round++)
            run_and_check(&parallel, round, 1 + round % thread_count);
        mote_thread_pool_destroy(&pool);
        assert_null(pool);
    }
}

static void one_thread_is_the_callers(void **unused)
{
    (void)unused;
    mote_thread_pool *pool = NULL;
    mote_parallel parallel;
    expect_ok(mote_thread_pool_create(mote_allocator_default(), 1, &pool, &parallel));
    work w = {.input = 1};
    parallel.run(parallel.user, do_work, &w, 3);
    for (size_t task = 0; task < 3; task++) {
        assert_int_equal(w.calls[task], 1);
        assert_true(pthread_equal(w.thread[task], pthread_self()));
    }
    mote_thread_pool_destroy(&pool);
}

/// Halves its number: zero when the thread flushes denormals.
static void halve(void *argument, size_t task, size_t task_count)
{
    (void)task_count;
    float *const numbers = argument;
    const volatile float half = 0.5F; // so that the compiler does not halve in advance
    numbers[task] = numbers[task] * half;
}

static void numbers_near_zero_are_kept_on_every_thread(void **unused)
{
    (void)unused;
    mote_thread_pool *pool = NULL;
    mote_parallel parallel;
    expect_ok(mote_thread_pool_create(mote_allocator_default(), 4, &pool, &parallel));
    float numbers[4] = {FLT_MIN, FLT_MIN, FLT_MIN, FLT_MIN};
    mote_parallel_run(&parallel, halve, numbers, 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(numbers[i] > 0.0F);
    mote_thread_pool_destroy(&pool);
}

static void a_number_of_threads_out_of_range_is_refused(void **unused)
{
    (void)unused;
    mote_thread_pool *pool = NULL;
    mote_parallel parallel;
    expect_raises(mote_thread_pool_create(mote_allocator_default(), 0, &pool, &parallel),
                  MOTE_ERROR_ARGUMENT, "0 threads: expected 1 to 1024");
    expect_raises(mote_thread_pool_create(mote_allocator_default(), 1025, &pool, &parallel),
                  MOTE_ERROR_ARGUMENT, "1025 threads: expected 1 to 1024");
    assert_null(pool);
}

static void destroying_nothing_is_safe(void **unused)
{
    (void)unused;
    mote_thread_pool *pool = NULL;
    mote_thread_pool_destroy(&pool);
    assert_null(pool);
}

static mote_status create_and_destroy(const mote_allocator *allocator, void *thread_count)
{
    mote_thread_pool *pool = NULL;
    mote_parallel parallel;
    MOTE_TRY(mote_thread_pool_create(allocator, *(size_t *)thread_count, &pool, &parallel));
    mote_thread_pool_destroy(&pool);
    return MOTE_OK;
}

static void every_failed_request_is_reported_and_nothing_leaks(void **unused)
{
    (void)unused;
    for (size_t thread_count = 1; thread_count <= 2; thread_count++)
        assert_int_equal(failing_allocator_sweep(create_and_destroy, &thread_count), 1);
}

static double processor_seconds(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/// Between steps threads sleep.
static void a_pool_at_rest_takes_no_processor_time(void **unused)
{
    (void)unused;
    for (size_t thread_count = 2; thread_count <= 4; thread_count += 2) {
        mote_thread_pool *pool = NULL;
        mote_parallel parallel;
        expect_ok(
            mote_thread_pool_create(mote_allocator_default(), thread_count, &pool, &parallel));
        const struct timespec pause = {.tv_nsec = 100000000};
        double idle = 0;
        for (size_t round = 0; round < 5; round++) {
            run_and_check(&parallel, round, thread_count);
            mote_parallel_rest(&parallel);
            mote_parallel_rest(&parallel);
            const double before = processor_seconds();
            assert_int_equal(nanosleep(&pause, NULL), 0);
            idle += processor_seconds() - before;
        }
        mote_thread_pool_destroy(&pool);
        assert_true(idle < 0.02); // of a second or two that the threads have
    }
}

/// And at the latest when no job has come for a while.
static void a_pool_that_is_left_alone_goes_to_sleep(void **unused)
{
    (void)unused;
    mote_thread_pool *pool = NULL;
    mote_parallel parallel;
    expect_ok(mote_thread_pool_create(mote_allocator_default(), 2, &pool, &parallel));
    const struct timespec pause = {.tv_sec = 1};
    run_and_check(&parallel, 1, 2);
    assert_int_equal(nanosleep(&pause, NULL), 0);
    const double before = processor_seconds();
    assert_int_equal(nanosleep(&pause, NULL), 0);
    assert_true(processor_seconds() - before < 0.02);
    mote_thread_pool_destroy(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_once_and_its_result_is_seen),
        cmocka_unit_test(one_thread_is_the_callers),
        cmocka_unit_test(numbers_near_zero_are_kept_on_every_thread),
        cmocka_unit_test(a_number_of_threads_out_of_range_is_refused),
        cmocka_unit_test(destroying_nothing_is_safe),
        cmocka_unit_test(a_pool_at_rest_takes_no_processor_time),
        cmocka_unit_test(a_pool_that_is_left_alone_goes_to_sleep),
        cmocka_unit_test(every_failed_request_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
