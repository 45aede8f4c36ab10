// SPDX-License-Identifier: Apache-2.0
// Asserting that a call fails with a status and says why. Named and used like cmocka's assert_...
#ifndef MOTE_TESTS_SUPPORT_EXPECT_H
#define MOTE_TESTS_SUPPORT_EXPECT_H

#include "mote/status.h"

/// The call returned `status` and the last error's message contains `text`.
// NOLINTNEXTLINE(readability-identifier-naming)
#define expect_raises(call, status, text) \
    mote_expect_error((call), (status), (text), __FILE__, __LINE__)

/// The call returned MOTE_OK; if not, the message is shown.
// NOLINTNEXTLINE(readability-identifier-naming)
#define expect_ok(call) mote_expect_ok((call), __FILE__, __LINE__)

void mote_expect_error(mote_status got, mote_status expected, const char *text, const char *file,
                       int line);

void mote_expect_ok(mote_status got, const char *file, int line);

#endif
