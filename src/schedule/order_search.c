// SPDX-License-Identifier: Apache-2.0
// The best of all orders, where there are few. What lives while a node runs, forward or backward, depends on which nodes run
// in front of it, not on the order of these. So a branch of the search is known by the set of the nodes that it has put in
// front: where the rest could not stay below the peak once, it is not tried again. Some sets are the front of every order,
// those between two sections: sections are searched alone, that with the peak first, until it has no better order.
#include "schedule/build.h"

#include "base/size.h"

#include <string.h>

/// Nodes of a section; a set is a word.
#define SECTION_MOST ((size_t)64)

/// A trial takes time by the number of nodes: so many nodes in all trials together.
#define TRIED_NODES_MAX ((size_t)30000)

/// Sets that are kept in a table of twice as many places.
#define SETS_MOST ((size_t)2048)

typedef struct search {
    mote_schedule_builder *b;
    size_t *needs; // by node, in the order at hand
    size_t peak;   // to come below
    bool *is_cut;  // by place in the order: a section begins here
    size_t run_count;
    size_t first, end; // the section: places in the order
    uint64_t *bits;    // by node of the section: the set of it alone
    uint64_t *sources; // by node of the section: those that it reads
    uint64_t *failed;  // sets: a table with linear probing; 0: free
    size_t failed_count;
    size_t tried_nodes; // in all trials
    bool found;
} search;

static bool is_exhausted(const search *s)
{
    return s->tried_nodes >= TRIED_NODES_MAX || s->failed_count >= SETS_MOST;
}

static mote_status measure(search *s, size_t *peak)
{
    s->tried_nodes += s->b->graph->node_count;
    mote_schedule_rank_nodes(s->b);
    return mote_schedule_measure(s->b, s->needs, peak);
}

/// Where the set is in the table, or would be.
static uint64_t *find_failed(const search *s, uint64_t set)
{
    size_t at = (size_t)((set * 0x9E3779B97F4A7C15U) >> 32U) % (2 * SETS_MOST);
    while (s->failed[at] != 0 && s->failed[at] != set)
        at = (at + 1) % (2 * SETS_MOST);
    return &s->failed[at];
}

static void move_to_front(size_t *order, size_t from)
{
    const size_t node = order[from];
    memmove(order + 1, order, from * sizeof *order);
    order[0] = node;
}

static void move_back(size_t *order, size_t to)
{
    const size_t node = order[0];
    memmove(order, order + 1, to * sizeof *order);
    order[to] = node;
}

/// Looks for an order of the places from `place` on, behind the set `front`, in which each node needs less than the peak.
/// `needs` are those of the order at hand.
static mote_status descend(search *s, size_t place, uint64_t front)
{
    size_t *order = s->b->order + place;
    s->found = place == s->end;
    for (size_t i = 0; place + i < s->end && !s->found && !is_exhausted(s); i++) {
        const uint64_t set = front | s->bits[order[i]];
        if ((s->sources[order[i]] & ~front) != 0 || *find_failed(s, set) == set)
            continue;
        size_t peak = 0;
        move_to_front(order, i);
        if (i > 0)
            MOTE_TRY(measure(s, &peak));
        if (s->needs[order[0]] < s->peak)
            MOTE_TRY(descend(s, place + 1, set));
        if (!s->found)
            move_back(order, i);
    }
    if (!s->found && !is_exhausted(s) && front != 0) {
        *find_failed(s, front) = front;
        s->failed_count++;
    }
    return MOTE_OK;
}

/// Nodes that run come first; the others have no steps.
static void sort_running(search *s, size_t *order)
{
    const mote_graph *graph = s->b->graph;
    size_t rest = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        const size_t node = s->b->order[i];
        if (graph->nodes[node].runs)
            s->b->order[s->run_count++] = node;
        else
            order[rest++] = node;
    }
    memcpy(s->b->order + s->run_count, order, rest * sizeof *order);
}

/// Every order has the nodes in front of a place there, when each node behind needs them all.
static void find_cuts(search *s, bool *needed)
{
    size_t least = s->run_count;
    for (size_t i = s->run_count; i-- > 0;) {
        size_t count = 0;
        mote_schedule_mark_needed(s->b->graph, s->b->order[i], needed);
        needed[s->b->order[i]] = false;
        while (needed[s->b->order[count]])
            count++;
        least = mote_size_min(least, count);
        s->is_cut[i] = least == i;
    }
}

/// The section of the node that has the peak; false where there is none or it is too large.
static bool find_section(search *s)
{
    s->first = 0;
    while (s->first < s->run_count && s->needs[s->b->order[s->first]] < s->peak)
        s->first++;
    if (s->first == s->run_count)
        return false;
    s->end = s->first + 1;
    while (!s->is_cut[s->first])
        s->first--;
    while (s->end < s->run_count && !s->is_cut[s->end])
        s->end++;
    return s->end - s->first > 1 && s->end - s->first <= SECTION_MOST;
}

static void load_section(search *s)
{
    const mote_graph *graph = s->b->graph;
    const size_t *order = s->b->order;
    memset(s->bits, 0, graph->node_count * sizeof *s->bits);
    memset(s->failed, 0, 2 * SETS_MOST * sizeof *s->failed);
    s->failed_count = 0;
    for (size_t i = s->first; i < s->end; i++) {
        const mote_node *node = &graph->nodes[order[i]];
        s->bits[order[i]] = (uint64_t)1 << (i - s->first);
        s->sources[order[i]] = 0;
        for (size_t j = 0; j < node->input_count; j++) {
            const size_t source = graph->values[node->inputs[j]].producer;
            if (source != MOTE_NONE)
                s->sources[order[i]] |= s->bits[source];
        }
    }
}

static mote_status make_search(search *s)
{
    mote_arena *scratch = s->b->scratch;
    const size_t count = s->b->graph->node_count;
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(scratch, count + 1, sizeof *s->is_cut, (void **)&s->is_cut));
    MOTE_TRY(mote_arena_array(scratch, count, sizeof *s->bits, (void **)&s->bits));
    MOTE_TRY(mote_arena_array(scratch, count, sizeof *s->sources, (void **)&s->sources));
    MOTE_TRY(mote_arena_array(scratch, 2 * SETS_MOST, sizeof *s->failed, (void **)&s->failed));
    MOTE_TRY(mote_arena_array(scratch, count, sizeof(size_t), &memory));
    sort_running(s, (size_t *)memory);
    find_cuts(s, (bool *)memory);
    return MOTE_OK;
}

// NOLINTNEXTLINE(readability-non-const-parameter): every measurement writes them
mote_status mote_schedule_search_order(mote_schedule_builder *b, size_t *needs)
{
    search s = {.b = b, .needs = needs, .found = true};
    MOTE_TRY(make_search(&s));
    MOTE_TRY(measure(&s, &s.peak));
    while (s.found && find_section(&s)) {
        load_section(&s);
        MOTE_TRY(descend(&s, s.first, 0));
        if (s.found)
            MOTE_TRY(measure(&s, &s.peak));
    }
    mote_schedule_rank_nodes(b);
    return MOTE_OK;
}
