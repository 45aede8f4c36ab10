// SPDX-License-Identifier: Apache-2.0
// The steps of a program: reads and forward in the chosen order, then backward in reverse. A node's gradient
// comes before its derivative, because the gradient's other input, the saved activation, then dies first;
// weights are applied when the derivative, their last reader, is done, or after all gradients, which is what a
// norm of them asks for.
#include "schedule/build.h"

#include "base/size.h"

#include <assert.h>

/// Large slices are whole multiples, so that rows of a product fill vectors.
#define SLICE_UNIT ((size_t)16)

static bool has_forward(const mote_node *node)
{
    return node->runs && node->layer->forward && !node->declaration.view;
}

bool mote_schedule_has_gradient(const mote_schedule *schedule, const mote_node *node)
{
    return schedule->training && node->has_gradient;
}

static bool has_derivative(const mote_schedule *schedule, const mote_node *node)
{
    return schedule->training && node->has_derivative && node->layer->calc_derivative &&
           !node->declaration.derivative_view;
}

static bool has_update(const mote_schedule *schedule, const mote_node *node)
{
    return schedule->training && node->runs && node->trainable && node->layer->update &&
           node->declaration.statistic_count > 0;
}

unsigned mote_schedule_phases(const mote_schedule_builder *b, const mote_node *node)
{
    const mote_schedule *schedule = b->schedule;
    unsigned phases = 0;
    if (has_forward(node))
        phases |= MOTE_PHASE_FORWARD;
    if (mote_schedule_has_gradient(schedule, node))
        phases |= MOTE_PHASE_GRADIENT;
    if (has_derivative(schedule, node))
        phases |= MOTE_PHASE_DERIVATIVE;
    if ((node->declaration.recomputes || node->declaration.repeats) &&
        schedule->again[node->outputs[0]])
        phases |= MOTE_PHASE_RECOMPUTE;
    if (has_update(schedule, node))
        phases |= MOTE_PHASE_UPDATE;
    return phases;
}

unsigned mote_step_phase(mote_step_kind kind)
{
    switch (kind) {
    case MOTE_STEP_FORWARD:
        return MOTE_PHASE_FORWARD;
    case MOTE_STEP_GRADIENT:
        return MOTE_PHASE_GRADIENT;
    case MOTE_STEP_DERIVATIVE:
        return MOTE_PHASE_DERIVATIVE;
    case MOTE_STEP_RECOMPUTE:
        return MOTE_PHASE_RECOMPUTE;
    case MOTE_STEP_UPDATE:
        return MOTE_PHASE_UPDATE;
    case MOTE_STEP_READ:
    case MOTE_STEP_ADD:
    case MOTE_STEP_PAUSE:
    case MOTE_STEP_NORM:
    case MOTE_STEP_CLIP:
    case MOTE_STEP_APPLY:
    case MOTE_STEP_AVERAGE:
        break;
    }
    return 0;
}

size_t mote_schedule_source(const mote_graph *graph, size_t value)
{
    for (;;) {
        const size_t producer = graph->values[value].producer;
        if (producer == MOTE_NONE || !graph->nodes[producer].declaration.view)
            return value;
        value = graph->nodes[producer].inputs[0];
    }
}

size_t mote_schedule_kept(const mote_schedule *schedule, size_t value, size_t step)
{
    const size_t source = mote_schedule_source(schedule->graph, value);
    for (size_t i = step + 1; schedule->again[source] && i-- > 0;) {
        const mote_step *at = &schedule->steps[i];
        if (at->made != MOTE_NONE && schedule->graph->nodes[at->node].outputs[0] == source)
            return at->made;
    }
    return schedule->values[value];
}

bool mote_schedule_owns_alone(const mote_graph *graph, size_t index)
{
    const mote_weight_place *place = &graph->nodes[index].places[0];
    for (size_t i = 0; i < graph->node_count; i++) {
        if (mote_graph_uses(graph, i, place) != (i == index))
            return false;
    }
    return true;
}

size_t mote_schedule_count_weight_slices(const mote_schedule_builder *b, size_t index)
{
    const mote_node *node = &b->graph->nodes[index];
    const mote_declaration *declaration = &node->declaration;
    const size_t wanted = b->strategy->weight_slice_bytes;
    if (wanted == 0 || declaration->forward_cut == 0 || !node->trainable)
        return 0;
    const mote_shape *shape = &declaration->weights[0].spec.shape;
    const size_t bytes = mote_shape_elements(shape) * sizeof(mote_real);
    const size_t most = mote_size_ceil_divide(declaration->cut_extent, declaration->forward_cut);
    const size_t count = mote_size_min(mote_size_ceil_divide(bytes, wanted), most);
    return count > 1 && mote_schedule_owns_alone(b->graph, index) ? count : 0;
}

static mote_status add_step(mote_schedule_builder *b, mote_step_kind kind, size_t node, size_t part)
{
    mote_schedule *schedule = b->schedule;
    void *steps = schedule->steps;
    MOTE_TRY(mote_arena_grow(b->scratch, &steps, &b->step_capacity, schedule->step_count,
                             sizeof *schedule->steps));
    schedule->steps = (mote_step *)steps;
    schedule->steps[schedule->step_count++] = (mote_step){
        .kind = kind, .node = node, .index = part, .scratch = MOTE_NONE, .made = MOTE_NONE};
    return MOTE_OK;
}

/// One step, or where the weight is cut one for each slice.
static mote_status add_forward_slices(mote_schedule_builder *b, size_t index)
{
    mote_schedule *schedule = b->schedule;
    const size_t count = mote_schedule_count_weight_slices(b, index);
    schedule->cut[index] = count > 0;
    if (count == 0)
        return add_step(b, MOTE_STEP_FORWARD, index, 0);
    for (size_t i = 0; i < count; i++) {
        MOTE_TRY(add_step(b, MOTE_STEP_FORWARD, index, 0));
        schedule->steps[schedule->step_count - 1].slice = mote_schedule_slice(b, index, i);
    }
    return MOTE_OK;
}

/// A source is read right before the node that needs it.
static mote_status add_forward(mote_schedule_builder *b, size_t index)
{
    const mote_node *node = &b->graph->nodes[index];
    for (size_t i = 0; node->runs && i < node->input_count; i++) {
        const size_t port = b->graph->values[node->inputs[i]].port;
        if (port != MOTE_NONE)
            MOTE_TRY(add_step(b, MOTE_STEP_READ, index, port));
    }
    return has_forward(node) ? add_forward_slices(b, index) : MOTE_OK;
}

bool mote_schedule_is_first_part(const mote_graph *graph, size_t node, size_t weight)
{
    const mote_weight_place *place = &graph->nodes[node].places[weight];
    for (size_t i = node + 1; i < graph->node_count; i++) {
        if (graph->nodes[i].has_gradient && mote_graph_uses(graph, i, place))
            return false;
    }
    return true;
}

/// Whether no node in front of this one reads the weight: in the backward pass it is then done with.
static bool is_last_reader(const mote_graph *graph, size_t node, const mote_weight_place *place)
{
    for (size_t i = 0; i < node; i++) {
        if (mote_graph_uses(graph, i, place))
            return false;
    }
    return true;
}

static mote_status apply_weight(mote_schedule_builder *b, const mote_weight_place *place)
{
    if (b->strategy->clip != MOTE_CLIP_NONE)
        MOTE_TRY(add_step(b, MOTE_STEP_CLIP, place->node, place->weight));
    MOTE_TRY(add_step(b, MOTE_STEP_APPLY, place->node, place->weight));
    if (b->strategy->averages)
        MOTE_TRY(add_step(b, MOTE_STEP_AVERAGE, place->node, place->weight));
    return MOTE_OK;
}

static mote_status add_apply(mote_schedule_builder *b, size_t index)
{
    const mote_node *node = &b->graph->nodes[index];
    if (has_update(b->schedule, node))
        MOTE_TRY(add_step(b, MOTE_STEP_UPDATE, index, 0));
    for (size_t i = b->chosen.slices[index] > 0 ? 1 : 0; i < node->declaration.weight_count; i++) {
        const mote_weight_place *place = &node->places[i];
        if (mote_graph_is_trained(b->graph, place) && is_last_reader(b->graph, index, place))
            MOTE_TRY(apply_weight(b, place));
    }
    return MOTE_OK;
}

/// Whether a node's output has yet to be made again for backward of `reader`.
static bool is_missing(const mote_schedule_builder *b, size_t node, size_t reader)
{
    const size_t last = b->readers[node];
    return b->chosen.recomputed[node] &&
           (last == MOTE_NONE || (b->ranks[reader] < b->chosen.renewed[node] && last != reader));
}

/// The first node of those that a value is recomputed through, down from what was kept; MOTE_NONE when it is there.
static size_t find_missing(const mote_schedule_builder *b, size_t value, size_t reader)
{
    size_t missing = MOTE_NONE;
    size_t at = mote_schedule_source(b->graph, value);
    for (size_t node = b->graph->values[at].producer;
         node != MOTE_NONE && is_missing(b, node, reader); node = b->graph->values[at].producer) {
        missing = node;
        at = mote_schedule_source(b->graph, b->graph->nodes[node].inputs[0]);
    }
    return missing;
}

/// A recomputed value that backward of `reader` reads is made in front of it.
static mote_status add_recompute(mote_schedule_builder *b, size_t value, size_t reader)
{
    for (size_t node = find_missing(b, value, reader); node != MOTE_NONE;
         node = find_missing(b, value, reader)) {
        MOTE_TRY(add_step(b, MOTE_STEP_RECOMPUTE, node, 0));
        b->readers[node] = reader;
        b->schedule->again[b->graph->nodes[node].outputs[0]] = true;
    }
    return MOTE_OK;
}

/// A backward phase, behind what it reads.
static mote_status add_phase(mote_schedule_builder *b, mote_step_kind kind, size_t index)
{
    const mote_node *node = &b->graph->nodes[index];
    const unsigned phase = mote_step_phase(kind);
    for (size_t i = 0; i < node->input_count; i++) {
        if (node->declaration.input_needs[i] & phase)
            MOTE_TRY(add_recompute(b, node->inputs[i], index));
    }
    if (node->declaration.output_needs & phase)
        MOTE_TRY(add_recompute(b, node->outputs[0], index));
    return add_step(b, kind, index, 0);
}

static mote_status add_gradient(mote_schedule_builder *b, size_t index)
{
    const mote_node *node = &b->graph->nodes[index];
    MOTE_TRY(add_phase(b, MOTE_STEP_GRADIENT, index));
    for (size_t i = 0; i < node->declaration.weight_count; i++) {
        if (mote_graph_is_trained(b->graph, &node->places[i]) &&
            !mote_schedule_is_first_part(b->graph, index, i))
            MOTE_TRY(add_step(b, MOTE_STEP_ADD, index, i));
    }
    return MOTE_OK;
}

static mote_status add_backward(mote_schedule_builder *b, size_t index)
{
    const mote_node *node = &b->graph->nodes[index];
    if (mote_schedule_has_gradient(b->schedule, node))
        MOTE_TRY(add_gradient(b, index));
    if (has_derivative(b->schedule, node))
        MOTE_TRY(add_phase(b, MOTE_STEP_DERIVATIVE, index));
    return MOTE_OK;
}

mote_slice mote_schedule_slice(const mote_schedule_builder *b, size_t node, size_t index)
{
    const mote_declaration *declaration = &b->graph->nodes[node].declaration;
    const size_t extent = declaration->cut_extent;
    const size_t count = b->chosen.slices[node];
    const size_t unit = mote_schedule_count_weight_slices(b, node) > 0 ? declaration->forward_cut
                        : extent / count >= 2 * SLICE_UNIT             ? SLICE_UNIT
                                                                       : 1;
    mote_slice slice = {0};
    slice.count =
        mote_parallel_part(mote_size_ceil_divide(extent, unit), index, count, &slice.first);
    slice.first *= unit;
    slice.count = mote_size_min(slice.count * unit, extent - slice.first);
    return slice;
}

/// Backward of a node whose weight 0 is cut: gradient, derivative and apply of one slice after the other. The derivative
/// may take the input's place, since its slice is read by the gradient alone, and before.
static mote_status add_sliced(mote_schedule_builder *b, size_t index)
{
    const mote_node *node = &b->graph->nodes[index];
    const mote_schedule *schedule = b->schedule;
    for (size_t i = 0; i < b->chosen.slices[index]; i++) {
        size_t step = schedule->step_count;
        MOTE_TRY(add_phase(b, MOTE_STEP_GRADIENT, index));
        if (has_derivative(schedule, node))
            MOTE_TRY(add_phase(b, MOTE_STEP_DERIVATIVE, index));
        if (b->strategy->clip != MOTE_CLIP_NONE)
            MOTE_TRY(add_step(b, MOTE_STEP_CLIP, index, 0));
        MOTE_TRY(add_step(b, MOTE_STEP_APPLY, index, 0));
        for (; step < schedule->step_count; step++) {
            if (schedule->steps[step].kind != MOTE_STEP_RECOMPUTE)
                schedule->steps[step].slice = mote_schedule_slice(b, index, i);
        }
    }
    return b->strategy->averages ? add_step(b, MOTE_STEP_AVERAGE, index, 0) : MOTE_OK;
}

static mote_status add_backward_early(mote_schedule_builder *b)
{
    for (size_t i = b->graph->node_count; i-- > 0;) {
        const size_t node = b->order[i];
        const bool is_sliced = b->chosen.slices[node] > 0 && b->graph->nodes[node].has_gradient;
        MOTE_TRY(is_sliced ? add_sliced(b, node) : add_backward(b, node));
        MOTE_TRY(add_apply(b, node));
    }
    return MOTE_OK;
}

static mote_status add_backward_after_all(mote_schedule_builder *b)
{
    const size_t count = b->graph->node_count;
    for (size_t i = count; i-- > 0;)
        MOTE_TRY(add_backward(b, b->order[i]));
    if (b->strategy->clip == MOTE_CLIP_NORM)
        MOTE_TRY(add_step(b, MOTE_STEP_NORM, MOTE_NONE, 0));
    for (size_t i = count; i-- > 0;)
        MOTE_TRY(add_apply(b, b->order[i]));
    return MOTE_OK;
}

mote_status mote_schedule_make_steps(mote_schedule_builder *b)
{
    for (size_t i = 0; i < b->graph->node_count; i++)
        MOTE_TRY(add_forward(b, b->order[i]));
    if (!b->strategy->training)
        return MOTE_OK;
    if (b->strategy->pauses)
        MOTE_TRY(add_step(b, MOTE_STEP_PAUSE, MOTE_NONE, 0));
    if (b->strategy->apply == MOTE_APPLY_AFTER_ALL)
        return add_backward_after_all(b);
    assert(b->strategy->clip != MOTE_CLIP_NORM);
    return add_backward_early(b);
}
