// SPDX-License-Identifier: Apache-2.0
// Is a plan right? Written without anything of the planners, so that a mistake there is not repeated here.
//
// A sweep over time keeps the blocks that live at the current step in the order of their offsets. They are
// disjoint, so a block that comes to life can only meet its two neighbours in that order.
#include "plan/plan.h"

#include "base/size.h"

#include <stdint.h>
#include <stdlib.h>

#define NO_RANK SIZE_MAX

/// A life without a break, or the place of a block; `index` is the placement.
typedef struct stretch {
    size_t from, to;
    size_t index;
} stretch;

/// The set of living blocks, by rank in the order of offsets: node n of a binary tree counts its leaves.
typedef struct living {
    size_t width;
    size_t *counts;
    size_t *rank_of;  // placement -> rank
    size_t *index_of; // rank -> placement
} living;

static mote_status check_placement(const mote_plan_problem *problem, const mote_plan *plan,
                                   size_t index)
{
    const mote_placement *placement = &problem->placements[index];
    const size_t offset = plan->offsets[index];
    const bool in_order =
        placement->wraps ? placement->last < placement->first : placement->first <= placement->last;
    if (!in_order || placement->first >= problem->step_count ||
        placement->last >= problem->step_count) {
        return MOTE_RAISE(
            MOTE_ERROR_GRAPH,
            "plan: placement %zu lives from step %zu to %zu%s, which %zu steps do not allow", index,
            placement->first, placement->last, placement->wraps ? " around the end" : "",
            problem->step_count);
    }
    if (placement->bytes == 0) {
        return MOTE_RAISE(MOTE_ERROR_GRAPH, "plan: placement %zu has 0 bytes, at least 1 is needed",
                          index);
    }
    if (placement->alignment == 0 || offset % placement->alignment != 0) {
        return MOTE_RAISE(MOTE_ERROR_GRAPH,
                          "plan: placement %zu lies at offset %zu, which is not a multiple of %zu",
                          index, offset, placement->alignment);
    }
    if (placement->fixed != MOTE_PLAN_ANY && offset != placement->fixed) {
        return MOTE_RAISE(MOTE_ERROR_GRAPH,
                          "plan: placement %zu lies at offset %zu, but is fixed at %zu", index,
                          offset, placement->fixed);
    }
    if (offset > plan->arena_bytes || placement->bytes > plan->arena_bytes - offset) {
        return MOTE_RAISE(
            MOTE_ERROR_GRAPH,
            "plan: placement %zu of %zu bytes at offset %zu ends beyond the arena of %zu "
            "bytes",
            index, placement->bytes, offset, plan->arena_bytes);
    }
    return MOTE_OK;
}

static int compare_numbers(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_from(const void *left, const void *right)
{
    const stretch *a = (const stretch *)left;
    const stretch *b = (const stretch *)right;
    const int order = compare_numbers(a->from, b->from);
    return order != 0 ? order : compare_numbers(a->index, b->index);
}

static int compare_to(const void *left, const void *right)
{
    const stretch *a = (const stretch *)left;
    const stretch *b = (const stretch *)right;
    const int order = compare_numbers(a->to, b->to);
    return order != 0 ? order : compare_numbers(a->index, b->index);
}

static void count(living *set, size_t rank, bool alive)
{
    for (size_t node = set->width + rank; node > 0; node /= 2)
        set->counts[node] = alive ? set->counts[node] + 1 : set->counts[node] - 1;
}

/// The nearest living rank below (side 0) or above (side 1).
static size_t neighbour(const living *set, size_t rank, size_t side)
{
    size_t node = set->width + rank;
    while (node > 1 && (node % 2 == side || set->counts[node ^ 1U] == 0))
        node /= 2;
    if (node == 1)
        return NO_RANK;
    node ^= 1U;
    while (node < set->width) {
        node = 2 * node + 1 - side;
        if (set->counts[node] == 0)
            node ^= 1U;
    }
    return node - set->width;
}

static mote_status check_pair(const mote_plan_problem *problem, const mote_plan *plan, size_t low,
                              size_t high)
{
    if (plan->offsets[low] + problem->placements[low].bytes <= plan->offsets[high])
        return MOTE_OK;
    const mote_placement *a = &problem->placements[low];
    const mote_placement *b = &problem->placements[high];
    return MOTE_RAISE(
        MOTE_ERROR_GRAPH,
        "plan: placements %zu (%zu bytes at offset %zu, steps %zu to %zu) and %zu (%zu bytes "
        "at offset %zu, steps %zu to %zu) overlap in time and in space",
        low, a->bytes, plan->offsets[low], a->first, a->last, high, b->bytes, plan->offsets[high],
        b->first, b->last);
}

static mote_status begin_life(const mote_plan_problem *problem, const mote_plan *plan, living *set,
                              size_t index)
{
    const size_t rank = set->rank_of[index];
    const size_t below = neighbour(set, rank, 0);
    const size_t above = neighbour(set, rank, 1);
    if (below != NO_RANK) {
        MOTE_TRY(check_pair(problem, plan, set->index_of[below], index));
    }
    if (above != NO_RANK) {
        MOTE_TRY(check_pair(problem, plan, index, set->index_of[above]));
    }
    count(set, rank, true);
    return MOTE_OK;
}

static size_t list_lives(const mote_plan_problem *problem, stretch *lives)
{
    size_t life_count = 0;
    for (size_t i = 0; i < problem->placement_count; i++) {
        const mote_placement *placement = &problem->placements[i];
        const size_t last = placement->wraps ? problem->step_count - 1 : placement->last;
        lives[life_count++] = (stretch){placement->first, last, i};
        if (placement->wraps)
            lives[life_count++] = (stretch){0, placement->last, i};
    }
    return life_count;
}

static void rank_by_offset(const mote_plan_problem *problem, const mote_plan *plan, stretch *places,
                           living *set)
{
    for (size_t i = 0; i < problem->placement_count; i++)
        places[i] = (stretch){plan->offsets[i], plan->offsets[i], i};
    qsort(places, problem->placement_count, sizeof *places, compare_from);
    for (size_t rank = 0; rank < problem->placement_count; rank++) {
        set->index_of[rank] = places[rank].index;
        set->rank_of[places[rank].index] = rank;
    }
}

static mote_status sweep(const mote_plan_problem *problem, const mote_plan *plan, stretch *starts,
                         stretch *ends, living *set)
{
    rank_by_offset(problem, plan, starts, set);
    const size_t life_count = list_lives(problem, starts);
    list_lives(problem, ends);
    qsort(starts, life_count, sizeof *starts, compare_from);
    qsort(ends, life_count, sizeof *ends, compare_to);
    size_t ended = 0;
    for (size_t i = 0; i < life_count; i++) {
        for (; ends[ended].to < starts[i].from; ended++)
            count(set, set->rank_of[ends[ended].index], false);
        MOTE_TRY(begin_life(problem, plan, set, starts[i].index));
    }
    return MOTE_OK;
}

static mote_status check_overlaps(const mote_plan_problem *problem, const mote_plan *plan,
                                  mote_arena *arena)
{
    const size_t placement_count = problem->placement_count;
    living set = {.width = 1};
    while (set.width < placement_count)
        set.width *= 2;
    void *memory[5];
    MOTE_TRY(mote_arena_array(arena, 2 * set.width, sizeof(size_t), &memory[0]));
    MOTE_TRY(mote_arena_array(arena, placement_count, sizeof(size_t), &memory[1]));
    MOTE_TRY(mote_arena_array(arena, placement_count, sizeof(size_t), &memory[2]));
    MOTE_TRY(mote_arena_array(arena, 2 * placement_count, sizeof(stretch), &memory[3]));
    MOTE_TRY(mote_arena_array(arena, 2 * placement_count, sizeof(stretch), &memory[4]));
    set.counts = (size_t *)memory[0];
    set.rank_of = (size_t *)memory[1];
    set.index_of = (size_t *)memory[2];
    return sweep(problem, plan, (stretch *)memory[3], (stretch *)memory[4], &set);
}

mote_status mote_plan_check(const mote_plan_problem *problem, const mote_plan *plan,
                            mote_arena *arena)
{
    for (size_t i = 0; i < problem->placement_count; i++)
        MOTE_TRY(check_placement(problem, plan, i));
    if (problem->placement_count == 0)
        return MOTE_OK;
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    const mote_status status = check_overlaps(problem, plan, arena);
    mote_arena_release_to(arena, mark);
    return status;
}
