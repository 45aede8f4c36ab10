// SPDX-License-Identifier: Apache-2.0
// The product of a convolution's weights with positions x taps, forward and by its input, with the image and the
// weights read in place.
//
// Loops from the outside: chunks of positions, blocks of k, panels of positions, tiles of rows. For each block a copy
// of its channels is padded, so that a panel is packed from it by adding offsets; block sums are added in the output.
#include "kernel/portable/product_positions.h"

#include "kernel/portable/pack.h"

#include "base/size.h"

#include <assert.h>

/// A block of k, and a panel of neighbouring positions.
typedef struct block {
    size_t k, depth;
    size_t position, width;
} block;

/// Neighbouring positions that are neighbours in the image and in the output, too.
typedef struct segment {
    size_t lane, length;
    uint32_t from;
} segment;

static void find_weights(const mote_positions_work *w, const block *b)
{
    const mote_axis *const inner = &w->product->left.inner;
    const size_t first = mote_axis_offset(inner, b->k);
    for (size_t k = 0; k < b->depth; k++)
        w->weights[k] = (uint32_t)(mote_axis_offset(inner, b->k + k) - first);
}

static void find_taps(const mote_positions_work *w, const block *b)
{
    for (size_t k = 0; k < b->depth; k++)
        w->taps[k] = (uint32_t)MOTE_KERNEL(image_tap)(&w->reader, b->k + k);
}

static size_t find_segments(const mote_positions_work *w, const mote_chunk *c, const block *b,
                            segment segments[MOTE_TILE_COLUMNS_MAX])
{
    uint32_t offsets[MOTE_TILE_COLUMNS_MAX];
    MOTE_KERNEL(image_positions)(&w->reader, c, b->position, b->width, offsets);
    size_t count = 0;
    for (size_t lane = 0; lane < b->width; lane++) {
        if (lane > 0 && offsets[lane] == offsets[lane - 1] + 1)
            segments[count - 1].length++;
        else
            segments[count++] = (segment){.lane = lane, .length = 1, .from = offsets[lane]};
    }
    return count;
}

/// Runs of a fixed length: a copy becomes a move.
#define PACK_RUNS(length)              \
    for (size_t k = 0; k < depth; k++) \
    memcpy(to + k * columns, from + taps[k], (length) * sizeof *to)

static void pack_segment(const mote_positions_work *w, size_t depth, const segment *part)
{
    const size_t columns = MOTE_KERNEL(tile).columns;
    const uint32_t *const taps = w->taps;
    const mote_real *const from = w->reader.first + part->from;
    mote_real *const to = w->panel + part->lane;
    if (part->length == 32)
        PACK_RUNS(32);
    else if (part->length == 16)
        PACK_RUNS(16);
    else if (part->length == 8)
        PACK_RUNS(8);
    else if (part->length == 4)
        PACK_RUNS(4);
    else if (part->length == 1)
        PACK_RUNS(1);
    else
        for (size_t k = 0; k < depth; k++)
            mote_copy_run(to + k * columns, from + taps[k], part->length);
}

static void pack_panel(const mote_positions_work *w, const mote_chunk *c, const block *b)
{
    segment segments[MOTE_TILE_COLUMNS_MAX];
    const size_t count = find_segments(w, c, b, segments);
    const size_t columns = MOTE_KERNEL(tile).columns;
    if (b->width < columns)
        memset(w->panel, 0, b->depth * columns * sizeof *w->panel);
    for (size_t i = 0; i < count; i++)
        pack_segment(w, b->depth, &segments[i]);
}

/// Where the panel's columns lie in a row of the output.
typedef struct places {
    size_t first, second; // of the halves
    bool halves;          // both are whole, and neighbours inside
} places;

static places find_places(const mote_positions_work *w, const block *b)
{
    const mote_axis *const axis = &w->product->column_axis;
    const size_t half = MOTE_KERNEL(tile).columns / 2;
    const places at = {
        .first = mote_axis_offset(axis, b->position),
        .second = mote_axis_offset(axis, b->position + half),
        .halves = b->width == 2 * half && b->position % axis->period + half <= axis->period &&
                  (b->position + half) % axis->period + half <= axis->period,
    };
    return at;
}

static void add_bias(size_t count, mote_real bias, mote_real *out)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++)
        out[i] += bias;
}

static void add_biases(const mote_positions_work *w, const block *b, size_t row, size_t rows)
{
    const mote_axis *const axis = &w->product->column_axis;
    size_t count = 0;
    for (size_t c = 0; c < b->width; c += count) {
        const size_t position = b->position + c;
        count = mote_size_min(b->width - c, axis->period - position % axis->period);
        mote_real *out =
            w->product->out + row * w->product->row_step + mote_axis_offset(axis, position);
        for (size_t r = 0; r < rows; r++, out += w->product->row_step)
            add_bias(count, w->product->row_bias[row + r], out);
    }
}

/// Sums of a panel that ends, or goes from sample to sample, into the output.
static void merge(const mote_positions_work *w, const block *b, size_t row, size_t rows,
                  const mote_real *sums)
{
    const mote_axis *const axis = &w->product->column_axis;
    const size_t columns = MOTE_KERNEL(tile).columns;
    size_t count = 0;
    for (size_t c = 0; c < b->width; c += count) {
        const size_t position = b->position + c;
        count = mote_size_min(b->width - c, axis->period - position % axis->period);
        mote_real *out =
            w->product->out + row * w->product->row_step + mote_axis_offset(axis, position);
        for (size_t r = 0; r < rows; r++, out += w->product->row_step) {
            const mote_real *const from = sums + r * columns + c;
            for (size_t i = 0; i < count; i++)
                out[i] = b->k > 0 ? out[i] + from[i] : from[i];
        }
    }
}

static void run_tile(const mote_positions_work *w, const block *b, const places *at, size_t row,
                     size_t rows)
{
    const mote_product *const product = w->product;
    const size_t columns = MOTE_KERNEL(tile).columns;
    mote_real spare[MOTE_TILE_ROWS_MAX * MOTE_TILE_COLUMNS_MAX];
    mote_gather call = {
        .offsets = w->weights,
        .right = w->panel,
        .depth = b->depth,
        .columns = columns,
        .out = at->halves ? product->out + row * product->row_step + at->first : spare,
        .out_step = at->halves ? product->row_step : columns,
        .half_step = at->halves ? at->second - at->first : columns / 2,
        .add = at->halves && b->k > 0,
    };
    const mote_real *const left = product->left.data + mote_axis_offset(&product->left.inner, b->k);
    for (size_t r = 0; r < rows; r++)
        call.rows[r] = left + mote_axis_offset(&product->left.outer, row + r);
    MOTE_KERNEL(tile).gather(rows, &call);
    if (!at->halves)
        merge(w, b, row, rows, spare);
    if (product->row_bias && b->k + b->depth == product->depth)
        add_biases(w, b, row, rows);
}

static void run_panel(const mote_positions_work *w, const mote_chunk *c, const block *b,
                      const size_t rows[2])
{
    const places at = find_places(w, b);
    const size_t row_count = rows[1] - rows[0];
    const size_t tiles = mote_size_ceil_divide(row_count, MOTE_KERNEL(tile).gather_rows);
    pack_panel(w, c, b);
    for (size_t i = 0; i < tiles; i++) {
        size_t first = 0;
        const size_t count = mote_parallel_part(row_count, i, tiles, &first);
        run_tile(w, b, &at, rows[0] + first, count);
    }
}

static void run_chunk(mote_positions_work *w, const mote_chunk *c, const size_t rows[2])
{
    const size_t taps =
        w->product->right.patches.kernel_height * w->product->right.patches.kernel_width;
    block b = {0};
    for (; b.k < w->product->depth; b.k += b.depth) {
        b.depth = mote_size_min(w->product->depth - b.k, MOTE_PRODUCT_BLOCK);
        const size_t channel = b.k / taps;
        MOTE_KERNEL(image_read)(&w->reader, c, channel, (b.k + b.depth - 1) / taps + 1 - channel);
        find_weights(w, &b);
        find_taps(w, &b);
        const size_t end = c->first + c->count;
        for (b.position = c->first; b.position < end; b.position += b.width) {
            b.width = mote_size_min(MOTE_KERNEL(tile).columns, end - b.position);
            run_panel(w, c, &b, rows);
        }
    }
}

void MOTE_KERNEL(product_positions)(mote_positions_work *work, const size_t rows[2],
                                    const size_t positions[2])
{
    const mote_patches *const p = &work->product->right.patches;
    const size_t plane = p->positions_height * p->positions_width;
    MOTE_KERNEL(image_start)(&work->reader);
    size_t count = 0;
    for (size_t first = positions[0]; first < positions[1]; first += count) {
        // at most up to the end of a chunk that begins with a sample
        count = work->blocks->chunk - first % plane % work->blocks->chunk;
        if (work->blocks->image.has_strips)
            count = mote_size_min(count, plane - first % plane);
        count = mote_size_min(count, positions[1] - first);
        const mote_chunk c = MOTE_KERNEL(image_chunk)(&work->product->right, first, count);
        run_chunk(work, &c, rows);
    }
}
