// SPDX-License-Identifier: Apache-2.0
// Private to data: the contract of a kind of data. A reader is one const descriptor in one file and one
// row in readers.def.
#ifndef MOTE_DATA_READER_H
#define MOTE_DATA_READER_H

#include "base/arena.h"
#include "data/data.h"

/// Elements [first_element, +element_count) of records [first_record, +record_count). More than one
/// record only with all of its elements.
typedef struct mote_reader_range {
    size_t port;
    const mote_tensor_spec *spec; // of the port
    uint64_t first_record;
    size_t record_count;
    size_t first_element, element_count;
} mote_reader_range;

struct mote_reader {
    const char *name;    // `type` in data sections
    const char *summary; // one line
    const mote_property *properties;
    size_t state_bytes; // begins as zeroes, then the properties are set

    /// Opens and checks the files; on failure nothing is left open. What it takes from `arena` lives as
    /// long as the data set, the config only during the call.
    mote_status (*open)(void *state, const mote_dataset_config *config, mote_arena *arena,
                        uint64_t *sample_count);

    void (*close)(void *state);

    /// Writes the range to `destination`, densely, in the port's dtype. No allocation.
    mote_status (*read)(const void *state, const mote_reader_range *range, void *destination);

    double (*scale)(const void *state);
};

#define READER(name) extern const mote_reader mote_reader_##name;
#include "data/readers.def"
#undef READER

/// `path` relative to the config's folder.
mote_status mote_reader_path(const mote_dataset_config *config, const char *path, mote_arena *arena,
                             const char **result) MOTE_MUST_CHECK;

/// Raises the last error again, with where the key that led to it was written.
mote_status mote_reader_blame(mote_status status, const mote_dataset_config *config,
                              const char *key);

#endif
