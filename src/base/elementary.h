// SPDX-License-Identifier: Apache-2.0
// Elementary functions in double, made by multiplications, additions and divisions alone: the same bits on every
// machine, whatever its C library.
#ifndef MOTE_BASE_ELEMENTARY_H
#define MOTE_BASE_ELEMENTARY_H

/// Of an angle from 0 to 1, within 1e-15.
double mote_sine(double angle);
double mote_cosine(double angle);

/// e to the power of x from -20 to 20; relative error less than 5e-14.
double mote_exponential(double x);

#endif
