// SPDX-License-Identifier: Apache-2.0
// Sizes of sliding windows, one axis at a time.
#include "layer/window.h"

#include "base/size.h"

/// One axis: what was asked for, and what follows.
typedef struct window_axis {
    const char *name; // for messages
    size_t size, kernel, stride;
    size_t reach;         // cells from the kernel's first tap to its last
    size_t before, after; // padding
    size_t out;
} window_axis;

static mote_status slide(const mote_setup *setup, bool same, window_axis *axis)
{
    if (same) {
        axis->out = mote_size_ceil_divide(axis->size, axis->stride);
        const size_t reach = (axis->out - 1) * axis->stride + axis->reach;
        const size_t padding = reach > axis->size ? reach - axis->size : 0;
        axis->before = padding / 2;
        axis->after = padding - axis->before;
        return MOTE_OK;
    }
    const size_t padded = axis->before + axis->size + axis->after;
    if (padded < axis->reach) {
        return MOTE_RAISE(
            MOTE_ERROR_SHAPE,
            "layer '%s': kernel %s %zu is more than input %s %zu with padding %zu+%zu",
            setup->layer_name, axis->name, axis->reach, axis->name, axis->size, axis->before,
            axis->after);
    }
    axis->out = (padded - axis->reach) / axis->stride + 1;
    return MOTE_OK;
}

size_t mote_window_pick(const mote_property_integers *list, uint32_t axis)
{
    return list->values[list->count > 1 ? axis : 0];
}

/// How far the kernel of an axis reaches.
static size_t get_reach(const mote_window_wish *wish, uint32_t axis)
{
    const size_t dilation = wish->dilation.count ? mote_window_pick(&wish->dilation, axis) : 1;
    return (mote_window_pick(&wish->kernel, axis) - 1) * dilation + 1;
}

mote_status mote_window_make(const mote_setup *setup, const mote_window_wish *wish, size_t height,
                             size_t width, mote_window *window)
{
    window_axis rows = {
        .name = "height",
        .size = height,
        .kernel = mote_window_pick(&wish->kernel, 0),
        .stride = mote_window_pick(&wish->stride, 0),
        .reach = get_reach(wish, 0),
        .before = wish->padding.top,
        .after = wish->padding.bottom,
    };
    window_axis columns = {
        .name = "width",
        .size = width,
        .kernel = mote_window_pick(&wish->kernel, 1),
        .stride = mote_window_pick(&wish->stride, 1),
        .reach = get_reach(wish, 1),
        .before = wish->padding.left,
        .after = wish->padding.right,
    };
    MOTE_TRY(slide(setup, wish->padding.same, &rows));
    MOTE_TRY(slide(setup, wish->padding.same, &columns));
    *window = (mote_window){
        .height = height,
        .width = width,
        .kernel_height = rows.kernel,
        .kernel_width = columns.kernel,
        .stride_height = rows.stride,
        .stride_width = columns.stride,
        .pad_top = rows.before,
        .pad_left = columns.before,
        .out_height = rows.out,
        .out_width = columns.out,
    };
    return MOTE_OK;
}
