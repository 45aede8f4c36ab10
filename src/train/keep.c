// SPDX-License-Identifier: Apache-2.0
// What outlives a run: a copy of its state, put back into another run of the same model. It is in memory, or for a run that
// swaps in a file: the memory of two runs is never needed at once.
#include "train/loop.h"
#include "train/train.h"

#include "base/size.h"

#include <string.h>

struct mote_kept {
    mote_arena arena;         // holds this, too
    mote_state state;         // of the copy
    mote_swap_file swap;      // where it is, unless it is in memory
    mote_state_source source; // or where it was borrowed from
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

/// One block behind the other; gives their end.
static size_t place_blocks(mote_state_block *blocks, size_t count, bool in_file)
{
    const size_t alignment = in_file ? MOTE_TRANSFER_ALIGNMENT : MOTE_ALIGNMENT;
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        blocks[i].is_swapped = in_file;
        blocks[i].offset = end;
        blocks[i].home = end;
        blocks[i].slices.count = 0;
        end += mote_size_align(blocks[i].bytes, alignment);
    }
    return end;
}

static mote_status copy_text(mote_arena *arena, const char *text, const char **copy)
{
    char *made = NULL;
    MOTE_TRY(mote_arena_text(arena, text, strlen(text), &made));
    *copy = made;
    return MOTE_OK;
}

/// Where the copy is going to be.
static mote_status make_room(const mote_run *run, size_t bytes, bool in_file, mote_kept *kept)
{
    const char *folder = NULL;
    void *memory = NULL;
    if (!in_file) {
        MOTE_TRY(mote_arena_allocate(&kept->arena, bytes, &memory));
        kept->state.base = memory;
        return MOTE_OK;
    }
    MOTE_TRY(mote_arena_allocate(&kept->arena, MOTE_STATE_STAGING_BYTES + MOTE_TRANSFER_ALIGNMENT,
                                 &memory));
    const size_t address = (size_t)(uintptr_t)memory;
    kept->state.staging =
        (unsigned char *)memory + (mote_size_align(address, MOTE_TRANSFER_ALIGNMENT) - address);
    kept->state.staging_bytes = MOTE_STATE_STAGING_BYTES;
    kept->state.swap = &kept->swap;
    kept->state.source = &kept->source;
    MOTE_TRY(
        mote_state_source_init(&run->context->allocator, kept->state.block_count, &kept->source));
    if (run->swap_path)
        MOTE_TRY(copy_text(&kept->arena, run->swap_path, &folder));
    return mote_run_open_swap(run, folder, bytes, &kept->swap);
}

static mote_status copy_state(const mote_run *run, bool in_file, mote_kept *kept)
{
    const size_t count = run->state.block_count;
    mote_state_block *blocks = NULL;
    MOTE_TRY(mote_arena_array(&kept->arena, count, sizeof *blocks, (void **)&blocks));
    for (size_t i = 0; i < count; i++)
        MOTE_TRY(copy_block(run, i, &kept->arena, &blocks[i]));
    kept->state = (mote_state){.blocks = blocks, .block_count = count};
    MOTE_TRY(make_room(run, place_blocks(blocks, count, in_file), in_file, kept));
    for (size_t i = 0; i < count; i++)
        MOTE_TRY(mote_state_copy(&run->state, i, &kept->state, i));
    return MOTE_OK;
}

static mote_status fill(const mote_run *run, bool in_file, mote_kept *kept)
{
    kept->image_scale = run->image_scale;
    kept->scale_known = run->scale_known;
    kept->applied = run->stepping.applied;
    kept->has_checkpoints = run->stepping.has_checkpoints;
    kept->is_torn = run->is_torn;
    MOTE_TRY(copy_text(&kept->arena, run->knowledge.class_names, &kept->knowledge.class_names));
    MOTE_TRY(copy_text(&kept->arena, run->knowledge.preparation, &kept->knowledge.preparation));
    return copy_state(run, in_file || run->transfers, kept);
}

mote_status mote_run_keep(const mote_run *run, bool in_file, mote_kept **kept)
{
    mote_arena arena;
    mote_kept *made = NULL;
    mote_arena_init(&arena, &run->context->allocator);
    MOTE_TRY(mote_arena_allocate(&arena, sizeof *made, (void **)&made));
    made->arena = arena;
    made->swap.file.descriptor = -1;
    made->source.file.file.descriptor = -1;
    const mote_status status = fill(run, in_file, made);
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
    mote_swap_file_close(&(*kept)->swap);
    mote_state_source_release(&(*kept)->source);
    mote_arena arena = (*kept)->arena;
    mote_arena_release(&arena);
    *kept = NULL;
}

/// The block of the copy that `block` shall begin with, or block_count. A run that does not train goes on with the moving
/// averages.
static size_t find_kept(const mote_kept *kept, const mote_state_block *block)
{
    const size_t from = mote_state_find(&kept->state, block->name);
    if (from == kept->state.block_count || kept->state.blocks[from].bytes != block->bytes)
        return kept->state.block_count;
    return block->average > 0 ? from : mote_state_kept(&kept->state, from);
}

mote_status mote_run_restore(mote_run *run, const mote_kept *kept)
{
    bool is_whole = true;
    MOTE_TRY(mote_run_note(run, &kept->knowledge, kept->image_scale));
    run->scale_known = kept->scale_known;
    run->is_torn = kept->is_torn;
    for (size_t i = 0; i < run->state.block_count; i++) {
        const mote_state_block *block = &run->state.blocks[i];
        const size_t from = find_kept(kept, block);
        const bool is_kept = from < kept->state.block_count;
        if (is_kept)
            MOTE_TRY(mote_state_copy(&kept->state, from, &run->state, i));
        is_whole = is_whole && is_kept;
    }
    run->stepping.applied = is_whole ? kept->applied : 0;
    run->stepping.has_checkpoints = is_whole && kept->has_checkpoints;
    return is_whole ? MOTE_OK : mote_run_reset_optimizer(run);
}
