// SPDX-License-Identifier: Apache-2.0
// The product that makes the gradient of a convolution's weights, with the image read in place: the left
// factor's rows (filters) are the columns of a tile, the taps are its rows.
//
// Loops from the outside: taps, filters, chunks of positions, channels, panels of filters, tiles of taps, groups.
// For each chunk the panels are packed once, and a copy of some channels is padded, so that tap and position are
// two offsets that are added. Sums stay in tiles until all positions are in, and are transposed into the output.
#include "kernel/portable/product_taps.h"

#include "kernel/portable/pack.h"

#include "base/size.h"

#include <assert.h>

/// The filters of a panel.
typedef struct filters {
    size_t first, count;
    size_t columns; // of the panel and its tiles
    mote_real *panel;
    mote_real *sums, *group_sums;
} filters;

/// Goes from tap to tap.
typedef struct walk {
    size_t row, column; // in the kernel
    size_t offset;      // from the reader's first element
} walk;

static size_t count_taps(const mote_patches *patches)
{
    return patches->kernel_height * patches->kernel_width;
}

/// Of a chunk, at most.
static size_t get_positions(const mote_taps_work *w)
{
    return mote_size_min(w->blocks->chunk, w->product->depth);
}

static mote_chunk find_chunk(const mote_taps_work *w, size_t first)
{
    size_t count = mote_size_min(w->blocks->chunk, w->product->depth - first);
    if (w->blocks->image.has_strips) // then a group is one sample
        count = mote_size_min(count, w->product->group - first % w->product->group);
    return MOTE_KERNEL(image_chunk)(&w->product->right, first, count);
}

static void add_sums(size_t count, const mote_real *from, mote_real *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] += from[i];
}

/// All groups of a chunk for one tile; the tile's sums are `sums`, those of a group that goes on `open`.
static void run_tile(const mote_taps_work *w, const mote_chunk *c, size_t rows, mote_gather *call,
                     mote_real *sums, mote_real *open)
{
    const size_t group = mote_size_min(w->product->group, w->product->depth);
    const size_t columns = call->columns;
    const mote_real *const panel = call->right;
    for (size_t i = 0; i < c->count; i += call->depth) {
        const size_t k = c->first + i;
        const size_t in_group = k % group;
        const size_t left = mote_size_min(group - in_group, w->product->depth - k);
        call->depth = mote_size_min(mote_size_min(left, MOTE_PRODUCT_BLOCK), c->count - i);
        call->offsets = w->offsets + i;
        call->right = panel + i * columns;
        const bool whole = in_group == 0 && left == call->depth; // the group is one block
        const bool first_group = k < group && !w->product->goes_on;
        call->out = whole || first_group ? sums : open;
        call->add = whole ? !first_group : in_group > 0;
        MOTE_KERNEL(tile).gather(rows, call);
        if (!whole && !first_group && left == call->depth)
            add_sums(rows * columns, open, sums);
    }
    call->right = panel;
}

static walk start_walk(const mote_reader *reader, size_t tap)
{
    const mote_patches *const p = &reader->factor->patches;
    return (walk){
        .row = tap % count_taps(p) / p->kernel_width,
        .column = tap % p->kernel_width,
        .offset = MOTE_KERNEL(image_tap)(reader, tap),
    };
}

/// Steps may be negative: they wrap around as the offset does.
static void next_tap(const mote_reader *reader, walk *at)
{
    const mote_patches *const p = &reader->factor->patches;
    const size_t right = (size_t)p->tap_width;
    const size_t down = (size_t)p->tap_height * reader->image->row_step;
    at->offset += right;
    at->column++;
    if (at->column < p->kernel_width)
        return;
    at->column = 0;
    at->offset += down - p->kernel_width * right;
    at->row++;
    if (at->row < p->kernel_height)
        return;
    at->row = 0;
    at->offset += reader->image->plane - p->kernel_height * down;
}

/// Tiles are cut evenly.
static void run_taps(const mote_taps_work *w, const mote_chunk *c, const filters *f,
                     const size_t taps[2])
{
    mote_real spare[MOTE_TILE_ROWS_MAX * MOTE_TILE_COLUMNS_MAX];
    mote_gather call = {
        .right = f->panel,
        .columns = f->columns,
        .out_step = f->columns,
        .half_step = MOTE_KERNEL(tile).columns / 2,
    };
    walk at = start_walk(&w->reader, taps[0]);
    size_t tiles = mote_size_ceil_divide(taps[1] - taps[0], MOTE_KERNEL(tile).gather_rows);
    for (size_t tap = taps[0]; tap < taps[1]; tiles--) {
        const size_t rows = mote_size_ceil_divide(taps[1] - tap, tiles);
        const size_t sum = (tap - w->first_tap) * f->columns;
        for (size_t r = 0; r < rows; r++) {
            call.rows[r] = w->reader.first + at.offset;
            next_tap(&w->reader, &at);
        }
        run_tile(w, c, rows, &call, f->sums + sum, f->group_sums ? f->group_sums + sum : spare);
        tap += rows;
    }
}

/// Panel `index` of the filters at hand.
static filters find_filters(const mote_taps_work *w, size_t index)
{
    const size_t wide = MOTE_KERNEL(tile).columns;
    const size_t first = w->first_row + index * wide;
    const size_t count = mote_size_min(wide, w->row_end - first);
    const size_t sums = index * wide * (w->tap_end - w->first_tap);
    return (filters){
        .first = first,
        .count = count,
        .columns = count <= wide / 2 ? wide / 2 : wide,
        .panel = w->panel + index * wide * get_positions(w),
        .sums = w->sums + sums,
        .group_sums = w->blocks->group_sums > 0 ? w->group_sums + sums : NULL,
    };
}

static size_t count_panels(const mote_taps_work *w)
{
    return mote_size_ceil_divide(w->row_end - w->first_row, MOTE_KERNEL(tile).columns);
}

static void pack_panel(const mote_taps_work *w, const mote_chunk *c, const filters *f)
{
    const mote_panel panel = {
        .factor = &w->product->left,
        .first_lane = f->first,
        .lanes = f->count,
        .first_k = c->first,
        .depth = c->count,
        .to = f->panel,
        .to_step = f->columns,
    };
    MOTE_KERNEL(pack_plain)(&panel);
}

/// Offsets of a chunk's positions, which are those of the last where it began in the same column.
static void find_positions(mote_taps_work *w, const mote_chunk *c)
{
    if (w->offset_count == c->count && w->offset_column == c->column)
        return;
    MOTE_KERNEL(image_positions)(&w->reader, c, c->first, c->count, w->offsets);
    w->offset_count = c->count;
    w->offset_column = c->column;
}

static void run_chunk(mote_taps_work *w, const mote_chunk *c)
{
    const size_t kernel = count_taps(&w->product->right.patches);
    const size_t end = mote_size_ceil_divide(w->tap_end, kernel);
    const size_t panels = count_panels(w);
    for (size_t i = 0; i < panels; i++) {
        const filters f = find_filters(w, i);
        pack_panel(w, c, &f);
    }
    find_positions(w, c);
    for (size_t channel = w->first_tap / kernel; channel < end;
         channel += w->blocks->image.channels) {
        const size_t count = mote_size_min(end - channel, w->blocks->image.channels);
        MOTE_KERNEL(image_read)(&w->reader, c, channel, count);
        const size_t taps[2] = {mote_size_max(channel * kernel, w->first_tap),
                                mote_size_min((channel + count) * kernel, w->tap_end)};
        for (size_t i = 0; i < panels; i++) {
            const filters f = find_filters(w, i);
            run_taps(w, c, &f, taps);
        }
    }
}

/// Sums of a panel into the output, where either taps or filters are neighbours.
static void write_sums(const mote_taps_work *w, const filters *f)
{
    const mote_product *const product = w->product;
    const size_t step = product->column_axis.step;
    mote_real *const out = product->out + f->first * product->row_step + w->first_tap * step;
    const size_t taps = w->tap_end - w->first_tap;
    if (step == 1) {
        MOTE_KERNEL(tile).transpose(taps, f->count, f->sums, f->columns, out, product->row_step);
        return;
    }
    for (size_t tap = 0; tap < taps; tap++)
        mote_copy_run(out + tap * step, f->sums + tap * f->columns, f->count);
}

/// The sums of the groups before.
static void read_sums(const mote_taps_work *w, const filters *f)
{
    const mote_product *const product = w->product;
    const size_t step = product->column_axis.step;
    const mote_real *const out = product->out + f->first * product->row_step + w->first_tap * step;
    const size_t taps = w->tap_end - w->first_tap;
    for (size_t c = 0; c < f->columns; c++) {
        for (size_t tap = 0; tap < taps; tap++)
            f->sums[tap * f->columns + c] =
                c < f->count ? out[c * product->row_step + tap * step] : 0;
    }
}

/// The gradient's part of the filters and taps at hand.
static void run_block(mote_taps_work *w)
{
    const mote_product *const product = w->product;
    const size_t panels = count_panels(w);
    const filters last = find_filters(w, panels - 1);
    if (last.count < last.columns) // lanes that do not exist
        memset(last.panel, 0, get_positions(w) * last.columns * sizeof *last.panel);
    for (size_t i = 0; product->goes_on && i < panels; i++) {
        const filters f = find_filters(w, i);
        read_sums(w, &f);
    }
    mote_chunk c = {0};
    for (size_t first = 0; first < product->depth; first += c.count) {
        c = find_chunk(w, first);
        run_chunk(w, &c);
    }
    for (size_t i = 0; i < panels; i++) {
        const filters f = find_filters(w, i);
        write_sums(w, &f);
    }
}

void MOTE_KERNEL(product_taps)(mote_taps_work *work, const size_t rows[2], const size_t taps[2])
{
    assert(work->product->column_axis.period == 0);
    assert(work->product->column_axis.step == 1 || work->product->row_step == 1);
    assert(!work->product->row_bias && !work->product->column_bias);
    MOTE_KERNEL(image_start)(&work->reader);
    for (work->first_tap = taps[0]; work->first_tap < taps[1]; work->first_tap = work->tap_end) {
        work->tap_end = mote_size_min(work->first_tap + work->blocks->taps, taps[1]);
        for (work->first_row = rows[0]; work->first_row < rows[1];
             work->first_row = work->row_end) {
            work->row_end = mote_size_min(work->first_row + work->blocks->filters, rows[1]);
            run_block(work);
        }
    }
}
