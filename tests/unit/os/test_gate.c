// SPDX-License-Identifier: Apache-2.0
// Threads wait at a gate while it is closed.
#include "os/os.h"
#include "support/expect.h"
#include "support/failing_allocator.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

typedef struct walk {
    mote_gate *gate;
    atomic_size_t passed;
} walk;

static void *pass(void *user)
{
    walk *const w = user;
    mote_gate_pass(w->gate);
    atomic_fetch_add(&w->passed, 1);
    return NULL;
}

static void all_that_wait_pass_when_it_opens(void **state)
{
    const struct timespec time = {.tv_nsec = 50000000};
    pthread_t threads[3];
    walk w = {.gate = NULL};
    (void)state;
    expect_ok(mote_gate_create(mote_allocator_default(), &w.gate));
    mote_gate_pass(w.gate); // it is open at first
    mote_gate_close(w.gate);
    mote_gate_close(w.gate);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, pass, &w), 0);
    (void)nanosleep(&time, NULL);
    assert_int_equal(atomic_load(&w.passed), 0);
    mote_gate_open(w.gate);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&w.passed), 3);
    mote_gate_pass(w.gate);
    mote_gate_destroy(&w.gate);
    assert_null(w.gate);
    mote_gate_destroy(&w.gate);
}

static void memory_that_cannot_be_had_is_an_error(void **state)
{
    failing_allocator failing;
    mote_gate *gate = NULL;
    (void)state;
    failing_allocator_init(&failing, 1, true);
    expect_raises(mote_gate_create(&failing.allocator, &gate), MOTE_ERROR_MEMORY, "memory");
    assert_null(gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_wait_pass_when_it_opens),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
