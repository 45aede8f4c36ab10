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
    return mote_product_task_count(product, thread_count) * mote_product_cut(product).slice_bytes;
}
