// SPDX-License-Identifier: Apache-2.0
// The parts of building a schedule, in the order in which they run.
#ifndef MOTE_SCHEDULE_BUILD_H
#define MOTE_SCHEDULE_BUILD_H

#include "schedule/schedule.h"

/// What is done to need less memory, by node.
typedef struct mote_choices {
    bool *recomputed; // its output is made again where backward reads it
    size_t *
        slices; // how many its backward, or all steps of a weight that is cut, have; 0: it is whole
    size_t *renewed;   // recomputed anew for each reader in front of this rank; 0: for none
    unsigned *banded;  // phases (bits) that run band by band, with the steps around
    unsigned *sampled; // phases (bits) that run slice by slice of the batch, with the steps around,
    size_t *samples;   // and how many samples such a slice has
} mote_choices;

typedef struct mote_schedule_builder {
    const mote_graph *graph;
    const mote_strategy *strategy;
    mote_arena *arena;   // of what the schedule keeps
    mote_arena *scratch; // of what only building needs, and of lists while they grow
    mote_schedule *schedule;
    size_t *order; // nodes in order of execution
    size_t *ranks; // of each node in it
    mote_choices chosen, best;
    size_t best_bytes;  // alive at the peak, with the best
    double best_remade; // share of what forward makes that is made again, with the best
    size_t *readers;    // by recomputed node: whose backward it was made for last, or MOTE_NONE
    size_t step_capacity, tensor_capacity;
} mote_schedule_builder;

/// A tensor's spec that is to be another than that of its declaration.
mote_status mote_schedule_copy_spec(const mote_schedule_builder *b, const mote_tensor_spec *spec,
                                    mote_tensor_spec **copy);

/// Which steps there are, in order of execution.
mote_status mote_schedule_make_steps(mote_schedule_builder *b);

/// Which steps run slice by slice of the batch; moves what would stand between them.
void mote_schedule_make_batches(const mote_schedule_builder *b);

/// Chooses steps that run so, or more slices, to make smaller what lives at step `peak` of the builder's schedule; false:
/// there is nothing.
bool mote_schedule_choose_batches(const mote_schedule_builder *b, size_t peak);

/// Which steps run band by band.
void mote_schedule_make_bands(const mote_schedule_builder *b);

/// The steps around one that may run with it in bands of at least `height` channels, or in whole multiples; count 0: none.
mote_step_run mote_schedule_find_run(const mote_schedule *schedule, size_t height, size_t step);

/// Chooses the nodes that are recomputed, those whose backward is sliced, and the order.
mote_status mote_schedule_choose(mote_schedule_builder *b);

/// The part of it that is the order.
mote_status mote_schedule_choose_order(mote_schedule_builder *b);

/// Goes on from the order at hand: where there are few orders, to the best of all.
mote_status mote_schedule_search_order(mote_schedule_builder *b, size_t *needs);

/// Marks a node and all that it needs.
void mote_schedule_mark_needed(const mote_graph *graph, size_t node, bool *needed);

/// Sets the ranks to those of the order.
void mote_schedule_rank_nodes(const mote_schedule_builder *b);

/// Whether there is another order, and it changes no bit.
bool mote_schedule_may_reorder(const mote_graph *graph);

/// Most bytes alive at a step, with what is chosen; `needs` gets the same of each node's steps.
mote_status mote_schedule_measure(const mote_schedule_builder *b, size_t *needs, size_t *bytes);

/// All parts but the choice.
mote_status mote_schedule_build_chosen(mote_schedule_builder *b);

/// The tensors of all nodes, and scratch of all steps; no lives yet.
mote_status mote_schedule_make_tensors(mote_schedule_builder *b);

/// First and last use of every tensor.
void mote_schedule_find_lives(mote_schedule *schedule);

/// Which tensors share bytes; makes the blocks.
mote_status mote_schedule_make_blocks(mote_schedule_builder *b);

/// Whether a node alone uses its weight 0.
bool mote_schedule_owns_alone(const mote_graph *graph, size_t index);

/// In how many slices all steps use weight 0 of a node: the same in all programs of a strategy; 0: whole.
size_t mote_schedule_count_weight_slices(const mote_schedule_builder *b, size_t index);

/// Indices of slice `index` of a node's steps.
mote_slice mote_schedule_slice(const mote_schedule_builder *b, size_t node, size_t index);

/// Whether the node's weights get gradients in this program.
bool mote_schedule_has_gradient(const mote_schedule *schedule, const mote_node *node);

/// Whether nothing has been written to the gradient of the node's weight when its own part is made: parts come
/// from the last node to the first.
bool mote_schedule_is_first_part(const mote_graph *graph, size_t node, size_t weight);

/// Phases (bits) the node has in this program.
unsigned mote_schedule_phases(const mote_schedule_builder *b, const mote_node *node);

#endif
