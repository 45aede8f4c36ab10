// SPDX-License-Identifier: Apache-2.0
// The matrix product that fully connected layers and convolutions are made of:
// out[i][j] = sum over k of left[i][k] * right[j][k] + bias.
//
// Order of the sum (docs/ARCHITECTURE.md, "Order of a sum"): k ascending by fused multiply-add from zero in
// blocks of MOTE_PRODUCT_BLOCK, block sums added ascending, the first block stored. With `group` > 0 the k
// axis is cut into groups of that length first; each group is such a sum and group sums are added ascending,
// the first group stored, or added to `out` when that goes on from groups before. The bias is added last.
#ifndef MOTE_KERNEL_PRODUCT_H
#define MOTE_KERNEL_PRODUCT_H

#include "base/parallel.h"
#include "base/real.h"

#include <stdbool.h>
#include <stddef.h>

#define MOTE_PRODUCT_BLOCK 256U

/// Distance of index i from index 0, in elements: (i / period) * jump + (i % period) * step.
typedef struct mote_axis {
    size_t period; // 0: the axis is plain, i * step
    size_t step;
    size_t jump;
} mote_axis;

/// Reads an image as a matrix of positions x taps without building it. Position p = (sample, row, column)
/// over samples and positions_height x positions_width; tap t = (channel, kernel row, kernel column). The
/// element lies at image row r / divisor_height with r = row * step_height + kernel row * tap_height +
/// offset_height, and is 0 where r is negative, not a multiple of the divisor, or beyond the image; columns
/// alike. A forward convolution has step = stride, tap = dilation, offset = -padding, divisor = 1; its
/// derivative gathers with step = 1, tap = -dilation, offset = +padding, divisor = stride; terms in the gaps need
/// not be multiplied. In gradients the divisor is 1.
typedef struct mote_patches {
    size_t channels, height, width; // of the image
    size_t kernel_height, kernel_width;
    size_t positions_height, positions_width;
    size_t step_height, step_width;
    ptrdiff_t tap_height, tap_width;
    ptrdiff_t offset_height, offset_width;
    size_t divisor_height, divisor_width;
    size_t sample_stride; // elements between samples; channels are height * width apart
} mote_patches;

typedef enum mote_factor_kind {
    MOTE_FACTOR_PLAIN,         // data[outer(i) + inner(k)]
    MOTE_FACTOR_POSITION_TAPS, // i is the position, k the tap: forward and derivative
    MOTE_FACTOR_TAP_POSITIONS, // i is the tap, k the position: gradient of the weights; groups are whole samples
} mote_factor_kind;

/// One factor; its element (i, k).
typedef struct mote_factor {
    mote_factor_kind kind;
    const mote_real *data;
    mote_axis outer; // i, of a plain factor
    mote_axis inner; // k, of a plain factor
    mote_patches patches;
} mote_factor;

/// out[i * row_step + columns(j)]. `left` must be plain. No bias may lie in out.
typedef struct mote_product {
    size_t rows, columns, depth; // extents of i, j, k; all at least 1
    size_t group;                // 0: the whole depth is one sum
    bool goes_on;                // out has the sums of the groups before; only with a group
    mote_factor left, right;
    mote_real *out;
    size_t row_step;
    mote_axis column_axis;
    const mote_real *row_bias;    // one a row, or NULL
    const mote_real *column_bias; // one a column, or NULL
} mote_product;

/// Whether the product can be made: all but gradients whose taps reach, in one channel of the samples of a group,
/// more than 2^32 - 1 elements, padding counted. The batch does not matter.
bool mote_product_fits(const mote_product *product);

/// Whether `out` may be right.data: the product is a convolution of 1x1 kernels that makes as many channels as it reads,
/// of one block of k. Then threads have samples of their own.
bool mote_product_overwrites(const mote_product *product);

/// Scratch a product needs when run on up to `thread_count` threads, whatever the CPU level: at most 256 KiB
/// a thread, less for small products; up to 512 KiB where both factors are plain and rows are many. More only for
/// gradients where the padded rows that 256 positions reach in one channel, or one channel of a group of small
/// samples, are so large. Monotonic in rows, columns and the samples that depth counts, so that a smaller batch and a
/// slice of a gradient fit. The product must fit.
size_t mote_product_scratch_bytes(const mote_product *product, size_t thread_count);

#endif
