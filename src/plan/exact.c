// SPDX-License-Identifier: Apache-2.0
// The planner that searches: best_fit's answer first, then smaller arenas as long as there are nodes to spend. It
// counts nodes, not time, so the answer is the same everywhere.
//
// What does not overlap in time does not meet: at steps where no life goes on, the blocks fall into parts, each
// improved alone. A part is tried at its lower bound, the size that is most often right and that fails soonest where it
// is wrong; where the nodes run out without an answer, at sizes halfway to the best known. Which order is good for
// equal offsets depends on the network, so several take turns, each time with twice the nodes.
#include "plan/packing.h"

#include "base/size.h"

#include <string.h>

/// The default limit: at most about 100 ms, with 30 ns a node and block, as in MiniMalloc's problem D on an AMD EPYC.
#define BLOCK_NODES ((size_t)3000000)
#define NODES_MOST  ((size_t)40000)

/// Larger problems are left to best_fit: a search would not come far, and its trail would be long.
#define BLOCKS_MOST ((size_t)4096)
#define PAIRS_MOST  ((size_t)1 << 18U)

/// Nodes of the first turn; each later one has a tenth more.
#define FIRST_TURN ((size_t)2200)

/// Blocks that meet no others; the planner's state for them.
typedef struct part {
    const mote_packing_block *blocks;
    size_t count;
    uint32_t height; // best known
    uint32_t least;  // no smaller height is possible
} part;

typedef struct improver {
    mote_packing packing;
    mote_packing_search *search;
    mote_plan_item *order, *spare;
    uint32_t *live; // by section, in the part at hand
    size_t nodes;   // left
    size_t *offsets;
    bool wraps; // some block lives around the end
} improver;

static uint32_t most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/// What is placed first where offsets are equal: the largest key.
typedef size_t order_key(const improver *m, const mote_packing_block *block);

static size_t section_count(const improver *m, const mote_packing_block *block)
{
    const size_t sections = (size_t)block->last + 1 - block->first;
    return block->last < block->first ? sections + m->packing.section_count : sections;
}

static size_t by_sections(const improver *m, const mote_packing_block *block)
{
    return section_count(m, block);
}

static size_t by_section_area(const improver *m, const mote_packing_block *block)
{
    return section_count(m, block) * block->size;
}

static size_t by_area(const improver *m, const mote_packing_block *block)
{
    (void)m;
    return (size_t)block->steps * block->size;
}

static size_t by_pressure(const improver *m, const mote_packing_block *block)
{
    uint32_t live = 0;
    const size_t sections = section_count(m, block);
    for (size_t i = 0; i < sections; i++)
        live = most(live, m->live[(block->first + i) % m->packing.section_count]);
    return live;
}

/// Where branches failed before, blocks had better be placed early.
static size_t by_failures(const improver *m, const mote_packing_block *block)
{
    const uint32_t *failures = mote_packing_search_failures(m->search);
    size_t sum = 0;
    const size_t sections = section_count(m, block);
    for (size_t i = 0; i < sections; i++)
        sum += failures[(block->first + i) % m->packing.section_count];
    return sum;
}

static size_t by_failures_and_size(const improver *m, const mote_packing_block *block)
{
    return by_failures(m, block) * block->size;
}

#define KEY_COUNT 3U

/// Keys of each order, the least important first.
static order_key *const orders[][KEY_COUNT] = {
    {by_section_area, by_sections, by_pressure},
    {by_sections, by_pressure, by_section_area},
    {by_pressure, by_section_area, by_sections},
    {by_section_area, by_sections, by_failures},
    {by_section_area, by_sections, by_failures_and_size},
    {by_sections, by_pressure, by_area},
};

static void load_order(const improver *m, const part *p, order_key *const keys[KEY_COUNT])
{
    for (size_t i = 0; i < p->count; i++)
        m->order[i].value = i;
    for (size_t key = 0; key < KEY_COUNT; key++) {
        for (size_t i = 0; i < p->count; i++)
            m->order[i].key = SIZE_MAX - keys[key](m, &p->blocks[m->order[i].value]);
        mote_plan_sort(m->order, p->count, m->spare);
    }
    mote_packing_search_load(m->search, p->blocks, m->order, p->count);
}

/// Takes the offsets that were found. Returns the height.
static uint32_t take_answer(const improver *m, const part *p)
{
    uint32_t height = 0;
    for (size_t i = 0; i < p->count; i++) {
        const mote_packing_block *block = &p->blocks[m->order[i].value];
        const uint32_t offset = mote_packing_search_offset(m->search, i);
        m->offsets[block->placement] = ((size_t)m->packing.base + offset) * m->packing.unit_bytes;
        height = most(height, offset + block->size);
    }
    return height;
}

/// Tries a height in all orders by turns, in at most `nodes`. `*next` is the least that is not impossible, when that
/// was proven.
static mote_packing_outcome try_height(improver *m, part *p, uint32_t height, size_t nodes,
                                       uint32_t *next)
{
    mote_packing_outcome outcome = MOTE_PACKING_LIMIT;
    size_t turn_nodes = FIRST_TURN;
    m->nodes -= nodes;
    for (size_t turn = 0; nodes > 0 && outcome == MOTE_PACKING_LIMIT; turn++) {
        size_t left = mote_size_min(turn_nodes, nodes);
        nodes -= left;
        load_order(m, p, orders[turn % (sizeof orders / sizeof orders[0])]);
        outcome = mote_packing_search_run(m->search, height, &left, next);
        nodes += left;
        turn_nodes += turn_nodes / 10;
    }
    if (outcome == MOTE_PACKING_FOUND)
        p->height = take_answer(m, p);
    m->nodes += nodes;
    return outcome;
}

/// Lowers a part's height as far as to `goal`, at most, in at most `nodes`. Half of the nodes left go to each height
/// tried: the goal, then the middle between the highest that was given up and the best. When nothing lies between
/// these, the goal gets the rest.
static void improve(improver *m, part *p, uint32_t goal, size_t nodes)
{
    const size_t end = m->nodes - nodes;
    uint32_t given_up = 0;
    mote_packing_live(p->blocks, p->count, m->packing.section_count, m->live);
    while (m->nodes > end && p->height > most(p->least, goal)) {
        const uint32_t lowest = most(p->least, goal);
        const bool between = given_up >= lowest && p->height - given_up > 1;
        const bool last = given_up >= lowest && !between;
        const uint32_t target = between ? given_up + (p->height - given_up) / 2 : lowest;
        const size_t left = m->nodes - end;
        uint32_t next = 0;
        const mote_packing_outcome outcome =
            try_height(m, p, target, last ? left : (left + 1) / 2, &next);
        if (outcome == MOTE_PACKING_IMPOSSIBLE)
            p->least = next < p->height ? next : p->height;
        if (outcome == MOTE_PACKING_LIMIT)
            given_up = most(given_up, target);
    }
}

/// The part that begins at block `from`, up to where no life goes on.
static part find_part(const improver *m, size_t from)
{
    const mote_packing *packing = &m->packing;
    part p = {.blocks = packing->blocks + from};
    uint32_t last = p.blocks[0].last;
    for (; from + p.count < packing->block_count; p.count++) {
        const mote_packing_block *block = &p.blocks[p.count];
        if (!m->wraps && block->first > last)
            break;
        last = most(last, block->last);
        const size_t offset = m->offsets[block->placement] / packing->unit_bytes - packing->base;
        p.height = most(p.height, (uint32_t)offset + block->size);
    }
    p.least = mote_packing_live(p.blocks, p.count, packing->section_count, m->live);
    return p;
}

/// No arena can be smaller, in units above the base.
static uint32_t find_least(const improver *m)
{
    uint32_t least = 0;
    part p;
    for (size_t at = 0; at < m->packing.block_count; at += p.count) {
        p = find_part(m, at);
        least = most(p.least, least);
    }
    return least;
}

static size_t count_higher(const improver *m, uint32_t height)
{
    size_t count = 0;
    part p;
    for (size_t at = 0; at < m->packing.block_count; at += p.count) {
        p = find_part(m, at);
        count += p.height > height;
    }
    return count;
}

/// Improves all parts that are higher than `enough` and than the others need. Returns whether the arena is proven the
/// smallest.
static bool improve_parts(improver *m, uint32_t enough)
{
    uint32_t least = find_least(m);
    uint32_t height = 0;
    size_t open_parts = count_higher(m, most(least, enough));
    part p;
    for (size_t at = 0; at < m->packing.block_count; at += p.count) {
        p = find_part(m, at);
        if (p.height > most(least, enough) && open_parts > 0)
            improve(m, &p, most(least, enough), m->nodes / open_parts--);
        least = most(p.least, least);
        height = most(p.height, height);
    }
    return height <= least;
}

static mote_status make_improver(const mote_plan_problem *problem, mote_arena *arena,
                                 size_t *offsets, improver *m)
{
    const size_t count = m->packing.block_count;
    void *memory[3];
    MOTE_TRY(mote_packing_search_make(&m->packing, arena, &m->search));
    MOTE_TRY(mote_arena_array(arena, count, sizeof(mote_plan_item), &memory[0]));
    MOTE_TRY(mote_arena_array(arena, count, sizeof(mote_plan_item), &memory[1]));
    MOTE_TRY(mote_arena_array(arena, m->packing.section_count, sizeof(uint32_t), &memory[2]));
    m->order = (mote_plan_item *)memory[0];
    m->spare = (mote_plan_item *)memory[1];
    m->live = (uint32_t *)memory[2];
    m->offsets = offsets;
    for (size_t i = 0; i < count; i++)
        m->wraps = m->wraps || m->packing.blocks[i].last < m->packing.blocks[i].first;
    m->nodes = problem->node_limit;
    if (m->nodes == 0)
        m->nodes = mote_size_min(BLOCK_NODES / count, NODES_MOST);
    return MOTE_OK;
}

/// The size that is enough, in units above the base.
static uint32_t find_enough(const mote_plan_problem *problem, const mote_packing *packing)
{
    const size_t units =
        mote_size_min(problem->enough_bytes / packing->unit_bytes, MOTE_PACKING_MOST);
    return units > packing->base ? (uint32_t)units - packing->base : 0;
}

static mote_status run_exact(const mote_plan_problem *problem, mote_arena *arena, mote_plan *plan)
{
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    MOTE_TRY(mote_planner_best_fit.run(problem, arena, plan));
    mote_arena_release_to(arena, mark);
    const size_t end = mote_plan_end(problem, plan->offsets);
    if (end <= mote_size_max(plan->lower_bound_bytes, problem->enough_bytes))
        return MOTE_OK;
    improver m = {.nodes = 0};
    MOTE_TRY(mote_packing_make(problem, arena, plan->offsets, &m.packing));
    const size_t count = m.packing.block_count;
    if (count == 0 || count > BLOCKS_MOST || m.packing.pair_count > PAIRS_MOST)
        return MOTE_OK;
    MOTE_TRY(make_improver(problem, arena, plan->offsets, &m));
    const size_t nodes = m.nodes;
    plan->is_optimal = improve_parts(&m, find_enough(problem, &m.packing));
    plan->node_count = nodes - m.nodes;
    return MOTE_OK;
}

const mote_planner mote_planner_exact = {
    .name = "exact",
    .summary = "best_fit, then an exact search for a smaller arena, in so many nodes",
    .run = run_exact,
};
