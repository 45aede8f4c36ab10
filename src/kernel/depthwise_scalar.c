// SPDX-License-Identifier: Apache-2.0
// Depth-wise sums in plain C.
#include "kernel/depthwise_sums.h"

#include "base/training.h"

static void spread(size_t channels, size_t count, const mote_real *from, size_t from_step,
                   const uint32_t *places, mote_real *to)
{
    for (size_t k = 0; k < count; k++) {
        for (size_t c = 0; c < CHANNELS; c++)
            to[places[k] + c] = c < channels ? from[c * from_step + k] : 0;
    }
}

static void gather(size_t channels, size_t count, const mote_real *from, mote_real *to,
                   size_t to_step)
{
    for (size_t c = 0; c < channels; c++) {
        for (size_t k = 0; k < count; k++)
            to[c * to_step + k] = from[k * CHANNELS + c];
    }
}

const mote_depthwise_unit mote_depthwise_unit_scalar = {
    .spread = spread,
    .gather = gather,
    .sum_taps = sum_taps,
    .sum_positions = MOTE_TRAINING_ONLY(sum_positions),
};
