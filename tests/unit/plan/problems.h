// SPDX-License-Identifier: Apache-2.0
// What the tests of planners share: short ways to write a placement, and repeatable random problems.
#ifndef MOTE_TESTS_PLAN_PROBLEMS_H
#define MOTE_TESTS_PLAN_PROBLEMS_H

#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PROBLEM(placements, steps)                                                                 \
    {                                                                                              \
        .placements = (placements), .placement_count = sizeof(placements) / sizeof(placements)[0], \
        .step_count = (steps)                                                                      \
    }

static inline mote_placement block(size_t bytes, size_t first, size_t last)
{
    return (mote_placement){bytes, 1, first, last, MOTE_PLAN_ANY, false};
}

static inline mote_placement fixed_block(size_t bytes, size_t first, size_t last, size_t offset)
{
    return (mote_placement){bytes, 1, first, last, offset, false};
}

/// Setup and teardown of a test: its state is an arena.
static inline int start_arena(void **state)
{
    static mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    *state = &arena;
    return 0;
}

static inline int end_arena(void **state)
{
    mote_arena_release(*state);
    return 0;
}

static inline const mote_planner *planner_named(const char *name)
{
    const mote_planner *planner = NULL;
    assert_int_equal(mote_planner_find(name, &planner), MOTE_OK);
    return planner;
}

/// A small linear generator; the upper half of its state is the number.
static inline uint32_t next_number(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*state >> 32U);
}

/// Up to `most` - 1.
static inline size_t next_below(uint64_t *state, size_t most)
{
    return next_number(state) % most;
}

typedef struct random_shape {
    size_t placement_count, step_count;
    size_t life_most;  // longest life
    size_t bytes_most; // largest block
    size_t alignment;  // 0: mixed
    bool with_fixed, with_wraps;
} random_shape;

static inline mote_placement random_placement(const random_shape *shape, uint64_t *state)
{
    const size_t alignments[] = {1, 4, 64};
    mote_placement placement = {.bytes = 1 + next_below(state, shape->bytes_most),
                                .fixed = MOTE_PLAN_ANY};
    placement.alignment = shape->alignment ? shape->alignment : alignments[next_below(state, 3)];
    placement.first = next_below(state, shape->step_count);
    const size_t steps = 1 + next_below(state, shape->life_most);
    placement.last = placement.first + steps - 1;
    if (placement.last < shape->step_count)
        return placement;
    placement.last -= shape->step_count;
    placement.wraps = shape->with_wraps && placement.last < placement.first;
    if (!placement.wraps)
        placement.last = shape->step_count - 1;
    return placement;
}

/// Fixed blocks, when wanted, live always and lie one behind the other from the start, with gaps.
static inline void fill_random(const random_shape *shape, uint64_t seed, mote_placement *placements)
{
    uint64_t state = seed;
    size_t end = 0;
    for (size_t i = 0; i < shape->placement_count; i++) {
        placements[i] = random_placement(shape, &state);
        if (!shape->with_fixed || next_below(&state, 8) != 0)
            continue;
        placements[i].alignment = 64;
        placements[i].first = 0;
        placements[i].last = shape->step_count - 1;
        placements[i].wraps = false;
        placements[i].fixed = (end + 63 + next_below(&state, 256)) / 64 * 64;
        end = placements[i].fixed + placements[i].bytes;
    }
}

#endif
