// SPDX-License-Identifier: Apache-2.0
// A mote_parallel over libpthreadpool.
#include "os/os.h"

#include <assert.h>
#include <pthread.h>
#include <pthreadpool.h>
#include <stdatomic.h>

struct mote_thread_pool {
    const mote_allocator *allocator;
    pthreadpool_t workers;
    bool may_spin; // there is a processor for each thread
    bool is_awake; // threads may still be looking for the next job
};

/// The library hands jobs over with atomics of its own, but ThreadSanitizer does not see into it.
/// The two counters say the same in our code: what the caller wrote before the call is seen by each
/// task (`started`: release, acquire), what each task wrote is seen after the call (`finished`:
/// likewise).
typedef struct job {
    mote_parallel_task *task;
    void *argument;
    size_t task_count;
    atomic_size_t started;
    atomic_size_t finished;
} job;

static void run_task(void *context, size_t index)
{
    job *const j = context;
    (void)atomic_load_explicit(&j->started, memory_order_acquire);
    j->task(j->argument, index, j->task_count);
    (void)atomic_fetch_add_explicit(&j->finished, 1, memory_order_release);
}

/// Waking a thread takes longer than many operations. So those of a step are run by threads that look for the next job for some
/// milliseconds, and sleep when the step is over.
static void run_job(void *user, mote_parallel_task *task, void *argument, size_t task_count)
{
    mote_thread_pool *const pool = user;
    job j = {.task = task, .argument = argument, .task_count = task_count};
    atomic_init(&j.started, 0);
    atomic_init(&j.finished, 0);
    atomic_store_explicit(&j.started, task_count, memory_order_release);
    // the flag for denormals stays away: numbers near zero are the same on every thread
    pthreadpool_parallelize_1d(pool->workers, run_task, &j, task_count,
                               pool->may_spin ? 0 : PTHREADPOOL_FLAG_YIELD_WORKERS);
    pool->is_awake = pool->may_spin;
    const size_t finished = atomic_load_explicit(&j.finished, memory_order_acquire);
    assert(finished == task_count);
    (void)finished;
}

static void do_nothing(void *context, size_t index)
{
    (void)context;
    (void)index;
}

static void rest(void *user)
{
    mote_thread_pool *const pool = user;
    if (pool->is_awake)
        pthreadpool_parallelize_1d(pool->workers, do_nothing, NULL,
                                   pthreadpool_get_threads_count(pool->workers),
                                   PTHREADPOOL_FLAG_YIELD_WORKERS);
    pool->is_awake = false;
}

static void run_serial(void *user, mote_parallel_task *task, void *argument, size_t task_count)
{
    (void)user;
    for (size_t i = 0; i < task_count; i++)
        task(argument, i, task_count);
}

static void *wait_for_gate(void *gate)
{
    (void)pthread_mutex_lock(gate);
    (void)pthread_mutex_unlock(gate);
    return NULL;
}

/// Whether the system gives that many threads, which live at the same time for a moment. The library waits for ever
/// for one that it could not make.
static bool can_make_threads(size_t count)
{
    pthread_t threads[MOTE_THREADS_MAX];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    size_t made = 0;
    (void)pthread_mutex_lock(&gate);
    while (made < count && pthread_create(&threads[made], NULL, wait_for_gate, &gate) == 0)
        made++;
    (void)pthread_mutex_unlock(&gate);
    for (size_t i = 0; i < made; i++)
        (void)pthread_join(threads[i], NULL);
    return made == count;
}

static pthreadpool_t make_workers(size_t thread_count)
{
    return can_make_threads(thread_count - 1) ? pthreadpool_create(thread_count) : NULL;
}

mote_status mote_thread_pool_create(const mote_allocator *allocator, size_t thread_count,
                                    mote_thread_pool **pool, mote_parallel *parallel)
{
    if (thread_count == 0 || thread_count > MOTE_THREADS_MAX)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%zu threads: expected 1 to %u", thread_count,
                          MOTE_THREADS_MAX);
    mote_thread_pool *const made = allocator->reallocate(allocator->user, NULL, 0, sizeof *made);
    if (!made)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu bytes of memory could not be had", sizeof *made);
    *made =
        (mote_thread_pool){.allocator = allocator, .may_spin = thread_count <= mote_cpu_count()};
    if (thread_count > 1) {
        made->workers = make_workers(thread_count);
        if (!made->workers) {
            mote_thread_pool *unmade = made;
            mote_thread_pool_destroy(&unmade);
            return MOTE_RAISE(MOTE_ERROR_MEMORY, "a pool of %zu threads could not be had",
                              thread_count);
        }
    }
    *pool = made;
    *parallel = (mote_parallel){
        .user = made,
        .thread_count = thread_count,
        .run = made->workers ? run_job : run_serial,
        .rest = made->workers ? rest : NULL,
    };
    return MOTE_OK;
}

void mote_thread_pool_destroy(mote_thread_pool **pool)
{
    mote_thread_pool *const old = *pool;
    if (!old)
        return;
    if (old->workers)
        pthreadpool_destroy(old->workers);
    (void)old->allocator->reallocate(old->allocator->user, old, sizeof *old, 0);
    *pool = NULL;
}
