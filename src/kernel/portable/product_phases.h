// SPDX-License-Identifier: Apache-2.0
// Private to the portable kernels: convolution with a stride, by its input, the image read in place.
#ifndef MOTE_KERNEL_PORTABLE_PRODUCT_PHASES_H
#define MOTE_KERNEL_PORTABLE_PRODUCT_PHASES_H

#include "kernel/portable/product_positions.h"

/// Lines of the task are those of a phase.
void MOTE_KERNEL(product_phases)(const mote_positions_task *task);

#endif
