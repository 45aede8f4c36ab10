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

/// With a path of its own.
static mote_status keep_file(mote_state_source *source, const mote_swap_file *file)
{
    const char *const path = file->file.path;
    char *copy = NULL;
    MOTE_TRY(mote_arena_text(&source->arena, path, strlen(path), &copy));
    MOTE_TRY(mote_file_get_stamp(&file->file, &source->stamp));
    mote_swap_file_close(&source->file);
    source->file = *file;
    source->file.file.path = copy;
    return MOTE_OK;
}

/// Another one may have taken its place meanwhile.
static mote_status check_same(const mote_file *opened, const mote_file *file)
{
    mote_file_stamp here;
    mote_file_stamp there;
    MOTE_TRY(mote_file_get_stamp(opened, &here));
    MOTE_TRY(mote_file_get_stamp(file, &there));
    if (mote_file_stamp_equal(&here, &there))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_IO, "'%s' was replaced while it was read", file->path);
}

mote_status mote_state_open_source(const mote_state *state, const mote_file *file)
{
    mote_swap_file opened;
    MOTE_TRY(mote_swap_file_open_read(file->path, &opened));
    mote_status status = check_same(&opened.file, file);
    if (status == MOTE_OK)
        status = keep_file(state->source, &opened);
    if (status != MOTE_OK) {
        mote_swap_file_close(&opened);
        return status;
    }
    for (size_t i = 0; i < state->block_count; i++)
        mote_state_return(state, i);
    return MOTE_OK;
}

/// In slices a block lies in the swap file otherwise than in any other.
static bool may_borrow(const mote_state *state, size_t index)
{
    const mote_state_block *block = &state->blocks[index];
    return state->source && state->source->file.file.descriptor >= 0 && block->is_swapped &&
           block->is_frozen && block->slices.count == 0;
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
    if (keep_file(to, &file) == MOTE_OK) {
        to->stamp = from->stamp;
        return true;
    }
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

mote_status mote_state_read_borrowed(const mote_state *state, size_t index, size_t first,
                                     void *data, size_t bytes)
{
    assert(mote_state_is_borrowed(state, index));
    return mote_swap_file_read_from(&state->source->file, state->source->begins[index] + first,
                                    data, bytes);
}

mote_status mote_state_check_source(const mote_state *state)
{
    mote_file_stamp now;
    if (!state->source || state->source->count == 0)
        return MOTE_OK;
    MOTE_TRY(mote_file_get_stamp(&state->source->file.file, &now));
    if (mote_file_stamp_equal(&now, &state->source->stamp))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_IO, "'%s' was written to while weights were read from it",
                      state->source->file.file.path);
}
