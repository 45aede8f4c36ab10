// SPDX-License-Identifier: Apache-2.0
// Replacing a file as a whole: temporary file, sync, rename, sync of the folder.
#include "os/os.h"

#include "os/error.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suffix[] = ".mote-tmp";

/// `head` and `tail` joined; freed by free_text.
static mote_status join(const mote_allocator *allocator, const char *head, size_t head_length,
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

static void free_text(const mote_allocator *allocator, char **text)
{
    if (*text)
        (void)allocator->reallocate(allocator->user, *text, strlen(*text) + 1, 0);
    *text = NULL;
}

static mote_status join_paths(mote_file_replacement *replacement, const char *path)
{
    const mote_allocator *const allocator = replacement->allocator;
    const size_t length = strlen(path);
    MOTE_TRY(join(allocator, path, length, "", &replacement->path));
    MOTE_TRY(join(allocator, path, length, suffix, &replacement->temporary));
    const char *const slash = strrchr(path, '/');
    if (!slash)
        return join(allocator, "", 0, ".", &replacement->folder);
    // with the slash: the folder of "/x" is "/"
    return join(allocator, path, (size_t)(slash - path) + 1, "", &replacement->folder);
}

mote_status mote_file_replacement_init(mote_file_replacement *replacement, const char *path,
                                       const mote_allocator *allocator)
{
    mote_file_replacement made = {.allocator = allocator, .file = {.descriptor = -1}};
    char target[PATH_MAX];
    struct stat info;
    const bool is_link = lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
    if (is_link && !realpath(path, target))
        return mote_os_raise("follow the link", path, errno);
    const mote_status status = join_paths(&made, is_link ? target : path);
    if (status != MOTE_OK) {
        mote_file_replacement_release(&made);
        return status;
    }
    *replacement = made;
    return MOTE_OK;
}

/// Only a regular file may be replaced: a device or a pipe would vanish.
static mote_status check_target(const char *path, bool *exists, mode_t *mode)
{
    struct stat info;
    *exists = lstat(path, &info) == 0;
    if (!*exists)
        return errno == ENOENT ? MOTE_OK : mote_os_raise("write", path, errno);
    if (S_ISDIR(info.st_mode))
        return mote_os_raise("write", path, EISDIR);
    if (!S_ISREG(info.st_mode))
        return MOTE_RAISE(MOTE_ERROR_IO, "cannot write '%s': it is not a regular file", path);
    *mode = info.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);
    return MOTE_OK;
}

static bool is_same_file(int descriptor, const char *path)
{
    struct stat opened;
    struct stat named;
    return fstat(descriptor, &opened) == 0 && lstat(path, &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/// What could not be locked is not left behind, unless another process writes it already.
static void remove_empty(int descriptor, const char *path)
{
    struct stat info;
    if (fstat(descriptor, &info) == 0 && info.st_size == 0 && is_same_file(descriptor, path))
        (void)unlink(path);
}

/// Opens the temporary file with a lock on it, so that a second writer waits. Whoever waited has a file that
/// meanwhile got another name or none, and tries again.
static mote_status open_locked(const char *path, int *descriptor)
{
    const int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    for (;;) {
        const int opened = open(path, flags, 0666);
        if (opened < 0 && errno == EINTR)
            continue;
        if (opened < 0)
            return mote_os_raise("write", path, errno);
        const int locked = flock(opened, LOCK_EX);
        const int reason = errno;
        if (locked == 0 && is_same_file(opened, path)) {
            *descriptor = opened;
            return MOTE_OK;
        }
        const bool is_refused = locked != 0 && reason != EINTR;
        if (is_refused)
            remove_empty(opened, path);
        (void)close(opened);
        if (is_refused)
            return mote_os_raise("lock", path, reason);
    }
}

mote_status mote_file_replacement_begin(mote_file_replacement *replacement)
{
    assert(replacement->file.descriptor < 0);
    bool exists = false;
    mode_t mode = 0;
    int descriptor = -1;
    MOTE_TRY(check_target(replacement->path, &exists, &mode));
    MOTE_TRY(open_locked(replacement->temporary, &descriptor));
    replacement->file = (mote_file){.descriptor = descriptor, .path = replacement->temporary};
    // the rest of a killed run goes, and who could not read the old file cannot read the new one
    if (ftruncate(descriptor, 0) == 0 && (!exists || fchmod(descriptor, mode) == 0))
        return MOTE_OK;
    const int reason = errno;
    mote_file_replacement_abandon(replacement);
    return mote_os_raise("write", replacement->temporary, reason);
}

static mote_status sync_folder(const char *folder)
{
    int descriptor = -1;
    int result = -1;
    do {
        descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0)
        return mote_os_raise("open folder", folder, errno);
    mote_file file = {.descriptor = descriptor, .path = folder};
    do {
        result = fsync(descriptor);
    } while (result != 0 && errno == EINTR);
    // some file systems cannot sync folders, and then do not need it
    const mote_status status = result == 0 || errno == EINVAL || errno == ENOTSUP
                                   ? MOTE_OK
                                   : mote_os_raise("sync folder", folder, errno);
    mote_file_close(&file);
    return status;
}

mote_status mote_file_replacement_commit(mote_file_replacement *replacement)
{
    assert(replacement->file.descriptor >= 0);
    const mote_status status = mote_file_sync(&replacement->file);
    if (status != MOTE_OK) {
        mote_file_replacement_abandon(replacement);
        return status;
    }
    // renamed while the lock is held
    if (rename(replacement->temporary, replacement->path) != 0) {
        const int reason = errno;
        mote_file_replacement_abandon(replacement);
        return mote_os_raise("replace", replacement->path, reason);
    }
    mote_file_close(&replacement->file);
    return sync_folder(replacement->folder);
}

void mote_file_replacement_abandon(mote_file_replacement *replacement)
{
    if (replacement->file.descriptor < 0)
        return;
    (void)unlink(replacement->temporary);
    mote_file_close(&replacement->file); // and with it the lock
}

void mote_file_replacement_release(mote_file_replacement *replacement)
{
    mote_file_replacement_abandon(replacement);
    free_text(replacement->allocator, &replacement->path);
    free_text(replacement->allocator, &replacement->temporary);
    free_text(replacement->allocator, &replacement->folder);
}
