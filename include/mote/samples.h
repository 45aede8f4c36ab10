// SPDX-License-Identifier: Apache-2.0
// Files of samples to run a trained model on, read and prepared as the data it was trained on.
#ifndef MOTE_SAMPLES_H
#define MOTE_SAMPLES_H

#include "mote/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/// An open file of samples; borrows the model, which must outlive it, not be compiled meanwhile, and belongs to the
/// same thread.
typedef struct mote_samples mote_samples;

/// Opens `path` as the model's [train_set] says (else [valid_set], else [test_set]) with another `path` and without
/// labels: rows of separated values, records, ... What training learned of its data is taken from the weights.
/// Needs MOTE_MODE_INFER. Errors: MOTE_ERROR_UNSUPPORTED when the model has no such section, or its type has no
/// `path` or feeds no labels alone, otherwise those of the data.
MOTE_API mote_status mote_samples_open(mote_model *model, const char *path,
                                       mote_samples **samples) MOTE_MUST_CHECK;

/// Closes and sets *samples to NULL; NULL is fine.
MOTE_API void mote_samples_close(mote_samples **samples);

MOTE_API uint64_t mote_samples_count(const mote_samples *samples);

/// Reads samples [first, +count) for mote_model_run, of a network with one input of MOTE_PORT_FLOAT.
MOTE_API mote_status mote_samples_read(mote_samples *samples, uint64_t first, size_t count,
                                       float *inputs) MOTE_MUST_CHECK;

/// The same for any network, as mote_model_run_all takes them: a pointer for each input, to float or int32_t.
MOTE_API mote_status mote_samples_read_all(mote_samples *samples, uint64_t first, size_t count,
                                           void *const *inputs, size_t input_count) MOTE_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
