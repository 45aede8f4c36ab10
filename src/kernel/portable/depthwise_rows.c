// SPDX-License-Identifier: Apache-2.0
// Depth-wise convolutions of large planes: a part of a plane's rows is copied with its padding, and sums of
// neighbouring columns are made side by side. Planes are read and written as they follow one another.
#include "kernel/portable/depthwise_rows.h"

#include "base/size.h"
#include "kernel/depthwise_unit.h"

#include <string.h>

typedef struct rows_call {
    const mote_depthwise *shape;
    mote_depthwise_rows cut;
    const mote_real *from, *weight, *bias;
    mote_real *to;
    unsigned char *scratch;
} rows_call;

/// The rows of a plane's cells that the sums of `count` rows from `first` on read, around them zeros. Cells of a row
/// begin at a multiple of the alignment; the padding before them is the end of the row before.
static void make_image(const rows_call *call, const mote_real *plane, size_t first, size_t count,
                       mote_real *image)
{
    const mote_depthwise_axis *const axes = call->cut.axes;
    const size_t pitch = call->cut.pitch;
    const ptrdiff_t start = (ptrdiff_t)first + axes[0].origin;
    const size_t above = start < 0 ? mote_size_min((size_t)-start, count + 2) : 0;
    const size_t begin = start < 0 ? 0 : mote_size_min((size_t)start, axes[0].cells);
    const size_t copied = mote_size_min(count + 2 - above, axes[0].cells - begin);
    const size_t below = count + 2 - above - copied;
    memset(image, 0, above * pitch * sizeof *image);
    MOTE_KERNEL(depthwise_unit)
        .copy_rows(copied, axes[1].cells, plane + begin * axes[1].cells, image + above * pitch,
                   pitch);
    memset(image + (above + copied) * pitch, 0, below * pitch * sizeof *image);
}

/// Taps of a derivative lie backwards: its sums are made from the last row on.
static void sum_part(const rows_call *call, size_t plane, size_t part, mote_real *image)
{
    const mote_depthwise_axis *const axes = call->cut.axes;
    const size_t channel = plane % call->shape->channels;
    const size_t pitch = call->cut.pitch;
    size_t first = 0;
    const size_t count = mote_parallel_part(axes[0].positions, part, call->cut.parts, &first);
    make_image(call, call->from + plane * axes[0].cells * axes[1].cells, first, count, image);
    mote_depthwise_plane sums = {
        .rows = count,
        .columns = axes[1].positions,
        .image = image + axes[1].origin,
        .row_step = (ptrdiff_t)pitch,
        .column_step = 1,
        .weights = call->weight + channel * 9,
        .bias = call->bias ? call->bias + channel : NULL,
        .out = call->to + (plane * axes[0].positions + first) * axes[1].positions,
        .out_step = (ptrdiff_t)axes[1].positions,
    };
    if (axes[0].backwards) {
        sums.image += (count + 1) * pitch + 2;
        sums.out += (count - 1) * axes[1].positions;
        sums.row_step = -sums.row_step;
        sums.column_step = -1;
        sums.out_step = -sums.out_step;
    }
    MOTE_KERNEL(depthwise_unit).sum_plane(&sums);
}

static void sum_parts(void *argument, size_t task, size_t task_count)
{
    const rows_call *const call = (const rows_call *)argument;
    const size_t parts = call->cut.parts;
    size_t item = 0;
    const size_t count = mote_parallel_part(call->shape->samples * call->shape->channels * parts,
                                            task, task_count, &item);
    const size_t end = item + count;
    mote_real *const slice = (mote_real *)(void *)(call->scratch + task * call->cut.slice_bytes);
    memset(slice, 0, call->cut.slice_bytes);
    for (; item < end; item++)
        sum_part(call, item / parts, item % parts, slice + call->cut.pitch);
}

void MOTE_KERNEL(depthwise_rows)(const mote_depthwise *shape, mote_depthwise_part part,
                                 const mote_real *const numbers[3], mote_real *to,
                                 const mote_parallel *parallel, void *scratch)
{
    rows_call call = {
        .shape = shape,
        .cut = mote_depthwise_cut_rows(shape, part, parallel ? parallel->thread_count : 1),
        .from = numbers[0],
        .weight = numbers[1],
        .bias = numbers[2],
        .scratch = scratch,
    };
    call.to = to;
    mote_parallel_run(parallel, sum_parts, &call, call.cut.tasks);
}
