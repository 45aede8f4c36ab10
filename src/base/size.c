// SPDX-License-Identifier: Apache-2.0
// Checked sums and products of sizes.
#include "base/size.h"

#include <assert.h>
#include <stdint.h>

mote_status mote_size_add(size_t a, size_t b, const char *what, size_t *sum)
{
    if (a > SIZE_MAX - b)
        return MOTE_RAISE(MOTE_ERROR_SHAPE, "%s: %zu + %zu is more than %zu", what, a, b, SIZE_MAX);
    *sum = a + b;
    return MOTE_OK;
}

mote_status mote_size_multiply(size_t a, size_t b, const char *what, size_t *product)
{
    if (b > 0 && a > SIZE_MAX / b)
        return MOTE_RAISE(MOTE_ERROR_SHAPE, "%s: %zu x %zu is more than %zu", what, a, b, SIZE_MAX);
    *product = a * b;
    return MOTE_OK;
}

size_t mote_size_align(size_t size, size_t alignment)
{
    assert(alignment > 0 && (alignment & (alignment - 1)) == 0);
    assert(size <= SIZE_MAX - (alignment - 1));
    return (size + (alignment - 1)) & ~(alignment - 1);
}

size_t mote_size_ceil_divide(size_t a, size_t b)
{
    assert(b > 0);
    return a / b + (a % b != 0);
}

size_t mote_size_common_multiple(size_t a, size_t b)
{
    assert(a > 0 && b > 0);
    size_t divisor = a;
    for (size_t rest = b; rest > 0;) {
        const size_t next = divisor % rest;
        divisor = rest;
        rest = next;
    }
    return a / divisor * b;
}
