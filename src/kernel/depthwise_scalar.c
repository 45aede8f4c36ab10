// SPDX-License-Identifier: Apache-2.0
// Depth-wise sums in plain C.
#include "kernel/depthwise_sums.h"

#include "base/training.h"

const mote_depthwise_unit mote_depthwise_unit_scalar = {
    .spread = spread,
    .gather = gather,
    .sum_taps = sum_taps,
    .sum_plane = sum_plane,
    .copy_rows = copy_rows,
    .sum_positions = MOTE_TRAINING_ONLY(sum_positions),
};
