// SPDX-License-Identifier: Apache-2.0
// How a depth-wise convolution is cut into tiles, and the scratch these need: the same for every level, so that a
// plan made for one machine holds on another.
#include "kernel/depthwise_unit.h"

#include "base/size.h"

#include <assert.h>

/// Elements of a task's scratch, at most; of a tile of rows where few are then moved from tile to tile; and of a tile
/// of several samples. The latter two stay in the first cache.
#define SLICE   65536.0
#define ROWS    8192.0
#define SAMPLES 6144.0

/// Elements of a part of a plane, with its padding, that stay in the first cache; eight rows are one in any case. And
/// of a row, at most.
#define IMAGE 4096U
#define ROW   4096U

/// Multiply-adds a task should have at least.
#define TASK_TERMS 524288.0

/// x / divisor, rounded down.
static ptrdiff_t divide_down(ptrdiff_t x, ptrdiff_t divisor)
{
    return x >= 0 ? x / divisor : -((divisor - 1 - x) / divisor);
}

static mote_depthwise_axis make_axis(const mote_depthwise *shape, bool columns, bool derivative)
{
    const mote_window *const window = &shape->window;
    const size_t cells = columns ? window->width : window->height;
    const size_t outputs = columns ? window->out_width : window->out_height;
    const size_t stride = columns ? window->stride_width : window->stride_height;
    mote_depthwise_axis axis = {
        .positions = derivative ? cells : outputs,
        .phases = derivative ? stride : 1,
        .step = derivative ? 1 : stride,
        .cells = derivative ? outputs : cells,
        .taps = columns ? window->kernel_width : window->kernel_height,
        .dilation = columns ? shape->dilation_width : shape->dilation_height,
        .pad = columns ? window->pad_left : window->pad_top,
        .backwards = derivative,
    };
    const size_t last_tap = (axis.taps - 1) * axis.dilation;
    axis.origin = -(ptrdiff_t)axis.pad;
    axis.reach = last_tap + 1;
    if (derivative) {
        axis.origin = divide_down((ptrdiff_t)axis.pad - (ptrdiff_t)last_tap, (ptrdiff_t)stride);
        axis.reach = (size_t)((ptrdiff_t)((stride - 1 + axis.pad) / stride) - axis.origin) + 1;
    }
    return axis;
}

bool mote_depthwise_find_tap(const mote_depthwise_axis *axis, size_t phase, size_t tap,
                             size_t *place)
{
    *place = tap * axis->dilation;
    if (!axis->backwards)
        return true;
    const ptrdiff_t distance = (ptrdiff_t)(phase + axis->pad) - (ptrdiff_t)*place;
    const ptrdiff_t cell = divide_down(distance, (ptrdiff_t)axis->phases);
    *place = (size_t)(cell - axis->origin);
    return cell * (ptrdiff_t)axis->phases == distance;
}

/// Cells of a tile. Its first position may be of any phase.
static double get_extent(const mote_depthwise_axis *axis, size_t positions)
{
    const size_t last = (positions - 1 + axis->phases - 1) / axis->phases;
    return (double)last * (double)axis->step + (double)axis->reach;
}

/// Elements of the scratch of a tile of one sample. A double, because sizes of kernels that do not fit may not either.
static double get_tile_elements(const mote_depthwise_cut *cut, size_t rows, size_t columns)
{
    const double row = MOTE_DEPTHWISE_CHANNELS;
    const double cells = get_extent(&cut->axes[0], rows) * get_extent(&cut->axes[1], columns);
    // image and places of its cells; sums, or the output's derivatives, and their places
    return cells * (row + 1) + (double)rows * (double)columns * (row + 1);
}

/// Elements of the scratch that do not depend on the tile: a row and a number a tap, for gradients rows of three sums;
/// five numbers a phase; the bias and what gather may read beyond the end, 17 rows; less than a row to align each of 7
/// parts.
static double get_tap_elements(const mote_depthwise_cut *cut, mote_depthwise_part part)
{
    const double row = MOTE_DEPTHWISE_CHANNELS;
    const double rows = part == MOTE_DEPTHWISE_GRADIENT ? 3 : 1;
    const double taps = (double)cut->axes[0].taps * (double)cut->axes[1].taps;
    const double phases = (double)cut->axes[0].phases + (double)cut->axes[1].phases;
    return taps * (rows * row + 1) + phases * 5 + (17 + 7) * row;
}

/// Parts of an axis until a tile fits, or has no more than `fewest` positions.
static void cut_axis(mote_depthwise_cut *cut, size_t axis, double room, size_t fewest)
{
    const size_t count = cut->axes[axis].positions;
    while (get_tile_elements(cut, cut->positions[0], cut->positions[1]) > room &&
           cut->positions[axis] > mote_size_max(fewest, 1)) {
        cut->tiles[axis]++;
        cut->positions[axis] = mote_size_ceil_divide(count, cut->tiles[axis]);
    }
    cut->tiles[axis] = mote_size_ceil_divide(count, cut->positions[axis]);
}

/// Whole samples where they fit, otherwise whole rows, otherwise a part of a row; false where nothing fits.
static bool cut_planes(mote_depthwise_cut *cut, mote_depthwise_part part, size_t samples)
{
    const double room = SLICE - get_tap_elements(cut, part);
    if (get_tile_elements(cut, 1, 1) > room)
        return false;
    for (size_t axis = 0; axis < 2; axis++) {
        cut->positions[axis] = cut->axes[axis].positions;
        cut->tiles[axis] = 1;
    }
    if (get_tile_elements(cut, 1, cut->positions[1]) > room)
        cut->positions[0] = 1;
    for (size_t axis = 0; axis < 2; axis++)
        cut_axis(cut, axis, room, 1);
    if (cut->tiles[1] == 1) {
        const mote_depthwise_axis *const rows = &cut->axes[0];
        cut_axis(cut, 0, ROWS, 2 * (rows->reach - 1) * rows->phases / rows->step);
    }
    const double elements = get_tile_elements(cut, cut->positions[0], cut->positions[1]);
    cut->samples = 1;
    if (cut->tiles[0] == 1 && cut->tiles[1] == 1 && elements < SAMPLES)
        cut->samples = mote_size_min(samples, (size_t)(SAMPLES / elements));
    cut->sample_tiles = mote_size_ceil_divide(samples, cut->samples);
    return true;
}

static mote_depthwise_cut make_axes(const mote_depthwise *shape, mote_depthwise_part part)
{
    const bool derivative = part == MOTE_DEPTHWISE_DERIVATIVE;
    return (mote_depthwise_cut){
        .axes = {make_axis(shape, false, derivative), make_axis(shape, true, derivative)},
    };
}

static size_t align_elements(size_t count)
{
    return mote_size_align(count, MOTE_ALIGNMENT / sizeof(mote_real));
}

/// Of `items`.
static size_t count_tasks(const mote_depthwise *shape, const mote_depthwise_axis axes[2],
                          size_t items, size_t thread_count)
{
    const double terms = (double)shape->samples * (double)shape->channels *
                         (double)axes[0].positions * (double)axes[1].positions *
                         (double)axes[0].taps * (double)axes[1].taps;
    const double worth = terms / TASK_TERMS;
    const size_t tasks = worth < (double)thread_count ? (size_t)worth : thread_count;
    return mote_size_max(mote_size_min(tasks, items), 1);
}

mote_depthwise_cut mote_depthwise_make_cut(const mote_depthwise *shape, mote_depthwise_part part,
                                           size_t thread_count)
{
    mote_depthwise_cut cut = make_axes(shape, part);
    const bool fits = cut_planes(&cut, part, shape->samples);
    assert(fits);
    (void)fits;
    for (size_t axis = 0; axis < 2; axis++) {
        cut.extents[axis] = (size_t)get_extent(&cut.axes[axis], cut.positions[axis]);
    }
    const size_t row = MOTE_DEPTHWISE_CHANNELS;
    const size_t cells = cut.extents[0] * cut.extents[1];
    const size_t positions = cut.samples * cut.positions[0] * cut.positions[1];
    const size_t taps = cut.axes[0].taps * cut.axes[1].taps;
    const size_t rows_a_tap = part == MOTE_DEPTHWISE_GRADIENT ? 3 : 1;
    cut.image = align_elements(cut.samples * cells * row);
    cut.out = align_elements((positions + row) * row);
    cut.sums = align_elements((rows_a_tap * taps + 1) * row);
    cut.places = align_elements(cells) + align_elements(cut.positions[0] * cut.positions[1]) +
                 align_elements(taps) +
                 align_elements((cut.axes[0].phases + cut.axes[1].phases) * 5);
    cut.slice_bytes = (cut.image + cut.out + cut.sums + cut.places) * sizeof(mote_real);
    size_t items = mote_size_ceil_divide(shape->channels, MOTE_DEPTHWISE_CHANNELS);
    if (part != MOTE_DEPTHWISE_GRADIENT)
        items *= cut.sample_tiles * cut.tiles[0] * cut.tiles[1];
    cut.tasks = count_tasks(shape, cut.axes, items, thread_count);
    return cut;
}

/// Elements of a row of cells, and of the zeros before and behind it that windows reach.
static size_t get_pitch(const mote_depthwise_axis *columns)
{
    const ptrdiff_t reached = columns->origin + (ptrdiff_t)columns->positions + 2;
    const size_t before = columns->origin < 0 ? (size_t)-columns->origin : 0;
    const size_t end =
        reached > 0 ? mote_size_max((size_t)reached, columns->cells) : columns->cells;
    return align_elements(before + end);
}

static bool is_square(const mote_depthwise_axis *axis)
{
    return axis->taps == 3 && axis->dilation == 1;
}

bool mote_depthwise_has_rows(const mote_depthwise *shape, mote_depthwise_part part)
{
    const mote_depthwise_cut cut = make_axes(shape, part);
    const mote_depthwise_axis *const rows = &cut.axes[0];
    const mote_depthwise_axis *const columns = &cut.axes[1];
    const bool is_dense = shape->window.stride_height == 1 && shape->window.stride_width == 1;
    return part != MOTE_DEPTHWISE_GRADIENT && is_dense && is_square(rows) && is_square(columns) &&
           rows->positions >= 4 &&
           mote_size_min(columns->positions, columns->cells) >= MOTE_DEPTHWISE_CHANNELS &&
           get_pitch(columns) <= ROW;
}

mote_depthwise_rows mote_depthwise_cut_rows(const mote_depthwise *shape, mote_depthwise_part part,
                                            size_t thread_count)
{
    const mote_depthwise_cut whole = make_axes(shape, part);
    mote_depthwise_rows cut = {.axes = {whole.axes[0], whole.axes[1]}};
    const size_t count = cut.axes[0].positions;
    cut.pitch = get_pitch(&cut.axes[1]);
    cut.parts = mote_size_ceil_divide(count, mote_size_max(IMAGE / cut.pitch, 8));
    // a row before the image, for its first row's padding, and two that windows reach
    cut.slice_bytes = (mote_size_ceil_divide(count, cut.parts) + 3) * cut.pitch * sizeof(mote_real);
    cut.tasks =
        count_tasks(shape, cut.axes, shape->samples * shape->channels * cut.parts, thread_count);
    return cut;
}

bool mote_depthwise_fits(const mote_depthwise *shape)
{
    const mote_window *const window = &shape->window;
    if ((double)window->kernel_height * (double)window->kernel_width > MOTE_PRODUCT_BLOCK)
        return false;
    for (size_t part = MOTE_DEPTHWISE_FORWARD; part <= MOTE_DEPTHWISE_GRADIENT; part++) {
        mote_depthwise_cut cut = make_axes(shape, (mote_depthwise_part)part);
        if (!cut_planes(&cut, (mote_depthwise_part)part, 1))
            return false;
    }
    return true;
}

size_t mote_depthwise_scratch_bytes(const mote_depthwise *shape, mote_depthwise_part part,
                                    size_t thread_count)
{
    if (mote_depthwise_has_rows(shape, part)) {
        const mote_depthwise_rows rows = mote_depthwise_cut_rows(shape, part, thread_count);
        return rows.tasks * rows.slice_bytes;
    }
    const mote_depthwise_cut cut = mote_depthwise_make_cut(shape, part, thread_count);
    return cut.tasks * cut.slice_bytes;
}
