// SPDX-License-Identifier: Apache-2.0
// A natural logarithm that gives the same bits with every C library.
#ifndef MOTE_BASE_LOGARITHM_H
#define MOTE_BASE_LOGARITHM_H

/// Of a positive, finite, normal number; within 2 units in the last place.
double mote_logarithm(double x);

#endif
