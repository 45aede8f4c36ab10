// SPDX-License-Identifier: Apache-2.0
// Which epoch counts as the best, and how long none has been better.
#include "train/best.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct expectation {
    double loss;
    uint64_t epoch; // the best after it
    uint64_t waited;
} expectation;

static void check_losses(const expectation *rows, size_t count, double min_delta)
{
    mote_best best = {.epoch = 0};
    for (size_t i = 0; i < count; i++) {
        const bool is_best = mote_best_add(&best, i + 1, rows[i].loss, min_delta);
        assert_int_equal(best.epoch, rows[i].epoch);
        assert_int_equal(best.waited, rows[i].waited);
        assert_int_equal(is_best, rows[i].epoch == i + 1);
        assert_true(best.loss == rows[rows[i].epoch - 1].loss);
    }
}

static void of_equal_losses_the_first_is_the_best(void **state)
{
    (void)state;
    static const expectation rows[] = {{2.0, 1, 0}, {1.0, 2, 0}, {1.0, 2, 1},
                                       {3.0, 2, 2}, {1.0, 2, 3}, {0.5, 6, 0}};
    check_losses(rows, sizeof rows / sizeof rows[0], 0.0);
}

static void a_fall_of_min_delta_or_less_is_the_best_and_yet_waited_for(void **state)
{
    (void)state;
    static const expectation rows[] = {{2.0, 1, 0}, {1.5, 2, 1}, {1.75, 2, 2}, {1.5, 2, 3}};
    check_losses(rows, sizeof rows / sizeof rows[0], 0.5);
}

static void small_falls_add_up(void **state)
{
    (void)state;
    static const expectation rows[] = {{2.0, 1, 0}, {1.75, 2, 1}, {1.25, 3, 0}, {1.0, 4, 1}};
    check_losses(rows, sizeof rows / sizeof rows[0], 0.5);
}

static void losses_may_be_negative(void **state)
{
    (void)state;
    static const expectation rows[] = {{1.0, 1, 0}, {-1.0, 2, 0}, {-0.5, 2, 1}, {-2.0, 4, 0}};
    check_losses(rows, sizeof rows / sizeof rows[0], 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_equal_losses_the_first_is_the_best),
        cmocka_unit_test(a_fall_of_min_delta_or_less_is_the_best_and_yet_waited_for),
        cmocka_unit_test(small_falls_add_up),
        cmocka_unit_test(losses_may_be_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
