// SPDX-License-Identifier: Apache-2.0
// Which tensors share bytes. Views always do. An output may take the place of its input, and a derivative that
// of another tensor, where the layer allows it and nothing reads the old content later. Groups are kept by
// union-find; a group's life spans those of its tensors.
#include "schedule/build.h"

typedef struct group {
    size_t parent;
    size_t first, last;
    size_t bytes;
    bool is_kept;       // the caller reads it after the last step
    bool is_view;       // or has one
    bool holds_samples; // of a slice of the batch
} group;

typedef struct aliases {
    const mote_schedule_builder *b;
    group *groups; // by tensor
} aliases;

static size_t find(const aliases *a, size_t tensor)
{
    while (a->groups[tensor].parent != tensor)
        tensor = a->groups[tensor].parent;
    return tensor;
}

/// The earlier of the two groups becomes the parent, so that a block is named by its first tensor.
static void join(aliases *a, size_t x, size_t y)
{
    x = find(a, x);
    y = find(a, y);
    if (x == y)
        return;
    const bool y_first = a->groups[y].first < a->groups[x].first ||
                         (a->groups[y].first == a->groups[x].first && y < x);
    group *parent = &a->groups[y_first ? y : x];
    group *child = &a->groups[y_first ? x : y];
    child->parent = parent->parent;
    if (child->first < parent->first)
        parent->first = child->first;
    if (child->last > parent->last)
        parent->last = child->last;
    if (child->bytes > parent->bytes)
        parent->bytes = child->bytes;
    parent->is_kept |= child->is_kept;
    parent->is_view |= child->is_view;
}

/// The tensors have the same bytes at all times.
static void join_view(aliases *a, size_t x, size_t y)
{
    join(a, x, y);
    a->groups[find(a, x)].is_view = true;
}

static void join_views(aliases *a, const mote_node *node)
{
    const mote_schedule *schedule = a->b->schedule;
    const mote_declaration *declaration = &node->declaration;
    for (size_t i = 0; declaration->view && i < declaration->output_count; i++)
        join_view(a, schedule->values[node->inputs[0]], schedule->values[node->outputs[i]]);
    if (!declaration->derivative_view || declaration->output_count == 0)
        return;
    const size_t from = schedule->derivatives[node->outputs[0]];
    for (size_t i = 0; i < node->input_count; i++) {
        const size_t derivative = schedule->derivatives[node->inputs[i]];
        if (from != MOTE_NONE && derivative != MOTE_NONE)
            join_view(a, from, derivative);
    }
}

/// `written` takes the place of `old` if both have the same size, nobody reads `old` after step `last` and nobody writes
/// `written` before step `first`.
static bool replace_between(aliases *a, size_t old, size_t written, size_t last, size_t first)
{
    if (old == MOTE_NONE || written == MOTE_NONE)
        return false;
    old = find(a, old);
    written = find(a, written);
    if (old == written || a->groups[old].last > last || a->groups[old].is_kept ||
        a->groups[written].first < first || a->groups[old].bytes != a->groups[written].bytes ||
        a->groups[old].holds_samples != a->groups[written].holds_samples)
        return false;
    join(a, old, written);
    return true;
}

static bool replace(aliases *a, size_t old, size_t written, size_t step)
{
    return replace_between(a, old, written, step, step);
}

/// Behind the last slice of a gradient: each slice of the derivative may be where the input's is that its gradient has
/// read before.
static void replace_sliced(aliases *a, size_t index)
{
    const mote_schedule *schedule = a->b->schedule;
    const mote_step *step = &schedule->steps[index];
    const mote_node *node = &a->b->graph->nodes[step->node];
    if (step->slice.first + step->slice.count < node->declaration.cut_extent)
        return;
    size_t first = index;
    while (schedule->steps[first].slice.first > 0 ||
           schedule->steps[first].kind != MOTE_STEP_GRADIENT)
        first--;
    (void)replace_between(a, mote_schedule_kept(schedule, node->inputs[0], index),
                          schedule->derivatives[node->inputs[0]], index, first);
}

/// Whether an input behind the second has the bytes of input 0: by then these may be overwritten.
static bool reads_again(const aliases *a, const mote_node *node)
{
    const size_t *values = a->b->schedule->values;
    for (size_t i = 1; node->input_count > 2 && i < node->input_count; i++) {
        if (find(a, values[node->inputs[i]]) == find(a, values[node->inputs[0]]))
            return true;
    }
    return false;
}

/// Whether backward of the node at work is what reads the tensor last: otherwise it would live on to here.
static bool is_read_here(const aliases *a, size_t tensor, size_t index)
{
    const size_t last = a->groups[find(a, tensor)].last;
    const mote_step *step = &a->b->schedule->steps[last];
    return last == index ||
           (step->kind == MOTE_STEP_GRADIENT && step->node == a->b->schedule->steps[index].node);
}

static void replace_at(aliases *a, size_t index)
{
    const mote_schedule *schedule = a->b->schedule;
    const mote_step *step = &schedule->steps[index];
    if (step->kind == MOTE_STEP_GRADIENT && step->slice.count > 0)
        replace_sliced(a, index);
    if (step->kind != MOTE_STEP_FORWARD && step->kind != MOTE_STEP_RECOMPUTE &&
        step->kind != MOTE_STEP_DERIVATIVE)
        return;
    const mote_node *node = &a->b->graph->nodes[step->node];
    const mote_declaration *declaration = &node->declaration;
    if (step->kind == MOTE_STEP_FORWARD) {
        if (declaration->output_over_input && !reads_again(a, node))
            replace(a, schedule->values[node->inputs[0]], schedule->values[node->outputs[0]],
                    index);
        return;
    }
    if (step->kind == MOTE_STEP_RECOMPUTE) {
        if (declaration->output_over_input)
            replace(a, mote_schedule_kept(schedule, node->inputs[0], index), step->made, index);
        return;
    }
    const size_t derivative = schedule->derivatives[node->inputs[0]];
    if (declaration->derivative_over_output_derivative &&
        replace(a, schedule->derivatives[node->outputs[0]], derivative, index))
        return;
    const size_t input = mote_schedule_kept(schedule, node->inputs[0], index);
    if (declaration->derivative_over_input && is_read_here(a, input, index))
        replace(a, input, derivative, index);
}

static mote_status init_groups(const mote_schedule_builder *b, aliases *a)
{
    const mote_schedule *schedule = b->schedule;
    a->b = b;
    MOTE_TRY(mote_arena_array(b->scratch, schedule->tensor_count, sizeof *a->groups,
                              (void **)&a->groups));
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        const mote_schedule_tensor *tensor = &schedule->tensors[i];
        a->groups[i] = (group){
            .parent = i, .first = tensor->first, .last = tensor->last, .bytes = tensor->bytes};
    }
    for (size_t i = 0; i < mote_graph_result_count(b->graph); i++)
        a->groups[schedule->values[mote_graph_result(b->graph, i)]].is_kept = true;
    return MOTE_OK;
}

/// A tensor that only steps of one run use holds a band.
static mote_status shrink(aliases *a, size_t tensor)
{
    mote_schedule *schedule = a->b->schedule;
    if (tensor == MOTE_NONE || schedule->tensors[tensor].first == MOTE_NONE ||
        a->groups[find(a, tensor)].is_view || a->groups[tensor].is_kept)
        return MOTE_OK;
    mote_schedule_tensor *shrunk = &schedule->tensors[tensor];
    const mote_step_run *run = &schedule->steps[shrunk->first].run;
    mote_tensor_spec *spec = NULL;
    if (run->count == 0 || run->by_samples || shrunk->last >= run->end || shrunk->holds_band)
        return MOTE_OK;
    MOTE_TRY(mote_schedule_copy_spec(a->b, shrunk->spec, &spec));
    spec->shape.dims[0] = run->height;
    shrunk->spec = spec;
    shrunk->holds_band = true;
    shrunk->bytes = shrunk->bytes / run->extent * run->height;
    a->groups[tensor].bytes = shrunk->bytes;
    return MOTE_OK;
}

/// Views and all, a tensor that only steps of one run use holds a slice of the batch.
static void shrink_samples(aliases *a, size_t tensor)
{
    mote_schedule *schedule = a->b->schedule;
    mote_schedule_tensor *shrunk = &schedule->tensors[tensor];
    group *root = &a->groups[find(a, tensor)];
    if (shrunk->persistent || !shrunk->spec->batched || root->first == MOTE_NONE || root->is_kept)
        return;
    const mote_step_run *run = &schedule->steps[root->first].run;
    if (!run->by_samples || root->last >= run->end)
        return;
    shrunk->slice_samples = run->height;
    shrunk->bytes = shrunk->bytes / run->extent * run->height;
    root->holds_samples = true;
    root->bytes = shrunk->bytes;
}

static mote_status shrink_all(aliases *a)
{
    const mote_schedule *schedule = a->b->schedule;
    for (size_t i = 0; i < schedule->tensor_count; i++)
        shrink_samples(a, i);
    for (size_t i = 0; i < a->b->graph->value_count; i++) {
        MOTE_TRY(shrink(a, schedule->values[i]));
        MOTE_TRY(shrink(a, schedule->derivatives[i]));
    }
    for (size_t i = 0; i < schedule->step_count; i++)
        MOTE_TRY(shrink(a, schedule->steps[i].made));
    return MOTE_OK;
}

/// What a run uses lives through all of it, since each part comes by all its steps. Not what each slice of the batch makes
/// anew.
static void widen(const aliases *a, group *root, mote_block_kind kind)
{
    const mote_step_run *begin = &a->b->schedule->steps[root->first].run;
    const mote_step_run *end = &a->b->schedule->steps[root->last].run;
    const bool is_anew =
        root->holds_samples || (begin->by_samples && kind == MOTE_BLOCK_KIND_SCRATCH);
    if (is_anew)
        return;
    if (begin->count > 0)
        root->first = begin->first;
    if (end->count > 0)
        root->last = end->end - 1;
}

/// Whether the tensor is the first of a group that lives; a tensor that no step uses gets no block.
static bool begins_block(const aliases *a, size_t tensor)
{
    const group *root = &a->groups[tensor];
    return !a->b->schedule->tensors[tensor].persistent && root->parent == tensor &&
           root->first != MOTE_NONE;
}

/// One block a group of tensors that live.
static mote_status number_blocks(const mote_schedule_builder *b, const aliases *a)
{
    mote_schedule *schedule = b->schedule;
    size_t count = 0;
    for (size_t i = 0; i < schedule->tensor_count; i++)
        count += begins_block(a, i);
    MOTE_TRY(
        mote_arena_array(b->arena, count, sizeof *schedule->blocks, (void **)&schedule->blocks));
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        mote_schedule_tensor *tensor = &schedule->tensors[i];
        group *root = &a->groups[i];
        if (!begins_block(a, i))
            continue;
        widen(a, root, tensor->kind);
        tensor->block = schedule->block_count++;
        schedule->blocks[tensor->block] = (mote_block){.name = tensor->name,
                                                       .kind = tensor->kind,
                                                       .tensor = i,
                                                       .bytes = root->bytes,
                                                       .first = root->first,
                                                       .last = root->last,
                                                       .used_first = root->first,
                                                       .used_last = root->last,
                                                       .root = tensor->block,
                                                       .next = MOTE_NONE};
    }
    for (size_t i = 0; i < schedule->tensor_count; i++)
        schedule->tensors[i].block = schedule->tensors[find(a, i)].block;
    return MOTE_OK;
}

mote_status mote_schedule_make_blocks(mote_schedule_builder *b)
{
    aliases a;
    MOTE_TRY(init_groups(b, &a));
    for (size_t i = 0; i < b->graph->node_count; i++)
        join_views(&a, &b->graph->nodes[i]);
    MOTE_TRY(shrink_all(&a));
    for (size_t i = 0;
         i < b->schedule->step_count && (b->strategy->techniques & MOTE_TECHNIQUE_ALIASES); i++)
        replace_at(&a, i);
    return number_blocks(b, &a);
}
