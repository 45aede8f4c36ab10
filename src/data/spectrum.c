// SPDX-License-Identifier: Apache-2.0
// J. W. Cooley and J. W. Tukey, "An Algorithm for the Machine Calculation of Complex Fourier Series" (1965): radix 2,
// decimation in time.
#include "data/spectrum.h"

#include "base/elementary.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define PI 3.14159265358979323846

void mote_circle_point(uint64_t part, uint64_t whole, double *cosine, double *sine)
{
    assert(whole > 0 && whole <= UINT64_MAX / 8);
    part %= whole;
    // quarters are taken off, and the last eighth is the mirror image of the first
    const uint64_t quarter = 4 * part / whole;
    const uint64_t rest = 4 * part - quarter * whole; // of whole, in a quarter
    const bool is_mirrored = 2 * rest > whole;
    const double share = (double)(is_mirrored ? whole - rest : rest) / (double)whole;
    double x = mote_cosine(PI / 2.0 * share);
    double y = mote_sine(PI / 2.0 * share);
    if (is_mirrored) {
        const double swapped = x;
        x = y;
        y = swapped;
    }
    const double points[4][2] = {{x, y}, {-y, x}, {-x, -y}, {y, -x}};
    *cosine = points[quarter][0];
    *sine = points[quarter][1];
}

mote_status mote_spectrum_init(mote_spectrum *spectrum, size_t size, mote_arena *arena)
{
    assert(size >= 2 && (size & (size - 1)) == 0);
    mote_spectrum made = {.size = size};
    MOTE_TRY(mote_arena_array(arena, size / 2, sizeof(double), (void **)&made.cosine));
    MOTE_TRY(mote_arena_array(arena, size / 2, sizeof(double), (void **)&made.sine));
    MOTE_TRY(mote_arena_array(arena, size, sizeof(double), (void **)&made.real));
    MOTE_TRY(mote_arena_array(arena, size, sizeof(double), (void **)&made.imaginary));
    for (size_t i = 0; i < size / 2; i++)
        mote_circle_point(i, size, &made.cosine[i], &made.sine[i]);
    *spectrum = made;
    return MOTE_OK;
}

static void swap(double *a, double *b)
{
    const double value = *a;
    *a = *b;
    *b = value;
}

/// Puts sample i at the place that has i's bits in reverse order.
static void reverse(const mote_spectrum *s)
{
    size_t place = 0;
    for (size_t i = 0; i < s->size; i++) {
        if (i < place)
            swap(&s->real[i], &s->real[place]);
        size_t bit = s->size / 2;
        for (; bit > 0 && (place & bit); bit /= 2)
            place ^= bit;
        place |= bit;
    }
}

/// Joins the transforms of `half` samples at `first` and behind them.
static void join(const mote_spectrum *s, size_t first, size_t half)
{
    const size_t stride = s->size / (2 * half);
    for (size_t i = 0; i < half; i++) {
        const size_t a = first + i;
        const size_t b = a + half;
        const double cosine = s->cosine[i * stride];
        const double sine = s->sine[i * stride];
        const double real = s->real[b] * cosine + s->imaginary[b] * sine;
        const double imaginary = s->imaginary[b] * cosine - s->real[b] * sine;
        s->real[b] = s->real[a] - real;
        s->imaginary[b] = s->imaginary[a] - imaginary;
        s->real[a] += real;
        s->imaginary[a] += imaginary;
    }
}

void mote_spectrum_power(const mote_spectrum *spectrum, double *power)
{
    const mote_spectrum *const s = spectrum;
    memset(s->imaginary, 0, s->size * sizeof *s->imaginary);
    reverse(s);
    for (size_t half = 1; half < s->size; half *= 2) {
        for (size_t first = 0; first < s->size; first += 2 * half)
            join(s, first, half);
    }
    for (size_t i = 0; i <= s->size / 2; i++)
        power[i] = s->real[i] * s->real[i] + s->imaginary[i] * s->imaginary[i];
}
