// SPDX-License-Identifier: Apache-2.0
// Private to data: a folder with one sub-folder of files a class.
#ifndef MOTE_DATA_CLASS_FOLDER_H
#define MOTE_DATA_CLASS_FOLDER_H

#include "data/reader.h"
#include "data/record_cache.h"

typedef struct mote_class_file {
    const char *path;
    size_t class_index;
} mote_class_file;

typedef struct mote_class_folder {
    const char *path;
    const mote_class_file *files; // by class, then by name
    size_t file_count;
    const char *class_names; // "a,b,c": those known, else those of the sub-folders in order
} mote_class_folder;

/// Lists all files, in `listing`: names of many files are no small thing, and what they hold is read once. All else is in
/// `arena`. The sub-folders' names are classes: of config->known.class_names where these are known, else
/// of the network, as many as it tells apart. Raises MOTE_ERROR_FORMAT for files beside the sub-folders, folders
/// in these, a class without files, and names that cannot be kept.
mote_status mote_class_folder_read(const mote_dataset_config *config, const char *path,
                                   mote_arena *arena, mote_arena *listing,
                                   mote_class_folder *folder) MOTE_MUST_CHECK;

/// When the files were read and `listing` goes.
void mote_class_folder_forget_files(mote_class_folder *folder);

/// Raises MOTE_ERROR_SHAPE or MOTE_ERROR_UNSUPPORTED unless label 0 is the only one and takes a class: one index,
/// or a real value for each class. `what` is "type images".
mote_status mote_class_folder_check_label(const mote_dataset_config *config,
                                          const char *what) MOTE_MUST_CHECK;

/// Writes the class as that label wants it: elements [first, +count).
void mote_class_folder_write(const mote_tensor_spec *spec, int32_t class_index, size_t first,
                             size_t count, void *destination);

/// Reads the range of that label; the classes stand in a field of one I32 of the cached records.
mote_status mote_class_folder_read_labels(const mote_record_cache *cache, size_t field,
                                          const mote_reader_range *range,
                                          void *destination) MOTE_MUST_CHECK;

#endif
