// SPDX-License-Identifier: Apache-2.0
// Private to plan: the descriptors of all planners, and the sort they share.
#ifndef MOTE_PLAN_PLANNERS_H
#define MOTE_PLAN_PLANNERS_H

#include "plan/plan.h"

#define PLANNER(name) extern const mote_planner mote_planner_##name;
#include "plan/planners.def"
#undef PLANNER

typedef struct mote_plan_item {
    size_t key;
    size_t value;
} mote_plan_item;

/// Sorts by key, ascending; equal keys keep their order. `spare` has room for `count` items.
void mote_plan_sort(mote_plan_item *items, size_t count, mote_plan_item *spare);

/// Bytes of a placement rounded up to its alignment.
size_t mote_placement_bytes(const mote_placement *placement);

/// Places all blocks that are not fixed, without looking for gaps; `order` gets the blocks as they were placed. Those that
/// live up to `short_steps` are kept to fill what longer ones leave, as long as there are longer ones.
mote_status mote_plan_stack(const mote_plan_problem *problem, size_t short_steps, mote_arena *arena,
                            mote_plan_item *order, size_t *offsets);

/// End of the highest placement, by rounded bytes.
size_t mote_plan_end(const mote_plan_problem *problem, const size_t *offsets);

#endif
