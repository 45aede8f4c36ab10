// SPDX-License-Identifier: Apache-2.0
// Times calls, and makes numbers for them to work on.
#include "bench.h"

#include "os/os.h"

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
