// SPDX-License-Identifier: Apache-2.0
// Private to the portable kernels: sum (c), 16 lanes over the index. How lanes are filled is the loop's
// business; see kernel.h for the order.
#ifndef MOTE_KERNEL_PORTABLE_LANES_H
#define MOTE_KERNEL_PORTABLE_LANES_H

#include "base/real.h"

#include <stddef.h>

#define MOTE_LANES 16U

/// Adds the upper half of the lanes to the lower, then again for 8, 4 and 2 lanes.
static inline mote_real mote_lanes_combine(mote_real lanes[MOTE_LANES])
{
    for (size_t width = MOTE_LANES / 2; width > 0; width /= 2) {
        for (size_t i = 0; i < width; i++)
            lanes[i] += lanes[i + width];
    }
    return lanes[0];
}

/// *result = sum (c) of the terms. `ADD(lane, i)` is the lane's value after term i.
#define MOTE_LANES_SUM(count, ADD, result)                     \
    do {                                                       \
        mote_real lanes[MOTE_LANES] = {0};                     \
        size_t at = 0;                                         \
        for (; at + MOTE_LANES <= (count); at += MOTE_LANES) { \
            for (size_t i = 0; i < MOTE_LANES; i++)            \
                lanes[i] = ADD(lanes[i], at + i);              \
        }                                                      \
        for (size_t i = 0; at + i < (count); i++)              \
            lanes[i] = ADD(lanes[i], at + i);                  \
        *(result) = mote_lanes_combine(lanes);                 \
    } while (0)

#endif
