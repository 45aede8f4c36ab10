// SPDX-License-Identifier: Apache-2.0
// Private to the portable kernels: depth-wise convolutions of large planes.
#ifndef MOTE_KERNEL_PORTABLE_DEPTHWISE_ROWS_H
#define MOTE_KERNEL_PORTABLE_DEPTHWISE_ROWS_H

#include "kernel/portable/level.h"

/// Sums over taps, where mote_depthwise_has_rows(shape, part). The bias may be NULL.
void MOTE_KERNEL(depthwise_rows)(const mote_depthwise *shape, mote_depthwise_part part,
                                 const mote_real *const numbers[3], mote_real *to,
                                 const mote_parallel *parallel, void *scratch);

#endif
