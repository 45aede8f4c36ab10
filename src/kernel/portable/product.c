// SPDX-License-Identifier: Apache-2.0
// The matrix product: blocks, threads, and where the sums go. The arithmetic is in the level's tile.
//
// Loops from the outside: columns, rows (left block), chunks of k, panels of columns, tiles of rows. A
// tile's sums over a segment of k go straight into `out` where its columns are neighbours there, otherwise
// through a small buffer.
#include "kernel/portable/pack.h"
#include "kernel/portable/product_few.h"
#include "kernel/portable/product_phases.h"
#include "kernel/portable/product_positions.h"
#include "kernel/portable/product_taps.h"

#include "base/size.h"

#include <assert.h>

typedef struct product_call {
    mote_product product;
    mote_product_blocks blocks;
    bool turned;
    void (*positions)(const mote_positions_task *task); // where they are read in place
    size_t positions_bytes;
    mote_taps_blocks taps;
    unsigned char *scratch;
} product_call;

static bool is_gradient(const mote_product *product)
{
    return product->right.kind == MOTE_FACTOR_TAP_POSITIONS;
}

/// A task: a rectangle of the output, and its slice of the scratch.
typedef struct work {
    const mote_product *product;
    const mote_product_blocks *blocks;
    bool turned;
    size_t first_row, row_end;
    size_t first_column, column_end;
    mote_real *left, *right, *sums;
} work;

/// The rows, columns and k at hand. `row_count` rows from `row` on are packed in work.left.
typedef struct block {
    size_t row, row_count;
    size_t column, column_count;
    size_t k, depth;
} block;

/// Where the columns of a panel lie in a row of the output.
typedef struct places {
    size_t width;    // columns of the panel that exist
    bool neighbours; // offsets are ascending by 1
    size_t offsets[MOTE_TILE_COLUMNS_MAX];
} places;

static places find_places(const work *w, size_t column)
{
    const mote_axis *const axis = &w->product->column_axis;
    places found = {.width = mote_size_min(w->column_end - column, MOTE_KERNEL(tile).columns)};
    found.neighbours = true;
    size_t in_period = axis->period == 0 ? 0 : column % axis->period;
    size_t offset = mote_axis_offset(axis, column);
    for (size_t c = 0; c < found.width; c++) {
        found.offsets[c] = offset;
        found.neighbours &= offset == found.offsets[0] + c;
        offset += axis->step;
        in_period++;
        if (in_period == axis->period) {
            in_period = 0;
            offset += axis->jump - axis->period * axis->step;
        }
    }
    return found;
}

static void merge_row(const places *at, const mote_real *sums, bool add, mote_real *out)
{
    if (at->neighbours) {
        out += at->offsets[0];
        MOTE_ELEMENTWISE
        for (size_t c = 0; c < at->width; c++)
            out[c] = add ? out[c] + sums[c] : sums[c];
        return;
    }
    for (size_t c = 0; c < at->width; c++)
        out[at->offsets[c]] = add ? out[at->offsets[c]] + sums[c] : sums[c];
}

/// The rows of a turned tile are neighbours in the output.
static void merge_turned(const work *w, const places *at, size_t row, size_t rows,
                         const mote_real *sums, bool add)
{
    mote_real turned[MOTE_TILE_COLUMNS_MAX * MOTE_TILE_ROWS_MAX] = {0};
    mote_real before[MOTE_TILE_ROWS_MAX] = {0};
    MOTE_KERNEL(tile).transpose(rows, at->width, sums, MOTE_KERNEL(tile).columns, turned,
                                MOTE_TILE_ROWS_MAX);
    for (size_t c = 0; c < at->width; c++) {
        mote_real *const out = w->product->out + row + at->offsets[c];
        mote_real *const sum = turned + c * MOTE_TILE_ROWS_MAX;
        if (add) {
            mote_copy_run(before, out, rows);
            for (size_t r = 0; r < MOTE_TILE_ROWS_MAX; r++)
                sum[r] += before[r];
        }
        mote_copy_run(out, sum, rows);
    }
}

static void merge(const work *w, const places *at, size_t row, size_t rows, const mote_real *sums,
                  bool add)
{
    if (w->turned) {
        merge_turned(w, at, row, rows, sums, add);
        return;
    }
    for (size_t r = 0; r < rows; r++) {
        merge_row(at, sums + r * MOTE_KERNEL(tile).columns, add,
                  w->product->out + (row + r) * w->product->row_step);
    }
}

/// To neighbours.
static void add_row_of_biases(size_t count, const mote_real *biases, mote_real *out)
{
    MOTE_ELEMENTWISE
    for (size_t c = 0; c < count; c++)
        out[c] += biases[c];
}

static void add_biases(const work *w, const places *at, size_t row, size_t rows, size_t column)
{
    const mote_product *const product = w->product;
    for (size_t r = row; r < row + rows; r++) {
        mote_real *const out = product->out + r * product->row_step;
        for (size_t c = 0; product->row_bias && c < at->width; c++)
            out[at->offsets[c]] += product->row_bias[r];
        if (product->column_bias && at->neighbours) {
            add_row_of_biases(at->width, product->column_bias + column, out + at->offsets[0]);
            continue;
        }
        for (size_t c = 0; product->column_bias && c < at->width; c++)
            out[at->offsets[c]] += product->column_bias[column + c];
    }
}

/// A tile whose groups have one block each: group sums are added to the output.
static void run_groups(const work *w, const block *b, const places *at, size_t row, size_t rows,
                       const mote_real *left)
{
    const mote_tile *const tile = &MOTE_KERNEL(tile);
    const bool whole = at->neighbours && at->width == tile->columns;
    mote_real *const out = w->product->out + row * w->product->row_step + at->offsets[0];
    for (size_t k = 0; k < b->depth; k += w->blocks->segment_depth) {
        const size_t depth = mote_size_min(b->depth - k, w->blocks->segment_depth);
        const mote_real *const right = w->right + k * tile->columns;
        const bool add = w->product->goes_on || b->k + k > 0;
        if (whole) {
            tile->run(rows, depth, left + k * rows, right, out, w->product->row_step, add);
            continue;
        }
        mote_real sums[MOTE_TILE_ROWS_MAX * MOTE_TILE_COLUMNS_MAX];
        tile->run(rows, depth, left + k * rows, right, sums, tile->columns, false);
        merge(w, at, row, rows, sums, add);
    }
}

/// A tile whose groups have several blocks: block sums are collected in `sums`, and added to the output when
/// the group is complete.
static void run_block_of_group(const work *w, const block *b, const places *at, size_t row,
                               size_t rows, const mote_real *left, mote_real *sums)
{
    const mote_tile *const tile = &MOTE_KERNEL(tile);
    const size_t group = w->blocks->group;
    tile->run(rows, b->depth, left, w->right, sums, tile->columns, b->k % group != 0);
    const size_t end = b->k + b->depth;
    if (end % group == 0 || end == w->product->depth)
        merge(w, at, row, rows, sums, w->product->goes_on || b->k >= group);
}

/// The rows of the tile that begins at row `at` of a block of rows: blocks are cut evenly.
static size_t tile_rows(size_t row_count, size_t at)
{
    const size_t tiles = mote_size_ceil_divide(row_count, MOTE_KERNEL(tile).rows);
    const size_t high = mote_size_ceil_divide(row_count, tiles);
    const size_t high_count = row_count - (high - 1) * tiles; // tiles of `high` rows come first
    return at < high_count * high ? high : high - 1;
}

static void pack_left(const work *w, const block *b)
{
    mote_panel panel = {.factor = &w->product->left, .first_k = b->k, .depth = b->depth};
    for (size_t at = 0; at < b->row_count; at += panel.lanes) {
        panel.lanes = tile_rows(b->row_count, at);
        panel.first_lane = b->row + at;
        panel.to = w->left + at * b->depth;
        panel.to_step = panel.lanes;
        MOTE_KERNEL(pack_plain)(&panel);
    }
}

static void pack_right(const work *w, const block *b, size_t column, size_t width)
{
    const size_t columns = MOTE_KERNEL(tile).columns;
    const mote_panel panel = {
        .factor = &w->product->right,
        .first_lane = column,
        .lanes = width,
        .first_k = b->k,
        .depth = b->depth,
        .to = w->right,
        .to_step = columns,
    };
    if (width < columns)
        memset(w->right, 0, b->depth * columns * sizeof *w->right);
    if (panel.factor->kind == MOTE_FACTOR_POSITION_TAPS)
        MOTE_KERNEL(pack_positions)(&panel);
    else
        MOTE_KERNEL(pack_plain)(&panel);
}

static void run_panel(const work *w, const block *b, size_t column)
{
    const places at = find_places(w, column);
    pack_right(w, b, column, at.width);
    size_t rows = 0;
    for (size_t r = 0; r < b->row_count; r += rows) {
        rows = tile_rows(b->row_count, r);
        const size_t row = b->row + r;
        const mote_real *const left = w->left + r * b->depth;
        if (w->blocks->group_has_blocks) {
            mote_real *const sums = w->sums + (column - b->column) * b->row_count;
            run_block_of_group(w, b, &at, row, rows, left, sums + r * MOTE_KERNEL(tile).columns);
        } else {
            run_groups(w, b, &at, row, rows, left);
        }
        if (b->k + b->depth == w->product->depth)
            add_biases(w, &at, row, rows, column);
    }
}

static void run_block(const work *w, block *b)
{
    const size_t depth = w->product->depth;
    for (b->k = 0; b->k < depth; b->k += b->depth) {
        b->depth = mote_size_min(depth - b->k, w->blocks->chunk_depth);
        if (w->blocks->group_has_blocks)
            b->depth = mote_size_min(b->depth, w->blocks->group - b->k % w->blocks->group);
        pack_left(w, b);
        for (size_t c = 0; c < b->column_count; c += MOTE_KERNEL(tile).columns)
            run_panel(w, b, b->column + c);
    }
}

static void run_work(const work *w)
{
    const size_t rows = w->row_end - w->first_row;
    const size_t row_blocks = mote_size_ceil_divide(rows, w->blocks->rows);
    block b = {.column = w->first_column};
    for (; b.column < w->column_end; b.column += b.column_count) {
        b.column_count = mote_size_min(w->column_end - b.column, w->blocks->columns);
        b.row = w->first_row;
        for (size_t i = 0; i < row_blocks; i++) {
            size_t first = 0;
            b.row_count = mote_parallel_part(rows, i, row_blocks, &first);
            b.row = w->first_row + first;
            run_block(w, &b);
        }
    }
}

/// The part of 0 .. extent-1 that a task has, in whole tiles.
static void split(size_t extent, size_t tile, size_t task, size_t task_count, size_t range[2])
{
    size_t first = 0;
    const size_t tiles = mote_size_ceil_divide(extent, tile);
    const size_t count = mote_parallel_part(tiles, task, task_count, &first);
    range[0] = mote_size_min(first * tile, extent);
    range[1] = mote_size_min((first + count) * tile, extent);
}

static bool splits_columns(const mote_product *product)
{
    return product->columns >= product->rows;
}

/// Rows of positions of all samples; where there are phases, of the first.
static size_t count_lines(const mote_product *product)
{
    const mote_patches *const p = &product->right.patches;
    const size_t samples = product->columns / (p->positions_height * p->positions_width);
    return samples * mote_size_ceil_divide(p->positions_height, p->divisor_height);
}

/// Over the image: a task has all rows of its positions, since it reads all channels there.
static bool is_in_place(const mote_product *product)
{
    return product->out == product->right.data;
}

static bool splits_lines(const mote_product *product, size_t task_count)
{
    return is_in_place(product) || (splits_columns(product) && count_lines(product) >= task_count);
}

/// Filters where their panels divide well, else taps.
static bool splits_filters(const mote_product *product, size_t task_count)
{
    const size_t panels = mote_size_ceil_divide(product->rows, MOTE_KERNEL(tile).columns);
    return panels % task_count == 0 || panels > 4 * task_count;
}

static void run_taps_task(const product_call *call, size_t task, size_t task_count)
{
    const mote_product *const product = &call->product;
    size_t rows[2] = {0, product->rows};
    size_t taps[2] = {0, product->columns};
    if (splits_filters(product, task_count))
        split(product->rows, MOTE_KERNEL(tile).columns, task, task_count, rows);
    else
        split(product->columns, 1, task, task_count, taps);
    mote_taps_work part = {.product = product, .blocks = &call->taps};
    part.reader = (mote_reader){.factor = &product->right, .image = &call->taps.image};
    part.panel = (mote_real *)(void *)(call->scratch + task * call->taps.slice_bytes);
    part.reader.copy = part.panel + call->taps.panel;
    part.sums = part.reader.copy + call->taps.copy;
    part.group_sums = part.sums + call->taps.sums;
    part.offsets = (uint32_t *)(void *)(part.group_sums + call->taps.group_sums);
    MOTE_KERNEL(product_taps)(&part, rows, taps);
}

static void run_positions_task(const product_call *call, size_t task, size_t task_count)
{
    const mote_product *const product = &call->product;
    mote_positions_task part = {
        .product = product,
        .rows = {0, product->rows},
        .lines = {0, count_lines(product)},
        .scratch = (mote_real *)(void *)(call->scratch + task * call->positions_bytes),
    };
    if (splits_lines(product, task_count))
        split(count_lines(product), 1, task, task_count, part.lines);
    else
        split(product->rows, MOTE_KERNEL(tile).spread_rows, task, task_count, part.rows);
    if (part.rows[0] < part.rows[1]) // else it would copy images for nothing
        call->positions(&part);
}

static void run_task(void *argument, size_t task, size_t task_count)
{
    const product_call *const call = (const product_call *)argument;
    if (is_gradient(&call->product)) {
        run_taps_task(call, task, task_count);
        return;
    }
    if (call->positions) {
        run_positions_task(call, task, task_count);
        return;
    }
    const mote_product *const product = &call->product;
    size_t rows[2] = {0, product->rows};
    size_t columns[2] = {0, product->columns};
    if (splits_columns(product))
        split(product->columns, MOTE_KERNEL(tile).columns, task, task_count, columns);
    else
        split(product->rows, MOTE_KERNEL(tile).rows, task, task_count, rows);
    if (MOTE_KERNEL(product_is_few)(product)) {
        MOTE_KERNEL(product_few)(product, columns[0], columns[1]);
        return;
    }
    mote_real *const slice = (mote_real *)(void *)(call->scratch + task * call->blocks.slice_bytes);
    const work w = {
        .product = product,
        .blocks = &call->blocks,
        .turned = call->turned,
        .first_row = rows[0],
        .row_end = rows[1],
        .first_column = columns[0],
        .column_end = columns[1],
        .left = slice,
        .right = slice + call->blocks.left,
        .sums = slice + call->blocks.left + call->blocks.right,
    };
    run_work(&w);
}

/// Parts that tasks can be made of.
static size_t count_parts(const product_call *call)
{
    const mote_product *const product = &call->product;
    const size_t wide = MOTE_KERNEL(tile).columns;
    if (is_gradient(&call->product)) {
        return mote_size_max(
            mote_size_ceil_divide(product->rows, wide),
            mote_size_ceil_divide(product->columns, MOTE_KERNEL(tile).gather_rows));
    }
    if (is_in_place(product))
        return count_lines(product);
    if (call->positions) {
        return mote_size_max(count_lines(product),
                             mote_size_ceil_divide(product->rows, MOTE_KERNEL(tile).spread_rows));
    }
    return splits_columns(product) ? mote_size_ceil_divide(product->columns, wide)
                                   : mote_size_ceil_divide(product->rows, MOTE_KERNEL(tile).rows);
}

void MOTE_KERNEL(product)(const mote_product *product, const mote_parallel *parallel, void *scratch)
{
    assert(product->left.kind == MOTE_FACTOR_PLAIN);
    assert(product->rows > 0 && product->columns > 0 && product->depth > 0);
    assert(!product->goes_on || product->group > 0);
    product_call call = {.product = mote_product_simplify(product), .scratch = scratch};
    mote_positions_blocks positions;
    mote_phases_blocks phases;
    if (is_gradient(product)) {
        call.taps = mote_taps_cut(&call.product);
    } else if (mote_positions_fit(&call.product, &positions)) {
        call.positions = MOTE_KERNEL(product_positions);
        call.positions_bytes = positions.slice_bytes;
    } else if (mote_phases_fit(&call.product, &phases)) {
        call.positions = MOTE_KERNEL(product_phases);
        call.positions_bytes = phases.slice_bytes;
    } else {
        call.turned = mote_product_turns(product);
        if (call.turned)
            call.product = mote_product_turn(product);
        call.blocks = mote_product_cut(&call.product);
    }
    const size_t tasks = mote_product_task_count(product, parallel ? parallel->thread_count : 1);
    mote_parallel_run(parallel, run_task, &call, mote_size_min(tasks, count_parts(&call)));
}
