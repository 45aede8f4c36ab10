// SPDX-License-Identifier: Apache-2.0
// Private to kernel: how an image is read in place by a product: from itself, or from a copy of some of its
// channels with the padding around and the gaps between. There the element of position (sample, row, column) and
// tap lies at the sum of two offsets, one of the position and one of the tap.
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
/// without gaps; the terms in the gaps are no work.
typedef struct mote_phase {
    size_t row, column; // of the first position
    size_t first_tap[2],
        tap_step[2];      // rows and columns of the kernel that meet the image; kernel_height and
    mote_patches patches; // kernel_width of the phase's own patches may be 0
} mote_phase;

/// A convolution with a 1x1 kernel over all positions: the image is one long row.
mote_patches mote_patches_flatten(const mote_patches *patches);

/// How many phases there are, and phase `index`.
size_t mote_phase_count(const mote_patches *patches);
mote_phase mote_phase_get(const mote_patches *patches, size_t index);

/// False when fewer than `fewest` channels fit: the copy is of one then. Offsets fit into 32 bits where that does.
bool mote_image_cut(const mote_patches *patches, const mote_image_wish *wish, mote_image *image);

#endif
