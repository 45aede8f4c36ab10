// SPDX-License-Identifier: Apache-2.0
// Replacing a file as a whole: temporary file, sync, rename, sync of the folder.
#include "os/os.h"

#include "os/error.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suffix[] = ".tmp";

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
    const mote_status status = join_paths(&made, path);
    if (status != MOTE_OK) {
        mote_file_replacement_release(&made);
        return status;
    }
    *replacement = made;
    return MOTE_OK;
}

mote_status mote_file_replacement_begin(mote_file_replacement *replacement)
{
    assert(replacement->file.descriptor < 0);
    struct stat info;
    if (stat(replacement->path, &info) == 0 && S_ISDIR(info.st_mode))
        return mote_os_raise("write", replacement->path, EISDIR);
    // a rest of a killed run goes first: it may be a link to somewhere else
    if (unlink(replacement->temporary) != 0 && errno != ENOENT)
        return mote_os_raise("remove", replacement->temporary, errno);
    return mote_file_open_write(replacement->temporary, &replacement->file);
}

static mote_status sync_folder(const char *folder)
{
    const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return mote_os_raise("open folder", folder, errno);
    mote_file file = {.descriptor = descriptor, .path = folder};
    const int result = fsync(descriptor);
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
    mote_file_close(&replacement->file);
    if (rename(replacement->temporary, replacement->path) != 0) {
        const int reason = errno;
        (void)unlink(replacement->temporary);
        return mote_os_raise("replace", replacement->path, reason);
    }
    return sync_folder(replacement->folder);
}

void mote_file_replacement_abandon(mote_file_replacement *replacement)
{
    if (replacement->file.descriptor < 0)
        return;
    mote_file_close(&replacement->file);
    (void)unlink(replacement->temporary);
}

void mote_file_replacement_release(mote_file_replacement *replacement)
{
    mote_file_replacement_abandon(replacement);
    free_text(replacement->allocator, &replacement->path);
    free_text(replacement->allocator, &replacement->temporary);
    free_text(replacement->allocator, &replacement->folder);
}
