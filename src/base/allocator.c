// SPDX-License-Identifier: Apache-2.0
// The C library's heap behind mote_allocator: malloc, realloc and free stand here and nowhere else.
#include "base/arena.h"

#include <stdlib.h>

static void *reallocate(void *user, void *memory, size_t old_bytes, size_t new_bytes)
{
    (void)user;
    (void)old_bytes;
    if (new_bytes > 0)
        return realloc(memory, new_bytes);
    free(memory);
    return NULL;
}

static const mote_allocator default_allocator = {.reallocate = reallocate};

const mote_allocator *mote_allocator_default(void)
{
    return &default_allocator;
}
