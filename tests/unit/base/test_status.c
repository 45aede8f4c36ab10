// SPDX-License-Identifier: Apache-2.0
// Statuses and the error record.
#include "base/status.h"

#include "support/expect.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static mote_status forward(mote_status status, int *reached)
{
    MOTE_TRY(status);
    *reached = 1;
    return MOTE_OK;
}

/// In a thread that has raised nothing yet.
static void *check_empty_record(void *is_empty)
{
    const mote_error *const error = mote_last_error();
    *(bool *)is_empty = error->status == MOTE_OK && error->message[0] == '\0' && error->line == 0;
    return NULL;
}

static void *raise_in_thread(void *unused)
{
    (void)unused;
    (void)MOTE_RAISE(MOTE_ERROR_IO, "of the other thread");
    return NULL;
}

static void run_in_thread(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, function, argument), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void a_thread_without_errors_has_an_empty_record(void **unused)
{
    (void)unused;
    (void)MOTE_RAISE(MOTE_ERROR_IO, "of this thread");
    bool is_empty = false;
    run_in_thread(check_empty_record, &is_empty);
    assert_true(is_empty);
}

static void raising_records_status_message_and_place(void **unused)
{
    (void)unused;
    const int line = __LINE__ + 1;
    const mote_status status = MOTE_RAISE(MOTE_ERROR_SHAPE, "width %d is less than %s", 3, "five");
    assert_int_equal(status, MOTE_ERROR_SHAPE);
    const mote_error *const error = mote_last_error();
    assert_int_equal(error->status, MOTE_ERROR_SHAPE);
    assert_int_equal(error->line, line);
    assert_non_null(strstr(error->file, "test_status.c"));
    assert_string_equal(error->message, "width 3 is less than five");
}

static void another_thread_does_not_change_the_record(void **unused)
{
    (void)unused;
    (void)MOTE_RAISE(MOTE_ERROR_IO, "of this thread");
    run_in_thread(raise_in_thread, NULL);
    assert_string_equal(mote_last_error()->message, "of this thread");
}

static void a_message_that_is_too_long_is_cut(void **unused)
{
    (void)unused;
    char text[3000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    (void)MOTE_RAISE(MOTE_ERROR_IO, "%s", text);
    assert_int_equal(strlen(mote_last_error()->message), sizeof mote_last_error()->message - 1);
}

static void the_old_message_can_be_part_of_the_new_one(void **unused)
{
    (void)unused;
    (void)MOTE_RAISE(MOTE_ERROR_IO, "disk full");
    expect_raises(MOTE_RAISE(MOTE_ERROR_IO, "not saved: %s", mote_last_error()->message),
                  MOTE_ERROR_IO, "not saved: disk full");
}

static void control_characters_do_not_reach_the_terminal(void **unused)
{
    (void)unused;
    expect_raises(MOTE_RAISE(MOTE_ERROR_FORMAT, "name '%s'", "a\033[2J\nb\x7F\xC3\xA9"),
                  MOTE_ERROR_FORMAT, "name 'a?[2J?b?\xC3\xA9'");
}

static void try_forwards_a_failure_and_goes_on_after_success(void **unused)
{
    (void)unused;
    int reached = 0;
    assert_int_equal(forward(MOTE_STOPPED, &reached), MOTE_STOPPED);
    assert_int_equal(reached, 0);
    assert_int_equal(forward(MOTE_OK, &reached), MOTE_OK);
    assert_int_equal(reached, 1);
}

static void every_status_has_a_name_and_a_text(void **unused)
{
    (void)unused;
    assert_string_equal(mote_status_name(MOTE_OK), "OK");
    assert_string_equal(mote_status_name(MOTE_ERROR_NONFINITE), "ERROR_NONFINITE");
    assert_string_equal(mote_status_text(MOTE_ERROR_SHAPE), "shapes do not fit together");
    assert_string_equal(mote_status_text(MOTE_STOPPED), "the caller asked to stop");
}

static void a_number_that_is_no_status_has_a_name_too(void **unused)
{
    (void)unused;
    const mote_status status = (mote_status)99;
    assert_string_equal(mote_status_name(status), "UNKNOWN");
    assert_string_equal(mote_status_text(status), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_without_errors_has_an_empty_record),
        cmocka_unit_test(raising_records_status_message_and_place),
        cmocka_unit_test(another_thread_does_not_change_the_record),
        cmocka_unit_test(a_message_that_is_too_long_is_cut),
        cmocka_unit_test(the_old_message_can_be_part_of_the_new_one),
        cmocka_unit_test(control_characters_do_not_reach_the_terminal),
        cmocka_unit_test(try_forwards_a_failure_and_goes_on_after_success),
        cmocka_unit_test(every_status_has_a_name_and_a_text),
        cmocka_unit_test(a_number_that_is_no_status_has_a_name_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
