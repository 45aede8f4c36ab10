// SPDX-License-Identifier: Apache-2.0
// Powers and the half cosine of schedules against the C library's.
#include "optim/numbers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void powers_are_those_of_the_c_library(void **unused)
{
    (void)unused;
    static const double exponents[] = {1e-9, 0.1, 0.5, 1, 2, 2.5, 17.25, 1000};
    for (size_t k = 0; k < sizeof exponents / sizeof exponents[0]; k++) {
        for (unsigned i = 1; i <= 1000; i++) {
            const double base = i / 1000.0;
            const double expected = pow(base, exponents[k]);
            const double got = mote_power_share(base, exponents[k]);
            if (expected >= 1e-300)
                assert_true(fabs(got / expected - 1) < 1e-12);
            else
                assert_true(got < 1e-299);
        }
    }
}

static void powers_at_the_ends_are_exact(void **unused)
{
    (void)unused;
    assert_true(mote_power_share(0, 2.5) == 0);
    assert_true(mote_power_share(1, 2.5) == 1);
    assert_true(mote_power_share(1, 1e300) == 1);
    assert_true(mote_power_share(0.5, 1e300) == 0);
    assert_true(mote_power_share(1e-30, 1e-300) == 1);
}

static void whole_powers_are_repeated_products(void **unused)
{
    (void)unused;
    assert_true(mote_power_whole(0.3, 0) == 1);
    assert_true(mote_power_whole(0.5, 10) == 0x1p-10);
    assert_true(mote_power_whole(3, 13) == 1594323);
}

static void the_half_cosine_is_that_of_the_c_library(void **unused)
{
    (void)unused;
    const double pi = 3.14159265358979323846;
    for (unsigned i = 0; i <= 10000; i++) {
        const double share = i / 10000.0;
        assert_true(fabs(mote_half_cosine(share) - (1 + cos(pi * share)) / 2) < 1e-15);
    }
}

static void the_half_cosine_falls_from_one_to_zero(void **unused)
{
    (void)unused;
    assert_true(mote_half_cosine(0) == 1 && mote_half_cosine(1) == 0);
    double before = 1;
    for (unsigned i = 0; i <= 10000; i++) {
        const double height = mote_half_cosine(i / 10000.0);
        assert_true(height <= before && height >= 0);
        before = height;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_are_those_of_the_c_library),
        cmocka_unit_test(powers_at_the_ends_are_exact),
        cmocka_unit_test(whole_powers_are_repeated_products),
        cmocka_unit_test(the_half_cosine_is_that_of_the_c_library),
        cmocka_unit_test(the_half_cosine_falls_from_one_to_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
