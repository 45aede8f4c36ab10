// SPDX-License-Identifier: Apache-2.0
// How a product is cut into blocks, and the scratch these need: the same for every level, so that a plan
// made for one machine holds on another.
//
// Left rows are packed as one block that stays in the second cache, right columns one narrow panel at a time
// that stays in the first. 256 KiB are the left block (144 or 96 KiB), the panel and its untransposed lanes
// (32 KiB each) and, where groups have several blocks, the sums of the group so far (96 KiB).
#include "kernel/product.h"

#include "base/size.h"
#include "kernel/tile.h"

#define ROWS            144U
#define ROWS_OF_GROUPS  96U
#define COLUMNS         512U
#define COLUMNS_OF_SUMS 256U

/// Multiply-adds a task should have at least.
#define TASK_TERMS 524288.0

static size_t round_elements(size_t count)
{
    return mote_size_align(count, MOTE_ALIGNMENT / sizeof(mote_real));
}

mote_product_blocks mote_product_cut(const mote_product *product)
{
    const size_t block = MOTE_PRODUCT_BLOCK;
    const bool one_group = product->group == 0 || product->group >= product->depth;
    mote_product_blocks cut = {.group = one_group ? product->depth : product->group};
    cut.group_has_blocks = !one_group && cut.group > block;
    cut.segment_depth = mote_size_min(cut.group, block);
    cut.chunk_depth = one_group ? cut.segment_depth : block / cut.segment_depth * cut.segment_depth;
    // by the group alone, so that a product of fewer terms never needs more scratch
    cut.rows = product->group > block ? ROWS_OF_GROUPS : ROWS;
    cut.columns = product->group > block ? COLUMNS_OF_SUMS : COLUMNS;

    const size_t depth = mote_size_min(product->depth, block);
    const size_t rows = mote_size_min(product->rows, cut.rows);
    const size_t columns = mote_size_align(product->columns, MOTE_TILE_COLUMNS_MAX);
    cut.left = round_elements(rows * depth);
    cut.right = round_elements(MOTE_TILE_COLUMNS_MAX * depth);
    if (product->right.kind == MOTE_FACTOR_TAP_POSITIONS)
        cut.lanes = cut.right;
    if (cut.group_has_blocks)
        cut.sums = round_elements(rows * mote_size_min(columns, cut.columns));
    cut.slice_bytes = (cut.left + cut.right + cut.lanes + cut.sums) * sizeof(mote_real);
    return cut;
}

// A task's 256 KiB when taps are read in place.
#define TAPS_CHUNK   1024U  // positions
#define TAPS_COPY    15360U // elements of the padded copy
#define TAPS_SUMS    16384U // elements
#define TAPS_FILTERS 8U     // fewer would leave most of a panel empty

/// Rows or columns of the padded image that `positions` neighbours reach.
static size_t reach(size_t positions, size_t step, size_t kernel, ptrdiff_t tap)
{
    return (positions - 1) * step + (kernel - 1) * (size_t)tap + 1;
}

static bool has_padding(const mote_patches *p)
{
    const size_t height =
        reach(p->positions_height, p->step_height, p->kernel_height, p->tap_height);
    const size_t width = reach(p->positions_width, p->step_width, p->kernel_width, p->tap_width);
    return p->offset_height < 0 || p->offset_width < 0 ||
           (size_t)p->offset_height + height > p->height ||
           (size_t)p->offset_width + width > p->width;
}

/// The extent of a chunk's rows, and how many channels of them can be copied at once.
static void cut_copy(const mote_patches *p, mote_taps_blocks *cut)
{
    const size_t rows = mote_size_min(
        p->positions_height, mote_size_ceil_divide(cut->chunk - 1, p->positions_width) + 1);
    cut->height = reach(rows, p->step_height, p->kernel_height, p->tap_height);
    cut->width = reach(p->positions_width, p->step_width, p->kernel_width, p->tap_width);
    cut->is_padded = has_padding(p);
    const size_t channel = cut->samples * cut->height * cut->width;
    cut->channels = cut->is_padded ? mote_size_min(p->channels, TAPS_COPY / channel) : p->channels;
    cut->copy = cut->is_padded ? round_elements(cut->channels * channel) : 0;
}

bool mote_taps_cut(const mote_product *product, mote_taps_blocks *cut)
{
    const mote_patches *const p = &product->right.patches;
    if (product->right.kind != MOTE_FACTOR_TAP_POSITIONS || product->rows <= TAPS_FILTERS ||
        product->group == 0 || p->divisor_height != 1 || p->divisor_width != 1)
        return false;
    const size_t plane = p->positions_height * p->positions_width;
    const size_t group = product->group;
    if (group % plane != 0 || (group > TAPS_CHUNK && group != plane))
        return false;
    *cut = (mote_taps_blocks){.group_goes_on = group > TAPS_CHUNK};
    cut->chunk = cut->group_goes_on ? TAPS_CHUNK : TAPS_CHUNK / group * group;
    cut->samples = mote_size_max(cut->chunk / plane, 1);
    cut_copy(p, cut);
    if (cut->channels == 0)
        return false;
    const size_t taps = p->channels * p->kernel_height * p->kernel_width;
    const size_t columns = MOTE_TILE_COLUMNS_MAX;
    cut->taps = mote_size_min(taps, TAPS_SUMS / columns / (cut->group_goes_on ? 2 : 1));
    cut->panel = round_elements(mote_size_min(cut->chunk, product->depth) * columns);
    cut->offsets = round_elements(mote_size_min(cut->chunk, product->depth));
    cut->sums = round_elements(cut->taps * columns);
    cut->group_sums = cut->group_goes_on ? cut->sums : 0;
    cut->slice_bytes =
        (cut->panel + cut->offsets + cut->copy + cut->sums + cut->group_sums) * sizeof(mote_real);
    return true;
}

size_t mote_product_task_count(const mote_product *product, size_t thread_count)
{
    const double terms = (double)product->rows * (double)product->columns * (double)product->depth;
    const double worth = terms / TASK_TERMS;
    if (worth >= (double)thread_count)
        return thread_count;
    return mote_size_max((size_t)worth, 1);
}

size_t mote_product_scratch_bytes(const mote_product *product, size_t thread_count)
{
    mote_taps_blocks taps;
    const size_t slice =
        mote_taps_cut(product, &taps) ? taps.slice_bytes : mote_product_cut(product).slice_bytes;
    return mote_product_task_count(product, thread_count) * slice;
}
