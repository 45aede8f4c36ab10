// SPDX-License-Identifier: Apache-2.0
// Private to optim: powers and a half cosine that give the same bits with every C library.
#ifndef MOTE_OPTIM_NUMBERS_H
#define MOTE_OPTIM_NUMBERS_H

#include <stdint.h>

/// base^exponent by repeated squaring.
double mote_power_whole(double base, uint64_t exponent);

/// base^exponent for a base from 0 to 1 and an exponent above 0; within 1e-12 of the result, which is 0
/// below the smallest normal number.
double mote_power_share(double base, double exponent);

/// (1 + cos(pi * share)) / 2 for a share from 0 to 1: falls from 1 to 0, both exact; within 1e-15.
double mote_half_cosine(double share);

#endif
