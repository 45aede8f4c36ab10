// SPDX-License-Identifier: Apache-2.0
// The type layers and reference kernels compute in: float, or double in the build whose only
// purpose is to check derivatives by finite differences.
#ifndef MOTE_BASE_REAL_H
#define MOTE_BASE_REAL_H

#ifdef MOTE_REAL_DOUBLE
typedef double mote_real;
#define MOTE_REAL(value) value
#define MOTE_DTYPE_REAL  MOTE_DTYPE_F64
#else
typedef float mote_real;
#define MOTE_REAL(value) value##F
#define MOTE_DTYPE_REAL  MOTE_DTYPE_F32
#endif

#endif
