// SPDX-License-Identifier: Apache-2.0
// Private to data: what the parts of the reader `csv` share. A record of the cache is one row: the feature
// columns in the order of the input ports, then the label columns; missing values are NaN, classes the number of
// their text in order of appearance.
#ifndef MOTE_DATA_CSV_H
#define MOTE_DATA_CSV_H

#include "data/csv_parse.h"
#include "data/reader.h"
#include "data/record_cache.h"

/// What may stand between values; the names are what the key delimiter takes, NULL behind the last.
extern const char mote_csv_delimiters[];
extern const char *const mote_csv_delimiter_names[];

#define MOTE_CSV_NO_SLOT     SIZE_MAX
#define MOTE_CSV_CLASSES_MAX 65536U

typedef enum mote_csv_missing {
    MOTE_CSV_MISSING_REFUSE,
    MOTE_CSV_MISSING_DROP,
    MOTE_CSV_MISSING_MEAN,
    MOTE_CSV_MISSING_CONSTANT
} mote_csv_missing;

/// A feature column: its name ("" without a header) and what the training set taught of it.
typedef struct mote_csv_feature {
    const char *name;
    double mean, deviation;
} mote_csv_feature;

/// A port's columns: slots [first, +count) of a record.
typedef struct mote_csv_port {
    mote_dataset_port port;
    size_t first, count;
    bool is_class; // one slot an index or a one-hot row
} mote_csv_port;

/// The texts of class columns in order of appearance, and an order of them by which they are found.
typedef struct mote_csv_classes {
    size_t limit; // the network tells as many apart
    const char **texts;
    uint64_t *lines; // where each appeared first
    size_t *sorted;
    double *indices; // the class that each stands for; filled in by mote_csv_learn
    size_t count;
} mote_csv_classes;

typedef struct mote_csv_state {
    const char *path; // properties
    const char *label, *columns, *ignore;
    bool header, standardize;
    uint32_t delimiter, missing;
    double missing_value;

    const char *file_path; // usable, to blame
    const char *bad_key;   // of the section, to blame for a failure
    mote_csv_port *ports;
    size_t port_count, input_count;
    size_t column_count; // of the file
    const char **names;  // of its columns; NULL without a header
    size_t *slots;       // of its columns: place in a record, or MOTE_CSV_NO_SLOT
    mote_csv_feature *features;
    size_t feature_count, slot_count;
    bool is_known; // features are as the weights' file says
    mote_csv_classes classes;
    mote_record_cache cache;
} mote_csv_state;

/// Ports and, when the weights' file tells of them, features. Before the file is read.
mote_status mote_csv_plan(mote_csv_state *state, const mote_dataset_config *config,
                          mote_arena *arena) MOTE_MUST_CHECK;

/// Gives every column of the file its slot, from the first record: names, or the first row of values.
mote_status mote_csv_place(mote_csv_state *state, const mote_csv_parser *parser,
                           mote_arena *arena) MOTE_MUST_CHECK;

/// The number of a class's text, which is added when it is new.
mote_status mote_csv_class(mote_csv_state *state, const mote_csv_parser *parser, size_t column,
                           mote_arena *arena, double *number) MOTE_MUST_CHECK;

/// Classes and features from the set's records, or as the weights' file says.
mote_status mote_csv_learn(void *state, const mote_dataset_config *config,
                           const mote_selection *selection, mote_arena *arena,
                           mote_knowledge *knowledge) MOTE_MUST_CHECK;

/// Reads "mean deviation name" lines, written by mote_csv_learn.
mote_status mote_csv_recall(mote_csv_state *state, const mote_dataset_config *config,
                            mote_arena *arena) MOTE_MUST_CHECK;

/// Whether a field says that there is no value.
bool mote_csv_is_missing(const char *text);

/// "column 3 ('species')", written into `text`, which is returned.
const char *mote_csv_column_text(const mote_csv_state *state, size_t column, char *text,
                                 size_t bytes);

#endif
