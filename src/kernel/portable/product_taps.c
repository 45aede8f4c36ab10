// SPDX-License-Identifier: Apache-2.0
// The product that makes the gradient of a convolution's weights, with the image read in place: the left
// factor's rows (filters) are the columns of a tile, the taps are its rows.
//
// Loops from the outside: a panel of filters, taps, chunks of positions, channels, tiles of taps, groups. For
// each chunk the panel is packed once, and a copy of some channels is padded, so that tap and position are two
// offsets that are added. Sums stay in tiles until all positions are in, and are transposed into the output.
#include "kernel/portable/product_taps.h"

#include "kernel/portable/pack.h"

#include "base/size.h"

#include <assert.h>

/// A chunk of positions, in the terms of the copy or of the image itself.
typedef struct chunk {
    size_t first, count;
    size_t sample, sample_count;
    size_t row; // of positions, in the first sample
} chunk;

/// Where the taps of some channels are read.
typedef struct source {
    const mote_real *first; // of channel `channel` at kernel row and column 0
    size_t channel;
    size_t channel_step, row_step;
} source;

/// The filters of a panel.
typedef struct filters {
    size_t first, count;
    size_t columns; // of the panel and its tiles
} filters;

static size_t count_taps(const mote_patches *patches)
{
    return patches->kernel_height * patches->kernel_width;
}

static size_t sample_step(const mote_taps_work *w)
{
    return w->blocks->is_padded ? w->blocks->channels * w->blocks->height * w->blocks->width
                                : w->product->right.patches.sample_stride;
}

static size_t row_step(const mote_taps_work *w)
{
    return w->blocks->is_padded ? w->blocks->width : w->product->right.patches.width;
}

static chunk find_chunk(const mote_taps_work *w, size_t first)
{
    const mote_patches *const p = &w->product->right.patches;
    const size_t plane = p->positions_height * p->positions_width;
    chunk c = {.first = first, .count = mote_size_min(w->blocks->chunk, w->product->depth - first)};
    if (w->blocks->group_goes_on) // then a group is one sample
        c.count = mote_size_min(c.count, w->product->group - first % w->product->group);
    c.sample = first / plane;
    c.row = first % plane / p->positions_width;
    c.sample_count = mote_size_ceil_divide(first + c.count, plane) - c.sample;
    return c;
}

/// Distances of the chunk's positions from its first row at tap (0, 0).
static void find_offsets(const mote_taps_work *w, const chunk *c)
{
    const mote_patches *const p = &w->product->right.patches;
    const size_t plane = p->positions_height * p->positions_width;
    size_t row = c->row;
    size_t column = c->first % plane % p->positions_width;
    size_t sample_at = 0;
    for (size_t i = 0; i < c->count;) {
        const size_t at = sample_at + (row - c->row) * p->step_height * row_step(w);
        for (; column < p->positions_width && i < c->count; column++)
            w->offsets[i++] = (uint32_t)(at + column * p->step_width);
        column = 0;
        row++;
        if (row == p->positions_height) {
            row = 0;
            sample_at += sample_step(w);
        }
    }
}

/// The part of the image that a copy takes, and where it lies in the copy: all else there is padding.
typedef struct window {
    size_t row, rows, row_at;          // of the image; of the copy
    size_t column, columns, column_at; // alike
} window;

/// The part of `extent` that lies in [first, first + count).
static void clip(ptrdiff_t first, size_t count, size_t extent, size_t found[3])
{
    const ptrdiff_t end = first + (ptrdiff_t)count;
    const ptrdiff_t low = first < 0 ? 0 : first;
    const ptrdiff_t high = end < (ptrdiff_t)extent ? end : (ptrdiff_t)extent;
    found[0] = (size_t)low;
    found[1] = low < high ? (size_t)(high - low) : 0;
    found[2] = (size_t)(low - first);
}

static window find_window(const mote_taps_work *w, const chunk *c)
{
    const mote_patches *const p = &w->product->right.patches;
    const ptrdiff_t first_row = (ptrdiff_t)(c->row * p->step_height) + p->offset_height;
    size_t rows[3];
    size_t columns[3];
    clip(first_row, w->blocks->height, p->height, rows);
    clip(p->offset_width, w->blocks->width, p->width, columns);
    return (window){rows[0], rows[1], rows[2], columns[0], columns[1], columns[2]};
}

static void copy_plane(const mote_taps_work *w, const window *at, const mote_real *plane,
                       mote_real *to)
{
    const size_t from_step = w->product->right.patches.width;
    const size_t to_step = w->blocks->width;
    const mote_real *from = plane + at->row * from_step + at->column;
    mote_real *row = to + at->row_at * to_step + at->column_at;
    for (size_t i = 0; i < at->rows; i++) {
        mote_copy_run(row, from, at->columns);
        from += from_step;
        row += to_step;
    }
}

/// Copies channels [channel, channel + count) of the chunk's rows. The padding is there already, but for rows:
/// where chunks are parts of a plane, each has others.
static void copy_channels(const mote_taps_work *w, const chunk *c, size_t channel, size_t count)
{
    const mote_patches *const p = &w->product->right.patches;
    const window at = find_window(w, c);
    const size_t plane = w->blocks->height * w->blocks->width;
    const size_t end = at.row_at + at.rows;
    for (size_t sample = 0; sample < c->sample_count; sample++) {
        const mote_real *from = w->product->right.data + (c->sample + sample) * p->sample_stride +
                                channel * p->height * p->width;
        mote_real *to = w->copy + sample * sample_step(w);
        for (size_t i = 0; i < count; i++, to += plane) {
            copy_plane(w, &at, from, to);
            if (w->blocks->group_goes_on) {
                memset(to, 0, at.row_at * w->blocks->width * sizeof *to);
                memset(to + end * w->blocks->width, 0,
                       (plane - end * w->blocks->width) * sizeof *to);
            }
            from += p->height * p->width;
        }
    }
}

static source find_source(const mote_taps_work *w, const chunk *c, size_t channel, size_t count)
{
    const mote_patches *const p = &w->product->right.patches;
    if (w->blocks->is_padded) {
        copy_channels(w, c, channel, count);
        return (source){w->copy, channel, w->blocks->height * w->blocks->width, w->blocks->width};
    }
    const size_t row = c->row * p->step_height + (size_t)p->offset_height;
    const mote_real *const first = w->product->right.data + c->sample * p->sample_stride +
                                   channel * p->height * p->width + row * p->width +
                                   (size_t)p->offset_width;
    return (source){first, channel, p->height * p->width, p->width};
}

static void find_rows(const mote_patches *p, const source *from, size_t tap, size_t count,
                      const mote_real *rows[MOTE_TILE_ROWS_MAX])
{
    for (size_t r = 0; r < count; r++) {
        const size_t in_kernel = (tap + r) % count_taps(p);
        const size_t channel = (tap + r) / count_taps(p) - from->channel;
        rows[r] = from->first + channel * from->channel_step +
                  in_kernel / p->kernel_width * (size_t)p->tap_height * from->row_step +
                  in_kernel % p->kernel_width * (size_t)p->tap_width;
    }
}

static void add_sums(size_t count, const mote_real *from, mote_real *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] += from[i];
}

/// All groups of a chunk for one tile; the tile's sums are `sums`, those of a group that goes on `open`.
static void run_tile(const mote_taps_work *w, const chunk *c, size_t rows, mote_gather *call,
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

static void run_taps(const mote_taps_work *w, const chunk *c, const filters *f, const source *from,
                     const size_t taps[2])
{
    mote_real spare[MOTE_TILE_ROWS_MAX * MOTE_TILE_COLUMNS_MAX];
    mote_gather call = {.right = w->panel, .columns = f->columns};
    const size_t most = MOTE_KERNEL(tile).gather_rows;
    for (size_t tap = taps[0]; tap < taps[1]; tap += most) {
        const size_t rows = mote_size_min(most, taps[1] - tap);
        const size_t at = (tap - w->first_tap) * f->columns;
        find_rows(&w->product->right.patches, from, tap, rows, call.rows);
        run_tile(w, c, rows, &call, w->sums + at,
                 w->blocks->group_goes_on ? w->group_sums + at : spare);
    }
}

static void run_chunk(const mote_taps_work *w, const chunk *c, const filters *f)
{
    const size_t kernel = count_taps(&w->product->right.patches);
    const size_t end = (w->tap_end + kernel - 1) / kernel;
    find_offsets(w, c);
    for (size_t channel = w->first_tap / kernel; channel < end; channel += w->blocks->channels) {
        const size_t count = mote_size_min(end - channel, w->blocks->channels);
        const source from = find_source(w, c, channel, count);
        const size_t taps[2] = {mote_size_max(channel * kernel, w->first_tap),
                                mote_size_min((channel + count) * kernel, w->tap_end)};
        run_taps(w, c, f, &from, taps);
    }
}

static void pack_panel(const mote_taps_work *w, const chunk *c, const filters *f)
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

static void run_filters(mote_taps_work *w, const filters *f, const size_t taps[2])
{
    const mote_product *const product = w->product;
    for (w->first_tap = taps[0]; w->first_tap < taps[1]; w->first_tap = w->tap_end) {
        w->tap_end = mote_size_min(w->first_tap + w->blocks->taps, taps[1]);
        chunk c = {0};
        for (size_t first = 0; first < product->depth; first += c.count) {
            c = find_chunk(w, first);
            pack_panel(w, &c, f);
            run_chunk(w, &c, f);
        }
        MOTE_KERNEL(tile).transpose(w->tap_end - w->first_tap, f->count, w->sums, f->columns,
                                    product->out + f->first * product->row_step + w->first_tap,
                                    product->row_step);
    }
}

void MOTE_KERNEL(product_taps)(mote_taps_work *work, const size_t rows[2], const size_t taps[2])
{
    assert(work->product->column_axis.period == 0 && work->product->column_axis.step == 1);
    assert(!work->product->row_bias && !work->product->column_bias);
    const size_t wide = MOTE_KERNEL(tile).columns;
    memset(work->copy, 0, work->blocks->copy * sizeof *work->copy);
    filters f = {.first = rows[0]};
    for (; f.first < rows[1]; f.first += f.count) {
        f.count = mote_size_min(wide, rows[1] - f.first);
        f.columns = f.count <= wide / 2 ? wide / 2 : wide;
        run_filters(work, &f, taps);
    }
}
