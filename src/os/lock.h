// SPDX-License-Identifier: Apache-2.0
// Private to os: files that are opened with a lock on them, and the texts of their paths.
#ifndef MOTE_OS_LOCK_H
#define MOTE_OS_LOCK_H

#include "mote/allocator.h"
#include "mote/status.h"

#include <stddef.h>

/// Opens a file for writing, made where it is missing, with the lock `operation` (LOCK_EX, perhaps with LOCK_NB) of
/// flock. With LOCK_NB, *descriptor is -1 where another has the lock.
mote_status mote_os_open_locked(const char *path, int operation, int *descriptor) MOTE_MUST_CHECK;

/// Where a symbolic link leads; another path as it is, also one where nothing is. `target` takes PATH_MAX bytes; the
/// result is one of the two.
mote_status mote_os_follow(const char *path, char *target, const char **result) MOTE_MUST_CHECK;

/// `head` and `tail` joined; freed by mote_os_free_text.
mote_status mote_os_join(const mote_allocator *allocator, const char *head, size_t head_length,
                         const char *tail, char **text) MOTE_MUST_CHECK;

/// Safe on NULL, which it becomes.
void mote_os_free_text(const mote_allocator *allocator, char **text);

#endif
