// SPDX-License-Identifier: Apache-2.0
// One training step in two halves, for callers with their own loop.
#include "train/checkpoint.h"
#include "train/train.h"

#include <assert.h>

double mote_run_learning_rate(const mote_training_settings *settings, uint64_t applied)
{
    return settings->rate->rate(settings->rate_state, settings->learning_rate, applied);
}

/// What a step is, in both of its halves.
static mote_execution step_execution(const mote_run *run, size_t batch)
{
    mote_execution execution = mote_run_execution(run);
    execution.batch = batch;
    execution.iteration = run->stepping.applied;
    execution.update = run->stepping.applied + 1;
    return execution;
}

/// Between two steps: takes another budget that was asked for.
static mote_status change_budget(mote_run *run)
{
    uint64_t budget = 0;
    const mote_swap_use use = {.written_bytes = 0}; // each step is looked at on its own
    if (!mote_control_take_budget(run->control, &budget))
        return MOTE_OK;
    const mote_status status = mote_run_replan(run, budget, &use);
    if (run->memory && run->stepping.checkpoints)
        mote_checkpoints_follow(run->stepping.checkpoints);
    return status;
}

/// This step, behind all that was written since the loop began.
static mote_status check_writes(const mote_run *run)
{
    const mote_swap_use use = {.written_bytes = mote_run_count_moved(run).stored_bytes -
                                                run->stepping.stored_before,
                               .steps = 1};
    return mote_run_check_writes(run, run->compiled, &use);
}

mote_status mote_run_forward(mote_run *run, const mote_run_batch *batch, mote_metrics *metrics)
{
    MOTE_TRY(change_budget(run));
    MOTE_TRY(check_writes(run));
    const mote_program *program = run->compiled->train;
    mote_run_batch memory = *batch;
    const mote_source source = mote_run_batch_source(run, &memory);
    mote_execution execution = step_execution(run, batch->count);
    mote_tally tally = {.samples = 0};
    assert(run->stepping.open_batch == 0);
    execution.source = &source;
    if (run->stepping.applied == 0) // a training may have been before
        MOTE_TRY(mote_run_reset_optimizer(run));
    MOTE_TRY(mote_program_begin(program, &execution));
    run->stepping.open_batch = batch->count;
    mote_tally_add(&tally, program, batch->count);
    *metrics = mote_tally_metrics(&tally, mote_compiled_graph(run->compiled));
    return MOTE_OK;
}

const char *mote_run_applied_text(bool has_changed)
{
    return has_changed ? "a part of this step was applied" : "this step was not applied";
}

mote_status mote_run_apply(mote_run *run, double learning_rate)
{
    mote_execution execution = step_execution(run, run->stepping.open_batch);
    bool has_changed = false;
    assert(run->stepping.open_batch > 0);
    execution.learning_rate = learning_rate;
    execution.has_changed = &has_changed;
    run->stepping.open_batch = 0;
    const mote_status status = mote_program_finish(run->compiled->train, &execution);
    run->is_torn = run->is_torn || (status != MOTE_OK && has_changed);
    if (status != MOTE_OK)
        return MOTE_RAISE(status, "mote_model_apply: %.900s; %s", mote_last_error()->message,
                          mote_run_applied_text(has_changed));
    run->stepping.applied++;
    return MOTE_OK;
}
