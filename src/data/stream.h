// SPDX-License-Identifier: Apache-2.0
// Private to data: bytes that can only be had one after the other.
#ifndef MOTE_DATA_STREAM_H
#define MOTE_DATA_STREAM_H

#include "base/status.h"
#include "mote/allocator.h"
#include "os/os.h"

#include <stddef.h>

typedef struct mote_stream {
    void *user;
    /// Gives the next `bytes` bytes; *count is smaller only at the end of the stream.
    mote_status (*read)(void *user, void *data, size_t bytes, size_t *count);
    void (*close)(void *user);
} mote_stream;

/// First bytes of every gzip file.
#define MOTE_GZIP_MAGIC "\x1F\x8B"

/// Bytes that a byte of a compressed file can at most become: DEFLATE needs 2 bits for 258 of them.
#define MOTE_GZIP_RATIO_MAX 1032U

/// The expanded content of a gzip file, which stays open as long as the stream and is the caller's to
/// close. Raises MOTE_ERROR_UNSUPPORTED in a build without zlib.
mote_status mote_gzip_open(const mote_file *file, const mote_allocator *allocator,
                           mote_stream *stream) MOTE_MUST_CHECK;

/// The content of a file, expanded when it begins as gzip does. The file stays open as long as the stream and
/// is the caller's to close.
mote_status mote_stream_open(const mote_file *file, const mote_allocator *allocator,
                             mote_stream *stream) MOTE_MUST_CHECK;

/// Opens a file for reading; one that begins as gzip does is expanded to a nameless temporary file. `path` is
/// borrowed as the name to blame.
mote_status mote_file_open_expanded(const char *path, const mote_allocator *allocator,
                                    mote_file *file) MOTE_MUST_CHECK;

#endif
