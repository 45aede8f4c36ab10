// SPDX-License-Identifier: Apache-2.0
// Moves blocks between the arena and the swap file, or from a file of weights, on a thread of its own, in the order that the
// program says. The thread that computes says how far it may go, and waits only for what the next operation needs.
#include "exec/transfer.h"

#include "os/os.h"

#include <assert.h>
#include <stdio.h>

struct mote_transfers {
    const mote_allocator *allocator;
    const mote_state *state;
    mote_worker *worker; // whose lock is for all that follows
    bool is_over;
    const mote_program *program;
    size_t begun, done; // of the program's transfers
    mote_status failed; // MOTE_OK: none has
    char message[512];  // of the failure
    mote_transfer_count count;
};

static mote_status move(const mote_transfers *t, const mote_transfer *transfer)
{
    unsigned char *const place = t->program->base + transfer->offset;
    const mote_swap_file *const file = t->state->swap;
    if (transfer->is_store)
        return mote_swap_file_write(file, transfer->home, place, transfer->bytes);
    if (transfer->state == MOTE_ABSENT || !mote_state_is_borrowed(t->state, transfer->state))
        return mote_swap_file_read(file, transfer->home, place, transfer->bytes);
    const mote_state_block *const block = &t->state->blocks[transfer->state];
    return mote_state_read_borrowed(t->state, transfer->state, 0, place, block->bytes);
}

/// The lock is held before and after, not meanwhile.
static void run_next(mote_transfers *t)
{
    const mote_transfer *transfer = &t->program->transfers[t->done];
    mote_worker_unlock(t->worker);
    const mote_status status = move(t, transfer);
    mote_worker_lock(t->worker);
    t->failed = status;
    if (status != MOTE_OK) {
        (void)snprintf(t->message, sizeof t->message, "%.500s", mote_last_error()->message);
    } else {
        t->count.loaded_bytes += transfer->is_store ? 0 : transfer->bytes;
        t->count.stored_bytes += transfer->is_store ? transfer->bytes : 0;
        t->done++;
    }
    mote_worker_wake(t->worker);
}

static void run_transfers(void *argument)
{
    mote_transfers *const t = argument;
    mote_worker_lock(t->worker);
    while (!t->is_over) {
        if (t->failed == MOTE_OK && t->done < t->begun)
            run_next(t);
        else
            mote_worker_wait(t->worker);
    }
    mote_worker_unlock(t->worker);
}

mote_status mote_transfers_create(const mote_allocator *allocator, const mote_state *state,
                                  mote_transfers **transfers)
{
    mote_transfers *const made = allocator->reallocate(allocator->user, NULL, 0, sizeof *made);
    if (!made)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu bytes of memory could not be had", sizeof *made);
    *made = (mote_transfers){.allocator = allocator, .state = state};
    const mote_status status = mote_worker_create(allocator, run_transfers, made, &made->worker);
    if (status == MOTE_OK)
        *transfers = made;
    else
        (void)allocator->reallocate(allocator->user, made, sizeof *made, 0);
    return status;
}

void mote_transfers_destroy(mote_transfers **transfers)
{
    mote_transfers *const old = *transfers;
    if (!old)
        return;
    mote_worker_lock(old->worker);
    old->is_over = true;
    mote_worker_wake(old->worker);
    mote_worker_unlock(old->worker);
    mote_worker_destroy(&old->worker);
    (void)old->allocator->reallocate(old->allocator->user, old, sizeof *old, 0);
    *transfers = NULL;
}

mote_transfer_count mote_transfers_count(mote_transfers *transfers)
{
    if (!transfers)
        return (mote_transfer_count){.wait_ns = 0};
    mote_worker_lock(transfers->worker);
    const mote_transfer_count count = transfers->count;
    mote_worker_unlock(transfers->worker);
    return count;
}

/// With the lock held: until so many are done, or one has failed.
static void wait_for(mote_transfers *t, size_t count)
{
    if (t->done >= count || t->failed != MOTE_OK)
        return;
    const uint64_t begin = mote_clock_ns();
    while (t->done < count && t->failed == MOTE_OK)
        mote_worker_wait(t->worker);
    t->count.wait_ns += mote_clock_ns() - begin;
}

void mote_transfers_halt(mote_transfers *transfers)
{
    if (!transfers)
        return;
    mote_worker_lock(transfers->worker);
    wait_for(transfers, transfers->begun);
    transfers->begun = transfers->done = 0;
    transfers->failed = MOTE_OK;
    mote_worker_unlock(transfers->worker);
}

static mote_status raise_failure(const mote_transfers *t)
{
    return t->failed == MOTE_OK
               ? MOTE_OK
               : MOTE_RAISE(MOTE_ERROR_IO, "memory could not be swapped: %s", t->message);
}

mote_status mote_transfers_begin(const mote_program *program, size_t index,
                                 mote_transfers *transfers)
{
    const mote_operation *operation = &program->operations[index];
    if (index > 0 && operation->begun == program->operations[index - 1].begun &&
        operation->awaited_before == 0)
        return MOTE_OK;
    mote_worker_lock(transfers->worker);
    if (index == 0) {
        assert(transfers->done == transfers->begun);
        transfers->program = program;
        transfers->begun = transfers->done = 0;
    }
    transfers->begun = operation->begun;
    mote_worker_wake(transfers->worker);
    wait_for(transfers, operation->awaited_before);
    const mote_status status = raise_failure(transfers);
    mote_worker_unlock(transfers->worker);
    return status;
}

mote_status mote_transfers_end(const mote_program *program, size_t index, mote_transfers *transfers)
{
    const size_t awaited = program->operations[index].awaited_behind;
    if (awaited == 0)
        return MOTE_OK;
    mote_worker_lock(transfers->worker);
    if (awaited > transfers->begun) { // behind the last operation
        transfers->begun = awaited;
        mote_worker_wake(transfers->worker);
    }
    wait_for(transfers, awaited);
    const mote_status status = raise_failure(transfers);
    mote_worker_unlock(transfers->worker);
    return status;
}
