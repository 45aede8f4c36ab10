// SPDX-License-Identifier: Apache-2.0
// The product that makes the gradient of a convolution's weights, with the image read in place: the left
// factor's rows (filters) are the columns of a tile, the taps are its rows.
//
// Loops from the outside: taps, a panel of filters, chunks of positions, channels, tiles of taps, groups. For
// each chunk the panel is packed once, and a copy of some channels is padded, so that tap and position are two
// offsets that are added. Sums stay in tiles until all positions are in, and are transposed into the output.
#include "kernel/portable/product_taps.h"

#include "kernel/portable/pack.h"

#include "base/size.h"

#include <assert.h>

/// The filters of a panel.
typedef struct filters {
    size_t first, count;
    size_t columns; // of the panel and its tiles
} filters;

static size_t count_taps(const mote_patches *patches)
{
    return patches->kernel_height * patches->kernel_width;
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
        const bool first_group = k < group;
        call->out = whole || first_group ? sums : open;
        call->add = whole ? !first_group : in_group > 0;
        MOTE_KERNEL(tile).gather(rows, call);
        if (!whole && !first_group && left == call->depth)
            add_sums(rows * columns, open, sums);
    }
    call->right = panel;
}

static void run_taps(const mote_taps_work *w, const mote_chunk *c, const filters *f,
                     const size_t taps[2])
{
    mote_real spare[MOTE_TILE_ROWS_MAX * MOTE_TILE_COLUMNS_MAX];
    mote_gather call = {
        .right = w->panel,
        .columns = f->columns,
        .out_step = f->columns,
        .half_step = MOTE_KERNEL(tile).columns / 2,
    };
    const size_t most = MOTE_KERNEL(tile).gather_rows;
    for (size_t tap = taps[0]; tap < taps[1]; tap += most) {
        const size_t rows = mote_size_min(most, taps[1] - tap);
        const size_t at = (tap - w->first_tap) * f->columns;
        for (size_t r = 0; r < rows; r++)
            call.rows[r] = w->reader.first + MOTE_KERNEL(image_tap)(&w->reader, tap + r);
        run_tile(w, c, rows, &call, w->sums + at,
                 w->blocks->group_sums > 0 ? w->group_sums + at : spare);
    }
}

static void run_chunk(mote_taps_work *w, const mote_chunk *c, const filters *f)
{
    const size_t kernel = count_taps(&w->product->right.patches);
    const size_t end = mote_size_ceil_divide(w->tap_end, kernel);
    MOTE_KERNEL(image_positions)(&w->reader, c, c->first, c->count, w->offsets);
    for (size_t channel = w->first_tap / kernel; channel < end;
         channel += w->blocks->image.channels) {
        const size_t count = mote_size_min(end - channel, w->blocks->image.channels);
        MOTE_KERNEL(image_read)(&w->reader, c, channel, count);
        const size_t taps[2] = {mote_size_max(channel * kernel, w->first_tap),
                                mote_size_min((channel + count) * kernel, w->tap_end)};
        run_taps(w, c, f, taps);
    }
}

static void pack_panel(const mote_taps_work *w, const mote_chunk *c, const filters *f)
{
    const mote_panel panel = {
        .factor = &w->product->left,
        .first_lane = f->first,
        .lanes = f->count,
        .first_k = c->first,
        .depth = c->count,
        .to = w->panel,
        .to_step = f->columns,
    };
    if (f->count < f->columns)
        memset(w->panel, 0, c->count * f->columns * sizeof *w->panel);
    MOTE_KERNEL(pack_plain)(&panel);
}

/// The gradient's part of a panel of filters and the taps at hand.
static void run_filters(mote_taps_work *w, const filters *f)
{
    const mote_product *const product = w->product;
    mote_chunk c = {0};
    for (size_t first = 0; first < product->depth; first += c.count) {
        c = find_chunk(w, first);
        pack_panel(w, &c, f);
        run_chunk(w, &c, f);
    }
    MOTE_KERNEL(tile).transpose(w->tap_end - w->first_tap, f->count, w->sums, f->columns,
                                product->out + f->first * product->row_step + w->first_tap,
                                product->row_step);
}

void MOTE_KERNEL(product_taps)(mote_taps_work *work, const size_t rows[2], const size_t taps[2])
{
    assert(work->product->column_axis.period == 0 && work->product->column_axis.step == 1);
    assert(!work->product->row_bias && !work->product->column_bias);
    const size_t wide = MOTE_KERNEL(tile).columns;
    MOTE_KERNEL(image_start)(&work->reader);
    for (work->first_tap = taps[0]; work->first_tap < taps[1]; work->first_tap = work->tap_end) {
        work->tap_end = mote_size_min(work->first_tap + work->blocks->taps, taps[1]);
        filters f = {.first = rows[0]};
        for (; f.first < rows[1]; f.first += f.count) {
            f.count = mote_size_min(wide, rows[1] - f.first);
            f.columns = f.count <= wide / 2 ? wide / 2 : wide;
            run_filters(work, &f);
        }
    }
}
