// SPDX-License-Identifier: Apache-2.0
// Where a training begins, and the checkpoints it leaves behind.
#include "train/trainer.h"

#include "os/os.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_SECOND UINT64_C(1000000000)

void mote_trainer_tell(const mote_trainer *t, const char *text)
{
    if (t->config->notice)
        t->config->notice(t->config->user, text);
}

/// The first checkpoint is of the beginning, so that a training that is killed before the next one begins with these weights
/// again. Those of an earlier training go when it is there.
static mote_status replace_older(mote_trainer *t)
{
    mote_checkpoints *c = &t->checkpoints;
    const uint64_t last = c->count > 0 ? c->files[c->count - 1].step : 0;
    size_t older = 0;
    char notice[1024];
    for (size_t i = 0; i < c->count; i++)
        older += c->files[i].is_own;
    MOTE_TRY(mote_trainer_write_checkpoint(t));
    mote_checkpoints_keep_newest(c, 1);
    if (older > 0) {
        (void)snprintf(notice, sizeof notice,
                       "training starts anew: the %zu checkpoints of an earlier one at '%s', the "
                       "last of step %llu, are removed",
                       older, t->run->checkpoint_path, (unsigned long long)last);
        mote_trainer_tell(t, notice);
    }
    return MOTE_OK;
}

mote_swap_use mote_trainer_find_swap_use(const mote_trainer *t)
{
    const uint64_t batch = mote_compiled_graph(t->run->compiled)->batch;
    const uint64_t in_epoch = (mote_dataset_sample_count(t->training) + batch - 1) / batch;
    const uint64_t done = (t->at.epoch - 1) * in_epoch + (t->at.sample + batch - 1) / batch;
    const uint64_t all = t->run->description->settings.epochs * in_epoch;
    const uint64_t wanted = t->config->steps;
    const uint64_t most = wanted - (t->at.steps - t->first_step);
    uint64_t steps = all > done ? all - done : 0;
    if (wanted > 0 && most < steps)
        steps = most;
    uint64_t batches = 0;
    if (t->validation)
        batches = (mote_dataset_sample_count(t->validation) + batch - 1) / batch *
                  ((done + steps) / in_epoch - t->at.epochs_done);
    return (mote_swap_use){.written_bytes =
                               mote_run_count_moved(t->run).stored_bytes - t->moved.stored_bytes,
                           .steps = steps,
                           .batches = batches};
}

static mote_status check_writes(const mote_trainer *t)
{
    const mote_swap_use use = mote_trainer_find_swap_use(t);
    return mote_run_check_writes(t->run, t->run->compiled, &use);
}

/// Of the caller: until here this training could be refused.
static void end_loop(mote_trainer *t)
{
    if (t->writes_checkpoints)
        mote_checkpoints_take_lock(&t->checkpoints);
    mote_run_restart(t->run);
    t->has_begun = true;
}

static mote_status begin_anew(mote_trainer *t)
{
    MOTE_TRY(mote_run_check_torn(t->run));
    t->at = (mote_position){.epoch = 1};
    MOTE_TRY(check_writes(t));
    end_loop(t);
    MOTE_TRY(mote_run_reset_optimizer(t->run));
    return t->writes_checkpoints ? replace_older(t) : MOTE_OK;
}

static bool is_finished(const mote_trainer *t)
{
    const mote_model_settings *settings = &t->run->description->settings;
    return t->at.epochs_done >= settings->epochs ||
           (settings->patience && t->at.best.waited >= settings->patience);
}

/// Asked before the state of a checkpoint takes the place of the caller's.
static mote_status check_writes_from(const void *user, const mote_position *position)
{
    mote_trainer from = *(const mote_trainer *)user;
    from.at = *position;
    from.first_step = position->steps;
    return check_writes(&from);
}

mote_status mote_trainer_begin(mote_trainer *t)
{
    bool resumes = false;
    t->checkpoints.accept = check_writes_from;
    t->checkpoints.accept_user = t;
    if (t->config->resume)
        MOTE_TRY(mote_checkpoints_resume(&t->checkpoints, t->config, &t->at, &resumes));
    if (resumes) {
        end_loop(t);
        t->has_checkpoint = true;
        t->written = t->at;
        t->first_step = t->result->resumed_step = t->at.steps;
        t->result->resumed = true;
    } else {
        MOTE_TRY(begin_anew(t));
    }
    t->written_ns = mote_clock_ns();
    t->result->was_finished = resumes && is_finished(t);
    if (t->writes_checkpoints && !t->result->was_finished)
        mote_checkpoints_keep_newest(&t->checkpoints, t->checkpoints.keep);
    return MOTE_OK;
}

static bool is_written(const mote_trainer *t)
{
    return t->has_checkpoint && t->written.steps == t->at.steps &&
           t->written.epochs_done == t->at.epochs_done;
}

mote_status mote_trainer_write_checkpoint(mote_trainer *t)
{
    mote_checkpoints *c = &t->checkpoints;
    char text[1400];
    if (is_written(t))
        return MOTE_OK;
    const uint64_t begin = mote_clock_ns();
    const mote_status status = mote_checkpoints_write(c, &t->at);
    if (status != MOTE_OK) {
        (void)snprintf(text, sizeof text, "checkpoint after step %llu: %.900s",
                       (unsigned long long)t->at.steps, mote_last_error()->message);
        mote_trainer_name_checkpoint(t, text, sizeof text);
        return MOTE_RAISE(status, "%s", text);
    }
    t->has_checkpoint = true;
    t->written = t->at;
    t->written_ns = mote_clock_ns();
    t->writing_ns = t->written_ns - begin;
    return MOTE_OK;
}

static mote_status leave_checkpoint(mote_trainer *t)
{
    MOTE_TRY(mote_checkpoints_open(t->run, MOTE_CHECKPOINTS_WRITE, &t->checkpoints));
    MOTE_TRY(mote_trainer_begin_checkpoints(t));
    MOTE_TRY(mote_trainer_write_checkpoint(t));
    mote_checkpoints_keep_newest(&t->checkpoints, 1);
    return MOTE_OK;
}

void mote_trainer_leave_checkpoint(mote_trainer *t)
{
    char notice[1400];
    if (t->writes_checkpoints || !t->result->stopped || !t->saved.path ||
        leave_checkpoint(t) == MOTE_OK)
        return;
    (void)snprintf(notice, sizeof notice, "there is no checkpoint to go on from: %.1200s",
                   mote_last_error()->message);
    mote_trainer_tell(t, notice);
}

/// A checkpoint by time may take a twentieth of it.
bool mote_trainer_is_checkpoint_due(const mote_trainer *t)
{
    const mote_model_settings *settings = &t->run->description->settings;
    const uint64_t period = settings->checkpoint_seconds * NS_PER_SECOND;
    const uint64_t least = t->writing_ns * 20;
    if (!t->writes_checkpoints || t->at.updates == t->written.updates)
        return false;
    if (settings->checkpoint_steps > 0)
        return t->at.updates % settings->checkpoint_steps == 0;
    return period > 0 && mote_clock_ns() - t->written_ns >= (period > least ? period : least);
}

void mote_trainer_name_checkpoint(mote_trainer *t, char *text, size_t bytes)
{
    const size_t length = strlen(text);
    mote_checkpoints *c = &t->checkpoints;
    if (c->count > 0)
        (void)snprintf(text + length, bytes - length, "; the newest checkpoint is '%s'",
                       mote_checkpoints_path(c, c->count - 1));
}
