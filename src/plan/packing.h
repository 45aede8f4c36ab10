// SPDX-License-Identifier: Apache-2.0
// Private to plan: a problem made small for the search, and the search for one arena.
//
// Offsets and sizes are counted in units, the largest number of bytes that divides all of them. Time is cut into
// sections: steps between which nothing that lives ends before something else begins are one section, because
// whoever fits at the step at which most of them live fits at all.
#ifndef MOTE_PLAN_PACKING_H
#define MOTE_PLAN_PACKING_H

#include "plan/planners.h"

#include <stdint.h>

/// No arena of the search is larger, in units: sums of two of them fit.
#define MOTE_PACKING_MOST ((uint32_t)1 << 30U)

#define MOTE_PACKING_ANY UINT32_MAX

/// A block to place; it lives in sections first .. last, or, when last < first, around the end.
typedef struct mote_packing_block {
    uint32_t first, last;
    uint32_t size;
    uint32_t mask;  // alignment - 1
    uint32_t fixed; // offset, or MOTE_PACKING_ANY
    uint32_t steps; // of its life
    size_t placement;
} mote_packing_block;

typedef struct mote_packing {
    mote_packing_block *blocks; // in the order of `first`
    size_t block_count;
    size_t section_count;
    size_t pair_count; // at least the number of pairs that live in one section
    size_t unit_bytes;
    uint32_t base; // units below all blocks, taken by what lives always
} mote_packing;

/// Makes a packing of `problem`, where `offsets` are of some plan. Blocks that live always and lie one behind the
/// other at its bottom are left out, where that loses nothing: they become the base. The packing has no blocks when
/// numbers are too large for units.
mote_status mote_packing_make(const mote_plan_problem *problem, mote_arena *arena,
                              const size_t *offsets, mote_packing *packing) MOTE_MUST_CHECK;

/// Counts the units that these blocks have alive in each section; the most of them is returned.
uint32_t mote_packing_live(const mote_packing_block *blocks, size_t count, size_t section_count,
                           uint32_t *live);

typedef enum mote_packing_outcome {
    MOTE_PACKING_FOUND,
    MOTE_PACKING_IMPOSSIBLE, // proven
    MOTE_PACKING_LIMIT,      // reached before either
} mote_packing_outcome;

typedef struct mote_packing_search mote_packing_search;

/// Memory for searches of up to so many blocks and pairs.
mote_status mote_packing_search_make(const mote_packing *packing, mote_arena *arena,
                                     mote_packing_search **search) MOTE_MUST_CHECK;

/// Gives a search `count` blocks, which stand in the order of `first`; where offsets are equal they are tried in the
/// order of `order`, whose values are indices of blocks.
void mote_packing_search_load(mote_packing_search *search, const mote_packing_block *blocks,
                              const mote_plan_item *order, size_t count);

/// Looks for offsets with which all blocks end at or below `capacity`, in at most `*nodes` nodes; takes those that it
/// used from `*nodes`. When impossible, `*next` is the least capacity that is not proven impossible.
mote_packing_outcome mote_packing_search_run(mote_packing_search *search, uint32_t capacity,
                                             size_t *nodes, uint32_t *next);

/// How often each section was what a branch failed by, in all runs.
const uint32_t *mote_packing_search_failures(const mote_packing_search *search);

/// The offset found for the block that stands at `index` in the order.
uint32_t mote_packing_search_offset(const mote_packing_search *search, size_t index);

#endif
