// SPDX-License-Identifier: Apache-2.0
// Reading ahead within a plan: what of a block can be filled before its life begins, in memory that is free from a step of
// one iteration until then, in the next. Everything is put where a place is free the earliest; in the block itself, or
// else beside it.
#include "plan/planners.h"

#include "base/size.h"

#include <assert.h>

/// What occupies memory; what was put somewhere is like a placement that never ends.
typedef struct range {
    size_t offset, end;
    size_t first, last; // steps
} range;

typedef struct search {
    const mote_plan_problem *problem;
    const mote_plan *plan;
    mote_ahead_target *targets;
    size_t target_count;
    range *ranges; // by offset
    size_t range_count;
} search;

/// Pieces of a target that can be read from a step on: in the target's own bytes, or beside them.
typedef struct wish {
    mote_ahead_target *target;
    size_t step;
    bool within;
} wish;

/// Free bytes, and where the search for the next goes on.
typedef struct gap {
    size_t offset, end;
    size_t next;     // range
    size_t occupied; // end of those before
} gap;

static void insert(search *s, range added)
{
    size_t at = s->range_count++;
    for (; at > 0 && s->ranges[at - 1].offset > added.offset; at--)
        s->ranges[at] = s->ranges[at - 1];
    s->ranges[at] = added;
}

static mote_status collect(search *s, size_t begin, size_t end, mote_arena *arena)
{
    const size_t most = s->problem->placement_count + s->target_count * MOTE_AHEAD_PARTS_MAX;
    MOTE_TRY(mote_arena_array(arena, most, sizeof *s->ranges, (void **)&s->ranges));
    for (size_t i = 0; i < s->problem->placement_count; i++) {
        const mote_placement *placement = &s->problem->placements[i];
        assert(!placement->wraps);
        if (placement->first < end && placement->last >= begin)
            insert(s, (range){s->plan->offsets[i],
                              s->plan->offsets[i] + mote_placement_bytes(placement),
                              placement->first, placement->last});
    }
    return MOTE_OK;
}

/// Whether a range is in the way between the step and the filling of the target in the next iteration.
static bool is_in_the_way(const search *s, const wish *w, const range *r)
{
    const mote_placement *target = &s->problem->placements[w->target->placement];
    const bool is_target =
        r->first == target->first && r->offset == s->plan->offsets[w->target->placement];
    return r->last >= w->step || (r->first <= target->first && !(w->within && is_target));
}

/// The next bytes with nothing in the way; begins with zeroes.
static bool find_gap(const search *s, const wish *w, gap *found)
{
    while (found->next < s->range_count) {
        const range *r = &s->ranges[found->next++];
        if (!is_in_the_way(s, w, r))
            continue;
        found->offset = found->occupied;
        found->end = r->offset;
        found->occupied = mote_size_max(found->occupied, r->end);
        if (found->offset < found->end)
            return true;
    }
    found->offset = found->occupied;
    found->end = found->occupied = s->plan->arena_bytes;
    return found->offset < found->end;
}

/// The first pieces at or behind `from` that are not yet anywhere; false when there are none.
static bool find_rest(const mote_ahead_target *target, size_t from, size_t *first, size_t *count)
{
    size_t end = target->piece_count;
    *first = from;
    for (size_t i = 0; i < target->part_count;) {
        const mote_ahead_part *part = &target->parts[i];
        const bool covers = part->first <= *first && *first < part->first + part->count;
        *first += covers ? part->first + part->count - *first : 0;
        i = covers ? 0 : i + 1; // a part that was passed may be next
    }
    for (size_t i = 0; i < target->part_count; i++) {
        if (target->parts[i].first > *first)
            end = mote_size_min(end, target->parts[i].first);
    }
    *count = end - mote_size_min(*first, end);
    return *count > 0;
}

static size_t count_rest(const mote_ahead_target *target)
{
    size_t rest = target->piece_count;
    for (size_t i = 0; i < target->part_count; i++)
        rest -= target->parts[i].count;
    return rest;
}

/// Takes pieces unless they are few: a part costs more than it saves then, and the list of parts stays short.
static bool add_part(search *s, mote_ahead_target *target, const mote_ahead_part *part)
{
    const size_t least = mote_size_ceil_divide(target->piece_count, MOTE_AHEAD_SHARES);
    if (part->count == 0 || (part->count < least && part->count < count_rest(target)))
        return false;
    assert(target->part_count < MOTE_AHEAD_PARTS_MAX);
    target->parts[target->part_count++] = *part;
    insert(s, (range){part->offset, part->offset + part->count * target->piece_bytes, SIZE_MAX,
                      SIZE_MAX});
    return true;
}

/// Pieces whose own place is in the gap.
static bool put_within(search *s, const wish *w, const gap *free)
{
    const mote_ahead_target *target = w->target;
    const size_t own = s->plan->offsets[target->placement];
    const size_t begin = mote_size_max(free->offset, own);
    if (begin >= free->end)
        return false;
    const size_t low = mote_size_ceil_divide(begin - own, target->piece_bytes);
    const size_t high = (free->end - own) / target->piece_bytes;
    size_t first = 0;
    size_t count = 0;
    for (size_t from = 0; find_rest(target, from, &first, &count); from = first + count) {
        const size_t start = mote_size_max(first, low);
        const size_t end = mote_size_max(mote_size_min(first + count, high), start);
        const mote_ahead_part part = {w->step, start, end - start,
                                      own + start * target->piece_bytes};
        if (add_part(s, w->target, &part))
            return true;
    }
    return false;
}

/// Any pieces, to be copied later.
static bool put_beside(search *s, const wish *w, const gap *free)
{
    const mote_ahead_target *target = w->target;
    const size_t alignment = s->problem->placements[target->placement].alignment;
    const size_t offset = mote_size_align(free->offset, alignment);
    size_t first = 0;
    size_t count = 0;
    if (offset >= free->end)
        return false;
    const size_t room = (free->end - offset) / target->piece_bytes;
    for (size_t from = 0; find_rest(target, from, &first, &count); from = first + count) {
        const mote_ahead_part part = {w->step, first, mote_size_min(count, room), offset};
        if (add_part(s, w->target, &part))
            return true;
    }
    return false;
}

static bool put(search *s, const wish *w)
{
    gap free = {0, 0, 0, 0};
    while (find_gap(s, w, &free)) {
        if (w->within ? put_within(s, w, &free) : put_beside(s, w, &free))
            return true;
    }
    return false;
}

/// One more part that can be read from `step` on. Of two targets the one that is filled later chooses first, since there are
/// fewer places for it.
static bool put_any(search *s, size_t step)
{
    for (size_t i = 2 * s->target_count; i-- > 0;) {
        const wish w = {&s->targets[i % s->target_count], step, i >= s->target_count};
        const size_t filled = s->problem->placements[w.target->placement].first;
        if (step > filled && count_rest(w.target) > 0 && put(s, &w))
            return true;
    }
    return false;
}

/// What can be read in its own time only.
static void add_rest(const search *s, mote_ahead_target *target)
{
    size_t first = 0;
    size_t count = 0;
    const size_t own = s->plan->offsets[target->placement];
    for (size_t from = 0; find_rest(target, from, &first, &count); from = first + count) {
        assert(target->part_count < MOTE_AHEAD_PARTS_MAX);
        target->parts[target->part_count++] =
            (mote_ahead_part){MOTE_AHEAD_NEVER, first, count, own + first * target->piece_bytes};
    }
}

mote_status mote_plan_ahead(const mote_ahead_problem *problem, mote_ahead_target *targets,
                            size_t target_count, mote_arena *arena)
{
    search s = {problem->problem, problem->plan, targets, target_count, NULL, 0};
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    const mote_status status = collect(&s, problem->begin, problem->end, arena);
    for (size_t i = 0; i < target_count; i++)
        targets[i].part_count = 0;
    for (size_t step = problem->begin; status == MOTE_OK && step < problem->end; step++) {
        while (put_any(&s, step))
            continue;
    }
    for (size_t i = 0; i < target_count; i++)
        add_rest(&s, &targets[i]);
    mote_arena_release_to(arena, mark);
    return status;
}
