// SPDX-License-Identifier: Apache-2.0
// A mote_worker over POSIX threads.
#include "os/error.h"
#include "os/os.h"

#include <pthread.h>
#include <signal.h>

struct mote_worker {
    const mote_allocator *allocator;
    void (*run)(void *argument);
    void *argument;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t change;
};

static void *run_worker(void *argument)
{
    const mote_worker *const worker = argument;
    worker->run(worker->argument);
    return NULL;
}

static void release(mote_worker *worker)
{
    mote_os_expect(pthread_cond_destroy(&worker->change));
    mote_os_expect(pthread_mutex_destroy(&worker->lock));
    (void)worker->allocator->reallocate(worker->allocator->user, worker, sizeof *worker, 0);
}

/// Reading and moving bytes takes little; what a process has by default may be more than all else.
#define STACK_BYTES ((size_t)1 << 20)

/// Signals are for the program's threads.
static bool start(mote_worker *worker)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    mote_os_expect(pthread_attr_setstacksize(&attributes, STACK_BYTES));
    (void)sigfillset(&all);
    mote_os_expect(pthread_sigmask(SIG_SETMASK, &all, &before));
    const int error = pthread_create(&worker->thread, &attributes, run_worker, worker);
    mote_os_expect(pthread_sigmask(SIG_SETMASK, &before, NULL));
    mote_os_expect(pthread_attr_destroy(&attributes));
    return error == 0;
}

mote_status mote_worker_create(const mote_allocator *allocator, void (*run)(void *argument),
                               void *argument, mote_worker **worker)
{
    mote_worker *const made = allocator->reallocate(allocator->user, NULL, 0, sizeof *made);
    if (!made)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu bytes of memory could not be had", sizeof *made);
    *made = (mote_worker){.allocator = allocator, .run = run, .argument = argument};
    mote_os_expect(pthread_mutex_init(&made->lock, NULL));
    mote_os_expect(pthread_cond_init(&made->change, NULL));
    *worker = made;
    if (!start(made)) {
        release(made);
        *worker = NULL;
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "a thread could not be had");
    }
    return MOTE_OK;
}

void mote_worker_destroy(mote_worker **worker)
{
    mote_worker *const old = *worker;
    if (!old)
        return;
    mote_os_expect(pthread_join(old->thread, NULL));
    release(old);
    *worker = NULL;
}

void mote_worker_lock(mote_worker *worker)
{
    mote_os_expect(pthread_mutex_lock(&worker->lock));
}

void mote_worker_unlock(mote_worker *worker)
{
    mote_os_expect(pthread_mutex_unlock(&worker->lock));
}

void mote_worker_wait(mote_worker *worker)
{
    mote_os_expect(pthread_cond_wait(&worker->change, &worker->lock));
}

void mote_worker_wake(mote_worker *worker)
{
    mote_os_expect(pthread_cond_signal(&worker->change));
}
