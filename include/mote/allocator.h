// SPDX-License-Identifier: Apache-2.0
// How mote gets its own heap memory; jansson, libpng, libjpeg and pthreadpool use malloc. The tensor arena itself comes
// from the operating system.
#ifndef MOTE_ALLOCATOR_H
#define MOTE_ALLOCATOR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// reallocate(user, NULL, 0, n) allocates, (user, p, old, n) resizes, (user, p, old, 0) frees and
/// returns NULL. Returns NULL when memory cannot be had. Memory is aligned as malloc's.
typedef struct mote_allocator {
    void *user;
    void *(*reallocate)(void *user, void *memory, size_t old_bytes, size_t new_bytes);
} mote_allocator;

#ifdef __cplusplus
}
#endif

#endif
