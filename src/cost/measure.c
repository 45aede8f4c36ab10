// SPDX-License-Identifier: Apache-2.0
// Measures a device: the median of some calls is taken, since what runs beside a training slows it down as well.
#include "cost/measure.h"

#include "base/size.h"
#include "os/os.h"

#include <stdio.h>

#define CALLS_MAX 99U
#define CALLS_MIN 3U
#define CALLS_NS  25000000.0 // enough of a probe

// transfers: of blocks as small networks have them, and so few that slow storage takes little more than a second
#define SWAP_BYTES  ((size_t)32 << 20U)
#define LARGE_BYTES ((size_t)2 << 20U)
#define SMALL_BYTES ((size_t)32 << 10U)
#define SMALL_COUNT ((size_t)16)
#define SWAP_NS     300000000U // enough of a size and a direction

// computing beside transfers
#define SHARE_NS     50000000.0
#define SHARE_ROUNDS 5U

#define CACHE_BYTES_MIN ((size_t)4 << 20U)

/// Of the time of a probe that is left for a rate when all that is known of it is taken off, at least.
#define REST_MIN 0.2

/// Times of calls, sorted.
typedef struct times {
    double ns[CALLS_MAX];
    size_t count;
    double sum;
} times;

/// Behind `count` sorted ones, so that they stay sorted.
static void insert(double *sorted, size_t count, double value)
{
    for (; count > 0 && sorted[count - 1] > value; count--)
        sorted[count] = sorted[count - 1];
    sorted[count] = value;
}

static void add_time(times *t, uint64_t begin_ns)
{
    const double ns = (double)(mote_clock_ns() - begin_ns);
    insert(t->ns, t->count++, ns);
    t->sum += ns;
}

/// One call of a slow device is enough.
static bool is_enough(const times *t)
{
    const bool is_long = t->sum >= CALLS_NS;
    return t->count == CALLS_MAX || (is_long && (t->count >= CALLS_MIN || t->sum >= 2 * CALLS_NS));
}

/// No clock is so fine that it was nothing.
static double median(const times *t)
{
    const double ns = t->ns[t->count / 2];
    return ns > 1.0 ? ns : 1.0;
}

static double time_probe(const mote_probe *probe)
{
    times t = {.count = 0};
    probe->run(probe); // fills caches
    while (!is_enough(&t)) {
        const uint64_t begin_ns = mote_clock_ns();
        probe->run(probe);
        add_time(&t, begin_ns);
    }
    return median(&t);
}

/// Kernels on so many threads: one, or all.
typedef struct bench {
    mote_cost_device device;
    mote_real *data;
    mote_rates *rates;
} bench;

/// What of the probe's time is that of a class, by what is known of the others.
static double find_rate(const bench *b, const mote_probe *probe, double ns,
                        mote_effort_class wanted)
{
    double rest = ns - probe->bytes / b->rates->near_bytes;
    for (size_t i = 0; i < MOTE_EFFORT_COUNT; i++) {
        if (i != wanted && probe->effort.amounts[i] > 0.0)
            rest -= probe->effort.amounts[i] / b->rates->amounts[i];
    }
    rest = rest > REST_MIN * ns ? rest : REST_MIN * ns;
    return probe->effort.amounts[wanted] / rest;
}

static void measure_class(const bench *b, mote_effort_class wanted)
{
    const mote_probe probe = mote_probe_make(&b->device, wanted, false, b->data);
    b->rates->amounts[wanted] = find_rate(b, &probe, time_probe(&probe), wanted);
}

/// Multiply-adds by a wide product, elements by a narrow one, each without what the other explains.
static void measure_pair(const bench *b, mote_effort_class work, mote_effort_class elements)
{
    const mote_probe wide = mote_probe_make(&b->device, work, false, b->data);
    const mote_probe narrow = mote_probe_make(&b->device, elements, true, b->data);
    const double wide_ns = time_probe(&wide);
    const double narrow_ns = time_probe(&narrow);
    b->rates->amounts[elements] = 1e9;
    for (size_t i = 0; i < 8; i++) {
        b->rates->amounts[work] = find_rate(b, &wide, wide_ns, work);
        b->rates->amounts[elements] = find_rate(b, &narrow, narrow_ns, elements);
    }
}

static double measure_bytes(const bench *b, size_t bytes)
{
    const mote_probe probe = mote_probe_bytes(&b->device, bytes, b->data);
    return probe.bytes / time_probe(&probe);
}

static void measure_rates(const bench *b)
{
    b->rates->near_bytes = measure_bytes(b, CACHE_BYTES_MIN);
    b->rates->far_bytes = measure_bytes(b, MOTE_PROBE_BYTES);
    measure_pair(b, MOTE_EFFORT_MULTIPLY, MOTE_EFFORT_PANEL);
    measure_pair(b, MOTE_EFFORT_CONVOLVE, MOTE_EFFORT_PATCH);
    measure_class(b, MOTE_EFFORT_DEPTHWISE);
    measure_class(b, MOTE_EFFORT_WINDOW);
    measure_class(b, MOTE_EFFORT_NORMALIZE);
    measure_class(b, MOTE_EFFORT_FUNCTION);
    measure_class(b, MOTE_EFFORT_APPLY);
}

/// The largest size that is nearer to a cache's rate than to memory's.
static double find_cache(const bench *b)
{
    const double between = b->rates->near_bytes * b->rates->far_bytes;
    size_t bytes = CACHE_BYTES_MIN;
    while (2 * bytes < MOTE_PROBE_BYTES) {
        const double rate = measure_bytes(b, 2 * bytes);
        if (rate * rate < between)
            break;
        bytes *= 2;
    }
    return (double)bytes;
}

static void run_one(void *user, mote_parallel_task *task, void *argument, size_t task_count)
{
    (void)user;
    for (size_t i = 0; i < task_count; i++)
        task(argument, i, task_count);
}

static void measure_kernels(const mote_cost_device *device, mote_real *data, mote_cost *cost)
{
    const mote_parallel alone = {.thread_count = 1, .run = run_one};
    bench b = {.device = *device, .data = data, .rates = &cost->one};
    b.device.parallel = &alone;
    const mote_probe least = mote_probe_least(&b.device, data);
    cost->operation_ns = time_probe(&least);
    measure_rates(&b);
    cost->cache_bytes = find_cache(&b);
    cost->all = cost->one;
    cost->split_ns = 0.0;
    if (device->parallel->thread_count == 1)
        return;
    b.device.parallel = device->parallel;
    b.rates = &cost->all;
    const mote_probe split = mote_probe_split(&b.device, data);
    const mote_probe serial = mote_probe_serial(&b.device, data);
    const double serial_ns = time_probe(&serial);
    const double split_ns = time_probe(&split);
    cost->split_ns = split_ns > serial_ns ? split_ns - serial_ns : 0.0;
    measure_rates(&b);
}

typedef mote_status transfer(const mote_swap_file *file, uint64_t offset, void *data, size_t bytes);

static mote_status store(const mote_swap_file *file, uint64_t offset, void *data, size_t bytes)
{
    return mote_swap_file_write(file, offset, data, bytes);
}

/// The mean of transfers, one behind the other: storage is often fast at first. In the end `*count` is how many there were, of at
/// most as many.
static mote_status time_transfers(const mote_swap_file *file, transfer *move, size_t bytes,
                                  void *data, size_t *count, double *ns)
{
    const uint64_t begin_ns = mote_clock_ns();
    size_t done = 0;
    while (done < *count && (done < CALLS_MIN || mote_clock_ns() - begin_ns < SWAP_NS)) {
        MOTE_TRY(move(file, done * bytes, data, bytes));
        done++;
    }
    *count = done;
    *ns = (double)(mote_clock_ns() - begin_ns) / (double)done;
    return MOTE_OK;
}

/// A fixed time, and so many bytes in a nanosecond, of at most `*count` large transfers.
static mote_status measure_transfer(const mote_swap_file *file, transfer *move, void *data,
                                    size_t *count, double *fixed_ns, double *rate)
{
    double large = 0.0;
    double small = 0.0;
    size_t small_count = SMALL_COUNT;
    MOTE_TRY(time_transfers(file, move, LARGE_BYTES, data, count, &large));
    MOTE_TRY(time_transfers(file, move, SMALL_BYTES, data, &small_count, &small));
    const double more = large - small > REST_MIN * large ? large - small : REST_MIN * large;
    *rate = (double)(LARGE_BYTES - SMALL_BYTES) / more;
    *fixed_ns = small - (double)SMALL_BYTES / *rate;
    *fixed_ns = *fixed_ns > 0.0 ? *fixed_ns : 0.0;
    return MOTE_OK;
}

/// Transfers of a thread of their own, until they are told to stop or fail.
typedef struct traffic {
    mote_worker *worker;
    const mote_swap_file *file;
    void *data;
    size_t count; // large blocks in the file
    bool is_stopped;
    mote_status status;
    char message[512]; // of the failure, which is the thread's own
    size_t moved;      // blocks that were stored and loaded again
} traffic;

static void move_blocks(void *user)
{
    traffic *const t = user;
    mote_status status = MOTE_OK;
    bool is_stopped = false;
    while (status == MOTE_OK && !is_stopped) {
        const uint64_t offset = t->moved % t->count * LARGE_BYTES;
        status = mote_swap_file_write(t->file, offset, t->data, LARGE_BYTES);
        if (status == MOTE_OK)
            status = mote_swap_file_read(t->file, offset, t->data, LARGE_BYTES);
        if (status != MOTE_OK)
            (void)snprintf(t->message, sizeof t->message, "%.500s", mote_last_error()->message);
        mote_worker_lock(t->worker);
        t->moved += status == MOTE_OK;
        t->status = status;
        is_stopped = t->is_stopped;
        mote_worker_unlock(t->worker);
    }
}

/// How many blocks were moved; `is_over`: no more will be.
static size_t ask(traffic *t, bool *is_over)
{
    mote_worker_lock(t->worker);
    const size_t moved = t->moved;
    *is_over = t->status != MOTE_OK;
    mote_worker_unlock(t->worker);
    return moved;
}

/// How much longer computing takes beside transfers, of what these would take alone.
static mote_status time_beside(const mote_probe *probe, traffic *t, double block_ns, double *share)
{
    const double alone_ns = time_probe(probe);
    double ns = 0.0;
    double calls = 0.0;
    size_t moved = 0;
    bool is_over = false;
    t->moved = 0;
    t->is_stopped = false;
    MOTE_TRY(mote_worker_create(mote_allocator_default(), move_blocks, t, &t->worker));
    const uint64_t begin_ns = mote_clock_ns();
    while (!is_over && (ns < SHARE_NS || moved == 0)) {
        probe->run(probe);
        calls += 1.0;
        moved = ask(t, &is_over);
        ns = (double)(mote_clock_ns() - begin_ns);
    }
    mote_worker_lock(t->worker);
    t->is_stopped = true;
    mote_worker_unlock(t->worker);
    mote_worker_destroy(&t->worker);
    const double more_ns = ns - calls * alone_ns;
    *share = moved > 0 && more_ns > 0.0 ? more_ns / ((double)moved * block_ns) : 0.0;
    return t->status == MOTE_OK ? MOTE_OK : MOTE_RAISE(t->status, "%s", t->message);
}

/// The median of some times. Product and transfers have parts of `data` of their own.
static mote_status measure_share(const mote_cost_device *device, const mote_swap_file *file,
                                 size_t count, mote_real *data, mote_cost *cost)
{
    const mote_probe probe = mote_probe_make(device, MOTE_EFFORT_MULTIPLY, false, data);
    traffic t = {.file = file,
                 .data = data + (MOTE_PROBE_BYTES - LARGE_BYTES) / sizeof *data,
                 .count = count};
    const double block_ns =
        mote_cost_load_ns(cost, LARGE_BYTES) + mote_cost_store_ns(cost, LARGE_BYTES);
    double shares[SHARE_ROUNDS];
    for (size_t i = 0; i < SHARE_ROUNDS; i++) {
        double share = 0.0;
        MOTE_TRY(time_beside(&probe, &t, block_ns, &share));
        insert(shares, i, share < MOTE_COST_SHARE_MAXIMUM ? share : MOTE_COST_SHARE_MAXIMUM);
    }
    cost->transfer_share = shares[SHARE_ROUNDS / 2];
    return MOTE_OK;
}

static mote_status measure_file(const mote_cost_device *device, const mote_swap_file *file,
                                mote_real *data, mote_cost *cost)
{
    size_t count = SWAP_BYTES / LARGE_BYTES;
    MOTE_TRY(measure_transfer(file, store, data, &count, &cost->store_ns, &cost->stored_bytes));
    // no more is read than was written
    MOTE_TRY(measure_transfer(file, mote_swap_file_read, data, &count, &cost->load_ns,
                              &cost->loaded_bytes));
    return measure_share(device, file, count, data, cost);
}

static mote_status measure_swap(const mote_cost_device *device, mote_real *data, mote_cost *cost)
{
    mote_swap_file file;
    MOTE_TRY(mote_swap_file_open(device->swap_folder, SWAP_BYTES, &file));
    const mote_status status = measure_file(device, &file, data, cost);
    mote_swap_file_close(&file);
    return status;
}

mote_status mote_cost_measure(const mote_cost_device *device, mote_cost *cost)
{
    void *memory = NULL;
    mote_cost measured = mote_cost_assume(device->parallel->thread_count);
    MOTE_TRY(mote_pages_allocate(MOTE_PROBE_BYTES, &memory));
    mote_real *const data = memory;
    for (size_t i = 0; i < MOTE_PROBE_BYTES / sizeof(mote_real); i++)
        data[i] = MOTE_REAL(0.5);
    const mote_status status = measure_swap(device, data, &measured);
    if (status == MOTE_OK)
        measure_kernels(device, data, &measured);
    mote_pages_free(memory, MOTE_PROBE_BYTES);
    MOTE_TRY(status);
    *cost = measured;
    return MOTE_OK;
}
