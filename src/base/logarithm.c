// SPDX-License-Identifier: Apache-2.0
// x = 2^exponent * m with m near 1; log m = 2 artanh((m - 1) / (m + 1)) by its series.
#include "base/logarithm.h"

#include <assert.h>
#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// log 2 in two parts; the upper one has zeros at its end, so that its product with any exponent is
/// exact.
#define LOG2_HIGH 6.93147180369123816490e-01
#define LOG2_LOW  1.90821492927058770002e-10

#define SERIES_TERMS 11U

/// Splits the bits so that m lies between sqrt(1/2) and sqrt(2).
static double split(double x, int *exponent)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    *exponent = (int)(bits >> 52U) - 1023;
    bits = (bits & 0x000FFFFFFFFFFFFFU) | 0x3FF0000000000000U;
    double m = 0.0;
    memcpy(&m, &bits, sizeof m);
    if (m > 1.41421356237309504880) {
        m *= 0.5;
        *exponent += 1;
    }
    return m;
}

double mote_logarithm(double x)
{
    assert(x >= DBL_MIN && x <= DBL_MAX);
    int exponent = 0;
    const double f = split(x, &exponent) - 1.0;
    const double s = f / (2.0 + f);
    const double square = s * s;
    // sum over k >= 1 of square^k / (2k + 1), the smallest term first
    double sum = 0.0;
    for (size_t k = SERIES_TERMS; k > 0; k--)
        sum = square * (sum + 1.0 / (double)(2 * k + 1));
    // 2 s (1 + sum), where 2 s = f - s f loses nothing of f for m near 1
    const double tail = s * (2.0 * sum - f);
    return (double)exponent * LOG2_HIGH + (f + (tail + (double)exponent * LOG2_LOW));
}
