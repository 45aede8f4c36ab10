// SPDX-License-Identifier: Apache-2.0
// Points of the circle, and the fast transform against the sum that defines it.
#include "data/spectrum.h"
#include "support/expect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PI           3.14159265358979323846
#define SIZE_MAXIMUM 256U

static void points_of_the_circle_are_its_cosines_and_sines(void **unused)
{
    (void)unused;
    for (uint64_t whole = 1; whole < 200; whole++) {
        for (uint64_t part = 0; part < 2 * whole; part++) {
            const double angle = 2 * PI * (double)(part % whole) / (double)whole;
            double cosine = 0;
            double sine = 0;
            mote_circle_point(part, whole, &cosine, &sine);
            assert_true(fabs(cosine - cos(angle)) < 2e-15);
            assert_true(fabs(sine - sin(angle)) < 2e-15);
        }
    }
}

static void quarters_are_exact(void **unused)
{
    (void)unused;
    static const double points[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    for (uint64_t i = 0; i < 4; i++) {
        double cosine = 0;
        double sine = 0;
        mote_circle_point(3 * i, 12, &cosine, &sine);
        assert_true(cosine == points[i][0] && sine == points[i][1]);
    }
}

static double get_power(const double *samples, size_t size, size_t bin)
{
    double real = 0;
    double imaginary = 0;
    for (size_t i = 0; i < size; i++) {
        const double angle = 2 * PI * (double)(i * bin % size) / (double)size;
        real += samples[i] * cos(angle);
        imaginary -= samples[i] * sin(angle);
    }
    return real * real + imaginary * imaginary;
}

static void assert_spectrum(const mote_spectrum *spectrum, size_t round)
{
    double samples[SIZE_MAXIMUM];
    double power[SIZE_MAXIMUM / 2 + 1];
    const size_t size = spectrum->size;
    for (size_t i = 0; i < size; i++) {
        samples[i] = (double)((i * i * 37 + i * 11 + round) % 101) / 50 - 1;
        spectrum->real[i] = samples[i];
    }
    mote_spectrum_power(spectrum, power);
    for (size_t i = 0; i <= size / 2; i++)
        assert_true(fabs(power[i] - get_power(samples, size, i)) < 1e-11 * (double)size);
}

static void the_spectrum_is_that_of_the_sum(void **unused)
{
    (void)unused;
    for (size_t size = 2; size <= SIZE_MAXIMUM; size *= 2) {
        mote_arena arena;
        mote_spectrum spectrum;
        mote_arena_init(&arena, mote_allocator_default());
        expect_ok(mote_spectrum_init(&spectrum, size, &arena));
        for (size_t round = 0; round < 2; round++) // memory that was used once does not matter
            assert_spectrum(&spectrum, round);
        mote_arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_of_the_circle_are_its_cosines_and_sines),
        cmocka_unit_test(quarters_are_exact),
        cmocka_unit_test(the_spectrum_is_that_of_the_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
