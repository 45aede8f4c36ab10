// SPDX-License-Identifier: Apache-2.0
// What products are counted as.
#include "kernel/effort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_product_multiplies_and_goes_over_its_factors_and_its_result(void **state)
{
    (void)state;
    const mote_product product = {.rows = 3, .columns = 5, .depth = 7};
    const mote_effort effort = mote_product_effort(&product);
    assert_true(effort.amounts[MOTE_EFFORT_MULTIPLY] == 3.0 * 5.0 * 7.0);
    assert_true(effort.amounts[MOTE_EFFORT_PANEL] == 3.0 * 7.0 + 5.0 * 7.0 + 3.0 * 5.0);
    assert_true(effort.amounts[MOTE_EFFORT_CONVOLVE] == 0.0);
}

static void terms_between_strides_do_not_count(void **state)
{
    (void)state;
    mote_product product = {.rows = 4, .columns = 10, .depth = 36};
    product.right.kind = MOTE_FACTOR_POSITION_TAPS;
    product.right.patches.divisor_height = 2;
    product.right.patches.divisor_width = 3;
    const mote_effort effort = mote_product_effort(&product);
    assert_true(effort.amounts[MOTE_EFFORT_MULTIPLY] == 0.0);
    assert_true(effort.amounts[MOTE_EFFORT_CONVOLVE] == 4.0 * 10.0 * 6.0);
    assert_true(effort.amounts[MOTE_EFFORT_PATCH] == 4.0 * 6.0 + 10.0 * 6.0 + 4.0 * 10.0);
}

static void efforts_add_up_by_class(void **state)
{
    (void)state;
    mote_effort sum = {{0.0}};
    mote_effort more = {{0.0}};
    more.amounts[MOTE_EFFORT_WINDOW] = 8.0;
    mote_effort_add(&sum, &more, 0.5);
    mote_effort_add(&sum, &more, 1.0);
    for (size_t i = 0; i < MOTE_EFFORT_COUNT; i++)
        assert_true(sum.amounts[i] == (i == MOTE_EFFORT_WINDOW ? 12.0 : 0.0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_product_multiplies_and_goes_over_its_factors_and_its_result),
        cmocka_unit_test(terms_between_strides_do_not_count),
        cmocka_unit_test(efforts_add_up_by_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
