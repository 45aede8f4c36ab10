// SPDX-License-Identifier: Apache-2.0
// Training in the caller's own loop: one step after the other, each in two halves, with samples from memory.
//
//     const mote_compile_config config = {.modes = MOTE_MODE_STEP};
//     ... mote_model_compile(model, &config) ...
//     while (...) {
//         mote_model_forward(model, &batch, &metrics); // loss and outputs can be read now
//         mote_model_apply(model, NULL);               // or mote_model_discard(model)
//     }
//
// The same batches in the same order give the bits of mote_model_train. Nothing is allocated from the second step on,
// nor in the first one when mote_model_allocate has been called.
//
// Every call here belongs to the thread that has the model; no two models of a context may be in such a call at once.
#ifndef MOTE_STEP_H
#define MOTE_STEP_H

#include "mote/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Samples in memory: a pointer for each input and each label of the network, to float or int32_t as mote_port_info
/// says, `count` samples each, dense. They are read during mote_model_forward alone.
typedef struct mote_batch {
    const void *const *inputs;
    size_t input_count; // of the network: mote_model_input_count
    const void *const *labels;
    size_t label_count; // of the network: mote_model_label_count
    size_t count;       // samples: 1 .. batch size
} mote_batch;

/// The first half of a training step: layers behave as in training (dropout, statistics of the batch). The step is open
/// then, until mote_model_apply or mote_model_discard. `metrics` may be NULL. Weights are as before.
///
/// Needs MOTE_MODE_STEP. While a step is open, calls that need its memory are refused with MOTE_ERROR_ARGUMENT: forward
/// itself, and mote_model_train, _bench, _evaluate, _run, _run_all, _load_weights, _compile, _resume. Others work; so do
/// mote_model_save and _write_checkpoint, with the weights from before the step.
///
/// No step is open after an error. MOTE_ERROR_NONFINITE: a loss is not finite; there is nothing to apply.
/// MOTE_ERROR_DATA: an integer that the network does not take. A layer of your own may fail with any error.
MOTE_API mote_status mote_model_forward(mote_model *model, const mote_batch *batch,
                                        mote_metrics *metrics) MOTE_MUST_CHECK;

/// Output `index` of the open step, as mote_model_get_output describes it, `count` samples; valid while the step is
/// open. Softmax or sigmoid that a loss applies itself is not applied: these are the values in front of it.
/// MOTE_ERROR_UNSUPPORTED for an output that no loss reads: training does not compute it.
MOTE_API mote_status mote_model_get_step_output(const mote_model *model, size_t index,
                                                const void **values) MOTE_MUST_CHECK;

/// The second half: backward pass and update of the weights, with `*learning_rate`, or with that of the schedule when
/// it is NULL. The step is not open then, whatever comes. MOTE_ERROR_NONFINITE: the norm of the gradients (clip_norm)
/// is not finite; nothing was changed. A layer of your own that fails may leave a part of the step applied; the message
/// says so.
MOTE_API mote_status mote_model_apply(mote_model *model,
                                      const double *learning_rate) MOTE_MUST_CHECK;

/// Ends the open step as though it had not been: weights, statistics and what the next step draws at random are as
/// before it. Without an open step nothing happens.
MOTE_API void mote_model_discard(mote_model *model);

/// Optimizer and schedule begin anew with the next step, from the weights as they are. So they do after
/// a mote_model_train or mote_model_bench that was not refused. An open step is refused with MOTE_ERROR_ARGUMENT.
MOTE_API mote_status mote_model_restart(mote_model *model) MOTE_MUST_CHECK;

typedef struct mote_step_info {
    uint64_t applied;     // steps since the optimizer began
    size_t open_samples;  // of the open step; 0: none is open
    double learning_rate; // of the schedule, for the next apply
} mote_step_info;

/// Where the caller's loop is. Needs MOTE_MODE_STEP.
MOTE_API mote_status mote_model_get_step(const mote_model *model,
                                         mote_step_info *info) MOTE_MUST_CHECK;

/// Writes a checkpoint of the loop as it is: all state, the number of applied steps, and `data_position`, a number of your
/// own that says which samples come next. Files, how many are kept, and the lock that keeps others off [Model]
/// checkpoint_path are as in mote_model_train. The lock is taken by the first checkpoint (or by mote_model_resume), and given
/// back with the model's memory, by mote_model_train, _bench or _roll_back that are not refused, and by mote_model_restart. An
/// open step counts as one that has not been. The first checkpoint of a loop that does not go on from one removes those of before.
///
/// MOTE_ERROR_IO: it could not be written, or another training has the path; those of before are there still.
/// MOTE_ERROR_NONFINITE: weights are not finite, or a part of a step was applied. How often is up to you: writing takes as
/// long as the state needs to the disk, and allocates a few kilobytes meanwhile.
MOTE_API mote_status mote_model_write_checkpoint(mote_model *model,
                                                 uint64_t data_position) MOTE_MUST_CHECK;

/// Goes on from the newest checkpoint of mote_model_write_checkpoint that can be read: the next steps have the bits of a loop
/// that was never interrupted. `data_position` (may be NULL) is the number that was written with it, and mote_model_get_step
/// tells the applied steps. Without a checkpoint the loop begins anew, from the weights as they are, at 0 of both; a program
/// may always call this first. Where there is a checkpoint, the file to start from ([Model] load_path,
/// compile_config.weights) need not exist.
///
/// Of `config` (may be NULL) only `notice` counts; it is told what mote_model_train tells it. MOTE_ERROR_PROPERTY: the
/// checkpoint is of another model, another batch, or of mote_model_train. MOTE_ERROR_FORMAT: none of them can be read.
/// MOTE_ERROR_IO: another training has the path. After an error the loop is as before. An open step is refused with
/// MOTE_ERROR_ARGUMENT.
MOTE_API mote_status mote_model_resume(mote_model *model, const mote_train_config *config,
                                       uint64_t *data_position) MOTE_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
