// SPDX-License-Identifier: Apache-2.0
// The graph: nodes (a layer and its state) and the values between them, realized from a description. Arrays
// and indices; immutable once built.
#ifndef MOTE_GRAPH_GRAPH_H
#define MOTE_GRAPH_GRAPH_H

#include "base/arena.h"
#include "layer/layer.h"
#include "model/model.h"
#include "mote/writer.h"

#include <stdbool.h>
#include <stddef.h>

#define MOTE_NONE SIZE_MAX

/// A tensor that flows between nodes.
typedef struct mote_value {
    const char *
        name; // of the producing node, with ":1" for its second output; a source's "<node> batch" or "<node> label"
    mote_tensor_spec spec;
    const char *owner; // of sources and outputs: the layer that the user knows them by
    size_t producer;   // node, or MOTE_NONE for a source
    size_t port;       // of the source, or MOTE_NONE
    bool label;        // a source that feeds a loss
    bool reaches_loss; // directly or through its readers
    bool needs_derivative;
    mote_integer_range range; // of integers: what all readers take
} mote_value;

/// A weight by node and index.
typedef struct mote_weight_place {
    size_t node, weight;
} mote_weight_place;

typedef struct mote_node {
    const char *name;
    const mote_layer *layer;
    void *state;
    mote_origin origin;
    size_t place; // in the file
    bool trainable;
    bool runs;          // a loss follows, or the graph has none
    double loss_weight; // of losses
    mote_declaration declaration;
    mote_weight_place *places;    // of each weight: its own, or that of the layer it is shared from
    const char **weight_names;    // "<node>.<weight>" of the place, one a weight
    const char **statistic_names; // one a running statistic
    size_t *inputs;               // values
    size_t input_count;
    size_t *outputs;     // values, declaration.output_count
    bool has_gradient;   // it contributes to the gradient of a weight that is trained
    bool has_derivative; // at least one input wants a derivative
} mote_node;

typedef struct mote_graph_loss {
    size_t node;
    size_t prediction; // the value that it reads
    double weight;     // in the sum of all losses
} mote_graph_loss;

typedef struct mote_graph {
    mote_node *nodes; // in execution order
    size_t node_count;
    mote_value *values;
    size_t value_count;
    size_t port_count;       // sources: inputs, then labels, each in file order
    size_t *ports;           // value of each port
    size_t input_count;      // ports that are inputs
    mote_graph_loss *losses; // in file order; none in inference
    size_t loss_count;
    size_t *outputs; // values, in file order: what losses read, and what nobody reads
    size_t output_count;
    size_t batch; // planned
} mote_graph;

typedef struct mote_graph_config {
    const mote_description *description;
    const mote_layer_registry *layers;
    size_t thread_count;
    bool inference; // no losses; a fused softmax is a layer again
} mote_graph_config;

/// Realizes, sorts and sets up. Errors: MOTE_ERROR_PROPERTY, MOTE_ERROR_SHAPE, MOTE_ERROR_GRAPH with file and
/// line of the layer.
mote_status mote_graph_build(const mote_graph_config *config, mote_arena *arena,
                             mote_graph *graph) MOTE_MUST_CHECK;

/// Whether the weight is the node's own.
bool mote_graph_owns(const mote_graph *graph, size_t node, size_t weight);

/// Whether the weight at `place` is trained: its owner is trainable.
bool mote_graph_is_trained(const mote_graph *graph, const mote_weight_place *place);

/// Whether the node has the weight at `place`, as its own or shared.
bool mote_graph_uses(const mote_graph *graph, size_t node, const mote_weight_place *place);

/// Elements of all weights (not statistics).
size_t mote_graph_parameter_count(const mote_graph *graph);

/// The values that a run is for: the metrics of the losses, or the outputs of a graph without.
size_t mote_graph_result_count(const mote_graph *graph);
size_t mote_graph_result(const mote_graph *graph, size_t index);

/// One line a node: name, layer, inputs, outputs' shapes, properties.
void mote_graph_print(const mote_graph *graph, const mote_writer *writer);

/// The keys every layer has, beside its own.
const mote_property *mote_graph_layer_properties(void);

#endif
