// SPDX-License-Identifier: Apache-2.0
// Private to the portable kernels: the gradient of a convolution's weights, taps read in place.
#ifndef MOTE_KERNEL_PORTABLE_PRODUCT_TAPS_H
#define MOTE_KERNEL_PORTABLE_PRODUCT_TAPS_H

#include "kernel/portable/image_copy.h"
#include "kernel/portable/level.h"
#include "kernel/tile.h"

/// A task: the product, its parts of the scratch, and the taps and filters at hand.
typedef struct mote_taps_work {
    const mote_product *product;
    const mote_taps_blocks *blocks;
    mote_reader reader;
    mote_real *panel;
    uint32_t *offsets;                  // of a chunk's positions
    size_t offset_count, offset_column; // how many there are, and the column of the first
    mote_real *sums, *group_sums;
    size_t first_tap, tap_end;
    size_t first_row, row_end;
} mote_taps_work;

/// Makes rows [rows[0], rows[1]) x columns [taps[0], taps[1]) of the output.
void MOTE_KERNEL(product_taps)(mote_taps_work *work, const size_t rows[2], const size_t taps[2]);

#endif
