// SPDX-License-Identifier: Apache-2.0
// Checkpoints of the caller's own loop. Their position is the number of applied steps and a number of the caller's, in
// the place of the sample.
#include "train/checkpoint.h"
#include "train/identity.h"

#define SAMPLES UINT64_MAX // no set says how many there are

static void close_checkpoints(const mote_run *run, mote_checkpoints *c)
{
    if (!c)
        return;
    const mote_allocator *allocator = &run->context->allocator;
    mote_checkpoints_release(c);
    (void)allocator->reallocate(allocator->user, c, sizeof *c, 0);
}

void mote_run_restart(mote_run *run)
{
    close_checkpoints(run, run->stepping.checkpoints);
    run->stepping = (mote_stepping){.stored_before = mote_run_count_moved(run).stored_bytes};
}

/// Those of before were opened with the same path.
static void take_over(mote_run *run, mote_checkpoints *c)
{
    mote_checkpoints_take_lock(c);
    mote_run_restart(run);
    run->stepping.checkpoints = c;
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

static mote_status open_checkpoints(mote_run *run, mote_checkpoints **opened)
{
    const mote_allocator *allocator = &run->context->allocator;
    mote_checkpoints *made =
        (mote_checkpoints *)allocator->reallocate(allocator->user, NULL, 0, sizeof *made);
    if (!made)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "no memory for checkpoints");
    *made = (mote_checkpoints){.run = NULL};
    const mote_status status = open_at(run, made);
    if (status == MOTE_OK)
        *opened = made;
    else
        close_checkpoints(run, made);
    return status;
}

/// The weights to start from are those at hand.
static mote_status begin_anew(mote_run *run)
{
    if (run->missing_weights)
        return mote_run_load(run, run->missing_weights); // which says that it is missing
    return mote_run_check_torn(run);
}

static mote_status resume(mote_checkpoints *c, const mote_train_config *config,
                          mote_position *position, bool *found)
{
    if (c->count == 0)
        MOTE_TRY(begin_anew(c->run));
    return mote_checkpoints_resume(c, config, position, found);
}

mote_status mote_run_resume(mote_run *run, const mote_train_config *config, uint64_t *data_position)
{
    mote_checkpoints *c = NULL;
    mote_position position = {.steps = 0};
    bool found = false;
    MOTE_TRY(open_checkpoints(run, &c)); // anew: what is there now may be more
    const mote_status status = resume(c, config, &position, &found);
    if (status != MOTE_OK) {
        close_checkpoints(run, c);
        return status;
    }
    take_over(run, c);
    run->stepping.applied = position.steps;
    run->stepping.has_checkpoints = found;
    *data_position = position.sample;
    if (!found)
        return MOTE_OK;
    return mote_run_note_file(run, mote_checkpoints_path(c, c->count - 1), &c->arena);
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
        MOTE_TRY(open_checkpoints(run, &run->stepping.checkpoints));
    MOTE_TRY(write_position(run->stepping.checkpoints, &position));
    if (!run->stepping.has_checkpoints)
        mote_checkpoints_keep_newest(run->stepping.checkpoints, 1);
    run->stepping.has_checkpoints = true;
    return MOTE_OK;
}
