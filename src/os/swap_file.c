// SPDX-License-Identifier: Apache-2.0
// The file for what leaves memory for a while.
#include "os/os.h"

#include "base/size.h"

#include "os/error.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/// Direct access is a flag that a file system may take and then refuse each transfer: one is tried.
static void make_direct(const mote_file *file)
{
    _Alignas(4096) unsigned char page[4096];
    const int flags = fcntl(file->descriptor, F_GETFL);
    _Static_assert(MOTE_TRANSFER_ALIGNMENT == sizeof page, "a transfer");
    if (flags < 0 || fcntl(file->descriptor, F_SETFL, flags | O_DIRECT) != 0)
        return;
    if (pread(file->descriptor, page, sizeof page, 0) < 0 && errno != EINTR)
        (void)fcntl(file->descriptor, F_SETFL, flags);
}

/// What was opened is given out, or closed where more than opening it failed.
static mote_status finish_opening(mote_status status, mote_swap_file *opened, mote_swap_file *file)
{
    if (status != MOTE_OK) {
        mote_file_close(&opened->file);
        return status;
    }
    make_direct(&opened->file);
    *file = *opened;
    return MOTE_OK;
}

mote_status mote_swap_file_open(const char *folder, uint64_t bytes, mote_swap_file *file)
{
    mote_swap_file opened = {.bytes = bytes};
    MOTE_TRY(folder ? mote_file_open_temporary_in(folder, &opened.file)
                    : mote_file_open_temporary(&opened.file));
    return finish_opening(mote_file_reserve(&opened.file, bytes), &opened, file);
}

mote_status mote_swap_file_open_read(const char *path, mote_swap_file *file)
{
    mote_swap_file opened = {.bytes = 0};
    MOTE_TRY(mote_file_open_read(path, &opened.file));
    return finish_opening(mote_file_size(&opened.file, &opened.bytes), &opened, file);
}

mote_status mote_swap_file_duplicate(const mote_swap_file *file, mote_swap_file *duplicate)
{
    const int descriptor = fcntl(file->file.descriptor, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0)
        return mote_os_raise("open", file->file.path, errno);
    *duplicate = *file;
    duplicate->file.descriptor = descriptor;
    return MOTE_OK;
}

void mote_swap_file_close(mote_swap_file *file)
{
    mote_file_close(&file->file);
}

static bool is_aligned(uint64_t offset, const void *data, size_t bytes)
{
    return (offset | (uint64_t)(uintptr_t)data | bytes) % MOTE_TRANSFER_ALIGNMENT == 0;
}

/// A transfer that was cut within a sector cannot go on directly.
static bool drop_direct(const mote_swap_file *file)
{
    const int flags = fcntl(file->file.descriptor, F_GETFL);
    return flags >= 0 && (flags & O_DIRECT) != 0 &&
           fcntl(file->file.descriptor, F_SETFL, flags & ~O_DIRECT) == 0;
}

/// Whether a call that failed is to be made again.
static bool is_again(const mote_swap_file *file)
{
    return errno == EINTR || (errno == EINVAL && drop_direct(file));
}

/// Reads up to `bytes`, of which those behind the first `wanted` may be missing: the file may end there.
static mote_status read_most(const mote_swap_file *file, uint64_t offset, unsigned char *data,
                             size_t bytes, size_t wanted)
{
    assert(is_aligned(offset, data, bytes) && offset + wanted <= file->bytes);
    (void)is_aligned;
    for (size_t done = 0; done < wanted;) {
        const ssize_t count =
            pread(file->file.descriptor, data + done, bytes - done, (off_t)(offset + done));
        if (count < 0 && !is_again(file))
            return mote_os_raise("read", file->file.path, errno);
        if (count == 0)
            return mote_os_raise("read", file->file.path, EIO); // all of it was there
        done += count > 0 ? (size_t)count : 0;
    }
    return MOTE_OK;
}

mote_status mote_swap_file_read(const mote_swap_file *file, uint64_t offset, void *data,
                                size_t bytes)
{
    return read_most(file, offset, data, bytes, bytes);
}

/// Transfers begin and end at whole multiples: what is read too much in front is moved over, and what that leaves no room for
/// behind comes by itself.
mote_status mote_swap_file_read_from(const mote_swap_file *file, uint64_t offset, void *data,
                                     size_t bytes)
{
    _Alignas(4096) unsigned char page[MOTE_TRANSFER_ALIGNMENT];
    const size_t shift = (size_t)(offset % MOTE_TRANSFER_ALIGNMENT);
    const uint64_t begin = offset - shift;
    const size_t room = mote_size_align(bytes, MOTE_TRANSFER_ALIGNMENT);
    const size_t moved = mote_size_min(bytes, room - shift);
    unsigned char *const place = data;
    MOTE_TRY(read_most(file, begin, place, room, shift + moved));
    memmove(place, place + shift, moved);
    if (moved == bytes)
        return MOTE_OK;
    MOTE_TRY(read_most(file, begin + room, page, sizeof page, bytes - moved));
    memcpy(place + moved, page, bytes - moved);
    return MOTE_OK;
}

mote_status mote_swap_file_write(const mote_swap_file *file, uint64_t offset, const void *data,
                                 size_t bytes)
{
    assert(is_aligned(offset, data, bytes) && offset + bytes <= file->bytes);
    for (size_t done = 0; done < bytes;) {
        const ssize_t count = pwrite(file->file.descriptor, (const unsigned char *)data + done,
                                     bytes - done, (off_t)(offset + done));
        if (count < 0 && !is_again(file))
            return mote_os_raise("write", file->file.path, errno);
        if (count == 0)
            return mote_os_raise("write", file->file.path, ENOSPC);
        done += count > 0 ? (size_t)count : 0;
    }
    return MOTE_OK;
}
