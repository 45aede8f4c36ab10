// SPDX-License-Identifier: Apache-2.0
// Going back to a kept checkpoint, or to the model as shipped.
#include "train/checkpoint.h"

typedef struct rollback {
    mote_run *run;
    mote_checkpoints checkpoints;
    mote_file_lock saved, best; // of the files that are written
    bool has_changed;           // the run has another state
    mote_rollback_result *result;
} rollback;

static mote_status raise_unknown(rollback *r, uint64_t step)
{
    const size_t count = r->checkpoints.count;
    const char *path = r->run->checkpoint_path;
    if (count == 0)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "there is no checkpoint '%s.<step>'", path);
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                      "there is no checkpoint of step %llu at '%s'; %zu are kept, of steps %llu to "
                      "%llu",
                      (unsigned long long)step, path, count,
                      (unsigned long long)r->checkpoints.files[0].step,
                      (unsigned long long)r->checkpoints.files[count - 1].step);
}

/// What a training would refuse is refused here, too: a checkpoint would be overwritten.
static mote_status lock_file(rollback *r, const char *key, const char *path, mote_file_lock *lock)
{
    const char *const checkpoints = r->checkpoints.replacement.path;
    const mote_allocator *allocator = &r->run->context->allocator;
    mote_file_replacement named;
    MOTE_TRY(mote_file_replacement_init(&named, path, allocator));
    mote_status status = mote_checkpoints_check_apart(checkpoints, key, named.path);
    if (status == MOTE_OK)
        status = mote_file_lock_take(lock, named.path, allocator);
    mote_file_replacement_release(&named);
    return status;
}

/// Only to the model as shipped the best epoch's file goes back: which epoch was best by then is not known else.
static mote_status lock_saved(rollback *r, bool is_shipped)
{
    mote_run *run = r->run;
    if (run->save_path) {
        MOTE_TRY(mote_run_check_saving(run, run->save_path, NULL));
        MOTE_TRY(lock_file(r, "save_path", run->save_path, &r->saved));
    }
    if (!is_shipped || !run->best_path)
        return MOTE_OK;
    MOTE_TRY(mote_run_check_saving(run, run->best_path, run->save_path));
    return lock_file(r, "save_best_path", run->best_path, &r->best);
}

/// How many checkpoints are left.
static mote_status take_checkpoint(rollback *r, uint64_t step, size_t *left)
{
    mote_position position;
    size_t index = 0;
    while (index < r->checkpoints.count && r->checkpoints.files[index].step != step)
        index++;
    if (index == r->checkpoints.count)
        return raise_unknown(r, step);
    *left = index + 1;
    MOTE_TRY(mote_checkpoints_check_model(&r->checkpoints, index));
    MOTE_TRY(lock_saved(r, false));
    MOTE_TRY(mote_checkpoints_read(&r->checkpoints, index, &position));
    r->has_changed = true;
    return mote_run_note_file(r->run, mote_checkpoints_path(&r->checkpoints, index),
                              &r->checkpoints.arena);
}

static mote_status take_shipped(rollback *r, const char *weights)
{
    MOTE_TRY(lock_saved(r, true));
    if (weights)
        MOTE_TRY(mote_run_load(r->run, weights));
    r->has_changed = true;
    return weights ? mote_run_reset_optimizer(r->run) : mote_run_initialize(r->run);
}

static mote_status save(rollback *r)
{
    mote_run *run = r->run;
    if (r->saved.path) {
        MOTE_TRY(mote_run_save(run, run->save_path));
        r->result->saved_path = run->save_path;
    }
    if (!r->best.path)
        return MOTE_OK;
    MOTE_TRY(mote_run_save(run, run->best_path));
    r->result->best_path = run->best_path;
    return MOTE_OK;
}

/// Later checkpoints go last: until then the old state is whole.
static mote_status go_back(rollback *r, uint64_t step, const char *weights)
{
    size_t left = 0;
    MOTE_TRY(step == MOTE_ROLLBACK_FACTORY ? take_shipped(r, weights)
                                           : take_checkpoint(r, step, &left));
    MOTE_TRY(save(r));
    return mote_checkpoints_cut(&r->checkpoints, left, &r->result->removed_count);
}

mote_status mote_run_roll_back(mote_run *run, uint64_t step, const char *weights,
                               mote_rollback_result *result)
{
    rollback r = {.run = run, .result = result};
    *result = (mote_rollback_result){.removed_count = 0};
    mote_status status = mote_checkpoints_open(run, MOTE_CHECKPOINTS_ROLL_BACK, &r.checkpoints);
    if (status == MOTE_OK)
        status = go_back(&r, step, weights);
    if (r.has_changed) // what is refused leaves the caller's loop as it is
        mote_run_restart(run);
    mote_file_lock_release(&r.best);
    mote_file_lock_release(&r.saved);
    mote_checkpoints_release(&r.checkpoints);
    return status;
}

mote_status mote_run_list_checkpoints(mote_run *run, mote_checkpoint_info *infos, size_t capacity,
                                      size_t *count)
{
    mote_checkpoints checkpoints;
    const mote_status status = mote_checkpoints_open(run, MOTE_CHECKPOINTS_LOOK, &checkpoints);
    for (size_t i = 0; status == MOTE_OK && i < checkpoints.count && i < capacity; i++) {
        const mote_checkpoint_file *file = &checkpoints.files[i];
        infos[i] = (mote_checkpoint_info){.step = file->step,
                                          .epoch = file->epoch,
                                          .epochs_done = file->epochs_done,
                                          .is_readable = file->is_readable};
    }
    if (status == MOTE_OK)
        *count = checkpoints.count;
    mote_checkpoints_release(&checkpoints);
    return status;
}
