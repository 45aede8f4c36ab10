// SPDX-License-Identifier: Apache-2.0
// The product of a convolution's weights with positions x taps, forward and by its input, with the image and the
// weights read in place.
//
// Loops from the outside: phases (see kernel/image.h; one without gaps), chunks of positions, blocks of k, panels of
// positions, tiles of rows. For each block a copy of its channels is padded, so that a panel is packed from it by adding
// offsets; block sums are added in the output.
#include "kernel/portable/product_positions.h"

#include "kernel/portable/pack.h"

#include "base/size.h"

/// A phase at work: its image, and the parts of the scratch.
typedef struct phase_work {
    const mote_product *product;
    const mote_phase *phase;
    mote_factor right; // of the phase
    mote_positions_blocks blocks;
    mote_reader reader;
    mote_real *panel;
    uint32_t *weights; // offsets of the left factor's k in a row, of a block
    uint32_t *taps;    // offsets of taps, of a block
} phase_work;

/// A block of k, of which `depth` terms meet the image, and a panel of neighbouring positions of the phase.
typedef struct block {
    size_t k, end, depth;
    size_t position, width;
} block;

/// Neighbouring positions that are neighbours in the image and in the output, too.
typedef struct segment {
    size_t lane, length;
    uint32_t from;
} segment;

/// Which kernel row or column of a phase is `index` of the whole kernel, or `count` where there is none.
static size_t find_tap(size_t index, size_t first, size_t step, size_t count)
{
    if (index < first || (index - first) % step != 0)
        return count;
    return mote_size_min((index - first) / step, count);
}

/// The terms of a block that meet the image.
static void find_terms(const phase_work *w, block *b)
{
    const mote_patches *const whole = &w->product->right.patches;
    const mote_patches *const own = &w->phase->patches;
    const mote_axis *const inner = &w->product->left.inner;
    const size_t kernel = whole->kernel_height * whole->kernel_width;
    const size_t first = mote_axis_offset(inner, b->k);
    b->depth = 0;
    for (size_t k = b->k; k < b->end; k++) {
        const size_t row = find_tap(k % kernel / whole->kernel_width, w->phase->first_tap[0],
                                    w->phase->tap_step[0], own->kernel_height);
        const size_t column = find_tap(k % whole->kernel_width, w->phase->first_tap[1],
                                       w->phase->tap_step[1], own->kernel_width);
        if (row == own->kernel_height || column == own->kernel_width)
            continue;
        const size_t tap = (k / kernel * own->kernel_height + row) * own->kernel_width + column;
        w->weights[b->depth] = (uint32_t)(mote_axis_offset(inner, k) - first);
        w->taps[b->depth] = (uint32_t)MOTE_KERNEL(image_tap)(&w->reader, tap);
        b->depth++;
    }
}

static size_t find_segments(const phase_work *w, const mote_chunk *c, const block *b,
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

static void pack_segment(const phase_work *w, size_t depth, const segment *part)
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

static void pack_panel(const phase_work *w, const mote_chunk *c, const block *b)
{
    segment segments[MOTE_TILE_COLUMNS_MAX];
    const size_t count = find_segments(w, c, b, segments);
    const size_t columns = MOTE_KERNEL(tile).columns;
    if (b->width < columns)
        memset(w->panel, 0, b->depth * columns * sizeof *w->panel);
    for (size_t i = 0; i < count; i++)
        pack_segment(w, b->depth, &segments[i]);
}

/// Where a position of the phase lies in a row of the output.
static size_t find_place(const phase_work *w, size_t position)
{
    const mote_patches *const whole = &w->product->right.patches;
    const mote_patches *const own = &w->phase->patches;
    const size_t line = position / own->positions_width;
    const size_t row = w->phase->row + line % own->positions_height * whole->divisor_height;
    const size_t column = w->phase->column + position % own->positions_width * whole->divisor_width;
    return line / own->positions_height * w->product->column_axis.jump +
           row * whole->positions_width + column;
}

/// How many positions from `position` on, at most `count`, are a step apart in the output.
static size_t find_run(const phase_work *w, size_t position, size_t count)
{
    const mote_patches *const own = &w->phase->patches;
    const size_t unit = mote_phase_count(&w->product->right.patches) > 1
                            ? own->positions_width
                            : own->positions_width * own->positions_height;
    return mote_size_min(count, unit - position % unit);
}

/// Where the panel's columns lie in a row of the output.
typedef struct places {
    size_t first, second; // of the halves
    bool halves;          // both are whole, and neighbours inside
} places;

static places find_places(const phase_work *w, const block *b)
{
    const size_t half = MOTE_KERNEL(tile).columns / 2;
    places at = {.halves = w->product->right.patches.divisor_width == 1 && b->width == 2 * half &&
                           find_run(w, b->position, half) == half &&
                           find_run(w, b->position + half, half) == half};
    at.first = find_place(w, b->position);
    if (at.halves)
        at.second = find_place(w, b->position + half);
    return at;
}

/// The biases of some rows to a run of positions.
static void add_biases(const phase_work *w, size_t row, size_t rows, size_t count, mote_real *out)
{
    const size_t step = w->product->right.patches.divisor_width;
    for (size_t r = row; r < row + rows; r++, out += w->product->row_step) {
        const mote_real bias = w->product->row_bias[r];
        MOTE_ELEMENTWISE
        for (size_t i = 0; i < count; i++)
            out[i * step] += bias;
    }
}

/// A row of sums to every `step`-th element; usual steps are known to the compiler.
static void merge_row(size_t count, const mote_real *sums, bool add, size_t step, mote_real *out)
{
    for (size_t i = 0; step == 1 && i < count; i++)
        out[i] = add ? out[i] + sums[i] : sums[i];
    for (size_t i = 0; step == 2 && i < count; i++)
        out[i * 2] = add ? out[i * 2] + sums[i] : sums[i];
    for (size_t i = 0; step > 2 && i < count; i++)
        out[i * step] = add ? out[i * step] + sums[i] : sums[i];
}

/// Sums of a panel that ends, goes from sample to sample, or has gaps, into the output.
static void merge(const phase_work *w, size_t row, size_t rows, const mote_real *sums, bool add,
                  size_t count, mote_real *out)
{
    const size_t step = w->product->right.patches.divisor_width;
    for (size_t r = 0; r < rows; r++)
        merge_row(count, sums + r * MOTE_KERNEL(tile).columns, add, step,
                  out + (row + r) * w->product->row_step);
}

/// What is left to do behind a tile, run by run.
static void finish_tile(const phase_work *w, const block *b, size_t row, size_t rows,
                        const mote_real *sums)
{
    const bool add_bias = w->product->row_bias && b->end == w->product->depth;
    size_t count = 0;
    for (size_t c = 0; c < b->width && (sums || add_bias); c += count) {
        count = find_run(w, b->position + c, b->width - c);
        mote_real *const out = w->product->out + find_place(w, b->position + c);
        if (sums)
            merge(w, row, rows, sums + c, b->k > 0, count, out);
        if (add_bias)
            add_biases(w, row, rows, count, out + row * w->product->row_step);
    }
}

static void run_tile(const phase_work *w, const block *b, const places *at, size_t row, size_t rows)
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
    finish_tile(w, b, row, rows, at->halves ? NULL : spare);
}

static void run_panel(const phase_work *w, const mote_chunk *c, const block *b,
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

static void run_chunk(phase_work *w, const mote_chunk *c, const size_t rows[2])
{
    const mote_patches *const whole = &w->product->right.patches;
    const size_t kernel = whole->kernel_height * whole->kernel_width;
    block b = {0};
    for (; b.k < w->product->depth; b.k = b.end) {
        b.end = mote_size_min(w->product->depth, b.k + MOTE_PRODUCT_BLOCK);
        const size_t channel = b.k / kernel;
        if (w->phase->patches.kernel_height > 0 && w->phase->patches.kernel_width > 0)
            MOTE_KERNEL(image_read)(&w->reader, c, channel, (b.end - 1) / kernel + 1 - channel);
        find_terms(w, &b);
        const size_t end = c->first + c->count;
        for (b.position = c->first; b.position < end; b.position += b.width) {
            b.width = mote_size_min(MOTE_KERNEL(tile).columns, end - b.position);
            run_panel(w, c, &b, rows);
        }
    }
}

static void run_phase(phase_work *w, const size_t rows[2], const size_t positions[2])
{
    const mote_patches *const p = &w->phase->patches;
    const size_t plane = p->positions_height * p->positions_width;
    MOTE_KERNEL(image_start)(&w->reader);
    size_t count = 0;
    for (size_t first = positions[0]; first < positions[1]; first += count) {
        // at most up to the end of a chunk that begins with a sample
        count = w->blocks.chunk - first % plane % w->blocks.chunk;
        if (w->blocks.image.has_strips)
            count = mote_size_min(count, plane - first % plane);
        count = mote_size_min(count, positions[1] - first);
        const mote_chunk c = MOTE_KERNEL(image_chunk)(&w->right, first, count);
        run_chunk(w, &c, rows);
    }
}

/// The first position of a phase that is in line `line` of the output or behind it.
static size_t find_position(const mote_product *product, const mote_phase *phase, size_t line)
{
    const mote_patches *const whole = &product->right.patches;
    const size_t row = line % whole->positions_height;
    const size_t before =
        row > phase->row ? mote_size_ceil_divide(row - phase->row, whole->divisor_height) : 0;
    return (line / whole->positions_height * phase->patches.positions_height + before) *
           phase->patches.positions_width;
}

void MOTE_KERNEL(product_positions)(const mote_positions_task *task)
{
    const mote_product *const product = task->product;
    for (size_t i = 0; i < mote_phase_count(&product->right.patches); i++) {
        const mote_phase phase = mote_phase_get(&product->right.patches, i);
        const size_t positions[2] = {find_position(product, &phase, task->lines[0]),
                                     find_position(product, &phase, task->lines[1])};
        phase_work w = {.product = product, .phase = &phase, .right = product->right};
        w.right.patches = phase.patches;
        mote_positions_cut(product, &phase, &w.blocks);
        w.panel = task->scratch;
        w.reader = (mote_reader){.factor = &w.right, .image = &w.blocks.image};
        w.reader.copy = w.panel + w.blocks.panel;
        w.reader.first = w.panel; // nothing is read where no tap meets the image
        w.weights = (uint32_t *)(void *)(w.reader.copy + w.blocks.copy);
        w.taps = w.weights + w.blocks.weights;
        run_phase(&w, task->rows, positions);
    }
}
