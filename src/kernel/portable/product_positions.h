// SPDX-License-Identifier: Apache-2.0
// Private to the portable kernels: convolution forward and by its input, the image read in place.
#ifndef MOTE_KERNEL_PORTABLE_PRODUCT_POSITIONS_H
#define MOTE_KERNEL_PORTABLE_PRODUCT_POSITIONS_H

#include "kernel/portable/image_copy.h"
#include "kernel/portable/level.h"
#include "kernel/tile.h"

/// A task: rows [rows[0], rows[1]) x positions of samples' rows [lines[0], lines[1]) of the output, a line being a row
/// of positions of a sample.
typedef struct mote_positions_task {
    const mote_product *product;
    size_t rows[2], lines[2];
    mote_real *scratch;
} mote_positions_task;

void MOTE_KERNEL(product_positions)(const mote_positions_task *task);

#endif
