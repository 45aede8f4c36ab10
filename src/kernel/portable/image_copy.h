// SPDX-License-Identifier: Apache-2.0
// Private to the portable kernels: reading an image in place, see kernel/image.h.
#ifndef MOTE_KERNEL_PORTABLE_IMAGE_COPY_H
#define MOTE_KERNEL_PORTABLE_IMAGE_COPY_H

#include "kernel/image.h"
#include "kernel/portable/level.h"

/// A chunk of positions: [first, first + count).
typedef struct mote_chunk {
    size_t first, count;
    size_t sample, sample_count;
    size_t row, column; // of the first position
} mote_chunk;

/// An image and where some of its channels are read.
typedef struct mote_reader {
    const mote_factor *factor;
    const mote_image *image;
    mote_real *copy;        // image->copy elements
    const mote_real *first; // channel `channel` of the chunk, at its first row
    size_t channel, count;  // that are readable; 0: none
    size_t position;        // of the chunk
} mote_reader;

/// The chunk at position `first`, of at most `count`.
mote_chunk MOTE_KERNEL(image_chunk)(const mote_factor *factor, size_t first, size_t count);

/// Clears the copy: from then on only what lies in the image is written into it, and all of strips and parts.
void MOTE_KERNEL(image_start)(const mote_reader *reader);

/// Makes channels [channel, channel + count) of the chunk readable from reader->first on; no work when they are.
void MOTE_KERNEL(image_read)(mote_reader *reader, const mote_chunk *chunk, size_t channel,
                             size_t count);

/// Offsets of `count` positions from `first` on, which lie in the chunk.
void MOTE_KERNEL(image_positions)(const mote_reader *reader, const mote_chunk *chunk, size_t first,
                                  size_t count, uint32_t *offsets);

/// Offset of a tap: its index counts channels of the image, kernel rows and columns.
size_t MOTE_KERNEL(image_tap)(const mote_reader *reader, size_t tap);

#endif
