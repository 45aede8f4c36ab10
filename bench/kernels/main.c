// SPDX-License-Identifier: Apache-2.0
// bench_kernels [NAME]: the speed of every kernel at every level. With NAME, only of those whose name
// contains it.
#include "bench.h"

#include "base/arena.h"
#include "os/os.h"

#include <stdio.h>
#include <string.h>

double bench_measure(bench_call *call, void *argument, double seconds)
{
    call(argument); // warms caches and pages
    double best = 0;
    double spent = 0;
    for (unsigned calls = 0; spent < seconds; calls++) {
        const uint64_t start = mote_clock_ns();
        call(argument);
        const double time = (double)(mote_clock_ns() - start) * 1e-9;
        spent += time;
        best = calls == 0 || time < best ? time : best;
    }
    return best;
}

bool bench_wants(const bench_setup *setup, const char *name)
{
    return !setup->filter || strstr(name, setup->filter);
}

mote_status bench_numbers(size_t count, mote_real **numbers)
{
    void *memory = NULL;
    MOTE_TRY(mote_pages_allocate(count * sizeof(mote_real), &memory));
    *numbers = (mote_real *)memory;
    uint32_t word = 1;
    for (size_t i = 0; i < count; i++) {
        word = word * 1664525U + 1013904223U;
        (*numbers)[i] = (mote_real)(word >> 8U) * MOTE_REAL(0x1p-23) - 1;
    }
    return MOTE_OK;
}

static mote_status run(bench_setup *setup)
{
    for (size_t level = 0; level <= (size_t)mote_kernels_highest_level(); level++) {
        // a build has no tables of other processor families
        if (level > (size_t)mote_cpu_detect() ||
            mote_kernels_get((mote_cpu_level)level, &setup->tables[level]) != MOTE_OK)
            setup->tables[level] = NULL;
    }
    mote_thread_pool *pool = NULL;
    MOTE_TRY(mote_thread_pool_create(mote_allocator_default(), mote_cpu_count(), &pool,
                                     &setup->parallel));
    mote_status status = bench_products(setup);
    if (status == MOTE_OK)
        status = bench_depthwise(setup);
    if (status == MOTE_OK)
        status = bench_elements(setup);
    mote_thread_pool_destroy(&pool);
    return status;
}

int main(int argument_count, char **arguments)
{
    bench_setup setup = {.filter = argument_count > 1 ? arguments[1] : NULL};
    if (run(&setup) == MOTE_OK)
        return 0;
    (void)fprintf(stderr, "bench_kernels: %s\n", mote_last_error()->message);
    return 1;
}
