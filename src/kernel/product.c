// SPDX-License-Identifier: Apache-2.0
// How a product is cut into blocks, and the scratch these need: the same for every level, so that a plan
// made for one machine holds on another.
//
// Left rows are packed as one block that stays in the second cache, right columns one narrow panel at a time
// that stays in the first: the more rows there are the less it is packed again. 512 KiB are more than the left block
// (432 KiB; 144 KiB where columns are packed from an image, 96 KiB where groups have several blocks), the panel
// (32 KiB) and the sums of such a group so far (96 KiB).
#include "kernel/product.h"

#include "base/size.h"
#include "kernel/tile.h"

#include <assert.h>
#include <stdint.h>

#define ROWS            432U
#define ROWS_OF_IMAGES  144U
#define ROWS_OF_GROUPS  96U
#define COLUMNS         2048U
#define COLUMNS_OF_SUMS 256U

/// More columns are not worth turning a product for.
#define COLUMNS_TURNED 128U

/// Multiply-adds a task should have at least.
#define TASK_TERMS 524288.0

static size_t round_elements(size_t count)
{
    return mote_size_align(count, MOTE_ALIGNMENT / sizeof(mote_real));
}

/// What tiles cover, the empty parts of the last ones included.
static size_t covered_area(size_t down, size_t across)
{
    return down * mote_size_align(across, MOTE_TILE_COLUMNS_MAX);
}

bool mote_product_turns(const mote_product *product)
{
    const size_t rows = product->rows;
    const size_t columns = product->columns;
    return product->right.kind == MOTE_FACTOR_PLAIN && product->column_axis.period == 0 &&
           product->column_axis.step == 1 && !product->row_bias && columns <= COLUMNS_TURNED &&
           product->group <= MOTE_PRODUCT_BLOCK &&
           covered_area(rows, columns) > covered_area(columns, rows) / 8 * 9;
}

mote_product mote_product_turn(const mote_product *product)
{
    mote_product turned = *product;
    turned.rows = product->columns;
    turned.columns = product->rows;
    turned.left = product->right;
    turned.right = product->left;
    turned.row_step = 1;
    turned.column_axis = (mote_axis){.step = product->row_step};
    turned.row_bias = product->column_bias;
    turned.column_bias = NULL;
    return turned;
}

mote_product_blocks mote_product_cut(const mote_product *product)
{
    const size_t block = MOTE_PRODUCT_BLOCK;
    const bool one_group =
        product->group == 0 || (product->group >= product->depth && !product->goes_on);
    mote_product_blocks cut = {.group = one_group ? product->depth : product->group};
    cut.group_has_blocks = !one_group && cut.group > block;
    cut.segment_depth = mote_size_min(cut.group, block);
    cut.chunk_depth = one_group ? cut.segment_depth : block / cut.segment_depth * cut.segment_depth;
    // by the group alone, so that a product of fewer terms never needs more scratch
    cut.rows = product->group > block                     ? ROWS_OF_GROUPS
               : product->right.kind != MOTE_FACTOR_PLAIN ? ROWS_OF_IMAGES
                                                          : ROWS;
    cut.columns = product->group > block ? COLUMNS_OF_SUMS : COLUMNS;

    const size_t depth = mote_size_min(product->depth, block);
    // a product may need what it would turned, so that one of fewer rows or columns does not need more
    const size_t rows = mote_size_min(
        mote_size_max(product->rows, mote_size_min(product->columns, COLUMNS_TURNED)), cut.rows);
    const size_t columns = mote_size_align(product->columns, MOTE_TILE_COLUMNS_MAX);
    cut.left = round_elements(rows * depth);
    cut.right = round_elements(MOTE_TILE_COLUMNS_MAX * depth);
    if (cut.group_has_blocks)
        cut.sums = round_elements(rows * mote_size_min(columns, cut.columns));
    cut.slice_bytes = (cut.left + cut.right + cut.sums) * sizeof(mote_real);
    return cut;
}

// A task's 256 KiB when taps are read in place. Of small maps few positions at a time, so that a panel stays in the
// first cache, and in exchange more filters, so that images are copied less often.
#define TAPS_CHUNK       1024U // positions
#define TAPS_CHUNK_SMALL 256U
#define TAPS_COPY        15360U // elements of the padded copy
#define TAPS_BLOCK       512U   // taps

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
    const bool is_small = product->group <= TAPS_CHUNK_SMALL;
    for (size_t most = is_small ? TAPS_CHUNK_SMALL : TAPS_CHUNK; most >= least && !fits;
         most /= 2) {
        wish.chunk = taps_chunk(product->group, most);
        fits = mote_image_cut(p, &wish, &cut.image);
    }
    const bool group_goes_on = product->group > wish.chunk;
    const size_t kernel = p->kernel_height * p->kernel_width;
    const size_t most_taps = group_goes_on ? TAPS_BLOCK / 2 : TAPS_BLOCK;
    const size_t positions = mote_size_min(wish.chunk, product->depth);
    const size_t panels = is_small ? 2 : 1;
    cut.chunk = wish.chunk;
    // whole channels
    cut.taps = mote_size_min(p->channels * kernel,
                             kernel < most_taps ? most_taps / kernel * kernel : most_taps);
    cut.filters = mote_size_min(mote_size_align(product->rows, MOTE_TILE_COLUMNS_MAX),
                                panels * MOTE_TILE_COLUMNS_MAX);
    cut.panel = round_elements(positions * cut.filters);
    cut.offsets = round_elements(positions);
    cut.copy = round_elements(cut.image.copy);
    cut.sums = round_elements(cut.taps * cut.filters);
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
#define PHASES_COPY      26512U // elements
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

/// Whether a 1x1 kernel goes over all positions of one row.
static bool is_one_row(const mote_patches *p)
{
    return p->kernel_height == 1 && p->kernel_width == 1 && p->height == 1 &&
           p->positions_height == 1 && p->width == p->positions_width && p->step_width == 1 &&
           p->divisor_width == 1 && p->offset_width == 0;
}

/// The gradient of a 1x1 convolution's weights over all positions: filters and channels may change places.
static bool can_turn(const mote_product *product)
{
    const mote_axis *const inner = &product->left.inner;
    const size_t plane = product->right.patches.positions_width;
    return product->right.kind == MOTE_FACTOR_TAP_POSITIONS &&
           is_one_row(&product->right.patches) && product->left.outer.period == 0 &&
           product->left.outer.step == plane && inner->period == plane && inner->step == 1;
}

/// Then what is read in place is the output's derivative, and the image is packed.
static mote_product turn(const mote_product *product)
{
    mote_product turned = *product;
    turned.rows = product->columns;
    turned.columns = product->rows;
    turned.left.data = product->right.data;
    turned.left.inner.jump = product->right.patches.sample_stride;
    turned.right.data = product->left.data;
    turned.right.patches.channels = product->rows;
    turned.right.patches.sample_stride = product->left.inner.jump;
    turned.row_step = product->column_axis.step;
    turned.column_axis.step = product->row_step;
    return turned;
}

mote_product mote_product_simplify(const mote_product *product)
{
    mote_product simple = *product;
    simple.right.patches = mote_patches_flatten(&product->right.patches);
    const bool fills_panels = product->columns % (MOTE_TILE_COLUMNS_MAX / 2) == 0;
    if (product->columns < product->rows && fills_panels && can_turn(&simple))
        return turn(&simple); // fewer lanes are packed
    return simple;
}

bool mote_product_overwrites(const mote_product *product)
{
    const mote_product simple = mote_product_simplify(product);
    const mote_patches *const p = &simple.right.patches;
    mote_positions_blocks cut;
    return mote_positions_fit(&simple, &cut) && is_one_row(p) &&
           simple.depth <= MOTE_PRODUCT_BLOCK && simple.rows == p->channels &&
           simple.row_step == p->width && simple.column_axis.jump == p->sample_stride;
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

/// A product may need what it would turned, so that one of fewer rows or columns, which turns, does not need more.
static size_t taps_bytes(const mote_product *product)
{
    mote_product flat = *product;
    flat.right.patches = mote_patches_flatten(&product->right.patches);
    const size_t bytes = mote_taps_cut(&flat).slice_bytes;
    if (!can_turn(&flat))
        return bytes;
    const mote_product turned = turn(&flat);
    return mote_size_max(bytes, mote_taps_cut(&turned).slice_bytes);
}

static size_t slice_bytes(const mote_product *product)
{
    if (product->right.kind == MOTE_FACTOR_TAP_POSITIONS)
        return taps_bytes(product);
    const mote_product simple = mote_product_simplify(product);
    mote_positions_blocks positions;
    if (mote_positions_fit(&simple, &positions))
        return positions.slice_bytes;
    mote_phases_blocks phases;
    return mote_phases_fit(&simple, &phases) ? phases.slice_bytes
                                             : mote_product_cut(product).slice_bytes;
}

size_t mote_product_scratch_bytes(const mote_product *product, size_t thread_count)
{
    return mote_product_task_count(product, thread_count) * slice_bytes(product);
}
