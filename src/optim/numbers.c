// SPDX-License-Identifier: Apache-2.0
// Taylor series of reduced arguments, the smallest term first.
#include "optim/numbers.h"

#include "base/logarithm.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/// log 2 in two parts; the upper one has zeros at its end, so that its product with any exponent is
/// exact.
#define LOG2_HIGH 6.93147180369123816490e-01
#define LOG2_LOW  1.90821492927058770002e-10

#define LOG2_INVERSE 1.44269504088896340736
#define PI           3.14159265358979323846

/// x below this has an exponential below DBL_MIN.
#define EXPONENTIAL_MINIMUM (-708.0)

#define EXPONENTIAL_TERMS 15U
#define SINE_TERMS        9U

double mote_power_whole(double base, uint64_t exponent)
{
    double power = 1.0;
    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2 == 1)
            power *= base;
        base *= base;
    }
    return power;
}

/// 2^exponent for -1022 and above.
static double get_power_of_two(int exponent)
{
    const uint64_t bits = (uint64_t)(1023 + exponent) << 52U;
    double power = 0.0;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/// exp(x) = 2^n exp(r), |r| <= log(2) / 2, for x of at most 0.
static double get_exponential(double x)
{
    assert(x <= 0.0);
    if (x < EXPONENTIAL_MINIMUM)
        return 0.0;
    const double n = floor(x * LOG2_INVERSE + 0.5);
    const double r = (x - n * LOG2_HIGH) - n * LOG2_LOW;
    double sum = 1.0;
    for (size_t k = EXPONENTIAL_TERMS; k > 0; k--)
        sum = 1.0 + sum * r / (double)k;
    return sum * get_power_of_two((int)n);
}

double mote_power_share(double base, double exponent)
{
    assert(base >= 0.0 && base <= 1.0 && exponent > 0.0);
    if (base < DBL_MIN)
        return 0.0;
    const double logarithm = mote_logarithm(base) * exponent;
    return logarithm < 0.0 ? get_exponential(logarithm) : 1.0;
}

/// Of an angle from 0 to pi / 4.
static double get_sine(double angle)
{
    const double square = angle * angle;
    double sum = 1.0;
    for (size_t k = SINE_TERMS; k > 0; k--)
        sum = 1.0 - sum * square / (double)(2 * k * (2 * k + 1));
    return angle * sum;
}

double mote_half_cosine(double share)
{
    assert(share >= 0.0 && share <= 1.0);
    // (1 + cos(2 a)) / 2 = 1 - sin(a)^2, and the mirror image behind the middle: both ends are exact
    const bool before = share <= 0.5;
    const double sine = get_sine(PI / 2.0 * (before ? share : 1.0 - share));
    return before ? 1.0 - sine * sine : sine * sine;
}
