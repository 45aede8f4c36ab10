// SPDX-License-Identifier: Apache-2.0
// Lives: every tensor is used from the first step that writes it to the last that reads it, and nowhere else. Which step
// uses what, and by which declaration, stands here alone.
#include "schedule/build.h"

/// A walk over the uses.
typedef struct walk {
    const mote_schedule *schedule;
    const mote_graph *graph;
    mote_use_visitor *visit;
    void *user;
} walk;

static void use(const walk *w, size_t tensor, size_t step, mote_use how)
{
    if (tensor != MOTE_NONE)
        w->visit(w->user, tensor, step, how);
}

static void use_temporaries(const walk *w, size_t node, unsigned phase, size_t step)
{
    const mote_declaration *declaration = &w->graph->nodes[node].declaration;
    for (size_t i = 0; i < declaration->temporary_count; i++) {
        if (declaration->temporaries[i].phases & phase)
            use(w, w->schedule->nodes[node].temporaries[i], step, MOTE_USE_TEMPORARY);
    }
}

static void use_forward(const walk *w, const mote_node *node, size_t step)
{
    for (size_t i = 0; i < node->input_count; i++)
        use(w, w->schedule->values[node->inputs[i]], step, MOTE_USE_INPUT);
    for (size_t i = 0; i < node->declaration.output_count; i++)
        use(w, w->schedule->values[node->outputs[i]], step, MOTE_USE_OUTPUT);
}

/// What a backward phase reads: derivatives of the outputs and what it declared.
static void use_needs(const walk *w, const mote_node *node, unsigned phase, size_t step)
{
    for (size_t i = 0; i < node->declaration.output_count; i++)
        use(w, w->schedule->derivatives[node->outputs[i]], step, MOTE_USE_OUTPUT_DERIVATIVE);
    for (size_t i = 0; i < node->input_count; i++) {
        if (node->declaration.input_needs[i] & phase)
            use(w, mote_schedule_kept(w->schedule, node->inputs[i], step), step,
                MOTE_USE_INPUT_NEEDED);
    }
    if (node->declaration.output_needs & phase)
        use(w, mote_schedule_kept(w->schedule, node->outputs[0], step), step,
            MOTE_USE_OUTPUT_NEEDED);
}

/// A gradient that is applied, with the list of its rows.
static void use_gradient(const walk *w, size_t node, size_t weight, size_t step, mote_use how)
{
    use(w, w->schedule->nodes[node].sums[weight], step, how);
    use(w, w->schedule->nodes[node].rows[weight], step, how);
}

/// The caller reads the outputs that training computes.
static void use_outputs(const walk *w, size_t step)
{
    for (size_t i = 0; i < w->graph->output_count; i++) {
        const size_t output = w->graph->outputs[i];
        if (w->graph->values[output].reaches_loss)
            use(w, w->schedule->values[output], step, MOTE_USE_PAUSE);
    }
}

/// The norm reads all gradients.
static void use_gradients(const walk *w, size_t step)
{
    for (size_t i = 0; i < w->graph->node_count; i++) {
        for (size_t j = 0; j < w->graph->nodes[i].declaration.weight_count; j++)
            use_gradient(w, i, j, step, MOTE_USE_NORM);
    }
}

/// A part is added to the sum.
static void use_part(const walk *w, size_t index)
{
    const mote_step *step = &w->schedule->steps[index];
    const mote_weight_place *place = &w->graph->nodes[step->node].places[step->index];
    use(w, w->schedule->nodes[step->node].gradients[step->index], index, MOTE_USE_PART);
    use(w, w->schedule->nodes[place->node].sums[place->weight], index, MOTE_USE_SUM);
}

/// What persists of a node, as its phase uses it.
static void use_state(const walk *w, const mote_node *node, unsigned phase, size_t step)
{
    const mote_declaration *declaration = &node->declaration;
    const mote_node_tensors *tensors = &w->schedule->nodes[w->schedule->steps[step].node];
    const bool computes = (phase & (MOTE_PHASE_FORWARD | MOTE_PHASE_RECOMPUTE)) != 0;
    for (size_t i = 0; i < declaration->weight_count; i++) {
        if (computes || (declaration->weights[i].needs & phase))
            use(w, tensors->weights[i], step, MOTE_USE_WEIGHT);
    }
    for (size_t i = 0; i < declaration->statistic_count; i++) {
        if (computes || (declaration->statistics[i].needs & phase))
            use(w, tensors->statistics[i], step,
                phase == MOTE_PHASE_UPDATE ? MOTE_USE_STATISTIC_UPDATE : MOTE_USE_STATISTIC);
    }
}

/// The optimizer changes a weight and what it keeps beside it.
static void use_apply(const walk *w, size_t index)
{
    const mote_step *step = &w->schedule->steps[index];
    const mote_node_tensors *tensors = &w->schedule->nodes[step->node];
    const size_t *slots = tensors->slots + step->index * MOTE_OPTIMIZER_SLOTS_MAX;
    use_gradient(w, step->node, step->index, index, MOTE_USE_APPLY);
    use(w, tensors->weights[step->index], index, MOTE_USE_WEIGHT_CHANGE);
    for (size_t i = 0; i < MOTE_OPTIMIZER_SLOTS_MAX; i++)
        use(w, slots[i], index, MOTE_USE_STATE);
}

/// What a step of a layer's phase uses.
static void use_phase(const walk *w, size_t index)
{
    const mote_step *step = &w->schedule->steps[index];
    const mote_node *node = &w->graph->nodes[step->node];
    const mote_node_tensors *tensors = &w->schedule->nodes[step->node];
    use_temporaries(w, step->node, mote_step_phase(step->kind), index);
    use_state(w, node, mote_step_phase(step->kind), index);
    switch (mote_step_phase(step->kind)) {
    case MOTE_PHASE_FORWARD:
        use_forward(w, node, index);
        break;
    case MOTE_PHASE_GRADIENT:
        use_needs(w, node, MOTE_PHASE_GRADIENT, index);
        for (size_t i = 0; i < node->declaration.weight_count; i++) {
            use(w, tensors->gradients[i], index, MOTE_USE_GRADIENT);
            use(w, tensors->rows[i], index, MOTE_USE_ROWS);
        }
        break;
    case MOTE_PHASE_DERIVATIVE:
        use_needs(w, node, MOTE_PHASE_DERIVATIVE, index);
        for (size_t i = 0; i < node->input_count; i++)
            use(w, w->schedule->derivatives[node->inputs[i]], index, MOTE_USE_INPUT_DERIVATIVE);
        break;
    case MOTE_PHASE_RECOMPUTE:
        use(w, mote_schedule_kept(w->schedule, node->inputs[0], index), index, MOTE_USE_SOURCE);
        use(w, step->made, index, MOTE_USE_AGAIN);
        break;
    default: // UPDATE: what persists, alone
        break;
    }
}

static void use_step(const walk *w, size_t index)
{
    const mote_schedule *schedule = w->schedule;
    const mote_step *step = &schedule->steps[index];
    use(w, step->scratch, index, MOTE_USE_SCRATCH);
    switch (step->kind) {
    case MOTE_STEP_READ:
        use(w, schedule->values[w->graph->ports[step->index]], index, MOTE_USE_FILL);
        break;
    case MOTE_STEP_FORWARD:
    case MOTE_STEP_GRADIENT:
    case MOTE_STEP_DERIVATIVE:
    case MOTE_STEP_RECOMPUTE:
    case MOTE_STEP_UPDATE:
        use_phase(w, index);
        break;
    case MOTE_STEP_PAUSE:
        use_outputs(w, index);
        break;
    case MOTE_STEP_ADD:
        use_part(w, index);
        break;
    case MOTE_STEP_NORM:
        use_gradients(w, index);
        use(w, schedule->clip_factor, index, MOTE_USE_NORM_FACTOR);
        break;
    case MOTE_STEP_CLIP:
        use(w, schedule->clip_factor, index, MOTE_USE_CLIP_FACTOR);
        use_gradient(w, step->node, step->index, index, MOTE_USE_CLIP);
        break;
    case MOTE_STEP_APPLY:
        use_apply(w, index);
        break;
    case MOTE_STEP_AVERAGE:
        use(w, schedule->nodes[step->node].averages[step->index], index, MOTE_USE_AVERAGE);
        use(w, schedule->nodes[step->node].weights[step->index], index, MOTE_USE_WEIGHT);
        break;
    }
}

void mote_schedule_visit_uses(const mote_schedule *schedule, mote_use_visitor *visit, void *user)
{
    const walk w = {schedule, schedule->graph, visit, user};
    const size_t last = schedule->step_count - 1;
    for (size_t i = 0; i <= last; i++)
        use_step(&w, i);
    // what the caller reads after the last step
    for (size_t i = 0; i < mote_graph_result_count(w.graph); i++)
        use(&w, schedule->values[mote_graph_result(w.graph, i)], last, MOTE_USE_RESULT);
}

size_t mote_schedule_used_bytes(const mote_schedule *schedule, size_t tensor, size_t step,
                                mote_use how)
{
    const mote_schedule_tensor *used = &schedule->tensors[tensor];
    const size_t node = schedule->steps[step].node;
    const bool is_cut =
        node != MOTE_NONE && schedule->cut[node] && schedule->nodes[node].weights[0] == tensor;
    return how == MOTE_USE_STATE || is_cut ? mote_shape_slice_bytes(&used->spec->shape, used->bytes,
                                                                    schedule->steps[step].slice)
                                           : used->bytes;
}

static void widen_life(void *user, size_t tensor, size_t step, mote_use how)
{
    mote_schedule_tensor *used = &((mote_schedule *)user)->tensors[tensor];
    (void)how;
    if (used->persistent)
        return;
    if (used->first == MOTE_NONE)
        used->first = step;
    used->last = step;
}

void mote_schedule_find_lives(mote_schedule *schedule)
{
    mote_schedule_visit_uses(schedule, widen_life, schedule);
}

bool mote_use_writes(mote_use use)
{
    switch (use) {
    case MOTE_USE_FILL:
    case MOTE_USE_OUTPUT:
    case MOTE_USE_INPUT_DERIVATIVE:
    case MOTE_USE_GRADIENT:
    case MOTE_USE_ROWS:
    case MOTE_USE_TEMPORARY:
    case MOTE_USE_SCRATCH:
    case MOTE_USE_AGAIN:
    case MOTE_USE_SUM:
    case MOTE_USE_NORM_FACTOR:
    case MOTE_USE_CLIP:
    case MOTE_USE_STATISTIC_UPDATE:
    case MOTE_USE_WEIGHT_CHANGE:
    case MOTE_USE_STATE:
    case MOTE_USE_AVERAGE:
        return true;
    case MOTE_USE_INPUT:
    case MOTE_USE_INPUT_NEEDED:
    case MOTE_USE_OUTPUT_NEEDED:
    case MOTE_USE_OUTPUT_DERIVATIVE:
    case MOTE_USE_SOURCE:
    case MOTE_USE_PART:
    case MOTE_USE_NORM:
    case MOTE_USE_CLIP_FACTOR:
    case MOTE_USE_APPLY:
    case MOTE_USE_WEIGHT:
    case MOTE_USE_STATISTIC:
    case MOTE_USE_PAUSE:
    case MOTE_USE_RESULT:
        break;
    }
    return false;
}

const char *mote_use_text(mote_use use)
{
    switch (use) {
#define MOTE_USE_CASE(name, text) \
    case MOTE_USE_##name:         \
        return text;
        MOTE_USE_MAP(MOTE_USE_CASE)
#undef MOTE_USE_CASE
    }
    return "";
}
