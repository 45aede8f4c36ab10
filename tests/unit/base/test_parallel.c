// SPDX-License-Identifier: Apache-2.0
// Splitting of work over tasks.
#include "base/parallel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct record {
    size_t calls[8];
    size_t task_count;
    size_t runs; // calls of the thread pool
} record;

static void note_call(void *argument, size_t task, size_t task_count)
{
    record *const r = argument;
    r->calls[task]++;
    r->task_count = task_count;
}

/// A pool that runs its tasks backwards.
static void run_backwards(void *user, mote_parallel_task *task, void *argument, size_t task_count)
{
    ((record *)user)->runs++;
    for (size_t i = task_count; i > 0; i--)
        task(argument, i - 1, task_count);
}

static void several_tasks_go_to_the_pool(void **unused)
{
    (void)unused;
    record r = {.runs = 0};
    const mote_parallel parallel = {.user = &r, .thread_count = 4, .run = run_backwards};
    mote_parallel_run(&parallel, note_call, &r, 3);
    assert_int_equal(r.runs, 1);
    assert_int_equal(r.task_count, 3);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(r.calls[i], i < 3);
}

static void one_task_runs_in_the_caller(void **unused)
{
    (void)unused;
    record r = {.runs = 0};
    const mote_parallel parallel = {.user = &r, .thread_count = 4, .run = run_backwards};
    mote_parallel_run(&parallel, note_call, &r, 1);
    assert_int_equal(r.runs, 0);
    assert_int_equal(r.calls[0], 1);
}

static void without_a_pool_all_tasks_run_in_the_caller(void **unused)
{
    (void)unused;
    record r = {.runs = 0};
    mote_parallel_run(NULL, note_call, &r, 5);
    assert_int_equal(r.task_count, 5);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(r.calls[i], i < 5);
}

static void no_tasks_are_no_calls(void **unused)
{
    (void)unused;
    record r = {.runs = 0};
    const mote_parallel parallel = {.user = &r, .thread_count = 4, .run = run_backwards};
    mote_parallel_run(&parallel, note_call, &r, 0);
    assert_int_equal(r.runs + r.calls[0], 0);
}

static void tasks_have_at_least_a_grain_of_work(void **unused)
{
    (void)unused;
    const mote_parallel parallel = {.thread_count = 4};
    assert_int_equal(mote_parallel_task_count(&parallel, 0, 100), 1);
    assert_int_equal(mote_parallel_task_count(&parallel, 199, 100), 1);
    assert_int_equal(mote_parallel_task_count(&parallel, 200, 100), 2);
    assert_int_equal(mote_parallel_task_count(&parallel, 100000, 100), 4);
    assert_int_equal(mote_parallel_task_count(NULL, 100000, 100), 1);
}

static void assert_parts_cover(size_t count, size_t task_count)
{
    size_t end = 0;
    for (size_t task = 0; task < task_count; task++) {
        size_t first = 0;
        const size_t part = mote_parallel_part(count, task, task_count, &first);
        assert_int_equal(first, end);
        assert_in_range(part, count / task_count, count / task_count + 1);
        end = first + part;
    }
    assert_int_equal(end, count);
}

static void parts_cover_the_work_once_and_evenly(void **unused)
{
    (void)unused;
    for (size_t count = 0; count < 40; count++) {
        for (size_t task_count = 1; task_count < 9; task_count++)
            assert_parts_cover(count, task_count);
    }
}

static void parts_of_huge_work_do_not_overflow(void **unused)
{
    (void)unused;
    size_t first = 0;
    const size_t part = mote_parallel_part(SIZE_MAX, 2, 3, &first);
    assert_true(first == SIZE_MAX / 3 * 2);
    assert_true(part == SIZE_MAX / 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_tasks_go_to_the_pool),
        cmocka_unit_test(one_task_runs_in_the_caller),
        cmocka_unit_test(without_a_pool_all_tasks_run_in_the_caller),
        cmocka_unit_test(no_tasks_are_no_calls),
        cmocka_unit_test(tasks_have_at_least_a_grain_of_work),
        cmocka_unit_test(parts_cover_the_work_once_and_evenly),
        cmocka_unit_test(parts_of_huge_work_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
