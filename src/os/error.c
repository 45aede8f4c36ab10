// SPDX-License-Identifier: Apache-2.0
// What system calls refuse, with their reasons as text.
#include "os/error.h"

#include <assert.h>
#include <locale.h>
#include <string.h>

mote_status mote_os_raise(const char *action, const char *path, int error_number)
{
    // in English like the rest of the message, and without the shared buffer of strerror
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const mote_status status =
        MOTE_RAISE(MOTE_ERROR_IO, "cannot %s '%s': %s", action, path,
                   plain ? strerror_l(error_number, plain) : "unknown reason");
    if (plain)
        freelocale(plain);
    return status;
}

void mote_os_expect(int error_number)
{
    assert(error_number == 0);
    (void)error_number;
}
