// SPDX-License-Identifier: Apache-2.0
// From schedule and offsets to a program: every step becomes an operation with the tensors that its layer
// declared for the phase, and no others.
#include "compile/settings.h"

#include "base/hash.h"
#include "base/size.h"

#include <assert.h>

typedef struct linker {
    const mote_compiled *compiled;
    const mote_schedule *schedule;
    size_t index; // of the schedule
    size_t step;  // that is linked
    mote_arena *arena;
    const mote_callee *callees; // by node
    bool poisons;               // dead ranges are listed
    const mote_step_run *run;   // whose part is linked; of a step alone NULL
    mote_slice part;            // channels or samples of it
} linker;

size_t mote_compile_tensor_offset(const mote_compiled *compiled, size_t index, size_t tensor,
                                  size_t step)
{
    if (tensor == MOTE_NONE)
        return MOTE_ABSENT;
    const mote_schedule *schedule = &compiled->schedules[index];
    const mote_schedule_tensor *wanted = &schedule->tensors[tensor];
    const mote_state state = {.blocks = compiled->state_blocks,
                              .block_count = compiled->state_block_count};
    if (wanted->persistent && wanted->block == MOTE_NONE)
        return compiled->state_blocks[mote_state_find(&state, wanted->name)].offset;
    if (wanted->block == MOTE_NONE)
        return MOTE_ABSENT;
    const size_t block = mote_schedule_find_block(schedule, tensor, step);
    assert(schedule->blocks[block].first <= step && step <= schedule->blocks[block].last);
    return compiled->plan.offsets[compiled->first_placements[index] + block];
}

static bool is_by_samples(const linker *l)
{
    return l->run && l->run->by_samples;
}

/// Bytes of a tensor of the whole batch that lie in front of the slice that is linked.
static size_t skipped_bytes(const linker *l, const mote_schedule_tensor *tensor)
{
    if (!is_by_samples(l) || !tensor->spec->batched || tensor->slice_samples > 0)
        return 0;
    return tensor->bytes / l->run->extent * l->part.first;
}

static void link_tensor(const linker *l, mote_operation *operation, size_t tensor)
{
    const size_t at = operation->tensor_count++;
    size_t offset = mote_compile_tensor_offset(l->compiled, l->index, tensor, l->step);
    if (tensor != MOTE_NONE) {
        operation->tensors[at].spec = l->schedule->tensors[tensor].spec;
        if (offset != MOTE_ABSENT)
            offset += skipped_bytes(l, &l->schedule->tensors[tensor]);
    }
    operation->offsets[at] = offset;
}

/// Phases that make outputs from inputs.
#define COMPUTING (MOTE_PHASE_FORWARD | MOTE_PHASE_RECOMPUTE)

/// A spec of its own that may be changed.
static mote_status copy_spec(const linker *l, mote_tensor *linked, mote_tensor_spec **copy)
{
    void *memory = NULL;
    MOTE_TRY(mote_arena_allocate(l->arena, sizeof **copy, &memory));
    *copy = (mote_tensor_spec *)memory;
    **copy = *linked->spec;
    linked->spec = *copy;
    return MOTE_OK;
}

/// The value or its derivative (`tensor`), or, when it is not needed, nothing but its spec.
static mote_status link_value(const linker *l, mote_operation *operation, size_t tensor,
                              size_t value, bool needed)
{
    mote_tensor *linked = &operation->tensors[operation->tensor_count];
    mote_tensor_spec *spec = NULL;
    link_tensor(l, operation, needed ? tensor : MOTE_NONE);
    linked->spec = &l->schedule->graph->values[value].spec;
    if (!needed || tensor == MOTE_NONE || !l->schedule->tensors[tensor].holds_band)
        return MOTE_OK;
    MOTE_TRY(copy_spec(l, linked, &spec));
    spec->shape.dims[0] = l->part.count;
    return MOTE_OK;
}

/// The tensor of a value at a step.
static size_t find_value(const mote_schedule *schedule, const mote_step *step, size_t value)
{
    return step->kind == MOTE_STEP_FORWARD
               ? schedule->values[value]
               : mote_schedule_kept(schedule, value, (size_t)(step - schedule->steps));
}

static mote_status reserve(const linker *l, mote_operation *operation, size_t count)
{
    MOTE_TRY(mote_arena_array(l->arena, count, sizeof *operation->tensors,
                              (void **)&operation->tensors));
    return mote_arena_array(l->arena, count, sizeof *operation->offsets,
                            (void **)&operation->offsets);
}

static mote_status link_values(const linker *l, mote_operation *operation, const mote_step *step)
{
    const mote_schedule *schedule = l->schedule;
    const mote_node *node = &schedule->graph->nodes[step->node];
    const unsigned phase = mote_step_phase(step->kind);
    const bool computes = (phase & COMPUTING) != 0;
    for (size_t i = 0; i < node->input_count; i++) {
        const bool needed = computes || (node->declaration.input_needs[i] & phase);
        MOTE_TRY(link_value(l, operation, find_value(schedule, step, node->inputs[i]),
                            node->inputs[i], needed));
    }
    for (size_t i = 0; i < node->declaration.output_count; i++) {
        const bool needed = computes || (i == 0 && (node->declaration.output_needs & phase));
        MOTE_TRY(link_value(l, operation, find_value(schedule, step, node->outputs[i]),
                            node->outputs[i], needed));
    }
    return MOTE_OK;
}

static mote_status link_derivatives(const linker *l, mote_operation *operation,
                                    const mote_node *node, unsigned phase)
{
    const mote_schedule *schedule = l->schedule;
    const bool backward = (phase & MOTE_PHASE_BACKWARD) != 0;
    for (size_t i = 0; i < node->input_count; i++) {
        const bool wanted = phase == MOTE_PHASE_DERIVATIVE;
        MOTE_TRY(link_value(l, operation, schedule->derivatives[node->inputs[i]], node->inputs[i],
                            wanted));
    }
    for (size_t i = 0; i < node->declaration.output_count; i++)
        MOTE_TRY(link_value(l, operation, schedule->derivatives[node->outputs[i]], node->outputs[i],
                            backward));
    return MOTE_OK;
}

/// A gradient; of a slice of weight 0, with the shape of the slice.
static mote_status link_gradient(const linker *l, mote_operation *operation, const mote_step *step,
                                 size_t weight, size_t tensor)
{
    mote_tensor *linked = &operation->tensors[operation->tensor_count];
    mote_tensor_spec *spec = NULL;
    link_tensor(l, operation, tensor);
    if (step->slice.count == 0 || weight > 0 || tensor == MOTE_NONE)
        return MOTE_OK;
    MOTE_TRY(copy_spec(l, linked, &spec));
    spec->shape.dims[1] = step->slice.count;
    return MOTE_OK;
}

/// A weight, or what the optimizer keeps beside it; where that is all that is in memory, the step's slice of it.
static mote_status link_state(const linker *l, mote_operation *operation, size_t tensor)
{
    mote_tensor *linked = &operation->tensors[operation->tensor_count];
    mote_tensor_spec *spec = NULL;
    link_tensor(l, operation, tensor);
    if (tensor == MOTE_NONE || l->schedule->tensors[tensor].block == MOTE_NONE)
        return MOTE_OK;
    const size_t block = mote_schedule_find_block(l->schedule, tensor, l->step);
    if (l->schedule->blocks[block].slice.count == 0)
        return MOTE_OK;
    assert(l->schedule->blocks[block].slice.first == l->schedule->steps[l->step].slice.first);
    MOTE_TRY(copy_spec(l, linked, &spec));
    spec->shape.dims[1] = l->schedule->blocks[block].slice.count;
    return MOTE_OK;
}

static mote_status link_weights(const linker *l, mote_operation *operation, const mote_step *step)
{
    const mote_declaration *declaration = &l->schedule->graph->nodes[step->node].declaration;
    const mote_node_tensors *tensors = &l->schedule->nodes[step->node];
    const unsigned phase = mote_step_phase(step->kind);
    const bool computes = (phase & COMPUTING) != 0;
    for (size_t i = 0; i < declaration->weight_count; i++) {
        const bool needed = computes || (declaration->weights[i].needs & phase);
        MOTE_TRY(link_state(l, operation, needed ? tensors->weights[i] : MOTE_NONE));
    }
    for (size_t i = 0; i < declaration->weight_count; i++) {
        const size_t gradient = phase == MOTE_PHASE_GRADIENT ? tensors->gradients[i] : MOTE_NONE;
        MOTE_TRY(link_gradient(l, operation, step, i, gradient));
    }
    for (size_t i = 0; i < declaration->weight_count; i++)
        link_tensor(l, operation, phase == MOTE_PHASE_GRADIENT ? tensors->rows[i] : MOTE_NONE);
    for (size_t i = 0; i < declaration->statistic_count; i++) {
        const bool needed = computes || (declaration->statistics[i].needs & phase);
        link_tensor(l, operation, needed ? tensors->statistics[i] : MOTE_NONE);
    }
    return MOTE_OK;
}

static void link_temporaries(const linker *l, mote_operation *operation, size_t node,
                             unsigned phase)
{
    const mote_declaration *declaration = &l->schedule->graph->nodes[node].declaration;
    const mote_node_tensors *tensors = &l->schedule->nodes[node];
    for (size_t i = 0; i < declaration->temporary_count; i++) {
        const bool needed = (declaration->temporaries[i].phases & phase) != 0;
        link_tensor(l, operation, needed ? tensors->temporaries[i] : MOTE_NONE);
    }
}

static mote_layer_callback *callback_of(const mote_node *node, mote_step_kind kind)
{
    const mote_layer *layer = node->layer;
    switch (kind) {
    case MOTE_STEP_FORWARD:
        return layer->forward;
    case MOTE_STEP_GRADIENT:
        return layer->calc_gradient;
    case MOTE_STEP_DERIVATIVE:
        return layer->calc_derivative;
    case MOTE_STEP_RECOMPUTE:
        return node->declaration.recomputes ? layer->recompute : layer->forward;
    case MOTE_STEP_UPDATE:
        return layer->update;
    case MOTE_STEP_READ:
    case MOTE_STEP_PAUSE:
    case MOTE_STEP_ADD:
    case MOTE_STEP_NORM:
    case MOTE_STEP_CLIP:
    case MOTE_STEP_APPLY:
    case MOTE_STEP_AVERAGE:
        break;
    }
    return NULL;
}

/// Of weights, or of channels or samples in a run.
static void choose_slice(const linker *l, const mote_step *step, mote_operation *operation)
{
    const size_t extent = l->schedule->graph->nodes[step->node].declaration.cut_extent;
    operation->slice = (mote_slice){0, extent};
    if (step->slice.count > 0) {
        operation->slice = step->slice;
        operation->multiply_adds *= (double)step->slice.count / (double)extent;
    } else if (l->run) {
        mote_slice *part = is_by_samples(l) ? &operation->samples : &operation->slice;
        *part = l->part;
        operation->multiply_adds *= (double)part->count / (double)l->run->extent;
    }
}

static mote_status link_layer(const linker *l, const mote_step *step, mote_operation *operation)
{
    const mote_node *node = &l->schedule->graph->nodes[step->node];
    const mote_declaration *declaration = &node->declaration;
    const unsigned phase = mote_step_phase(step->kind);
    const bool is_loss = node->layer->kind == MOTE_LAYER_LOSS && step->kind == MOTE_STEP_FORWARD;
    MOTE_TRY(reserve(l, operation,
                     2 * node->input_count + 2 * declaration->output_count +
                         3 * declaration->weight_count + declaration->statistic_count +
                         declaration->temporary_count + 1));
    operation->run = is_loss ? mote_operation_loss : mote_operation_layer;
    operation->callback = callback_of(node, step->kind);
    operation->callee = &l->callees[step->node];
    operation->training = l->schedule->training;
    if (step->scratch != MOTE_NONE)
        operation->scratch_bytes = l->schedule->tensors[step->scratch].bytes;
    operation->multiply_adds = mote_declaration_work(declaration, phase);
    choose_slice(l, step, operation);
    MOTE_TRY(link_values(l, operation, step));
    MOTE_TRY(link_derivatives(l, operation, node, phase));
    MOTE_TRY(link_weights(l, operation, step));
    link_temporaries(l, operation, step->node, phase);
    link_tensor(l, operation, step->scratch); // the last one, see mote_operation_make_run
    return MOTE_OK;
}

static mote_status link_read(const linker *l, const mote_step *step, mote_operation *operation)
{
    MOTE_TRY(reserve(l, operation, 1));
    operation->run = mote_operation_read;
    operation->port = step->index;
    operation->range = l->schedule->graph->values[l->schedule->graph->ports[step->index]].range;
    link_tensor(l, operation, l->schedule->values[l->schedule->graph->ports[step->index]]);
    return MOTE_OK;
}

static mote_status link_apply(const linker *l, const mote_step *step, mote_operation *operation)
{
    const mote_node_tensors *tensors = &l->schedule->nodes[step->node];
    MOTE_TRY(reserve(l, operation, MOTE_APPLY_SLOTS + MOTE_OPTIMIZER_SLOTS_MAX));
    operation->run = mote_operation_apply;
    operation->slice = step->slice;
    MOTE_TRY(link_state(l, operation, tensors->weights[step->index]));
    MOTE_TRY(link_gradient(l, operation, step, step->index, tensors->sums[step->index]));
    link_tensor(l, operation, tensors->rows[step->index]);
    link_tensor(l, operation, step->scratch);
    for (size_t i = 0; i < MOTE_OPTIMIZER_SLOTS_MAX; i++)
        MOTE_TRY(
            link_state(l, operation, tensors->slots[step->index * MOTE_OPTIMIZER_SLOTS_MAX + i]));
    return MOTE_OK;
}

static mote_status link_add(const linker *l, const mote_step *step, mote_operation *operation)
{
    const mote_schedule *schedule = l->schedule;
    const mote_weight_place *place = &schedule->graph->nodes[step->node].places[step->index];
    MOTE_TRY(reserve(l, operation, MOTE_ADD_TENSORS));
    operation->run = mote_operation_add;
    link_tensor(l, operation, schedule->nodes[place->node].sums[place->weight]);
    link_tensor(l, operation, schedule->nodes[step->node].gradients[step->index]);
    return MOTE_OK;
}

/// Gradients that are applied.
static size_t count_sums(const mote_schedule *schedule)
{
    size_t count = 0;
    for (size_t i = 0; i < schedule->graph->node_count; i++) {
        for (size_t j = 0; j < schedule->graph->nodes[i].declaration.weight_count; j++)
            count += schedule->nodes[i].sums[j] != MOTE_NONE;
    }
    return count;
}

/// All gradients, in the order of the nodes and of each node's weights.
static mote_status link_norm(const linker *l, const mote_step *step, mote_operation *operation)
{
    const mote_schedule *schedule = l->schedule;
    MOTE_TRY(reserve(l, operation, MOTE_NORM_GRADIENTS + 2 * count_sums(schedule)));
    operation->run = mote_operation_norm;
    operation->limit = l->compiled->settings.clip_limit;
    link_tensor(l, operation, step->scratch);
    link_tensor(l, operation, schedule->clip_factor);
    for (size_t i = 0; i < schedule->graph->node_count; i++) {
        for (size_t j = 0; j < schedule->graph->nodes[i].declaration.weight_count; j++) {
            if (schedule->nodes[i].sums[j] == MOTE_NONE)
                continue;
            link_tensor(l, operation, schedule->nodes[i].sums[j]);
            link_tensor(l, operation, schedule->nodes[i].rows[j]);
        }
    }
    return MOTE_OK;
}

static mote_status link_clip(const linker *l, const mote_step *step, mote_operation *operation)
{
    const mote_schedule *schedule = l->schedule;
    MOTE_TRY(reserve(l, operation, MOTE_CLIP_TENSORS));
    operation->run = schedule->clip == MOTE_CLIP_NORM ? mote_operation_scale : mote_operation_limit;
    operation->limit = l->compiled->settings.clip_limit;
    MOTE_TRY(link_gradient(l, operation, step, step->index,
                           schedule->nodes[step->node].sums[step->index]));
    link_tensor(l, operation, schedule->nodes[step->node].rows[step->index]);
    link_tensor(l, operation, schedule->clip_factor);
    return MOTE_OK;
}

static mote_status link_average(const linker *l, const mote_step *step, mote_operation *operation)
{
    const mote_node_tensors *tensors = &l->schedule->nodes[step->node];
    MOTE_TRY(reserve(l, operation, MOTE_AVERAGE_TENSORS));
    operation->run = mote_operation_average;
    operation->kept_share = l->compiled->settings.moving_average;
    link_tensor(l, operation, tensors->averages[step->index]);
    link_tensor(l, operation, tensors->weights[step->index]);
    return MOTE_OK;
}

/// The blocks whose life ends with this step.
static mote_status link_dead(const linker *l, size_t step, mote_operation *operation)
{
    const mote_schedule *schedule = l->schedule;
    mote_dead_range *ranges = NULL;
    size_t count = 0;
    const size_t *offsets = l->compiled->plan.offsets + l->compiled->first_placements[l->index];
    for (size_t i = 0; i < schedule->block_count; i++)
        count += schedule->blocks[i].last == step;
    MOTE_TRY(mote_arena_array(l->arena, count, sizeof *ranges, (void **)&ranges));
    for (size_t i = 0; i < schedule->block_count; i++) {
        if (schedule->blocks[i].last == step && step + 1 < schedule->step_count)
            ranges[operation->dead_count++] =
                (mote_dead_range){offsets[i], schedule->blocks[i].bytes};
    }
    operation->dead = ranges;
    return MOTE_OK;
}

static mote_status link_kind(const linker *l, const mote_step *step, mote_operation *operation)
{
    switch (step->kind) {
    case MOTE_STEP_READ:
        return link_read(l, step, operation);
    case MOTE_STEP_FORWARD:
    case MOTE_STEP_GRADIENT:
    case MOTE_STEP_DERIVATIVE:
    case MOTE_STEP_RECOMPUTE:
    case MOTE_STEP_UPDATE:
        return link_layer(l, step, operation);
    case MOTE_STEP_PAUSE:
        operation->run = mote_operation_pause;
        return MOTE_OK;
    case MOTE_STEP_ADD:
        return link_add(l, step, operation);
    case MOTE_STEP_NORM:
        return link_norm(l, step, operation);
    case MOTE_STEP_CLIP:
        return link_clip(l, step, operation);
    case MOTE_STEP_APPLY:
        return link_apply(l, step, operation);
    case MOTE_STEP_AVERAGE:
        return link_average(l, step, operation);
    }
    return MOTE_OK;
}

static mote_status link_step(linker *l, size_t index, mote_operation *operation)
{
    const mote_step *step = &l->schedule->steps[index];
    l->step = index;
    char text[256];
    char *name = NULL;
    MOTE_TRY(mote_arena_format(l->arena, &name, "%s",
                               mote_step_text(l->schedule, index, text, sizeof text)));
    operation->name = name;
    operation->phase = mote_step_kind_text(step->kind);
    operation->layer = step->node == MOTE_NONE ? "" : l->schedule->graph->nodes[step->node].name;
    operation->changes = step->kind == MOTE_STEP_UPDATE || step->kind == MOTE_STEP_APPLY ||
                         step->kind == MOTE_STEP_AVERAGE;
    MOTE_TRY(link_kind(l, step, operation));
    const bool is_last = !l->run || l->part.first + l->part.count == l->run->extent;
    return is_last && l->poisons ? link_dead(l, index, operation) : MOTE_OK;
}

/// All parts of a run.
static mote_status link_run(linker *l, const mote_step_run *run, mote_program *program)
{
    l->run = run;
    for (size_t i = 0; i < run->count; i++) {
        l->part = mote_schedule_part(run, i);
        for (size_t step = run->first; step < run->end; step++)
            MOTE_TRY(link_step(l, step, &program->operations[program->operation_count++]));
    }
    l->run = NULL;
    return MOTE_OK;
}

size_t mote_compile_find_operation(const mote_schedule *schedule, size_t step)
{
    size_t operation = 0;
    for (size_t i = 0; i < step;) {
        const mote_step_run *run = &schedule->steps[i].run;
        operation += run->count > 0 ? run->count * (run->end - run->first) : 1;
        i = run->count > 0 ? run->end : i + 1;
    }
    return operation;
}

static mote_status link_results(const linker *l, mote_program *program)
{
    const mote_graph *graph = l->schedule->graph;
    assert(l->step == l->schedule->step_count - 1);
    program->result_count = mote_graph_result_count(graph);
    MOTE_TRY(mote_arena_array(l->arena, program->result_count, sizeof *program->result_offsets,
                              (void **)&program->result_offsets));
    for (size_t i = 0; i < program->result_count; i++) {
        const size_t tensor = l->schedule->values[mote_graph_result(graph, i)];
        program->result_offsets[i] =
            mote_compile_tensor_offset(l->compiled, l->index, tensor, l->step);
        assert(program->result_offsets[i] != MOTE_ABSENT);
    }
    return MOTE_OK;
}

static mote_status link_outputs(const linker *l, mote_program *program)
{
    const mote_graph *graph = l->schedule->graph;
    MOTE_TRY(mote_arena_array(l->arena, graph->output_count, sizeof *program->output_offsets,
                              (void **)&program->output_offsets));
    for (size_t i = 0; i < graph->output_count; i++) {
        const size_t value = graph->outputs[i];
        const size_t tensor =
            graph->values[value].reaches_loss ? l->schedule->values[value] : MOTE_NONE;
        program->output_offsets[i] =
            mote_compile_tensor_offset(l->compiled, l->index, tensor, l->step);
    }
    return MOTE_OK;
}

/// The caller reads outputs where they are in front of this step.
static mote_status link_pause(linker *l, size_t step, mote_program *program)
{
    program->pause = program->operation_count;
    l->step = step;
    return link_outputs(l, program);
}

static mote_status list_callees(linker *l)
{
    const mote_graph *graph = l->schedule->graph;
    mote_callee *callees = NULL;
    MOTE_TRY(mote_arena_array(l->arena, graph->node_count, sizeof *callees, (void **)&callees));
    for (size_t i = 0; i < graph->node_count; i++) {
        const mote_node *node = &graph->nodes[i];
        callees[i] = (mote_callee){.layer = node->layer,
                                   .state = node->state,
                                   .declaration = &node->declaration,
                                   .input_count = node->input_count,
                                   .loss_weight = (mote_real)node->loss_weight,
                                   .random_name = mote_hash_name(node->name)};
    }
    l->callees = callees;
    return MOTE_OK;
}

static mote_status link_steps(linker *l, mote_program *program)
{
    const mote_schedule *schedule = l->schedule;
    for (size_t i = 0; i < schedule->step_count;) {
        const mote_step *step = &schedule->steps[i];
        if (step->kind == MOTE_STEP_PAUSE)
            MOTE_TRY(link_pause(l, i, program));
        if (step->run.count > 0)
            MOTE_TRY(link_run(l, &step->run, program));
        else
            MOTE_TRY(link_step(l, i, &program->operations[program->operation_count++]));
        i = step->run.count > 0 ? step->run.end : i + 1;
    }
    return MOTE_OK;
}

mote_status mote_compile_link(const mote_compiled *compiled, size_t index, mote_arena *arena,
                              mote_program *program)
{
    const mote_schedule *schedule = &compiled->schedules[index];
    linker l = {.compiled = compiled,
                .schedule = schedule,
                .index = index,
                .arena = arena,
                .poisons = program->poison};
    program->name = schedule->name;
    program->operation_count = 0;
    MOTE_TRY(mote_arena_array(arena, mote_compile_find_operation(schedule, schedule->step_count),
                              sizeof *program->operations, (void **)&program->operations));
    program->pause = MOTE_ABSENT;
    MOTE_TRY(list_callees(&l));
    MOTE_TRY(link_steps(&l, program));
    MOTE_TRY(link_results(&l, program));
    return mote_compile_transfers(compiled, index, arena, program);
}
