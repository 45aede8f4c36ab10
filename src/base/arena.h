// SPDX-License-Identifier: Apache-2.0
// Growing memory for compile-time objects: many small allocations, released together or back to a
// mark. Not the tensor arena.
#ifndef MOTE_BASE_ARENA_H
#define MOTE_BASE_ARENA_H

#include "base/status.h"
#include "mote/allocator.h"
#include "mote/writer.h"

#include <stddef.h>

typedef struct mote_arena_chunk mote_arena_chunk;

typedef struct mote_arena {
    const mote_allocator *allocator;
    mote_arena_chunk *chunk; // newest first
    size_t used;             // bytes of the newest chunk
    mote_arena_chunk *large; // of one allocation each, newest first
} mote_arena;

typedef struct mote_arena_mark {
    mote_arena_chunk *chunk;
    size_t used;
    mote_arena_chunk *large;
} mote_arena_mark;

/// malloc and free of the C library; the only place in mote that calls them.
const mote_allocator *mote_allocator_default(void);

/// Starts empty; `allocator` is borrowed and must outlive the arena.
void mote_arena_init(mote_arena *arena, const mote_allocator *allocator);

/// Frees all memory; the arena is empty afterwards.
void mote_arena_release(mote_arena *arena);

/// `bytes` of zeroed memory aligned to 16. Raises MOTE_ERROR_MEMORY.
mote_status mote_arena_allocate(mote_arena *arena, size_t bytes, void **memory) MOTE_MUST_CHECK;

/// `count` zeroed elements of `element_bytes`, checked for overflow.
mote_status mote_arena_array(mote_arena *arena, size_t count, size_t element_bytes,
                             void **memory) MOTE_MUST_CHECK;

/// Copy of `length` bytes of `text` with a final zero.
mote_status mote_arena_text(mote_arena *arena, const char *text, size_t length,
                            char **copy) MOTE_MUST_CHECK;

/// Text made by a printf format.
mote_status mote_arena_format(mote_arena *arena, char **text, const char *format, ...)
    MOTE_PRINTF(3, 4) MOTE_MUST_CHECK;

/// Text of all that `print` writes; it is called twice, to count and to write.
mote_status mote_arena_print(mote_arena *arena,
                             void (*print)(const void *user, const mote_writer *writer),
                             const void *user, char **text) MOTE_MUST_CHECK;

mote_arena_mark mote_arena_get_mark(const mote_arena *arena);

/// Frees what was allocated since `mark`.
void mote_arena_release_to(mote_arena *arena, mote_arena_mark mark);

/// Makes room for one more element in an array that lives in an arena: `*items` has `*capacity`
/// elements, `count` used; grows by doubling: where it lies, if nothing was allocated behind it and
/// its chunk has room; otherwise it moves, and the old one stays until the arena is released.
mote_status mote_arena_grow(mote_arena *arena, void **items, size_t *capacity, size_t count,
                            size_t element_bytes) MOTE_MUST_CHECK;

#endif
