// SPDX-License-Identifier: Apache-2.0
// What computing and moving bytes take on a device, as a plain table: assumed, measured, or read from a file.
#ifndef MOTE_COST_COST_H
#define MOTE_COST_COST_H

#include "base/arena.h"
#include "base/cpu.h"
#include "kernel/effort.h"

#include <stddef.h>
#include <stdint.h>

/// What so many threads do in a nanosecond.
typedef struct mote_rates {
    double amounts[MOTE_EFFORT_COUNT]; // of each class
    double near_bytes;                 // that an operation goes over and finds in a cache
    double far_bytes;                  // and finds in memory alone
} mote_rates;

typedef struct mote_cost {
    mote_rates one, all;      // threads
    double operation_ns;      // that each takes at least
    double split_ns;          // that it takes to share one among the threads
    double cache_bytes;       // what was used so many bytes ago is far
    double loaded_bytes;      // from the swap file, in a nanosecond
    double stored_bytes;      // to it
    double load_ns, store_ns; // that each takes at least
    double transfer_share; // of a transfer's time, by which what is computed beside it takes longer
} mote_cost;

/// What is assumed of a device that was not measured, with so many threads: it decides which of several plans is taken, no
/// result.
mote_cost mote_cost_assume(size_t thread_count);

/// Of an operation that does so much, and goes over so many bytes.
double mote_cost_operation_ns(const mote_cost *cost, const mote_effort *effort, double near_bytes,
                              double far_bytes);

/// Of moving bytes from the swap file or to it.
double mote_cost_load_ns(const mote_cost *cost, size_t bytes);
double mote_cost_store_ns(const mote_cost *cost, size_t bytes);

/// The most that a table has as `transfer_share`.
#define MOTE_COST_SHARE_MAXIMUM 100.0

/// Version of the form of cost tables.
#define MOTE_COST_VERSION 1U

/// A cost table, and of what device it is. Texts are borrowed.
typedef struct mote_cost_table {
    uint64_t version;
    const char *processor, *cpu; // its name, or ""; the level
    uint64_t threads;
    mote_cost cost;
} mote_cost_table;

/// What is measured.
typedef struct mote_cost_device {
    const mote_kernels *kernels;
    const mote_parallel *parallel;
    const char *swap_folder; // NULL: the system's for temporary files
} mote_cost_device;

/// Times kernels and transfers, for about a second, with 64 MiB of memory and 32 MiB of a swap file that it removes. Raises
/// MOTE_ERROR_MEMORY, and MOTE_ERROR_IO of the file.
mote_status mote_cost_measure(const mote_cost_device *device, mote_cost *cost) MOTE_MUST_CHECK;

/// Name of the file of a level and so many threads: "mote-cost-avx2-4.ini". Lives in `arena`.
mote_status mote_cost_file_name(mote_cpu_level level, size_t thread_count, mote_arena *arena,
                                const char **name) MOTE_MUST_CHECK;

/// Reads a file; texts live in `arena`. Raises MOTE_ERROR_IO, MOTE_ERROR_FORMAT or MOTE_ERROR_PROPERTY, with the line where there
/// is one, for whatever mote_cost_write would not have written.
mote_status mote_cost_read(const char *path, mote_arena *arena,
                           mote_cost_table *table) MOTE_MUST_CHECK;

/// Replaces a file as a whole.
mote_status mote_cost_write(const mote_cost_table *table, const char *path,
                            const mote_allocator *allocator) MOTE_MUST_CHECK;

#endif
