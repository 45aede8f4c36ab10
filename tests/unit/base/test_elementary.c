// SPDX-License-Identifier: Apache-2.0
// Sine, cosine and exponential against those of the C library, to their stated errors.
#include "base/elementary.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define POINTS 10000

static void sine_and_cosine_are_those_of_the_c_library(void **unused)
{
    (void)unused;
    for (int i = 0; i <= POINTS; i++) {
        const double angle = (double)i / POINTS;
        assert_true(fabs(mote_sine(angle) - sin(angle)) < 1e-15);
        assert_true(fabs(mote_cosine(angle) - cos(angle)) < 1e-15);
    }
    assert_true(mote_sine(0) == 0 && mote_cosine(0) == 1);
}

static void the_exponential_is_that_of_the_c_library(void **unused)
{
    (void)unused;
    for (int i = -POINTS; i <= POINTS; i++) {
        const double x = 20.0 * i / POINTS;
        assert_true(fabs(mote_exponential(x) / exp(x) - 1.0) < 5e-14);
    }
    assert_true(mote_exponential(0) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sine_and_cosine_are_those_of_the_c_library),
        cmocka_unit_test(the_exponential_is_that_of_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
