// SPDX-License-Identifier: Apache-2.0
// From a description to a graph: read, realize, sort, set up node by node, find out which derivatives are wanted.
#include "graph/draft.h"

#include <assert.h>
#include <string.h>

/// What building needs at hand.
typedef struct builder {
    const mote_graph_config *config;
    mote_arena *arena;   // of what the graph keeps
    mote_arena *scratch; // of what only building needs, and of lists while they grow
    const mote_draft_list *list;
    mote_graph *graph;
    size_t value_capacity;
    size_t port_capacity;
    size_t *nodes; // node of each draft
} builder;

/// Puts the place of the layer in front of the message that setup raised.
static mote_status raise_at(const mote_node *node, mote_status status)
{
    const char *message = mote_last_error()->message;
    char place[256];
    mote_origin_text(&node->origin, place, sizeof place);
    if (status == MOTE_ERROR_MEMORY || strncmp(message, place, strlen(place)) == 0)
        return status;
    return MOTE_RAISE(status, "%s%s", place, message);
}

static mote_status add_value(builder *b, const mote_value *value, size_t *index)
{
    mote_graph *graph = b->graph;
    void *values = graph->values;
    MOTE_TRY(mote_arena_grow(b->scratch, &values, &b->value_capacity, graph->value_count,
                             sizeof *graph->values));
    graph->values = (mote_value *)values;
    graph->values[graph->value_count] = *value;
    *index = graph->value_count++;
    return MOTE_OK;
}

/// A value that comes from outside; ports are numbered as they appear, until order_ports.
static mote_status add_source(builder *b, const mote_node *node, const mote_tensor_spec *spec,
                              bool label, size_t *index)
{
    mote_graph *graph = b->graph;
    char *name = NULL;
    void *ports = graph->ports;
    MOTE_TRY(mote_arena_format(b->arena, &name, "%s %s", node->name, label ? "label" : "batch"));
    MOTE_TRY(mote_arena_grow(b->arena, &ports, &b->port_capacity, graph->port_count,
                             sizeof *graph->ports));
    graph->ports = (size_t *)ports;
    const mote_value value = {.name = name,
                              .owner = node->name,
                              .spec = *spec,
                              .producer = MOTE_NONE,
                              .port = graph->port_count,
                              .label = label};
    MOTE_TRY(add_value(b, &value, index));
    graph->ports[graph->port_count++] = *index;
    graph->input_count += !label;
    return MOTE_OK;
}

static mote_status check_output(const mote_node *node, const mote_node *from, size_t output)
{
    const size_t count = from->declaration.output_count;
    char place[256];
    if (output < count)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_GRAPH,
                      "%slayer '%s': input_layers: '%s' has %zu output%s, 0 .. %zu, "
                      "there is no %s(%zu)",
                      mote_origin_text(&node->origin, place, sizeof place), node->name, from->name,
                      count, count == 1 ? "" : "s", count - 1, from->name, output);
}

static mote_status connect(builder *b, mote_node *node, const mote_draft *draft)
{
    const size_t extra = node->layer->kind == MOTE_LAYER_COMPUTE ? 0 : 1; // a source
    MOTE_TRY(mote_arena_array(b->arena, draft->input_count + extra, sizeof *node->inputs,
                              (void **)&node->inputs));
    for (size_t i = 0; i < draft->input_count; i++) {
        const mote_edge *edge = &draft->inputs[i];
        const mote_node *from = &b->graph->nodes[b->nodes[edge->draft]];
        MOTE_TRY(check_output(node, from, edge->output));
        node->inputs[i] = from->outputs[edge->output];
    }
    node->input_count = draft->input_count;
    return MOTE_OK;
}

static mote_status name_tensors(const builder *b, const mote_node *node,
                                const mote_weight_declaration *tensors, size_t count,
                                const char ***names)
{
    const char **list = NULL;
    MOTE_TRY(mote_arena_array(b->arena, count, sizeof *list, (void **)&list));
    for (size_t i = 0; i < count; i++) {
        char *name = NULL;
        MOTE_TRY(mote_arena_format(b->arena, &name, "%s.%s", node->name, tensors[i].name));
        list[i] = name;
    }
    *names = list;
    return MOTE_OK;
}

/// Every weight is the node's own, until sharing gives it another place.
static mote_status name_weights(const builder *b, mote_node *node)
{
    const size_t count = node->declaration.weight_count;
    MOTE_TRY(mote_arena_array(b->arena, count, sizeof *node->places, (void **)&node->places));
    for (size_t i = 0; i < count; i++)
        node->places[i] = (mote_weight_place){(size_t)(node - b->graph->nodes), i};
    return name_tensors(b, node, node->declaration.weights, count, &node->weight_names);
}

static mote_status add_outputs(builder *b, mote_node *node)
{
    const mote_declaration *declaration = &node->declaration;
    MOTE_TRY(mote_arena_array(b->arena, declaration->output_count, sizeof *node->outputs,
                              (void **)&node->outputs));
    for (size_t i = 0; i < declaration->output_count; i++) {
        char *name = NULL;
        if (i == 0)
            MOTE_TRY(mote_arena_format(b->arena, &name, "%s", node->name));
        else
            MOTE_TRY(mote_arena_format(b->arena, &name, "%s:%zu", node->name, i));
        const mote_value value = {.name = name,
                                  .spec = declaration->outputs[i],
                                  .producer = (size_t)(node - b->graph->nodes),
                                  .port = MOTE_NONE};
        MOTE_TRY(add_value(b, &value, &node->outputs[i]));
    }
    return MOTE_OK;
}

/// The label of a loss has the shape that the loss asks for.
static mote_status add_label(builder *b, mote_node *node, mote_setup *setup,
                             mote_tensor_spec *inputs)
{
    mote_tensor_spec label;
    MOTE_TRY(node->layer->label(setup, node->state, &label));
    MOTE_TRY(add_source(b, node, &label, true, &node->inputs[node->input_count]));
    inputs[node->input_count++] = label;
    setup->input_count = node->input_count;
    setup->label_port = node->input_count - 1;
    return MOTE_OK;
}

static mote_status run_setup(builder *b, mote_node *node, mote_setup *setup,
                             mote_tensor_spec *inputs)
{
    if (node->layer->kind == MOTE_LAYER_LOSS)
        MOTE_TRY(add_label(b, node, setup, inputs));
    MOTE_TRY(mote_declaration_init(&node->declaration, b->arena, node->input_count + 1));
    MOTE_TRY(node->layer->setup(setup, node->state));
    if (node->layer->kind == MOTE_LAYER_INPUT) {
        MOTE_TRY(add_source(b, node, &node->declaration.outputs[0], false, &node->inputs[0]));
        node->input_count = 1;
    }
    return MOTE_OK;
}

static mote_status set_up(builder *b, mote_node *node, const mote_draft *draft)
{
    mote_tensor_spec *inputs = NULL;
    MOTE_TRY(connect(b, node, draft));
    MOTE_TRY(mote_arena_array(b->scratch, node->input_count + 1, sizeof *inputs, (void **)&inputs));
    for (size_t i = 0; i < node->input_count; i++)
        inputs[i] = b->graph->values[node->inputs[i]].spec;
    mote_setup setup = {.layer_name = node->name,
                        .input_count = node->input_count,
                        .inputs = inputs,
                        .label_port = SIZE_MAX,
                        .batch = b->graph->batch,
                        .thread_count = b->config->thread_count,
                        .trainable = node->trainable,
                        .declaration = &node->declaration,
                        .layer = node->layer};
    const mote_status status = run_setup(b, node, &setup, inputs);
    if (status != MOTE_OK)
        return raise_at(node, status);
    MOTE_TRY(name_weights(b, node));
    MOTE_TRY(name_tensors(b, node, node->declaration.statistics, node->declaration.statistic_count,
                          &node->statistic_names));
    return add_outputs(b, node);
}

static bool has_gradient(const mote_graph *graph, const mote_node *node)
{
    bool is_trained = false;
    for (size_t i = 0; i < node->declaration.weight_count; i++)
        is_trained |= mote_graph_is_trained(graph, &node->places[i]);
    return is_trained && node->trainable;
}

static bool reaches_loss(const mote_graph *graph, const mote_node *node)
{
    bool reaches = node->layer->kind == MOTE_LAYER_LOSS;
    for (size_t i = 0; i < node->declaration.output_count; i++)
        reaches |= graph->values[node->outputs[i]].reaches_loss;
    return reaches;
}

/// What a loss reads, and what nodes read that lead there; all else has no derivative.
static void find_what_reaches_a_loss(const mote_graph *graph)
{
    for (size_t i = graph->node_count; i-- > 0;) {
        const mote_node *node = &graph->nodes[i];
        const bool reaches = reaches_loss(graph, node);
        for (size_t j = 0; j < node->input_count; j++)
            graph->values[node->inputs[j]].reaches_loss = reaches;
    }
}

/// A derivative is wanted where trained weights lie upstream and a loss downstream; which steps a node has follows.
static void find_derivatives(mote_graph *graph)
{
    find_what_reaches_a_loss(graph);
    for (size_t i = 0; i < graph->node_count; i++) {
        mote_node *node = &graph->nodes[i];
        const bool reaches = reaches_loss(graph, node);
        node->runs = reaches || graph->loss_count == 0;
        for (size_t j = 0; j < node->input_count; j++)
            node->has_derivative |= graph->values[node->inputs[j]].needs_derivative && reaches;
        node->has_gradient = reaches && has_gradient(graph, node);
        for (size_t j = 0; j < node->declaration.output_count; j++) {
            mote_value *output = &graph->values[node->outputs[j]];
            output->needs_derivative = output->spec.dtype == MOTE_DTYPE_REAL &&
                                       output->reaches_loss &&
                                       (node->has_gradient || node->has_derivative);
        }
    }
}

static mote_status make_nodes(builder *b)
{
    mote_graph *graph = b->graph;
    size_t *sorted = NULL;
    MOTE_TRY(mote_arena_array(b->scratch, b->list->count, sizeof *sorted, (void **)&sorted));
    MOTE_TRY(mote_arena_array(b->scratch, b->list->count, sizeof *b->nodes, (void **)&b->nodes));
    MOTE_TRY(mote_draft_sort(b->list, sorted, &graph->node_count));
    MOTE_TRY(mote_arena_array(b->arena, graph->node_count, sizeof *graph->nodes,
                              (void **)&graph->nodes));
    for (size_t i = 0; i < graph->node_count; i++) {
        const mote_draft *draft = &b->list->items[sorted[i]];
        mote_node *node = &graph->nodes[i];
        *node = (mote_node){.name = draft->name,
                            .layer = draft->layer,
                            .state = draft->state,
                            .origin = draft->origin,
                            .place = draft->order,
                            .trainable = draft->trainable,
                            .loss_weight = draft->loss_weight};
        b->nodes[sorted[i]] = i;
        MOTE_TRY(set_up(b, node, draft));
    }
    return MOTE_OK;
}

static mote_status realize(mote_draft_list *list)
{
    static mote_realizer *const realizers[] = {
#define REALIZER(name) mote_realize_##name,
#include "graph/realizers.def"
#undef REALIZER
    };
    MOTE_TRY(mote_draft_read(list));
    for (size_t i = 0; i < sizeof realizers / sizeof realizers[0]; i++)
        MOTE_TRY(realizers[i](list));
    return MOTE_OK;
}

/// Moves the values, whose list has grown, to where the graph keeps them, at their size.
static mote_status keep_values(const builder *b)
{
    mote_graph *graph = b->graph;
    mote_value *values = NULL;
    MOTE_TRY(mote_arena_array(b->arena, graph->value_count, sizeof *values, (void **)&values));
    memcpy(values, graph->values, graph->value_count * sizeof *values);
    graph->values = values;
    return MOTE_OK;
}

static mote_status build(const mote_graph_config *config, mote_arena *arena, mote_arena *scratch,
                         mote_graph *graph)
{
    mote_draft_list list = {.config = config, .arena = arena, .scratch = scratch};
    builder b = {
        .config = config, .arena = arena, .scratch = scratch, .list = &list, .graph = graph};
    MOTE_TRY(realize(&list));
    MOTE_TRY(make_nodes(&b));
    MOTE_TRY(keep_values(&b));
    MOTE_TRY(mote_graph_share(&list, b.nodes, graph));
    return mote_graph_order_ends(&list, b.nodes, graph);
}

mote_status mote_graph_build(const mote_graph_config *config, mote_arena *arena, mote_graph *graph)
{
    *graph = (mote_graph){
        .batch = (size_t)config->description->settings.batch_size,
    };
    mote_arena scratch;
    mote_arena_init(&scratch, arena->allocator);
    const mote_status status = build(config, arena, &scratch, graph);
    mote_arena_release(&scratch);
    if (status != MOTE_OK)
        return status;
    find_derivatives(graph);
    MOTE_TRY(mote_graph_check_ends(graph));
    return mote_graph_find_ranges(graph);
}

size_t mote_graph_result_count(const mote_graph *graph)
{
    return graph->loss_count ? graph->loss_count : graph->output_count;
}

size_t mote_graph_result(const mote_graph *graph, size_t index)
{
    assert(index < mote_graph_result_count(graph));
    return graph->loss_count ? graph->nodes[graph->losses[index].node].outputs[0]
                             : graph->outputs[index];
}

size_t mote_graph_parameter_count(const mote_graph *graph)
{
    size_t count = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        const mote_declaration *declaration = &graph->nodes[i].declaration;
        for (size_t j = 0; j < declaration->weight_count; j++)
            count += mote_graph_owns(graph, i, j)
                         ? mote_shape_elements(&declaration->weights[j].spec.shape)
                         : 0;
    }
    return count;
}
