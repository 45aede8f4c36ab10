// SPDX-License-Identifier: Apache-2.0
// Looking at data before there is a model: what is needed to propose one.
#ifndef MOTE_INSPECTION_H
#define MOTE_INSPECTION_H

#include "mote/context.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Kinds of data that are recognized, called as the reader (type in a data section) that reads them: a folder with
/// one sub-folder of images a class, one of WAV files, an IDX file of images beside one of labels, a file of
/// separated values, any other text.
#define MOTE_DATA_KIND_MAP(X) \
    X(IMAGES, "images")       \
    X(WAV, "wav")             \
    X(IDX, "idx")             \
    X(CSV, "csv")             \
    X(TEXT, "text")

typedef enum mote_data_kind {
#define MOTE_DATA_KIND_ENUM(name, text) MOTE_DATA_##name,
    MOTE_DATA_KIND_MAP(MOTE_DATA_KIND_ENUM)
#undef MOTE_DATA_KIND_ENUM
    MOTE_DATA_KIND_COUNT
} mote_data_kind;

/// "images", "wav", "idx", "csv", "text"
MOTE_API const char *mote_data_kind_name(mote_data_kind kind);

/// What was found. Texts live as long as the inspection; where there is nothing to say they are "".
typedef struct mote_data_info {
    mote_data_kind kind;
    uint64_t
        sample_count; // that can be used; 0 for text, which has as many as the network's input makes of it
    size_t class_count; // 0: the label is a real number, or the data are text
    const char
        *class_names;  // "a,b,c" in the order of their indices; "" when the data only number them
    const char *label; // idx: the file of labels; csv: the column, its name or its number from 1
    size_t channels;   // images: 1 when all are grey, else 3; wav: the most that a file has
    size_t height, width; // images: the size that most have; 0 for other data
    bool sizes_differ;    // images have to be fitted to one size
    size_t input_count;   // csv: columns of numbers that are no label; 0 for other data
    const char *
        ignored; // csv: columns that are no numbers, "a,b"; "1,2" where their names are too long together
    const char *delimiter;   // csv: as the key delimiter calls it
    bool has_header;         // csv: the first record names the columns
    bool has_missing;        // csv: values of inputs are missing in rows that have a label
    bool has_missing_labels; // csv: rows without a label, which sample_count leaves out
    double label_mean;       // csv with a real label: its mean ...
    double label_deviation;  // ... and standard deviation; else 0
    size_t sample_rate;      // wav: samples a second, of all files; 0 for other data
    uint64_t longest;        // wav: samples of the longest file; 0 for other data
    uint64_t usual;          // wav: samples that 95 of 100 files do not exceed; 0 for other data
    uint64_t byte_count;     // text: bytes, expanded; 0 for other data
} mote_data_info;

/// What is known beforehand; zeros (or no config) are the defaults.
typedef struct mote_inspection_config {
    const char *type; // the kind by its name; NULL: found out
    const char *
        label; // the label column of separated values (NULL: the last), or the file of labels that belongs
    // to an IDX file of images (NULL: the same name with "labels" for "images" and "idx1" for
    // "idx3"); other data refuse it
} mote_inspection_config;

/// An inspection that was made; the files are closed. Destroy it before the context.
typedef struct mote_inspection mote_inspection;

/// Finds out what `path` is and reads as much of it as is needed: a file as a whole, of a folder of images all
/// names and up to 1000 images, of a folder of WAV files all headers. A folder is one of sounds when its first file
/// is a WAV file or is called *.wav. A file whose name ends in .csv or .tsv (also with .gz behind it) is separated
/// values; one with another name when the same delimiter cuts each of its first 20 lines into as many fields, two
/// at least, with numbers in one of them; what else has no byte 0 is text. Errors: MOTE_ERROR_FORMAT for what is
/// none of the kinds, has too few samples to learn from or fewer than two classes, sounds of different sample
/// rates, and the errors of readers; MOTE_ERROR_ARGUMENT for a type or a label that there is not.
MOTE_API mote_status mote_inspection_create(const mote_context *context, const char *path,
                                            const mote_inspection_config *config,
                                            mote_inspection **inspection) MOTE_MUST_CHECK;

/// Sets *inspection to NULL; NULL is fine.
MOTE_API void mote_inspection_destroy(mote_inspection **inspection);

MOTE_API const mote_data_info *mote_inspection_get(const mote_inspection *inspection);

#ifdef __cplusplus
}
#endif

#endif
