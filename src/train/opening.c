// SPDX-License-Identifier: Apache-2.0
// What a training opens before its first step, and closes.
#include "os/os.h"
#include "train/identity.h"
#include "train/trainer.h"

/// Checkpoints are opened before: a lock of this training's own would be taken for that of another one.
static mote_status open_file(mote_trainer *t, const char *key, const char *path,
                             mote_file_replacement *saved, mote_file_lock *lock)
{
    const mote_allocator *allocator = &t->run->context->allocator;
    const char *const other = saved == &t->saved ? NULL : t->run->save_path;
    if (t->config->no_save || !path)
        return MOTE_OK;
    MOTE_TRY(mote_run_check_saving(t->run, path, other));
    MOTE_TRY(mote_file_replacement_init(saved, path, allocator));
    if (t->checkpoints.run)
        MOTE_TRY(mote_checkpoints_check_apart(t->checkpoints.replacement.path, key, saved->path));
    return mote_file_lock_take(lock, saved->path, allocator);
}

/// Whether the files can be written is found out before the first step, not after the first epoch.
static mote_status open_saved(mote_trainer *t)
{
    mote_run *run = t->run;
    MOTE_TRY(open_file(t, "save_path", run->save_path, &t->saved, &t->saved_lock));
    return open_file(t, "save_best_path", run->best_path, &t->saved_best, &t->saved_best_lock);
}

static mote_status check_scales(const mote_trainer *t)
{
    const double training = mote_dataset_scale(t->training);
    const double validation = t->validation ? mote_dataset_scale(t->validation) : training;
    return mote_run_check_scales(t->run, training, validation);
}

/// What the program makes, else the section.
static mote_run_set find_set(const mote_run *run, size_t index, const mote_section *section,
                             const char *owner)
{
    const mote_data_source *source = run->sources ? &run->sources[index] : NULL;
    return source && source->read ? (mote_run_set){.callback = source, .owner = owner}
                                  : (mote_run_set){.section = section, .owner = owner};
}

/// The validation set is prepared as the training set is.
static mote_status open_sets(mote_trainer *t)
{
    const mote_run *run = t->run;
    const mote_description *description = run->description;
    mote_run_set training = find_set(run, 0, description->train_set, "[train_set]");
    mote_run_set validation = find_set(run, 1, description->valid_set, "[valid_set]");
    training.is_training = true;
    training.known = run->knowledge;
    if (!training.section && !training.callback)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s: training needs a [train_set] section",
                          description->path);
    MOTE_TRY(mote_run_open(run, &training, &t->training));
    if (!validation.section && !validation.callback)
        return mote_dataset_open_split(t->training, &t->validation);
    if (!run->compiled->evaluate)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "a valid_set of the program needs a model compiled for evaluation, too");
    validation.known = mote_dataset_knowledge(t->training);
    return mote_run_open(run, &validation, &t->validation);
}

/// Without the weights to start from, a checkpoint has to say how their data were prepared.
static mote_status note_missing(mote_trainer *t)
{
    mote_checkpoints *c = &t->checkpoints;
    if (!t->run->missing_weights)
        return MOTE_OK;
    if (c->count == 0)
        return mote_run_load(t->run, t->run->missing_weights); // which says that it is missing
    for (size_t i = c->count; i > 0; i--) {
        if (c->files[i - 1].is_readable)
            return mote_run_note_file(t->run, mote_checkpoints_path(c, i - 1), &c->arena);
    }
    return MOTE_OK; // going on says what is wrong with all of them
}

/// Those of an earlier training would be gone on from, though this one has replaced what it saved. Where none can be looked for,
/// there are none.
static mote_status find_older(const mote_trainer *t, bool *are_there)
{
    mote_checkpoints older;
    if (!t->run->save_path)
        return MOTE_OK;
    const mote_status status = mote_checkpoints_open(t->run, MOTE_CHECKPOINTS_LOOK, &older);
    if (status != MOTE_OK)
        return status == MOTE_ERROR_MEMORY ? status : MOTE_OK;
    *are_there = older.count > 0;
    mote_checkpoints_release(&older);
    return MOTE_OK;
}

static mote_status open_checkpoints(mote_trainer *t)
{
    const mote_model_settings *settings = &t->run->description->settings;
    const bool resumes = t->config->resume;
    bool wants = resumes || settings->checkpoint_steps > 0 || settings->checkpoint_seconds > 0;
    if (!wants && !t->config->no_save)
        MOTE_TRY(find_older(t, &wants));
    t->writes_checkpoints = wants && !t->config->no_save;
    if (!t->writes_checkpoints && !resumes)
        return MOTE_OK;
    MOTE_TRY(mote_checkpoints_open(
        t->run, t->writes_checkpoints ? MOTE_CHECKPOINTS_WRITE : MOTE_CHECKPOINTS_LOOK,
        &t->checkpoints));
    return note_missing(t);
}

mote_status mote_trainer_begin_checkpoints(mote_trainer *t)
{
    mote_checkpoints *c = &t->checkpoints;
    char *identity = NULL;
    MOTE_TRY(
        mote_identity_make(t->run, t->training, t->validation, c->table, &c->arena, &identity));
    return mote_checkpoints_begin(c, identity, mote_dataset_sample_count(t->training));
}

static mote_status open_data(mote_trainer *t)
{
    mote_run *run = t->run;
    MOTE_TRY(open_sets(t));
    MOTE_TRY(mote_run_begin_ahead(run, mote_dataset_source(t->training)));
    if (t->validation)
        MOTE_TRY(mote_run_begin_ahead(run, mote_dataset_source(t->validation)));
    MOTE_TRY(mote_run_check_validation(run, t->validation != NULL));
    return check_scales(t);
}

mote_status mote_trainer_open(mote_trainer *t)
{
    mote_run *run = t->run;
    MOTE_TRY(open_checkpoints(t));
    MOTE_TRY(open_saved(t));
    MOTE_TRY(open_data(t));
    MOTE_TRY(mote_run_note_data(run, t->training));
    t->mark = mote_arena_get_mark(&run->arena);
    MOTE_TRY(mote_trainer_make_headers(t));
    return t->checkpoints.run ? mote_trainer_begin_checkpoints(t) : MOTE_OK;
}

static void forget_data(mote_trainer *t)
{
    t->run->knowledge = t->known.knowledge;
    t->run->image_scale = t->known.image_scale;
    t->run->scale_known = t->known.scale_known;
    t->mark = t->known.mark;
}

void mote_trainer_close(mote_trainer *t)
{
    if (!t->has_begun)
        forget_data(t);
    mote_run_end_ahead(t->run);
    if (t->saved.path)
        mote_file_replacement_release(&t->saved);
    if (t->saved_best.path)
        mote_file_replacement_release(&t->saved_best);
    mote_file_lock_release(&t->saved_best_lock);
    mote_file_lock_release(&t->saved_lock);
    mote_checkpoints_release(&t->checkpoints);
    mote_arena_release_to(&t->run->arena, t->mark);
    mote_dataset_close(&t->validation);
    mote_dataset_close(&t->training);
}
