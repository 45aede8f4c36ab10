// SPDX-License-Identifier: Apache-2.0
// The product of a convolution's weights with positions x taps, forward and by its input, with the image and the
// weights read in place. Where the image has gaps, see product_phases.c.
//
// Loops from the outside: chunks of positions, blocks of k, panels of positions, tiles of rows. For each block a copy
// of its channels is padded, so that position and tap are two offsets; a panel is packed from it unless the halves of
// its columns are neighbours there. Block sums are added in the output.
#include "kernel/portable/product_positions.h"

#include "kernel/portable/pack.h"
#include "kernel/portable/position_panel.h"

#include "base/size.h"

/// A product at work: its image, and the parts of the scratch.
typedef struct positions_work {
    const mote_product *product;
    mote_positions_blocks blocks;
    mote_reader reader;
    bool is_direct; // no panel is packed
    mote_real *panel;
    mote_term *terms; // of a block
    uint32_t *taps;   // where they lie in the image
} positions_work;

/// A block of k, and a panel of neighbouring positions.
typedef struct block {
    size_t k, end;
    size_t position, width;
} block;

/// The terms of a block, whose channels can be read.
static void find_terms(const positions_work *w, const block *b)
{
    const mote_patches *const p = &w->product->right.patches;
    const mote_axis *const inner = &w->product->left.inner;
    const size_t kernel = p->kernel_height * p->kernel_width;
    const size_t columns = MOTE_KERNEL(tile).columns;
    const size_t first = mote_axis_offset(inner, b->k);
    for (size_t i = 0; i < b->end - b->k; i++) {
        // as in the channel before
        w->taps[i] = i < kernel ? (uint32_t)MOTE_KERNEL(image_tap)(&w->reader, b->k + i)
                                : w->taps[i - kernel] + (uint32_t)w->blocks.image.plane;
        w->terms[i] = (mote_term){
            .left = (uint32_t)(mote_axis_offset(inner, b->k + i) - first),
            .right = w->is_direct ? w->taps[i] : (uint32_t)(i * columns),
        };
    }
}

/// Where a position lies in a row of the output.
static size_t find_place(const positions_work *w, size_t position)
{
    const mote_axis *const axis = &w->product->column_axis;
    return position / axis->period * axis->jump + position % axis->period;
}

/// How many positions from `position` on, at most `count`, are neighbours in the output.
static size_t find_run(const positions_work *w, size_t position, size_t count)
{
    const size_t period = w->product->column_axis.period;
    return mote_size_min(count, period - position % period);
}

/// Columns of a panel that are neighbours in the output.
typedef struct run {
    size_t lane, length;
    size_t place; // in a row of the output
} run;

/// Where the panel's columns lie.
typedef struct places {
    const mote_real *from[2]; // the halves in the image or the panel
    bool halves;              // both are whole, and neighbours inside
    size_t first, second;     // of the halves, in a row of the output
    size_t count;             // of the runs, where there are no such halves
    run runs[MOTE_TILE_COLUMNS_MAX];
} places;

static void find_runs(const positions_work *w, const block *b, places *at)
{
    for (size_t lane = 0; lane < b->width; at->count++) {
        run *const part = &at->runs[at->count];
        part->lane = lane;
        part->length = find_run(w, b->position + lane, b->width - lane);
        part->place = find_place(w, b->position + lane);
        lane += part->length;
    }
}

static void find_places(const positions_work *w, const block *b, places *at)
{
    const size_t half = MOTE_KERNEL(tile).columns / 2;
    at->from[0] = w->panel;
    at->from[1] = w->panel + half;
    at->count = 0;
    at->first = find_place(w, b->position);
    at->second = at->first;
    at->halves = b->width == 2 * half && find_run(w, b->position, half) == half &&
                 find_run(w, b->position + half, half) == half;
    if (at->halves)
        at->second = find_place(w, b->position + half);
    else
        find_runs(w, b, at);
}

/// The output so far of a panel that ends or goes from sample to sample.
static void load_runs(const places *at, size_t rows, const mote_real *out, size_t row_step,
                      mote_real *sums)
{
    const size_t columns = MOTE_KERNEL(tile).columns;
    for (const run *part = at->runs; part < at->runs + at->count; part++) {
        MOTE_KERNEL(panel_copy_rows)
        (part->length, rows, out + part->place, row_step, sums + part->lane, columns);
    }
}

static void store_runs(const places *at, size_t rows, const mote_real *sums, size_t row_step,
                       mote_real *out)
{
    const size_t columns = MOTE_KERNEL(tile).columns;
    for (const run *part = at->runs; part < at->runs + at->count; part++) {
        MOTE_KERNEL(panel_copy_rows)
        (part->length, rows, sums + part->lane, columns, out + part->place, row_step);
    }
}

static void run_tile(const positions_work *w, const block *b, const places *at, size_t row,
                     size_t rows)
{
    const mote_product *const product = w->product;
    const size_t columns = MOTE_KERNEL(tile).columns;
    mote_real spare[MOTE_TILE_ROWS_MAX * MOTE_TILE_COLUMNS_MAX];
    mote_real *const out = product->out + row * product->row_step;
    mote_spread call = {
        .left = product->left.data + row * product->left.outer.step +
                mote_axis_offset(&product->left.inner, b->k),
        .left_step = product->left.outer.step,
        .terms = w->terms,
        .right = {at->from[0], at->from[1]},
        .depth = b->end - b->k,
        .out = at->halves ? out + at->first : spare,
        .out_step = at->halves ? product->row_step : columns,
        .half_step = at->halves ? at->second - at->first : columns / 2,
        .add = b->k > 0,
    };
    if (product->row_bias && b->end == product->depth)
        call.biases = product->row_bias + row;
    if (!at->halves && call.add)
        load_runs(at, rows, out, product->row_step, spare);
    MOTE_KERNEL(tile).spread(rows, &call);
    if (!at->halves)
        store_runs(at, rows, spare, product->row_step, out);
}

static void run_panel(const positions_work *w, const mote_chunk *c, const block *b,
                      const size_t rows[2])
{
    const mote_position_panel panel = {
        .reader = &w->reader, .chunk = c, .position = b->position, .width = b->width};
    places at;
    find_places(w, b, &at);
    if (w->is_direct)
        MOTE_KERNEL(panel_find)(&panel, at.from);
    else
        MOTE_KERNEL(panel_pack)(&panel, b->end - b->k, w->taps, w->panel);
    const size_t row_count = rows[1] - rows[0];
    const size_t tiles = mote_size_ceil_divide(row_count, MOTE_KERNEL(tile).spread_rows);
    for (size_t i = 0; i < tiles; i++) {
        size_t first = 0;
        const size_t count = mote_parallel_part(row_count, i, tiles, &first);
        run_tile(w, b, &at, rows[0] + first, count);
    }
}

static void run_chunk(positions_work *w, const mote_chunk *c, const size_t rows[2])
{
    const mote_patches *const p = &w->product->right.patches;
    const size_t kernel = p->kernel_height * p->kernel_width;
    block b = {0};
    for (; b.k < w->product->depth; b.k = b.end) {
        b.end = mote_size_min(w->product->depth, b.k + MOTE_PRODUCT_BLOCK);
        const size_t channel = b.k / kernel;
        MOTE_KERNEL(image_read)(&w->reader, c, channel, (b.end - 1) / kernel + 1 - channel);
        find_terms(w, &b);
        const size_t end = c->first + c->count;
        for (b.position = c->first; b.position < end; b.position += b.width) {
            b.width = mote_size_min(MOTE_KERNEL(tile).columns, end - b.position);
            run_panel(w, c, &b, rows);
        }
    }
}

void MOTE_KERNEL(product_positions)(const mote_positions_task *task)
{
    const mote_product *const product = task->product;
    const mote_patches *const p = &product->right.patches;
    const size_t plane = p->positions_height * p->positions_width;
    positions_work w = {.product = product, .panel = task->scratch};
    mote_positions_fit(product, &w.blocks);
    w.reader = (mote_reader){.factor = &product->right, .image = &w.blocks.image};
    w.reader.copy = w.panel + w.blocks.panel;
    // a panel that was packed may be written over, see mote_product_overwrites
    w.is_direct = product->out != product->right.data && MOTE_KERNEL(panel_is_direct)(&w.reader);
    w.taps = (uint32_t *)(void *)(w.reader.copy + w.blocks.copy);
    w.terms = (mote_term *)(void *)(w.taps + w.blocks.taps);
    MOTE_KERNEL(image_start)(&w.reader);
    const size_t end = task->lines[1] * p->positions_width;
    size_t count = 0;
    for (size_t first = task->lines[0] * p->positions_width; first < end; first += count) {
        count = mote_size_min(mote_image_left(&w.blocks.image, w.blocks.chunk, plane, first),
                              end - first);
        const mote_chunk c = MOTE_KERNEL(image_chunk)(&product->right, first, count);
        run_chunk(&w, &c, task->rows);
    }
}
