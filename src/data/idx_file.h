// SPDX-License-Identifier: Apache-2.0
// Private to data: one IDX file of unsigned bytes, plain or expanded from gzip.
#ifndef MOTE_DATA_IDX_FILE_H
#define MOTE_DATA_IDX_FILE_H

#include "base/arena.h"
#include "os/os.h"

#include <stdint.h>

/// What the file must be.
typedef struct mote_idx_kind {
    const char *noun;         // "images", "labels"
    uint32_t dimension_count; // 1: a count of bytes; 3: count, height, width
    size_t height, width;     // that records must have, when there are 3; 0: any
} mote_idx_kind;

typedef struct mote_idx_file {
    mote_file file; // its path is the name to blame
    uint64_t record_count;
    size_t height, width; // of a record with 3 dimensions
    size_t record_bytes;
    uint64_t data_start;
} mote_idx_file;

/// Opens and checks header and size; a compressed file is expanded to a temporary one. `path` is borrowed.
mote_status mote_idx_open(const char *path, const mote_idx_kind *kind,
                          const mote_allocator *allocator, mote_idx_file *idx) MOTE_MUST_CHECK;

void mote_idx_close(mote_idx_file *idx);

/// Bytes [first, +bytes) of the records' data.
mote_status mote_idx_read(const mote_idx_file *idx, uint64_t first, void *data,
                          size_t bytes) MOTE_MUST_CHECK;

#endif
