// SPDX-License-Identifier: Apache-2.0
// The product of a convolution's weights with positions x taps where the image has gaps: by the input of a
// convolution with a stride. Positions of each phase of the stride (see kernel/image.h) meet other taps, and lie side
// by side in the output.
//
// Loops from the outside: chunks of positions of a phase, panels of them, some rows, blocks of k, phases, tiles of
// rows. All channels of a chunk are read at once. Sums of all phases stay in scratch until all blocks are in, and are
// then laid into the output together.
#include "kernel/portable/product_phases.h"

#include "kernel/portable/pack.h"
#include "kernel/portable/position_panel.h"

#include "base/size.h"

typedef struct phases_work {
    const mote_product *product;
    mote_phases_blocks blocks;
    mote_factor right; // with the positions and taps of all phases
    mote_reader reader;
    size_t phases;
    bool is_direct; // no panel is packed
    mote_real *panel, *sums;
    mote_term *terms; // by block of k, phase and k
    uint32_t *taps;   // where they lie in the image
    uint32_t *starts; // in these, of each block and phase, and the end
} phases_work;

/// A panel of neighbouring positions of a phase, and some rows.
typedef struct area {
    const mote_chunk *chunk;
    size_t position, width;
    size_t row, rows;
} area;

/// Whether a term meets the image at positions of a phase; then where it lies there.
static bool find_tap(const phases_work *w, size_t phase, size_t k, uint32_t *tap)
{
    const mote_phase_axis *const axes = w->blocks.axes;
    const mote_patches *const whole = &w->product->right.patches;
    const mote_patches *const joint = &w->right.patches;
    const size_t kernel = whole->kernel_height * whole->kernel_width;
    size_t row = 0;
    size_t column = 0;
    if (!mote_phase_meets(&axes[0], phase / axes[1].phases, k % kernel / whole->kernel_width,
                          &row) ||
        !mote_phase_meets(&axes[1], phase % axes[1].phases, k % whole->kernel_width, &column))
        return false;
    const size_t index = (k / kernel * joint->kernel_height + row) * joint->kernel_width + column;
    *tap = (uint32_t)MOTE_KERNEL(image_tap)(&w->reader, index);
    return true;
}

/// Of a phase, the terms of a block that meet the image, from `start` on; returns their end.
static size_t find_terms(const phases_work *w, size_t phase, size_t first, size_t depth,
                         size_t start)
{
    const mote_patches *const whole = &w->product->right.patches;
    const mote_axis *const inner = &w->product->left.inner;
    const size_t kernel = whole->kernel_height * whole->kernel_width;
    const size_t offset = mote_axis_offset(inner, first);
    size_t end = start;
    size_t rest = 0; // of the last channel's
    for (size_t i = 0; i < depth && i < kernel; i++) {
        if (find_tap(w, phase, first + i, &w->taps[end])) {
            w->terms[end].left = (uint32_t)(mote_axis_offset(inner, first + i) - offset);
            end++;
        }
        rest += i < depth % kernel ? end - start - rest : 0;
    }
    const size_t same = end - start; // in every channel
    // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): kernels have taps, see mote_phases_fit
    const size_t all = depth < kernel ? same : depth / kernel * same + rest;
    const uint32_t next = (uint32_t)(mote_axis_offset(inner, kernel) - mote_axis_offset(inner, 0));
    for (; end < start + all; end++) {
        w->taps[end] = w->taps[end - same] + (uint32_t)w->blocks.image.plane;
        w->terms[end].left = w->terms[end - same].left + next;
    }
    for (size_t i = start; i < end; i++)
        w->terms[i].right =
            w->is_direct ? w->taps[i] : (uint32_t)((i - start) * MOTE_KERNEL(tile).columns);
    return end;
}

static void find_all_terms(const phases_work *w)
{
    uint32_t *start = w->starts;
    *start = 0;
    for (size_t k = 0; k < w->product->depth; k += MOTE_PRODUCT_BLOCK) {
        const size_t depth = mote_size_min(w->product->depth - k, MOTE_PRODUCT_BLOCK);
        for (size_t phase = 0; phase < w->phases; phase++, start++)
            start[1] = (uint32_t)find_terms(w, phase, k, depth, *start);
    }
}

static mote_real *find_sums(const phases_work *w, size_t phase, size_t row)
{
    return w->sums + (phase * w->blocks.rows + row) * MOTE_KERNEL(tile).columns;
}

/// A block and phase for some rows of the area: the first, and how many.
static void run_tile(const phases_work *w, const area *a, const uint32_t *start,
                     const mote_real *const halves[2], const size_t rows[2])
{
    const mote_product *const product = w->product;
    const size_t columns = MOTE_KERNEL(tile).columns;
    const size_t phase = (size_t)(start - w->starts) % w->phases;
    const size_t k = (size_t)(start - w->starts) / w->phases * MOTE_PRODUCT_BLOCK;
    mote_spread call = {
        .left = product->left.data + (a->row + rows[0]) * product->left.outer.step +
                mote_axis_offset(&product->left.inner, k),
        .left_step = product->left.outer.step,
        .terms = w->terms + start[0],
        .right = {halves[0], halves[1]},
        .depth = start[1] - start[0],
        .out = find_sums(w, phase, rows[0]),
        .out_step = columns,
        .half_step = columns / 2,
        .add = k > 0,
    };
    if (product->row_bias && product->depth - k <= MOTE_PRODUCT_BLOCK)
        call.biases = product->row_bias + a->row + rows[0];
    MOTE_KERNEL(tile).spread(rows[1], &call);
}

static void run_block(const phases_work *w, const area *a, const uint32_t *start)
{
    const mote_position_panel panel = {
        .reader = &w->reader, .chunk = a->chunk, .position = a->position, .width = a->width};
    const size_t tiles = mote_size_ceil_divide(a->rows, MOTE_KERNEL(tile).spread_rows);
    const mote_real *halves[2] = {w->panel, w->panel + MOTE_KERNEL(tile).columns / 2};
    if (w->is_direct)
        MOTE_KERNEL(panel_find)(&panel, halves);
    else
        MOTE_KERNEL(panel_pack)(&panel, start[1] - start[0], w->taps + start[0], w->panel);
    for (size_t i = 0; i < tiles; i++) {
        size_t rows[2]; // the first, and how many
        rows[1] = mote_parallel_part(a->rows, i, tiles, &rows[0]);
        run_tile(w, a, start, halves, rows);
    }
}

/// out[2 * i] = even[i], out[2 * i + 1] = odd[i]
static inline void lay_some(size_t length, const mote_real *restrict even,
                            const mote_real *restrict odd, mote_real *restrict out)
{
    for (size_t i = 0; i < length; i++) {
        out[2 * i] = even[i];
        out[2 * i + 1] = odd[i];
    }
}

/// With usual lengths known to the compiler.
static void lay_pairs(size_t length, const mote_real *even, const mote_real *odd, mote_real *out)
{
    if (length % 16 == 0) {
        for (size_t i = 0; i < length; i += 16)
            lay_some(16, even + i, odd + i, out + 2 * i);
    } else if (length == 8) {
        lay_some(8, even, odd, out);
    } else if (length == 4) {
        lay_some(4, even, odd, out);
    } else {
        lay_some(length, even, odd, out);
    }
}

/// Positions from column `column` of a phase on, of one row, and of all phases side by side.
static void lay_run(const phases_work *w, const mote_real *sums, size_t column, size_t length,
                    mote_real *out)
{
    const size_t width = w->product->right.patches.positions_width;
    const size_t next = w->blocks.rows * MOTE_KERNEL(tile).columns; // phase
    const size_t step = w->blocks.axes[1].divisor;
    const size_t phases = w->blocks.axes[1].phases;
    out += column * step;
    if (step == 2 && (column + length) * 2 <= width) {
        lay_pairs(length, sums, sums + next, out);
        return;
    }
    for (size_t phase = 0; phase < phases; phase++) {
        const size_t all = mote_size_ceil_divide(width - phase, step); // of the phase
        for (size_t i = 0; i < length && column + i < all; i++)
            out[i * step + phase] = sums[phase * next + i];
    }
}

/// The sums of neighbouring positions from `lane` of the area on, which are of one line of the phase.
static void lay_line(const phases_work *w, const area *a, size_t lane, size_t length)
{
    const mote_phase_axis *const axes = w->blocks.axes;
    const mote_product *const product = w->product;
    const size_t line = (a->position + lane) / axes[1].positions;
    const size_t column = (a->position + lane) % axes[1].positions;
    const size_t row = line % axes[0].positions * axes[0].divisor;
    mote_real *const sample = product->out + line / axes[0].positions * product->column_axis.jump;
    for (size_t i = 0; i < axes[0].phases; i++) {
        if (row + i >= product->right.patches.positions_height)
            break;
        mote_real *const out = sample + (row + i) * product->right.patches.positions_width;
        for (size_t r = 0; r < a->rows; r++)
            lay_run(w, find_sums(w, i * axes[1].phases, r) + lane, column, length,
                    out + (a->row + r) * product->row_step);
    }
}

static void run_area(const phases_work *w, const area *a)
{
    const size_t width = w->blocks.axes[1].positions;
    const size_t blocks = mote_size_ceil_divide(w->product->depth, MOTE_PRODUCT_BLOCK);
    for (size_t i = 0; i < blocks * w->phases; i++)
        run_block(w, a, w->starts + i);
    size_t length = 0;
    for (size_t lane = 0; lane < a->width; lane += length) {
        length = mote_size_min(a->width - lane, width - (a->position + lane) % width);
        lay_line(w, a, lane, length);
    }
}

static void run_chunk(phases_work *w, const mote_chunk *c, const size_t rows[2])
{
    const size_t end = c->first + c->count;
    const size_t parts = mote_size_ceil_divide(rows[1] - rows[0], w->blocks.rows);
    MOTE_KERNEL(image_read)(&w->reader, c, 0, w->right.patches.channels);
    area a = {.chunk = c, .position = c->first};
    for (; a.position < end; a.position += a.width) {
        a.width = mote_size_min(MOTE_KERNEL(tile).columns, end - a.position);
        for (size_t i = 0; i < parts; i++) {
            size_t first = 0;
            a.rows = mote_parallel_part(rows[1] - rows[0], i, parts, &first);
            a.row = rows[0] + first;
            run_area(w, &a);
        }
    }
}

void MOTE_KERNEL(product_phases)(const mote_positions_task *task)
{
    phases_work w = {.product = task->product, .right = task->product->right};
    mote_phases_fit(task->product, &w.blocks);
    w.right.patches = w.blocks.joint;
    w.reader = (mote_reader){.factor = &w.right, .image = &w.blocks.image};
    w.phases = w.blocks.axes[0].phases * w.blocks.axes[1].phases;
    const size_t start = task->lines[0] * w.blocks.axes[1].positions;
    // lines of one long row need not begin where halves of a panel do
    w.is_direct =
        MOTE_KERNEL(panel_is_direct)(&w.reader) && start % (MOTE_KERNEL(tile).columns / 2) == 0;
    w.panel = task->scratch;
    w.sums = w.panel + w.blocks.panel;
    w.reader.copy = w.sums + w.blocks.sums;
    w.taps = (uint32_t *)(void *)(w.reader.copy + w.blocks.copy);
    w.starts = w.taps + w.blocks.taps;
    w.terms = (mote_term *)(void *)(w.starts + w.blocks.starts);
    MOTE_KERNEL(image_start)(&w.reader);
    find_all_terms(&w);
    const size_t plane = w.blocks.axes[0].positions * w.blocks.axes[1].positions;
    const size_t end = task->lines[1] * w.blocks.axes[1].positions;
    size_t count = 0;
    for (size_t first = start; first < end; first += count) {
        count = mote_size_min(mote_image_left(&w.blocks.image, w.blocks.chunk, plane, first),
                              end - first);
        const mote_chunk c = MOTE_KERNEL(image_chunk)(&w.right, first, count);
        run_chunk(&w, &c, task->rows);
    }
}
