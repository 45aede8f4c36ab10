// SPDX-License-Identifier: Apache-2.0
// Pooling of one plane, and its derivatives. Derivatives add to a cleared plane, outputs ascending: a cell
// that several windows contain gets their shares in this order.
#include "kernel/portable/level.h"

#include <assert.h>
#include <string.h>

/// The cells of a window that lie in the plane: rows [top, bottom), columns [left, right).
typedef struct cells {
    size_t top, bottom, left, right;
    size_t row,
        column; // of the window's first cell, counted from pad_top and pad_left before the plane
} cells;

static size_t clip_low(size_t start, size_t pad)
{
    return start < pad ? 0 : start - pad;
}

static size_t clip_high(size_t end, size_t pad, size_t extent)
{
    const size_t unpadded = clip_low(end, pad);
    return unpadded < extent ? unpadded : extent;
}

static cells find_cells(const mote_window *window, size_t out_row, size_t out_column)
{
    const size_t row = out_row * window->stride_height;
    const size_t column = out_column * window->stride_width;
    return (cells){
        .top = clip_low(row, window->pad_top),
        .bottom = clip_high(row + window->kernel_height, window->pad_top, window->height),
        .left = clip_low(column, window->pad_left),
        .right = clip_high(column + window->kernel_width, window->pad_left, window->width),
        .row = row,
        .column = column,
    };
}

static size_t count_cells(const cells *area)
{
    if (area->bottom <= area->top || area->right <= area->left)
        return 0;
    return (area->bottom - area->top) * (area->right - area->left);
}

static size_t index_in_window(const mote_window *window, const cells *area, size_t row,
                              size_t column)
{
    return (row + window->pad_top - area->row) * window->kernel_width + column + window->pad_left -
           area->column;
}

static bool index_is_byte(const mote_window *window)
{
    return mote_window_index_bytes(window->kernel_height * window->kernel_width) == 1;
}

static void store_index(const mote_window *window, void *index, size_t at, size_t value)
{
    if (index_is_byte(window))
        ((uint8_t *)index)[at] = (uint8_t)value;
    else
        ((uint32_t *)index)[at] = (uint32_t)value;
}

static size_t load_index(const mote_window *window, const void *index, size_t at)
{
    return index_is_byte(window) ? ((const uint8_t *)index)[at] : ((const uint32_t *)index)[at];
}

static mote_real find_maximum(const mote_window *window, const cells *area, const mote_real *x,
                              size_t *index)
{
    size_t best = area->top * window->width + area->left;
    for (size_t row = area->top; row < area->bottom; row++) {
        for (size_t column = area->left; column < area->right; column++) {
            const size_t at = row * window->width + column;
            best = x[at] > x[best] ? at : best;
        }
    }
    *index = index_in_window(window, area, best / window->width, best % window->width);
    return x[best];
}

void MOTE_KERNEL(max_pool)(const mote_window *window, const mote_real *x, mote_real *y, void *index)
{
    for (size_t at = 0; at < window->out_height * window->out_width; at++) {
        const cells area = find_cells(window, at / window->out_width, at % window->out_width);
        assert(count_cells(&area) > 0);
        size_t best = 0;
        y[at] = find_maximum(window, &area, x, &best);
        if (index)
            store_index(window, index, at, best);
    }
}

void MOTE_KERNEL(max_pool_derivative)(const mote_window *window, const mote_real *dy,
                                      const void *index, mote_real *dx)
{
    memset(dx, 0, window->height * window->width * sizeof *dx);
    for (size_t out_row = 0; out_row < window->out_height; out_row++) {
        for (size_t out_column = 0; out_column < window->out_width; out_column++) {
            const size_t at = out_row * window->out_width + out_column;
            const size_t cell = load_index(window, index, at);
            const size_t row =
                out_row * window->stride_height + cell / window->kernel_width - window->pad_top;
            const size_t column =
                out_column * window->stride_width + cell % window->kernel_width - window->pad_left;
            dx[row * window->width + column] += dy[at];
        }
    }
}

void MOTE_KERNEL(average_pool)(const mote_window *window, const mote_real *x, mote_real *y)
{
    for (size_t at = 0; at < window->out_height * window->out_width; at++) {
        const cells area = find_cells(window, at / window->out_width, at % window->out_width);
        assert(count_cells(&area) > 0);
        mote_real sum = 0;
        for (size_t row = area.top; row < area.bottom; row++) {
            for (size_t column = area.left; column < area.right; column++)
                sum += x[row * window->width + column];
        }
        y[at] = sum / (mote_real)count_cells(&area);
    }
}

void MOTE_KERNEL(average_pool_derivative)(const mote_window *window, const mote_real *dy,
                                          mote_real *dx)
{
    memset(dx, 0, window->height * window->width * sizeof *dx);
    for (size_t at = 0; at < window->out_height * window->out_width; at++) {
        const cells area = find_cells(window, at / window->out_width, at % window->out_width);
        assert(count_cells(&area) > 0);
        const mote_real share = dy[at] / (mote_real)count_cells(&area);
        for (size_t row = area.top; row < area.bottom; row++) {
            for (size_t column = area.left; column < area.right; column++)
                dx[row * window->width + column] += share;
        }
    }
}
