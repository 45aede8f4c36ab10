// SPDX-License-Identifier: Apache-2.0
// Assertions on a status and on the message of the last error.
#include "support/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void mote_expect_error(mote_status got, mote_status expected, const char *text, const char *file,
                       int line)
{
    const mote_error *const error = mote_last_error();
    if (got == expected && error->status == expected && strstr(error->message, text))
        return;
    print_error("expected %s with '%s',\ngot      %s with '%s'\n", mote_status_name(expected), text,
                mote_status_name(got), got == MOTE_OK ? "" : error->message);
    _fail(file, line);
}

void mote_expect_ok(mote_status got, const char *file, int line)
{
    if (got == MOTE_OK)
        return;
    print_error("%s: %s\n", mote_status_name(got), mote_last_error()->message);
    _fail(file, line);
}
