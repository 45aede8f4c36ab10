// SPDX-License-Identifier: Apache-2.0
// Checks of a failing call: its status, and the message the user gets.
#ifndef MOTE_TESTS_RAISES_H
#define MOTE_TESTS_RAISES_H

#include "mote/status.h"

#define assert_ok(call) assert_string_equal(mote_status_name(call), "OK")

#define assert_raises(call, expected_status, expected_message)                          \
    do {                                                                                \
        assert_string_equal(mote_status_name(call), mote_status_name(expected_status)); \
        assert_string_equal(mote_last_error()->message, expected_message);              \
        assert_int_equal(mote_last_error()->status, expected_status);                   \
    } while (0)

#endif
