// SPDX-License-Identifier: Apache-2.0
// Offset planning: given how large blocks are and when they live, where do they lie? Pure functions that know
// nothing of graphs.
#ifndef MOTE_PLAN_PLAN_H
#define MOTE_PLAN_PLAN_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOTE_PLAN_ANY SIZE_MAX

/// One block to place. It lives at steps first .. last (both included); when `wraps`, at steps
/// first .. step_count-1 and 0 .. last instead (last < first). A `fixed` offset is obeyed.
typedef struct mote_placement {
    size_t bytes;     // at least 1
    size_t alignment; // a power of two
    size_t first, last;
    size_t fixed; // offset, or MOTE_PLAN_ANY
    bool wraps;
} mote_placement;

typedef struct mote_plan_problem {
    const mote_placement *placements;
    size_t placement_count;
    size_t step_count;
    size_t node_limit;   // of planners that search; 0: theirs, worth at most about 100 ms
    size_t enough_bytes; // an arena of this size need not be made smaller
} mote_plan_problem;

typedef struct mote_plan {
    size_t *offsets; // one a placement, in the arena given to mote_plan_run
    size_t arena_bytes;
    size_t lower_bound_bytes; // largest sum of (aligned) bytes alive at one step
    size_t peak_step;         // the first step with that sum
    size_t node_count;        // of the search, 0 without one
    bool is_optimal;          // no arena can be smaller: it is the bound, or that was proven
    char hash[MOTE_SHA256_TEXT_BYTES]; // of the problem and the offsets
} mote_plan;

/// A planner fills `plan->offsets`; the caller has set the fixed ones, the bound and its step. One that searches sets
/// `is_optimal` where it has a proof, and `node_count`.
typedef struct mote_planner {
    const char *name;    // "best_fit"
    const char *summary; // one line
    mote_status (*run)(const mote_plan_problem *problem, mote_arena *arena, mote_plan *plan);
} mote_planner;

/// The planner of that name (a row of plan/planners.def: naive, best_fit, exact); raises MOTE_ERROR_ARGUMENT
/// with "did you mean" and the names.
mote_status mote_planner_find(const char *name, const mote_planner **planner) MOTE_MUST_CHECK;

/// Runs a planner, computes bound, peak and hash, and in debug builds checks the result.
mote_status mote_plan_run(const mote_planner *planner, const mote_plan_problem *problem,
                          mote_arena *arena, mote_plan *plan) MOTE_MUST_CHECK;

/// Independent of all planners: bounds, alignment, fixed offsets, and no two placements that overlap in time
/// and in space. Raises MOTE_ERROR_GRAPH naming the two placements.
mote_status mote_plan_check(const mote_plan_problem *problem, const mote_plan *plan,
                            mote_arena *arena) MOTE_MUST_CHECK;

/// Bytes alive at each step: the sum of aligned sizes. `live` has step_count elements.
void mote_plan_live_bytes(const mote_plan_problem *problem, size_t *live);

/// A block takes so many parts at most, and but for the last each is at least one of so many shares of it.
#define MOTE_AHEAD_SHARES    16U
#define MOTE_AHEAD_PARTS_MAX (2U * MOTE_AHEAD_SHARES + 1U)

/// The step of what cannot be read ahead.
#define MOTE_AHEAD_NEVER SIZE_MAX

/// Pieces [first, first + count) of a block can be read from the beginning of `step` on to `offset`: in the block, each to
/// its place, or else beside it.
typedef struct mote_ahead_part {
    size_t step;
    size_t first, count;
    size_t offset;
} mote_ahead_part;

/// A block that is filled, piece after piece, in its first step.
typedef struct mote_ahead_target {
    size_t placement;
    size_t piece_bytes;
    size_t piece_count;
    mote_ahead_part parts[MOTE_AHEAD_PARTS_MAX]; // of each piece one; by step
    size_t part_count;
} mote_ahead_target;

/// Steps [begin, end) of the problem are repeated.
typedef struct mote_ahead_problem {
    const mote_plan_problem *problem; // without lives that wrap
    const mote_plan *plan;
    size_t begin, end;
} mote_ahead_problem;

/// Where the next content of blocks can be before their first step: in bytes of the arena that nothing else occupies from
/// a step of one iteration to that of the next. Finds the parts of all targets.
mote_status mote_plan_ahead(const mote_ahead_problem *problem, mote_ahead_target *targets,
                            size_t target_count, mote_arena *arena) MOTE_MUST_CHECK;

#endif
