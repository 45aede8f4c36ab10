// SPDX-License-Identifier: Apache-2.0
// Another memory budget while the model is at work: the new plan is made beside the old one, and then takes its place. What
// persists waits in a file meanwhile, so that there is only ever one arena.
#include "train/loop.h"
#include "train/trainer.h"

#include <stdio.h>

/// Memory for a plan, with what was kept in it.
static mote_status open_with(mote_run *run, mote_compiled *compiled, const mote_kept *kept)
{
    mote_status status = mote_run_open_memory(run, compiled);
    if (status == MOTE_OK)
        status = mote_run_restore(run, kept);
    if (status != MOTE_OK)
        mote_run_close_memory(run);
    return status;
}

/// The memory of the new plan cannot be had: back to the old one, if that can be had again.
static mote_status go_back(mote_run *run, mote_status status, mote_kept **kept)
{
    char message[1024];
    (void)snprintf(message, sizeof message, "%.1000s", mote_last_error()->message);
    if (open_with(run, run->compilation->compiled, *kept) == MOTE_OK)
        return MOTE_RAISE(status, "%s", message);
    run->kept = *kept;
    *kept = NULL;
    return MOTE_RAISE(status, "%s; nor could the memory of before be had again: %.500s", message,
                      mote_last_error()->message);
}

static mote_status move(mote_run *run, mote_compilation *next)
{
    mote_kept *kept = NULL;
    MOTE_TRY(mote_run_keep(run, true, &kept));
    mote_run_close_memory(run);
    mote_status status = open_with(run, next->compiled, kept);
    if (status == MOTE_OK) {
        mote_compilation_release(run->compilation);
        *run->compilation = *next;
        mote_arena_init(&next->arena, &run->context->allocator); // it is the run's now
    } else {
        status = go_back(run, status, &kept);
    }
    mote_kept_release(&kept);
    return status;
}

mote_status mote_run_replan(mote_run *run, uint64_t budget, const mote_swap_use *use)
{
    mote_compilation next = {.request = run->compilation->request};
    next.request.memory_budget = budget;
    next.request.saved = NULL; // it is of another budget
    mote_arena_init(&next.arena, &run->context->allocator);
    mote_ahead_halt(run->ahead); // what it has read lies in the old arena
    mote_status status = mote_compilation_make(&next);
    run->compilation->smallest_budget = next.smallest_budget;
    if (status == MOTE_OK)
        status = mote_run_check_writes(run, next.compiled, use);
    if (status == MOTE_OK)
        status = move(run, &next);
    mote_arena_release(&next.arena);
    return status;
}

/// What of a training is of the plan.
static void follow(mote_trainer *t)
{
    const mote_graph *graph = mote_compiled_graph(t->run->compiled);
    mote_trainer_set_execution(t);
    mote_run_set_source(t->run, mote_dataset_source(t->training), &t->execution);
    if (t->checkpoints.run)
        mote_checkpoints_follow(&t->checkpoints);
    t->progress.training = mote_tally_metrics(&t->at.training, graph);
    t->progress.validation = (mote_metrics){.samples = 0};
    if (t->at.validation.samples > 0)
        t->progress.validation = mote_tally_metrics(&t->at.validation, graph);
}

static void tell(const mote_trainer *t, uint64_t budget, mote_status status)
{
    const mote_plan_info *plan = &t->run->compiled->info;
    char notice[2048];
    if (!t->config->notice)
        return;
    if (status == MOTE_OK) {
        (void)snprintf(notice, sizeof notice,
                       "a memory budget of %llu bytes from step %llu on: the arena has %zu bytes",
                       (unsigned long long)budget, (unsigned long long)t->at.steps + 1,
                       plan->arena_bytes);
    } else {
        (void)snprintf(notice, sizeof notice,
                       "%.1500s; training goes on in the arena of before, of %zu bytes",
                       mote_last_error()->message, plan->arena_bytes);
    }
    t->config->notice(t->config->user, notice);
}

mote_status mote_trainer_change_budget(mote_trainer *t)
{
    uint64_t budget = 0;
    if (!mote_control_take_budget(t->run->control, &budget))
        return MOTE_OK;
    const mote_swap_use use = mote_trainer_find_swap_use(t);
    const mote_status status = mote_run_replan(t->run, budget, &use);
    if (!t->run->memory)
        return status;
    follow(t);
    tell(t, budget, status);
    return MOTE_OK;
}
