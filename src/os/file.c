// SPDX-License-Identifier: Apache-2.0
// Positional access to files, and temporary files without a name.
#include "os/os.h"

#include "os/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// Calls that a signal interrupts before they did anything are made again.
static int open_again(const char *path, int flags, mode_t mode)
{
    int descriptor = -1;
    do {
        descriptor = open(path, flags, mode);
    } while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

static mote_status check_regular(const mote_file *file)
{
    struct stat info;
    if (fstat(file->descriptor, &info) != 0)
        return mote_os_raise("open", file->path, errno);
    if (S_ISDIR(info.st_mode))
        return MOTE_RAISE(MOTE_ERROR_IO, "cannot open '%s': it is a folder, expected a file",
                          file->path);
    if (!S_ISREG(info.st_mode))
        return MOTE_RAISE(MOTE_ERROR_IO, "cannot open '%s': it is not a regular file", file->path);
    return MOTE_OK;
}

mote_status mote_file_open_read(const char *path, mote_file *file)
{
    // O_NONBLOCK: opening a pipe would wait for its writer before it can be refused
    const int descriptor = open_again(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (descriptor < 0)
        return mote_os_raise("open", path, errno);
    mote_file opened = {.descriptor = descriptor, .path = path};
    const mote_status status = check_regular(&opened);
    if (status != MOTE_OK) {
        mote_file_close(&opened);
        return status;
    }
    *file = opened;
    return MOTE_OK;
}

/// Without O_TMPFILE the file has a name for a moment.
static int open_unlinked(const char *folder)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/mote-XXXXXX", folder);
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const int descriptor = mkostemp(path, O_CLOEXEC);
    if (descriptor >= 0)
        (void)unlink(path);
    return descriptor;
}

static int open_nameless(const char *folder)
{
    const int descriptor = open_again(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    return descriptor >= 0 ? descriptor : open_unlinked(folder);
}

mote_status mote_file_open_temporary(mote_file *file)
{
    const char *const chosen = getenv("TMPDIR");
    const bool is_chosen = chosen && chosen[0] != '\0';
    const char *const folders[2] = {is_chosen ? chosen : "/var/tmp", is_chosen ? chosen : "/tmp"};
    int descriptor = open_nameless(folders[0]);
    if (descriptor < 0 && !is_chosen)
        descriptor = open_nameless(folders[1]);
    if (descriptor < 0)
        return mote_os_raise("make a temporary file in", folders[1], errno);
    *file = (mote_file){.descriptor = descriptor, .path = "(temporary file in TMPDIR or /var/tmp)"};
    return MOTE_OK;
}

mote_status mote_file_open_temporary_in(const char *folder, mote_file *file)
{
    const int descriptor = open_nameless(folder);
    if (descriptor < 0)
        return mote_os_raise("make a temporary file in", folder, errno);
    *file = (mote_file){.descriptor = descriptor, .path = folder};
    return MOTE_OK;
}

void mote_file_close(mote_file *file)
{
    if (file->descriptor >= 0)
        (void)close(file->descriptor); // what was written is safe after mote_file_sync, not here
    file->descriptor = -1;
}

mote_status mote_file_size(const mote_file *file, uint64_t *bytes)
{
    struct stat info;
    if (fstat(file->descriptor, &info) != 0)
        return mote_os_raise("read", file->path, errno);
    *bytes = (uint64_t)info.st_size;
    return MOTE_OK;
}

mote_status mote_file_get_stamp(const mote_file *file, mote_file_stamp *stamp)
{
    struct stat info;
    if (fstat(file->descriptor, &info) != 0)
        return mote_os_raise("read", file->path, errno);
    *stamp = (mote_file_stamp){.device = (uint64_t)info.st_dev,
                               .number = (uint64_t)info.st_ino,
                               .bytes = (uint64_t)info.st_size,
                               .seconds = (int64_t)info.st_mtim.tv_sec,
                               .nanoseconds = (int64_t)info.st_mtim.tv_nsec};
    return MOTE_OK;
}

bool mote_file_stamp_equal(const mote_file_stamp *a, const mote_file_stamp *b)
{
    return a->device == b->device && a->number == b->number && a->bytes == b->bytes &&
           a->seconds == b->seconds && a->nanoseconds == b->nanoseconds;
}

static bool fits_offset(uint64_t offset, size_t bytes)
{
    return offset <= INT64_MAX && bytes <= INT64_MAX - offset;
}

static mote_status raise_end(const mote_file *file, uint64_t offset, size_t bytes)
{
    uint64_t end = 0;
    MOTE_TRY(mote_file_size(file, &end));
    return MOTE_RAISE(MOTE_ERROR_IO,
                      "'%s' ends at byte %" PRIu64 ", but %zu bytes from byte %" PRIu64
                      " are needed",
                      file->path, end, bytes, offset);
}

mote_status mote_file_read(const mote_file *file, uint64_t offset, void *data, size_t bytes)
{
    if (!fits_offset(offset, bytes))
        return mote_os_raise("read", file->path, EOVERFLOW);
    size_t done = 0;
    while (done < bytes) {
        const ssize_t count = pread(file->descriptor, (unsigned char *)data + done, bytes - done,
                                    (off_t)(offset + done));
        if (count < 0 && errno != EINTR)
            return mote_os_raise("read", file->path, errno);
        if (count == 0)
            return raise_end(file, offset, bytes);
        done += count > 0 ? (size_t)count : 0;
    }
    return MOTE_OK;
}

mote_status mote_file_write(const mote_file *file, uint64_t offset, const void *data, size_t bytes)
{
    if (!fits_offset(offset, bytes))
        return mote_os_raise("write", file->path, EOVERFLOW);
    size_t done = 0;
    while (done < bytes) {
        const ssize_t count = pwrite(file->descriptor, (const unsigned char *)data + done,
                                     bytes - done, (off_t)(offset + done));
        if (count < 0 && errno != EINTR)
            return mote_os_raise("write", file->path, errno);
        if (count == 0)
            return mote_os_raise("write", file->path, ENOSPC);
        done += count > 0 ? (size_t)count : 0;
    }
    return MOTE_OK;
}

mote_status mote_file_reserve(const mote_file *file, uint64_t bytes)
{
    if (bytes == 0)
        return MOTE_OK;
    if (!fits_offset(bytes, 0))
        return mote_os_raise("reserve space for", file->path, EFBIG);
    // not posix_fallocate: where the file system lacks the call it would write every block
    int result = -1;
    do {
        result = fallocate(file->descriptor, 0, 0, (off_t)bytes);
    } while (result != 0 && errno == EINTR);
    if (result != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
        return mote_os_raise("reserve space for", file->path, errno);
    return MOTE_OK;
}

mote_status mote_file_sync(const mote_file *file)
{
    int result = -1;
    do {
        result = fsync(file->descriptor);
    } while (result != 0 && errno == EINTR);
    return result == 0 ? MOTE_OK : mote_os_raise("sync", file->path, errno);
}

bool mote_path_same(const char *a, const char *b)
{
    struct stat info_a;
    struct stat info_b;
    if (strcmp(a, b) == 0)
        return true;
    return stat(a, &info_a) == 0 && stat(b, &info_b) == 0 && info_a.st_dev == info_b.st_dev &&
           info_a.st_ino == info_b.st_ino;
}
