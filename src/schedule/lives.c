// SPDX-License-Identifier: Apache-2.0
// Lives: every tensor is used from the first step that writes it to the last that reads it, and nowhere else.
#include "schedule/build.h"

static void use(const mote_schedule_builder *b, size_t tensor, size_t step)
{
    if (tensor == MOTE_NONE)
        return;
    mote_schedule_tensor *used = &b->schedule->tensors[tensor];
    if (used->first == MOTE_NONE || step < used->first)
        used->first = step;
    if (step > used->last)
        used->last = step;
}

static void use_temporaries(const mote_schedule_builder *b, size_t node, unsigned phase,
                            size_t step)
{
    const mote_declaration *declaration = &b->graph->nodes[node].declaration;
    for (size_t i = 0; i < declaration->temporary_count; i++) {
        if (declaration->temporaries[i].phases & phase)
            use(b, b->schedule->nodes[node].temporaries[i], step);
    }
}

static void use_forward(const mote_schedule_builder *b, const mote_node *node, size_t step)
{
    for (size_t i = 0; i < node->input_count; i++)
        use(b, b->schedule->values[node->inputs[i]], step);
    for (size_t i = 0; i < node->declaration.output_count; i++)
        use(b, b->schedule->values[node->outputs[i]], step);
}

/// What a backward phase reads: derivatives of the outputs and what it declared.
static void use_needs(const mote_schedule_builder *b, const mote_node *node, unsigned phase,
                      size_t step)
{
    for (size_t i = 0; i < node->declaration.output_count; i++)
        use(b, b->schedule->derivatives[node->outputs[i]], step);
    for (size_t i = 0; i < node->input_count; i++) {
        if (node->declaration.input_needs[i] & phase)
            use(b, mote_schedule_kept(b->schedule, node->inputs[i], step), step);
    }
    if (node->declaration.output_needs & phase)
        use(b, mote_schedule_kept(b->schedule, node->outputs[0], step), step);
}

/// A gradient that is applied, with the list of its rows.
static void use_gradient(const mote_schedule_builder *b, size_t node, size_t weight, size_t step)
{
    use(b, b->schedule->nodes[node].sums[weight], step);
    use(b, b->schedule->nodes[node].rows[weight], step);
}

/// The caller reads the outputs that training computes.
static void use_outputs(const mote_schedule_builder *b, size_t step)
{
    for (size_t i = 0; i < b->graph->output_count; i++) {
        const size_t output = b->graph->outputs[i];
        if (b->graph->values[output].reaches_loss)
            use(b, b->schedule->values[output], step);
    }
}

/// The norm reads all gradients.
static void use_gradients(const mote_schedule_builder *b, size_t step)
{
    for (size_t i = 0; i < b->graph->node_count; i++) {
        for (size_t j = 0; j < b->graph->nodes[i].declaration.weight_count; j++)
            use_gradient(b, i, j, step);
    }
}

/// A part is added to the sum.
static void use_part(const mote_schedule_builder *b, size_t index)
{
    const mote_step *step = &b->schedule->steps[index];
    const mote_weight_place *place = &b->graph->nodes[step->node].places[step->index];
    use(b, b->schedule->nodes[step->node].gradients[step->index], index);
    use(b, b->schedule->nodes[place->node].sums[place->weight], index);
}

/// What a step of a layer's phase uses.
static void use_phase(const mote_schedule_builder *b, size_t index)
{
    const mote_step *step = &b->schedule->steps[index];
    const mote_node *node = &b->graph->nodes[step->node];
    const mote_node_tensors *tensors = &b->schedule->nodes[step->node];
    use_temporaries(b, step->node, mote_step_phase(step->kind), index);
    switch (mote_step_phase(step->kind)) {
    case MOTE_PHASE_FORWARD:
        use_forward(b, node, index);
        break;
    case MOTE_PHASE_GRADIENT:
        use_needs(b, node, MOTE_PHASE_GRADIENT, index);
        for (size_t i = 0; i < node->declaration.weight_count; i++) {
            use(b, tensors->gradients[i], index);
            use(b, tensors->rows[i], index);
        }
        break;
    case MOTE_PHASE_DERIVATIVE:
        use_needs(b, node, MOTE_PHASE_DERIVATIVE, index);
        for (size_t i = 0; i < node->input_count; i++)
            use(b, b->schedule->derivatives[node->inputs[i]], index);
        break;
    case MOTE_PHASE_RECOMPUTE:
        use(b, mote_schedule_kept(b->schedule, node->inputs[0], index), index);
        use(b, step->made, index);
        break;
    default: // UPDATE: what persists
        break;
    }
}

static void use_step(const mote_schedule_builder *b, size_t index)
{
    const mote_schedule *schedule = b->schedule;
    const mote_step *step = &schedule->steps[index];
    use(b, step->scratch, index);
    switch (step->kind) {
    case MOTE_STEP_READ:
        use(b, schedule->values[b->graph->ports[step->index]], index);
        break;
    case MOTE_STEP_FORWARD:
    case MOTE_STEP_GRADIENT:
    case MOTE_STEP_DERIVATIVE:
    case MOTE_STEP_RECOMPUTE:
    case MOTE_STEP_UPDATE:
        use_phase(b, index);
        break;
    case MOTE_STEP_PAUSE:
        use_outputs(b, index);
        break;
    case MOTE_STEP_ADD:
        use_part(b, index);
        break;
    case MOTE_STEP_NORM:
        use_gradients(b, index);
        use(b, schedule->clip_factor, index);
        break;
    case MOTE_STEP_CLIP:
        use(b, schedule->clip_factor, index);
        use_gradient(b, step->node, step->index, index);
        break;
    case MOTE_STEP_APPLY:
        use_gradient(b, step->node, step->index, index);
        break;
    case MOTE_STEP_AVERAGE: // of what persists
        break;
    }
}

void mote_schedule_find_lives(const mote_schedule_builder *b)
{
    const size_t last = b->schedule->step_count - 1;
    for (size_t i = 0; i <= last; i++)
        use_step(b, i);
    // what the caller reads after the last step
    for (size_t i = 0; i < mote_graph_result_count(b->graph); i++)
        use(b, b->schedule->values[mote_graph_result(b->graph, i)], last);
}
