// SPDX-License-Identifier: Apache-2.0
// The tensors of a program: one for each value, derivative, weight, gradient, optimizer slot, statistic,
// temporary and scratch that its steps use.
#include "base/size.h"
#include "schedule/build.h"

#include <stdio.h>

static mote_status add_tensor(mote_schedule_builder *b, const mote_schedule_tensor *tensor,
                              size_t *index)
{
    mote_schedule *schedule = b->schedule;
    void *tensors = schedule->tensors;
    MOTE_TRY(mote_arena_grow(b->scratch, &tensors, &b->tensor_capacity, schedule->tensor_count,
                             sizeof *schedule->tensors));
    schedule->tensors = (mote_schedule_tensor *)tensors;
    mote_schedule_tensor *added = &schedule->tensors[schedule->tensor_count];
    *added = *tensor;
    added->first = MOTE_NONE;
    added->last = 0;
    added->block = MOTE_NONE;
    if (!added->bytes)
        MOTE_TRY(mote_tensor_spec_bytes(added->spec, b->graph->batch, &added->bytes));
    *index = schedule->tensor_count++;
    return MOTE_OK;
}

static mote_status add_derived(mote_schedule_builder *b, mote_schedule_tensor tensor,
                               const char *name, const char *suffix, size_t *index)
{
    char *text = NULL;
    MOTE_TRY(mote_arena_format(b->arena, &text, "%s%s", name, suffix));
    tensor.name = text;
    return add_tensor(b, &tensor, index);
}

/// NULL where it would be empty: many nodes have no weights.
static mote_status make_index(mote_schedule_builder *b, size_t count, size_t **list)
{
    if (count == 0)
        return MOTE_OK;
    MOTE_TRY(mote_arena_array(b->arena, count, sizeof **list, (void **)list));
    for (size_t i = 0; i < count; i++)
        (*list)[i] = MOTE_NONE;
    return MOTE_OK;
}

/// What the RECOMPUTE steps make; numbered where there are several of a value.
static mote_status make_recomputed(mote_schedule_builder *b)
{
    mote_schedule *schedule = b->schedule;
    for (size_t i = 0; i < schedule->step_count; i++) {
        mote_step *step = &schedule->steps[i];
        if (step->kind != MOTE_STEP_RECOMPUTE)
            continue;
        size_t number = 1;
        for (size_t j = 0; j < i; j++)
            number +=
                schedule->steps[j].kind == step->kind && schedule->steps[j].node == step->node;
        const mote_value *value = &b->graph->values[b->graph->nodes[step->node].outputs[0]];
        const mote_schedule_tensor tensor = {.kind = MOTE_BLOCK_KIND_ACTIVATIONS,
                                             .spec = &value->spec};
        char suffix[64] = " recomputed";
        if (number > 1)
            (void)snprintf(suffix, sizeof suffix, " recomputed %zu", number);
        MOTE_TRY(add_derived(b, tensor, value->name, suffix, &step->made));
    }
    return MOTE_OK;
}

static mote_status make_values(mote_schedule_builder *b)
{
    mote_schedule *schedule = b->schedule;
    MOTE_TRY(make_index(b, b->graph->value_count, &schedule->values));
    MOTE_TRY(make_index(b, b->graph->value_count, &schedule->derivatives));
    for (size_t i = 0; i < b->graph->value_count; i++) {
        const mote_value *value = &b->graph->values[i];
        mote_schedule_tensor tensor = {.name = value->name, .spec = &value->spec};
        tensor.kind =
            value->port == MOTE_NONE ? MOTE_BLOCK_KIND_ACTIVATIONS : MOTE_BLOCK_KIND_BATCH;
        MOTE_TRY(add_tensor(b, &tensor, &schedule->values[i]));
        if (!schedule->training || !value->needs_derivative)
            continue;
        tensor.kind = MOTE_BLOCK_KIND_DERIVATIVES;
        MOTE_TRY(add_derived(b, tensor, value->name, " derivative", &schedule->derivatives[i]));
    }
    return MOTE_OK;
}

static mote_status make_slots(mote_schedule_builder *b, const mote_node *node, size_t weight,
                              size_t *slots)
{
    mote_schedule_tensor slot = {.kind = MOTE_BLOCK_KIND_OPTIMIZER,
                                 .spec = &node->declaration.weights[weight].spec,
                                 .persistent = true};
    for (size_t i = 0; i < b->strategy->slot_count; i++) {
        char *name = NULL;
        MOTE_TRY(mote_arena_format(b->arena, &name, "%s.%s", node->weight_names[weight],
                                   b->strategy->slot_names[i]));
        slot.name = name;
        MOTE_TRY(add_tensor(b, &slot, &slots[i]));
    }
    return MOTE_OK;
}

/// Whether the gradient holds only the rows that a batch can touch: parts of several layers would be of other rows.
static bool has_rows(const mote_schedule_builder *b, size_t index, size_t weight)
{
    const mote_node *node = &b->graph->nodes[index];
    if (b->strategy->whole_gradients || node->declaration.weights[weight].gradient_rows == 0)
        return false;
    for (size_t i = 0; i < b->graph->node_count; i++) {
        if (i != index && mote_graph_uses(b->graph, i, &node->places[weight]))
            return false;
    }
    return true;
}

mote_status mote_schedule_copy_spec(const mote_schedule_builder *b, const mote_tensor_spec *spec,
                                    mote_tensor_spec **copy)
{
    void *memory = NULL;
    MOTE_TRY(mote_arena_allocate(b->arena, sizeof **copy, &memory));
    *copy = memory;
    **copy = *spec;
    return MOTE_OK;
}

static mote_status make_rows(mote_schedule_builder *b, size_t index, size_t weight)
{
    const mote_node *node = &b->graph->nodes[index];
    const size_t count = node->declaration.weights[weight].gradient_rows;
    const mote_tensor_spec spec = {.dtype = MOTE_DTYPE_I32,
                                   .shape = {.rank = 1, .dims = {count + 1}}};
    mote_schedule_tensor tensor = {.kind = MOTE_BLOCK_KIND_GRADIENTS};
    mote_tensor_spec *copy = NULL;
    MOTE_TRY(mote_schedule_copy_spec(b, &spec, &copy));
    tensor.spec = copy;
    return add_derived(b, tensor, node->weight_names[weight], " gradient rows",
                       &b->schedule->nodes[index].rows[weight]);
}

/// Whether a program that trains changes the node's own weights.
static bool is_ever_trained(const mote_node *node)
{
    return node->trainable && node->layer->calc_gradient;
}

static mote_status add_average(mote_schedule_builder *b, mote_schedule_tensor weight, size_t *index)
{
    char *name = NULL;
    MOTE_TRY(mote_arena_format(b->arena, &name, MOTE_AVERAGE_NAME, weight.name));
    weight.name = name;
    weight.kind = MOTE_BLOCK_KIND_OPTIMIZER;
    return add_tensor(b, &weight, index);
}

/// Of the gradient that is applied: some rows of the weight, or a slice of it, or all.
static mote_status find_sum_spec(mote_schedule_builder *b, size_t index, size_t weight,
                                 const mote_tensor_spec **spec)
{
    const mote_weight_declaration *declared = &b->graph->nodes[index].declaration.weights[weight];
    const bool is_sliced = weight == 0 && b->chosen.slices[index] > 0;
    mote_tensor_spec *changed = NULL;
    *spec = &declared->spec;
    if (!is_sliced && !has_rows(b, index, weight))
        return MOTE_OK;
    MOTE_TRY(mote_schedule_copy_spec(b, &declared->spec, &changed));
    if (has_rows(b, index, weight)) {
        changed->shape.dims[0] = declared->gradient_rows;
        MOTE_TRY(make_rows(b, index, weight));
    }
    if (is_sliced)
        changed->shape.dims[1] = mote_schedule_slice(b, index, 0).count; // none is larger
    *spec = changed;
    return MOTE_OK;
}

static mote_status make_sum(mote_schedule_builder *b, size_t index, size_t weight)
{
    mote_schedule_tensor tensor = {.kind = MOTE_BLOCK_KIND_GRADIENTS};
    MOTE_TRY(find_sum_spec(b, index, weight, &tensor.spec));
    return add_derived(b, tensor, b->graph->nodes[index].weight_names[weight], " gradient",
                       &b->schedule->nodes[index].sums[weight]);
}

/// A weight of its own, with the sum of its gradients and its optimizer state.
static mote_status make_weight(mote_schedule_builder *b, size_t index, size_t weight)
{
    const mote_node *node = &b->graph->nodes[index];
    mote_node_tensors *tensors = &b->schedule->nodes[index];
    mote_schedule_tensor tensor = {.name = node->weight_names[weight],
                                   .kind = MOTE_BLOCK_KIND_WEIGHTS,
                                   .spec = &node->declaration.weights[weight].spec,
                                   .persistent = true};
    if (b->strategy->averages && !b->schedule->training && is_ever_trained(node))
        return add_average(b, tensor, &tensors->weights[weight]);
    MOTE_TRY(add_tensor(b, &tensor, &tensors->weights[weight]));
    if (!mote_schedule_has_gradient(b->schedule, node))
        return MOTE_OK;
    if (b->strategy->averages)
        MOTE_TRY(add_average(b, tensor, &tensors->averages[weight]));
    MOTE_TRY(make_sum(b, index, weight));
    return make_slots(b, node, weight, &tensors->slots[weight * MOTE_OPTIMIZER_SLOTS_MAX]);
}

static mote_status make_weight_indices(mote_schedule_builder *b, size_t count,
                                       mote_node_tensors *tensors)
{
    MOTE_TRY(make_index(b, count, &tensors->weights));
    MOTE_TRY(make_index(b, count, &tensors->gradients));
    MOTE_TRY(make_index(b, count, &tensors->sums));
    MOTE_TRY(make_index(b, count, &tensors->rows));
    MOTE_TRY(make_index(b, count, &tensors->averages));
    return make_index(b, count * MOTE_OPTIMIZER_SLOTS_MAX, &tensors->slots);
}

static mote_status make_weights(mote_schedule_builder *b, size_t index)
{
    const size_t count = b->graph->nodes[index].declaration.weight_count;
    MOTE_TRY(make_weight_indices(b, count, &b->schedule->nodes[index]));
    for (size_t i = 0; i < count; i++) {
        if (mote_graph_owns(b->graph, index, i))
            MOTE_TRY(make_weight(b, index, i));
    }
    return MOTE_OK;
}

/// Where calc_gradient writes: into the sum, where its part is the first (or the only one). A part of a weight
/// that is not trained is not added to anything.
static mote_status make_part(mote_schedule_builder *b, size_t index, size_t weight)
{
    const mote_node *node = &b->graph->nodes[index];
    const mote_weight_place *place = &node->places[weight];
    size_t *part = &b->schedule->nodes[index].gradients[weight];
    const mote_schedule_tensor tensor = {.kind = MOTE_BLOCK_KIND_GRADIENTS,
                                         .spec = &node->declaration.weights[weight].spec};
    char text[256];
    if (mote_graph_is_trained(b->graph, place) &&
        mote_schedule_is_first_part(b->graph, index, weight)) {
        *part = b->schedule->nodes[place->node].sums[place->weight];
        return MOTE_OK;
    }
    (void)snprintf(text, sizeof text, "%s gradient of ", node->weight_names[weight]);
    return add_derived(b, tensor, text, node->name, part);
}

/// What a node has of others' weights, when all weights are there.
static mote_status share_weights(mote_schedule_builder *b, size_t index)
{
    const mote_node *node = &b->graph->nodes[index];
    mote_node_tensors *tensors = &b->schedule->nodes[index];
    for (size_t i = 0; i < node->declaration.weight_count; i++) {
        const mote_weight_place *place = &node->places[i];
        tensors->weights[i] = b->schedule->nodes[place->node].weights[place->weight];
        if (mote_schedule_has_gradient(b->schedule, node))
            MOTE_TRY(make_part(b, index, i));
    }
    return MOTE_OK;
}

static mote_status make_statistics(mote_schedule_builder *b, const mote_node *node,
                                   mote_node_tensors *tensors)
{
    const mote_declaration *declaration = &node->declaration;
    MOTE_TRY(make_index(b, declaration->statistic_count, &tensors->statistics));
    for (size_t i = 0; i < declaration->statistic_count; i++) {
        const mote_schedule_tensor tensor = {.name = node->statistic_names[i],
                                             .kind = MOTE_BLOCK_KIND_WEIGHTS,
                                             .spec = &declaration->statistics[i].spec,
                                             .persistent = true};
        MOTE_TRY(add_tensor(b, &tensor, &tensors->statistics[i]));
    }
    return MOTE_OK;
}

/// Whether a program with these phases has the temporary: where only forward is left of those that it was
/// declared for, forward need not write it, unless it reads it as well.
static bool has_temporary(const mote_temporary_declaration *temporary, unsigned phases)
{
    const unsigned present = temporary->phases & phases;
    if (present != MOTE_PHASE_FORWARD)
        return present != 0;
    return temporary->forward_reads || temporary->phases == MOTE_PHASE_FORWARD;
}

static mote_status make_temporaries(mote_schedule_builder *b, const mote_node *node,
                                    mote_node_tensors *tensors)
{
    const mote_declaration *declaration = &node->declaration;
    const unsigned phases = mote_schedule_phases(b, node);
    MOTE_TRY(make_index(b, declaration->temporary_count, &tensors->temporaries));
    for (size_t i = 0; i < declaration->temporary_count; i++) {
        if (!has_temporary(&declaration->temporaries[i], phases))
            continue;
        const mote_schedule_tensor tensor = {.kind = MOTE_BLOCK_KIND_ACTIVATIONS,
                                             .spec = &declaration->temporaries[i].spec};
        char suffix[64];
        (void)snprintf(suffix, sizeof suffix, " temporary %zu", i);
        MOTE_TRY(add_derived(b, tensor, node->name, suffix, &tensors->temporaries[i]));
    }
    return MOTE_OK;
}

static size_t phase_index(unsigned phase)
{
    size_t index = 0;
    for (; phase > 1; phase >>= 1)
        index++;
    return index;
}

/// For the sums of the largest gradient.
static size_t norm_scratch_bytes(const mote_schedule *schedule)
{
    size_t bytes = 0;
    for (size_t i = 0; i < schedule->graph->node_count; i++) {
        const mote_node_tensors *tensors = &schedule->nodes[i];
        for (size_t j = 0; j < schedule->graph->nodes[i].declaration.weight_count; j++) {
            if (tensors->sums[j] == MOTE_NONE)
                continue;
            const mote_shape *shape = &schedule->tensors[tensors->sums[j]].spec->shape;
            bytes = mote_size_max(bytes, mote_clip_scratch_bytes(mote_shape_elements(shape),
                                                                 tensors->rows[j] != MOTE_NONE));
        }
    }
    return bytes;
}

static size_t step_scratch_bytes(const mote_schedule *schedule, const mote_step *step)
{
    const unsigned phase = mote_step_phase(step->kind);
    if (step->kind == MOTE_STEP_NORM)
        return norm_scratch_bytes(schedule);
    if (step->kind == MOTE_STEP_APPLY)
        return schedule->nodes[step->node].rows[step->index] == MOTE_NONE
                   ? 0
                   : MOTE_GRADIENT_PART * sizeof(mote_real);
    if (phase == 0)
        return 0;
    return schedule->graph->nodes[step->node].declaration.scratch_bytes[phase_index(phase)];
}

static mote_status make_scratch(mote_schedule_builder *b)
{
    static const mote_tensor_spec bytes = {.dtype = MOTE_DTYPE_U8};
    for (size_t i = 0; i < b->schedule->step_count; i++) {
        mote_step *step = &b->schedule->steps[i];
        char text[256];
        const mote_schedule_tensor tensor = {.kind = MOTE_BLOCK_KIND_SCRATCH,
                                             .spec = &bytes,
                                             .bytes = step_scratch_bytes(b->schedule, step)};
        if (tensor.bytes == 0)
            continue;
        if (step->kind == MOTE_STEP_NORM)
            (void)snprintf(text, sizeof text, "%s", mote_step_kind_text(step->kind));
        else
            (void)snprintf(text, sizeof text, "%s %s", b->graph->nodes[step->node].name,
                           mote_step_kind_text(step->kind));
        MOTE_TRY(add_derived(b, tensor, text, " scratch", &step->scratch));
    }
    return MOTE_OK;
}

/// What the norm of all gradients makes of them.
static mote_status make_clip_factor(mote_schedule_builder *b)
{
    static const mote_tensor_spec number = {.dtype = MOTE_DTYPE_REAL,
                                            .shape = {.rank = 1, .dims = {1}}};
    b->schedule->clip_factor = MOTE_NONE;
    if (!b->schedule->training || b->schedule->clip != MOTE_CLIP_NORM)
        return MOTE_OK;
    const mote_schedule_tensor tensor = {
        .name = "clip factor", .kind = MOTE_BLOCK_KIND_SCRATCH, .spec = &number};
    return add_tensor(b, &tensor, &b->schedule->clip_factor);
}

static mote_status make_node(mote_schedule_builder *b, size_t index)
{
    const mote_node *node = &b->graph->nodes[index];
    mote_node_tensors *tensors = &b->schedule->nodes[index];
    MOTE_TRY(make_weights(b, index));
    MOTE_TRY(make_statistics(b, node, tensors));
    return make_temporaries(b, node, tensors);
}

mote_status mote_schedule_make_tensors(mote_schedule_builder *b)
{
    MOTE_TRY(make_values(b));
    MOTE_TRY(mote_arena_array(b->arena, b->graph->node_count, sizeof *b->schedule->nodes,
                              (void **)&b->schedule->nodes));
    for (size_t i = 0; i < b->graph->node_count; i++)
        MOTE_TRY(make_node(b, i));
    for (size_t i = 0; i < b->graph->node_count; i++)
        MOTE_TRY(share_weights(b, i));
    MOTE_TRY(make_recomputed(b));
    MOTE_TRY(make_clip_factor(b));
    return make_scratch(b);
}
