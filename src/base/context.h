// SPDX-License-Identifier: Apache-2.0
// What every part of the library is handed instead of globals. Declared here so that the lowest
// folder can name it; filled by src/api.
#ifndef MOTE_BASE_CONTEXT_H
#define MOTE_BASE_CONTEXT_H

#include "base/cpu.h"
#include "base/parallel.h"
#include "mote/allocator.h"

struct mote_kernels;
struct mote_layer_registry;
struct mote_optimizer_registry;

/// Immutable once it has a model (until then a program may add to its lists), but for the thread pool behind
/// `parallel`, which serves one run at a time.
typedef struct mote_context {
    mote_allocator allocator;
    mote_cpu_level cpu_level;
    mote_parallel parallel;
    const struct mote_kernels *kernels;
    const struct mote_layer_registry *layers;
    const struct mote_optimizer_registry *optimizers;
} mote_context;

#endif
