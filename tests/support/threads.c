// SPDX-License-Identifier: Apache-2.0
// Real threads for each call, so that the thread sanitizer sees what tasks share.
#include "support/threads.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define THREADS_MAX 8U

typedef struct thread_call {
    mote_parallel_task *task;
    void *argument;
    size_t index, count;
} thread_call;

static void *run_thread(void *argument)
{
    const thread_call *const call = argument;
    call->task(call->argument, call->index, call->count);
    return NULL;
}

static void run_threads(void *user, mote_parallel_task *task, void *argument, size_t task_count)
{
    (void)user;
    pthread_t threads[THREADS_MAX];
    thread_call calls[THREADS_MAX];
    assert_true(task_count <= THREADS_MAX);
    for (size_t i = 0; i < task_count; i++) {
        calls[i] = (thread_call){task, argument, i, task_count};
        assert_int_equal(pthread_create(&threads[i], NULL, run_thread, &calls[i]), 0);
    }
    for (size_t i = 0; i < task_count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

mote_parallel mote_test_threads(size_t thread_count)
{
    return (mote_parallel){.thread_count = thread_count, .run = run_threads};
}

#ifdef __x86_64__
bool mote_test_cpu_has(mote_cpu_level level)
{
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return level == MOTE_CPU_SCALAR || (level == MOTE_CPU_AVX2 && avx2) ||
           (level == MOTE_CPU_AVX512 && avx2 && avx512);
}
#elif defined(__aarch64__)
bool mote_test_cpu_has(mote_cpu_level level)
{
    return level == MOTE_CPU_SCALAR || level == MOTE_CPU_NEON;
}
#else
bool mote_test_cpu_has(mote_cpu_level level)
{
    return level == MOTE_CPU_SCALAR;
}
#endif
