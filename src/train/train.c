// SPDX-License-Identifier: Apache-2.0
// The training loop. Everything it needs is opened and reserved before the first step.
#include "train/train.h"

#include "base/hash.h"
#include "os/os.h"
#include "train/trainer.h"

#include <stdio.h>
#include <string.h>

/// Asked after each step.
static void check_end(mote_trainer *t)
{
    const mote_train_config *config = t->config;
    const uint64_t steps = t->at.steps - t->first_step;
    t->result->stopped = mote_run_is_stopped(t->run, config);
    t->is_over = t->result->stopped || (config->steps && steps >= config->steps);
}

static void report(mote_trainer *t)
{
    if (t->config->progress)
        t->config->progress(t->config->user, &t->progress);
}

void mote_trainer_set_execution(mote_trainer *t)
{
    t->execution = mote_run_execution(t->run);
    t->execution.profiler = t->config->profiler;
    t->execution.has_changed = &t->has_changed;
    t->execution.watch = mote_run_watch(t->run, &t->watch);
}

/// What of an execution belongs to the step that comes next.
static void prepare_step(mote_trainer *t)
{
    const mote_training_settings *settings = &t->run->compiled->settings;
    mote_execution *execution = &t->execution;
    t->has_changed = false;
    mote_run_set_batch(t->run, t->at.sample, mote_dataset_sample_count(t->training), execution);
    execution->iteration = t->at.steps;
    execution->update = t->at.updates + 1;
    execution->learning_rate =
        settings->rate->rate(settings->rate_state, settings->learning_rate, t->at.steps);
}

/// The first time, with all that is known of it.
static void tell_skipped(mote_trainer *t)
{
    char text[1800];
    if (t->at.skipped > 0 || !t->config->notice)
        return;
    mote_run_explain_nonfinite(t->run, t->run->compiled->train, &t->execution, text, sizeof text);
    char notice[2048];
    (void)snprintf(notice, sizeof notice, "epoch %llu, batch %llu: %s; this step is skipped",
                   (unsigned long long)t->at.epoch, (unsigned long long)t->progress.batch + 1,
                   text);
    mote_trainer_tell(t, notice);
}

/// Where training went astray, the last that can be done about it.
static void name_remedies(mote_trainer *t, char *text, size_t bytes)
{
    const size_t length = strlen(text);
    if (t->at.skipped > 0)
        (void)snprintf(text + length, bytes - length, "; %llu of %llu steps were skipped",
                       (unsigned long long)t->at.skipped, (unsigned long long)t->at.steps);
    mote_trainer_name_checkpoint(t, text, bytes);
}

static mote_status raise_step(mote_trainer *t, mote_status status)
{
    char text[1800];
    if (status == MOTE_ERROR_NONFINITE && !t->has_changed)
        mote_run_explain_nonfinite(t->run, t->run->compiled->train, &t->execution, text,
                                   sizeof text);
    else if (status == MOTE_ERROR_NONFINITE || status == MOTE_ERROR_DATA || t->has_changed)
        (void)snprintf(text, sizeof text, "%.900s", mote_last_error()->message);
    else
        return status;
    t->run->is_torn = t->run->is_torn || t->has_changed;
    const size_t length = strlen(text);
    (void)snprintf(text + length, sizeof text - length, "; %s",
                   mote_run_applied_text(t->has_changed));
    name_remedies(t, text, sizeof text);
    return MOTE_RAISE(status, "epoch %llu, batch %llu: %s", (unsigned long long)t->at.epoch,
                      (unsigned long long)t->progress.batch + 1, text);
}

/// Whether a step that failed may be left out: it changed nothing, and weights are as they should be.
static bool is_skipped(const mote_trainer *t, mote_status status)
{
    return status == MOTE_ERROR_NONFINITE && !t->has_changed &&
           t->run->description->settings.on_nonfinite == MOTE_NONFINITE_SKIP &&
           mote_state_check_finite(&t->run->state) == MOTE_OK;
}

static mote_status run_step(mote_trainer *t)
{
    const mote_program *program = t->run->compiled->train;
    prepare_step(t);
    const uint64_t begin = mote_clock_ns();
    const mote_status status = mote_program_run(program, &t->execution);
    if (status == MOTE_STOPPED &&
        mote_control_stops(t->run->control)) { // as though it had not begun
        t->result->stopped = t->is_over = true;
        return MOTE_OK;
    }
    const bool skipped = status != MOTE_OK && is_skipped(t, status);
    if (skipped)
        tell_skipped(t);
    else if (status != MOTE_OK)
        return raise_step(t, status);
    t->progress.step_ns = mote_clock_ns() - begin;
    mote_step_times_add(&t->times, t->progress.step_ns);
    if (!skipped)
        mote_tally_add(&t->at.training, program, t->execution.batch);
    t->at.steps++;
    t->at.updates += !skipped;
    t->at.skipped += skipped;
    t->at.sample += t->execution.batch;
    return MOTE_OK;
}

static void report_step(mote_trainer *t)
{
    t->progress.batch++;
    t->progress.training =
        mote_tally_metrics(&t->at.training, mote_compiled_graph(t->run->compiled));
    t->progress.learning_rate = t->execution.learning_rate;
    t->progress.samples_left -= t->execution.batch;
    report(t);
}

/// What is left of one pass over the training set; the last batch may be smaller.
static mote_status train_epoch(mote_trainer *t)
{
    const size_t batch = mote_compiled_graph(t->run->compiled)->batch;
    const uint64_t samples = mote_dataset_sample_count(t->training);
    const mote_random_key key = {
        .seed = t->execution.seed, .name = mote_hash_name("shuffle"), .iteration = t->at.epoch};
    const mote_random_key *order = mote_dataset_shuffles(t->training) ? &key : NULL;
    mote_dataset_augment(t->training, &key);
    mote_dataset_select(t->training, order, 0, samples);
    mote_run_set_source(t->run, mote_dataset_source(t->training), &t->execution);
    t->progress.batch = (t->at.sample + batch - 1) / batch;
    while (t->at.sample < samples && !t->is_over) {
        MOTE_TRY(mote_trainer_change_budget(t));
        MOTE_TRY(run_step(t));
        if (t->is_over)
            break;
        report_step(t);
        check_end(t);
        if (mote_trainer_is_checkpoint_due(t))
            MOTE_TRY(mote_trainer_write_checkpoint(t));
    }
    return MOTE_OK;
}

static mote_status raise_validation(mote_trainer *t, mote_status status)
{
    char text[1800];
    if (status != MOTE_ERROR_NONFINITE)
        return status;
    (void)snprintf(text, sizeof text, "%.900s", mote_last_error()->message);
    name_remedies(t, text, sizeof text);
    return MOTE_RAISE(status, "epoch %llu, %s", (unsigned long long)t->at.epoch, text);
}

/// A validation that was stopped says nothing of its epoch: `is_done` is false then.
static mote_status validate(mote_trainer *t, bool *is_done)
{
    *is_done = false;
    if (!t->validation)
        return MOTE_OK;
    const mote_status status =
        mote_run_evaluate_all(t->run, t->validation, t->config, &t->progress, &t->at.validation);
    if (status != MOTE_OK && status != MOTE_STOPPED)
        return raise_validation(t, status);
    *is_done = status == MOTE_OK;
    if (status == MOTE_STOPPED)
        t->result->stopped = t->is_over = true;
    t->progress.validation =
        mote_tally_metrics(&t->at.validation, mote_compiled_graph(t->run->compiled));
    return MOTE_OK;
}

/// Keeps the weights of the best epoch, and ends training when that is long ago.
static mote_status judge(mote_trainer *t)
{
    const mote_model_settings *settings = &t->run->description->settings;
    const uint64_t epoch = t->at.epoch;
    const bool is_last = t->is_over || epoch == settings->epochs;
    const bool is_best =
        mote_best_add(&t->at.best, epoch, t->progress.validation.loss, settings->min_delta);
    if (is_best)
        MOTE_TRY(mote_trainer_save_best(t));
    t->result->stopped_early =
        settings->patience && t->at.best.waited >= settings->patience && !is_last;
    t->is_over = t->is_over || t->result->stopped_early;
    return MOTE_OK;
}

static mote_status finish_epoch(mote_trainer *t)
{
    bool is_validated = false;
    MOTE_TRY(validate(t, &is_validated));
    const mote_status finite = mote_state_check_finite(&t->run->state);
    if (finite != MOTE_OK)
        return MOTE_RAISE(finite, "epoch %llu: %s; what was saved before is kept",
                          (unsigned long long)t->at.epoch, mote_last_error()->message);
    MOTE_TRY(mote_trainer_save(t));
    if (t->validation && !is_validated) // it is validated when training goes on
        return MOTE_OK;
    t->at.epochs_done = t->at.epoch;
    if (is_validated)
        MOTE_TRY(judge(t));
    t->progress.epoch_done = true;
    report(t);
    t->progress.epoch_done = false;
    return MOTE_OK;
}

/// The epoch that comes next; one that is not finished goes on.
static void begin_epoch(mote_trainer *t)
{
    if (t->at.epochs_done < t->at.epoch)
        return;
    t->at.epoch++;
    t->at.sample = 0;
    t->at.training = (mote_tally){.samples = 0};
}

static mote_status train_epochs(mote_trainer *t)
{
    const uint64_t samples = mote_dataset_sample_count(t->training);
    const size_t batch = mote_compiled_graph(t->run->compiled)->batch;
    const uint64_t epochs = t->run->description->settings.epochs;
    const uint64_t done = (t->at.epoch - 1) * samples + t->at.sample;
    t->progress = (mote_progress){.epochs = epochs,
                                  .batches = (samples + batch - 1) / batch,
                                  .samples_left = samples * epochs - done};
    while (t->at.epochs_done < epochs && !t->is_over) {
        begin_epoch(t);
        t->progress.epoch = t->at.epoch;
        const mote_status status = train_epoch(t);
        mote_ahead_halt(t->run->ahead);
        if (status != MOTE_OK)
            return status;
        if (t->at.sample == samples)
            MOTE_TRY(finish_epoch(t));
    }
    mote_trainer_leave_checkpoint(t);
    return t->writes_checkpoints ? mote_trainer_write_checkpoint(t) : MOTE_OK;
}

/// The weights of a training that was stopped are newer than those saved at the end of the last epoch. They are saved though
/// its checkpoint could not be written.
static mote_status save_stopped(mote_trainer *t, mote_status status)
{
    char message[1024] = "";
    const bool is_unwritten = status == MOTE_ERROR_IO;
    if (!t->result->stopped || !t->saved.path || (status != MOTE_OK && !is_unwritten))
        return status;
    if (is_unwritten)
        (void)snprintf(message, sizeof message, "%.900s; ", mote_last_error()->message);
    t->result->saved_path = NULL;
    mote_status saved = mote_state_check_finite(&t->run->state);
    if (saved == MOTE_OK)
        saved = mote_trainer_save(t);
    if (saved != MOTE_OK)
        return MOTE_RAISE(saved, "%s%.900s", message, mote_last_error()->message);
    return status;
}

static void tell_most_skipped(const mote_trainer *t)
{
    char notice[128];
    if (t->at.skipped <= t->at.steps / 2)
        return;
    (void)snprintf(notice, sizeof notice,
                   "%llu of %llu steps were not finite and were skipped: the weights have learned "
                   "little",
                   (unsigned long long)t->at.skipped, (unsigned long long)t->at.steps);
    mote_trainer_tell(t, notice);
}

/// What the caller is told, of a training that failed, too.
static void fill_result(mote_trainer *t)
{
    const mote_graph *graph = mote_compiled_graph(t->run->compiled);
    mote_train_result *result = t->result;
    mote_checkpoints *c = &t->checkpoints;
    result->training = mote_tally_metrics(&t->at.training, graph);
    result->validation = (mote_metrics){.samples = 0};
    if (t->at.validation.samples > 0)
        result->validation = mote_tally_metrics(&t->at.validation, graph);
    result->epochs = t->at.epochs_done;
    result->steps = t->at.steps;
    result->samples =
        t->training && t->at.epoch > 0
            ? (t->at.epoch - 1) * mote_dataset_sample_count(t->training) + t->at.sample
            : 0;
    result->skipped_steps = t->at.skipped;
    result->step_ms_median = mote_step_times_median(&t->times);
    result->best_epoch = t->at.best.epoch;
    result->best_loss = t->at.best.loss;
    result->epochs_waited = t->at.best.waited;
    result->stopped_early =
        result->stopped_early ||
        (result->was_finished && result->epochs < t->run->description->settings.epochs);
    result->checkpoint_count = c->written;
    if (c->written > 0) {
        (void)snprintf(t->run->newest_checkpoint, strlen(c->target) + 1, "%s",
                       mote_checkpoints_path(c, c->count - 1));
        result->checkpoint_path = t->run->newest_checkpoint;
    }
}

mote_status mote_run_train(mote_run *run, const mote_train_config *config,
                           mote_train_result *result)
{
    mote_trainer t = {
        .run = run, .config = config, .result = result, .moved = mote_run_count_moved(run)};
    *result = (mote_train_result){.epochs = 0};
    t.mark = mote_arena_get_mark(&run->arena);
    t.known = (mote_run_known){t.mark, run->knowledge, run->image_scale, run->scale_known};
    t.times.values = run->step_times;
    mote_trainer_set_execution(&t);
    mote_status status = mote_trainer_open(&t);
    if (status == MOTE_OK)
        status = mote_trainer_begin(&t);
    if (status == MOTE_OK && !result->was_finished)
        status = save_stopped(&t, train_epochs(&t));
    if (status == MOTE_OK)
        status = mote_trainer_find_saved(&t);
    if (status == MOTE_OK)
        tell_most_skipped(&t);
    fill_result(&t);
    mote_run_count_transfers(run, t.moved, result);
    mote_run_tell_watch(&t.watch, result);
    mote_trainer_close(&t);
    return status;
}
