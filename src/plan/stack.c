// SPDX-License-Identifier: Apache-2.0
// Stacks blocks. Where what is placed is lowest, over as many steps as it is equally low, the block that lives longest
// of those that live in these steps alone is next; where there is none, the room up to the lower neighbour is lost. As
// nobody looks for gaps further down, many blocks that live at the same step cost little.
//
// Less is lost where short lives are kept to fill such room: as long as there are long ones to place, a short one comes
// only where no long one fits, and no higher than the lower neighbour.
#include "plan/planners.h"

#include "base/size.h"

#define NO_LEAF SIZE_MAX

/// Steps are counted as points, at which some life begins or has ended.
typedef struct life {
    size_t first, end;
} life;

/// Blocks that wait are leaves of a binary tree, those that live about equally long beside each other by their first
/// step: of all those below a node.
typedef struct waiting {
    size_t most_first, least_end;
    size_t most_steps; // 0: there are none
    size_t least_bytes;
} waiting;

/// What is placed is equally high from one point to another: a section. What is kept by point is of the one that begins
/// there, but `begins`, which is of the one that ends there.
typedef struct stack {
    const mote_plan_problem *problem;
    life *lives; // of each block
    size_t point_count;
    waiting *nodes; // 2 * width, the root is 1
    size_t width;   // a power of two
    size_t *ends, *begins;
    size_t *
        heights; // 2 * point_width nodes of a tree over the points: the least below; SIZE_MAX: no section
    size_t point_width;
    size_t short_steps; // lives up to so many steps are short
    size_t long_count;  // of those that wait
} stack;

static size_t get_height(const stack *s, size_t first)
{
    return s->heights[s->point_width + first];
}

static void set_height(stack *s, size_t first, size_t height)
{
    size_t node = s->point_width + first;
    s->heights[node] = height;
    for (node /= 2; node > 0; node /= 2)
        s->heights[node] = mote_size_min(s->heights[2 * node], s->heights[2 * node + 1]);
}

static void set_section(stack *s, size_t first, size_t end, size_t height)
{
    s->ends[first] = end;
    s->begins[end] = first;
    set_height(s, first, height);
}

static size_t find_lowest(const stack *s)
{
    size_t node = 1;
    while (node < s->point_width)
        node = 2 * node + (s->heights[2 * node] != s->heights[node]);
    return node - s->point_width;
}

/// The neighbours' heights; SIZE_MAX where there is none.
static size_t height_before(const stack *s, size_t first)
{
    return first == 0 ? SIZE_MAX : get_height(s, s->begins[first]);
}

static size_t height_behind(const stack *s, size_t first)
{
    return s->ends[first] == s->point_count ? SIZE_MAX : get_height(s, s->ends[first]);
}

static size_t height_beside(const stack *s, size_t first)
{
    return mote_size_min(height_before(s, first), height_behind(s, first));
}

/// Makes one section of it and the neighbours that are as high. Returns its first point.
static size_t join_equal(stack *s, size_t first)
{
    const size_t height = get_height(s, first);
    while (height_behind(s, first) == height) {
        const size_t next = s->ends[first];
        set_height(s, next, SIZE_MAX);
        set_section(s, first, s->ends[next], height);
    }
    while (height_before(s, first) == height) {
        const size_t before = s->begins[first];
        set_height(s, first, SIZE_MAX);
        set_section(s, before, s->ends[first], height);
        first = before;
    }
    return first;
}

/// Cuts a section in two, the second one from `point` on.
static void cut(stack *s, size_t first, size_t point)
{
    const size_t end = s->ends[first];
    if (point <= first || point >= end)
        return;
    set_section(s, first, point, get_height(s, first));
    set_section(s, point, end, get_height(s, first));
}

static waiting both(const waiting *left, const waiting *right)
{
    return (waiting){mote_size_max(left->most_first, right->most_first),
                     mote_size_min(left->least_end, right->least_end),
                     mote_size_max(left->most_steps, right->most_steps),
                     mote_size_min(left->least_bytes, right->least_bytes)};
}

/// What lives longest in a section, of blocks up to a size.
typedef struct query {
    life section;
    size_t most_bytes;
    size_t leaf;  // NO_LEAF: none
    size_t steps; // of the leaf; without one, it must live longer than this
} query;

/// Looks at what is below `node`.
static void find_longest(const stack *s, query *q, size_t node)
{
    const waiting *below = &s->nodes[node];
    if (below->most_steps <= q->steps || below->least_end > q->section.end ||
        below->most_first < q->section.first || below->least_bytes > q->most_bytes)
        return;
    if (node >= s->width) {
        q->leaf = node - s->width;
        q->steps = below->most_steps;
        return;
    }
    find_longest(s, q, 2 * node);
    find_longest(s, q, 2 * node + 1);
}

/// The leaf to place next on a section, or NO_LEAF.
static size_t find_next(const stack *s, size_t first)
{
    query q = {.section = {first, s->ends[first]}, .most_bytes = SIZE_MAX, .leaf = NO_LEAF};
    q.steps = s->long_count > 0 ? s->short_steps : 0;
    find_longest(s, &q, 1);
    if (q.leaf != NO_LEAF || s->long_count == 0)
        return q.leaf;
    q.steps = 0;
    q.most_bytes = height_beside(s, first) - get_height(s, first);
    find_longest(s, &q, 1);
    return q.leaf;
}

static void take_leaf(stack *s, size_t leaf)
{
    size_t node = s->width + leaf;
    s->long_count -= s->nodes[node].most_steps > s->short_steps;
    s->nodes[node] = (waiting){.least_end = SIZE_MAX, .least_bytes = SIZE_MAX};
    for (node /= 2; node > 0; node /= 2)
        s->nodes[node] = both(&s->nodes[2 * node], &s->nodes[2 * node + 1]);
}

/// Puts a block on a section that it lives in.
static size_t put(stack *s, size_t index, size_t first)
{
    const mote_placement *placement = &s->problem->placements[index];
    const size_t offset = mote_size_align(get_height(s, first), placement->alignment);
    const life at = s->lives[index];
    cut(s, first, at.first);
    cut(s, at.first, at.end);
    set_height(s, at.first, offset + mote_placement_bytes(placement));
    return offset;
}

/// The highest between two points; with `to`, all that is lower there is raised to it.
static size_t visit(stack *s, life points, size_t to)
{
    size_t highest = 0;
    for (size_t at = 0; at < points.end; at = s->ends[at]) {
        cut(s, at, points.first);
        cut(s, at, points.end);
        if (at < points.first)
            continue;
        highest = mote_size_max(highest, get_height(s, at));
        set_height(s, at, mote_size_max(get_height(s, at), to));
    }
    return highest;
}

/// Puts a block that is fixed, or lives around the end, in front of all others.
static size_t put_first(stack *s, size_t index)
{
    const mote_placement *placement = &s->problem->placements[index];
    const life at = s->lives[index];
    const life before = {0, placement->wraps ? at.end : 0};
    const life behind = {at.first, placement->wraps ? s->point_count : at.end};
    size_t offset = placement->fixed;
    if (offset == MOTE_PLAN_ANY)
        offset = mote_size_align(mote_size_max(visit(s, before, 0), visit(s, behind, 0)),
                                 placement->alignment);
    (void)visit(s, before, offset + mote_placement_bytes(placement));
    (void)visit(s, behind, offset + mote_placement_bytes(placement));
    return offset;
}

/// Numbers the steps at which something begins or has ended, from 0 on; the last is the end of all.
static mote_status make_lives(stack *s, mote_arena *arena)
{
    const size_t count = s->problem->placement_count;
    mote_plan_item *steps = NULL;
    mote_plan_item *spare = NULL;
    MOTE_TRY(mote_arena_array(arena, count, sizeof *s->lives, (void **)&s->lives));
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    MOTE_TRY(mote_arena_array(arena, 2 * count + 1, sizeof *steps, (void **)&steps));
    MOTE_TRY(mote_arena_array(arena, 2 * count + 1, sizeof *spare, (void **)&spare));
    for (size_t i = 0; i < count; i++) {
        steps[2 * i] = (mote_plan_item){s->problem->placements[i].first, 2 * i};
        steps[2 * i + 1] = (mote_plan_item){s->problem->placements[i].last + 1, 2 * i + 1};
    }
    steps[2 * count] = (mote_plan_item){s->problem->step_count, SIZE_MAX};
    mote_plan_sort(steps, 2 * count + 1, spare);
    s->point_count = steps[0].key > 0;
    for (size_t i = 0; i <= 2 * count; i++) {
        const size_t index = steps[i].value / 2;
        s->point_count += i > 0 && steps[i].key != steps[i - 1].key;
        if (index < count && steps[i].value % 2 == 0)
            s->lives[index].first = s->point_count;
        else if (index < count)
            s->lives[index].end = s->point_count;
    }
    mote_arena_release_to(arena, mark);
    return MOTE_OK;
}

static mote_status make_sections(stack *s, mote_arena *arena)
{
    const size_t count = s->point_count + 1;
    s->point_width = 1;
    while (s->point_width < count)
        s->point_width *= 2;
    MOTE_TRY(mote_arena_array(arena, count, sizeof *s->ends, (void **)&s->ends));
    MOTE_TRY(mote_arena_array(arena, count, sizeof *s->begins, (void **)&s->begins));
    MOTE_TRY(mote_arena_array(arena, 2 * s->point_width, sizeof *s->heights, (void **)&s->heights));
    for (size_t i = 0; i < 2 * s->point_width; i++)
        s->heights[i] = SIZE_MAX;
    set_section(s, 0, s->point_count, 0);
    return MOTE_OK;
}

/// Sorts `count` blocks by how long they live, in powers of two, and then by their first step.
static void sort_blocks(const mote_plan_problem *problem, mote_plan_item *blocks, size_t count,
                        mote_plan_item *spare)
{
    for (size_t i = 0; i < count; i++)
        blocks[i].key = problem->placements[blocks[i].value].first;
    mote_plan_sort(blocks, count, spare);
    for (size_t i = 0; i < count; i++) {
        const mote_placement *placement = &problem->placements[blocks[i].value];
        size_t steps = placement->last - placement->first + 1;
        for (blocks[i].key = SIZE_MAX; steps > 0; steps /= 2)
            blocks[i].key--;
    }
    mote_plan_sort(blocks, count, spare);
}

static mote_status make_nodes(stack *s, mote_arena *arena, const mote_plan_item *blocks,
                              size_t count)
{
    s->width = 1;
    while (s->width < count)
        s->width *= 2;
    MOTE_TRY(mote_arena_array(arena, 2 * s->width, sizeof *s->nodes, (void **)&s->nodes));
    for (size_t i = 0; i < s->width; i++) {
        waiting *node = &s->nodes[s->width + i];
        *node = (waiting){.least_end = SIZE_MAX, .least_bytes = SIZE_MAX};
        if (i >= count)
            continue;
        const mote_placement *placement = &s->problem->placements[blocks[i].value];
        const life at = s->lives[blocks[i].value];
        *node = (waiting){at.first, at.end, placement->last - placement->first + 1,
                          mote_placement_bytes(placement)};
        s->long_count += node->most_steps > s->short_steps;
    }
    for (size_t i = s->width; i-- > 1;)
        s->nodes[i] = both(&s->nodes[2 * i], &s->nodes[2 * i + 1]);
    return MOTE_OK;
}

/// `blocks` are those that wait, as the leaves; `order` gets them as they are placed.
static void place_waiting(stack *s, const mote_plan_item *blocks, size_t count,
                          mote_plan_item *order, size_t *offsets)
{
    for (size_t placed = 0; placed < count;) {
        const size_t first = join_equal(s, find_lowest(s));
        const size_t leaf = find_next(s, first);
        if (leaf == NO_LEAF) {
            set_height(s, first, height_beside(s, first));
            continue;
        }
        const size_t index = blocks[leaf].value;
        order[placed++].value = index;
        offsets[index] = put(s, index, first);
        take_leaf(s, leaf);
    }
}

/// Blocks are placed in three passes: those that are fixed, those that live around the end, the longest first, all others.
static size_t find_pass(const mote_placement *placement)
{
    if (placement->fixed != MOTE_PLAN_ANY)
        return 0;
    return placement->wraps ? 1 : 2;
}

/// Gives those of a pass; returns how many.
static size_t list_pass(const mote_plan_problem *problem, size_t pass, mote_plan_item *blocks,
                        mote_plan_item *spare)
{
    size_t count = 0;
    for (size_t i = 0; i < problem->placement_count; i++) {
        const mote_placement *placement = &problem->placements[i];
        if (find_pass(placement) == pass)
            blocks[count++] = (mote_plan_item){placement->first - placement->last, i};
    }
    if (pass == 1)
        mote_plan_sort(blocks, count, spare);
    return count;
}

static mote_status run(stack *s, mote_arena *arena, mote_plan_item *order, size_t *offsets)
{
    const size_t count = s->problem->placement_count;
    mote_plan_item *blocks = NULL;
    mote_plan_item *spare = NULL;
    MOTE_TRY(make_lives(s, arena));
    MOTE_TRY(make_sections(s, arena));
    MOTE_TRY(mote_arena_array(arena, count, sizeof *blocks, (void **)&blocks));
    MOTE_TRY(mote_arena_array(arena, count, sizeof *spare, (void **)&spare));
    size_t first_count = list_pass(s->problem, 0, order, spare);
    first_count += list_pass(s->problem, 1, order + first_count, spare);
    for (size_t i = 0; i < first_count; i++)
        offsets[order[i].value] = put_first(s, order[i].value);
    const size_t waiting_count = list_pass(s->problem, 2, blocks, spare);
    sort_blocks(s->problem, blocks, waiting_count, spare);
    MOTE_TRY(make_nodes(s, arena, blocks, waiting_count));
    place_waiting(s, blocks, waiting_count, order + first_count, offsets);
    return MOTE_OK;
}

mote_status mote_plan_stack(const mote_plan_problem *problem, size_t short_steps, mote_arena *arena,
                            mote_plan_item *order, size_t *offsets)
{
    stack s = {.problem = problem, .short_steps = short_steps};
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    const mote_status status = run(&s, arena, order, offsets);
    mote_arena_release_to(arena, mark);
    return status;
}
