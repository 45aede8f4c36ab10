// SPDX-License-Identifier: Apache-2.0
// Data sets: files opened and checked before step one, then read sample by sample without allocation.
#ifndef MOTE_DATA_DATA_H
#define MOTE_DATA_DATA_H

#include "base/arena.h"
#include "base/property.h"
#include "base/random.h"
#include "mote/allocator.h"
#include "mote/data.h"
#include "mote/inspection.h"
#include "tensor/source.h"

#include <stddef.h>
#include <stdint.h>

/// How bytes of images become numbers unless a data section says otherwise: value * scale.
#define MOTE_IMAGE_SCALE (1.0 / 255.0)

/// One thing the graph wants to be fed.
typedef struct mote_dataset_port {
    const char *name; // for messages; it need not outlive mote_dataset_open
    mote_tensor_spec
        spec; // I32: indices; real labels of n elements may also be fed as one-hot rows
    int32_t index_first, index_last; // I32: what an index may be, both included
} mote_dataset_port;

typedef struct mote_dataset_ports {
    const mote_dataset_port *items; // inputs in file order, then labels
    size_t input_count;
    size_t label_count; // 0: only inputs are wanted
    size_t class_count; // classes the network tells apart; 0: not a classifier
} mote_dataset_ports;

/// What training learned of its data beside the weights: saved with them, so that other data are prepared in the
/// same way. NULL or "" when unknown.
typedef struct mote_knowledge {
    const char *class_names; // "a,b,c"
    const char *preparation; // a text of the reader's own
} mote_knowledge;

typedef struct mote_dataset_config {
    const char *owner; // "[train_set]", for messages
    mote_origin origin;
    const mote_entry *entries; // of the section; keys of the reader's table and the common ones
    size_t entry_count;
    const char *folder;               // paths are relative to it
    const mote_data_source *callback; // NULL: the section says where the data are
    mote_dataset_ports ports;
    uint64_t seed;      // of the run
    bool is_train_set;  // keys of training count
    bool has_valid_set; // beside the train_set
    bool is_split_off;  // the part of a train_set that is for validation; else the other
    bool is_training;   // what is not known may be learned from this set
    bool *
        lacks_training; // becomes true where it would have to be known, but is not; NULL: nobody asks
    mote_knowledge known; // from the weights' file or the training set
    size_t reader_count;  // threads that read a batch; 0: one
    const mote_allocator *allocator;
} mote_dataset_config;

typedef struct mote_dataset mote_dataset;

/// A kind of data, a row of readers.def: `type` in a data section.
typedef struct mote_reader mote_reader;

/// Opens and checks the files of a section (type = idx). Common keys: type, shuffle (default true), samples
/// (use only the first n; 0 = all), class_names. Errors name file and record.
mote_status mote_dataset_open(const mote_dataset_config *config,
                              mote_dataset **dataset) MOTE_MUST_CHECK;

/// Checks the section's keys and values as mote_dataset_open does, without opening its files; config->ports is
/// not used.
mote_status mote_dataset_check(const mote_dataset_config *config) MOTE_MUST_CHECK;

/// The samples that validation_split keeps from an open train_set, as a set of their own, which must be closed
/// first; NULL when there are none. Both read the same files.
mote_status mote_dataset_open_split(mote_dataset *training,
                                    mote_dataset **validation) MOTE_MUST_CHECK;

void mote_dataset_close(mote_dataset **dataset);

uint64_t mote_dataset_sample_count(const mote_dataset *dataset);

/// Whether the section asks for another order each epoch.
bool mote_dataset_shuffles(const mote_dataset *dataset);

/// What the source serves: samples at places first .. first+count-1 of the epoch's order. `order` is the key of
/// the permutation (seed, epoch), or NULL for file order.
void mote_dataset_select(mote_dataset *dataset, const mote_random_key *order, uint64_t first,
                         uint64_t count);

/// From now on real inputs are changed as the section's augmentation keys say, by the seed and the iteration (the
/// epoch) of `key`; NULL: they are served as they are.
void mote_dataset_augment(mote_dataset *dataset, const mote_random_key *key);

/// Serves the selected samples; valid while the data set is open.
const mote_source *mote_dataset_source(mote_dataset *dataset);

/// How bytes become numbers (value * scale), for files that are to be prepared in the same way later.
double mote_dataset_scale(const mote_dataset *dataset);

/// Writes what of its section settles which samples it has, in which order and how they are changed, as
/// " <key>=<value>" for each key.
void mote_dataset_describe(const mote_dataset *dataset, const mote_writer *writer);

/// What is known of the data once the set is open: names of the classes, from the common key class_names (their
/// number must be class_count) or the reader, and what its reader learned; "" where there is nothing.
mote_knowledge mote_dataset_knowledge(const mote_dataset *dataset);

/// Name, property table and summary of reader `index` for documentation; NULL behind the last.
const char *mote_dataset_reader(size_t index, const mote_property **table, const char **summary);

/// The keys every data section has.
const mote_property *mote_dataset_properties(void);

/// How an image file becomes a sample.
typedef struct mote_image_request {
    const mote_tensor_spec *spec; // of the input: 1:H:W or 3:H:W
    /// What is known of the training data (mote_knowledge.preparation): of type images, the image is fitted and
    /// normalized likewise. "": it has to be 8-bit grey of exactly the input's size, and becomes value * scale.
    const char *preparation;
    double scale;
    const mote_allocator *allocator;
} mote_image_request;

/// Reads a PNG or JPEG image as one sample; `values` are spoiled when it fails. May allocate. Errors name the file;
/// MOTE_ERROR_UNSUPPORTED also in a build without the library for that kind of file.
mote_status mote_image_read(const char *path, const mote_image_request *request,
                            mote_real *values) MOTE_MUST_CHECK;

/// Data to find out of what they are, before there is a network to feed.
typedef struct mote_inspect_request {
    const char *path;
    const char *type;  // a kind's name; NULL: not given
    const char *label; // NULL: not given
    mote_arena *arena; // of what the info points to, and of what is needed meanwhile
} mote_inspect_request;

/// By mote_data_kind.
extern const char *const mote_data_kind_names[MOTE_DATA_KIND_COUNT];

/// As mote_inspection_create says.
mote_status mote_data_inspect(const mote_inspect_request *request,
                              mote_data_info *info) MOTE_MUST_CHECK;

#endif
