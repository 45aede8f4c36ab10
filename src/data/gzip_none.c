// SPDX-License-Identifier: Apache-2.0
// In the place of gzip.c in a build without zlib.
#include "data/stream.h"

mote_status mote_gzip_open(const mote_file *file, const mote_allocator *allocator,
                           mote_stream *stream)
{
    (void)allocator;
    (void)stream;
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                      "'%s' is compressed by gzip: this build of mote is without zlib", file->path);
}
