// SPDX-License-Identifier: Apache-2.0
// Private to cost: calls of kernels whose time is taken.
#ifndef MOTE_COST_MEASURE_H
#define MOTE_COST_MEASURE_H

#include "cost/cost.h"

/// Bytes of memory for all that probes read and write, filled with numbers.
#define MOTE_PROBE_BYTES ((size_t)64 << 20U)

/// A call, and what it does.
typedef struct mote_probe {
    const mote_kernels *kernels;
    const mote_parallel *parallel;
    mote_real *data; // MOTE_PROBE_BYTES
    void (*run)(const struct mote_probe *probe);
    mote_effort effort;
    double bytes;         // that it goes over
    mote_product product; // of those of products
    size_t elements;      // of those of elements
} mote_probe;

/// Makes the call for a class: `is_narrow` for one with few rows, of products and convolutions.
mote_probe mote_probe_make(const mote_cost_device *device, mote_effort_class effort_class,
                           bool is_narrow, mote_real *data);

/// One that only goes over so many bytes.
mote_probe mote_probe_bytes(const mote_cost_device *device, size_t bytes, mote_real *data);

/// Computes with one thread; the second then starts tasks that do nothing, of threads that had nothing to do meanwhile.
mote_probe mote_probe_serial(const mote_cost_device *device, mote_real *data);
mote_probe mote_probe_split(const mote_cost_device *device, mote_real *data);

/// Does as good as nothing.
mote_probe mote_probe_least(const mote_cost_device *device, mote_real *data);

#endif
