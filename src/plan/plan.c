// SPDX-License-Identifier: Apache-2.0
// Running a planner: the problem is checked once at the border, so that sums of sizes cannot wrap behind it.
#include "plan/plan.h"

#include "base/size.h"
#include "base/text.h"
#include "plan/planners.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const mote_planner *const planners[] = {
#define PLANNER(name) &mote_planner_##name,
#include "plan/planners.def"
#undef PLANNER
};

#define PLANNER_COUNT (sizeof planners / sizeof planners[0])

static const char *planner_name(const void *user, size_t index)
{
    (void)user;
    return planners[index]->name;
}

mote_status mote_planner_find(const char *name, const mote_planner **planner)
{
    char names[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < PLANNER_COUNT; i++) {
        if (mote_text_equal(name, planners[i]->name)) {
            *planner = planners[i];
            return MOTE_OK;
        }
        const int written = snprintf(names + used, sizeof names - used, "%s%s", i == 0 ? "" : ", ",
                                     planners[i]->name);
        assert(written > 0 && (size_t)written < sizeof names - used);
        used += (size_t)written;
    }
    char hint[128];
    const char *nearest = mote_text_nearest(name, planner_name, NULL, PLANNER_COUNT);
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "unknown planner '%s'%s (planners: %s)", name,
                      mote_text_hint(nearest, hint, sizeof hint), names);
}

size_t mote_placement_bytes(const mote_placement *placement)
{
    return mote_size_align(placement->bytes, placement->alignment);
}

size_t mote_plan_end(const mote_plan_problem *problem, const size_t *offsets)
{
    size_t end = 0;
    for (size_t i = 0; i < problem->placement_count; i++)
        end = mote_size_max(end, offsets[i] + mote_placement_bytes(&problem->placements[i]));
    return end;
}

static bool life_is_valid(const mote_placement *placement, size_t step_count)
{
    if (placement->first >= step_count || placement->last >= step_count)
        return false;
    return placement->wraps ? placement->last < placement->first
                            : placement->first <= placement->last;
}

static bool placement_is_valid(const mote_placement *placement, size_t step_count)
{
    const size_t alignment = placement->alignment;
    if (placement->bytes == 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
        return false;
    if (placement->fixed != MOTE_PLAN_ANY && placement->fixed % alignment != 0)
        return false;
    return life_is_valid(placement, step_count);
}

/// No planner can come further than the naive one: behind the fixed placements, the sum of all others, each
/// with the bytes lost to two alignments.
static mote_status check_sizes(const mote_plan_problem *problem)
{
    size_t end = 0;
    size_t sum = 0;
    for (size_t i = 0; i < problem->placement_count; i++) {
        const mote_placement *placement = &problem->placements[i];
        const bool valid = placement_is_valid(placement, problem->step_count);
        assert(valid);
        (void)valid;
        size_t bytes = 0;
        MOTE_TRY(mote_size_add(placement->bytes, placement->alignment, "a placement", &bytes));
        MOTE_TRY(mote_size_add(bytes, placement->alignment, "a placement", &bytes));
        MOTE_TRY(mote_size_add(sum, bytes, "the sum of all placements", &sum));
        if (placement->fixed == MOTE_PLAN_ANY)
            continue;
        MOTE_TRY(mote_size_add(placement->fixed, bytes, "a fixed placement", &bytes));
        end = mote_size_max(end, bytes);
    }
    return mote_size_add(end, sum, "the sum of all placements", &sum);
}

void mote_plan_live_bytes(const mote_plan_problem *problem, size_t *live)
{
    memset(live, 0, problem->step_count * sizeof *live);
    size_t at_start = 0;
    for (size_t i = 0; i < problem->placement_count; i++) {
        const mote_placement *placement = &problem->placements[i];
        const size_t bytes = mote_placement_bytes(placement);
        if (placement->wraps)
            at_start += bytes;
        live[placement->first] += bytes;
        if (placement->last + 1 < problem->step_count)
            live[placement->last + 1] -= bytes;
    }
    // differences so far, modulo the word: their running sum is the sum of what lives
    for (size_t step = 0; step < problem->step_count; step++) {
        at_start += live[step];
        live[step] = at_start;
    }
}

static mote_status find_peak(const mote_plan_problem *problem, mote_arena *arena, mote_plan *plan)
{
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(arena, problem->step_count, sizeof(size_t), &memory));
    size_t *live = (size_t *)memory;
    mote_plan_live_bytes(problem, live);
    for (size_t step = 0; step < problem->step_count; step++) {
        if (live[step] > plan->lower_bound_bytes) {
            plan->lower_bound_bytes = live[step];
            plan->peak_step = step;
        }
    }
    mote_arena_release_to(arena, mark);
    return MOTE_OK;
}

static void hash_plan(const mote_plan_problem *problem, mote_plan *plan)
{
    mote_sha256 hash;
    mote_sha256_init(&hash);
    mote_sha256_add_number(&hash, problem->step_count);
    mote_sha256_add_number(&hash, problem->placement_count);
    for (size_t i = 0; i < problem->placement_count; i++) {
        const mote_placement *placement = &problem->placements[i];
        mote_sha256_add_number(&hash, placement->bytes);
        mote_sha256_add_number(&hash, placement->alignment);
        mote_sha256_add_number(&hash, placement->first);
        mote_sha256_add_number(&hash, placement->last);
        mote_sha256_add_number(&hash, placement->fixed);
        mote_sha256_add_number(&hash, placement->wraps);
        mote_sha256_add_number(&hash, plan->offsets[i]);
    }
    mote_sha256_finish(&hash, plan->hash);
}

#ifdef NDEBUG
static mote_status check_in_debug_builds(const mote_plan_problem *problem, const mote_plan *plan,
                                         mote_arena *arena)
{
    (void)problem;
    (void)plan;
    (void)arena;
    return MOTE_OK;
}
#else
static mote_status check_in_debug_builds(const mote_plan_problem *problem, const mote_plan *plan,
                                         mote_arena *arena)
{
    return mote_plan_check(problem, plan, arena);
}
#endif

mote_status mote_plan_run(const mote_planner *planner, const mote_plan_problem *problem,
                          mote_arena *arena, mote_plan *plan)
{
    MOTE_TRY(check_sizes(problem));
    mote_plan result = {0};
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(arena, problem->placement_count, sizeof(size_t), &memory));
    result.offsets = (size_t *)memory;
    for (size_t i = 0; i < problem->placement_count; i++)
        result.offsets[i] = problem->placements[i].fixed;
    MOTE_TRY(find_peak(problem, arena, &result));
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    const mote_status status = planner->run(problem, arena, &result);
    mote_arena_release_to(arena, mark);
    MOTE_TRY(status);
    result.arena_bytes = mote_plan_end(problem, result.offsets);
    if (result.arena_bytes == result.lower_bound_bytes)
        result.is_optimal = true;
    hash_plan(problem, &result);
    MOTE_TRY(check_in_debug_builds(problem, &result, arena));
    *plan = result;
    return MOTE_OK;
}
