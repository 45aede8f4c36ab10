// SPDX-License-Identifier: Apache-2.0
// Blocks that are borrowed from a file of weights: what no step changes needs no copy in the swap file, which would have to be
// written first.
#include "state/state.h"

#include <assert.h>
#include <string.h>

mote_status mote_state_source_init(const mote_allocator *allocator, size_t block_count,
                                   mote_state_source *source)
{
    *source = (mote_state_source){.file = {.file = {.descriptor = -1}}};
    mote_arena_init(&source->arena, allocator);
    MOTE_TRY(mote_arena_array(&source->arena, block_count, sizeof *source->begins,
                              (void **)&source->begins));
    for (size_t i = 0; i < block_count; i++)
        source->begins[i] = MOTE_STATE_AT_HOME;
    return MOTE_OK;
}

void mote_state_source_release(mote_state_source *source)
{
    mote_swap_file_close(&source->file);
    if (source->arena.allocator)
        mote_arena_release(&source->arena);
    *source = (mote_state_source){.file = {.file = {.descriptor = -1}}};
}

bool mote_state_is_borrowed(const mote_state *state, size_t index)
{
    return state->source && state->source->begins[index] != MOTE_STATE_AT_HOME;
}

void mote_state_return(const mote_state *state, size_t index)
{
    if (!mote_state_is_borrowed(state, index))
        return;
    state->source->begins[index] = MOTE_STATE_AT_HOME;
    state->source->count--;
}

/// With a path of its own, unless it is that of before: weights may be loaded often.
static mote_status keep_file(mote_state_source *source, const mote_swap_file *file,
                             const mote_file_stamp *stamp)
{
    const char *const path = file->file.path;
    const char *kept = source->file.file.path;
    if (!kept || strcmp(path, kept) != 0) {
        char *copy = NULL;
        MOTE_TRY(mote_arena_text(&source->arena, path, strlen(path), &copy));
        kept = copy;
    }
    mote_swap_file_close(&source->file);
    source->file = *file;
    source->file.file.path = kept;
    source->stamp = *stamp;
    return MOTE_OK;
}

/// Another file may have taken its place meanwhile, or other bytes.
static mote_status check_same(const mote_file *opened, const mote_file_stamp *stamp)
{
    mote_file_stamp now;
    MOTE_TRY(mote_file_get_stamp(opened, &now));
    if (mote_file_stamp_equal(&now, stamp))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_IO, "'%s' was replaced or written to while it was read",
                      opened->path);
}

/// In slices a block lies in the swap file otherwise than in any other.
static bool is_borrowable(const mote_state_block *block)
{
    return block->is_swapped && block->is_frozen && block->slices.count == 0;
}

static bool has_borrowable(const mote_state *state)
{
    for (size_t i = 0; i < state->block_count; i++) {
        if (is_borrowable(&state->blocks[i]))
            return true;
    }
    return false;
}

mote_status mote_state_open_source(const mote_state *state, const char *path,
                                   const mote_file_stamp *stamp)
{
    mote_swap_file opened;
    if (!has_borrowable(state))
        return MOTE_OK;
    MOTE_TRY(mote_swap_file_open_read(path, &opened));
    mote_status status = check_same(&opened.file, stamp);
    if (status == MOTE_OK)
        status = keep_file(state->source, &opened, stamp);
    if (status != MOTE_OK) {
        mote_swap_file_close(&opened);
        return status;
    }
    for (size_t i = 0; i < state->block_count; i++)
        mote_state_return(state, i);
    return MOTE_OK;
}

static bool may_borrow(const mote_state *state, size_t index)
{
    return state->source && state->source->file.file.descriptor >= 0 &&
           is_borrowable(&state->blocks[index]);
}

bool mote_state_borrow(const mote_state *state, size_t index, uint64_t begin)
{
    if (!may_borrow(state, index))
        return false;
    state->source->count += state->source->begins[index] == MOTE_STATE_AT_HOME;
    state->source->begins[index] = begin;
    return true;
}

/// Opens what the other state borrows from, unless that is open.
static bool open_too(const mote_state_source *from, mote_state_source *to)
{
    mote_swap_file file;
    if (to->file.file.descriptor >= 0 && mote_file_stamp_equal(&to->stamp, &from->stamp))
        return true;
    if (to->count > 0 || mote_swap_file_duplicate(&from->file, &file) != MOTE_OK)
        return false;
    if (keep_file(to, &file, &from->stamp) == MOTE_OK)
        return true;
    mote_swap_file_close(&file);
    return false;
}

bool mote_state_borrow_too(const mote_state *from, size_t source, const mote_state *to,
                           size_t target)
{
    return mote_state_is_borrowed(from, source) && to->source &&
           open_too(from->source, to->source) &&
           mote_state_borrow(to, target, from->source->begins[source]);
}

static mote_status check_unchanged(const mote_state_source *source)
{
    mote_file_stamp now;
    MOTE_TRY(mote_file_get_stamp(&source->file.file, &now));
    if (mote_file_stamp_equal(&now, &source->stamp))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_IO, "'%s' was written to while weights were read from it",
                      source->file.file.path);
}

/// A file is stamped before its bytes change: what was read is right if it still has its stamp then. Where it was cut, that says
/// more than what reading failed with.
mote_status mote_state_read_borrowed(const mote_state *state, size_t index, size_t first,
                                     void *data, size_t bytes)
{
    const mote_state_source *const source = state->source;
    assert(mote_state_is_borrowed(state, index));
    const mote_status status =
        mote_swap_file_read_from(&source->file, source->begins[index] + first, data, bytes);
    MOTE_TRY(check_unchanged(source));
    return status;
}
