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

/// The records that make up a set, by their place in it: all, or a part of a fixed permutation of them.
typedef struct mote_selection {
    uint64_t count;
    uint64_t record_count; // that the part is of; 0: the first `count` records
    uint64_t first;        // place of the part
    mote_random_key key;   // of the permutation
} mote_selection;

static inline uint64_t mote_selection_record(const mote_selection *selection, uint64_t place)
{
    if (selection->record_count == 0)
        return place;
    return mote_random_permute(&selection->key, selection->record_count, selection->first + place);
}

struct mote_reader {
    const char *name;    // `type` in data sections
    const char *summary; // one line
    const mote_property *properties;
    size_t state_bytes; // begins as zeroes, then the properties are set

    /// Opens and checks the files; on failure nothing is left open. What it takes from `arena` lives as
    /// long as the data set, the config only during the call.
    mote_status (*open)(void *state, const mote_dataset_config *config, mote_arena *arena,
                        uint64_t *sample_count);

    /// Called once after `open`, when it is known which records the set has: learns from them what
    /// config->known does not say (only if config->is_training), or takes it from there. What it finds is
    /// written to `knowledge` and lives in `arena`. config->known.class_names are those to be used: of the
    /// section, else of the weights' file. NULL: there is nothing to learn.
    mote_status (*learn)(void *state, const mote_dataset_config *config,
                         const mote_selection *selection, mote_arena *arena,
                         mote_knowledge *knowledge);

    void (*close)(void *state);

    /// Writes the range to `destination`, densely, in the port's dtype; records ascending, so that the first that is
    /// wrong is the one that is reported. No allocation.
    mote_status (*read)(const void *state, const mote_reader_range *range, void *destination);

    double (*scale)(const void *state); // NULL: the data are no bytes

    bool is_serial; // `read` may not be called by several threads at the same time
};

/// Feeds what the program itself makes (mote/data.h); has no keys.
extern const mote_reader mote_reader_callback;

#define READER(name) extern const mote_reader mote_reader_##name;
#include "data/readers.def"
#undef READER

/// `path` relative to the config's folder.
mote_status mote_reader_path(const mote_dataset_config *config, const char *path, mote_arena *arena,
                             const char **result) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_PROPERTY for what only training data or the weights' file can tell: "<unknown> not known".
mote_status mote_reader_raise_unknown(const mote_dataset_config *config, const char *unknown);

/// Raises the last error again, with where the key that led to it was written.
mote_status mote_reader_blame(mote_status status, const mote_dataset_config *config,
                              const char *key);

#endif
