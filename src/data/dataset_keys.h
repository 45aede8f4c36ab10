// SPDX-License-Identifier: Apache-2.0
// Private to data: the keys that all kinds of data share.
#ifndef MOTE_DATA_DATASET_KEYS_H
#define MOTE_DATA_DATASET_KEYS_H

#include "data/augment.h"
#include "data/reader.h"

typedef struct mote_dataset_keys {
    uint32_t type; // row of readers.def
    bool shuffle;
    uint64_t samples;
    const char *class_names;
    double validation_split;
    mote_augmentation augmentation;
} mote_dataset_keys;

/// Reads the section of `config` into `keys` and the state of the reader that it names; both live in `arena`.
mote_status mote_dataset_keys_read(const mote_dataset_config *config, mote_arena *arena,
                                   mote_dataset_keys *keys, const mote_reader **reader,
                                   void **state) MOTE_MUST_CHECK;

/// Checks the class names against network and weights, and copies them to `arena`.
mote_status mote_dataset_keys_name(const mote_dataset_config *config, mote_arena *arena,
                                   mote_dataset_keys *keys) MOTE_MUST_CHECK;

/// Raises MOTE_ERROR_PROPERTY "<place><owner>: <key><problem>".
mote_status mote_dataset_keys_raise(const mote_dataset_config *config, const char *key,
                                    const char *problem) MOTE_MUST_CHECK;

#endif
