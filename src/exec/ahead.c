// SPDX-License-Identifier: Apache-2.0
// Reads batches ahead, on a thread of its own, into memory that the plan leaves free. The thread that runs the program says
// how far it may go, and takes what is there when the batch's own step comes.
#include "exec/ahead.h"

#include "base/size.h"
#include "os/os.h"

#include <assert.h>

#ifdef NDEBUG
static const bool is_always_on = false;
#else
static const bool is_always_on = true; // tests see it on every machine
#endif

/// Reading that takes less than this for a batch is not worth waking a thread.
#define WORTH_NS 250000U

/// What is read at once: for so long a READ may have to wait.
#define CHUNK_BYTES 65536U

/// The next batch of one port. The source calls it by `first_sample`, and its samples are read in the order of the parts.
typedef struct reading {
    const mote_operation *operation;
    const mote_source *source;
    uint64_t first_sample;
    size_t batch;
    size_t open; // samples that may be read
    size_t done; // samples that were
    bool is_busy;
    bool has_failed;
} reading;

/// Of reading, on all threads together.
typedef struct read_cost {
    uint64_t ns;
    bool has_waited; // for data
} read_cost;

struct mote_ahead {
    const mote_allocator *allocator;
    mote_worker *worker; // whose lock is for all that follows
    bool is_over;
    bool has_processor; // that computes nothing
    bool is_on;         // in this run of the program
    read_cost cost;     // since that began
    size_t reading_count;
    reading readings[]; // by port
};

mote_status mote_ahead_read(mote_ahead *ahead, const mote_source *source,
                            const mote_source_piece *piece, void *destination)
{
    const uint64_t wait_count = mote_thread_wait_count();
    const uint64_t begin = mote_clock_ns();
    const mote_status status = source->read(source->user, piece, destination);
    const uint64_t ns = mote_clock_ns() - begin;
    const bool has_waited = mote_thread_wait_count() != wait_count;
    mote_worker_lock(ahead->worker);
    ahead->cost.ns += ns;
    ahead->cost.has_waited = ahead->cost.has_waited || has_waited;
    mote_worker_unlock(ahead->worker);
    return status;
}

/// Something to read, or NULL.
static reading *find_open(mote_ahead *ahead)
{
    for (size_t i = 0; i < ahead->reading_count; i++) {
        reading *const r = &ahead->readings[i];
        if (r->done < r->open && !r->has_failed)
            return r;
    }
    return NULL;
}

/// A few samples. The lock is held before and after, not meanwhile.
static void read_chunk(mote_ahead *ahead, reading *r)
{
    const mote_operation *operation = r->operation;
    const mote_source *source = r->source;
    const mote_read_run run = mote_read_find_run(operation, r->batch, r->done);
    const size_t most = mote_size_max(CHUNK_BYTES / mote_read_sample_bytes(operation), 1);
    const mote_source_piece piece = {
        .port = operation->port,
        .spec = operation->tensors[0].spec,
        .first_sample = r->first_sample + run.first,
        .sample_count = mote_size_min(mote_size_min(run.count, r->open - r->done), most),
        .element_count = mote_shape_elements(&operation->tensors[0].spec->shape),
        .reader = source->reader_count - 1};
    r->is_busy = true;
    mote_worker_unlock(ahead->worker);
    const mote_status status = mote_ahead_read(ahead, source, &piece, run.place);
    mote_worker_lock(ahead->worker);
    r->is_busy = false;
    r->done += piece.sample_count;
    r->has_failed = status != MOTE_OK;
    mote_worker_wake(ahead->worker);
}

static void run_reader(void *argument)
{
    mote_ahead *const ahead = argument;
    mote_worker_lock(ahead->worker);
    while (!ahead->is_over) {
        reading *const r = find_open(ahead);
        if (r)
            read_chunk(ahead, r);
        else
            mote_worker_wait(ahead->worker);
    }
    mote_worker_unlock(ahead->worker);
}

static size_t ahead_bytes(size_t reading_count)
{
    return sizeof(mote_ahead) + reading_count * sizeof(reading);
}

static void release(mote_ahead *ahead)
{
    (void)ahead->allocator->reallocate(ahead->allocator->user, ahead,
                                       ahead_bytes(ahead->reading_count), 0);
}

mote_status mote_ahead_create(const mote_allocator *allocator, size_t port_count,
                              size_t thread_count, mote_ahead **ahead)
{
    const size_t bytes = ahead_bytes(port_count);
    mote_ahead *const made = allocator->reallocate(allocator->user, NULL, 0, bytes);
    if (!made)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu bytes of memory could not be had", bytes);
    *made = (mote_ahead){.allocator = allocator,
                         .has_processor = thread_count < mote_cpu_count(),
                         .reading_count = port_count};
    for (size_t i = 0; i < port_count; i++)
        made->readings[i] = (reading){.open = 0};
    const mote_status status = mote_worker_create(allocator, run_reader, made, &made->worker);
    if (status == MOTE_OK)
        *ahead = made;
    else
        release(made);
    return status;
}

void mote_ahead_destroy(mote_ahead **ahead)
{
    mote_ahead *const old = *ahead;
    if (!old)
        return;
    mote_worker_lock(old->worker);
    old->is_over = true;
    mote_worker_wake(old->worker);
    mote_worker_unlock(old->worker);
    mote_worker_destroy(&old->worker);
    release(old);
    *ahead = NULL;
}

/// With the lock held: nothing more of it is read.
static void close_reading(const mote_ahead *ahead, reading *r)
{
    r->open = 0;
    while (r->is_busy)
        mote_worker_wait(ahead->worker);
}

void mote_ahead_halt(mote_ahead *ahead)
{
    if (!ahead)
        return;
    mote_worker_lock(ahead->worker);
    for (size_t i = 0; i < ahead->reading_count; i++) {
        close_reading(ahead, &ahead->readings[i]);
        ahead->readings[i] = (reading){.open = 0};
    }
    mote_worker_unlock(ahead->worker);
}

/// Only the thread that runs the program changes what is open, so it may look without the lock.
static void open_reading(mote_ahead *ahead, const mote_operation *operation, size_t open,
                         const mote_execution *execution)
{
    reading *const r = &ahead->readings[operation->port];
    if (r->open == open)
        return;
    mote_worker_lock(ahead->worker);
    r->operation = operation;
    r->source = execution->source;
    r->first_sample = execution->first_sample + execution->batch;
    r->batch = execution->next_batch;
    r->open = open;
    mote_worker_wake(ahead->worker);
    mote_worker_unlock(ahead->worker);
}

/// By the run before: a thread more is of use where a processor computes nothing, or would have to wait for data, and where
/// there is enough to read.
static void decide(mote_ahead *ahead)
{
    mote_worker_lock(ahead->worker);
    const read_cost cost = ahead->cost;
    ahead->cost = (read_cost){0, false};
    mote_worker_unlock(ahead->worker);
    const bool is_free = ahead->has_processor || cost.has_waited;
    ahead->is_on = (is_free && cost.ns >= WORTH_NS) || is_always_on;
}

void mote_ahead_open(const mote_program *program, size_t index, const mote_execution *execution)
{
    if (index == 0)
        decide(execution->ahead);
    if (execution->next_batch == 0 || !execution->ahead->is_on)
        return;
    for (size_t i = 0; i < program->read_count; i++) {
        const mote_operation *operation = &program->operations[program->reads[i]];
        size_t open = 0;
        for (size_t j = 0; j < operation->part_count && operation->parts[j].operation <= index; j++)
            open += mote_read_count_part(&operation->parts[j], execution->next_batch);
        if (index > program->reads[i])
            open_reading(execution->ahead, operation, open, execution);
    }
}

size_t mote_ahead_take(const mote_operation *operation, const mote_execution *execution,
                       bool *has_failed)
{
    mote_ahead *const ahead = execution->ahead;
    reading *const r = &ahead->readings[operation->port];
    if (r->open == 0)
        return 0;
    mote_worker_lock(ahead->worker);
    close_reading(ahead, r);
    assert(r->operation == operation && r->batch == execution->batch &&
           r->first_sample == execution->first_sample);
    const size_t done = r->done;
    *has_failed = r->has_failed;
    *r = (reading){.open = 0};
    mote_worker_unlock(ahead->worker);
    return done;
}
