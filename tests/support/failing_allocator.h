// SPDX-License-Identifier: Apache-2.0
// An allocator that refuses one request, or all from one on, and counts what is not given back.
#ifndef MOTE_TESTS_FAILING_ALLOCATOR_H
#define MOTE_TESTS_FAILING_ALLOCATOR_H

#include "mote/allocator.h"
#include "mote/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct failing_allocator {
    mote_allocator allocator; // to hand on; holds the address of this struct
    size_t fail_at;           // the request that fails, counted from 1; 0: none does
    bool fails_on;            // all requests after it fail too
    size_t request_count;     // allocations and resizes so far
    size_t live_count;        // memory that was not freed
    size_t live_bytes;
} failing_allocator;

void failing_allocator_init(failing_allocator *failing, size_t fail_at, bool fails_on);

/// Calls `run` with its first request failing, its second, and so on until it succeeds; for each once
/// with that request failing and once with all from it on. Fails the test when the status is not
/// MOTE_ERROR_MEMORY or memory is not given back. Returns the number of requests of a success.
size_t failing_allocator_sweep(mote_status (*run)(const mote_allocator *allocator, void *user),
                               void *user);

#endif
