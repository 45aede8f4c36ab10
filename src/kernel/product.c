// SPDX-License-Identifier: Apache-2.0
// How a product is cut into blocks, and the scratch these need: the same for every level, so that a plan
// made for one machine holds on another.
//
// Left rows are packed as one block that stays in the second cache, right columns one narrow panel at a time
// that stays in the first. 256 KiB are more than the left block (144 or 96 KiB), the panel (32 KiB) and, where groups
// have several blocks, the sums of the group so far (96 KiB).
#include "kernel/product.h"

#include "base/size.h"
#include "kernel/tile.h"

#include <assert.h>
#include <stdint.h>

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
    if (cut.group_has_blocks)
        cut.sums = round_elements(rows * mote_size_min(columns, cut.columns));
    cut.slice_bytes = (cut.left + cut.right + cut.sums) * sizeof(mote_real);
    return cut;
}

// A task's 256 KiB when taps are read in place.
#define TAPS_CHUNK 1024U  // positions
#define TAPS_COPY  15360U // elements of the padded copy
#define TAPS_SUMS  16384U // elements

/// Positions worked at once: whole groups, where at most `most` positions have one, otherwise blocks of a sample.
static size_t taps_chunk(size_t group, size_t most)
{
    return group > most ? most : most / group * group;
}

mote_taps_blocks mote_taps_cut(const mote_product *product)
{
    const mote_patches *const p = &product->right.patches;
    const size_t plane = p->positions_height * p->positions_width;
    assert(product->group % plane == 0 &&
           (product->group == plane || product->group <= TAPS_CHUNK));
    mote_taps_blocks cut;
    mote_image_wish wish = {
        .most = TAPS_COPY, .fewest = 1, .channels = p->channels, .batch = product->depth / plane};
    bool fits = false;
    const size_t least = mote_size_min(product->group, MOTE_PRODUCT_BLOCK);
    for (size_t most = TAPS_CHUNK; most >= least && !fits; most /= 2) {
        wish.chunk = taps_chunk(product->group, most);
        fits = mote_image_cut(p, &wish, &cut.image);
    }
    const bool group_goes_on = product->group > wish.chunk;
    const size_t taps = p->channels * p->kernel_height * p->kernel_width;
    const size_t columns = MOTE_TILE_COLUMNS_MAX;
    const size_t positions = mote_size_min(wish.chunk, product->depth);
    cut.chunk = wish.chunk;
    cut.taps = mote_size_min(taps, TAPS_SUMS / columns / (group_goes_on ? 2 : 1));
    if (cut.image.is_copied &&
        product->depth <= wish.chunk) // then a copy serves all panels of filters
        cut.taps = mote_size_min(cut.taps, cut.image.channels * p->kernel_height * p->kernel_width);
    cut.panel = round_elements(positions * columns);
    cut.offsets = round_elements(positions);
    cut.copy = round_elements(cut.image.copy);
    cut.sums = round_elements(cut.taps * columns);
    cut.group_sums = group_goes_on ? cut.sums : 0;
    cut.slice_bytes =
        (cut.panel + cut.offsets + cut.copy + cut.sums + cut.group_sums) * sizeof(mote_real);
    return cut;
}

// A task's 256 KiB when positions are read in place.
#define POSITIONS_CHUNK_MAX 1024U
#define POSITIONS_CHUNK_MIN 64U
#define POSITIONS_COPY      53248U // elements

/// Channels that a block of taps reaches; `taps` are those of the whole kernel.
static size_t block_channels(const mote_patches *p, size_t taps)
{
    return mote_size_min(p->channels, (MOTE_PRODUCT_BLOCK + taps - 2) / taps + 1);
}

/// Whether no two terms of a block lie further apart in a row of the left factor than 32 bits count.
static bool has_near_weights(const mote_axis *inner)
{
    if (inner->period == 0)
        return inner->step <= UINT32_MAX / MOTE_PRODUCT_BLOCK;
    const size_t periods = (MOTE_PRODUCT_BLOCK - 1) / inner->period + 1;
    const size_t period = inner->period * inner->step;
    return period <= UINT32_MAX && inner->jump <= (UINT32_MAX - period) / periods;
}

/// Cuts the image into chunks of at least `fewest` positions, of which all that a block of k, or all k, needs fits.
static bool cut_chunks(const mote_patches *p, mote_image_wish *wish, size_t fewest,
                       mote_image *image)
{
    const size_t plane = p->positions_height * p->positions_width;
    bool fits = false;
    for (size_t most = POSITIONS_CHUNK_MAX; most >= fewest && !fits; most /= 2) {
        // whole samples, or whole rows of one
        const size_t unit = plane <= most                ? plane
                            : p->positions_width <= most ? p->positions_width
                                                         : 1;
        wish->chunk = most / unit * unit;
        fits = mote_image_cut(p, wish, image);
    }
    return fits;
}

static bool has_gaps(const mote_patches *p)
{
    return p->divisor_height > 1 || p->divisor_width > 1;
}

/// Whether it is a convolution's weights by an image, with positions that are neighbours in the output.
static bool is_of_positions(const mote_product *product)
{
    const mote_patches *const p = &product->right.patches;
    return product->right.kind == MOTE_FACTOR_POSITION_TAPS && product->group == 0 &&
           !product->column_bias && product->column_axis.step == 1 &&
           product->column_axis.period == p->positions_height * p->positions_width &&
           p->kernel_height * p->kernel_width > 0 && product->left.outer.period == 0 &&
           has_near_weights(&product->left.inner);
}

bool mote_positions_fit(const mote_product *product, mote_positions_blocks *cut)
{
    const mote_patches *const p = &product->right.patches;
    *cut = (mote_positions_blocks){0};
    if (!is_of_positions(product) || has_gaps(p))
        return false;
    const size_t channels = block_channels(p, p->kernel_height * p->kernel_width);
    mote_image_wish wish = {.most = POSITIONS_COPY,
                            .fewest = channels,
                            .channels = channels,
                            .batch = product->columns / product->column_axis.period,
                            .dense = p->kernel_width >= p->step_width};
    if (!cut_chunks(p, &wish, POSITIONS_CHUNK_MIN, &cut->image))
        return false;
    const size_t depth = mote_size_min(product->depth, MOTE_PRODUCT_BLOCK);
    cut->chunk = wish.chunk;
    cut->panel = round_elements(depth * MOTE_TILE_COLUMNS_MAX);
    cut->copy = round_elements(cut->image.copy);
    cut->taps = round_elements(depth);
    cut->terms = 2 * cut->taps;
    cut->slice_bytes = (cut->panel + cut->copy + cut->taps + cut->terms) * sizeof(mote_real);
    return true;
}

// A task's 256 KiB when the image has gaps.
#define PHASES_CHUNK_MIN 16U
#define PHASES_COPY      26624U // elements
#define PHASES_SUMS      16384U
#define PHASES_DEPTH     4608U

bool mote_phases_fit(const mote_product *product, mote_phases_blocks *cut)
{
    const mote_patches *const p = &product->right.patches;
    *cut = (mote_phases_blocks){0};
    if (!is_of_positions(product) || !has_gaps(p) || p->step_height > 1 || p->step_width > 1 ||
        product->depth > PHASES_DEPTH ||
        (product->left.inner.period > 0 &&
         p->kernel_height * p->kernel_width % product->left.inner.period != 0))
        return false;
    const mote_patches joint = mote_phases_join(p, cut->axes);
    const size_t phases = cut->axes[0].phases * cut->axes[1].phases;
    const size_t rows = PHASES_SUMS / MOTE_TILE_COLUMNS_MAX / phases;
    if (joint.kernel_height * joint.kernel_width == 0 || rows < MOTE_TILE_ROWS_MAX)
        return false;
    cut->joint = mote_patches_flatten(&joint);
    mote_image_wish wish = {.most = PHASES_COPY,
                            .fewest = p->channels,
                            .channels = p->channels,
                            .batch = product->columns / product->column_axis.period,
                            .dense = true};
    if (!cut_chunks(&cut->joint, &wish, PHASES_CHUNK_MIN, &cut->image))
        return false;
    const size_t depth = mote_size_min(product->depth, MOTE_PRODUCT_BLOCK);
    const size_t blocks = mote_size_ceil_divide(product->depth, MOTE_PRODUCT_BLOCK);
    cut->chunk = wish.chunk;
    cut->rows = mote_size_min(product->rows, rows);
    cut->panel = round_elements(depth * MOTE_TILE_COLUMNS_MAX);
    cut->sums = round_elements(phases * cut->rows * MOTE_TILE_COLUMNS_MAX);
    cut->copy = round_elements(cut->image.copy);
    cut->taps = round_elements(product->depth);
    cut->starts = round_elements(blocks * phases + 1);
    cut->terms = 2 * cut->taps;
    cut->slice_bytes = (cut->panel + cut->sums + cut->copy + cut->taps + cut->starts + cut->terms) *
                       sizeof(mote_real);
    return true;
}

static double padded_extent(size_t positions, size_t step, size_t kernel, ptrdiff_t tap)
{
    const double taps = (double)(kernel - 1) * (tap < 0 ? -(double)tap : (double)tap);
    return (double)(positions - 1) * (double)step + taps + 1;
}

bool mote_product_fits(const mote_product *product)
{
    if (product->right.kind != MOTE_FACTOR_TAP_POSITIONS)
        return true;
    const mote_patches *const p = &product->right.patches;
    const size_t samples = product->group / (p->positions_height * p->positions_width);
    return padded_extent(p->positions_height, p->step_height, p->kernel_height, p->tap_height) *
               padded_extent(p->positions_width, p->step_width, p->kernel_width, p->tap_width) *
               (double)samples <=
           (double)UINT32_MAX;
}

size_t mote_product_task_count(const mote_product *product, size_t thread_count)
{
    const double terms = (double)product->rows * (double)product->columns * (double)product->depth;
    const double worth = terms / TASK_TERMS;
    if (worth >= (double)thread_count)
        return thread_count;
    return mote_size_max((size_t)worth, 1);
}

static size_t slice_bytes(const mote_product *product)
{
    mote_product flat = *product;
    flat.right.patches = mote_patches_flatten(&product->right.patches);
    if (product->right.kind == MOTE_FACTOR_TAP_POSITIONS)
        return mote_taps_cut(&flat).slice_bytes;
    mote_positions_blocks positions;
    if (mote_positions_fit(&flat, &positions))
        return positions.slice_bytes;
    mote_phases_blocks phases;
    return mote_phases_fit(&flat, &phases) ? phases.slice_bytes
                                           : mote_product_cut(product).slice_bytes;
}

size_t mote_product_scratch_bytes(const mote_product *product, size_t thread_count)
{
    return mote_product_task_count(product, thread_count) * slice_bytes(product);
}
