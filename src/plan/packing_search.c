// SPDX-License-Identifier: Apache-2.0
// The search for an arena of a given size: depth first, over an explicit stack.
//
// Every solution can be pushed down until each block lies on another one, or on the ground. So blocks are placed in
// the order of their offsets (equal ones in the order of their numbers), each as low as what is placed allows: its
// `low`. A node's choice is the next block in this order, by its key (low, number). A branch ends
//  - when a block would lie so high that another, still to be placed, fits below it: the other one can be pushed down;
//  - when a section cannot hold what is still to be placed in it, on top of the lowest of these. A block that was
//    passed over, its key being less than the last one placed, must yet be lifted: by one that lives at the same time
//    and ends, at the least, at its own low and size. That is often much higher than it lies.
//  - when the same blocks were found to fit nowhere over the same lows before.
// When the blocks left have no section in common, each part is searched alone; when one part fails, no other
// solution of the parts before it can help.
#include "plan/packing.h"

#include <string.h>

#define NO_FRAME UINT32_MAX
#define NO_BLOCK UINT32_MAX

/// Failed states are remembered in a table of 2^bits, by the upper bits of their hash. Two different states with one hash
/// of 64 bits would be taken for the same; in a search of a million nodes the chance of that is about 10^-13.
#define MEMORY_BITS 15U

/// A part of the blocks left, items[from .. to), with the block that was placed first, if one was.
typedef struct frame {
    uint32_t from, to;
    uint32_t parent; // whose block's removal made this part
    uint32_t placed; // NO_BLOCK: none yet
    uint32_t place;  // where it stood in items
    uint32_t trail;  // where its changes begin
    uint64_t least;  // key of what may be placed next
    uint64_t state;  // hash of the part before anything of it was placed; 0: none yet
} frame;

typedef struct change {
    uint32_t block, low;
} change;

struct mote_packing_search {
    // by block number
    uint32_t *first, *last, *wraps, *size, *mask, *fixed;
    uint32_t *low;
    uint64_t *hash; // of number and low
    uint32_t *answer;
    // blocks left, in the order of `first`; parts are stretches of it
    uint32_t *items;
    // of the part at hand, in the order of items: gathered, so that loops over pairs read what is together
    uint32_t *part_first, *part_last, *part_wraps, *part_low, *part_end;
    uint32_t part_begin, part_back; // its first and last section
    uint32_t part_level;            // of the longest stretch in it
    // by section
    uint32_t *left;     // units of the blocks left
    uint32_t *failures; // how often it could not hold what was left
    // Tables of values for stretches of 2^level sections, a row a level, each value where its stretch begins. Any
    // range is covered by two stretches, so lowering a range or reading its least value takes two steps.
    uint32_t *floor;  // lowest of the blocks in the part at hand
    uint32_t *ends;   // least end of these
    uint32_t *levels; // of the longest stretch in a range, by its length - 1
    frame *frames;
    change *trail;
    uint64_t *memory;
    size_t block_count, section_count;
    uint32_t frame_count, trail_count;
    uint32_t wraps_left; // blocks left that live around the end
    uint32_t capacity, next;
};

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t most(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30U;
    x *= 0xBF58476D1CE4E5B9U;
    x ^= x >> 27U;
    x *= 0x94D049BB133111EBU;
    return x ^ (x >> 31U);
}

static uint64_t key_of(uint32_t low, uint32_t block)
{
    return (uint64_t)low << 32U | block;
}

static void set_low(mote_packing_search *s, uint32_t block, uint32_t low)
{
    s->low[block] = low;
    s->hash[block] = mix(key_of(low, block) + 0x9E3779B97F4A7C15U);
}

/// The part needs more than the capacity: at least `needed`.
static bool fail_by(mote_packing_search *s, uint32_t needed)
{
    s->next = least(s->next, needed);
    return false;
}

/// Gathers the part and finds its block with the least allowed key. False: nothing can come next.
static bool gather(mote_packing_search *s, frame *f, uint64_t *best)
{
    uint64_t least_key = UINT64_MAX;
    uint32_t least_end = UINT32_MAX;
    uint64_t hash = 0;
    uint32_t last = 0;
    for (uint32_t i = f->from; i < f->to; i++) {
        const uint32_t block = s->items[i];
        const uint32_t low = s->low[block];
        const uint32_t at = i - f->from;
        const uint64_t key = key_of(low, block);
        if (key >= f->least && key < least_key)
            least_key = key;
        least_end = least(least_end, low + s->size[block]);
        s->part_first[at] = s->first[block];
        s->part_last[at] = s->last[block];
        s->part_wraps[at] = s->wraps[block];
        s->part_low[at] = low;
        hash += s->hash[block];
        last = most(last, s->last[block]);
    }
    s->part_begin = s->wraps_left > 0 ? 0 : s->part_first[0];
    s->part_back = s->wraps_left > 0 ? (uint32_t)s->section_count - 1 : last;
    s->part_level = s->levels[s->part_back - s->part_begin];
    *best = least_key;
    if (least_key == UINT64_MAX || least_key >> 32U >= least_end)
        return false;
    if (f->state == 0)
        f->state = hash + mix(least_key);
    return true;
}

/// Whether two lives meet: of two that do not wrap both comparisons hold, of one that does one, of two always.
static uint32_t meets(uint32_t first_a, uint32_t last_a, uint32_t wraps_a, uint32_t first_b,
                      uint32_t last_b, uint32_t wraps_b)
{
    return (first_a <= last_b) + (first_b <= last_a) + wraps_a + wraps_b >= 2;
}

/// The least end of the blocks in the part that live together with that `at`.
static uint32_t find_support(mote_packing_search *s, uint32_t count, uint32_t at)
{
    const uint32_t first = s->part_first[at];
    const uint32_t last = s->part_last[at];
    const uint32_t wraps = s->part_wraps[at];
    const uint32_t own = s->part_end[at];
    uint32_t support = UINT32_MAX;
    s->part_end[at] = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t met =
            meets(s->part_first[i], s->part_last[i], s->part_wraps[i], first, last, wraps);
        support = least(support, s->part_end[i] | (met - 1U)); // all bits, where they do not meet
    }
    s->part_end[at] = own;
    return support;
}

static uint32_t *row_of(const mote_packing_search *s, uint32_t *table, uint32_t level)
{
    return table + level * s->section_count;
}

/// Empties the part of a table that the part at hand needs.
static void clear_table(const mote_packing_search *s, uint32_t *table)
{
    for (uint32_t level = 0; level <= s->part_level; level++) {
        uint32_t *row = row_of(s, table, level);
        for (uint32_t section = s->part_begin; section <= s->part_back; section++)
            row[section] = UINT32_MAX;
    }
}

/// Lowers the values of sections first .. last: of the two stretches of 2^level sections that cover these.
static void lower(const mote_packing_search *s, uint32_t *table, uint32_t first, uint32_t last,
                  uint32_t value)
{
    const uint32_t level = s->levels[last - first];
    uint32_t *row = row_of(s, table, level);
    uint32_t *second = row + last + 1 - (1U << level);
    row[first] = least(row[first], value);
    *second = least(*second, value);
}

static void lower_for(const mote_packing_search *s, uint32_t *table, uint32_t at, uint32_t value)
{
    if (!s->part_wraps[at]) {
        lower(s, table, s->part_first[at], s->part_last[at], value);
        return;
    }
    lower(s, table, s->part_first[at], (uint32_t)s->section_count - 1, value);
    lower(s, table, 0, s->part_last[at], value);
}

static void lower_row(uint32_t *restrict row, const uint32_t *restrict values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        row[i] = least(row[i], values[i]);
}

/// Passes what stretches were lowered to on to their halves, and so on to single sections.
static void lower_sections(const mote_packing_search *s, uint32_t *table)
{
    for (uint32_t level = s->part_level; level > 0; level--) {
        const uint32_t *values = row_of(s, table, level) + s->part_begin;
        uint32_t *row = row_of(s, table, level - 1) + s->part_begin;
        const uint32_t count = s->part_back - s->part_begin + 2 - (1U << level);
        lower_row(row, values, count);
        lower_row(row + (1U << (level - 1)), values, count);
    }
}

/// Makes each stretch's value the least of its sections.
static void lower_stretches(const mote_packing_search *s, uint32_t *table)
{
    for (uint32_t level = 1; level <= s->part_level; level++) {
        const uint32_t *values = row_of(s, table, level - 1) + s->part_begin;
        uint32_t *row = row_of(s, table, level) + s->part_begin;
        const uint32_t count = s->part_back - s->part_begin + 2 - (1U << level);
        lower_row(row, values, count);
        lower_row(row, values + (1U << (level - 1)), count);
    }
}

static uint32_t least_of(const mote_packing_search *s, uint32_t *table, uint32_t first,
                         uint32_t last)
{
    const uint32_t level = s->levels[last - first];
    const uint32_t *row = row_of(s, table, level);
    return least(row[first], row[last + 1 - (1U << level)]);
}

static uint32_t least_for(const mote_packing_search *s, uint32_t *table, uint32_t at)
{
    if (!s->part_wraps[at])
        return least_of(s, table, s->part_first[at], s->part_last[at]);
    return least(least_of(s, table, s->part_first[at], (uint32_t)s->section_count - 1),
                 least_of(s, table, 0, s->part_last[at]));
}

/// Finds where everything in the part ends at the least, when nothing comes below `lowest`.
static bool find_ends(mote_packing_search *s, const frame *f, uint32_t lowest)
{
    const uint32_t count = f->to - f->from;
    uint32_t highest = 0;
    clear_table(s, s->ends);
    for (uint32_t at = 0; at < count; at++) {
        const uint32_t low = most(s->part_low[at], lowest);
        s->part_end[at] = low + s->size[s->items[f->from + at]];
        highest = most(highest, s->part_end[at]);
        lower_for(s, s->ends, at, s->part_end[at]);
    }
    if (highest > s->capacity)
        return fail_by(s, highest);
    lower_sections(s, s->ends);
    lower_stretches(s, s->ends);
    return true;
}

/// Lifts what was passed over to where it can lie at the least; everything else comes at `lowest` or above.
static bool lift_passed(mote_packing_search *s, const frame *f, uint32_t lowest)
{
    if (!find_ends(s, f, lowest))
        return false;
    const uint32_t count = f->to - f->from;
    for (uint32_t at = 0; at < count; at++) {
        const uint32_t block = s->items[f->from + at];
        if (key_of(s->part_low[at], block) >= f->least)
            continue;
        uint32_t support = least_for(s, s->ends, at);
        if (support == s->part_end[at])
            support = find_support(s, count, at);
        if (support == UINT32_MAX || s->fixed[block] != MOTE_PACKING_ANY)
            return false;
        const uint32_t low = (support + s->mask[block]) & ~s->mask[block];
        if (low + s->size[block] > s->capacity)
            return fail_by(s, low + s->size[block]);
        s->part_low[at] = low;
    }
    return true;
}

/// Whether each section of the part holds what is left in it.
static bool sections_hold(mote_packing_search *s, const frame *f)
{
    const uint32_t count = f->to - f->from;
    clear_table(s, s->floor);
    for (uint32_t at = 0; at < count; at++)
        lower_for(s, s->floor, at, s->part_low[at]);
    lower_sections(s, s->floor);
    uint32_t needed = 0;
    for (uint32_t section = s->part_begin; section <= s->part_back; section++) {
        const uint32_t left = s->left[section];
        const uint32_t top = left > 0 ? s->floor[section] + left : 0;
        needed = most(needed, top);
    }
    if (needed <= s->capacity)
        return true;
    for (uint32_t section = s->part_begin; section <= s->part_back; section++)
        s->failures[section] += s->floor[section] + s->left[section] == needed;
    return fail_by(s, needed);
}

static uint64_t *remembered(const mote_packing_search *s, uint64_t state)
{
    return &s->memory[state >> (64U - MEMORY_BITS)];
}

/// The block to place next in a part, or NO_BLOCK.
static uint32_t choose(mote_packing_search *s, frame *f)
{
    uint64_t best = 0;
    if (!gather(s, f, &best))
        return NO_BLOCK;
    const uint32_t block = (uint32_t)best;
    const uint32_t low = (uint32_t)(best >> 32U);
    if (f->placed == NO_BLOCK && *remembered(s, f->state) == f->state)
        return NO_BLOCK;
    if (!lift_passed(s, f, low) || !sections_hold(s, f))
        return NO_BLOCK;
    return block;
}

static void add_left(mote_packing_search *s, uint32_t block, uint32_t units)
{
    const size_t last = s->wraps[block] ? s->section_count - 1 : s->last[block];
    for (size_t section = s->first[block]; section <= last; section++)
        s->left[section] += units;
    for (size_t section = 0; s->wraps[block] && section <= s->last[block]; section++)
        s->left[section] += units;
}

/// Lifts everything in the part that lives together with `block` to its end. A fixed block cannot be lifted.
static bool lift_neighbours(mote_packing_search *s, const frame *f, uint32_t block)
{
    const uint32_t end = s->low[block] + s->size[block];
    for (uint32_t i = f->from + 1; i < f->to; i++) {
        const uint32_t other = s->items[i];
        if (s->low[other] >= end || !meets(s->first[other], s->last[other], s->wraps[other],
                                           s->first[block], s->last[block], s->wraps[block]))
            continue;
        if (s->fixed[other] != MOTE_PACKING_ANY)
            return false;
        s->trail[s->trail_count++] = (change){other, s->low[other]};
        set_low(s, other, (end + s->mask[other]) & ~s->mask[other]);
    }
    return true;
}

/// Moves the block to the front of the part, so that the rest stays one stretch in the order of `first`.
static bool place(mote_packing_search *s, frame *f, uint32_t block)
{
    uint32_t at = f->from;
    while (s->items[at] != block)
        at++;
    memmove(s->items + f->from + 1, s->items + f->from, (at - f->from) * sizeof *s->items);
    s->items[f->from] = block;
    f->placed = block;
    f->place = at;
    f->trail = s->trail_count;
    f->least = key_of(s->low[block], block) + 1;
    s->wraps_left -= s->wraps[block];
    add_left(s, block, 0U - s->size[block]);
    return lift_neighbours(s, f, block);
}

static void take_back(mote_packing_search *s, frame *f)
{
    const uint32_t block = f->placed;
    while (s->trail_count > f->trail) {
        const change *const last = &s->trail[--s->trail_count];
        set_low(s, last->block, last->low);
    }
    add_left(s, block, s->size[block]);
    s->wraps_left += s->wraps[block];
    memmove(s->items + f->from, s->items + f->from + 1, (f->place - f->from) * sizeof *s->items);
    s->items[f->place] = block;
}

/// Pushes the part that begins at `from` and ends at or before `to`.
static void push_part(mote_packing_search *s, uint32_t parent, uint32_t from, uint32_t to,
                      uint64_t least)
{
    uint32_t end = from + 1;
    uint32_t last = s->last[s->items[from]];
    while (end < to && (s->wraps_left > 0 || s->first[s->items[end]] <= last)) {
        last = most(last, s->last[s->items[end]]);
        end++;
    }
    s->frames[s->frame_count++] =
        (frame){.from = from, .to = end, .parent = parent, .placed = NO_BLOCK, .least = least};
}

/// All of frame `at` is placed up to items[done]: pushes the next part, of this frame or of the ones it is part of. False:
/// there is none.
static bool push_next(mote_packing_search *s, uint32_t at, uint32_t done)
{
    while (at != NO_FRAME) {
        const frame *f = &s->frames[at];
        if (done < f->to) {
            push_part(s, at, done, f->to, f->least);
            return true;
        }
        at = f->parent;
    }
    return false;
}

/// The last frame has failed: takes back everything up to its parent. False: there is none.
static bool fail(mote_packing_search *s)
{
    const frame *failed = &s->frames[s->frame_count - 1];
    const uint32_t parent = failed->parent;
    if (failed->state != 0)
        *remembered(s, failed->state) = failed->state;
    s->frame_count--;
    if (parent == NO_FRAME)
        return false;
    while (s->frame_count > parent + 1)
        take_back(s, &s->frames[--s->frame_count]);
    take_back(s, &s->frames[parent]);
    return true;
}

static mote_status make_numbers(mote_arena *arena, size_t count, uint32_t **numbers)
{
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(arena, count, sizeof(uint32_t), &memory));
    *numbers = (uint32_t *)memory;
    return MOTE_OK;
}

/// What is there once a section, or once a stretch.
static mote_status make_sections(mote_arena *arena, mote_packing_search *s)
{
    MOTE_TRY(make_numbers(arena, s->section_count, &s->left));
    MOTE_TRY(make_numbers(arena, s->section_count, &s->failures));
    MOTE_TRY(make_numbers(arena, s->section_count, &s->levels));
    for (uint32_t length = 2; length <= s->section_count; length++)
        s->levels[length - 1] = s->levels[length / 2 - 1] + 1;
    const size_t values = s->section_count * (s->levels[s->section_count - 1] + 1);
    MOTE_TRY(make_numbers(arena, values, &s->floor));
    return make_numbers(arena, values, &s->ends);
}

static mote_status make_blocks(mote_arena *arena, size_t count, mote_packing_search *s)
{
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(arena, count, sizeof(uint64_t), &memory));
    s->hash = (uint64_t *)memory;
    uint32_t **const by_block[] = {
        &s->first,     &s->last,       &s->wraps,    &s->size,     &s->mask,
        &s->fixed,     &s->low,        &s->answer,   &s->items,    &s->part_first,
        &s->part_last, &s->part_wraps, &s->part_low, &s->part_end,
    };
    for (size_t i = 0; i < sizeof by_block / sizeof by_block[0]; i++)
        MOTE_TRY(make_numbers(arena, count, by_block[i]));
    return MOTE_OK;
}

mote_status mote_packing_search_make(const mote_packing *packing, mote_arena *arena,
                                     mote_packing_search **search)
{
    const size_t count = packing->block_count;
    void *memory[4];
    MOTE_TRY(mote_arena_allocate(arena, sizeof(mote_packing_search), &memory[0]));
    MOTE_TRY(mote_arena_array(arena, count + 1, sizeof(frame), &memory[1]));
    MOTE_TRY(mote_arena_array(arena, packing->pair_count, sizeof(change), &memory[2]));
    MOTE_TRY(mote_arena_array(arena, (size_t)1 << MEMORY_BITS, sizeof(uint64_t), &memory[3]));
    mote_packing_search *s = (mote_packing_search *)memory[0];
    s->frames = (frame *)memory[1];
    s->trail = (change *)memory[2];
    s->memory = (uint64_t *)memory[3];
    s->section_count = packing->section_count;
    MOTE_TRY(make_blocks(arena, count, s));
    MOTE_TRY(make_sections(arena, s));
    *search = s;
    return MOTE_OK;
}

void mote_packing_search_load(mote_packing_search *search, const mote_packing_block *blocks,
                              const mote_plan_item *order, size_t count)
{
    mote_packing_search *const s = search;
    s->block_count = count;
    for (size_t i = 0; i < count; i++) {
        const mote_packing_block *block = &blocks[order[i].value];
        s->first[i] = block->first;
        s->last[i] = block->last;
        s->wraps[i] = block->last < block->first;
        s->size[i] = block->size;
        s->mask[i] = block->mask;
        s->fixed[i] = block->fixed;
        s->items[order[i].value] = (uint32_t)i; // blocks stand in the order of `first`
    }
}

const uint32_t *mote_packing_search_failures(const mote_packing_search *search)
{
    return search->failures;
}

uint32_t mote_packing_search_offset(const mote_packing_search *search, size_t index)
{
    return search->answer[index];
}

static void start(mote_packing_search *s, uint32_t capacity)
{
    memset(s->left, 0, s->section_count * sizeof *s->left);
    memset(s->memory, 0, sizeof *s->memory << MEMORY_BITS);
    s->wraps_left = 0;
    for (uint32_t block = 0; block < s->block_count; block++) {
        set_low(s, block, s->fixed[block] != MOTE_PACKING_ANY ? s->fixed[block] : 0);
        add_left(s, block, s->size[block]);
        s->wraps_left += s->wraps[block];
    }
    s->capacity = capacity;
    s->next = MOTE_PACKING_MOST;
    s->frame_count = 0;
    s->trail_count = 0;
    push_part(s, NO_FRAME, 0, (uint32_t)s->block_count, 0);
}

mote_packing_outcome mote_packing_search_run(mote_packing_search *search, uint32_t capacity,
                                             size_t *nodes, uint32_t *next)
{
    mote_packing_search *const s = search;
    start(s, capacity);
    for (;;) {
        const uint32_t at = s->frame_count - 1;
        frame *const f = &s->frames[at];
        const uint32_t block = choose(s, f);
        if (block == NO_BLOCK) {
            if (!fail(s))
                break;
            continue;
        }
        if (*nodes == 0)
            return MOTE_PACKING_LIMIT;
        --*nodes;
        s->answer[block] = s->low[block];
        if (!place(s, f, block))
            take_back(s, f);
        else if (!push_next(s, at, f->from + 1))
            return MOTE_PACKING_FOUND;
    }
    *next = s->next;
    return MOTE_PACKING_IMPOSSIBLE;
}
