// SPDX-License-Identifier: Apache-2.0
// An independent check of a schedule: replays its steps and watches what each block holds. Knows the
// declarations and which tensors share a block, nothing of how lives and aliases were found.
#ifndef MOTE_TESTS_UNIT_SCHEDULE_REPLAY_H
#define MOTE_TESTS_UNIT_SCHEDULE_REPLAY_H

#include "schedule/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define REPLAY_USES_MAX 64U

/// A tensor in a step.
typedef struct replay_use {
    size_t tensor;
    bool reads, writes;
    bool is_target;  // the output or derivative that may be written in place,
    bool is_operand; // over what this step reads there
} replay_use;

typedef struct replay {
    const mote_schedule *schedule;
    size_t *contents; // by tensor: equal for tensors that are views of each other
    size_t *held;     // by block: the content that it holds, or MOTE_NONE
    bool *seen;       // by tensor: a temporary that a step has used
    size_t *derived;  // by node: where its derivative begins that no slice has written
    size_t step;
    replay_use uses[REPLAY_USES_MAX]; // of the step
    size_t use_count;
    char problem[512]; // the first one, or ""
} replay;

static inline void replay_report(replay *r, size_t tensor, const char *what)
{
    char text[256];
    if (r->problem[0])
        return;
    (void)snprintf(r->problem, sizeof r->problem, "step %zu, %s: '%s' %s", r->step,
                   mote_step_text(r->schedule, r->step, text, sizeof text),
                   tensor == MOTE_NONE ? "?" : r->schedule->tensors[tensor].name, what);
}

static inline replay_use *replay_add(replay *r, size_t tensor, bool reads, bool writes)
{
    assert_true(r->use_count < REPLAY_USES_MAX);
    replay_use *const use = &r->uses[r->use_count++];
    *use = (replay_use){.tensor = tensor, .reads = reads, .writes = writes};
    return use;
}

static inline replay_use *replay_read(replay *r, size_t tensor)
{
    if (tensor == MOTE_NONE)
        replay_report(r, tensor, "is read but not there");
    return replay_add(r, tensor, true, false);
}

/// Tensors that are not there are not wanted.
static inline replay_use *replay_write(replay *r, size_t tensor)
{
    return replay_add(r, tensor, false, true);
}

static inline void replay_forward(replay *r, const mote_node *node)
{
    const size_t *const values = r->schedule->values;
    for (size_t i = 0; i < node->input_count; i++) {
        replay_use *const use = replay_read(r, values[node->inputs[i]]);
        // a third input is read after the sum of the first two was written
        use->is_operand =
            node->declaration.output_over_input && (i == 0 || (i == 1 && node->input_count == 2));
    }
    for (size_t i = 0; i < node->declaration.output_count; i++)
        replay_write(r, values[node->outputs[i]])->is_target = i == 0;
}

/// Makes the output again from what backward has of the input.
static inline void replay_recompute(replay *r, const mote_node *node)
{
    replay_read(r, mote_schedule_kept(r->schedule, node->inputs[0], r->step))->is_operand =
        node->declaration.output_over_input;
    replay_write(r, r->schedule->steps[r->step].made)->is_target = true;
}

/// The input of a gradient. Slices of the derivative may have replaced those of the input that were read before.
static inline void replay_input(replay *r, const mote_node *node, size_t index, bool is_operand)
{
    const mote_schedule *const schedule = r->schedule;
    const mote_step *const step = &schedule->steps[r->step];
    const size_t input = mote_schedule_kept(schedule, node->inputs[index], r->step);
    const size_t derivative = schedule->derivatives[node->inputs[index]];
    const bool is_replaced = step->kind == MOTE_STEP_GRADIENT && step->slice.first > 0 &&
                             derivative != MOTE_NONE &&
                             schedule->tensors[input].block == schedule->tensors[derivative].block;
    if (is_replaced && r->derived[step->node] > step->slice.first)
        replay_report(r, input, "is read where its derivative is already");
    replay_read(r, is_replaced ? derivative : input)->is_operand = is_operand;
}

/// What a backward phase reads.
static inline void replay_needs(replay *r, const mote_node *node, unsigned phase)
{
    const mote_declaration *const declaration = &node->declaration;
    const bool derives = phase == MOTE_PHASE_DERIVATIVE;
    for (size_t i = 0; i < declaration->output_count; i++) {
        // of several outputs, one that no loss follows has no derivative
        const bool is_dead = declaration->output_count > 1 &&
                             !r->schedule->graph->values[node->outputs[i]].reaches_loss;
        if (node->layer->kind != MOTE_LAYER_LOSS && !is_dead)
            replay_read(r, r->schedule->derivatives[node->outputs[i]])->is_operand =
                derives && declaration->derivative_over_output_derivative;
    }
    for (size_t i = 0; i < node->input_count; i++) {
        if (declaration->input_needs[i] & phase)
            replay_input(r, node, i, derives && i == 0 && declaration->derivative_over_input);
    }
    if (!(declaration->output_needs & phase))
        return;
    const size_t input = mote_schedule_kept(r->schedule, node->inputs[0], r->step);
    const size_t output = mote_schedule_kept(r->schedule, node->outputs[0], r->step);
    const bool in_place = r->schedule->tensors[input].block == r->schedule->tensors[output].block;
    replay_read(r, output)->is_operand =
        derives && declaration->output_over_input && in_place && declaration->derivative_over_input;
}

static inline void replay_gradient(replay *r, size_t index)
{
    const mote_node *const node = &r->schedule->graph->nodes[index];
    replay_needs(r, node, MOTE_PHASE_GRADIENT);
    for (size_t i = 0; i < node->declaration.weight_count; i++) {
        (void)replay_write(r, r->schedule->nodes[index].gradients[i]);
        (void)replay_write(r, r->schedule->nodes[index].rows[i]);
    }
}

static inline void replay_derivative(replay *r, const mote_node *node)
{
    replay_needs(r, node, MOTE_PHASE_DERIVATIVE);
    for (size_t i = 0; i < node->input_count; i++)
        replay_write(r, r->schedule->derivatives[node->inputs[i]])->is_target = i == 0;
    const mote_step *const step = &r->schedule->steps[r->step];
    r->derived[step->node] = step->slice.first + step->slice.count;
}

/// The first phase that uses a temporary writes it, later ones read and write.
static inline void replay_temporaries(replay *r, size_t index, unsigned phase)
{
    const mote_declaration *const declaration = &r->schedule->graph->nodes[index].declaration;
    for (size_t i = 0; i < declaration->temporary_count; i++) {
        const size_t tensor = r->schedule->nodes[index].temporaries[i];
        if (!(declaration->temporaries[i].phases & phase) || tensor == MOTE_NONE)
            continue;
        (void)replay_add(r, tensor, r->seen[tensor], true);
        r->seen[tensor] = true;
    }
}

/// A gradient and, where it has some rows only, which.
static inline void replay_sum(replay *r, size_t node, size_t weight)
{
    (void)replay_read(r, r->schedule->nodes[node].sums[weight]);
    if (r->schedule->nodes[node].rows[weight] != MOTE_NONE)
        (void)replay_read(r, r->schedule->nodes[node].rows[weight]);
}

/// Reads every gradient of the program.
static inline void replay_norm(replay *r)
{
    const mote_graph *const graph = r->schedule->graph;
    for (size_t i = 0; i < graph->node_count; i++) {
        for (size_t j = 0; j < graph->nodes[i].declaration.weight_count; j++) {
            if (r->schedule->nodes[i].sums[j] != MOTE_NONE)
                replay_sum(r, i, j);
        }
    }
    (void)replay_write(r, r->schedule->clip_factor);
}

/// Adds what this node made to what others made.
static inline void replay_part(replay *r, const mote_step *step)
{
    const mote_schedule *const schedule = r->schedule;
    const mote_weight_place *const place = &schedule->graph->nodes[step->node].places[step->index];
    (void)replay_read(r, schedule->nodes[step->node].gradients[step->index]);
    (void)replay_add(r, schedule->nodes[place->node].sums[place->weight], true, true);
}

/// What a phase of a layer uses.
static inline void replay_phase(replay *r, const mote_step *step)
{
    const mote_node *const node = &r->schedule->graph->nodes[step->node];
    replay_temporaries(r, step->node, mote_step_phase(step->kind));
    if (step->kind == MOTE_STEP_FORWARD)
        replay_forward(r, node);
    if (step->kind == MOTE_STEP_GRADIENT)
        replay_gradient(r, step->node);
    if (step->kind == MOTE_STEP_DERIVATIVE)
        replay_derivative(r, node);
    if (step->kind == MOTE_STEP_RECOMPUTE)
        replay_recompute(r, node);
}

static inline void replay_outputs(replay *r)
{
    const mote_graph *const graph = r->schedule->graph;
    for (size_t i = 0; i < graph->output_count; i++) {
        if (graph->values[graph->outputs[i]].reaches_loss)
            (void)replay_read(r, r->schedule->values[graph->outputs[i]]);
    }
}

/// Lists the uses of the current step.
static inline void replay_list(replay *r)
{
    const mote_schedule *const schedule = r->schedule;
    const mote_step *const step = &schedule->steps[r->step];
    r->use_count = 0;
    (void)replay_write(r, step->scratch);
    switch (step->kind) {
    case MOTE_STEP_READ:
        (void)replay_write(r, schedule->values[schedule->graph->ports[step->index]]);
        break;
    case MOTE_STEP_FORWARD:
    case MOTE_STEP_GRADIENT:
    case MOTE_STEP_DERIVATIVE:
    case MOTE_STEP_RECOMPUTE:
    case MOTE_STEP_UPDATE:
        replay_phase(r, step);
        break;
    case MOTE_STEP_PAUSE:
        replay_outputs(r);
        break;
    case MOTE_STEP_ADD:
        replay_part(r, step);
        break;
    case MOTE_STEP_NORM:
        replay_norm(r);
        break;
    case MOTE_STEP_CLIP:
        if (schedule->clip == MOTE_CLIP_NORM)
            (void)replay_read(r, schedule->clip_factor);
        replay_sum(r, step->node, step->index);
        break;
    case MOTE_STEP_APPLY:
        replay_sum(r, step->node, step->index);
        break;
    case MOTE_STEP_AVERAGE:
        break;
    }
}

/// A use must lie in a block that lives now, is large enough and holds what is read.
static inline void replay_check_use(replay *r, const replay_use *use)
{
    const mote_schedule_tensor *const tensor = &r->schedule->tensors[use->tensor];
    if (tensor->persistent || tensor->block == MOTE_NONE) {
        replay_report(r, use->tensor, "has no block");
        return;
    }
    const mote_block *const block = &r->schedule->blocks[tensor->block];
    if (r->step < block->first || r->step > block->last)
        replay_report(r, use->tensor, "is used outside of its block's life");
    const mote_step_run *const run = &r->schedule->steps[r->step].run;
    const bool is_anew =
        tensor->slice_samples > 0 || (run->by_samples && tensor->kind == MOTE_BLOCK_KIND_SCRATCH);
    if (run->count > 0 && !is_anew && (block->first > run->first || block->last + 1 < run->end))
        replay_report(r, use->tensor, "does not live through all of its run");
    if (tensor->slice_samples > 0 &&
        (!run->by_samples || tensor->first < run->first || tensor->last >= run->end))
        replay_report(r, use->tensor, "holds a slice of the batch outside of its run");
    if (tensor->holds_band && (run->count == 0 || tensor->spec->shape.dims[0] != run->height ||
                               tensor->first < run->first || tensor->last >= run->end))
        replay_report(r, use->tensor, "holds a band outside of its run");
    if (tensor->bytes > block->bytes)
        replay_report(r, use->tensor, "is larger than its block");
    if (use->reads && r->held[tensor->block] != r->contents[use->tensor])
        replay_report(r, use->tensor, "is read but its block holds something else");
}

/// What is written may share its block with nothing else in the step, but in place.
static inline void replay_check_pair(replay *r, const replay_use *written, const replay_use *other)
{
    const mote_schedule_tensor *const tensors = r->schedule->tensors;
    if (tensors[written->tensor].block != tensors[other->tensor].block ||
        r->contents[written->tensor] == r->contents[other->tensor])
        return;
    if (!written->is_target || !other->is_operand)
        replay_report(r, written->tensor, "is written over what else the step uses");
}

static inline void replay_run(replay *r)
{
    replay_list(r);
    for (size_t i = 0; i < r->use_count; i++) {
        if (r->uses[i].tensor != MOTE_NONE)
            replay_check_use(r, &r->uses[i]);
    }
    for (size_t i = 0; i < r->use_count && !r->problem[0]; i++) {
        for (size_t j = 0; r->uses[i].writes && j < r->use_count; j++) {
            if (r->uses[i].tensor != MOTE_NONE && r->uses[j].tensor != MOTE_NONE)
                replay_check_pair(r, &r->uses[i], &r->uses[j]);
        }
    }
    for (size_t i = 0; i < r->use_count && !r->problem[0]; i++) {
        const replay_use *const use = &r->uses[i];
        if (use->writes && use->tensor != MOTE_NONE)
            r->held[r->schedule->tensors[use->tensor].block] = r->contents[use->tensor];
    }
}

static inline void replay_join(replay *r, size_t a, size_t b)
{
    if (a == MOTE_NONE || b == MOTE_NONE)
        return;
    const size_t from = r->contents[a];
    for (size_t i = 0; i < r->schedule->tensor_count; i++) {
        if (r->contents[i] == from)
            r->contents[i] = r->contents[b];
    }
}

/// Views of values and of derivatives are one content, and must be one block.
static inline void replay_find_views(replay *r)
{
    const mote_schedule *const schedule = r->schedule;
    for (size_t i = 0; i < schedule->graph->node_count; i++) {
        const mote_node *const node = &schedule->graph->nodes[i];
        for (size_t j = 0; node->declaration.view && j < node->declaration.output_count; j++) {
            replay_join(r, schedule->values[node->inputs[0]], schedule->values[node->outputs[j]]);
        }
        for (size_t j = 0; node->declaration.derivative_view && j < node->input_count; j++)
            replay_join(r, schedule->derivatives[node->inputs[j]],
                        schedule->derivatives[node->outputs[0]]);
    }
}

static inline void *replay_memory(size_t count, size_t element_bytes)
{
    void *const memory = calloc(count + 1, element_bytes);
    assert_non_null(memory);
    return memory;
}

static inline void replay_all(replay *r)
{
    const mote_schedule *const schedule = r->schedule;
    const mote_graph *const graph = schedule->graph;
    for (size_t i = 0; i < schedule->tensor_count; i++)
        r->contents[i] = i;
    for (size_t i = 0; i < schedule->block_count; i++)
        r->held[i] = MOTE_NONE;
    replay_find_views(r);
    for (r->step = 0; r->step < schedule->step_count && !r->problem[0]; r->step++)
        replay_run(r);
    r->step = schedule->step_count - 1;
    r->use_count = 0;
    for (size_t i = 0; i < mote_graph_result_count(graph); i++)
        replay_check_use(r, replay_read(r, schedule->values[mote_graph_result(graph, i)]));
}

/// False, and says why, when a step reads what is not there any more, or not yet.
static inline bool replay_is_right(const mote_schedule *schedule, char *problem, size_t bytes)
{
    replay r = {.schedule = schedule,
                .contents = replay_memory(schedule->tensor_count, sizeof *r.contents),
                .held = replay_memory(schedule->block_count, sizeof *r.held),
                .seen = replay_memory(schedule->tensor_count, sizeof *r.seen),
                .derived = replay_memory(schedule->graph->node_count, sizeof *r.derived)};
    replay_all(&r);
    free(r.contents);
    free(r.held);
    free(r.seen);
    free(r.derived);
    (void)snprintf(problem, bytes, "%s", r.problem);
    return !r.problem[0];
}

static inline void replay_check(const mote_schedule *schedule)
{
    char problem[512];
    if (!replay_is_right(schedule, problem, sizeof problem))
        fail_msg("%s", problem);
}

#endif
