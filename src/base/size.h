// SPDX-License-Identifier: Apache-2.0
// Sizes that cannot wrap around.
#ifndef MOTE_BASE_SIZE_H
#define MOTE_BASE_SIZE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

/// Alignment of every block of the arena, in bytes: a cache line, and the widest vector.
#define MOTE_ALIGNMENT 64U

/// What moves between memory and the swap file begins in both at a multiple of this and is of whole multiples.
#define MOTE_TRANSFER_ALIGNMENT ((size_t)4096)

/// a + b; raises MOTE_ERROR_SHAPE with `what` in the message when it does not fit.
mote_status mote_size_add(size_t a, size_t b, const char *what, size_t *sum) MOTE_MUST_CHECK;

/// a * b; raises MOTE_ERROR_SHAPE with `what` in the message when it does not fit.
mote_status mote_size_multiply(size_t a, size_t b, const char *what,
                               size_t *product) MOTE_MUST_CHECK;

/// `size` rounded up to a multiple of `alignment` (a power of two). Must fit.
size_t mote_size_align(size_t size, size_t alignment);

/// a / b rounded up.
size_t mote_size_ceil_divide(size_t a, size_t b);

/// The least common multiple of two numbers that are not 0. Must fit.
size_t mote_size_common_multiple(size_t a, size_t b);

static inline size_t mote_size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t mote_size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

#endif
