// SPDX-License-Identifier: Apache-2.0
// Checked sizes.
#include "base/size.h"

#include "support/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void sums_that_fit_are_given(void **unused)
{
    (void)unused;
    size_t sum = 0;
    expect_ok(mote_size_add(SIZE_MAX - 1, 1, "arena", &sum));
    assert_true(sum == SIZE_MAX);
}

static void a_sum_that_does_not_fit_names_what_it_is(void **unused)
{
    (void)unused;
    size_t sum = 5;
    expect_raises(mote_size_add(SIZE_MAX, 1, "arena", &sum), MOTE_ERROR_SHAPE,
                  "arena: 18446744073709551615 + 1 is more than 18446744073709551615");
    assert_int_equal(sum, 5);
}

static void products_that_fit_are_given(void **unused)
{
    (void)unused;
    size_t product = 0;
    expect_ok(mote_size_multiply(SIZE_MAX / 3, 3, "arena", &product));
    assert_true(product == SIZE_MAX);
    expect_ok(mote_size_multiply(SIZE_MAX, 0, "arena", &product));
    assert_int_equal(product, 0);
}

static void a_product_that_does_not_fit_names_what_it_is(void **unused)
{
    (void)unused;
    size_t product = 5;
    expect_raises(mote_size_multiply(SIZE_MAX / 2, 3, "batch", &product), MOTE_ERROR_SHAPE,
                  "batch: 9223372036854775807 x 3 is more than 18446744073709551615");
    assert_int_equal(product, 5);
}

static void a_common_multiple_is_the_least(void **unused)
{
    (void)unused;
    assert_int_equal(mote_size_common_multiple(1, 7), 7);
    assert_int_equal(mote_size_common_multiple(4, 64), 64);
    assert_int_equal(mote_size_common_multiple(6, 4), 12);
    assert_int_equal(mote_size_common_multiple(5, 5), 5);
}

static void alignment_rounds_up(void **unused)
{
    (void)unused;
    assert_int_equal(mote_size_align(0, 64), 0);
    assert_int_equal(mote_size_align(1, 64), 64);
    assert_int_equal(mote_size_align(64, 64), 64);
    assert_int_equal(mote_size_align(65, 64), 128);
    assert_int_equal(mote_size_align(7, 1), 7);
}

static void division_rounds_up_without_overflow(void **unused)
{
    (void)unused;
    assert_int_equal(mote_size_ceil_divide(0, 4), 0);
    assert_int_equal(mote_size_ceil_divide(8, 4), 2);
    assert_int_equal(mote_size_ceil_divide(9, 4), 3);
    assert_true(mote_size_ceil_divide(SIZE_MAX, 2) == SIZE_MAX / 2 + 1);
}

static void the_smaller_and_the_larger_are_found(void **unused)
{
    (void)unused;
    assert_int_equal(mote_size_min(2, 3), 2);
    assert_int_equal(mote_size_max(2, 3), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_that_fit_are_given),
        cmocka_unit_test(a_sum_that_does_not_fit_names_what_it_is),
        cmocka_unit_test(products_that_fit_are_given),
        cmocka_unit_test(a_product_that_does_not_fit_names_what_it_is),
        cmocka_unit_test(a_common_multiple_is_the_least),
        cmocka_unit_test(alignment_rounds_up),
        cmocka_unit_test(division_rounds_up_without_overflow),
        cmocka_unit_test(the_smaller_and_the_larger_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
