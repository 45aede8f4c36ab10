// SPDX-License-Identifier: Apache-2.0
// Makes a problem small for the search: units instead of bytes, sections instead of steps.
#include "plan/packing.h"

#include "base/size.h"

#include <string.h>

static size_t common_divisor(size_t a, size_t b)
{
    while (b != 0) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/// Divides all sizes and fixed offsets, and is a multiple or, then a power of two, a part of every alignment.
static size_t find_unit(const mote_plan_problem *problem)
{
    size_t unit = 0;
    size_t alignment = 1;
    for (size_t i = 0; i < problem->placement_count; i++) {
        const mote_placement *placement = &problem->placements[i];
        unit = common_divisor(mote_placement_bytes(placement), unit);
        if (placement->fixed != MOTE_PLAN_ANY)
            unit = common_divisor(placement->fixed, unit);
        alignment = mote_size_max(alignment, placement->alignment);
    }
    return unit % alignment == 0 ? unit : unit & (0 - unit);
}

static bool lives_always(const mote_plan_problem *problem, const mote_placement *placement)
{
    return placement->wraps ? placement->last + 1 == placement->first
                            : placement->last - placement->first + 1 == problem->step_count;
}

/// What the base is found with.
typedef struct base_search {
    const mote_plan_problem *problem;
    mote_plan_item *always; // offset and index of those that live always, by offset
    size_t always_count;
    bool *is_base;
} base_search;

static const mote_placement *always_at(const base_search *b, size_t at)
{
    return &b->problem->placements[b->always[at].value];
}

/// Whether everything stays aligned wherever a block that lives always is taken out and put below the others.
static bool all_sizes_are_aligned(const base_search *b, size_t alignment)
{
    for (size_t at = 0; at < b->always_count; at++) {
        if (mote_placement_bytes(always_at(b, at)) % alignment != 0)
            return false;
    }
    return true;
}

/// The end of the base, in bytes. What lives always can change places with all that lies below it, unless that is
/// fixed: one that is not fixed belongs to the base only where nothing above the base is.
static size_t find_base(const base_search *b)
{
    size_t alignment = 1;
    size_t fixed_count = 0;
    for (size_t i = 0; i < b->problem->placement_count; i++) {
        alignment = mote_size_max(alignment, b->problem->placements[i].alignment);
        fixed_count += b->problem->placements[i].fixed != MOTE_PLAN_ANY;
    }
    size_t count = 0;
    for (size_t end = 0; count < b->always_count && b->always[count].key == end; count++) {
        end += mote_placement_bytes(always_at(b, count));
        fixed_count -= always_at(b, count)->fixed != MOTE_PLAN_ANY;
    }
    const bool only_fixed = fixed_count > 0 || !all_sizes_are_aligned(b, alignment);
    size_t end = 0;
    for (size_t at = 0; at < count; at++) {
        if (only_fixed && always_at(b, at)->fixed == MOTE_PLAN_ANY)
            break;
        end += mote_placement_bytes(always_at(b, at));
    }
    if (end % alignment != 0)
        return 0;
    for (size_t at = 0; at < count && b->always[at].key < end; at++)
        b->is_base[b->always[at].value] = true;
    return end;
}

static mote_status separate_base(const mote_plan_problem *problem, mote_arena *arena,
                                 const size_t *offsets, bool **is_base, size_t *base_bytes)
{
    const size_t count = problem->placement_count;
    void *memory[3];
    MOTE_TRY(mote_arena_array(arena, count, sizeof(bool), &memory[0]));
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    MOTE_TRY(mote_arena_array(arena, count, sizeof(mote_plan_item), &memory[1]));
    MOTE_TRY(mote_arena_array(arena, count, sizeof(mote_plan_item), &memory[2]));
    base_search b = {
        .problem = problem, .always = (mote_plan_item *)memory[1], .is_base = (bool *)memory[0]};
    for (size_t i = 0; i < count; i++) {
        if (lives_always(problem, &problem->placements[i]))
            b.always[b.always_count++] = (mote_plan_item){offsets[i], i};
    }
    mote_plan_sort(b.always, b.always_count, (mote_plan_item *)memory[2]);
    *base_bytes = find_base(&b);
    *is_base = b.is_base;
    mote_arena_release_to(arena, mark);
    return MOTE_OK;
}

enum {
    STARTS = 1, // something begins at this step
    ENDS = 2,   // something ended before this step
};

/// Numbers the section of each step. A section begins where something begins after something has ended.
static size_t number_sections(const mote_plan_problem *problem, const bool *is_base,
                              unsigned char *marks, uint32_t *sections)
{
    for (size_t i = 0; i < problem->placement_count; i++) {
        const mote_placement *placement = &problem->placements[i];
        if (is_base[i])
            continue;
        marks[placement->first] |= STARTS;
        if (placement->last + 1 < problem->step_count)
            marks[placement->last + 1] |= ENDS;
    }
    uint32_t section = 0;
    bool ended = false;
    for (size_t step = 0; step < problem->step_count; step++) {
        ended = ended || (marks[step] & ENDS) != 0;
        if (ended && (marks[step] & STARTS) != 0) {
            section++;
            ended = false;
        }
        sections[step] = section;
    }
    return section + 1;
}

static mote_packing_block make_block(const mote_plan_problem *problem, size_t index,
                                     const uint32_t *sections, const mote_packing *packing)
{
    const mote_placement *placement = &problem->placements[index];
    const size_t unit = packing->unit_bytes;
    const size_t steps = placement->last - placement->first + 1;
    mote_packing_block block = {
        .first = sections[placement->first],
        .last = sections[placement->last],
        .size = (uint32_t)(mote_placement_bytes(placement) / unit),
        .mask = placement->alignment > unit ? (uint32_t)(placement->alignment / unit - 1) : 0,
        .fixed = MOTE_PACKING_ANY,
        .steps = (uint32_t)(placement->wraps ? steps + problem->step_count : steps),
        .placement = index,
    };
    if (placement->fixed != MOTE_PLAN_ANY)
        block.fixed = (uint32_t)(placement->fixed / unit) - packing->base;
    return block;
}

/// Blocks in the order of their first sections.
static mote_status make_blocks(const mote_plan_problem *problem, mote_arena *arena,
                               const bool *is_base, const uint32_t *sections, mote_packing *packing)
{
    const size_t count = problem->placement_count;
    void *memory[3];
    MOTE_TRY(mote_arena_array(arena, count, sizeof(mote_packing_block), &memory[0]));
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    MOTE_TRY(mote_arena_array(arena, count, sizeof(mote_plan_item), &memory[1]));
    MOTE_TRY(mote_arena_array(arena, count, sizeof(mote_plan_item), &memory[2]));
    packing->blocks = (mote_packing_block *)memory[0];
    mote_plan_item *order = (mote_plan_item *)memory[1];
    for (size_t i = 0; i < count; i++) {
        if (!is_base[i])
            order[packing->block_count++] =
                (mote_plan_item){sections[problem->placements[i].first], i};
    }
    mote_plan_sort(order, packing->block_count, (mote_plan_item *)memory[2]);
    for (size_t i = 0; i < packing->block_count; i++)
        packing->blocks[i] = make_block(problem, order[i].value, sections, packing);
    mote_arena_release_to(arena, mark);
    return MOTE_OK;
}

static void cover(const mote_packing_block *block, size_t section_count, uint32_t *live,
                  uint32_t units)
{
    const size_t last = block->last < block->first ? section_count - 1 : block->last;
    for (size_t section = block->first; section <= last; section++)
        live[section] += units;
    for (size_t section = 0; block->last < block->first && section <= block->last; section++)
        live[section] += units;
}

uint32_t mote_packing_live(const mote_packing_block *blocks, size_t count, size_t section_count,
                           uint32_t *live)
{
    memset(live, 0, section_count * sizeof *live);
    for (size_t i = 0; i < count; i++)
        cover(&blocks[i], section_count, live, blocks[i].size);
    uint32_t most = 0;
    for (size_t section = 0; section < section_count; section++)
        most = live[section] > most ? live[section] : most;
    return most;
}

/// Of two lives that meet, one begins while the other is alive.
static mote_status count_pairs(mote_arena *arena, mote_packing *packing)
{
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(arena, packing->section_count, sizeof(uint32_t), &memory));
    uint32_t *live = (uint32_t *)memory;
    for (size_t i = 0; i < packing->block_count; i++)
        cover(&packing->blocks[i], packing->section_count, live, 1);
    for (size_t i = 0; i < packing->block_count; i++)
        packing->pair_count += live[packing->blocks[i].first] - 1;
    mote_arena_release_to(arena, mark);
    return MOTE_OK;
}

/// No number of the search is larger than the end of the plan and an alignment.
static bool fits_units(const mote_plan_problem *problem, const size_t *offsets, size_t unit)
{
    size_t alignment = 1;
    for (size_t i = 0; i < problem->placement_count; i++)
        alignment = mote_size_max(alignment, problem->placements[i].alignment);
    const size_t end = mote_plan_end(problem, offsets) / unit;
    return end < MOTE_PACKING_MOST && alignment / unit < MOTE_PACKING_MOST - end &&
           problem->step_count <= MOTE_PACKING_MOST;
}

mote_status mote_packing_make(const mote_plan_problem *problem, mote_arena *arena,
                              const size_t *offsets, mote_packing *packing)
{
    *packing = (mote_packing){.unit_bytes = find_unit(problem)};
    if (!fits_units(problem, offsets, packing->unit_bytes))
        return MOTE_OK;
    void *memory[2];
    MOTE_TRY(mote_arena_array(arena, problem->step_count, sizeof(unsigned char), &memory[0]));
    MOTE_TRY(mote_arena_array(arena, problem->step_count, sizeof(uint32_t), &memory[1]));
    uint32_t *sections = (uint32_t *)memory[1];
    bool *is_base = NULL;
    size_t base_bytes = 0;
    MOTE_TRY(separate_base(problem, arena, offsets, &is_base, &base_bytes));
    packing->base = (uint32_t)(base_bytes / packing->unit_bytes);
    packing->section_count =
        number_sections(problem, is_base, (unsigned char *)memory[0], sections);
    MOTE_TRY(make_blocks(problem, arena, is_base, sections, packing));
    return count_pairs(arena, packing);
}
