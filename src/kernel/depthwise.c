// SPDX-License-Identifier: Apache-2.0
// How a depth-wise convolution is cut into tiles, and the scratch these need: the same for every level, so that a
// plan made for one machine holds on another.
#include "kernel/depthwise_unit.h"

#include "base/size.h"

#include <assert.h>

/// Elements of a task's scratch, at most; and of a tile of several samples: these are small, and stay in the first
/// caches.
#define SLICE   65536.0
#define SAMPLES 6144.0

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
    const size_t count[2] = {cut->positions[0], cut->positions[1]};
    if (get_tile_elements(cut, 1, count[1]) > room)
        cut->positions[0] = 1;
    for (size_t axis = 0; axis < 2; axis++) {
        while (get_tile_elements(cut, cut->positions[0], cut->positions[1]) > room &&
               cut->positions[axis] > 1) {
            cut->tiles[axis]++;
            cut->positions[axis] = mote_size_ceil_divide(count[axis], cut->tiles[axis]);
        }
        cut->tiles[axis] = mote_size_ceil_divide(count[axis], cut->positions[axis]);
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

static size_t count_tasks(const mote_depthwise *shape, const mote_depthwise_cut *cut,
                          mote_depthwise_part part, size_t thread_count)
{
    const size_t blocks = mote_size_ceil_divide(shape->channels, MOTE_DEPTHWISE_CHANNELS);
    const double terms = (double)shape->samples * (double)shape->channels *
                         (double)cut->axes[0].positions * (double)cut->axes[1].positions *
                         (double)cut->axes[0].taps * (double)cut->axes[1].taps;
    const double worth = terms / TASK_TERMS;
    size_t tasks = worth < (double)thread_count ? (size_t)worth : thread_count;
    if (part == MOTE_DEPTHWISE_GRADIENT)
        tasks = mote_size_min(tasks, blocks);
    else
        tasks = mote_size_min(tasks, blocks * cut->sample_tiles * cut->tiles[0] * cut->tiles[1]);
    return mote_size_max(tasks, 1);
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
    cut.tasks = count_tasks(shape, &cut, part, thread_count);
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

bool mote_depthwise_overwrites(const mote_depthwise *shape)
{
    const mote_window *const window = &shape->window;
    bool is_whole = window->height == window->out_height && window->width == window->out_width;
    for (size_t part = MOTE_DEPTHWISE_FORWARD; part <= MOTE_DEPTHWISE_DERIVATIVE; part++) {
        const mote_depthwise_cut cut = mote_depthwise_make_cut(shape, (mote_depthwise_part)part, 1);
        is_whole &= cut.tiles[0] == 1 && cut.tiles[1] == 1;
    }
    return is_whole;
}

size_t mote_depthwise_scratch_bytes(const mote_depthwise *shape, mote_depthwise_part part,
                                    size_t thread_count)
{
    const mote_depthwise_cut cut = mote_depthwise_make_cut(shape, part, thread_count);
    return cut.tasks * cut.slice_bytes;
}
