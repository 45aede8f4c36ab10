// SPDX-License-Identifier: Apache-2.0
// The network while it is being realized: a growing list of drafts, in file order.
#ifndef MOTE_GRAPH_DRAFT_H
#define MOTE_GRAPH_DRAFT_H

#include "graph/graph.h"

/// Where an input comes from.
typedef struct mote_edge {
    size_t draft;
    size_t output;
} mote_edge;

typedef struct mote_draft {
    const char *name;
    const mote_layer *layer;
    mote_origin origin;
    void *state; // filled by the layer's own table
    mote_edge *inputs;
    size_t input_count;
    bool trainable;
    double loss_weight; // of losses
    bool removed;
    bool shares;            // its weights are those
    size_t owner;           // of this draft
    const char *activation; // requested by a property and not yet realized; "" for none
    mote_origin activation_origin;
    bool flatten;
    size_t order; // place in the file; drafts made from a section share its place
    size_t
        rank; // among drafts of one place: 0 fan-outs in front of it, 1 as written, then appended
} mote_draft;

typedef struct mote_draft_list {
    const mote_graph_config *config;
    mote_arena *arena;   // of what the graph keeps: names, layers' states
    mote_arena *scratch; // of what only building it needs
    mote_draft *items;
    size_t count;
    size_t capacity;
    mote_edge *outputs; // of the network, in file order; output MOTE_NONE: all of the draft's
    size_t output_count;
    size_t output_capacity;
} mote_draft_list;

/// The layer's own table, empty when it has none.
const mote_property *mote_draft_properties(const mote_layer *layer);

/// Makes drafts of all layer sections with their edges, without cycles. The list is empty before.
mote_status mote_draft_read(mote_draft_list *list);

/// The draft of the layer section called `name`; raises for what key `key` of draft `index` says.
mote_status mote_draft_resolve(const mote_draft_list *list, size_t index, const char *key,
                               const char *name, size_t *draft) MOTE_MUST_CHECK;

/// Takes shared_from = `name` of draft `index`; "" is none.
mote_status mote_draft_share(mote_draft_list *list, size_t index, const char *name) MOTE_MUST_CHECK;

/// Gives shared weights the places of their owners'; `nodes` are those of the drafts.
mote_status mote_graph_share(const mote_draft_list *list, const size_t *nodes,
                             mote_graph *graph) MOTE_MUST_CHECK;

/// A new draft of layer `layer_name` named "<draft>/<suffix>", fed by that output, of the same place and
/// origin. Indices stay valid, pointers to drafts do not.
mote_status mote_draft_append(mote_draft_list *list, mote_edge edge, const char *layer_name,
                              const char *suffix, size_t *appended) MOTE_MUST_CHECK;

/// The same behind the only output of a draft; raises MOTE_ERROR_GRAPH where there are several, as `key` (of the
/// draft's section) cannot say which is meant.
mote_status mote_draft_append_to_output(mote_draft_list *list, size_t draft, const char *layer_name,
                                        const char *key, size_t *appended) MOTE_MUST_CHECK;

/// Everything that read output 0 of `from` reads output 0 of `to` instead, but for `to` itself.
void mote_draft_redirect(mote_draft_list *list, size_t from, size_t to);

/// Sets one property of a draft made by a realizer; the origin is that of the entry that asked for it.
mote_status mote_draft_set(mote_draft_list *list, size_t draft,
                           const mote_entry *entry) MOTE_MUST_CHECK;

/// Whether it is the activation layer with that activation.
bool mote_draft_is_activation(const mote_draft *draft, const char *activation);

/// Adds an output of the network, unless it is one already.
mote_status mote_draft_add_output(mote_draft_list *list, mote_edge output) MOTE_MUST_CHECK;

/// A draft that reads an output of `draft`, or MOTE_NONE.
size_t mote_draft_find_reader(const mote_draft_list *list, size_t draft);

/// The only draft that nothing reads; raises MOTE_ERROR_GRAPH when there are several.
mote_status mote_draft_find_output(const mote_draft_list *list, size_t *draft) MOTE_MUST_CHECK;

/// Order of execution: topological, earliest place in the file first. Raises MOTE_ERROR_GRAPH for a cycle,
/// naming the layers on it. `sorted` has list->count elements; removed drafts are left out.
mote_status mote_draft_sort(const mote_draft_list *list, size_t *sorted,
                            size_t *sorted_count) MOTE_MUST_CHECK;

/// When all nodes are set up: ports, losses and outputs in the order of the file. `nodes` are those of the drafts.
mote_status mote_graph_order_ends(const mote_draft_list *list, const size_t *nodes,
                                  mote_graph *graph) MOTE_MUST_CHECK;

/// Raises for outputs that are not one a sample, too many losses, and weights to train that no loss follows.
mote_status mote_graph_check_ends(const mote_graph *graph) MOTE_MUST_CHECK;

/// Finds the range of every integer value. Raises MOTE_ERROR_GRAPH where no value would do, or a layer computes
/// integers that must have one.
mote_status mote_graph_find_ranges(const mote_graph *graph) MOTE_MUST_CHECK;

/// One pass over the drafts.
typedef mote_status mote_realizer(mote_draft_list *list);

#define REALIZER(name) mote_realizer mote_realize_##name;
#include "graph/realizers.def"
#undef REALIZER

#endif
