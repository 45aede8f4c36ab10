// SPDX-License-Identifier: Apache-2.0
// Private to kernel: what an instruction set adds to depth-wise convolutions, and how these are cut, which does not
// depend on it. A level supplies one mote_depthwise_unit; order of sums, tiles and threads are in
// portable/depthwise.c.
//
// 16 channels are worked side by side, each in its own order. A tile of positions is summed from an image: the cells
// that it reads, channels innermost, padding as zeros. Positions of a derivative by a stride are worked by phase, the
// gaps between their taps are not. Kernels have at most MOTE_PRODUCT_BLOCK taps.
#ifndef MOTE_KERNEL_DEPTHWISE_UNIT_H
#define MOTE_KERNEL_DEPTHWISE_UNIT_H

#include "kernel/kernel.h"

#include <stdbool.h>
#include <stdint.h>

#define MOTE_DEPTHWISE_CHANNELS 16U

/// `count` neighbours in the plane of each of `channels` channels, at most MOTE_DEPTHWISE_CHANNELS.
typedef struct mote_depthwise_planes {
    size_t channels, count;
    size_t step; // from plane to plane
} mote_depthwise_planes;

/// Positions in the image: runs[0] x runs[1] runs of `count`, of rows of MOTE_DEPTHWISE_CHANNELS numbers. All steps
/// are regular, so that no place is read from memory: that takes half the speed.
typedef struct mote_depthwise_runs {
    size_t runs[2], count;
    size_t run_steps[2], step;
} mote_depthwise_runs;

/// A position's tap (row, column) is the row at its place in the image + row * row_step + column * column_step.
typedef struct mote_depthwise_taps {
    size_t rows, columns; // may be 0
    ptrdiff_t row_step, column_step;
} mote_depthwise_taps;

/// Sums over taps.
typedef struct mote_depthwise_sums {
    const mote_real *image;
    mote_depthwise_taps taps;
    const mote_real *weights; // a row a tap
    const mote_real *bias;    // a row that is added last, or NULL
    mote_real *out;
    size_t out_run_steps[2];
    ptrdiff_t out_step;
} mote_depthwise_sums;

/// Sums over positions.
typedef struct mote_depthwise_gradient {
    const mote_real *image;
    mote_depthwise_taps taps;
    size_t first;    // tap; those before are not worked
    mote_real *sums; // a row a tap
} mote_depthwise_gradient;

/// Three rows of three neighbouring taps, whose numbers are of one plane: rows of it with padding, which is the image.
/// There are at least four rows and MOTE_DEPTHWISE_CHANNELS columns of sums.
typedef struct mote_depthwise_plane {
    size_t rows, columns;
    const mote_real *image;          // the first sum's first tap
    ptrdiff_t row_step, column_step; // of taps; rows of sums lie as far apart
    const mote_real *weights;        // one a tap
    const mote_real *bias;           // or NULL
    mote_real *out;
    ptrdiff_t out_step; // from row to row
} mote_depthwise_plane;

typedef struct mote_depthwise_unit {
    /// Planes to rows: to[places[k] + c] is number k of plane c; the rest of each row is any number.
    void (*spread)(const mote_depthwise_planes *planes, const mote_real *from,
                   const uint32_t *places, mote_real *to);
    /// Rows to planes: number k of plane c is from[k * MOTE_DEPTHWISE_CHANNELS + c]. May read less than 16 rows more.
    void (*gather)(const mote_depthwise_planes *planes, const mote_real *from, mote_real *to);
    /// Each position's row of out is the sum over taps ascending of weight * tap, by fused multiply-add from zero;
    /// then + bias.
    void (*sum_taps)(const mote_depthwise_sums *sums, const mote_depthwise_runs *positions);
    /// The same for a plane, columns side by side.
    void (*sum_plane)(const mote_depthwise_plane *plane);
    /// Rows of at least MOTE_DEPTHWISE_CHANNELS numbers.
    void (*copy_rows)(size_t rows, size_t columns, const mote_real *from, mote_real *to,
                      size_t to_step);
    /// To each tap's sum, positions ascending are added by fused multiply-add: their rows of dy * tap.
    void (*sum_positions)(const mote_depthwise_gradient *gradient,
                          const mote_depthwise_runs *positions, const mote_real *dy);
} mote_depthwise_unit;

/// One a level.
extern const mote_depthwise_unit mote_depthwise_unit_scalar;
extern const mote_depthwise_unit mote_depthwise_unit_avx2;
extern const mote_depthwise_unit mote_depthwise_unit_avx512;
extern const mote_depthwise_unit mote_depthwise_unit_neon;

/// One axis of positions, and of the cells they read. Position q * phases + phase of a phase meets a tap at cell
/// q * step + origin + mote_depthwise_find_tap(tap, phase).
typedef struct mote_depthwise_axis {
    size_t positions, phases, step;
    size_t cells;
    ptrdiff_t origin;
    size_t taps, dilation, pad;
    size_t reach; // cells of a window, and of its phases
    bool backwards;
} mote_depthwise_axis;

/// How a convolution is cut. A tile has several samples only where these are whole, and parts of rows only where it
/// has one, so that tiles ascend as positions do.
typedef struct mote_depthwise_cut {
    mote_depthwise_axis axes[2];     // rows, columns
    size_t samples, positions[2];    // of a tile
    size_t sample_tiles, tiles[2];   // that there are
    size_t extents[2];               // of a tile's image
    size_t tasks;                    // the convolution is worth
    size_t image, places, out, sums; // elements of the parts of a task's scratch
    size_t slice_bytes;              // of a task's scratch
} mote_depthwise_cut;

/// Whether the tap meets the phase; then where.
bool mote_depthwise_find_tap(const mote_depthwise_axis *axis, size_t phase, size_t tap,
                             size_t *place);

/// The shape must fit.
mote_depthwise_cut mote_depthwise_make_cut(const mote_depthwise *shape, mote_depthwise_part part,
                                           size_t thread_count);

/// How a convolution of large planes is cut: in parts of rows of a plane, each a copy with padding. It has squares of
/// three neighbours, at a stride of 1.
typedef struct mote_depthwise_rows {
    mote_depthwise_axis axes[2];
    size_t parts;       // of a plane
    size_t pitch;       // of an image's rows
    size_t tasks;       // the convolution is worth
    size_t slice_bytes; // of a task's scratch
} mote_depthwise_rows;

/// Whether a part is made by rows of planes.
bool mote_depthwise_has_rows(const mote_depthwise *shape, mote_depthwise_part part);

mote_depthwise_rows mote_depthwise_cut_rows(const mote_depthwise *shape, mote_depthwise_part part,
                                            size_t thread_count);

#endif
