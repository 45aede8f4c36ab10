// SPDX-License-Identifier: Apache-2.0
// The graph as text.
#include "base/text.h"
#include "graph/graph.h"

static void print_properties(const mote_node *node, const mote_writer *writer)
{
    for (const mote_property *row = node->layer->properties; row && row->name; row++) {
        char value[256];
        mote_property_get(row, node->state, value, sizeof value);
        if (value[0])
            mote_write(writer, " %s=%s", row->name, value);
    }
}

static void print_node(const mote_graph *graph, const mote_node *node, const mote_writer *writer)
{
    mote_write(writer, "%-24s %-20s", node->name, node->layer->name);
    for (size_t i = 0; i < node->input_count; i++)
        mote_write(writer, "%s%s", i ? ", " : " ", graph->values[node->inputs[i]].name);
    mote_write(writer, " ->");
    for (size_t i = 0; i < node->declaration.output_count; i++) {
        char shape[96];
        mote_write(writer, " %s",
                   mote_shape_text(&node->declaration.outputs[i].shape, shape, sizeof shape));
    }
    print_properties(node, writer);
    if (node->loss_weight != 1.0)
        mote_write(writer, " loss_weight=%g", node->loss_weight);
    mote_write(writer, "%s%s\n", node->trainable ? "" : " frozen",
               node->has_derivative || node->has_gradient ? "" : " (no backward)");
}

static void print_weights(const mote_graph *graph, const mote_node *node, const mote_writer *writer)
{
    const size_t index = (size_t)(node - graph->nodes);
    const mote_declaration *declaration = &node->declaration;
    char shape[96];
    for (size_t i = 0; i < declaration->weight_count; i++) {
        const bool is_own = mote_graph_owns(graph, index, i);
        mote_write(writer, "    %s %s %s\n", node->weight_names[i],
                   mote_shape_text(&declaration->weights[i].spec.shape, shape, sizeof shape),
                   is_own ? mote_initializer_names[declaration->weights[i].initializer] : "shared");
    }
    for (size_t i = 0; i < declaration->statistic_count; i++)
        mote_write(writer, "    %s %s statistic\n", node->statistic_names[i],
                   mote_shape_text(&declaration->statistics[i].spec.shape, shape, sizeof shape));
}

void mote_graph_print(const mote_graph *graph, const mote_writer *writer)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        print_node(graph, &graph->nodes[i], writer);
        print_weights(graph, &graph->nodes[i], writer);
    }
}
