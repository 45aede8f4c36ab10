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

#ifdef __cplusplus
}
#endif

#endif
