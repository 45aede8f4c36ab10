// SPDX-License-Identifier: Apache-2.0
// How long steps take, by what their layers declared and by the bytes that they go over.
#include "budget/budget.h"

/// Bytes that had been used when something was. Of slices one comes after the other: what another one uses was last used with
/// the whole.
typedef struct last_use {
    double at;       // 0: not yet
    double whole_at; // before the slices
    mote_slice slice;
} last_use;

/// Bytes that steps go over. Those that were used long ago are far: so many were used since that no cache has them.
typedef struct step_bytes {
    const mote_schedule *schedule;
    double cache_bytes;
    double *near, *far; // by step
    double *applied;    // by step: elements that an optimizer changes
    double used;        // so far
    last_use *last;     // by block, then by tensor
} step_bytes;

/// Of a slice of a gradient: its share of the whole step.
static double step_share(const mote_schedule *schedule, const mote_step *step)
{
    if (step->slice.count == 0)
        return 1.0;
    const mote_declaration *declaration = &schedule->graph->nodes[step->node].declaration;
    return (double)step->slice.count / (double)declaration->cut_extent;
}

/// Of a tensor that a step goes over, in all parts of its run. Of a slice's gradient there is no more than the slice; the
/// output's derivative is read whole for each.
static double count_bytes(const mote_schedule *schedule, const mote_step *step,
                          const mote_schedule_tensor *tensor, mote_use how)
{
    const bool is_whole =
        tensor->kind == MOTE_BLOCK_KIND_GRADIENTS || how == MOTE_USE_OUTPUT_DERIVATIVE;
    const double share = is_whole ? 1.0 : step_share(schedule, step);
    const double bytes = share * (double)tensor->bytes;
    const bool is_part = tensor->holds_band || tensor->slice_samples > 0;
    return step->run.count > 0 && is_part ? bytes * (double)step->run.count : bytes;
}

/// Whether an optimizer does so.
static bool changes(mote_use how)
{
    return how == MOTE_USE_WEIGHT_CHANGE || how == MOTE_USE_STATE;
}

/// Whether the last use was long ago.
static bool note_use(const step_bytes *sum, last_use *last, mote_slice slice)
{
    const bool is_same = slice.count == last->slice.count && slice.first == last->slice.first;
    if (slice.count > 0 && last->slice.count == 0)
        last->whole_at = last->at;
    const double at = slice.count > 0 && !is_same ? last->whole_at : last->at;
    last->slice = slice;
    return at == 0.0 || sum->used - at > sum->cache_bytes;
}

static void add_use(void *user, size_t tensor, size_t step, mote_use how)
{
    step_bytes *sum = (step_bytes *)user;
    const mote_schedule *schedule = sum->schedule;
    const mote_schedule_tensor *used = &schedule->tensors[tensor];
    if (how == MOTE_USE_SCRATCH) // it stays in a cache: a part of the effort
        return;
    const bool is_changed = changes(how);
    const double held = count_bytes(schedule, &schedule->steps[step], used, how);
    const double bytes = is_changed ? 2.0 * held : held; // they are read, too
    if (is_changed)
        sum->applied[step] += held / (double)sizeof(mote_real);
    const size_t place = used->block == MOTE_NONE ? schedule->block_count + tensor : used->block;
    const bool is_far = note_use(sum, &sum->last[place], schedule->steps[step].slice);
    *(is_far ? &sum->far[step] : &sum->near[step]) += bytes;
    sum->used += bytes;
    sum->last[place].at = sum->used;
}

static mote_effort step_effort(const mote_schedule *schedule, const mote_step *step)
{
    mote_effort effort = {{0.0}};
    const unsigned phase = mote_step_phase(step->kind);
    if (phase == 0)
        return effort;
    const mote_effort whole =
        mote_declaration_effort(&schedule->graph->nodes[step->node].declaration, phase);
    mote_effort_add(&effort, &whole, step_share(schedule, step));
    return effort;
}

/// Each part of a run is an operation.
static double time_step(const mote_cost *cost, const mote_schedule *schedule, size_t step,
                        const step_bytes *sum)
{
    const mote_step *at = &schedule->steps[step];
    const double parts = at->run.count > 0 ? (double)at->run.count : 1.0;
    mote_effort effort = step_effort(schedule, at);
    effort.amounts[MOTE_EFFORT_APPLY] += sum->applied[step];
    mote_effort part = {{0.0}};
    mote_effort_add(&part, &effort, 1.0 / parts);
    return parts *
           mote_cost_operation_ns(cost, &part, sum->near[step] / parts, sum->far[step] / parts);
}

mote_status mote_budget_time_steps(const mote_cost *cost, const mote_schedule *schedule,
                                   mote_arena *arena, double *step_ns)
{
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    const size_t places = schedule->block_count + schedule->tensor_count;
    step_bytes sum = {.schedule = schedule, .cache_bytes = cost->cache_bytes};
    MOTE_TRY(mote_arena_array(arena, schedule->step_count, sizeof *sum.near, (void **)&sum.near));
    MOTE_TRY(mote_arena_array(arena, schedule->step_count, sizeof *sum.far, (void **)&sum.far));
    MOTE_TRY(
        mote_arena_array(arena, schedule->step_count, sizeof *sum.applied, (void **)&sum.applied));
    MOTE_TRY(mote_arena_array(arena, places, sizeof *sum.last, (void **)&sum.last));
    mote_schedule_visit_uses(schedule, add_use, &sum);
    for (size_t i = 0; i < schedule->step_count; i++)
        sum.near[i] = sum.far[i] = sum.applied[i] = 0.0;
    mote_schedule_visit_uses(schedule, add_use, &sum); // of an iteration behind another
    for (size_t i = 0; i < schedule->step_count; i++)
        step_ns[i] = time_step(cost, schedule, i, &sum);
    mote_arena_release_to(arena, mark);
    return MOTE_OK;
}
