// SPDX-License-Identifier: Apache-2.0
// Samples that a program makes itself, in the place of a data section of the model file.
#ifndef MOTE_DATA_H
#define MOTE_DATA_H

#include "mote/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A set of samples, numbered from 0, any of which can be asked for at any time and more than once, and must then
/// be the same.
typedef struct mote_data_source {
    void *user;
    uint64_t sample_count;
    /// Writes what sample `sample` has for a port: the network's inputs in the order of the model file are ports
    /// 0, 1, ..., then its labels. `values` has room for `count` elements, all of the port's for one sample: float,
    /// or int32_t for labels that are classes and for inputs with dtype = int32. Called in the thread that trains,
    /// before its first step (for checkpoints) and between its steps. Returns 0; anything else ends the call with MOTE_ERROR_IO and a message that names it.
    int (*read)(void *user, uint64_t sample, size_t port, void *values, size_t count);
    bool in_order; // training takes samples in their order, else in another one each epoch
    const char *class_names; // "a,b,c", to be saved with the weights, or NULL
} mote_data_source;

/// Training, validation and evaluation take set "train_set", "valid_set" or "test_set" from `source`, whether the
/// model file has the section or not; a valid_set needs a model compiled for MOTE_MODE_EVALUATE, too; the struct is copied. A NULL source goes back to the model file.
/// MOTE_ERROR_ARGUMENT for another name, or a source without read or samples.
MOTE_API mote_status mote_model_set_data(mote_model *model, const char *set,
                                         const mote_data_source *source) MOTE_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
