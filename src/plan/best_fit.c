// SPDX-License-Identifier: Apache-2.0
// The greedy planner: blocks in a fixed order, each into the free gap that it fills best. Which order is
// good depends on the network, so a few are tried, and stacking (stack.c), and the smallest arena wins (the first one on a
// tie). Where so many lives meet that an order would take long, there is stacking alone, in several ways.
//
// Blocks that live at every step go first: they cut off whole rows of the step x offset plane, and cutting
// them at the bottom loses nothing. Placed one behind the other they make a single span.
#include "plan/planners.h"

#include "base/size.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/// Another order is tried only while the neighbours looked at so far are fewer than this, and none where more
/// lives than this meet: a count, so that the answer does not depend on the clock.
#define WORK_LIMIT ((size_t)10000000)

/// After the orders, how often the best one is mended and tried again.
#define PROMOTION_ROUNDS 200

#define NO_LEAF SIZE_MAX

/// Both steps included.
typedef struct interval {
    size_t first, last;
} interval;

/// One unbroken life and, once placed, the bytes it occupies. A block that wraps has two leaves.
typedef struct leaf {
    interval life;
    size_t low, high;
} leaf;

/// The leaves stand in the order of their first step. Over them lies a binary tree; a node's reach is 1 + the
/// latest last step of the placed leaves below it (0: none), so that whole subtrees can be skipped.
typedef struct search {
    const mote_plan_problem *problem;
    leaf *leaves;
    size_t leaf_count;
    size_t width;         // leaf_count rounded up to a power of two; leaves behind it reach nothing
    size_t *reach;        // 2 * width nodes, the root is 1
    size_t (*leaf_of)[2]; // a placement's leaves
    mote_plan_item *gaps; // low and high of the neighbours of the block at hand
    mote_plan_item *spare; // for sorting
    size_t gap_count;
    size_t merged_leaf; // the last leaf of a block that lives at every step
    size_t work;
    size_t peak_step;
} search;

static size_t life_steps(const mote_plan_problem *problem, const mote_placement *placement)
{
    const size_t steps = placement->last - placement->first + 1;
    return placement->wraps ? steps + problem->step_count : steps;
}

static bool lives_at(const mote_placement *placement, size_t step)
{
    if (placement->wraps)
        return step >= placement->first || step <= placement->last;
    return placement->first <= step && step <= placement->last;
}

static bool lives_always(const mote_plan_problem *problem, const mote_placement *placement)
{
    return life_steps(problem, placement) == problem->step_count;
}

static size_t life_intervals(const mote_plan_problem *problem, const mote_placement *placement,
                             interval intervals[2])
{
    const size_t end = problem->step_count - 1;
    if (lives_always(problem, placement)) {
        intervals[0] = (interval){0, end};
        return 1;
    }
    if (!placement->wraps) {
        intervals[0] = (interval){placement->first, placement->last};
        return 1;
    }
    intervals[0] = (interval){placement->first, end};
    intervals[1] = (interval){0, placement->last};
    return 2;
}

static size_t count_leaves(const mote_plan_problem *problem)
{
    size_t count = 0;
    interval lives[2];
    for (size_t i = 0; i < problem->placement_count; i++)
        count += life_intervals(problem, &problem->placements[i], lives);
    return count;
}

/// Leaves in the order of their first step; `gaps` serves as the list to sort.
static void make_leaves(search *s)
{
    const mote_plan_problem *problem = s->problem;
    size_t count = 0;
    for (size_t i = 0; i < problem->placement_count; i++) {
        interval lives[2];
        const size_t life_count = life_intervals(problem, &problem->placements[i], lives);
        s->leaf_of[i][1] = NO_LEAF;
        for (size_t part = 0; part < life_count; part++)
            s->gaps[count++] = (mote_plan_item){lives[part].first, 2 * i + part};
    }
    mote_plan_sort(s->gaps, count, s->spare);
    for (size_t at = 0; at < count; at++) {
        const size_t index = s->gaps[at].value / 2;
        const size_t part = s->gaps[at].value % 2;
        interval lives[2];
        life_intervals(problem, &problem->placements[index], lives);
        s->leaves[at].life = lives[part];
        s->leaf_of[index][part] = at;
    }
    assert(count == s->leaf_count);
}

/// How many pairs of lives meet, but for those that meet all: so many neighbours are looked at for an order.
static size_t count_pairs(search *s)
{
    size_t pairs = 0;
    size_t always = 0;
    size_t ended = 0;
    for (size_t i = 0; i < s->leaf_count; i++)
        s->gaps[i] = (mote_plan_item){s->leaves[i].life.last, i};
    mote_plan_sort(s->gaps, s->leaf_count, s->spare);
    for (size_t i = 0; i < s->leaf_count; i++) {
        const interval *life = &s->leaves[i].life;
        while (s->gaps[ended].key < life->first)
            ended++;
        if (life->first == 0 && life->last == s->problem->step_count - 1)
            always++;
        else
            pairs += i - ended - always;
    }
    return pairs;
}

static void place_leaf(search *s, size_t at, size_t low, size_t high)
{
    leaf *placed = &s->leaves[at];
    placed->low = low;
    placed->high = high;
    const size_t reach = placed->life.last + 1;
    for (size_t node = s->width + at; node > 0 && s->reach[node] < reach; node /= 2)
        s->reach[node] = reach;
}

static void place(search *s, size_t index, size_t low, size_t high)
{
    if (!lives_always(s->problem, &s->problem->placements[index])) {
        for (size_t part = 0; part < 2 && s->leaf_of[index][part] != NO_LEAF; part++)
            place_leaf(s, s->leaf_of[index][part], low, high);
        return;
    }
    if (s->merged_leaf != NO_LEAF && s->leaves[s->merged_leaf].high == low) {
        s->leaves[s->merged_leaf].high = high;
        return;
    }
    s->merged_leaf = s->leaf_of[index][0];
    place_leaf(s, s->merged_leaf, low, high);
}

/// Adds what is placed below `node` and alive during `life` to the gaps. `first` is the node's first leaf,
/// `width` how many it has.
static void collect(search *s, const interval *life, size_t node, size_t first, size_t width)
{
    if (s->reach[node] <= life->first || s->leaves[first].life.first > life->last)
        return;
    if (width == 1) {
        s->gaps[s->gap_count++] = (mote_plan_item){s->leaves[first].low, s->leaves[first].high};
        return;
    }
    collect(s, life, 2 * node, first, width / 2);
    collect(s, life, 2 * node + 1, first + width / 2, width / 2);
}

/// The lowest offset in the gap that leaves the least rest; above everything when no gap is large enough.
static size_t best_offset(search *s, const mote_placement *placement)
{
    interval lives[2];
    const size_t life_count = life_intervals(s->problem, placement, lives);
    s->gap_count = 0;
    for (size_t part = 0; part < life_count; part++)
        collect(s, &lives[part], 1, 0, s->width);
    s->work += s->gap_count;
    mote_plan_sort(s->gaps, s->gap_count, s->spare);

    const size_t bytes = mote_placement_bytes(placement);
    size_t best = MOTE_PLAN_ANY;
    size_t best_rest = SIZE_MAX;
    size_t end = 0;
    for (size_t i = 0; i < s->gap_count; i++) {
        const size_t offset = mote_size_align(end, placement->alignment);
        const size_t low = s->gaps[i].key;
        if (low >= offset && low - offset >= bytes && low - end - bytes < best_rest) {
            best = offset;
            best_rest = low - end - bytes;
        }
        end = mote_size_max(end, s->gaps[i].value);
    }
    return best != MOTE_PLAN_ANY ? best : mote_size_align(end, placement->alignment);
}

static void place_fixed(search *s)
{
    for (size_t i = 0; i < s->problem->placement_count; i++) {
        const mote_placement *placement = &s->problem->placements[i];
        if (placement->fixed != MOTE_PLAN_ANY)
            place(s, i, placement->fixed, placement->fixed + mote_placement_bytes(placement));
    }
}

/// What comes first in an order: the largest key.
typedef size_t order_key(const search *s, const mote_placement *placement);

static size_t by_size(const search *s, const mote_placement *placement)
{
    (void)s;
    return placement->bytes;
}

static size_t by_area(const search *s, const mote_placement *placement)
{
    const size_t steps = life_steps(s->problem, placement);
    return placement->bytes > SIZE_MAX / steps ? SIZE_MAX : placement->bytes * steps;
}

static size_t by_life(const search *s, const mote_placement *placement)
{
    return life_steps(s->problem, placement);
}

static size_t by_early_start(const search *s, const mote_placement *placement)
{
    return s->problem->step_count - placement->first;
}

static size_t by_late_end(const search *s, const mote_placement *placement)
{
    return placement->wraps ? s->problem->step_count + placement->last : placement->last;
}

static size_t by_peak(const search *s, const mote_placement *placement)
{
    return lives_at(placement, s->peak_step) ? 1 : 0;
}

static size_t by_always(const search *s, const mote_placement *placement)
{
    return lives_always(s->problem, placement) ? 1 : 0;
}

static void sort_order(search *s, order_key *key, mote_plan_item *order)
{
    for (size_t i = 0; i < s->problem->placement_count; i++)
        order[i].key = SIZE_MAX - key(s, &s->problem->placements[order[i].value]);
    mote_plan_sort(order, s->problem->placement_count, s->spare);
}

#define KEY_COUNT 3U

/// Keys of each order, the least important first.
static order_key *const orders[][KEY_COUNT] = {
    {by_early_start, by_life, by_size}, {by_early_start, by_size, by_area},
    {by_early_start, by_size, by_life}, {by_life, by_size, by_peak},
    {by_life, by_size, by_early_start}, {by_life, by_size, by_late_end},
};

/// Places all blocks in the order of `order`.
static void place_all(search *s, const mote_plan_item *order, size_t *offsets)
{
    memset(s->reach, 0, 2 * s->width * sizeof *s->reach);
    s->merged_leaf = NO_LEAF;
    place_fixed(s);
    for (size_t at = 0; at < s->problem->placement_count; at++) {
        const size_t i = order[at].value;
        const mote_placement *placement = &s->problem->placements[i];
        if (placement->fixed != MOTE_PLAN_ANY)
            continue;
        offsets[i] = best_offset(s, placement);
        place(s, i, offsets[i], offsets[i] + mote_placement_bytes(placement));
    }
}

static void make_order(search *s, order_key *const keys[KEY_COUNT], mote_plan_item *order)
{
    for (size_t i = 0; i < s->problem->placement_count; i++)
        order[i].value = i;
    for (size_t key = 0; key < KEY_COUNT; key++)
        sort_order(s, keys[key], order);
    sort_order(s, by_always, order);
}

/// The blocks that end above `limit` came too late: each moves half the way to the front, but stays behind
/// the blocks that live always.
static void promote_high(const search *s, size_t limit, const size_t *offsets,
                         mote_plan_item *order)
{
    size_t front = 0;
    for (size_t at = 0; at < s->problem->placement_count; at++) {
        const mote_plan_item item = order[at];
        const mote_placement *placement = &s->problem->placements[item.value];
        if (lives_always(s->problem, placement)) {
            front = at + 1;
            continue;
        }
        if (offsets[item.value] + mote_placement_bytes(placement) <= limit)
            continue;
        const size_t target = front + (at - front) / 2;
        memmove(order + target + 1, order + target, (at - target) * sizeof *order);
        order[target] = item;
    }
}

static mote_status make_search(const mote_plan_problem *problem, mote_arena *arena, search *s)
{
    const size_t count = problem->placement_count;
    *s = (search){.problem = problem, .leaf_count = count_leaves(problem), .width = 1};
    while (s->width < s->leaf_count)
        s->width *= 2;
    // a block with two lives may meet a leaf in both
    const size_t gap_capacity = s->leaf_count > count ? 2 * s->leaf_count : s->leaf_count;
    void *memory[5];
    MOTE_TRY(mote_arena_array(arena, s->leaf_count, sizeof(leaf), &memory[0]));
    MOTE_TRY(mote_arena_array(arena, 2 * s->width, sizeof(size_t), &memory[1]));
    MOTE_TRY(mote_arena_array(arena, count, sizeof(size_t[2]), &memory[2]));
    MOTE_TRY(mote_arena_array(arena, gap_capacity, sizeof(mote_plan_item), &memory[3]));
    MOTE_TRY(mote_arena_array(arena, gap_capacity, sizeof(mote_plan_item), &memory[4]));
    s->leaves = (leaf *)memory[0];
    s->reach = (size_t *)memory[1];
    s->leaf_of = (size_t(*)[2])memory[2];
    s->gaps = (mote_plan_item *)memory[3];
    s->spare = (mote_plan_item *)memory[4];
    make_leaves(s);
    return MOTE_OK;
}

/// The smallest arena so far, and how it came about.
typedef struct answer {
    size_t end;
    size_t *offsets;
    mote_plan_item *order;
} answer;

static void take_better(const search *s, const mote_plan_item *order, const size_t *trial,
                        answer *best)
{
    const size_t count = s->problem->placement_count;
    const size_t end = mote_plan_end(s->problem, trial);
    if (end >= best->end)
        return;
    best->end = end;
    memcpy(best->offsets, trial, count * sizeof *trial);
    memcpy(best->order, order, count * sizeof *order);
}

static void try_orders(search *s, size_t bound, mote_plan_item *order, size_t *trial, answer *best)
{
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (best->end <= bound || s->work >= WORK_LIMIT)
            return;
        make_order(s, orders[i], order);
        place_all(s, order, trial);
        take_better(s, order, trial, best);
    }
}

/// Starts from the best so far.
static void promote(search *s, size_t bound, mote_plan_item *order, size_t *trial, answer *best)
{
    const size_t count = s->problem->placement_count;
    memcpy(order, best->order, count * sizeof *order);
    memcpy(trial, best->offsets, count * sizeof *trial);
    for (size_t round = 0; round < PROMOTION_ROUNDS; round++) {
        if (best->end <= bound || s->work >= WORK_LIMIT)
            return;
        const size_t end = mote_plan_end(s->problem, trial);
        promote_high(s, bound + (end - bound) / 2, trial, order);
        place_all(s, order, trial);
        take_better(s, order, trial, best);
    }
}

static size_t find_longest_life(const mote_plan_problem *problem)
{
    size_t longest = 0;
    for (size_t i = 0; i < problem->placement_count; i++)
        longest = mote_size_max(longest, life_steps(problem, &problem->placements[i]));
    return longest;
}

/// Which lives had better be kept as fillers depends on the problem.
static mote_status try_stacks(search *s, size_t bound, mote_arena *arena, mote_plan_item *order,
                              size_t *trial, answer *best)
{
    const size_t longest = find_longest_life(s->problem);
    for (size_t parts = 4; parts <= 8 && best->end > bound; parts++) {
        MOTE_TRY(mote_plan_stack(s->problem, longest / parts, arena, order, trial));
        take_better(s, order, trial, best);
    }
    return MOTE_OK;
}

static mote_status try_all(search *s, size_t bound, mote_arena *arena, size_t *trial, answer *best)
{
    const bool has_orders = count_pairs(s) < WORK_LIMIT;
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(arena, s->problem->placement_count, sizeof(mote_plan_item), &memory));
    mote_plan_item *order = (mote_plan_item *)memory;
    if (has_orders)
        try_orders(s, bound, order, trial, best);
    if (best->end <= bound)
        return MOTE_OK;
    MOTE_TRY(mote_plan_stack(s->problem, 0, arena, order, trial));
    take_better(s, order, trial, best);
    if (!has_orders)
        return try_stacks(s, bound, arena, order, trial, best);
    promote(s, bound, order, trial, best);
    return MOTE_OK;
}

static mote_status run_best_fit(const mote_plan_problem *problem, mote_arena *arena,
                                mote_plan *plan)
{
    const size_t count = problem->placement_count;
    if (count == 0)
        return MOTE_OK;
    search s;
    MOTE_TRY(make_search(problem, arena, &s));
    s.peak_step = plan->peak_step;
    void *memory[2];
    MOTE_TRY(mote_arena_array(arena, count, sizeof(mote_plan_item), &memory[0]));
    MOTE_TRY(mote_arena_array(arena, count, sizeof(size_t), &memory[1]));
    size_t *trial = (size_t *)memory[1];
    memcpy(trial, plan->offsets, count * sizeof *trial);
    answer best = {.end = SIZE_MAX, .offsets = plan->offsets, .order = (mote_plan_item *)memory[0]};
    const size_t bound = mote_size_max(plan->lower_bound_bytes, problem->enough_bytes);
    return try_all(&s, bound, arena, trial, &best);
}

const mote_planner mote_planner_best_fit = {
    .name = "best_fit",
    .summary =
        "each block into the gap it fills best, in several orders, or stacked; the smallest arena wins",
    .run = run_best_fit,
};
