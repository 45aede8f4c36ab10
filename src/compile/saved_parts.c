// SPDX-License-Identifier: Apache-2.0
// What leaves memory, as sections of a saved plan: "[train: conv1.weight]", and in it a line for each stay, with the steps of the
// program from which to which the tensor is in memory. The order is that of blocks, then that of tensors that persist.
#include "compile/settings.h"

#include "base/number.h"

#include <stdio.h>
#include <string.h>

/// What a part is of: a tensor in one program, all of it or a slice.
typedef struct part {
    const mote_schedule *schedule;
    size_t tensor;
    mote_slice slice; // count 0: whole
} part;

/// What stands behind the name of the tensor.
static const char *slice_text(mote_slice slice, char *text, size_t bytes)
{
    text[0] = '\0';
    if (slice.count > 0)
        (void)snprintf(text, bytes, ", %zu to %zu", slice.first, slice.first + slice.count - 1);
    return text;
}

static void print_stays(const part *p, const mote_writer *writer)
{
    const mote_schedule *schedule = p->schedule;
    size_t number = 0;
    for (size_t i = schedule->tensors[p->tensor].block; i != MOTE_NONE;
         i = schedule->blocks[i].next) {
        const mote_block *block = &schedule->blocks[i];
        char first[256];
        char last[256];
        if (block->slice.first != p->slice.first)
            continue;
        mote_write(writer, "; from %s to %s\nstay%zu = %zu-%zu\n",
                   mote_step_text(schedule, block->first, first, sizeof first),
                   mote_step_text(schedule, block->last, last, sizeof last), ++number, block->first,
                   block->last);
    }
}

static void print_part(const part *p, const mote_writer *writer)
{
    char slice[64];
    mote_write(writer, "\n[%s: %s%s]\n", p->schedule->name, p->schedule->tensors[p->tensor].name,
               slice_text(p->slice, slice, sizeof slice));
    print_stays(p, writer);
}

static void print_state(const mote_compiled *compiled, const mote_schedule *schedule, size_t tensor,
                        const mote_writer *writer)
{
    const mote_state state = {.blocks = compiled->state_blocks,
                              .block_count = compiled->state_block_count};
    const mote_state_block *block =
        &state.blocks[mote_state_find(&state, schedule->tensors[tensor].name)];
    if (!block->is_swapped)
        return;
    if (block->slices.count == 0)
        print_part(&(part){schedule, tensor, {0, 0}}, writer);
    for (size_t i = 0; i < block->slices.count; i++)
        print_part(&(part){schedule, tensor, block->slices.items[i]}, writer);
}

void mote_saved_plan_print_parts(const mote_compiled *compiled, const mote_writer *writer)
{
    for (size_t i = 0; i < compiled->program_count; i++) {
        const mote_schedule *schedule = &compiled->schedules[i];
        for (size_t j = 0; j < schedule->block_count; j++) {
            const mote_block *block = &schedule->blocks[j];
            if (block->root == j && block->next != MOTE_NONE &&
                !schedule->tensors[block->tensor].persistent)
                print_part(&(part){schedule, block->tensor, {0, 0}}, writer);
        }
        for (size_t j = 0; j < schedule->tensor_count; j++) {
            if (schedule->tensors[j].persistent)
                print_state(compiled, schedule, j, writer);
        }
    }
}

/// The parts of a file, one after the other.
typedef struct reading {
    const mote_saved_plan *saved;
    size_t next; // part
    mote_arena *arena;
    size_t capacity; // of the stays of a program
    mote_budget_choice *choice;
} reading;

static bool is_named(const mote_section *section, const part *p)
{
    char suffix[64];
    const char *name = section->name;
    const char *tensor = p->schedule->tensors[p->tensor].name;
    const size_t program_length = strlen(p->schedule->name);
    const size_t tensor_length = strlen(tensor);
    if (strncmp(name, p->schedule->name, program_length) != 0 ||
        strncmp(name + program_length, ": ", 2) != 0)
        return false;
    name += program_length + 2;
    return strncmp(name, tensor, tensor_length) == 0 &&
           strcmp(name + tensor_length, slice_text(p->slice, suffix, sizeof suffix)) == 0;
}

static bool parse_step(const char *text, size_t length, size_t *step)
{
    uint64_t number = 0;
    if (!mote_number_parse_integer(text, length, &number) || number >= SIZE_MAX)
        return false;
    *step = (size_t)number;
    return true;
}

static mote_status read_stay(const mote_section *section, size_t index, mote_stay *stay)
{
    const mote_entry *entry = &section->entries[index];
    const char *dash = strchr(entry->value, '-');
    char key[32];
    char place[512];
    (void)snprintf(key, sizeof key, "stay%zu", index + 1);
    if (strcmp(entry->key, key) == 0 && dash &&
        parse_step(entry->value, (size_t)(dash - entry->value), &stay->first) &&
        parse_step(dash + 1, strlen(dash + 1), &stay->last))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "%s[%.100s]: %.100s = %.100s: expected %s = STEP-STEP",
                      mote_origin_text(&entry->origin, place, sizeof place), section->name,
                      entry->key, entry->value, key);
}

/// Adds the stays of the next part when it is `p`, whose block (MOTE_NONE: it persists) is given.
static mote_status read_part(reading *r, size_t program, const part *p, size_t block, bool *is_read)
{
    mote_budget_choice *choice = r->choice;
    *is_read = r->next < r->saved->part_count && is_named(&r->saved->parts[r->next], p);
    if (!*is_read)
        return MOTE_OK;
    const mote_section *section = &r->saved->parts[r->next++];
    for (size_t i = 0; i < section->entry_count; i++) {
        mote_stay stay = {.block = block, .tensor = p->tensor, .slice = p->slice};
        MOTE_TRY(read_stay(section, i, &stay));
        MOTE_TRY(mote_arena_grow(r->arena, (void **)&choice->stays[program], &r->capacity,
                                 choice->stay_counts[program], sizeof stay));
        choice->stays[program][choice->stay_counts[program]++] = stay;
    }
    return MOTE_OK;
}

static mote_status read_state(reading *r, const mote_budget_problem *problem, size_t program,
                              size_t tensor)
{
    const mote_budget_program *at = &problem->programs[program];
    const size_t state = at->states[tensor];
    const mote_slices *slices = &problem->state_slices[state];
    bool is_read = false;
    for (size_t i = 0; i < slices->count || i == 0; i++) {
        part p = {.schedule = at->schedule, .tensor = tensor};
        if (slices->count > 0)
            p.slice = slices->items[i];
        MOTE_TRY(read_part(r, program, &p, MOTE_NONE, &is_read));
        r->choice->is_swapped[state] = r->choice->is_swapped[state] || is_read;
    }
    return MOTE_OK;
}

static mote_status read_program(reading *r, const mote_budget_problem *problem, size_t program)
{
    const mote_schedule *schedule = problem->programs[program].schedule;
    bool is_read = false;
    r->capacity = 0;
    for (size_t i = 0; i < schedule->block_count; i++) {
        const part p = {.schedule = schedule, .tensor = schedule->blocks[i].tensor};
        MOTE_TRY(read_part(r, program, &p, i, &is_read));
    }
    for (size_t i = 0; i < schedule->tensor_count; i++) {
        if (schedule->tensors[i].persistent)
            MOTE_TRY(read_state(r, problem, program, i));
    }
    return MOTE_OK;
}

static mote_status complete(const mote_saved_plan *saved, const mote_budget_problem *problem,
                            mote_arena *arena, mote_budget_choice *choice)
{
    const mote_status status = mote_budget_complete(problem, arena, choice);
    if (status != MOTE_ERROR_FORMAT)
        return status;
    return MOTE_RAISE(status, "%s: %.500s", saved->path, mote_last_error()->message);
}

mote_status mote_saved_plan_choose(const mote_compiler *c, const mote_budget_problem *problem,
                                   mote_arena *arena, mote_budget_choice *choice)
{
    reading r = {.saved = c->request->saved, .arena = arena, .choice = choice};
    *choice = (mote_budget_choice){.live_bytes = 0};
    MOTE_TRY(mote_arena_array(arena, problem->state_count, sizeof *choice->is_swapped,
                              (void **)&choice->is_swapped));
    for (size_t i = 0; i < problem->program_count; i++)
        MOTE_TRY(read_program(&r, problem, i));
    if (r.next == r.saved->part_count)
        return complete(r.saved, problem, arena, choice);
    const mote_section *section = &r.saved->parts[r.next];
    char place[512];
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "%s[%.200s]: no such tensor can leave memory here, or not in this order",
                      mote_origin_text(&section->origin, place, sizeof place), section->name);
}
