// SPDX-License-Identifier: Apache-2.0
// In which order independent branches run. Where a node joins several, those that only one of its inputs needs may run in
// front of or behind those that only another one needs. Each exchange that lowers the peak is kept, until none does; so the
// order is that of the file unless another one needs less memory. Networks with very many joins get some trials only.
// Then the search among all orders where they are few (order_search.c).
#include "schedule/build.h"

#include <string.h>

#define PASSES_MAX 4U

/// A trial takes time by the number of nodes: so many nodes in all trials together.
#define TRIED_NODES_MAX ((size_t)30000)

typedef struct ordering {
    mote_schedule_builder *b;
    bool *first, *second; // by node: whether the inputs at hand need it
    size_t *before;       // the order in front of an exchange
    size_t *needs;        // by node
    size_t peak;          // bytes
    size_t tried_nodes;   // in all trials
} ordering;

/// Whether each node that runs reads the one in front of it: there is one order.
static bool is_chain(const mote_graph *graph)
{
    size_t last = MOTE_NONE;
    for (size_t i = 0; i < graph->node_count; i++) {
        const mote_node *node = &graph->nodes[i];
        if (!node->runs)
            continue;
        bool reads = last == MOTE_NONE;
        for (size_t j = 0; j < node->input_count; j++)
            reads |= graph->values[node->inputs[j]].producer == last;
        if (!reads)
            return false;
        last = i;
    }
    return true;
}

bool mote_schedule_may_reorder(const mote_graph *graph)
{
    if (is_chain(graph))
        return false;
    for (size_t i = 0; i < graph->node_count; i++) {
        for (size_t j = 0; j < graph->nodes[i].declaration.weight_count; j++) {
            if (!mote_graph_owns(graph, i, j))
                return false; // parts of its gradient are added in order of execution
        }
    }
    return true;
}

/// Nodes stand behind those that they need.
void mote_schedule_mark_needed(const mote_graph *graph, size_t node, bool *needed)
{
    memset(needed, 0, graph->node_count * sizeof *needed);
    needed[node] = true;
    for (size_t i = node + 1; i-- > 0;) {
        for (size_t j = 0; needed[i] && j < graph->nodes[i].input_count; j++) {
            const size_t source = graph->values[graph->nodes[i].inputs[j]].producer;
            if (source != MOTE_NONE)
                needed[source] = true;
        }
    }
}

/// The same of the producer of a value.
static void mark_producers(const mote_graph *graph, size_t value, bool *needed)
{
    if (graph->values[value].producer != MOTE_NONE)
        mote_schedule_mark_needed(graph, graph->values[value].producer, needed);
    else
        memset(needed, 0, graph->node_count * sizeof *needed);
}

static bool is_valid(const mote_schedule_builder *b)
{
    const mote_graph *graph = b->graph;
    for (size_t i = 0; i < graph->node_count; i++) {
        for (size_t j = 0; j < graph->nodes[i].input_count; j++) {
            const size_t source = graph->values[graph->nodes[i].inputs[j]].producer;
            if (source != MOTE_NONE && b->ranks[source] > b->ranks[i])
                return false;
        }
    }
    return true;
}

void mote_schedule_rank_nodes(const mote_schedule_builder *b)
{
    for (size_t i = 0; i < b->graph->node_count; i++)
        b->ranks[b->order[i]] = i;
}

/// Whether only one of the inputs at hand needs a node: the first, or the second.
static bool is_of_one(const ordering *o, size_t node, bool second)
{
    return o->first[node] != o->second[node] && o->second[node] == second;
}

/// Which of the two branches runs first now: true where it is the second.
static bool begins_with_second(const ordering *o)
{
    for (size_t i = 0; i < o->b->graph->node_count; i++) {
        const size_t node = o->before[i];
        if (o->first[node] != o->second[node])
            return o->second[node];
    }
    return false;
}

/// Puts the branch that runs first behind the other one, in the places of both.
static void exchange(const ordering *o)
{
    const size_t count = o->b->graph->node_count;
    const bool second = begins_with_second(o);
    size_t place = 0;
    for (size_t part = 0; part < 2; part++) {
        for (size_t i = 0; i < count; i++) {
            if (!is_of_one(o, o->before[i], part == 0 ? !second : second))
                continue;
            while (o->first[o->before[place]] == o->second[o->before[place]])
                place++;
            o->b->order[place++] = o->before[i];
        }
    }
    mote_schedule_rank_nodes(o->b);
}

/// Exchanges the branches of two values that a node joins, if that lowers the peak.
static mote_status try_exchange(ordering *o, size_t x, size_t y, bool *improved)
{
    mote_schedule_builder *b = o->b;
    const size_t bytes = b->graph->node_count * sizeof *b->order;
    size_t peak = o->peak;
    mark_producers(b->graph, x, o->first);
    mark_producers(b->graph, y, o->second);
    memcpy(o->before, b->order, bytes);
    exchange(o);
    if (memcmp(b->order, o->before, bytes) != 0 && is_valid(b)) {
        o->tried_nodes += b->graph->node_count;
        MOTE_TRY(mote_schedule_measure(b, o->needs, &peak));
    }
    if (peak < o->peak) {
        o->peak = peak;
        *improved = true;
        return MOTE_OK;
    }
    memcpy(b->order, o->before, bytes);
    mote_schedule_rank_nodes(b);
    return MOTE_OK;
}

static mote_status improve(ordering *o, bool *improved)
{
    const mote_graph *graph = o->b->graph;
    *improved = false;
    for (size_t i = 0; i < graph->node_count; i++) {
        const mote_node *node = &graph->nodes[i];
        for (size_t j = 1; node->runs && j < node->input_count && o->tried_nodes < TRIED_NODES_MAX;
             j++)
            MOTE_TRY(try_exchange(o, node->inputs[j - 1], node->inputs[j], improved));
    }
    return MOTE_OK;
}

mote_status mote_schedule_choose_order(mote_schedule_builder *b)
{
    const size_t count = b->graph->node_count;
    ordering o = {.b = b};
    MOTE_TRY(mote_arena_array(b->scratch, count, sizeof *o.first, (void **)&o.first));
    MOTE_TRY(mote_arena_array(b->scratch, count, sizeof *o.second, (void **)&o.second));
    MOTE_TRY(mote_arena_array(b->scratch, count, sizeof *o.before, (void **)&o.before));
    MOTE_TRY(mote_arena_array(b->scratch, count, sizeof *o.needs, (void **)&o.needs));
    MOTE_TRY(mote_schedule_measure(b, o.needs, &o.peak));
    bool improved = true;
    for (size_t pass = 0; improved && pass < PASSES_MAX; pass++)
        MOTE_TRY(improve(&o, &improved));
    return mote_schedule_search_order(b, o.needs);
}
