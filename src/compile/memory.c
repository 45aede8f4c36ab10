// SPDX-License-Identifier: Apache-2.0
// Where everything lies: what persists, then the blocks of all programs, planned as one.
#include "compile/settings.h"

#include "base/size.h"

#include <stdio.h>
#include <string.h>

/// Smaller slices cost more time to move than they give room.
#define SMALLEST_SLICE ((size_t)65536)

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
static mote_status end_block(const mote_compiler *c, const mote_state_block *block, size_t *offset)
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
static mote_status find_averages(const mote_compiler *c)
{
    const mote_compiled *compiled = c->compiled;
    const mote_state state = {.blocks = compiled->state_blocks,
                              .block_count = compiled->state_block_count};
    for (size_t i = 0; i < state.block_count; i++) {
        const mote_arena_mark mark = mote_arena_get_mark(c->arena);
        char *name = NULL;
        MOTE_TRY(mote_arena_format(c->arena, &name, MOTE_AVERAGE_NAME, state.blocks[i].name));
        const size_t average = mote_state_find(&state, name);
        mote_arena_release_to(c->arena, mark);
        compiled->state_blocks[i].average = average < state.block_count ? average : 0;
    }
    return MOTE_OK;
}

/// What is worth being moved in slices.
static mote_status list_slices(const mote_compiler *c, size_t tensor, mote_state_block *block)
{
    MOTE_TRY(
        mote_schedule_find_slices(&c->compiled->schedules[0], tensor, c->arena, &block->slices));
    if (block->slices.count > 0 && block->bytes / block->slices.count < SMALLEST_SLICE)
        block->slices.count = 0;
    return MOTE_OK;
}

/// In name order. The first program names all of it.
static mote_status list_state(const mote_compiler *c)
{
    mote_compiled *compiled = c->compiled;
    const mote_schedule *schedule = &compiled->schedules[0];
    size_t count = 0;
    for (size_t i = 0; i < schedule->tensor_count; i++)
        count += schedule->tensors[i].persistent;
    MOTE_TRY(mote_arena_array(c->arena, count, sizeof *compiled->state_blocks,
                              (void **)&compiled->state_blocks));
    MOTE_TRY(mote_arena_array(c->arena, count, sizeof *compiled->held, (void **)&compiled->held));
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        const mote_schedule_tensor *tensor = &schedule->tensors[i];
        if (!tensor->persistent)
            continue;
        mote_state_block block = {.name = tensor->name,
                                  .role = role_of(compiled, tensor),
                                  .spec = *tensor->spec,
                                  .bytes = tensor->bytes};
        MOTE_TRY(list_slices(c, i, &block));
        insert_sorted(compiled, &block);
    }
    return find_averages(c);
}

size_t mote_compile_staging_bytes(const mote_compiled *compiled, bool may_swap)
{
    for (size_t i = 0; i < compiled->state_block_count; i++) {
        const mote_state_block *block = &compiled->state_blocks[i];
        if ((block->is_swapped || may_swap) && block->slices.count > 0)
            return MOTE_STATE_SLICES_STAGING_BYTES;
    }
    return MOTE_STATE_STAGING_BYTES;
}

/// What persists in memory lies at the start of the arena, the rest at the start of the swap file.
mote_status mote_compile_place_state(const mote_compiler *c)
{
    mote_compiled *compiled = c->compiled;
    size_t offset = 0;
    compiled->held_count = 0;
    compiled->swap_bytes = 0;
    for (size_t i = 0; i < compiled->state_block_count; i++) {
        mote_state_block *block = &compiled->state_blocks[i];
        if (block->is_swapped) {
            block->home = compiled->swap_bytes;
            compiled->swap_bytes += mote_state_home_bytes(block);
            continue;
        }
        compiled->held[compiled->held_count++] = i;
        block->offset = offset;
        MOTE_TRY(end_block(c, block, &offset));
    }
    compiled->staging_bytes =
        compiled->swap_bytes > 0 ? mote_compile_staging_bytes(compiled, false) : 0;
    return MOTE_OK;
}

/// A block of another program than training is marked: names are unique over all of them.
static mote_status name_blocks(const mote_compiler *c, const mote_schedule *schedule,
                               const char **names)
{
    for (size_t i = 0; i < schedule->block_count; i++) {
        char *name = NULL;
        names[i] = schedule->blocks[i].name;
        if (schedule->training)
            continue;
        MOTE_TRY(mote_arena_format(c->arena, &name, "%s (%s)", names[i], schedule->name));
        names[i] = name;
    }
    return MOTE_OK;
}

static mote_status name_placements(const mote_compiler *c)
{
    mote_compiled *compiled = c->compiled;
    const char **names = NULL;
    MOTE_TRY(mote_arena_array(c->arena, compiled->problem.placement_count, sizeof *names,
                              (void **)&names));
    for (size_t i = 0; i < compiled->held_count; i++)
        names[i] = compiled->state_blocks[compiled->held[i]].name;
    if (compiled->staging_bytes > 0)
        names[compiled->held_count] = "swapped state's staging";
    for (size_t i = 0; i < compiled->program_count; i++)
        MOTE_TRY(name_blocks(c, &compiled->schedules[i], names + compiled->first_placements[i]));
    compiled->placement_names = names;
    return MOTE_OK;
}

/// What is in memory at all steps.
static void place_held(const mote_compiled *compiled, size_t step_count, mote_placement *placements)
{
    for (size_t i = 0; i < compiled->held_count; i++) {
        const mote_state_block *block = &compiled->state_blocks[compiled->held[i]];
        placements[i] = (mote_placement){.bytes = block->bytes,
                                         .alignment = MOTE_ALIGNMENT,
                                         .first = 0,
                                         .last = step_count - 1,
                                         .fixed = block->offset};
    }
    if (compiled->staging_bytes > 0) {
        placements[compiled->held_count] = (mote_placement){.bytes = compiled->staging_bytes,
                                                            .alignment = MOTE_TRANSFER_ALIGNMENT,
                                                            .first = 0,
                                                            .last = step_count - 1,
                                                            .fixed = MOTE_PLAN_ANY};
    }
}

/// Where the budget cannot be kept, all offsets are good enough.
static mote_status mark_hopeless(const mote_compiler *c)
{
    mote_plan_problem *problem = &c->compiled->problem;
    const mote_arena_mark mark = mote_arena_get_mark(c->arena);
    size_t *live = NULL;
    MOTE_TRY(mote_arena_array(c->arena, problem->step_count, sizeof *live, (void **)&live));
    mote_plan_live_bytes(problem, live);
    for (size_t i = 0; i < problem->step_count; i++) {
        if (problem->enough_bytes > 0 && live[i] > problem->enough_bytes)
            problem->enough_bytes = SIZE_MAX - 1; // what is not placed yet ends at SIZE_MAX
    }
    mote_arena_release_to(c->arena, mark);
    return MOTE_OK;
}

static mote_status make_problem(const mote_compiler *c, bool is_rough)
{
    mote_compiled *compiled = c->compiled;
    mote_placement *placements = NULL;
    size_t count = compiled->held_count + (compiled->staging_bytes > 0);
    size_t step_count = 0;
    for (size_t i = 0; i < compiled->program_count; i++) {
        compiled->first_placements[i] = count;
        count += compiled->schedules[i].block_count;
        step_count += compiled->schedules[i].step_count;
    }
    MOTE_TRY(mote_arena_array(c->arena, count, sizeof *placements, (void **)&placements));
    place_held(compiled, step_count, placements);
    size_t first_step = 0;
    for (size_t i = 0; i < compiled->program_count; i++) {
        mote_schedule_place(&compiled->schedules[i], first_step,
                            placements + compiled->first_placements[i]);
        first_step += compiled->schedules[i].step_count;
    }
    compiled->problem = (mote_plan_problem){.placements = placements,
                                            .placement_count = count,
                                            .step_count = step_count,
                                            .enough_bytes = (size_t)c->request->memory_budget};
    return is_rough ? mark_hopeless(c) : MOTE_OK;
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

static mote_block_kind kind_of(const mote_compiled *compiled, size_t placement)
{
    if (placement < compiled->held_count) {
        const mote_state_role role = compiled->state_blocks[compiled->held[placement]].role;
        return role == MOTE_STATE_OPTIMIZER ? MOTE_BLOCK_KIND_OPTIMIZER : MOTE_BLOCK_KIND_WEIGHTS;
    }
    if (placement < compiled->first_placements[0]) // the staging
        return MOTE_BLOCK_KIND_SCRATCH;
    const mote_schedule *schedule = find_block(compiled, &placement);
    return schedule->blocks[placement].kind;
}

static mote_status measure_unplanned(const mote_compiler *c)
{
    const mote_planner *naive = NULL;
    mote_plan plan;
    MOTE_TRY(mote_planner_find("naive", &naive));
    const mote_arena_mark mark = mote_arena_get_mark(c->arena);
    const mote_status status = mote_plan_run(naive, &c->compiled->problem, c->arena, &plan);
    if (status == MOTE_OK)
        c->compiled->info.unplanned_bytes = plan.arena_bytes;
    mote_arena_release_to(c->arena, mark);
    for (size_t i = 0; i < c->compiled->problem.placement_count; i++) {
        const mote_placement *placement = &c->compiled->problem.placements[i];
        c->compiled->info.kind_all_bytes[kind_of(c->compiled, i)] +=
            mote_size_align(placement->bytes, placement->alignment);
    }
    return status;
}

/// A plan can fail only by sizes that do not fit; the planner knows no names.
static mote_status run_planner(const mote_compiler *c)
{
    const mote_status status =
        mote_plan_run(c->request->planner, &c->compiled->problem, c->arena, &c->compiled->plan);
    if (status == MOTE_OK || status == MOTE_ERROR_MEMORY)
        return status;
    return MOTE_RAISE(status, "%s: the memory cannot be planned: %s", c->request->description->path,
                      mote_last_error()->message);
}

/// Of a run of the first program.
static double count_recomputed(const mote_schedule *schedule)
{
    double flops = 0.0;
    for (size_t i = 0; i < schedule->step_count; i++) {
        const mote_step *step = &schedule->steps[i];
        if (step->kind == MOTE_STEP_RECOMPUTE)
            flops += 2.0 * (double)schedule->graph->batch *
                     mote_declaration_work(&schedule->graph->nodes[step->node].declaration,
                                           MOTE_PHASE_RECOMPUTE);
    }
    return flops;
}

static const char *name_keeper(const mote_compiled *compiled)
{
    if (!compiled->train || compiled->settings.apply == MOTE_APPLY_EARLY)
        return "";
    return compiled->settings.clip == MOTE_CLIP_NORM ? "clip_norm" : "apply = after_all";
}

static mote_status fill_info(const mote_compiler *c)
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
    info->without = c->request->without;
    info->layer_count = graph->node_count;
    info->step_count = compiled->problem.step_count;
    info->operation_count =
        mote_compile_find_operation(&compiled->schedules[0], compiled->schedules[0].step_count);
    info->placement_count = compiled->problem.placement_count;
    info->batch_size = graph->batch;
    info->parameter_count = mote_graph_parameter_count(graph);
    for (size_t i = 0; i < compiled->problem.placement_count; i++) {
        const mote_placement *placement = &compiled->problem.placements[i];
        if (placement->first <= info->peak_step && info->peak_step <= placement->last)
            info->kind_bytes[kind_of(compiled, i)] +=
                mote_size_align(placement->bytes, placement->alignment);
    }
    char text[256];
    char *name = NULL;
    MOTE_TRY(
        mote_arena_format(c->arena, &name, "%s",
                          mote_compiled_step_text(compiled, info->peak_step, text, sizeof text)));
    info->peak_step_name = name;
    info->ahead_step_name = "";
    info->cost_path = c->request->cost_path ? c->request->cost_path : "";
    info->gradients_kept_by = name_keeper(compiled);
    info->recomputed_flops = count_recomputed(&compiled->schedules[0]);
    return MOTE_OK;
}

mote_status mote_compile_place(const mote_compiler *c, bool is_rough)
{
    MOTE_TRY(make_problem(c, is_rough));
    return run_planner(c);
}

mote_status mote_compile_plan(const mote_compiler *c)
{
    MOTE_TRY(list_state(c));
    MOTE_TRY(mote_compile_place_state(c));
    MOTE_TRY(mote_compile_place(c, c->is_alternative || c->request->saved != NULL));
    MOTE_TRY(measure_unplanned(c));
    MOTE_TRY(mote_compile_fit(c));
    MOTE_TRY(name_placements(c));
    return fill_info(c);
}

const char *mote_compiled_placement_name(const mote_compiled *compiled, size_t index,
                                         mote_block_kind *kind)
{
    *kind = kind_of(compiled, index);
    return compiled->placement_names[index];
}

mote_tensor_spec mote_compiled_placement_spec(const mote_compiled *compiled, size_t index,
                                              size_t *samples)
{
    *samples = compiled->info.batch_size;
    if (index < compiled->held_count)
        return compiled->state_blocks[compiled->held[index]].spec;
    if (index < compiled->first_placements[0]) // the staging
        return (mote_tensor_spec){.dtype = MOTE_DTYPE_U8};
    const mote_schedule *schedule = find_block(compiled, &index);
    const mote_block *block = &schedule->blocks[index];
    mote_tensor_spec spec = *schedule->tensors[block->tensor].spec;
    if (schedule->tensors[block->tensor].slice_samples > 0)
        *samples = schedule->tensors[block->tensor].slice_samples;
    if (block->slice.count > 0)
        spec.shape.dims[1] = block->slice.count;
    return spec;
}

const char *mote_compiled_placement_tensor(const mote_compiled *compiled, size_t index,
                                           size_t other)
{
    if (index < compiled->first_placements[0])
        return NULL;
    const mote_schedule *schedule = find_block(compiled, &index);
    const mote_block *block = &schedule->blocks[index];
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        if (schedule->tensors[i].block == block->root && i != block->tensor && other-- == 0)
            return schedule->tensors[i].name;
    }
    return NULL;
}
