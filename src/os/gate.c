// SPDX-License-Identifier: Apache-2.0
// A mote_gate over POSIX threads. Passing an open one reads a flag and takes no lock.
#include "os/error.h"
#include "os/os.h"

#include <pthread.h>
#include <stdatomic.h>

struct mote_gate {
    const mote_allocator *allocator;
    atomic_bool is_closed; // changes with the lock held
    pthread_mutex_t lock;
    pthread_cond_t opened;
};

mote_status mote_gate_create(const mote_allocator *allocator, mote_gate **gate)
{
    mote_gate *const made = allocator->reallocate(allocator->user, NULL, 0, sizeof *made);
    if (!made)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu bytes of memory could not be had", sizeof *made);
    made->allocator = allocator;
    atomic_init(&made->is_closed, false);
    mote_os_expect(pthread_mutex_init(&made->lock, NULL));
    mote_os_expect(pthread_cond_init(&made->opened, NULL));
    *gate = made;
    return MOTE_OK;
}

void mote_gate_destroy(mote_gate **gate)
{
    mote_gate *const old = *gate;
    if (!old)
        return;
    mote_os_expect(pthread_cond_destroy(&old->opened));
    mote_os_expect(pthread_mutex_destroy(&old->lock));
    (void)old->allocator->reallocate(old->allocator->user, old, sizeof *old, 0);
    *gate = NULL;
}

static void set_closed(mote_gate *gate, bool is_closed)
{
    mote_os_expect(pthread_mutex_lock(&gate->lock));
    atomic_store(&gate->is_closed, is_closed);
    if (!is_closed)
        mote_os_expect(pthread_cond_broadcast(&gate->opened));
    mote_os_expect(pthread_mutex_unlock(&gate->lock));
}

void mote_gate_close(mote_gate *gate)
{
    set_closed(gate, true);
}

void mote_gate_open(mote_gate *gate)
{
    set_closed(gate, false);
}

void mote_gate_pass(mote_gate *gate)
{
    if (!atomic_load_explicit(&gate->is_closed, memory_order_relaxed))
        return;
    mote_os_expect(pthread_mutex_lock(&gate->lock));
    while (atomic_load(&gate->is_closed))
        mote_os_expect(pthread_cond_wait(&gate->opened, &gate->lock));
    mote_os_expect(pthread_mutex_unlock(&gate->lock));
}
