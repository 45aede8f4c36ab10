// SPDX-License-Identifier: Apache-2.0
// The measured rate of fused multiply-adds.
#include "os/os.h"

#include "support/expect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/// As a plain loop reaches it: one chain of scalar operations that each wait for the one before.
static double measure_chain(void)
{
    const uint64_t count = 1U << 22U;
    volatile double half = 0.5;
    double sum = half;
    const uint64_t begin = mote_clock_ns();
    for (uint64_t i = 0; i < count; i++)
        sum = sum * 0.5 + 0.5;
    const uint64_t ns = mote_clock_ns() - begin;
    half = sum;
    return (double)count * 1e9 / (double)(ns ? ns : 1);
}

static void the_peak_is_far_above_one_chain_of_products_and_sums(void **unused)
{
    (void)unused;
    if (MOTE_IS_EMULATED)
        skip(); // where an instruction takes as long as its lanes one by one
    const double peak = mote_cpu_measure_peak(NULL, 1);
    assert_true(isfinite(peak));
    assert_true(peak > 2.0 * measure_chain());
}

/// Runs the tasks one after the other and counts them.
static void run_in_turn(void *user, mote_parallel_task *task, void *argument, size_t task_count)
{
    size_t *tasks = (size_t *)user;
    for (size_t i = 0; i < task_count; i++)
        task(argument, i, task_count);
    *tasks += task_count;
}

static void it_is_measured_with_as_many_tasks_as_wanted(void **unused)
{
    (void)unused;
    size_t tasks = 0;
    const mote_parallel parallel = {.user = &tasks, .thread_count = 4, .run = run_in_turn};
    assert_true(mote_cpu_measure_peak(&parallel, 3) > 0.0);
    assert_true(tasks >= 3);
    assert_int_equal(tasks % 3, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_peak_is_far_above_one_chain_of_products_and_sums),
        cmocka_unit_test(it_is_measured_with_as_many_tasks_as_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
