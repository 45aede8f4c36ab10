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
    bool
        is_direct; // halves of a tile's columns are neighbours in the image, too: nothing is packed
    mote_real *panel;
    mote_term *terms;    // of a block
    uint32_t *taps;      // where they lie in the image
    uint32_t *in_kernel; // where taps of the whole kernel do, or NO_TAP
} phase_work;

/// A tap that does not meet the image.
#define NO_TAP UINT32_MAX

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

/// Where the taps of a channel's kernel lie in the image.
static void find_taps(const phase_work *w)
{
    const mote_patches *const whole = &w->product->right.patches;
    const mote_patches *const own = &w->phase->patches;
    uint32_t *to = w->in_kernel;
    for (size_t i = 0; i < whole->kernel_height; i++) {
        const size_t row =
            find_tap(i, w->phase->first_tap[0], w->phase->tap_step[0], own->kernel_height);
        for (size_t j = 0; j < whole->kernel_width; j++, to++) {
            const size_t column =
                find_tap(j, w->phase->first_tap[1], w->phase->tap_step[1], own->kernel_width);
            *to = NO_TAP;
            if (row < own->kernel_height && column < own->kernel_width)
                *to =
                    (uint32_t)MOTE_KERNEL(image_tap)(&w->reader, row * own->kernel_width + column);
        }
    }
}

/// The terms of a block that meet the image; the reader has its channels.
static void find_terms(const phase_work *w, block *b)
{
    const mote_patches *const whole = &w->product->right.patches;
    const mote_axis *const inner = &w->product->left.inner;
    const size_t kernel = whole->kernel_height * whole->kernel_width;
    const size_t columns = MOTE_KERNEL(tile).columns;
    const size_t first = mote_axis_offset(inner, b->k);
    size_t in_kernel = b->k % kernel;
    size_t channel = 0; // its offset in the image
    b->depth = 0;
    for (size_t k = b->k; k < b->end; k++, in_kernel++) {
        if (in_kernel == kernel) {
            in_kernel = 0;
            channel += w->blocks.image.plane;
        }
        if (w->in_kernel[in_kernel] == NO_TAP)
            continue;
        const uint32_t tap = (uint32_t)(channel + w->in_kernel[in_kernel]);
        w->taps[b->depth] = tap;
        w->terms[b->depth] = (mote_term){
            .left = (uint32_t)(mote_axis_offset(inner, k) - first),
            .right = w->is_direct ? tap : (uint32_t)(b->depth * columns),
        };
        b->depth++;
    }
}

static size_t find_segments(const phase_work *w, const mote_chunk *c, const block *b,
                            segment segments[MOTE_TILE_COLUMNS_MAX])
{
    const size_t width = w->phase->patches.positions_width;
    size_t count = 0;
    for (size_t lane = 0; lane < b->width; count++) {
        const size_t position = b->position + lane;
        segment *const part = &segments[count];
        *part = (segment){.lane = lane, .length = b->width - lane};
        part->length = mote_size_min(part->length, width - position % width);
        MOTE_KERNEL(image_positions)(&w->reader, c, position, 1, &part->from);
        lane += part->length;
    }
    return count;
}

/// Runs of every length that a panel can have: with a length that the compiler knows a copy becomes a few moves.
#define LENGTHS_8(X, n) X(n + 1) X(n + 2) X(n + 3) X(n + 4) X(n + 5) X(n + 6) X(n + 7) X(n + 8)
#define LENGTHS(X)      LENGTHS_8(X, 0) LENGTHS_8(X, 8) LENGTHS_8(X, 16) LENGTHS_8(X, 24)

#define PACK_RUNS(length)                                                    \
    case length:                                                             \
        for (size_t k = 0; k < depth; k++)                                   \
            memcpy(to + k * columns, from + taps[k], (length) * sizeof *to); \
        break;

#define COPY_RUNS(length)                                                          \
    case length:                                                                   \
        for (size_t r = 0; r < rows; r++)                                          \
            memcpy(to + r * to_step, from + r * from_step, (length) * sizeof *to); \
        break;

static void pack_segment(const phase_work *w, size_t depth, const segment *part)
{
    const size_t columns = MOTE_KERNEL(tile).columns;
    const uint32_t *const taps = w->taps;
    const mote_real *const from = w->reader.first + part->from;
    mote_real *const to = w->panel + part->lane;
    switch (part->length) {
        LENGTHS(PACK_RUNS)
    }
}

/// A run of some rows.
static void copy_rows(size_t length, size_t rows, const mote_real *from, size_t from_step,
                      mote_real *to, size_t to_step)
{
    switch (length) {
        LENGTHS(COPY_RUNS)
    }
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

/// Columns of a panel that are `step` apart in the output.
typedef struct run {
    size_t lane, length;
    size_t place; // in a row of the output
} run;

/// Where the panel's columns lie.
typedef struct places {
    bool halves;              // both are whole, and neighbours inside
    const mote_real *from[2]; // the halves in the image or the panel
    size_t first, second;     // of the halves, in a row of the output
    size_t step, count;       // of the runs, where there are no such halves
    run runs[MOTE_TILE_COLUMNS_MAX];
} places;

static void find_runs(const phase_work *w, const block *b, places *at)
{
    for (size_t lane = 0; lane < b->width; at->count++) {
        run *const part = &at->runs[at->count];
        part->lane = lane;
        part->length = find_run(w, b->position + lane, b->width - lane);
        part->place = find_place(w, b->position + lane);
        lane += part->length;
    }
}

static void find_sources(const phase_work *w, const mote_chunk *c, const block *b, places *at)
{
    const size_t half = MOTE_KERNEL(tile).columns / 2;
    at->from[0] = w->panel;
    at->from[1] = w->panel + half;
    for (size_t i = 0; i < 2 && w->is_direct; i++) {
        // a panel of one half is its own second
        const size_t lane = b->width > half ? i * half : 0;
        uint32_t offset = 0;
        MOTE_KERNEL(image_positions)(&w->reader, c, b->position + lane, 1, &offset);
        at->from[i] = w->reader.first + offset;
    }
}

static void find_places(const phase_work *w, const mote_chunk *c, const block *b, places *at)
{
    const size_t half = MOTE_KERNEL(tile).columns / 2;
    find_sources(w, c, b, at);
    at->step = w->product->right.patches.divisor_width;
    at->count = 0;
    at->first = find_place(w, b->position);
    at->second = at->first;
    at->halves = at->step == 1 && b->width == 2 * half && find_run(w, b->position, half) == half &&
                 find_run(w, b->position + half, half) == half;
    if (at->halves)
        at->second = find_place(w, b->position + half);
    else
        find_runs(w, b, at);
}

/// Every `step`-th element to neighbours; the usual step is known to the compiler.
static void load_run(size_t count, const mote_real *from, size_t step, mote_real *to)
{
    for (size_t i = 0; step == 2 && i < count; i++)
        to[i] = from[i * 2];
    for (size_t i = 0; step != 2 && i < count; i++)
        to[i] = from[i * step];
}

static void store_run(size_t count, const mote_real *from, size_t step, mote_real *to)
{
    for (size_t i = 0; step == 2 && i < count; i++)
        to[i * 2] = from[i];
    for (size_t i = 0; step != 2 && i < count; i++)
        to[i * step] = from[i];
}

/// The output so far of a panel that ends, goes from sample to sample, or has gaps.
static void load_runs(const places *at, size_t rows, const mote_real *out, size_t row_step,
                      mote_real *sums)
{
    const size_t columns = MOTE_KERNEL(tile).columns;
    for (const run *part = at->runs; part < at->runs + at->count; part++) {
        const mote_real *const from = out + part->place;
        if (at->step == 1)
            copy_rows(part->length, rows, from, row_step, sums + part->lane, columns);
        for (size_t r = 0; r < rows && at->step > 1; r++)
            load_run(part->length, from + r * row_step, at->step, sums + r * columns + part->lane);
    }
}

static void store_runs(const places *at, size_t rows, const mote_real *sums, size_t row_step,
                       mote_real *out)
{
    const size_t columns = MOTE_KERNEL(tile).columns;
    for (const run *part = at->runs; part < at->runs + at->count; part++) {
        mote_real *const to = out + part->place;
        if (at->step == 1)
            copy_rows(part->length, rows, sums + part->lane, columns, to, row_step);
        for (size_t r = 0; r < rows && at->step > 1; r++)
            store_run(part->length, sums + r * columns + part->lane, at->step, to + r * row_step);
    }
}

static void run_tile(const phase_work *w, const block *b, const places *at, size_t row, size_t rows)
{
    const mote_product *const product = w->product;
    const size_t columns = MOTE_KERNEL(tile).columns;
    mote_real spare[MOTE_TILE_ROWS_MAX * MOTE_TILE_COLUMNS_MAX];
    mote_real *const out = product->out + row * product->row_step;
    mote_spread call = {
        .terms = w->terms,
        .right = {at->from[0], at->from[1]},
        .depth = b->depth,
        .out = at->halves ? out + at->first : spare,
        .out_step = at->halves ? product->row_step : columns,
        .half_step = at->halves ? at->second - at->first : columns / 2,
        .add = b->k > 0,
    };
    if (product->row_bias && b->end == product->depth)
        call.biases = product->row_bias + row;
    const mote_real *const left = product->left.data + mote_axis_offset(&product->left.inner, b->k);
    for (size_t r = 0; r < rows; r++)
        call.rows[r] = left + mote_axis_offset(&product->left.outer, row + r);
    if (!at->halves && call.add)
        load_runs(at, rows, out, product->row_step, spare);
    MOTE_KERNEL(tile).spread(rows, &call);
    if (!at->halves)
        store_runs(at, rows, spare, product->row_step, out);
}

static void run_panel(const phase_work *w, const mote_chunk *c, const block *b,
                      const size_t rows[2])
{
    places at;
    find_places(w, c, b, &at);
    const size_t row_count = rows[1] - rows[0];
    const size_t tiles = mote_size_ceil_divide(row_count, MOTE_KERNEL(tile).spread_rows);
    if (!w->is_direct)
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
    const bool has_terms =
        w->phase->patches.kernel_height > 0 && w->phase->patches.kernel_width > 0;
    for (; b.k < w->product->depth; b.k = b.end) {
        b.end = w->product->depth; // where all terms lie in gaps, sums are 0
        if (has_terms)
            b.end = mote_size_min(b.end, b.k + MOTE_PRODUCT_BLOCK);
        const size_t channel = b.k / kernel;
        if (has_terms)
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
    find_taps(w);
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
        w.is_direct = phase.patches.kernel_height * phase.patches.kernel_width > 0 &&
                      phase.patches.positions_width % (MOTE_KERNEL(tile).columns / 2) == 0;
        w.taps = (uint32_t *)(void *)(w.reader.copy + w.blocks.copy);
        w.in_kernel = w.taps + w.blocks.taps;
        w.terms = (mote_term *)(void *)(w.in_kernel + w.blocks.in_kernel);
        run_phase(&w, task->rows, positions);
    }
}
