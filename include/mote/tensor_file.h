// SPDX-License-Identifier: Apache-2.0
// Looking into a file of weights (safetensors) without a model: its tensors, their values in short, its metadata.
#ifndef MOTE_TENSOR_FILE_H
#define MOTE_TENSOR_FILE_H

#include "mote/context.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// An open file; belongs to one thread at a time.
typedef struct mote_tensor_file mote_tensor_file;

/// Opens a file and checks it: header, dtypes, shapes, and that the tensors cover the data without gaps. Only the
/// header is in memory. Errors: MOTE_ERROR_IO, MOTE_ERROR_FORMAT, MOTE_ERROR_MEMORY.
MOTE_API mote_status mote_tensor_file_open(const mote_context *context, const char *path,
                                           mote_tensor_file **file) MOTE_MUST_CHECK;

/// Closes and sets *file to NULL; a NULL file is fine.
MOTE_API void mote_tensor_file_close(mote_tensor_file **file);

/// Texts and dims live as long as the file is open.
typedef struct mote_file_tensor {
    const char *name;
    const char *dtype; // as the file says: "F32"
    size_t rank;
    const uint64_t *dims;
    uint64_t element_count;
    uint64_t bytes;
} mote_file_tensor;

MOTE_API size_t mote_tensor_file_tensor_count(const mote_tensor_file *file);

/// Tensor `index`, in the order of the data.
MOTE_API mote_status mote_tensor_file_get_tensor(const mote_tensor_file *file, size_t index,
                                                 mote_file_tensor *tensor) MOTE_MUST_CHECK;

/// Of the values that are finite; NAN where there are none.
typedef struct mote_tensor_summary {
    double minimum, maximum, mean;
    uint64_t nonfinite_count; // infinite or not a number
} mote_tensor_summary;

/// Reads all values of tensor `index`, a few kilobytes at a time. Integers of 64 bits are rounded to double.
MOTE_API mote_status mote_tensor_file_summarize(const mote_tensor_file *file, size_t index,
                                                mote_tensor_summary *summary) MOTE_MUST_CHECK;

MOTE_API size_t mote_tensor_file_metadata_count(const mote_tensor_file *file);

/// Metadata `index`, in the order of the file.
MOTE_API mote_status mote_tensor_file_get_metadata(const mote_tensor_file *file, size_t index,
                                                   const char **key,
                                                   const char **value) MOTE_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
