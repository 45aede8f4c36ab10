// SPDX-License-Identifier: Apache-2.0
// Private to kernel: how an image is read in place by a product: from itself, or from a copy of some of its
// channels with the padding around. There the element of position (sample, row, column) and tap lies at the sum of
// two offsets, one of the position and one of the tap.
//
// Where it is wanted, columns of a copy are split by phase when positions have a step: neighbouring positions are
// neighbours.
#ifndef MOTE_KERNEL_IMAGE_H
#define MOTE_KERNEL_IMAGE_H

#include "kernel/product.h"

#include <stdbool.h>
#include <stddef.h>

/// Sizes in elements.
typedef struct mote_image {
    bool is_copied;  // otherwise the image itself is read
    bool has_strips; // chunks are parts of a plane: each has other rows
    bool has_parts;  // of the only row, which is copied part by part: each has other columns
    size_t samples, channels; // copied at once, at most
    size_t height, width;     // of a channel with its padding; of a strip
    size_t phases;            // that columns of a row are split into
    size_t phase_step;        // between them
    size_t column_step;       // between neighbouring positions of a row
    size_t row_step, plane;   // between rows, between channels
    ptrdiff_t first_row,
        first_column; // where position (0, 0) and the tap nearest to the origin meet
    size_t copy;      // elements of the copy
} mote_image;

/// The image in chunks of at most `chunk` positions: whole samples, or parts of one. `most` elements may be copied,
/// and `channels` are wanted. With `dense`, neighbouring positions shall be neighbours in memory.
typedef struct mote_image_wish {
    size_t chunk, most;
    size_t fewest, channels;
    size_t batch; // samples there are; what is cut does not depend on it, so that fewer need less
    bool dense;
} mote_image_wish;

/// Where positions are `divisor` apart in the image's terms (the derivative of a convolution with a stride), those of
/// one phase, [phase, phase + divisor, ...), meet only every few taps. They are a product of their own, over an image
/// without gaps; the terms in the gaps are no work. This is one axis of it.
typedef struct mote_phase_axis {
    size_t divisor;
    size_t phases;    // that have positions
    size_t positions; // of the first phase; others may have one less
    ptrdiff_t tap, offset;
    ptrdiff_t first; // the taps of all phases lie at [first, first + reach) from their position
    size_t reach;    // 0: none meets the image
} mote_phase_axis;

/// A convolution with a 1x1 kernel over all positions: the image is one long row.
mote_patches mote_patches_flatten(const mote_patches *patches);

/// The axes of an image with gaps, rows first; returns an image without, with the positions of the first phase and
/// taps next to one another: all phases' are among them.
mote_patches mote_phases_join(const mote_patches *patches, mote_phase_axis axes[2]);

/// Whether a row or column of the kernel meets the image at positions of a phase; then its distance from `first`.
bool mote_phase_meets(const mote_phase_axis *axis, size_t phase, size_t index, size_t *distance);

/// False when fewer than `fewest` channels fit: the copy is of one then. Offsets fit into 32 bits where that does.
bool mote_image_cut(const mote_patches *patches, const mote_image_wish *wish, mote_image *image);

/// Positions from `first` on, of samples of `plane`, to the end of a chunk that begins with a sample; of strips, at
/// most to that of the sample.
size_t mote_image_left(const mote_image *image, size_t chunk, size_t plane, size_t first);

#endif
