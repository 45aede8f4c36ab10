// SPDX-License-Identifier: Apache-2.0
// The type layers and reference kernels compute in: float, or double in the build whose only
// purpose is to check derivatives by finite differences.
#ifndef MOTE_BASE_REAL_H
#define MOTE_BASE_REAL_H

#include <stdbool.h>
#include <stddef.h>

#ifdef MOTE_REAL_DOUBLE
typedef double mote_real;
#define MOTE_REAL(value) value
#define MOTE_DTYPE_REAL  MOTE_DTYPE_F64
#else
typedef float mote_real;
#define MOTE_REAL(value) value##F
#define MOTE_DTYPE_REAL  MOTE_DTYPE_F32
#endif

/// Whether no value is infinite or not a number.
static inline bool mote_reals_are_finite(const mote_real *values, size_t count)
{
    mote_real sum = 0; // x - x is 0 for finite x, otherwise not a number, which no sum loses
    for (size_t i = 0; i < count; i++)
        sum += values[i] - values[i];
    return sum == 0;
}

#endif
