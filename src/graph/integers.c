// SPDX-License-Identifier: Apache-2.0
// Which values integers may have: what their readers declare, carried through views to the source that is
// checked when it is read.
#include "graph/draft.h"

static const mote_integer_range unlimited = {INT32_MIN, INT32_MAX};

static bool is_limited(const mote_integer_range *range)
{
    return range->first > unlimited.first || range->last < unlimited.last;
}

static mote_integer_range intersect(const mote_integer_range *a, const mote_integer_range *b)
{
    return (mote_integer_range){a->first > b->first ? a->first : b->first,
                                a->last < b->last ? a->last : b->last};
}

static mote_status limit(const mote_graph *graph, const mote_node *node, size_t index,
                         const mote_integer_range *range)
{
    mote_value *value = &graph->values[index];
    const mote_integer_range both = intersect(&value->range, range);
    if (both.first > both.last) {
        char place[256];
        return MOTE_RAISE(MOTE_ERROR_GRAPH,
                          "%slayer '%s': takes integers %ld to %ld, other readers of '%s' take %ld "
                          "to %ld: there is none that all take",
                          mote_origin_text(&node->origin, place, sizeof place), node->name,
                          (long)range->first, (long)range->last, value->name,
                          (long)value->range.first, (long)value->range.last);
    }
    value->range = both;
    return MOTE_OK;
}

/// What reads the outputs has been seen: nodes are walked from the last to the first.
static mote_status limit_inputs(const mote_graph *graph, const mote_node *node)
{
    for (size_t i = 0; i < node->input_count; i++) {
        if (graph->values[node->inputs[i]].spec.dtype == MOTE_DTYPE_I32)
            MOTE_TRY(limit(graph, node, node->inputs[i], &node->declaration.input_ranges[i]));
    }
    for (size_t i = 0; node->declaration.view && i < node->declaration.output_count; i++)
        MOTE_TRY(limit(graph, node, node->inputs[0], &graph->values[node->outputs[i]].range));
    return MOTE_OK;
}

/// Integers that a layer computes are checked by nobody, so nobody may rely on their range.
static mote_status check_computed(const mote_graph *graph, const mote_node *node)
{
    char place[256];
    for (size_t i = 0; !node->declaration.view && i < node->declaration.output_count; i++) {
        const mote_value *value = &graph->values[node->outputs[i]];
        if (value->spec.dtype == MOTE_DTYPE_I32 && is_limited(&value->range)) {
            return MOTE_RAISE(MOTE_ERROR_GRAPH,
                              "%slayer '%s': its integers must be %ld to %ld, which is known of "
                              "integers from an input only",
                              mote_origin_text(&node->origin, place, sizeof place), node->name,
                              (long)value->range.first, (long)value->range.last);
        }
    }
    return MOTE_OK;
}

mote_status mote_graph_find_ranges(const mote_graph *graph)
{
    for (size_t i = 0; i < graph->value_count; i++)
        graph->values[i].range = unlimited;
    for (size_t i = graph->node_count; i-- > 0;) {
        const mote_node *node = &graph->nodes[i];
        MOTE_TRY(limit_inputs(graph, node));
        MOTE_TRY(check_computed(graph, node));
    }
    return MOTE_OK;
}
