// SPDX-License-Identifier: Apache-2.0
// A list of chunks, filled one after the other. A large request gets a chunk of its own, in a list of its own, so that
// the room that is left in the newest of the others is not lost.
#include "base/arena.h"

#include "base/size.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ARENA_ALIGNMENT   16U
#define ARENA_CHUNK_BYTES 16384U
#define ARENA_LARGE_BYTES (ARENA_CHUNK_BYTES / 4)
#define ARENA_GROW_FIRST  1U // most lists of a layer have one element or two

struct mote_arena_chunk {
    mote_arena_chunk *older;
    size_t bytes; // of `data`
    _Alignas(ARENA_ALIGNMENT) unsigned char data[];
};

void mote_arena_init(mote_arena *arena, const mote_allocator *allocator)
{
    assert(allocator && allocator->reallocate);
    *arena = (mote_arena){.allocator = allocator};
}

void mote_arena_release(mote_arena *arena)
{
    mote_arena_release_to(arena, (mote_arena_mark){.chunk = NULL});
}

/// Puts a chunk in front of a list.
static mote_status add_chunk(const mote_arena *arena, size_t data_bytes, mote_arena_chunk **list)
{
    const size_t chunk_bytes = sizeof(mote_arena_chunk) + data_bytes;
    mote_arena_chunk *const chunk =
        arena->allocator->reallocate(arena->allocator->user, NULL, 0, chunk_bytes);
    if (!chunk)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu bytes of memory could not be had", chunk_bytes);
    chunk->older = *list;
    chunk->bytes = data_bytes;
    *list = chunk;
    return MOTE_OK;
}

/// Room for `taken` bytes: in the newest chunk, in a new one, or, for a large request, in one of its own.
static mote_status find_room(mote_arena *arena, size_t taken, unsigned char **place)
{
    const bool fits = arena->chunk && taken <= arena->chunk->bytes - arena->used;
    if (!fits && taken > ARENA_LARGE_BYTES) {
        MOTE_TRY(add_chunk(arena, taken, &arena->large));
        *place = arena->large->data;
        return MOTE_OK;
    }
    if (!fits) {
        MOTE_TRY(add_chunk(arena, ARENA_CHUNK_BYTES - sizeof(mote_arena_chunk), &arena->chunk));
        arena->used = 0;
    }
    *place = arena->chunk->data + arena->used;
    arena->used += taken;
    return MOTE_OK;
}

/// Callers pass the address of a pointer of any type: copied as bytes, so that no rule on aliasing
/// is broken.
static void store_pointer(void **place, const void *pointer)
{
    memcpy(place, &pointer, sizeof pointer);
}

mote_status mote_arena_allocate(mote_arena *arena, size_t bytes, void **memory)
{
    if (bytes > SIZE_MAX - sizeof(mote_arena_chunk) - ARENA_ALIGNMENT)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu bytes of memory could not be had", bytes);
    // a request of nothing still gets a place of its own
    const size_t taken = mote_size_align(mote_size_max(bytes, 1), ARENA_ALIGNMENT);
    unsigned char *place = NULL;
    MOTE_TRY(find_room(arena, taken, &place));
    memset(place, 0, taken);
    store_pointer(memory, place);
    return MOTE_OK;
}

mote_status mote_arena_array(mote_arena *arena, size_t count, size_t element_bytes, void **memory)
{
    if (element_bytes > 0 && count > SIZE_MAX / element_bytes)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu elements of %zu bytes could not be had", count,
                          element_bytes);
    return mote_arena_allocate(arena, count * element_bytes, memory);
}

mote_status mote_arena_text(mote_arena *arena, const char *text, size_t length, char **copy)
{
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(arena, length + 1, 1, &memory));
    memcpy(memory, text, length);
    *copy = memory;
    return MOTE_OK;
}

mote_status mote_arena_format(mote_arena *arena, char **text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "text of the format '%s' cannot be made", format);
    const size_t bytes = (size_t)length + 1;
    void *memory = NULL;
    MOTE_TRY(mote_arena_allocate(arena, bytes, &memory));
    va_start(arguments, format);
    (void)vsnprintf(memory, bytes, format, arguments);
    va_end(arguments);
    *text = memory;
    return MOTE_OK;
}

/// What is printed, counted first, then written.
typedef struct printed_text {
    char *text; // NULL while it is counted
    size_t length;
} printed_text;

static void add_text(void *user, const char *text, size_t length)
{
    printed_text *const printed = user;
    if (printed->text)
        memcpy(printed->text + printed->length, text, length);
    printed->length += length;
}

mote_status mote_arena_print(mote_arena *arena,
                             void (*print)(const void *user, const mote_writer *writer),
                             const void *user, char **text)
{
    printed_text printed = {.text = NULL};
    const mote_writer writer = {.user = &printed, .write = add_text};
    void *memory = NULL;
    print(user, &writer);
    MOTE_TRY(mote_arena_allocate(arena, printed.length + 1, &memory));
    printed = (printed_text){.text = memory};
    print(user, &writer);
    *text = memory;
    return MOTE_OK;
}

mote_arena_mark mote_arena_get_mark(const mote_arena *arena)
{
    return (mote_arena_mark){.chunk = arena->chunk, .used = arena->used, .large = arena->large};
}

/// Frees the chunks of a list in front of `mark`.
static void release_chunks(const mote_arena *arena, mote_arena_chunk **list,
                           const mote_arena_chunk *mark)
{
    while (*list != mark) {
        mote_arena_chunk *const chunk = *list;
        assert(chunk); // the mark is of this arena and not older than another release
        *list = chunk->older;
        (void)arena->allocator->reallocate(arena->allocator->user, chunk,
                                           sizeof *chunk + chunk->bytes, 0);
    }
}

void mote_arena_release_to(mote_arena *arena, mote_arena_mark mark)
{
    release_chunks(arena, &arena->large, mark.large);
    release_chunks(arena, &arena->chunk, mark.chunk);
    arena->used = mark.used;
}

/// Makes the array of `old_bytes` at `items` larger where it lies: it must be what was allocated last,
/// with room behind it.
static bool extend(mote_arena *arena, const unsigned char *items, size_t old_bytes, size_t bytes)
{
    const size_t old_taken = mote_size_align(old_bytes, ARENA_ALIGNMENT);
    mote_arena_chunk *const chunk = arena->chunk;
    if (!chunk || old_taken == 0 || items + old_taken != chunk->data + arena->used)
        return false;
    const size_t start = arena->used - old_taken;
    if (bytes > chunk->bytes - start)
        return false;
    const size_t taken = mote_size_align(bytes, ARENA_ALIGNMENT);
    memset(chunk->data + arena->used, 0, taken - old_taken);
    arena->used = start + taken;
    return true;
}

mote_status mote_arena_grow(mote_arena *arena, void **items, size_t *capacity, size_t count,
                            size_t element_bytes)
{
    assert(count <= *capacity);
    if (count < *capacity)
        return MOTE_OK;
    const size_t grown =
        *capacity > SIZE_MAX / 2 ? SIZE_MAX : mote_size_max(2 * *capacity, ARENA_GROW_FIRST);
    const void *old = NULL;
    memcpy(&old, items, sizeof old);
    if (grown > SIZE_MAX / element_bytes ||
        !extend(arena, old, *capacity * element_bytes, grown * element_bytes)) {
        void *memory = NULL;
        MOTE_TRY(mote_arena_array(arena, grown, element_bytes, &memory));
        if (count > 0)
            memcpy(memory, old, count * element_bytes);
        store_pointer(items, memory);
    }
    *capacity = grown;
    return MOTE_OK;
}
