// SPDX-License-Identifier: Apache-2.0
// What leaves memory for the swap file, and when, so that no step needs more bytes than a budget allows: the choice that is
// predicted to take the least time. It knows schedules and costs; offsets are the planner's.
#ifndef MOTE_BUDGET_BUDGET_H
#define MOTE_BUDGET_BUDGET_H

#include "base/arena.h"
#include "cost/cost.h"
#include "schedule/schedule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOTE_BUDGET_PROGRAMS_MAX 3U

typedef struct mote_budget_program {
    const mote_schedule *schedule; // whose blocks are whole
    const size_t *states;          // by tensor: the block of the state that it is, or MOTE_NONE
    const double *step_ns;         // by step: how long it takes, by mote_budget_time_steps
} mote_budget_program;

/// Programs that share an arena and what persists in it. The first one's time counts.
typedef struct mote_budget_problem {
    mote_budget_program programs[MOTE_BUDGET_PROGRAMS_MAX];
    size_t program_count;
    const size_t *state_bytes;       // by block of the state
    const mote_slices *state_slices; // by the same: in which it may come and go
    size_t state_count;
    size_t staging_bytes; // that are needed beside all else where anything of the state is swapped
    mote_cost cost;
} mote_budget_problem;

typedef struct mote_budget_choice {
    bool *is_swapped; // by block of the state: it is in memory in its stays alone
    mote_stay *stays[MOTE_BUDGET_PROGRAMS_MAX];
    size_t stay_counts[MOTE_BUDGET_PROGRAMS_MAX];
    size_t live_bytes; // most at a step, before transfers were given what is free below the target
    uint64_t loaded_bytes, stored_bytes; // in a run of the first program
    double run_ns;                       // of it, as predicted
    double wait_ns;                      // of that, for transfers
} mote_budget_choice;

/// Chooses so that at most `target_bytes` live at a step; where that cannot be, as few as can. The choice lives in `arena`.
mote_status mote_budget_choose(const mote_budget_problem *problem, size_t target_bytes,
                               mote_arena *arena, mote_budget_choice *choice) MOTE_MUST_CHECK;

/// A choice that was made before: of `choice` is_swapped and the stays are given, in the order of blocks, tensors that persist
/// and their slices, each with the steps that it is in memory at. Fills in what follows: which uses a stay is for, what is
/// transferred, the times. Raises MOTE_ERROR_FORMAT where stays do not hold all uses of what they are of.
mote_status mote_budget_complete(const mote_budget_problem *problem, mote_arena *arena,
                                 mote_budget_choice *choice) MOTE_MUST_CHECK;

/// How long each step of a schedule takes where everything is in memory; `step_ns` has step_count elements. `arena` is left as
/// it was.
mote_status mote_budget_time_steps(const mote_cost *cost, const mote_schedule *schedule,
                                   mote_arena *arena, double *step_ns) MOTE_MUST_CHECK;

#endif
