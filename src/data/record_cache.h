// SPDX-License-Identifier: Apache-2.0
// Private to data: decoded records in a nameless temporary file. A reader whose files are slow to decode (text,
// images, sound) decodes each of them once, before step one; the pages of the file are the system's cache and
// belong to no process. A record is a row of fields, each with as many elements in every record.
#ifndef MOTE_DATA_RECORD_CACHE_H
#define MOTE_DATA_RECORD_CACHE_H

#include "base/arena.h"
#include "os/os.h"
#include "tensor/tensor.h"

#include <stdint.h>

typedef struct mote_record_field {
    mote_dtype dtype;
    size_t elements;
    size_t offset; // in the record; filled in by mote_record_cache_open
} mote_record_field;

typedef struct mote_record_cache {
    mote_file file;
    const mote_record_field *fields;
    size_t field_count;
    size_t record_bytes;
    uint64_t record_count;
    unsigned char *buffer; // records that are not yet written; NULL after mote_record_cache_finish
    size_t buffer_records, buffered;
} mote_record_cache;

/// Which elements of a field: [first_element, +element_count) of records [first_record, +record_count).
typedef struct mote_record_range {
    size_t field;
    uint64_t first_record;
    size_t record_count;
    size_t first_element, element_count;
} mote_record_range;

/// An empty cache. The fields are copied to `arena`; `scratch` gives the memory that is needed until
/// mote_record_cache_finish. `path` is the name to blame for errors of the file, borrowed.
mote_status mote_record_cache_open(const mote_record_field *fields, size_t field_count,
                                   const char *path, mote_arena *arena, mote_arena *scratch,
                                   mote_record_cache *cache) MOTE_MUST_CHECK;

/// Makes room for one more record and gives the places of its fields (aligned for their types) in `places`,
/// one a field, to be filled before the next call.
mote_status mote_record_cache_append(mote_record_cache *cache, void **places) MOTE_MUST_CHECK;

/// Takes back the record that was appended last.
void mote_record_cache_drop(mote_record_cache *cache);

/// Writes what is buffered. Records can be read from now on, and no more be appended.
mote_status mote_record_cache_finish(mote_record_cache *cache) MOTE_MUST_CHECK;

/// Elements as they were stored, densely. No allocation.
mote_status mote_record_cache_read(const mote_record_cache *cache, const mote_record_range *range,
                                   void *destination) MOTE_MUST_CHECK;

/// The same of a field of F32 or U8 as reals: U8 as byte * scale, F32 as it is.
mote_status mote_record_cache_read_reals(const mote_record_cache *cache,
                                         const mote_record_range *range, double scale,
                                         mote_real *destination) MOTE_MUST_CHECK;

/// Safe on a cache that is closed or all zeroes but for a descriptor of -1.
void mote_record_cache_close(mote_record_cache *cache);

#endif
