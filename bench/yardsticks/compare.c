// SPDX-License-Identifier: Apache-2.0
// Times one part of a shape in mote and in a yardstick, in turns, and compares what they made.
#include "yardsticks.h"

#include "os/os.h"

#include <stdlib.h>
#include <time.h>

/// Mote's side of a part.
typedef struct mote_call {
    const mote_kernels *table;
    const mote_parallel *parallel;
    bench_product product;
    void *scratch;
} mote_call;

static void run_mote(void *argument)
{
    const mote_call *const call = (const mote_call *)argument;
    bench_run(call->table, &call->product, call->parallel, call->scratch);
}

/// Waiting threads of a side spin for a while: they would take a processor from the other.
static void let_settle(size_t threads)
{
    const struct timespec pause = {.tv_nsec = 60000000};
    if (threads > 1)
        (void)nanosleep(&pause, NULL);
}

static int compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double get_median(double *numbers, size_t count)
{
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    return (numbers[(count - 1) / 2] + numbers[count / 2]) / 2;
}

/// Turns of both sides, each first in every other; of a turn the fastest call.
static void take_turns(const yardstick_setup *setup, bench_call *const calls[SIDE_COUNT],
                       void *const arguments[SIDE_COUNT], double seconds[SIDE_COUNT])
{
    double times[SIDE_COUNT][YARDSTICK_TURNS_MOST];
    for (size_t turn = 0; turn < setup->turns; turn++) {
        for (size_t i = 0; i < SIDE_COUNT; i++) {
            const size_t side = (turn + i) % SIDE_COUNT;
            let_settle(setup->threads);
            times[side][turn] = bench_measure(calls[side], arguments[side], setup->seconds);
        }
    }
    for (size_t side = 0; side < SIDE_COUNT; side++)
        seconds[side] = get_median(times[side], setup->turns);
}

/// `call` is mote's side, whose output is the first of `outs`.
static mote_status compare_sides(const yardstick_setup *setup, mote_call *call,
                                 const yardstick_work *work, mote_real *const outs[SIDE_COUNT],
                                 yardstick_result *result)
{
    const yardstick *const other = result->group->kind->yardstick;
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    void *state = NULL;
    mote_status status = other->open(work, &arena, &state);
    if (status == MOTE_OK) {
        bench_call *const calls[SIDE_COUNT] = {run_mote, other->run};
        void *const arguments[SIDE_COUNT] = {call, state};
        double seconds[SIDE_COUNT];
        take_turns(setup, calls, arguments, seconds);
        for (size_t side = 0; side < SIDE_COUNT; side++)
            result->rates[side] = bench_flops(work->shape) / seconds[side] * 1e-9;
        status = other->collect(state);
    }
    if (status == MOTE_OK)
        yardstick_measure_errors(&call->product, outs, result->errors);
    other->close(state);
    mote_arena_release(&arena);
    return status;
}

mote_status yardstick_compare(const yardstick_setup *setup, const bench_shape *shape,
                              mote_real *const arrays[BENCH_ARRAY_COUNT], yardstick_result *result)
{
    const bool alone = setup->threads == 1;
    mote_call call = {.table = setup->table,
                      .parallel = alone ? NULL : &setup->parallel,
                      .product = bench_describe(shape, result->part)};
    const size_t count = bench_array_elements(shape, call.product.out);
    const size_t scratch_bytes = bench_scratch_bytes(&call.product, setup->threads);
    mote_real *outs[SIDE_COUNT] = {NULL};
    for (size_t side = 0; side < SIDE_COUNT; side++)
        MOTE_TRY(bench_numbers(count, &outs[side]));
    MOTE_TRY(mote_pages_allocate(scratch_bytes, &call.scratch));
    bench_bind(&call.product, arrays, outs[MOTE]);
    const yardstick_work work = {
        .shape = shape, .part = result->part, .arrays = arrays, .out = outs[YARDSTICK]};
    MOTE_TRY(compare_sides(setup, &call, &work, outs, result));
    mote_pages_free(call.scratch, scratch_bytes);
    for (size_t side = 0; side < SIDE_COUNT; side++)
        mote_pages_free(outs[side], count * sizeof(mote_real));
    return MOTE_OK;
}
