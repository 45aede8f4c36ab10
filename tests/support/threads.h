// SPDX-License-Identifier: Apache-2.0
// What tests compare over: numbers of threads and levels of instruction sets.
#ifndef MOTE_TESTS_SUPPORT_THREADS_H
#define MOTE_TESTS_SUPPORT_THREADS_H

#include "base/cpu.h"
#include "base/parallel.h"

#include <stdbool.h>
#include <stddef.h>

/// Runs the tasks of each call in new threads; at most 8.
mote_parallel mote_test_threads(size_t thread_count);

/// Whether this processor can run the level's kernels.
bool mote_test_cpu_has(mote_cpu_level level);

#endif
