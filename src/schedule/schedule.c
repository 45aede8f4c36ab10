// SPDX-License-Identifier: Apache-2.0
// Builds and prints a schedule.
#include "base/size.h"
#include "base/text.h"
#include "schedule/build.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/// Room that most networks need; lists grow beyond it.
#define STEPS_A_NODE   5U
#define TENSORS_A_NODE 10U

/// Moves the lists that have grown to where the schedule keeps them, at their size.
static mote_status keep_lists(const mote_schedule_builder *b)
{
    if (b->arena == b->scratch) // a trial, which keeps nothing
        return MOTE_OK;
    mote_schedule *schedule = b->schedule;
    mote_step *steps = NULL;
    mote_schedule_tensor *tensors = NULL;
    MOTE_TRY(mote_arena_array(b->arena, schedule->step_count, sizeof *steps, (void **)&steps));
    MOTE_TRY(
        mote_arena_array(b->arena, schedule->tensor_count, sizeof *tensors, (void **)&tensors));
    memcpy(steps, schedule->steps, schedule->step_count * sizeof *steps);
    memcpy(tensors, schedule->tensors, schedule->tensor_count * sizeof *tensors);
    schedule->steps = steps;
    schedule->tensors = tensors;
    return MOTE_OK;
}

/// Lists that grow, and what is known of nodes and values while they do.
static mote_status make_lists(mote_schedule_builder *b)
{
    const size_t count = b->graph->node_count;
    mote_schedule *schedule = b->schedule;
    b->step_capacity = STEPS_A_NODE * count;
    b->tensor_capacity = TENSORS_A_NODE * count;
    MOTE_TRY(mote_arena_array(b->scratch, b->step_capacity, sizeof *schedule->steps,
                              (void **)&schedule->steps));
    MOTE_TRY(mote_arena_array(b->scratch, b->tensor_capacity, sizeof *schedule->tensors,
                              (void **)&schedule->tensors));
    MOTE_TRY(mote_arena_array(b->scratch, count, sizeof *b->readers, (void **)&b->readers));
    for (size_t i = 0; i < count; i++)
        b->readers[i] = MOTE_NONE;
    MOTE_TRY(mote_arena_array(b->arena, count, sizeof *schedule->cut, (void **)&schedule->cut));
    return mote_arena_array(b->arena, b->graph->value_count, sizeof *schedule->again,
                            (void **)&schedule->again);
}

mote_status mote_schedule_build_chosen(mote_schedule_builder *b)
{
    MOTE_TRY(make_lists(b));
    MOTE_TRY(mote_schedule_make_steps(b));
    assert(b->schedule->step_count > 0);
    mote_schedule_make_batches(b);
    mote_schedule_make_bands(b);
    MOTE_TRY(mote_schedule_make_tensors(b));
    mote_schedule_find_lives(b->schedule);
    MOTE_TRY(mote_schedule_make_blocks(b));
    return keep_lists(b);
}

static mote_status make_choices(const mote_schedule_builder *b, mote_choices *choices)
{
    const size_t count = b->graph->node_count;
    MOTE_TRY(mote_arena_array(b->scratch, count, sizeof *choices->recomputed,
                              (void **)&choices->recomputed));
    MOTE_TRY(
        mote_arena_array(b->scratch, count, sizeof *choices->renewed, (void **)&choices->renewed));
    MOTE_TRY(
        mote_arena_array(b->scratch, count, sizeof *choices->banded, (void **)&choices->banded));
    MOTE_TRY(
        mote_arena_array(b->scratch, count, sizeof *choices->sampled, (void **)&choices->sampled));
    MOTE_TRY(
        mote_arena_array(b->scratch, count, sizeof *choices->samples, (void **)&choices->samples));
    return mote_arena_array(b->scratch, count, sizeof *choices->slices, (void **)&choices->slices);
}

static mote_status build(mote_schedule_builder *b)
{
    const size_t count = b->graph->node_count;
    MOTE_TRY(mote_arena_array(b->scratch, count, sizeof *b->order, (void **)&b->order));
    MOTE_TRY(mote_arena_array(b->scratch, count, sizeof *b->ranks, (void **)&b->ranks));
    for (size_t i = 0; i < count; i++)
        b->order[i] = b->ranks[i] = i;
    MOTE_TRY(make_choices(b, &b->chosen));
    MOTE_TRY(make_choices(b, &b->best));
    MOTE_TRY(mote_schedule_choose(b));
    return mote_schedule_build_chosen(b);
}

mote_status mote_schedule_build(const mote_graph *graph, const mote_strategy *strategy,
                                mote_arena *arena, mote_schedule *schedule)
{
    *schedule = (mote_schedule){.name = strategy->name,
                                .graph = graph,
                                .training = strategy->training,
                                .clip = strategy->clip};
    mote_arena scratch;
    mote_arena_init(&scratch, arena->allocator);
    mote_schedule_builder b = {
        .graph = graph,
        .strategy = strategy,
        .arena = arena,
        .scratch = &scratch,
        .schedule = schedule,
    };
    const mote_status status = build(&b);
    mote_arena_release(&scratch);
    return status;
}

void mote_schedule_place(const mote_schedule *schedule, size_t first_step,
                         mote_placement *placements)
{
    for (size_t i = 0; i < schedule->block_count; i++) {
        const mote_block *block = &schedule->blocks[i];
        const bool is_transferred = block->is_loaded || block->is_stored;
        placements[i] =
            (mote_placement){.bytes = block->bytes,
                             .alignment = is_transferred ? MOTE_TRANSFER_ALIGNMENT : MOTE_ALIGNMENT,
                             .first = first_step + block->first,
                             .last = first_step + block->last,
                             .fixed = MOTE_PLAN_ANY};
    }
}

const char *mote_step_kind_text(mote_step_kind kind)
{
    switch (kind) {
#define MOTE_STEP_KIND_CASE(name, text) \
    case MOTE_STEP_##name:              \
        return text;
        MOTE_STEP_KIND_MAP(MOTE_STEP_KIND_CASE)
#undef MOTE_STEP_KIND_CASE
    }
    return "";
}

const char *mote_step_text(const mote_schedule *schedule, size_t step, char *text, size_t bytes)
{
    const mote_step *at = &schedule->steps[step];
    const char *what = "all";
    if (at->kind == MOTE_STEP_READ)
        what = schedule->graph->values[schedule->graph->ports[at->index]].name;
    else if (at->kind == MOTE_STEP_APPLY || at->kind == MOTE_STEP_CLIP ||
             at->kind == MOTE_STEP_ADD || at->kind == MOTE_STEP_AVERAGE)
        what = schedule->graph->nodes[at->node].weight_names[at->index];
    else if (at->kind == MOTE_STEP_PAUSE)
        what = "outputs";
    else if (at->node != MOTE_NONE)
        what = schedule->graph->nodes[at->node].name;
    const int length = snprintf(text, bytes, "%s %s", mote_step_kind_text(at->kind), what);
    if (at->slice.count > 0 && length > 0 && (size_t)length < bytes)
        (void)snprintf(text + length, bytes - (size_t)length, " [%zu, %zu)", at->slice.first,
                       at->slice.first + at->slice.count);
    return text;
}

/// Behind the first step of a run; ends the line.
static void print_run(const mote_step_run *run, size_t step, const mote_writer *writer)
{
    if (run->count > 0 && run->first == step)
        mote_write(writer, ", to step %zu in %zu %s", run->end - 1, run->count,
                   run->by_samples ? "slices of samples" : "bands of channels");
    mote_write(writer, "\n");
}

void mote_schedule_print(const mote_schedule *schedule, const mote_writer *writer)
{
    mote_write(writer, "program %s: %zu steps, %zu blocks\n", schedule->name, schedule->step_count,
               schedule->block_count);
    for (size_t i = 0; i < schedule->step_count; i++) {
        char text[256];
        mote_write(writer, "%5zu %s", i, mote_step_text(schedule, i, text, sizeof text));
        print_run(&schedule->steps[i].run, i, writer);
    }
    mote_write(writer, "%5s %5s %12s  %-11s block\n", "first", "last", "bytes", "kind");
    for (size_t i = 0; i < schedule->block_count; i++) {
        const mote_block *block = &schedule->blocks[i];
        mote_write(writer, "%5zu %5zu %12zu  %-11s %s", block->first, block->last, block->bytes,
                   mote_block_kind_name(block->kind), block->name);
        for (size_t j = 0; j < schedule->tensor_count; j++) {
            if (schedule->tensors[j].block == i && schedule->tensors[j].name != block->name)
                mote_write(writer, " = %s", schedule->tensors[j].name);
        }
        mote_write(writer, "\n");
    }
}

const char *mote_block_kind_name(mote_block_kind kind)
{
    static const char *const names[] = {
#define MOTE_BLOCK_KIND_TEXT(name, text) text,
        MOTE_BLOCK_KIND_MAP(MOTE_BLOCK_KIND_TEXT)
#undef MOTE_BLOCK_KIND_TEXT
    };
    return kind < MOTE_BLOCK_KIND_COUNT ? names[kind] : "";
}
