// SPDX-License-Identifier: Apache-2.0
// The pipeline, stage by stage. All programs of a run are planned as one: their steps one after the other, so
// that their transient blocks overlap and what persists lies at the same place for all.
#include "compile/compile.h"

#include "base/size.h"
#include "compile/settings.h"

#include <stdio.h>
#include <string.h>

#ifdef NDEBUG
static const bool poison_dead_blocks = false;
#else
static const bool poison_dead_blocks = true;
#endif

/// Slices of gradients: what is read for all of the input dimension is packed anew for each.
#define SLICE_BYTES  ((size_t)3 << 19)
#define SLICE_EXTENT 512U
/// Channels of a band, at least: rows of products that fill vectors.
#define BAND_HEIGHT 16U
/// Slices of the batch: weights are read and packed anew for each, so only for what is large.
#define BATCH_SLICE_BYTES ((size_t)8 << 20)

typedef struct compiler {
    const mote_compile_request *request;
    mote_arena *arena;
    mote_compiled *compiled;
} compiler;

static mote_status build_graph(const compiler *c, bool inference, mote_graph *graph)
{
    const mote_graph_config config = {.description = c->request->description,
                                      .layers = c->request->context->layers,
                                      .thread_count = c->request->context->parallel.thread_count,
                                      .inference = inference};
    MOTE_TRY(mote_graph_build(&config, c->arena, graph));
    if (!inference && graph->loss_count == 0)
        return MOTE_RAISE(MOTE_ERROR_GRAPH,
                          "%s: the model has no loss: give [Model] a key 'loss' (mse, cross)",
                          c->request->description->path);
    return MOTE_OK;
}

static mote_status check_trainable(const compiler *c)
{
    const mote_graph *graph = &c->compiled->graphs[0];
    for (size_t i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i].has_gradient)
            return MOTE_OK;
    }
    return MOTE_RAISE(MOTE_ERROR_GRAPH,
                      "%s: there is nothing to train: no layer has weights, or all "
                      "have trainable = false",
                      c->request->description->path);
}

static mote_status add_schedule(const compiler *c, const mote_graph *graph, const char *name,
                                bool training)
{
    mote_compiled *compiled = c->compiled;
    const mote_training_settings *settings = &compiled->settings;
    mote_strategy strategy = {
        .name = name,
        .training = training,
        .averages = settings->moving_average > 0.0,
        .techniques = ((1U << MOTE_TECHNIQUE_COUNT) - 1U) & ~c->request->without,
        .slice_bytes = SLICE_BYTES,
        .slice_extent = SLICE_EXTENT,
        .band_height = BAND_HEIGHT,
        .batch_slice = 1,
        .batch_slice_bytes = BATCH_SLICE_BYTES,
        .batch_slices_of_losses = true,
    };
    if (training) {
        strategy.pauses = (c->request->modes & MOTE_MODE_STEP) != 0;
        strategy.apply = settings->apply;
        strategy.clip = settings->clip;
        strategy.whole_gradients = c->request->whole_gradients;
        strategy.slot_count =
            settings->optimizer->slot_count(settings->optimizer, settings->optimizer_state);
        strategy.slot_names = settings->optimizer->slot_names;
    }
    return mote_schedule_build(graph, &strategy, c->arena,
                               &compiled->schedules[compiled->program_count++]);
}

static mote_status schedule_training(const compiler *c)
{
    mote_compiled *compiled = c->compiled;
    MOTE_TRY(check_trainable(c));
    MOTE_TRY(mote_compile_settings(c->request, c->arena, &compiled->settings));
    compiled->train = &compiled->programs[compiled->program_count];
    return add_schedule(c, &compiled->graphs[0], "train", true);
}

static mote_status schedule_inference(const compiler *c)
{
    mote_compiled *compiled = c->compiled;
    MOTE_TRY(build_graph(c, true, &compiled->graphs[1]));
    compiled->infer = &compiled->programs[compiled->program_count];
    return add_schedule(c, &compiled->graphs[1], "infer", false);
}

static mote_status make_schedules(const compiler *c)
{
    mote_compiled *compiled = c->compiled;
    const unsigned modes = c->request->modes;
    const bool train = (modes & (MOTE_MODE_TRAIN | MOTE_MODE_STEP)) != 0;
    const bool evaluate = (modes & MOTE_MODE_EVALUATE) ||
                          (train && mote_description_validates(c->request->description));
    if (train || evaluate)
        MOTE_TRY(build_graph(c, false, &compiled->graphs[0]));
    if (train)
        MOTE_TRY(schedule_training(c));
    if (evaluate) {
        compiled->evaluate = &compiled->programs[compiled->program_count];
        MOTE_TRY(add_schedule(c, &compiled->graphs[0], "evaluate", false));
    }
    return modes & MOTE_MODE_INFER ? schedule_inference(c) : MOTE_OK;
}

static mote_state_role role_of(const mote_compiled *compiled, const mote_schedule_tensor *tensor)
{
    if (tensor->kind == MOTE_BLOCK_KIND_OPTIMIZER)
        return MOTE_STATE_OPTIMIZER;
    const mote_graph *graph = compiled->schedules[0].graph;
    for (size_t i = 0; i < graph->node_count; i++) {
        for (size_t j = 0; j < graph->nodes[i].declaration.statistic_count; j++) {
            if (graph->nodes[i].statistic_names[j] == tensor->name)
                return MOTE_STATE_STATISTIC;
        }
    }
    return MOTE_STATE_WEIGHT;
}

static void insert_sorted(mote_compiled *compiled, const mote_state_block *block)
{
    size_t at = compiled->state_block_count++;
    for (; at > 0 && strcmp(compiled->state_blocks[at - 1].name, block->name) > 0; at--)
        compiled->state_blocks[at] = compiled->state_blocks[at - 1];
    compiled->state_blocks[at] = *block;
}

/// The end of a block that begins at *offset, rounded up to where the next one may begin.
static mote_status end_block(const compiler *c, const mote_state_block *block, size_t *offset)
{
    if (block->bytes <= SIZE_MAX - MOTE_ALIGNMENT &&
        *offset <= SIZE_MAX - MOTE_ALIGNMENT - block->bytes) {
        *offset = mote_size_align(*offset + block->bytes, MOTE_ALIGNMENT);
        return MOTE_OK;
    }
    return MOTE_RAISE(MOTE_ERROR_SHAPE,
                      "%s: the weights up to '%s' are more than memory can address",
                      c->request->description->path, block->name);
}

/// What is kept of an averaged weight is its average.
static mote_status keep_averages(const compiler *c)
{
    const mote_compiled *compiled = c->compiled;
    const mote_state state = {.blocks = compiled->state_blocks,
                              .block_count = compiled->state_block_count};
    for (size_t i = 0; i < state.block_count; i++) {
        mote_state_block *block = &compiled->state_blocks[i];
        const mote_arena_mark mark = mote_arena_get_mark(c->arena);
        char *name = NULL;
        MOTE_TRY(mote_arena_format(c->arena, &name, MOTE_AVERAGE_NAME, block->name));
        const size_t average = mote_state_find(&state, name);
        mote_arena_release_to(c->arena, mark);
        if (average < state.block_count)
            block->average_offset = state.blocks[average].offset;
    }
    return MOTE_OK;
}

/// What persists, in name order, from the start of the arena on. The first program names all of it.
static mote_status make_state(const compiler *c)
{
    mote_compiled *compiled = c->compiled;
    const mote_schedule *schedule = &compiled->schedules[0];
    size_t count = 0;
    for (size_t i = 0; i < schedule->tensor_count; i++)
        count += schedule->tensors[i].persistent;
    MOTE_TRY(mote_arena_array(c->arena, count, sizeof *compiled->state_blocks,
                              (void **)&compiled->state_blocks));
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        const mote_schedule_tensor *tensor = &schedule->tensors[i];
        if (!tensor->persistent)
            continue;
        const mote_state_block block = {.name = tensor->name,
                                        .role = role_of(compiled, tensor),
                                        .spec = tensor->spec,
                                        .bytes = tensor->bytes};
        insert_sorted(compiled, &block);
    }
    size_t offset = 0;
    for (size_t i = 0; i < compiled->state_block_count; i++) {
        compiled->state_blocks[i].offset = offset;
        MOTE_TRY(end_block(c, &compiled->state_blocks[i], &offset));
    }
    return keep_averages(c);
}

/// A block of another program than training is marked: names are unique over all of them.
static mote_status name_blocks(const compiler *c, const mote_schedule *schedule, const char **names)
{
    const bool marked = !schedule->training;
    for (size_t i = 0; i < schedule->block_count; i++) {
        char *name = NULL;
        MOTE_TRY(mote_arena_format(c->arena, &name, "%s%s%s%s", schedule->blocks[i].name,
                                   marked ? " (" : "", marked ? schedule->name : "",
                                   marked ? ")" : ""));
        names[i] = name;
    }
    return MOTE_OK;
}

static mote_status name_placements(const compiler *c)
{
    mote_compiled *compiled = c->compiled;
    const char **names = NULL;
    MOTE_TRY(mote_arena_array(c->arena, compiled->problem.placement_count, sizeof *names,
                              (void **)&names));
    for (size_t i = 0; i < compiled->state_block_count; i++)
        names[i] = compiled->state_blocks[i].name;
    for (size_t i = 0; i < compiled->program_count; i++)
        MOTE_TRY(name_blocks(c, &compiled->schedules[i], names + compiled->first_placements[i]));
    compiled->placement_names = names;
    return MOTE_OK;
}

static mote_status make_problem(const compiler *c)
{
    mote_compiled *compiled = c->compiled;
    mote_placement *placements = NULL;
    size_t count = compiled->state_block_count;
    size_t step_count = 0;
    for (size_t i = 0; i < compiled->program_count; i++) {
        count += compiled->schedules[i].block_count;
        step_count += compiled->schedules[i].step_count;
    }
    MOTE_TRY(mote_arena_array(c->arena, count, sizeof *placements, (void **)&placements));
    for (size_t i = 0; i < compiled->state_block_count; i++) {
        placements[i] = (mote_placement){.bytes = compiled->state_blocks[i].bytes,
                                         .alignment = MOTE_ALIGNMENT,
                                         .first = 0,
                                         .last = step_count - 1,
                                         .fixed = compiled->state_blocks[i].offset};
    }
    size_t at = compiled->state_block_count;
    size_t first_step = 0;
    for (size_t i = 0; i < compiled->program_count; i++) {
        compiled->first_placements[i] = at;
        mote_schedule_place(&compiled->schedules[i], first_step, placements + at);
        at += compiled->schedules[i].block_count;
        first_step += compiled->schedules[i].step_count;
    }
    compiled->problem = (mote_plan_problem){
        .placements = placements, .placement_count = count, .step_count = step_count};
    return MOTE_OK;
}

static mote_status measure_unplanned(const compiler *c)
{
    const mote_planner *naive = NULL;
    mote_plan plan;
    MOTE_TRY(mote_planner_find("naive", &naive));
    const mote_arena_mark mark = mote_arena_get_mark(c->arena);
    const mote_status status = mote_plan_run(naive, &c->compiled->problem, c->arena, &plan);
    if (status == MOTE_OK)
        c->compiled->info.unplanned_bytes = plan.arena_bytes;
    mote_arena_release_to(c->arena, mark);
    return status;
}

/// A plan can fail only by sizes that do not fit; the planner knows no names.
static mote_status run_planner(const compiler *c)
{
    const mote_status status =
        mote_plan_run(c->request->planner, &c->compiled->problem, c->arena, &c->compiled->plan);
    if (status == MOTE_OK || status == MOTE_ERROR_MEMORY)
        return status;
    return MOTE_RAISE(status, "%s: the memory cannot be planned: %s", c->request->description->path,
                      mote_last_error()->message);
}

static mote_status fill_info(const compiler *c)
{
    mote_compiled *compiled = c->compiled;
    mote_plan_info *info = &compiled->info;
    const mote_graph *graph = mote_compiled_graph(compiled);
    info->arena_bytes = compiled->plan.arena_bytes;
    info->lower_bound_bytes = compiled->plan.lower_bound_bytes;
    info->is_optimal = compiled->plan.is_optimal;
    info->peak_step = compiled->plan.peak_step;
    info->plan_hash = compiled->plan.hash;
    info->planner = c->request->planner->name;
    info->layer_count = graph->node_count;
    info->step_count = compiled->problem.step_count;
    info->operation_count =
        mote_compile_find_operation(&compiled->schedules[0], compiled->schedules[0].step_count);
    info->placement_count = compiled->problem.placement_count;
    info->batch_size = graph->batch;
    info->parameter_count = mote_graph_parameter_count(graph);
    for (size_t i = 0; i < compiled->problem.placement_count; i++) {
        const mote_placement *placement = &compiled->problem.placements[i];
        const size_t bytes = mote_size_align(placement->bytes, placement->alignment);
        mote_block_kind kind;
        (void)mote_compiled_placement_name(compiled, i, &kind);
        info->kind_all_bytes[kind] += bytes;
        if (placement->first <= info->peak_step && info->peak_step <= placement->last)
            info->kind_bytes[kind] += bytes;
    }
    char text[256];
    char *name = NULL;
    MOTE_TRY(
        mote_arena_format(c->arena, &name, "%s",
                          mote_compiled_step_text(compiled, info->peak_step, text, sizeof text)));
    info->peak_step_name = name;
    info->ahead_step_name = "";
    return MOTE_OK;
}

static mote_status plan_memory(const compiler *c)
{
    MOTE_TRY(make_state(c));
    MOTE_TRY(make_problem(c));
    MOTE_TRY(name_placements(c));
    MOTE_TRY(run_planner(c));
    MOTE_TRY(measure_unplanned(c));
    return fill_info(c);
}

static mote_status link_programs(const compiler *c)
{
    mote_compiled *compiled = c->compiled;
    for (size_t i = 0; i < compiled->program_count; i++) {
        MOTE_TRY(mote_compile_link(compiled, i, c->arena, &compiled->programs[i]));
        compiled->programs[i].poison = poison_dead_blocks;
        if (&compiled->programs[i] != compiled->infer) // which has no next batch
            MOTE_TRY(mote_compile_ahead(compiled, i, c->arena));
    }
    return MOTE_OK;
}

mote_status mote_compile(const mote_compile_request *request, mote_arena *arena,
                         mote_compiled *compiled)
{
    const compiler c = {request, arena, compiled};
    *compiled = (mote_compiled){.program_count = 0};
    MOTE_TRY(mote_compile_check(request, arena, compiled->model_hash));
    MOTE_TRY(make_schedules(&c));
    MOTE_TRY(plan_memory(&c));
    return link_programs(&c);
}

const mote_graph *mote_compiled_graph(const mote_compiled *compiled)
{
    return compiled->graphs[0].node_count ? &compiled->graphs[0] : &compiled->graphs[1];
}

const char *mote_compiled_step_text(const mote_compiled *compiled, size_t step, char *text,
                                    size_t bytes)
{
    size_t i = 0;
    while (step >= compiled->schedules[i].step_count)
        step -= compiled->schedules[i++].step_count;
    const mote_schedule *schedule = &compiled->schedules[i];
    const size_t length = strlen(mote_step_text(schedule, step, text, bytes));
    if (i > 0)
        (void)snprintf(text + length, bytes - length, " (%s)", schedule->name);
    return text;
}

/// The program that a placement behind those of the state belongs to, and its block there.
static const mote_schedule *find_block(const mote_compiled *compiled, size_t *index)
{
    size_t i = compiled->program_count - 1;
    while (compiled->first_placements[i] > *index)
        i--;
    *index -= compiled->first_placements[i];
    return &compiled->schedules[i];
}

const char *mote_compiled_placement_name(const mote_compiled *compiled, size_t index,
                                         mote_block_kind *kind)
{
    size_t block = index;
    if (index < compiled->state_block_count) {
        const mote_state_role role = compiled->state_blocks[index].role;
        *kind = role == MOTE_STATE_OPTIMIZER ? MOTE_BLOCK_KIND_OPTIMIZER : MOTE_BLOCK_KIND_WEIGHTS;
    } else {
        *kind = find_block(compiled, &block)->blocks[block].kind;
    }
    return compiled->placement_names[index];
}

const mote_tensor_spec *mote_compiled_placement_spec(const mote_compiled *compiled, size_t index,
                                                     size_t *samples)
{
    *samples = compiled->info.batch_size;
    if (index < compiled->state_block_count)
        return &compiled->state_blocks[index].spec;
    const mote_schedule *schedule = find_block(compiled, &index);
    const mote_schedule_tensor *tensor = schedule->tensors;
    while (tensor->block != index || tensor->name != schedule->blocks[index].name)
        tensor++;
    if (tensor->slice_samples > 0)
        *samples = tensor->slice_samples;
    return &tensor->spec;
}

const char *mote_compiled_placement_tensor(const mote_compiled *compiled, size_t index,
                                           size_t other)
{
    if (index < compiled->state_block_count)
        return NULL;
    const mote_schedule *schedule = find_block(compiled, &index);
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        const mote_schedule_tensor *tensor = &schedule->tensors[i];
        if (tensor->block == index && tensor->name != schedule->blocks[index].name && other-- == 0)
            return tensor->name;
    }
    return NULL;
}

const mote_weight_declaration *mote_compiled_find_weight(const mote_compiled *compiled,
                                                         const char *name)
{
    const mote_graph *graph = mote_compiled_graph(compiled);
    for (size_t i = 0; i < graph->node_count; i++) {
        const mote_node *node = &graph->nodes[i];
        for (size_t j = 0; j < node->declaration.weight_count; j++) {
            if (mote_graph_owns(graph, i, j) && strcmp(node->weight_names[j], name) == 0)
                return &node->declaration.weights[j];
        }
        for (size_t j = 0; j < node->declaration.statistic_count; j++) {
            if (strcmp(node->statistic_names[j], name) == 0)
                return &node->declaration.statistics[j];
        }
    }
    return NULL;
}
