// SPDX-License-Identifier: Apache-2.0
// Locks: by flock, so that they end with the process, on files that vanish with them.
#include "os/lock.h"

#include "base/status.h"
#include "os/error.h"
#include "os/os.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

mote_status mote_os_join(const mote_allocator *allocator, const char *head, size_t head_length,
                         const char *tail, char **text)
{
    const size_t tail_length = strlen(tail);
    const size_t bytes = head_length + tail_length + 1;
    char *const joined = allocator->reallocate(allocator->user, NULL, 0, bytes);
    if (!joined)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%zu bytes of memory could not be had", bytes);
    memcpy(joined, head, head_length);
    memcpy(joined + head_length, tail, tail_length + 1);
    *text = joined;
    return MOTE_OK;
}

void mote_os_free_text(const mote_allocator *allocator, char **text)
{
    if (*text)
        (void)allocator->reallocate(allocator->user, *text, strlen(*text) + 1, 0);
    *text = NULL;
}

mote_status mote_os_follow(const char *path, char *target, const char **result)
{
    struct stat info;
    const bool is_link = lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
    if (is_link && !realpath(path, target))
        return mote_os_raise("follow the link", path, errno);
    *result = is_link ? target : path;
    return MOTE_OK;
}

typedef enum named_file {
    NAMED_UNKNOWN, // there is none, or it cannot be looked at
    NAMED_SAME,
    NAMED_OTHER,
} named_file;

/// What `path` names beside the file that is open.
static named_file find_named(int descriptor, const char *path)
{
    struct stat opened;
    struct stat named;
    if (fstat(descriptor, &opened) != 0 || lstat(path, &named) != 0)
        return NAMED_UNKNOWN;
    return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino ? NAMED_SAME
                                                                          : NAMED_OTHER;
}

/// What could not be locked is not left behind, unless another process writes it already.
static void remove_empty(int descriptor, const char *path)
{
    struct stat info;
    if (fstat(descriptor, &info) == 0 && info.st_size == 0 &&
        find_named(descriptor, path) == NAMED_SAME)
        (void)unlink(path);
}

/// Whoever waited may have a file that meanwhile got another name or none, and tries again.
mote_status mote_os_open_locked(const char *path, int operation, int *descriptor)
{
    const int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    for (;;) {
        const int opened = open(path, flags, 0666);
        if (opened < 0 && errno == EINTR)
            continue;
        if (opened < 0)
            return mote_os_raise("write", path, errno);
        const int locked = flock(opened, operation);
        const int reason = errno;
        if (locked == 0 && find_named(opened, path) == NAMED_SAME) {
            *descriptor = opened;
            return MOTE_OK;
        }
        const bool is_held = locked != 0 && reason == EWOULDBLOCK;
        const bool is_refused = locked != 0 && reason != EINTR && !is_held;
        if (is_refused)
            remove_empty(opened, path);
        (void)close(opened);
        if (is_held) {
            *descriptor = -1;
            return MOTE_OK;
        }
        if (is_refused)
            return mote_os_raise("lock", path, reason);
    }
}

mote_status mote_file_lock_take(mote_file_lock *lock, const char *path,
                                const mote_allocator *allocator)
{
    mote_file_lock taken = {.allocator = allocator, .descriptor = -1, .owner = getpid()};
    char target[PATH_MAX];
    const char *real = NULL;
    MOTE_TRY(mote_os_follow(path, target, &real));
    assert(real);
    MOTE_TRY(mote_os_join(allocator, real, strlen(real), ".mote-lock", &taken.path));
    mote_status status = mote_os_open_locked(taken.path, LOCK_EX | LOCK_NB, &taken.descriptor);
    if (status == MOTE_OK && taken.descriptor < 0)
        status =
            MOTE_RAISE(MOTE_ERROR_IO, "'%s' is in use: another training writes it (it holds '%s')",
                       path, taken.path);
    if (status == MOTE_OK)
        *lock = taken;
    else
        mote_os_free_text(allocator, &taken.path);
    return status;
}

/// Where the file was removed by hand, another one may be there, with the lock of another process.
void mote_file_lock_release(mote_file_lock *lock)
{
    if (!lock->path)
        return;
    if (lock->owner == getpid() && find_named(lock->descriptor, lock->path) != NAMED_OTHER)
        (void)unlink(lock->path);
    (void)close(lock->descriptor);
    mote_os_free_text(lock->allocator, &lock->path);
}

mote_status mote_file_remove(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT ? MOTE_OK : mote_os_raise("remove", path, errno);
}
