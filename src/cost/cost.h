// SPDX-License-Identifier: Apache-2.0
// What computing and moving bytes take on a device, as a plain table.
#ifndef MOTE_COST_COST_H
#define MOTE_COST_COST_H

#include <stddef.h>

typedef struct mote_cost {
    double multiply_adds_per_ns; // of products
    double bytes_per_ns;         // of everything else: what an operation reads and writes
    double operation_ns;         // that each takes at least
    double loaded_bytes_per_ns;  // from the swap file
    double stored_bytes_per_ns;  // to it
    double transfer_ns;          // that each takes at least
} mote_cost;

/// What is assumed of a device that was not measured, with so many threads: it decides which of several plans is taken, no
/// result.
mote_cost mote_cost_assume(size_t thread_count);

/// Of an operation that does so much.
double mote_cost_operation_ns(const mote_cost *cost, double multiply_adds, double bytes);

/// Of moving bytes from the swap file or to it.
double mote_cost_load_ns(const mote_cost *cost, size_t bytes);
double mote_cost_store_ns(const mote_cost *cost, size_t bytes);

#endif
