// SPDX-License-Identifier: Apache-2.0
// Where a training begins, and the checkpoints it leaves behind.
#include "train/trainer.h"

#include "os/os.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_SECOND UINT64_C(1000000000)

static void tell(const mote_trainer *t, const char *text)
{
    if (t->config->notice)
        t->config->notice(t->config->user, text);
}

/// Damage is passed over with a notice that names both; the caller gets what no older one can mend.
static mote_status read_newest(mote_trainer *t, size_t *index)
{
    mote_checkpoints *c = &t->checkpoints;
    char damage[1024] = "";
    char notice[2048];
    for (size_t i = c->count; i > 0; i--) {
        const mote_status status = mote_checkpoints_read(c, i - 1, &t->at);
        if (status == MOTE_ERROR_PROPERTY || status == MOTE_ERROR_MEMORY)
            return status;
        if (status != MOTE_OK) {
            (void)snprintf(damage, sizeof damage, "%.1000s", mote_last_error()->message);
            continue;
        }
        *index = i - 1;
        if (damage[0]) {
            (void)snprintf(notice, sizeof notice, "%s; going on from the one before, '%s'", damage,
                           mote_checkpoints_path(c, i - 1));
            tell(t, notice);
        }
        return MOTE_OK;
    }
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "none of the %zu checkpoints at '%s' can be read: %s",
                      c->count, t->run->checkpoint_path, damage);
}

static mote_status resume(mote_trainer *t)
{
    mote_checkpoints *c = &t->checkpoints;
    size_t index = 0;
    MOTE_TRY(read_newest(t, &index));
    mote_checkpoints_pass_over(c, index);
    t->written = t->at;
    t->result->resumed_step = t->at.steps;
    return MOTE_OK;
}

static mote_status begin_anew(mote_trainer *t)
{
    mote_checkpoints *c = &t->checkpoints;
    char notice[1024];
    t->at = (mote_position){.epoch = 1};
    mote_run_reset_optimizer(t->run);
    if (t->config->resume) {
        (void)snprintf(notice, sizeof notice,
                       "there is no checkpoint at '%s': training starts from the beginning",
                       t->run->checkpoint_path);
        tell(t, notice);
    }
    if (!c->run || c->count == 0)
        return MOTE_OK;
    (void)snprintf(notice, sizeof notice,
                   "training starts anew: the %zu checkpoints of an earlier one at '%s', the last "
                   "of step %llu, are removed",
                   c->count, t->run->checkpoint_path, (unsigned long long)c->steps[c->count - 1]);
    tell(t, notice);
    return mote_checkpoints_cut(c, 0);
}

static bool is_finished(const mote_trainer *t)
{
    const mote_model_settings *settings = &t->run->description->settings;
    return t->at.epochs_done >= settings->epochs ||
           (settings->patience && t->at.best.waited >= settings->patience);
}

mote_status mote_trainer_begin(mote_trainer *t)
{
    const bool resumes = t->config->resume && t->checkpoints.count > 0;
    MOTE_TRY(resumes ? resume(t) : begin_anew(t));
    t->first_step = t->at.steps;
    t->written_ns = mote_clock_ns();
    t->result->was_finished = resumes && is_finished(t);
    return MOTE_OK;
}

mote_status mote_trainer_write_checkpoint(mote_trainer *t)
{
    mote_checkpoints *c = &t->checkpoints;
    if (t->written.steps == t->at.steps && t->written.epochs_done == t->at.epochs_done)
        return MOTE_OK;
    MOTE_TRY(mote_checkpoints_write(c, &t->at));
    t->written = t->at;
    t->written_ns = mote_clock_ns();
    return MOTE_OK;
}

bool mote_trainer_is_checkpoint_due(const mote_trainer *t)
{
    const mote_model_settings *settings = &t->run->description->settings;
    if (!t->checkpoints.run)
        return false;
    if (settings->checkpoint_steps > 0)
        return t->at.steps % settings->checkpoint_steps == 0;
    return settings->checkpoint_seconds > 0 &&
           mote_clock_ns() - t->written_ns >= settings->checkpoint_seconds * NS_PER_SECOND;
}

void mote_trainer_name_checkpoint(mote_trainer *t, char *text, size_t bytes)
{
    const size_t length = strlen(text);
    mote_checkpoints *c = &t->checkpoints;
    if (c->count > 0)
        (void)snprintf(text + length, bytes - length, "; --resume goes on from '%s'",
                       mote_checkpoints_path(c, c->count - 1));
}
