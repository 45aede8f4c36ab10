// SPDX-License-Identifier: Apache-2.0
// A thread beside the pool, and what it shares.
#include "os/os.h"

#include "base/status.h"
#include "support/expect.h"
#include "support/failing_allocator.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROUNDS 1000

/// A ball between two threads.
typedef struct game {
    mote_worker *worker;
    pthread_t thread;
    int wanted, done;
} game;

static void follow(void *argument)
{
    game *const g = argument;
    mote_worker_lock(g->worker);
    g->thread = pthread_self();
    while (g->done < ROUNDS) {
        while (g->wanted == g->done)
            mote_worker_wait(g->worker);
        g->done = g->wanted;
        mote_worker_wake(g->worker);
    }
    mote_worker_unlock(g->worker);
}

static void two_threads_take_turns(void **unused)
{
    (void)unused;
    game g = {.wanted = 0};
    expect_ok(mote_worker_create(mote_allocator_default(), follow, &g, &g.worker));
    for (int i = 1; i <= ROUNDS; i++) {
        mote_worker_lock(g.worker);
        g.wanted = i;
        mote_worker_wake(g.worker);
        while (g.done < i)
            mote_worker_wait(g.worker);
        mote_worker_unlock(g.worker);
    }
    mote_worker_destroy(&g.worker);
    assert_null(g.worker);
    assert_int_equal(g.done, ROUNDS);
    assert_false(pthread_equal(g.thread, pthread_self()));
    mote_worker_destroy(&g.worker);
}

static void stop_at_once(void *argument)
{
    (void)argument;
}

static mote_status create_and_destroy(const mote_allocator *allocator, void *user)
{
    mote_worker *worker = NULL;
    MOTE_TRY(mote_worker_create(allocator, stop_at_once, user, &worker));
    mote_worker_destroy(&worker);
    return MOTE_OK;
}

static void a_failed_allocation_is_reported_and_leaves_nothing_behind(void **unused)
{
    (void)unused;
    assert_int_equal(failing_allocator_sweep(create_and_destroy, NULL), 1);
}

static void a_thread_knows_that_it_has_waited(void **unused)
{
    (void)unused;
    const uint64_t before = mote_thread_wait_count();
    two_threads_take_turns(unused);
    assert_true(mote_thread_wait_count() > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_threads_take_turns),
        cmocka_unit_test(a_failed_allocation_is_reported_and_leaves_nothing_behind),
        cmocka_unit_test(a_thread_knows_that_it_has_waited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
