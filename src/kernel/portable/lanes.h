// SPDX-License-Identifier: Apache-2.0
// Private to the portable kernels: sum (c), 16 lanes over the index. How lanes are filled is the loop's
// business; see kernel.h for the order.
#ifndef MOTE_KERNEL_PORTABLE_LANES_H
#define MOTE_KERNEL_PORTABLE_LANES_H

#include "kernel/portable/level.h"

#include <stddef.h>
#include <stdint.h>

#define MOTE_LANES 16U

/// Adds the upper half of the lanes to the lower, then again for 8, 4 and 2 lanes.
static inline mote_real mote_lanes_combine(const mote_real lanes[MOTE_LANES])
{
    mote_real eight[MOTE_LANES / 2];
    mote_real four[MOTE_LANES / 4];
    for (size_t i = 0; i < MOTE_LANES / 2; i++)
        eight[i] = lanes[i] + lanes[i + MOTE_LANES / 2];
    for (size_t i = 0; i < MOTE_LANES / 4; i++)
        four[i] = eight[i] + eight[i + MOTE_LANES / 4];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

/// 16 terms from `at` on, one a lane; and the last `rest` terms. `ADD(lane, plane, i)` is the lane's value after term i.
/// Where 16 lanes are one or two vectors the rest is masked.
#if defined(__AVX2__) && !defined(__clang__)
#define MOTE_LANES_ADD_REST(lanes, plane, at, rest, ADD) \
    MOTE_VECTOR_LOOP                                     \
    for (uint32_t lane = 0; lane < MOTE_LANES; lane++)   \
        lanes[lane] = lane < (rest) ? ADD(lanes[lane], plane, (at) + lane) : lanes[lane];
#else
#define MOTE_LANES_ADD_REST(lanes, plane, at, rest, ADD) \
    for (uint32_t lane = 0; lane < (rest); lane++)       \
        lanes[lane] = ADD(lanes[lane], plane, (at) + lane);
#endif
#define MOTE_LANES_ADD(lanes, plane, at, ADD)          \
    MOTE_VECTOR_LOOP                                   \
    for (uint32_t lane = 0; lane < MOTE_LANES; lane++) \
        lanes[lane] = ADD(lanes[lane], plane, (at) + lane);

/// *result = sum (c) of the terms of a plane.
#define MOTE_LANES_SUM_PLANE(count, plane, ADD, result)        \
    do {                                                       \
        mote_real lanes[MOTE_LANES] = {0};                     \
        size_t at = 0;                                         \
        for (; at + MOTE_LANES <= (count); at += MOTE_LANES) { \
            MOTE_LANES_ADD(lanes, plane, at, ADD)              \
        }                                                      \
        const uint32_t rest = (uint32_t)((count)-at);          \
        MOTE_LANES_ADD_REST(lanes, plane, at, rest, ADD)       \
        *(result) = mote_lanes_combine(lanes);                 \
    } while (0)

#define MOTE_LANES_SUM(count, ADD, result) MOTE_LANES_SUM_PLANE(count, 0, ADD, result)

#define MOTE_LANES_PLANES 4U

/// results[i] = sum (c) of plane i, of 4: side by side where one sum is so few chains of additions that it would wait
/// for itself.
#if defined(__AVX2__)
#define MOTE_LANES_SUM_PLANES(count, ADD, results)             \
    do {                                                       \
        mote_real lanes0[MOTE_LANES] = {0};                    \
        mote_real lanes1[MOTE_LANES] = {0};                    \
        mote_real lanes2[MOTE_LANES] = {0};                    \
        mote_real lanes3[MOTE_LANES] = {0};                    \
        size_t at = 0;                                         \
        for (; at + MOTE_LANES <= (count); at += MOTE_LANES) { \
            MOTE_LANES_ADD(lanes0, 0, at, ADD)                 \
            MOTE_LANES_ADD(lanes1, 1, at, ADD)                 \
            MOTE_LANES_ADD(lanes2, 2, at, ADD)                 \
            MOTE_LANES_ADD(lanes3, 3, at, ADD)                 \
        }                                                      \
        const uint32_t rest = (uint32_t)((count)-at);          \
        MOTE_LANES_ADD_REST(lanes0, 0, at, rest, ADD)          \
        MOTE_LANES_ADD_REST(lanes1, 1, at, rest, ADD)          \
        MOTE_LANES_ADD_REST(lanes2, 2, at, rest, ADD)          \
        MOTE_LANES_ADD_REST(lanes3, 3, at, rest, ADD)          \
        (results)[0] = mote_lanes_combine(lanes0);             \
        (results)[1] = mote_lanes_combine(lanes1);             \
        (results)[2] = mote_lanes_combine(lanes2);             \
        (results)[3] = mote_lanes_combine(lanes3);             \
    } while (0)
#else
#define MOTE_LANES_SUM_PLANES(count, ADD, results)          \
    do {                                                    \
        MOTE_LANES_SUM_PLANE(count, 0, ADD, &(results)[0]); \
        MOTE_LANES_SUM_PLANE(count, 1, ADD, &(results)[1]); \
        MOTE_LANES_SUM_PLANE(count, 2, ADD, &(results)[2]); \
        MOTE_LANES_SUM_PLANE(count, 3, ADD, &(results)[3]); \
    } while (0)
#endif

#endif
