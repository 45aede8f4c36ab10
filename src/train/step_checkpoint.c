// SPDX-License-Identifier: Apache-2.0
// Checkpoints of the caller's own loop. Their position is the number of applied steps and a number of the caller's, in
// the place of the sample.
#include "train/checkpoint.h"
#include "train/identity.h"

#define SAMPLES UINT64_MAX // no set says how many there are

static void close_checkpoints(mote_run *run)
{
    mote_checkpoints *c = run->stepping.checkpoints;
    if (!c)
        return;
    const mote_allocator *allocator = &run->context->allocator;
    run->stepping.checkpoints = NULL;
    mote_checkpoints_release(c);
    (void)allocator->reallocate(allocator->user, c, sizeof *c, 0);
}

void mote_run_restart(mote_run *run)
{
    close_checkpoints(run);
    run->stepping = (mote_stepping){.stored_before = mote_run_count_moved(run).stored_bytes};
}

static mote_status open_at(mote_run *run, mote_checkpoints *c)
{
    char *identity = NULL;
    MOTE_TRY(mote_checkpoints_open(run, MOTE_CHECKPOINTS_WRITE, c));
    MOTE_TRY(mote_identity_make(run, NULL, NULL, c->table, &c->arena, &identity));
    c->identity = identity;
    c->sample_count = SAMPLES;
    return MOTE_OK;
}

static mote_status open_checkpoints(mote_run *run)
{
    const mote_allocator *allocator = &run->context->allocator;
    mote_checkpoints *made =
        (mote_checkpoints *)allocator->reallocate(allocator->user, NULL, 0, sizeof *made);
    if (!made)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "no memory for checkpoints");
    *made = (mote_checkpoints){.run = NULL};
    run->stepping.checkpoints = made;
    const mote_status status = open_at(run, made);
    if (status != MOTE_OK)
        close_checkpoints(run);
    return status;
}

/// The weights to start from are those at hand.
static mote_status begin_anew(mote_run *run)
{
    if (run->missing_weights)
        return mote_run_load(run, run->missing_weights); // which says that it is missing
    return mote_run_check_torn(run);
}

static mote_status resume(mote_run *run, const mote_train_config *config, mote_position *position)
{
    mote_checkpoints *c = run->stepping.checkpoints;
    bool found = false;
    if (c->count == 0)
        MOTE_TRY(begin_anew(run));
    MOTE_TRY(mote_checkpoints_resume(c, config, position, &found));
    run->stepping.applied = position->steps;
    run->stepping.has_checkpoints = found;
    if (!found)
        return MOTE_OK;
    return mote_run_note_file(run, mote_checkpoints_path(c, c->count - 1), &c->arena);
}

mote_status mote_run_resume(mote_run *run, const mote_train_config *config, uint64_t *data_position)
{
    mote_position position = {.steps = 0};
    close_checkpoints(run); // what is there now may be more
    MOTE_TRY(open_checkpoints(run));
    const mote_status status = resume(run, config, &position);
    if (status == MOTE_OK)
        *data_position = position.sample;
    else
        close_checkpoints(run);
    return status;
}

/// The header is made anew: weights that were loaded meanwhile may have brought other names of classes.
static mote_status write_position(mote_checkpoints *c, const mote_position *position)
{
    const mote_arena_mark mark = mote_arena_get_mark(&c->arena);
    mote_status status = mote_checkpoints_begin(c, c->identity, SAMPLES);
    if (status == MOTE_OK)
        status = mote_checkpoints_write(c, position);
    mote_arena_release_to(&c->arena, mark);
    return status;
}

mote_status mote_run_write_checkpoint(mote_run *run, uint64_t data_position)
{
    const mote_position position = {.steps = run->stepping.applied,
                                    .updates = run->stepping.applied,
                                    .epoch = 1,
                                    .sample = data_position};
    if (!run->stepping.checkpoints)
        MOTE_TRY(open_checkpoints(run));
    MOTE_TRY(write_position(run->stepping.checkpoints, &position));
    if (!run->stepping.has_checkpoints)
        mote_checkpoints_keep_newest(run->stepping.checkpoints, 1);
    run->stepping.has_checkpoints = true;
    return MOTE_OK;
}
