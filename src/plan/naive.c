// SPDX-License-Identifier: Apache-2.0
// The planner without ideas: every block has its own place. What the other planners are measured against,
// in bytes and in the bits of a training run.
#include "plan/planners.h"

#include "base/size.h"

static mote_status run_naive(const mote_plan_problem *problem, mote_arena *arena, mote_plan *plan)
{
    (void)arena;
    size_t end = 0;
    for (size_t i = 0; i < problem->placement_count; i++) {
        const mote_placement *placement = &problem->placements[i];
        if (placement->fixed != MOTE_PLAN_ANY)
            end = mote_size_max(end, placement->fixed + mote_placement_bytes(placement));
    }
    for (size_t i = 0; i < problem->placement_count; i++) {
        const mote_placement *placement = &problem->placements[i];
        if (placement->fixed != MOTE_PLAN_ANY)
            continue;
        plan->offsets[i] = mote_size_align(end, placement->alignment);
        end = plan->offsets[i] + mote_placement_bytes(placement);
    }
    return MOTE_OK;
}

const mote_planner mote_planner_naive = {
    .name = "naive",
    .summary = "a place of its own for every block: no memory is used twice",
    .run = run_naive,
};
