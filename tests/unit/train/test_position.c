// SPDX-License-Identifier: Apache-2.0
// Positions as text, to the last bit.
#include "train/position.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const mote_position some = {
    .steps = 1234567890123,
    .updates = 7,
    .epoch = 3,
    .sample = UINT64_MAX,
    .training = {.losses = {0.1, -0.0}, .correct = {-1.0, 12.0}, .samples = 64},
    .best = {.epoch = 2, .loss = 1e-310, .reference = (double)INFINITY, .waited = 4},
};

static void what_is_written_is_read(void **state)
{
    (void)state;
    char text[MOTE_POSITION_TEXT_BYTES];
    mote_position read;
    mote_position_write(&some, text);
    assert_int_equal(strlen(text), MOTE_POSITION_TEXT_BYTES - 1);
    assert_true(mote_position_read(text, &read));
    assert_memory_equal(&read, &some, sizeof read);
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    char text[MOTE_POSITION_TEXT_BYTES];
    mote_position read;
    mote_position_write(&some, text);
    assert_false(mote_position_read("", &read));
    assert_false(mote_position_read(text + 1, &read));
    text[5] = 'g';
    assert_false(mote_position_read(text, &read));
    text[5] = 'A'; // one way to write a number
    assert_false(mote_position_read(text, &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(other_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
