// SPDX-License-Identifier: Apache-2.0
// What outlives a run: a copy of its state, put back into another run of the same model.
#include "train/loop.h"
#include "train/train.h"

#include <string.h>

struct mote_kept {
    mote_arena arena; // holds this, too
    mote_state state; // offsets are those of the copy
    mote_knowledge knowledge;
    double image_scale;
    bool scale_known;
    uint64_t applied;
    bool has_checkpoints;
    bool is_torn;
};

static mote_status copy_block(const mote_run *run, size_t index, mote_arena *arena,
                              mote_state_block *block)
{
    char *name = NULL;
    *block = run->state.blocks[index];
    MOTE_TRY(mote_arena_text(arena, block->name, strlen(block->name), &name));
    block->name = name;
    return MOTE_OK;
}

/// State lies at the start of the tensor arena, without holes but for alignment.
static mote_status copy_state(const mote_run *run, mote_kept *kept)
{
    const size_t count = run->state.block_count;
    mote_state_block *blocks = NULL;
    MOTE_TRY(mote_arena_array(&kept->arena, count, sizeof *blocks, (void **)&blocks));
    for (size_t i = 0; i < count; i++)
        MOTE_TRY(copy_block(run, i, &kept->arena, &blocks[i]));
    const size_t bytes = count ? blocks[count - 1].offset + blocks[count - 1].bytes : 0;
    void *copy = NULL;
    MOTE_TRY(mote_arena_allocate(&kept->arena, bytes, &copy));
    if (bytes)
        memcpy(copy, run->memory, bytes);
    kept->state =
        (mote_state){.blocks = blocks, .block_count = count, .base = (unsigned char *)copy};
    return MOTE_OK;
}

static mote_status copy_text(mote_arena *arena, const char *text, const char **copy)
{
    char *made = NULL;
    MOTE_TRY(mote_arena_text(arena, text, strlen(text), &made));
    *copy = made;
    return MOTE_OK;
}

static mote_status fill(const mote_run *run, mote_kept *kept)
{
    kept->image_scale = run->image_scale;
    kept->scale_known = run->scale_known;
    kept->applied = run->stepping.applied;
    kept->has_checkpoints = run->stepping.has_checkpoints;
    kept->is_torn = run->is_torn;
    MOTE_TRY(copy_text(&kept->arena, run->knowledge.class_names, &kept->knowledge.class_names));
    MOTE_TRY(copy_text(&kept->arena, run->knowledge.preparation, &kept->knowledge.preparation));
    return copy_state(run, kept);
}

mote_status mote_run_keep(const mote_run *run, mote_kept **kept)
{
    mote_arena arena;
    mote_kept *made = NULL;
    mote_arena_init(&arena, &run->context->allocator);
    MOTE_TRY(mote_arena_allocate(&arena, sizeof *made, (void **)&made));
    made->arena = arena;
    const mote_status status = fill(run, made);
    if (status == MOTE_OK)
        *kept = made;
    else
        mote_kept_release(&made);
    return status;
}

void mote_kept_release(mote_kept **kept)
{
    if (!*kept)
        return;
    mote_arena arena = (*kept)->arena;
    mote_arena_release(&arena);
    *kept = NULL;
}

/// Where the copy has what `block` shall begin with, NULL when it has nothing. A run that does not train goes on with the
/// moving averages.
static const void *find_kept(const mote_kept *kept, const mote_state_block *block)
{
    const size_t from = mote_state_find(&kept->state, block->name);
    if (from == kept->state.block_count || kept->state.blocks[from].bytes != block->bytes)
        return NULL;
    return block->average_offset ? mote_state_data(&kept->state, from)
                                 : mote_state_kept(&kept->state, from);
}

mote_status mote_run_restore(mote_run *run, const mote_kept *kept)
{
    bool is_whole = true;
    MOTE_TRY(mote_run_note(run, &kept->knowledge, kept->image_scale));
    run->scale_known = kept->scale_known;
    run->is_torn = kept->is_torn;
    for (size_t i = 0; i < run->state.block_count; i++) {
        const mote_state_block *block = &run->state.blocks[i];
        const void *values = find_kept(kept, block);
        if (values)
            memcpy(mote_state_data(&run->state, i), values, block->bytes);
        is_whole = is_whole && values;
    }
    run->stepping.applied = is_whole ? kept->applied : 0;
    run->stepping.has_checkpoints = is_whole && kept->has_checkpoints;
    if (!is_whole)
        mote_run_reset_optimizer(run);
    return MOTE_OK;
}
