// SPDX-License-Identifier: Apache-2.0
// Where a graph begins and ends: its ports, losses and outputs, in the order of the file.
#include "graph/draft.h"

#include "mote/model.h"

/// Whether the layer that owns source `a` stands in front of that of `b`, inputs before labels.
static bool is_earlier(const mote_graph *graph, const size_t *places, size_t a, size_t b)
{
    const mote_value *x = &graph->values[a];
    const mote_value *y = &graph->values[b];
    return x->label != y->label ? y->label : places[a] < places[b];
}

/// `places` are those of the nodes that read the sources.
static void order_ports(mote_graph *graph, const size_t *places)
{
    for (size_t i = 1; i < graph->port_count; i++) {
        const size_t port = graph->ports[i];
        size_t at = i;
        for (; at > 0 && is_earlier(graph, places, port, graph->ports[at - 1]); at--)
            graph->ports[at] = graph->ports[at - 1];
        graph->ports[at] = port;
    }
    for (size_t i = 0; i < graph->port_count; i++)
        graph->values[graph->ports[i]].port = i;
}

static mote_status find_ports(mote_arena *scratch, mote_graph *graph)
{
    size_t *places = NULL;
    MOTE_TRY(mote_arena_array(scratch, graph->value_count, sizeof *places, (void **)&places));
    for (size_t i = 0; i < graph->node_count; i++) {
        const mote_node *node = &graph->nodes[i];
        for (size_t j = 0; j < node->input_count; j++)
            places[node->inputs[j]] = node->place;
    }
    order_ports(graph, places);
    return MOTE_OK;
}

static void insert_loss(mote_graph *graph, size_t node)
{
    const mote_node *loss = &graph->nodes[node];
    size_t at = graph->loss_count++;
    for (; at > 0 && graph->nodes[graph->losses[at - 1].node].place > loss->place; at--)
        graph->losses[at] = graph->losses[at - 1];
    graph->losses[at] = (mote_graph_loss){node, loss->inputs[0], loss->loss_weight};
}

static mote_status find_losses(mote_arena *arena, mote_graph *graph)
{
    size_t count = 0;
    for (size_t i = 0; i < graph->node_count; i++)
        count += graph->nodes[i].layer->kind == MOTE_LAYER_LOSS;
    MOTE_TRY(mote_arena_array(arena, count, sizeof *graph->losses, (void **)&graph->losses));
    for (size_t i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i].layer->kind == MOTE_LAYER_LOSS)
            insert_loss(graph, i);
    }
    return MOTE_OK;
}

static mote_status add_output(const mote_draft_list *list, mote_graph *graph, size_t node,
                              size_t output)
{
    const mote_node *from = &graph->nodes[node];
    const char *section = list->config->description->layers[from->place].name;
    const size_t value = from->outputs[output];
    char *name = NULL;
    if (output == 0)
        MOTE_TRY(mote_arena_format(list->arena, &name, "%s", section));
    else
        MOTE_TRY(mote_arena_format(list->arena, &name, "%s(%zu)", section, output));
    graph->values[value].owner = name;
    graph->outputs[graph->output_count++] = value;
    return MOTE_OK;
}

static mote_status find_outputs(const mote_draft_list *list, const size_t *nodes, mote_graph *graph)
{
    MOTE_TRY(mote_arena_array(list->arena, graph->value_count, sizeof *graph->outputs,
                              (void **)&graph->outputs));
    for (size_t i = 0; i < list->output_count; i++) {
        const mote_edge *edge = &list->outputs[i];
        const size_t node = nodes[edge->draft];
        const size_t count = graph->nodes[node].declaration.output_count;
        const size_t first = edge->output == MOTE_NONE ? 0 : edge->output;
        const size_t end = edge->output == MOTE_NONE ? count : first + 1;
        for (size_t j = first; j < end; j++)
            MOTE_TRY(add_output(list, graph, node, j));
    }
    return MOTE_OK;
}

mote_status mote_graph_order_ends(const mote_draft_list *list, const size_t *nodes,
                                  mote_graph *graph)
{
    MOTE_TRY(find_ports(list->scratch, graph));
    MOTE_TRY(find_losses(list->arena, graph));
    return find_outputs(list, nodes, graph);
}

static mote_status check_output(const mote_graph *graph, const mote_value *value)
{
    char place[256];
    if (value->spec.batched)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_GRAPH,
                      "%slayer '%s': its output is one tensor for all samples, an output of the "
                      "network must be one a sample",
                      mote_origin_text(&graph->nodes[value->producer].origin, place, sizeof place),
                      value->owner);
}

static mote_status check_node(const mote_node *node)
{
    const bool has_weights = node->declaration.weight_count > 0 && node->layer->calc_gradient;
    char place[256];
    if (node->runs || !node->trainable || !has_weights)
        return MOTE_OK;
    return MOTE_RAISE(
        MOTE_ERROR_GRAPH,
        "%slayer '%s': no loss follows it, so that its weights cannot be trained: add "
        "a loss, or set trainable = false",
        mote_origin_text(&node->origin, place, sizeof place), node->name);
}

mote_status mote_graph_check_ends(const mote_graph *graph)
{
    if (graph->loss_count > MOTE_LOSSES_MAX) {
        const mote_node *node = &graph->nodes[graph->losses[MOTE_LOSSES_MAX].node];
        char place[256];
        return MOTE_RAISE(MOTE_ERROR_GRAPH, "%slayer '%s': a network may have %u losses",
                          mote_origin_text(&node->origin, place, sizeof place), node->name,
                          MOTE_LOSSES_MAX);
    }
    for (size_t i = 0; i < graph->output_count; i++)
        MOTE_TRY(check_output(graph, &graph->values[graph->outputs[i]]));
    for (size_t i = 0; i < graph->node_count; i++)
        MOTE_TRY(check_node(&graph->nodes[i]));
    return MOTE_OK;
}
