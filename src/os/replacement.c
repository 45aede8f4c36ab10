// SPDX-License-Identifier: Apache-2.0
// Replacing a file as a whole: temporary file, sync, rename, sync of the folder.
#include "os/os.h"

#include "os/error.h"
#include "os/lock.h"

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

static mote_status join_paths(mote_file_replacement *replacement, const char *path)
{
    const mote_allocator *const allocator = replacement->allocator;
    const size_t length = strlen(path);
    MOTE_TRY(mote_os_join(allocator, path, length, "", &replacement->path));
    MOTE_TRY(mote_os_join(allocator, path, length, suffix, &replacement->temporary));
    const char *const slash = strrchr(path, '/');
    if (!slash)
        return mote_os_join(allocator, "", 0, ".", &replacement->folder);
    // with the slash: the folder of "/x" is "/"
    return mote_os_join(allocator, path, (size_t)(slash - path) + 1, "", &replacement->folder);
}

mote_status mote_file_replacement_init(mote_file_replacement *replacement, const char *path,
                                       const mote_allocator *allocator)
{
    mote_file_replacement made = {.allocator = allocator, .file = {.descriptor = -1}};
    char target[PATH_MAX];
    const char *real = NULL;
    MOTE_TRY(mote_os_follow(path, target, &real));
    const mote_status status = join_paths(&made, real);
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

mote_status mote_file_replacement_begin(mote_file_replacement *replacement)
{
    assert(replacement->file.descriptor < 0);
    bool exists = false;
    mode_t mode = 0;
    int descriptor = -1;
    MOTE_TRY(check_target(replacement->path, &exists, &mode));
    MOTE_TRY(mote_os_open_locked(replacement->temporary, LOCK_EX, &descriptor));
    replacement->file = (mote_file){.descriptor = descriptor, .path = replacement->temporary};
    // the rest of a killed run goes, and who could not read the old file cannot read the new one
    if (ftruncate(descriptor, 0) == 0 && (!exists || fchmod(descriptor, mode) == 0))
        return MOTE_OK;
    const int reason = errno;
    mote_file_replacement_abandon(replacement);
    return mote_os_raise("write", replacement->temporary, reason);
}

mote_status mote_file_replacement_commit_as(mote_file_replacement *replacement, const char *path)
{
    assert(replacement->file.descriptor >= 0);
    const mote_status status = mote_file_sync(&replacement->file);
    if (status != MOTE_OK) {
        mote_file_replacement_abandon(replacement);
        return status;
    }
    // renamed while the lock is held
    if (rename(replacement->temporary, path) != 0) {
        const int reason = errno;
        mote_file_replacement_abandon(replacement);
        return mote_os_raise("replace", path, reason);
    }
    mote_file_close(&replacement->file);
    return mote_folder_sync(replacement->folder);
}

mote_status mote_file_replacement_commit(mote_file_replacement *replacement)
{
    return mote_file_replacement_commit_as(replacement, replacement->path);
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
    mote_os_free_text(replacement->allocator, &replacement->path);
    mote_os_free_text(replacement->allocator, &replacement->temporary);
    mote_os_free_text(replacement->allocator, &replacement->folder);
}

static mote_status write_all(mote_file_replacement *replacement, const void *data, size_t bytes)
{
    MOTE_TRY(mote_file_replacement_begin(replacement));
    const mote_status status = mote_file_write(&replacement->file, 0, data, bytes);
    if (status == MOTE_OK)
        return mote_file_replacement_commit(replacement);
    mote_file_replacement_abandon(replacement);
    return status;
}

mote_status mote_file_replace(const char *path, const void *data, size_t bytes,
                              const mote_allocator *allocator)
{
    mote_file_replacement replacement;
    MOTE_TRY(mote_file_replacement_init(&replacement, path, allocator));
    const mote_status status = write_all(&replacement, data, bytes);
    mote_file_replacement_release(&replacement);
    return status;
}
