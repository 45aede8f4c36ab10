// SPDX-License-Identifier: Apache-2.0
// Private to the portable kernels: convolution forward and by its input, the image read in place.
#ifndef MOTE_KERNEL_PORTABLE_PRODUCT_POSITIONS_H
#define MOTE_KERNEL_PORTABLE_PRODUCT_POSITIONS_H

#include "kernel/portable/image_copy.h"
#include "kernel/portable/level.h"
#include "kernel/tile.h"

/// A task: the product, and its parts of the scratch.
typedef struct mote_positions_work {
    const mote_product *product;
    const mote_positions_blocks *blocks;
    mote_reader reader;
    mote_real *panel;
    uint32_t *weights; // offsets of the left factor's k in a row, of a block
    uint32_t *taps;    // offsets of taps, of a block
} mote_positions_work;

/// Makes rows [rows[0], rows[1]) x positions [positions[0], positions[1]) of the output.
void MOTE_KERNEL(product_positions)(mote_positions_work *work, const size_t rows[2],
                                    const size_t positions[2]);

#endif
