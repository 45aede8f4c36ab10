// SPDX-License-Identifier: Apache-2.0
// The model's checkpoints: what is there, back to one of them, and those of the caller's own loop.
#include "api/api.h"

#include "mote/mote.h"

mote_status mote_model_list_checkpoints(mote_model *model, mote_checkpoint_info *infos,
                                        size_t capacity, size_t *count)
{
    MOTE_TRY(mote_model_require(model, MOTE_MODE_TRAIN));
    MOTE_TRY(mote_argument_require(count, "mote_model_list_checkpoints"));
    if (capacity > 0)
        MOTE_TRY(mote_argument_require(infos, "mote_model_list_checkpoints"));
    MOTE_TRY(mote_model_allocate(model));
    return mote_run_list_checkpoints(&model->run, infos, capacity, count);
}

mote_status mote_model_roll_back(mote_model *model, uint64_t step, mote_rollback_result *result)
{
    mote_rollback_result ignored;
    MOTE_TRY(mote_model_require(model, MOTE_MODE_TRAIN));
    MOTE_TRY(mote_model_require_idle(model, "mote_model_roll_back"));
    MOTE_TRY(mote_model_check_path(model, "save_path", model->save_path));
    MOTE_TRY(mote_model_check_path(model, "save_best_path", model->best_path));
    MOTE_TRY(mote_model_allocate(model));
    return mote_run_roll_back(&model->run, step, model->load_path, result ? result : &ignored);
}

mote_status mote_model_resume(mote_model *model, const mote_train_config *config,
                              uint64_t *data_position)
{
    static const mote_train_config no_callbacks = {.user = NULL};
    uint64_t ignored = 0;
    MOTE_TRY(mote_model_require(model, MOTE_MODE_STEP));
    MOTE_TRY(mote_model_require_idle(model, "mote_model_resume"));
    MOTE_TRY(mote_model_allocate_to_resume(model));
    const mote_status status = mote_run_resume(&model->run, config ? config : &no_callbacks,
                                               data_position ? data_position : &ignored);
    mote_model_settle(model);
    return status;
}

mote_status mote_model_write_checkpoint(mote_model *model, uint64_t data_position)
{
    MOTE_TRY(mote_model_require(model, MOTE_MODE_STEP));
    MOTE_TRY(mote_model_allocate(model));
    return mote_run_write_checkpoint(&model->run, data_position);
}
