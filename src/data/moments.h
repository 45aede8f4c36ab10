// SPDX-License-Identifier: Apache-2.0
// Private to data: mean and deviation of numbers that come one at a time.
#ifndef MOTE_DATA_MOMENTS_H
#define MOTE_DATA_MOMENTS_H

#include <math.h>
#include <stdint.h>

typedef struct mote_moments {
    double mean, squares; // the sum of squared distances from the mean
    uint64_t count;
} mote_moments;

/// Adds one value; Welford's way of a mean and a sum of squared distances.
static inline void mote_moments_add(mote_moments *moments, double value)
{
    moments->count++;
    const double distance = value - moments->mean;
    moments->mean += distance / (double)moments->count;
    moments->squares += distance * (value - moments->mean);
}

/// The deviation of the whole set (divided by n); 1 when all values were equal, so that these are only shifted.
static inline double mote_moments_deviation(const mote_moments *moments)
{
    return moments->squares > 0 ? sqrt(moments->squares / (double)moments->count) : 1.0;
}

#endif
