// SPDX-License-Identifier: Apache-2.0
// Steps that run band by band: some channels through all steps of a run, then the next ones. Between them there is
// then a band, not the whole.
#include "schedule/build.h"

#include "base/size.h"

/// Bands cost time, so that there are few.
#define BANDS ((size_t)4)

/// Channels of what the step reads.
static size_t count_channels(const mote_schedule *schedule, size_t index)
{
    const mote_node *node = &schedule->graph->nodes[schedule->steps[index].node];
    return schedule->graph->values[node->inputs[0]].spec.shape.dims[0];
}

static bool can_band(const mote_schedule *schedule, size_t index)
{
    const mote_step *step = &schedule->steps[index];
    const unsigned phase = mote_step_phase(step->kind);
    return phase != 0 && step->slice.count == 0 && !step->run.by_samples &&
           (schedule->graph->nodes[step->node].declaration.band_phases & phase) != 0;
}

/// Whether the step reads all channels of its output's derivative, for the gradients of some of its input's.
static bool reads_all(const mote_schedule *schedule, size_t index)
{
    const mote_step *step = &schedule->steps[index];
    return !(schedule->graph->nodes[step->node].declaration.band_phases & MOTE_PHASE_FORWARD);
}

/// Whether there is nothing from the step on but what is recomputed for one that reads all.
static bool leads_to_all(const mote_schedule *schedule, size_t index)
{
    while (index < schedule->step_count && schedule->steps[index].kind == MOTE_STEP_RECOMPUTE &&
           can_band(schedule, index))
        index++;
    return index < schedule->step_count && can_band(schedule, index) && reads_all(schedule, index);
}

/// Whether a step may be in the run of the one before it. What reads all channels of something must not be in a run
/// with what makes that, so that it ends a run in which all else is recomputed.
static bool joins(const mote_schedule *schedule, size_t index)
{
    const mote_step *before = &schedule->steps[index - 1];
    if (!can_band(schedule, index - 1) || !can_band(schedule, index) ||
        count_channels(schedule, index - 1) != count_channels(schedule, index) ||
        reads_all(schedule, index - 1))
        return false;
    return before->kind == MOTE_STEP_RECOMPUTE || !leads_to_all(schedule, index);
}

mote_step_run mote_schedule_find_run(const mote_schedule *schedule, size_t height, size_t step)
{
    mote_step_run run = {.first = step, .end = step + 1};
    if (!can_band(schedule, step))
        return run;
    while (run.first > 0 && joins(schedule, run.first))
        run.first--;
    while (run.end < schedule->step_count && joins(schedule, run.end))
        run.end++;
    run.extent = count_channels(schedule, step);
    run.height = mote_size_align(mote_size_ceil_divide(run.extent, BANDS), height);
    run.count = mote_size_ceil_divide(run.extent, run.height);
    if (run.count < 2 || run.end - run.first < 2)
        run.count = 0;
    return run;
}

mote_slice mote_schedule_part(const mote_step_run *run, size_t index)
{
    const size_t first = index * run->height;
    return (mote_slice){first, mote_size_min(run->height, run->extent - first)};
}

/// Whether one of the steps was chosen: what is recomputed has no choice of its own.
static bool is_chosen(const mote_schedule_builder *b, const mote_step_run *run)
{
    for (size_t i = run->first; i < run->end; i++) {
        const mote_step *step = &b->schedule->steps[i];
        if (b->chosen.banded[step->node] & mote_step_phase(step->kind))
            return true;
    }
    return false;
}

void mote_schedule_make_bands(const mote_schedule_builder *b)
{
    const mote_schedule *schedule = b->schedule;
    mote_step_run run = {0};
    if (!(b->strategy->techniques & MOTE_TECHNIQUE_BANDS))
        return;
    for (size_t i = 0; i < schedule->step_count; i = run.end) {
        run = mote_schedule_find_run(schedule, b->strategy->band_height, i);
        if (run.count == 0 || !is_chosen(b, &run))
            continue;
        for (size_t j = run.first; j < run.end; j++)
            schedule->steps[j].run = run;
    }
}
