// SPDX-License-Identifier: Apache-2.0
// Taylor's series, the smallest term first.
#include "base/elementary.h"

#include <stddef.h>

#define TRIGONOMETRIC_TERMS 10U
#define EXPONENTIAL_TERMS   16U

/// exp(x) = exp(x / 64)^64: six squarings.
#define EXPONENTIAL_SHARE   64.0
#define EXPONENTIAL_SQUARES 6U

double mote_sine(double angle)
{
    const double square = angle * angle;
    double sum = 1.0;
    for (size_t k = TRIGONOMETRIC_TERMS; k > 0; k--)
        sum = 1.0 - sum * square / (double)(2 * k * (2 * k + 1));
    return angle * sum;
}

double mote_cosine(double angle)
{
    const double square = angle * angle;
    double sum = 1.0;
    for (size_t k = TRIGONOMETRIC_TERMS; k > 0; k--)
        sum = 1.0 - sum * square / (double)(2 * k * (2 * k - 1));
    return sum;
}

double mote_exponential(double x)
{
    const double share = x / EXPONENTIAL_SHARE;
    double power = 1.0;
    for (size_t k = EXPONENTIAL_TERMS; k > 0; k--)
        power = 1.0 + power * share / (double)k;
    for (size_t i = 0; i < EXPONENTIAL_SQUARES; i++)
        power *= power;
    return power;
}
