// SPDX-License-Identifier: Apache-2.0
// What may be said to a model while it is at work: from a callback, or from any other thread.
#ifndef MOTE_CONTROL_H
#define MOTE_CONTROL_H

#include "mote/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Asks for another memory budget (bytes of the arena; 0: [Model] memory_budget; UINT64_MAX: any). It is noted and taken at the
/// next boundary of steps: by mote_model_train in front of its next training step, by mote_model_forward before it begins. The
/// model is planned anew, as mote_model_compile would, and goes on to the same bits. Weights, statistics and optimizer state go
/// through a file in [Model] swap_path meanwhile, so that the old arena is given back before the new one is had; what the model
/// gave out of its plan (strings, tensors' values) ends with it. That takes as long as compiling does, allocates what it does,
/// and writes all state to the disk once. Of two budgets that are asked for before a step, the later one counts; while nothing
/// trains, the next step takes it, and mote_model_compile forgets it.
///
/// A budget that cannot be had changes nothing: the plan of before stays. mote_model_train goes on and tells config.notice of it,
/// as it does of one that is taken; mote_model_forward fails, once, with MOTE_ERROR_BUDGET (too small), MOTE_ERROR_PROPERTY
/// (swap_write_limit), MOTE_ERROR_IO (the file) or MOTE_ERROR_MEMORY, and the next one begins a step. In the notice and behind
/// that failure, mote_model_smallest_budget is the smallest budget where it was too small, else 0, and mote_model_get_plan says
/// what holds now. Where the new arena cannot be had, nor the old one any more, the call fails with that error: what the model
/// held is kept, as by mote_model_compile, and mote_model_allocate tries again.
///
/// May be called from any thread, between mote_model_compile and mote_model_destroy. MOTE_ERROR_ARGUMENT: model is NULL.
MOTE_API mote_status mote_model_set_memory_budget(mote_model *model,
                                                  uint64_t bytes) MOTE_MUST_CHECK;

/// Has `yield` called in front of each operation of whatever the model computes, by the thread that made the call (NULL: no
/// more). So whenever an operation ends the program may take the processor: yield may block for as long as it likes, and no
/// thread of the context computes meanwhile; transfers and reading ahead that were begun end by themselves. It may use the
/// model for what only reads it.
///
/// How long it is from one call to the next is how long an operation takes, with what it waits for. [Model] operation_deadline_ms
/// has mote_model_get_plan say which are predicted to take longer, by rates that are assumed of the device, and
/// mote_train_result which did; a smaller batch or slices make them shorter. What is no operation does not yield: compiling,
/// taking another memory budget, opening data, reading and writing files of weights and checkpoints.
///
/// When yield returns true, the call ends as soon as nothing is left half done. Before the first operation that changes weights
/// or statistics it ends at once, as though the step had not begun; behind that the step is done first. So mote_model_train and
/// _bench end as by config.stop, and mote_model_evaluate, _forward, _run, _run_all and an _apply that has changed nothing fail with
/// MOTE_STOPPED.
///
/// Belongs to the thread that has the model. MOTE_ERROR_ARGUMENT: model is NULL.
MOTE_API mote_status mote_model_set_yield(mote_model *model, bool (*yield)(void *user),
                                          void *user) MOTE_MUST_CHECK;

/// Has the model wait in front of its next operation, in this call or a later one, until mote_model_continue: within the time
/// of an operation no thread of the context computes any more, and none takes the processor. Returns at once; nothing is given
/// back or written, and the bits stay the same. Meanwhile config.stop and yield are not asked. Both may be called from any thread
/// until mote_model_destroy, and more than once. MOTE_ERROR_ARGUMENT: model is NULL.
MOTE_API mote_status mote_model_pause(mote_model *model) MOTE_MUST_CHECK;
MOTE_API mote_status mote_model_continue(mote_model *model) MOTE_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
