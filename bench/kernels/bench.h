// SPDX-License-Identifier: Apache-2.0
// What the parts of the kernel benchmark share.
#ifndef MOTE_BENCH_KERNELS_BENCH_H
#define MOTE_BENCH_KERNELS_BENCH_H

#include "base/status.h"
#include "kernel/kernel.h"

/// The levels that this build has and this machine can run, and threads.
typedef struct bench_setup {
    const mote_kernels *tables[MOTE_CPU_LEVEL_COUNT]; // NULL where a level is missing
    mote_parallel parallel;
    const char *filter; // only what contains this text, or NULL for all
} bench_setup;

/// One call to measure.
typedef void bench_call(void *argument);

/// Seconds of the fastest of several calls; about `seconds` are spent.
double bench_measure(bench_call *call, void *argument, double seconds);

/// False when the filter leaves the name out.
bool bench_wants(const bench_setup *setup, const char *name);

/// Memory of `count` numbers in [-1, 1), for mote_pages_free.
mote_status bench_numbers(size_t count, mote_real **numbers);

/// Matrix products: GFLOP/s a shape and level.
mote_status bench_products(const bench_setup *setup);

/// Depth-wise convolutions: GFLOP/s a shape and level, under the heading of products.
mote_status bench_depthwise(const bench_setup *setup);

/// All other kernels: nanoseconds an element.
mote_status bench_elements(const bench_setup *setup);

/// Some of them as passes over arrays in the cache and beyond it: GB/s, and relative to the C library's memchr (reading)
/// or memcpy (writing, too).
mote_status bench_passes(const bench_setup *setup);

#endif
