// SPDX-License-Identifier: Apache-2.0
// The training loop. Everything it needs is opened and reserved before the first step.
#include "train/train.h"

#include "base/hash.h"
#include "os/os.h"
#include "train/best.h"
#include "train/loop.h"

#include <string.h>

typedef struct trainer {
    mote_run *run;
    const mote_train_config *config;
    mote_train_result *result;
    mote_dataset *training;
    mote_dataset *validation;    // NULL without [valid_set]
    mote_file_replacement saved; // its path is NULL: not written
    mote_file_replacement saved_best;
    mote_weights_header header;
    mote_arena_mark mark; // of the run's arena: the header lies behind it
    mote_step_times times;
    mote_execution execution;
    mote_tally tally; // of this epoch
    mote_best best;
    bool is_over;     // stopped, or as many steps done as wanted
    bool has_changed; // this step has begun to change weights
    mote_progress progress;
} trainer;

/// Whether the files can be written is found out before the first step, not after the first epoch.
static mote_status open_saved(trainer *t)
{
    mote_run *run = t->run;
    const mote_allocator *allocator = &run->context->allocator;
    if (run->save_path && !t->config->no_save) {
        MOTE_TRY(mote_run_check_saving(run, run->save_path, NULL));
        MOTE_TRY(mote_file_replacement_init(&t->saved, run->save_path, allocator));
    }
    if (run->best_path && !t->config->no_save) {
        MOTE_TRY(mote_run_check_saving(run, run->best_path, run->save_path));
        MOTE_TRY(mote_file_replacement_init(&t->saved_best, run->best_path, allocator));
    }
    return MOTE_OK;
}

static mote_status check_scales(const trainer *t)
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
static mote_status open_sets(trainer *t)
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

/// What is known of the data changes last: a training that is refused leaves the run as it was. It outlives
/// the training, so it lies before the mark.
static mote_status open_files(trainer *t)
{
    mote_run *run = t->run;
    MOTE_TRY(open_sets(t));
    MOTE_TRY(mote_run_begin_ahead(run, mote_dataset_source(t->training)));
    if (t->validation)
        MOTE_TRY(mote_run_begin_ahead(run, mote_dataset_source(t->validation)));
    MOTE_TRY(mote_run_check_validation(run, t->validation != NULL));
    MOTE_TRY(check_scales(t));
    MOTE_TRY(open_saved(t));
    MOTE_TRY(mote_run_note_data(run, t->training));
    t->mark = mote_arena_get_mark(&run->arena);
    return t->saved.path || t->saved_best.path ? mote_run_make_header(run, &t->header) : MOTE_OK;
}

static void close_files(trainer *t)
{
    mote_run_end_ahead(t->run);
    if (t->saved.path)
        mote_file_replacement_release(&t->saved);
    if (t->saved_best.path)
        mote_file_replacement_release(&t->saved_best);
    mote_arena_release_to(&t->run->arena, t->mark);
    mote_dataset_close(&t->validation);
    mote_dataset_close(&t->training);
}

/// Asked after each step.
static void check_end(trainer *t)
{
    const mote_train_config *config = t->config;
    t->result->stopped = config->stop && config->stop(config->user);
    t->is_over = t->result->stopped || (config->steps && t->result->steps >= config->steps);
}

static void report(trainer *t)
{
    if (t->config->progress)
        t->config->progress(t->config->user, &t->progress);
}

static mote_status run_step(trainer *t)
{
    const mote_training_settings *settings = &t->run->compiled->settings;
    const mote_program *program = t->run->compiled->train;
    mote_execution *execution = &t->execution;
    t->has_changed = false;
    execution->learning_rate =
        settings->rate->rate(settings->rate_state, settings->learning_rate, execution->iteration);
    const uint64_t begin = mote_clock_ns();
    MOTE_TRY(mote_program_run(program, execution));
    t->progress.step_ns = mote_clock_ns() - begin;
    mote_step_times_add(&t->times, t->progress.step_ns);
    mote_tally_add(&t->tally, program, execution->batch);
    execution->iteration++;
    execution->update++;
    t->result->steps++;
    return MOTE_OK;
}

static mote_status raise_step(const trainer *t, mote_status status)
{
    if (status != MOTE_ERROR_NONFINITE && status != MOTE_ERROR_DATA && !t->has_changed)
        return status;
    return MOTE_RAISE(status, "epoch %llu, batch %llu: %.900s; %s",
                      (unsigned long long)t->progress.epoch,
                      (unsigned long long)t->progress.batch + 1, mote_last_error()->message,
                      mote_run_applied_text(t->has_changed));
}

/// One pass over the training set; the last batch may be smaller.
static mote_status train_epoch(trainer *t)
{
    const size_t batch = mote_compiled_graph(t->run->compiled)->batch;
    const uint64_t samples = mote_dataset_sample_count(t->training);
    const mote_random_key key = {.seed = t->execution.seed,
                                 .name = mote_hash_name("shuffle"),
                                 .iteration = t->progress.epoch};
    const mote_random_key *order = mote_dataset_shuffles(t->training) ? &key : NULL;
    mote_dataset_augment(t->training, &key);
    t->tally = (mote_tally){.samples = 0};
    mote_dataset_select(t->training, order, 0, samples);
    mote_run_set_source(t->run, mote_dataset_source(t->training), &t->execution);
    t->progress.batch = 0;
    for (uint64_t first = 0; first < samples && !t->is_over; first += batch) {
        mote_run_set_batch(t->run, first, samples, &t->execution);
        const mote_status status = run_step(t);
        if (status != MOTE_OK)
            return raise_step(t, status);
        t->progress.batch++;
        t->progress.training = mote_tally_metrics(&t->tally, mote_compiled_graph(t->run->compiled));
        t->progress.learning_rate = t->execution.learning_rate;
        t->progress.samples_left -= t->execution.batch;
        report(t);
        check_end(t);
    }
    t->result->training = mote_tally_metrics(&t->tally, mote_compiled_graph(t->run->compiled));
    return MOTE_OK;
}

/// A validation that was stopped says nothing of its epoch: `is_done` is false then.
static mote_status validate(trainer *t, bool *is_done)
{
    *is_done = false;
    if (!t->validation)
        return MOTE_OK;
    const mote_status status = mote_run_evaluate_all(t->run, t->validation, t->config, &t->progress,
                                                     &t->result->validation);
    if (status != MOTE_OK && status != MOTE_STOPPED)
        return status;
    *is_done = status == MOTE_OK;
    if (status == MOTE_STOPPED)
        t->result->stopped = t->is_over = true;
    t->progress.validation = t->result->validation;
    return MOTE_OK;
}

/// Keeps the weights of the best epoch, and ends training when that is long ago.
static mote_status judge(trainer *t)
{
    const mote_model_settings *settings = &t->run->description->settings;
    mote_train_result *result = t->result;
    const uint64_t epoch = t->progress.epoch;
    const bool is_last = t->is_over || epoch == settings->epochs;
    const bool is_best =
        mote_best_add(&t->best, epoch, result->validation.loss, settings->min_delta);
    if (is_best && t->saved_best.path) {
        MOTE_TRY(mote_weights_save(&t->run->state, &t->header, &t->saved_best));
        result->best_path = t->run->best_path;
    }
    result->best_epoch = t->best.epoch;
    result->best_loss = t->best.loss;
    result->epochs_waited = t->best.waited;
    result->stopped_early = settings->patience && t->best.waited >= settings->patience && !is_last;
    t->is_over = t->is_over || result->stopped_early;
    return MOTE_OK;
}

static mote_status finish_epoch(trainer *t)
{
    bool is_validated = false;
    MOTE_TRY(validate(t, &is_validated));
    t->result->epochs++;
    const mote_status finite = mote_state_check_finite(&t->run->state);
    if (finite != MOTE_OK)
        return MOTE_RAISE(finite, "epoch %llu: %s; what was saved before is kept",
                          (unsigned long long)t->progress.epoch, mote_last_error()->message);
    if (t->saved.path) {
        MOTE_TRY(mote_weights_save(&t->run->state, &t->header, &t->saved));
        t->result->saved_path = t->run->save_path;
    }
    if (is_validated)
        MOTE_TRY(judge(t));
    t->progress.epoch_done = true;
    report(t);
    t->progress.epoch_done = false;
    return MOTE_OK;
}

static mote_status train_epochs(trainer *t)
{
    const uint64_t samples = mote_dataset_sample_count(t->training);
    const size_t batch = mote_compiled_graph(t->run->compiled)->batch;
    const uint64_t epochs = t->run->description->settings.epochs;
    t->progress = (mote_progress){.epochs = epochs,
                                  .batches = (samples + batch - 1) / batch,
                                  .samples_left = samples * epochs};
    for (uint64_t epoch = 1; epoch <= epochs && !t->is_over; epoch++) {
        t->progress.epoch = epoch;
        const mote_status status = train_epoch(t);
        mote_ahead_halt(t->run->ahead);
        if (status != MOTE_OK)
            return status;
        if (t->progress.batch == t->progress.batches)
            MOTE_TRY(finish_epoch(t));
    }
    return MOTE_OK;
}

mote_status mote_run_train(mote_run *run, const mote_train_config *config,
                           mote_train_result *result)
{
    trainer t = {.run = run, .config = config, .result = result};
    *result = (mote_train_result){.epochs = 0};
    t.mark = mote_arena_get_mark(&run->arena);
    t.times.values = run->step_times;
    run->stepping = (mote_stepping){.applied = 0};
    mote_run_reset_optimizer(run);
    t.execution = mote_run_execution(run);
    t.execution.update = 1;
    t.execution.profiler = config->profiler;
    t.execution.has_changed = &t.has_changed;
    mote_status status = open_files(&t);
    if (status == MOTE_OK)
        status = train_epochs(&t);
    if (status == MOTE_OK)
        result->step_ms_median = mote_step_times_median(&t.times);
    close_files(&t);
    return status;
}
