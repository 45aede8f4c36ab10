// SPDX-License-Identifier: Apache-2.0
// From stays to transfers: when each begins, and which operation waits for it.
#include "compile/settings.h"

#include "base/size.h"

typedef struct turn {
    mote_transfer transfer;
    size_t begin;  // operation in front of which it begins; operation_count: behind the last
    size_t needed; // operation that waits for it: a load before it runs, a store behind it
} turn;

/// In the order of their begin; memory comes free before it is taken.
static bool comes_before(const turn *a, const turn *b)
{
    if (a->begin != b->begin)
        return a->begin < b->begin;
    if (a->transfer.is_store != b->transfer.is_store)
        return a->transfer.is_store;
    return a->needed < b->needed;
}

static void insert(turn *turns, size_t *count, turn added)
{
    size_t at = (*count)++;
    for (; at > 0 && comes_before(&added, &turns[at - 1]); at--)
        turns[at] = turns[at - 1];
    turns[at] = added;
}

/// The block of the state that a block is all of, or MOTE_ABSENT.
static size_t find_state(const mote_compiled *compiled, const mote_schedule *schedule,
                         const mote_block *block)
{
    const mote_schedule_tensor *tensor = &schedule->tensors[block->tensor];
    const mote_state state = {.blocks = compiled->state_blocks,
                              .block_count = compiled->state_block_count};
    return tensor->persistent && block->slice.count == 0 ? mote_state_find(&state, tensor->name)
                                                         : MOTE_ABSENT;
}

static size_t list_turns(const mote_compiled *compiled, size_t index, turn *turns)
{
    const mote_schedule *schedule = &compiled->schedules[index];
    const size_t *offsets = compiled->plan.offsets + compiled->first_placements[index];
    size_t count = 0;
    for (size_t i = 0; i < schedule->block_count; i++) {
        const mote_block *block = &schedule->blocks[i];
        turn t = {.transfer = {.offset = offsets[i],
                               .bytes = block->bytes,
                               .home = block->home,
                               .state = find_state(compiled, schedule, block)}};
        if (block->is_loaded) {
            t.begin = mote_compile_find_operation(schedule, block->first);
            t.needed = mote_compile_find_operation(schedule, block->used_first);
            insert(turns, &count, t);
        }
        if (block->is_stored) {
            t.transfer.is_store = true;
            t.begin = mote_compile_find_operation(schedule, block->used_last + 1);
            t.needed = mote_compile_find_operation(schedule, block->last + 1) - 1;
            insert(turns, &count, t);
        }
    }
    return count;
}

/// A program ends when everything is at home.
static void set_waits(const turn *turns, size_t count, mote_program *program)
{
    size_t begun = 0;
    for (size_t i = 0; i < program->operation_count; i++) {
        while (begun < count && turns[begun].begin <= i)
            begun++;
        program->operations[i].begun = begun;
    }
    for (size_t i = 0; i < count; i++) {
        mote_operation *operation = &program->operations[turns[i].needed];
        size_t *awaited =
            turns[i].transfer.is_store ? &operation->awaited_behind : &operation->awaited_before;
        *awaited = mote_size_max(*awaited, i + 1);
    }
    program->operations[program->operation_count - 1].awaited_behind = count;
}

static mote_status keep_transfers(const turn *turns, size_t count, mote_arena *arena,
                                  mote_program *program)
{
    mote_transfer *transfers = NULL;
    MOTE_TRY(mote_arena_array(arena, count, sizeof *transfers, (void **)&transfers));
    for (size_t i = 0; i < count; i++)
        transfers[i] = turns[i].transfer;
    program->transfers = transfers;
    program->transfer_count = count;
    return MOTE_OK;
}

mote_status mote_compile_transfers(const mote_compiled *compiled, size_t index, mote_arena *arena,
                                   mote_program *program)
{
    const mote_schedule *schedule = &compiled->schedules[index];
    mote_arena scratch;
    turn *turns = NULL;
    mote_arena_init(&scratch, arena->allocator);
    mote_status status =
        mote_arena_array(&scratch, 2 * schedule->block_count, sizeof *turns, (void **)&turns);
    if (status == MOTE_OK) {
        const size_t count = list_turns(compiled, index, turns);
        if (count > 0)
            set_waits(turns, count, program);
        status = keep_transfers(turns, count, arena, program);
    }
    mote_arena_release(&scratch);
    return status;
}

void mote_compile_find_frozen(const mote_compiled *compiled)
{
    for (size_t i = 0; i < compiled->state_block_count; i++)
        compiled->state_blocks[i].is_frozen = compiled->state_blocks[i].is_swapped;
    for (size_t i = 0; i < compiled->program_count; i++) {
        const mote_program *program = &compiled->programs[i];
        for (size_t j = 0; j < program->transfer_count; j++) {
            const mote_transfer *transfer = &program->transfers[j];
            if (transfer->is_store && transfer->state != MOTE_ABSENT)
                compiled->state_blocks[transfer->state].is_frozen = false;
        }
    }
}
