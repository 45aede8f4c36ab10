// SPDX-License-Identifier: Apache-2.0
// Private to data: power spectra, in double precision and with the same bits on every machine.
#ifndef MOTE_DATA_SPECTRUM_H
#define MOTE_DATA_SPECTRUM_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

/// cos and sin of 2 pi * part / whole, within 1e-15; multiples of an eighth of a turn are exact but for rounding.
void mote_circle_point(uint64_t part, uint64_t whole, double *cosine, double *sine);

/// Tables and memory for transforms of `size` samples.
typedef struct mote_spectrum {
    size_t size;           // a power of two, at least 2
    double *cosine, *sine; // of size / 2 angles
    double *real, *imaginary;
} mote_spectrum;

mote_status mote_spectrum_init(mote_spectrum *spectrum, size_t size,
                               mote_arena *arena) MOTE_MUST_CHECK;

/// The squared magnitudes of bins 0 .. size / 2 of the discrete Fourier transform of spectrum->real, which is
/// spoiled; `power` has size / 2 + 1 elements.
void mote_spectrum_power(const mote_spectrum *spectrum, double *power);

#endif
