// SPDX-License-Identifier: Apache-2.0
// Pooling of one plane, and its derivatives. The inner loops run along a row of outputs, one cell of their
// windows at a time, so that they become vector code; part of a row is kept on the stack.
#include "kernel/portable/level.h"

#include "base/size.h"

#include <assert.h>
#include <string.h>

#define PART ((size_t)64)

/// Some neighbours of a row of outputs, and the rows of the plane their windows cover.
typedef struct row_part {
    const mote_window *window;
    size_t out_row;
    size_t first, count;     // outputs
    size_t top, bottom;      // rows of the plane
    size_t first_kernel_row; // that lies on `top`
} row_part;

/// Outputs of the part whose windows have a cell of the plane in one kernel column.
typedef struct overlap {
    size_t first, count; // relative to the part
    size_t column;       // of the plane, of the first
} overlap;

static row_part find_part(const mote_window *window, size_t out_row, size_t first)
{
    const size_t start = out_row * window->stride_height;
    const size_t end = start + window->kernel_height;
    const size_t pad = window->pad_top;
    const row_part part = {
        .window = window,
        .out_row = out_row,
        .first = first,
        .count = mote_size_min(window->out_width - first, PART),
        .top = start < pad ? 0 : start - pad,
        .bottom = end < pad ? 0 : mote_size_min(end - pad, window->height),
        .first_kernel_row = start < pad ? pad - start : 0,
    };
    assert(part.top < part.bottom);
    return part;
}

static overlap find_overlap(const row_part *part, size_t kernel_column)
{
    const mote_window *const window = part->window;
    const size_t stride = window->stride_width;
    const size_t pad = window->pad_left;
    const size_t plane_end = window->width + pad; // both counted from the start of the padding
    size_t low = part->first;
    size_t high = part->first + part->count;
    if (low * stride + kernel_column < pad)
        low = mote_size_ceil_divide(pad - kernel_column, stride);
    if ((high - 1) * stride + kernel_column >= plane_end)
        high = plane_end > kernel_column ? mote_size_ceil_divide(plane_end - kernel_column, stride)
                                         : 0;
    if (low >= high)
        return (overlap){0};
    return (overlap){
        .first = low - part->first,
        .count = high - low,
        .column = low * stride + kernel_column - pad,
    };
}

/// The part's first cell of each window.
static void start_maximum(const row_part *part, const mote_real *x, mote_real *best,
                          uint32_t *place)
{
    const mote_window *const window = part->window;
    const size_t pad = window->pad_left;
    for (size_t i = 0; i < part->count; i++) {
        const size_t start = (part->first + i) * window->stride_width;
        const size_t column = start < pad ? 0 : start - pad;
        assert(column < window->width && column + pad < start + window->kernel_width);
        best[i] = x[part->top * window->width + column];
        place[i] = (uint32_t)(part->first_kernel_row * window->kernel_width + column + pad - start);
    }
}

static inline void take_larger(size_t count, size_t stride, const mote_real *x, uint32_t here,
                               mote_real *best, uint32_t *place)
{
    for (size_t i = 0; i < count; i++) {
        const mote_real value = x[i * stride];
        // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): start_maximum sets all
        const bool takes = (value > best[i]) | (value != value); // what is not a number wins
        place[i] = takes ? here : place[i];
        best[i] = takes ? value : best[i];
    }
}

static void find_maximum(const row_part *part, const mote_real *x, mote_real *best, uint32_t *place)
{
    const mote_window *const window = part->window;
    start_maximum(part, x, best, place);
    for (size_t row = part->top; row < part->bottom; row++) {
        const size_t kernel_row = part->first_kernel_row + row - part->top;
        for (size_t column = 0; column < window->kernel_width; column++) {
            const overlap cells = find_overlap(part, column);
            const mote_real *const from = x + row * window->width + cells.column;
            const uint32_t here = (uint32_t)(kernel_row * window->kernel_width + column);
            if (window->stride_width == 1)
                take_larger(cells.count, 1, from, here, best + cells.first, place + cells.first);
            else if (window->stride_width == 2)
                take_larger(cells.count, 2, from, here, best + cells.first, place + cells.first);
            else
                take_larger(cells.count, window->stride_width, from, here, best + cells.first,
                            place + cells.first);
        }
    }
}

static bool index_is_byte(const mote_window *window)
{
    return mote_window_index_bytes(window->kernel_height * window->kernel_width) == 1;
}

static void store_places(const row_part *part, const uint32_t *place, void *index)
{
    const size_t at = part->out_row * part->window->out_width + part->first;
    if (!index_is_byte(part->window)) {
        memcpy((uint32_t *)index + at, place, part->count * sizeof *place);
        return;
    }
    for (size_t i = 0; i < part->count; i++)
        ((uint8_t *)index)[at + i] = (uint8_t)place[i];
}

/// Windows of 2 x 2 side by side, all in the plane: the usual ones, in rows so short that vectors must not end with
/// them. What a vector lacks is made up in a buffer.
#define VECTOR ((size_t)16) // outputs

static bool is_quarters(const mote_window *window)
{
    return window->kernel_height == 2 && window->kernel_width == 2 && window->stride_height == 2 &&
           window->stride_width == 2 && window->pad_top == 0 && window->pad_left == 0 &&
           2 * window->out_height <= window->height && 2 * window->out_width <= window->width;
}

static void pool_quarters(const mote_real *upper, const mote_real *lower, mote_real *best,
                          uint32_t *place)
{
    MOTE_VECTOR_LOOP
    for (size_t i = 0; i < VECTOR; i++) {
        const mote_real cells[3] = {upper[2 * i + 1], lower[2 * i], lower[2 * i + 1]};
        mote_real larger = upper[2 * i];
        uint32_t at = 0;
        bool takes = (cells[0] > larger) | (cells[0] != cells[0]);
        larger = takes ? cells[0] : larger;
        at = takes ? 1 : at;
        takes = (cells[1] > larger) | (cells[1] != cells[1]);
        larger = takes ? cells[1] : larger;
        at = takes ? 2 : at;
        takes = (cells[2] > larger) | (cells[2] != cells[2]);
        best[i] = takes ? cells[2] : larger;
        place[i] = takes ? 3 : at;
    }
}

/// Outputs of a row from `first` on, at most VECTOR.
static void pool_quarter_row(const mote_window *window, size_t out_row, size_t first,
                             const mote_real *x, mote_real *y, uint8_t *index)
{
    const size_t count = mote_size_min(window->out_width - first, VECTOR);
    const size_t out = out_row * window->out_width + first;
    const size_t upper = 2 * out_row * window->width + 2 * first;
    const size_t lower = upper + window->width;
    mote_real rows[2][2 * VECTOR] = {{0}};
    mote_real best[VECTOR];
    uint32_t place[VECTOR];
    uint8_t bytes[VECTOR];
    if (lower + 2 * VECTOR <= window->height * window->width) {
        pool_quarters(x + upper, x + lower, best, place);
    } else {
        memcpy(rows[0], x + upper, 2 * count * sizeof *x);
        memcpy(rows[1], x + lower, 2 * count * sizeof *x);
        pool_quarters(rows[0], rows[1], best, place);
    }
    memcpy(y + out, best, count * sizeof *y);
    for (size_t i = 0; i < VECTOR; i++)
        bytes[i] = (uint8_t)place[i];
    if (index)
        memcpy(index + out, bytes, count);
}

void MOTE_KERNEL(max_pool)(const mote_window *window, const mote_real *x, mote_real *y, void *index)
{
    if (is_quarters(window)) {
        for (size_t out_row = 0; out_row < window->out_height; out_row++) {
            for (size_t first = 0; first < window->out_width; first += VECTOR)
                pool_quarter_row(window, out_row, first, x, y, index);
        }
        return;
    }
    for (size_t out_row = 0; out_row < window->out_height; out_row++) {
        for (size_t first = 0; first < window->out_width; first += PART) {
            const row_part part = find_part(window, out_row, first);
            mote_real best[PART];
            uint32_t place[PART];
            find_maximum(&part, x, best, place);
            memcpy(y + out_row * window->out_width + first, best, part.count * sizeof *best);
            if (index)
                store_places(&part, place, index);
        }
    }
}

static size_t load_place(const mote_window *window, const void *index, size_t at)
{
    return index_is_byte(window) ? ((const uint8_t *)index)[at] : ((const uint32_t *)index)[at];
}

void MOTE_KERNEL(max_pool_derivative)(const mote_window *window, const mote_real *dy,
                                      const void *index, mote_real *dx)
{
    memset(dx, 0, window->height * window->width * sizeof *dx);
    for (size_t out_row = 0; out_row < window->out_height; out_row++) {
        for (size_t out_column = 0; out_column < window->out_width; out_column++) {
            const size_t at = out_row * window->out_width + out_column;
            const size_t place = load_place(window, index, at);
            const size_t row =
                out_row * window->stride_height + place / window->kernel_width - window->pad_top;
            const size_t column =
                out_column * window->stride_width + place % window->kernel_width - window->pad_left;
            dx[row * window->width + column] += dy[at];
        }
    }
}

static inline void add_cells(size_t count, size_t stride, const mote_real *x, mote_real *sum)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += x[i * stride];
}

/// The cells of the plane in the window of a part's first output, in each of the part's rows.
static overlap find_columns(const row_part *part)
{
    const mote_window *const window = part->window;
    const size_t pad = window->pad_left;
    const size_t start = part->first * window->stride_width;
    const size_t end = mote_size_min(start + window->kernel_width, window->width + pad);
    const size_t first = mote_size_max(start, pad);
    return (overlap){.count = end - first, .column = first - pad};
}

/// One output is as wide as its window, not a row of them.
static mote_real sum_window(const row_part *part, const mote_real *x)
{
    const overlap cells = find_columns(part);
    mote_real sum = 0;
    for (size_t row = part->top; row < part->bottom; row++) {
        const mote_real *const from = x + row * part->window->width + cells.column;
        for (size_t i = 0; i < cells.count; i++)
            sum += from[i];
    }
    return sum;
}

static void sum_cells(const row_part *part, const mote_real *x, mote_real *sum)
{
    const mote_window *const window = part->window;
    if (part->count == 1) {
        *sum = sum_window(part, x);
        return;
    }
    memset(sum, 0, part->count * sizeof *sum);
    for (size_t row = part->top; row < part->bottom; row++) {
        for (size_t column = 0; column < window->kernel_width; column++) {
            const overlap cells = find_overlap(part, column);
            const mote_real *const from = x + row * window->width + cells.column;
            if (window->stride_width == 1)
                add_cells(cells.count, 1, from, sum + cells.first);
            else if (window->stride_width == 2)
                add_cells(cells.count, 2, from, sum + cells.first);
            else
                add_cells(cells.count, window->stride_width, from, sum + cells.first);
        }
    }
}

/// How many cells of each window lie in the plane.
static void count_cells(const row_part *part, mote_real *cells)
{
    const mote_window *const window = part->window;
    const size_t pad = window->pad_left;
    for (size_t i = 0; i < part->count; i++) {
        const size_t start = (part->first + i) * window->stride_width;
        const size_t left = start < pad ? pad - start : 0;
        const size_t right = mote_size_min(window->kernel_width, window->width + pad - start);
        assert(left < right);
        cells[i] = (mote_real)((part->bottom - part->top) * (right - left));
    }
}

void MOTE_KERNEL(average_pool)(const mote_window *window, const mote_real *x, mote_real *y)
{
    for (size_t out_row = 0; out_row < window->out_height; out_row++) {
        for (size_t first = 0; first < window->out_width; first += PART) {
            const row_part part = find_part(window, out_row, first);
            mote_real sum[PART];
            mote_real cells[PART];
            sum_cells(&part, x, sum);
            count_cells(&part, cells);
            mote_real *const to = y + out_row * window->out_width + first;
            for (size_t i = 0; i < part.count; i++)
                to[i] = sum[i] / cells[i];
        }
    }
}

static void spread_share(const row_part *part, mote_real share, mote_real *dx)
{
    const overlap cells = find_columns(part);
    for (size_t row = part->top; row < part->bottom; row++) {
        mote_real *const to = dx + row * part->window->width + cells.column;
        for (size_t i = 0; i < cells.count; i++)
            to[i] += share;
    }
}

/// Kernel columns descending: outputs that share a cell then reach it ascending.
static void spread_shares(const row_part *part, const mote_real *share, mote_real *dx)
{
    const mote_window *const window = part->window;
    if (part->count == 1) {
        spread_share(part, *share, dx);
        return;
    }
    for (size_t row = part->top; row < part->bottom; row++) {
        for (size_t column = window->kernel_width; column-- > 0;) {
            const overlap cells = find_overlap(part, column);
            mote_real *const to = dx + row * window->width + cells.column;
            for (size_t i = 0; i < cells.count; i++)
                // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): the caller set all
                to[i * window->stride_width] += share[cells.first + i];
        }
    }
}

void MOTE_KERNEL(average_pool_derivative)(const mote_window *window, const mote_real *dy,
                                          mote_real *dx)
{
    memset(dx, 0, window->height * window->width * sizeof *dx);
    for (size_t out_row = 0; out_row < window->out_height; out_row++) {
        for (size_t first = 0; first < window->out_width; first += PART) {
            const row_part part = find_part(window, out_row, first);
            const mote_real *const from = dy + out_row * window->out_width + first;
            mote_real share[PART];
            mote_real cells[PART];
            count_cells(&part, cells);
            for (size_t i = 0; i < part.count; i++)
                share[i] = from[i] / cells[i];
            spread_shares(&part, share, dx);
        }
    }
}
