// SPDX-License-Identifier: Apache-2.0
// A schedule whose blocks are not in memory through all of their lives: each stay is a block of its own.
#include "base/size.h"
#include "schedule/build.h"

#include <assert.h>
#include <string.h>

size_t mote_schedule_stay_bytes(const mote_schedule *whole, const mote_stay *stay)
{
    const mote_schedule_tensor *tensor = &whole->tensors[stay->tensor];
    const size_t all = stay->block == MOTE_NONE ? tensor->bytes : whole->blocks[stay->block].bytes;
    return mote_size_align(mote_shape_slice_bytes(&tensor->spec->shape, all, stay->slice),
                           MOTE_TRANSFER_ALIGNMENT);
}

/// The node whose weight 0 the tensor is, where that is cut, or is the optimizer's state of; MOTE_NONE: of none.
static size_t find_owner(const mote_schedule *schedule, size_t tensor, mote_step_kind *kind)
{
    for (size_t i = 0; i < schedule->graph->node_count; i++) {
        const mote_node_tensors *tensors = &schedule->nodes[i];
        const bool has_weight = schedule->graph->nodes[i].declaration.weight_count > 0;
        *kind = MOTE_STEP_FORWARD;
        if (schedule->cut[i] && tensors->weights[0] == tensor)
            return i;
        *kind = MOTE_STEP_APPLY;
        for (size_t j = 0; has_weight && j < MOTE_OPTIMIZER_SLOTS_MAX; j++) {
            if (tensors->slots[j] == tensor)
                return i;
        }
    }
    return MOTE_NONE;
}

static bool has_slice(const mote_step *step, mote_step_kind kind, size_t node)
{
    return step->kind == kind && step->node == node && step->slice.count > 0;
}

mote_status mote_schedule_find_slices(const mote_schedule *schedule, size_t tensor,
                                      mote_arena *arena, mote_slices *slices)
{
    mote_step_kind kind = MOTE_STEP_APPLY;
    const size_t owner = find_owner(schedule, tensor, &kind);
    mote_slice *items = NULL;
    size_t count = 0;
    *slices = (mote_slices){NULL, 0};
    if (owner == MOTE_NONE)
        return MOTE_OK;
    for (size_t i = 0; i < schedule->step_count; i++)
        count += has_slice(&schedule->steps[i], kind, owner);
    MOTE_TRY(mote_arena_array(arena, count, sizeof *items, (void **)&items));
    for (size_t i = 0; i < schedule->step_count; i++) {
        if (has_slice(&schedule->steps[i], kind, owner))
            items[slices->count++] = schedule->steps[i].slice;
    }
    slices->items = items;
    return MOTE_OK;
}

bool mote_stay_continues(const mote_stay *stay, const mote_stay *before)
{
    return stay->block == before->block && stay->tensor == before->tensor;
}

bool mote_stay_follows(const mote_stay *stay, const mote_stay *before)
{
    return mote_stay_continues(stay, before) && stay->slice.first == before->slice.first;
}

/// Whether a run of parts goes on from one step to the next.
static bool is_within_run(const mote_schedule *schedule, size_t step)
{
    const mote_step_run *run = &schedule->steps[step].run;
    return run->count > 0 && step + 1 < run->end;
}

bool mote_stay_is_apart(const mote_schedule *schedule, const mote_stay *stay)
{
    return (stay->first == 0 || !is_within_run(schedule, stay->first - 1)) &&
           !is_within_run(schedule, stay->last);
}

/// What is placed for a stay.
static mote_block make_block(const mote_schedule *whole, const mote_stay *stay)
{
    assert(stay->first <= stay->used_first && stay->used_last <= stay->last);
    assert(mote_stay_is_apart(whole, stay));
    const mote_schedule_tensor *tensor = &whole->tensors[stay->tensor];
    return (mote_block){.name = tensor->name,
                        .kind = tensor->kind,
                        .tensor = stay->tensor,
                        .bytes = mote_schedule_stay_bytes(whole, stay),
                        .first = stay->first,
                        .last = stay->last,
                        .used_first = stay->used_first,
                        .used_last = stay->used_last,
                        .next = MOTE_NONE,
                        .is_loaded = stay->is_loaded,
                        .is_stored = stay->is_stored,
                        .home = stay->home,
                        .slice = stay->slice};
}

/// The block of a later stay: the one before is at `before`.
static mote_status link_stay(mote_schedule *split, size_t before, size_t number, mote_arena *arena)
{
    mote_block *block = &split->blocks[before + 1];
    char *name = NULL;
    MOTE_TRY(mote_arena_format(arena, &name, "%s stay %zu", block->name, number));
    block->name = name;
    block->root = split->blocks[before].root;
    split->blocks[before].next = before + 1;
    return MOTE_OK;
}

/// The blocks of all stays, behind those that are there; `firsts` gets the block of the first stay, by block of the whole.
static mote_status add_stays(const mote_schedule *whole, const mote_stay *stays, size_t stay_count,
                             mote_arena *arena, mote_schedule *split, size_t *firsts)
{
    size_t number = 1;
    for (size_t i = 0; i < stay_count; i++) {
        const size_t at = split->block_count++;
        const bool is_later = i > 0 && mote_stay_continues(&stays[i], &stays[i - 1]);
        split->blocks[at] = make_block(whole, &stays[i]);
        split->blocks[at].root = at;
        number = is_later ? number + 1 : 1;
        if (is_later)
            MOTE_TRY(link_stay(split, at - 1, number, arena));
        else if (stays[i].block == MOTE_NONE)
            split->tensors[stays[i].tensor].block = at;
        else
            firsts[stays[i].block] = at;
    }
    return MOTE_OK;
}

/// Blocks that stay whole, in their order.
static void keep_whole(const mote_schedule *whole, const mote_stay *stays, size_t stay_count,
                       mote_schedule *split, size_t *firsts)
{
    for (size_t i = 0; i < stay_count; i++) {
        if (stays[i].block != MOTE_NONE)
            firsts[stays[i].block] = MOTE_NONE;
    }
    for (size_t i = 0; i < whole->block_count; i++) {
        if (firsts[i] == MOTE_NONE)
            continue;
        firsts[i] = split->block_count++;
        split->blocks[firsts[i]] = whole->blocks[i];
        split->blocks[firsts[i]].root = firsts[i];
    }
}

mote_status mote_schedule_split(const mote_schedule *whole, const mote_stay *stays,
                                size_t stay_count, mote_arena *arena, mote_schedule *split)
{
    size_t *firsts = NULL;
    *split = *whole;
    split->block_count = 0;
    MOTE_TRY(mote_arena_array(arena, whole->block_count, sizeof *firsts, (void **)&firsts));
    MOTE_TRY(mote_arena_array(arena, whole->block_count + stay_count, sizeof *split->blocks,
                              (void **)&split->blocks));
    MOTE_TRY(mote_arena_array(arena, whole->tensor_count, sizeof *split->tensors,
                              (void **)&split->tensors));
    memcpy(split->tensors, whole->tensors, whole->tensor_count * sizeof *whole->tensors);
    keep_whole(whole, stays, stay_count, split, firsts);
    MOTE_TRY(add_stays(whole, stays, stay_count, arena, split, firsts));
    for (size_t i = 0; i < split->tensor_count; i++) {
        mote_schedule_tensor *tensor = &split->tensors[i];
        if (!tensor->persistent && tensor->block != MOTE_NONE)
            tensor->block = firsts[tensor->block];
    }
    return MOTE_OK;
}

/// Whether the stay is the one of a step that uses its tensor, where those in front of it are not.
static bool serves(const mote_block *block, const mote_schedule *schedule, size_t step)
{
    return block->used_last >= step &&
           (block->slice.count == 0 || block->slice.first == schedule->steps[step].slice.first);
}

size_t mote_schedule_find_block(const mote_schedule *schedule, size_t tensor, size_t step)
{
    size_t block = schedule->tensors[tensor].block;
    while (block != MOTE_NONE && !serves(&schedule->blocks[block], schedule, step) &&
           schedule->blocks[block].next != MOTE_NONE)
        block = schedule->blocks[block].next;
    return block;
}
