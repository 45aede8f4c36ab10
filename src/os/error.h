// SPDX-License-Identifier: Apache-2.0
// Private to os: what system calls refuse.
#ifndef MOTE_OS_ERROR_H
#define MOTE_OS_ERROR_H

#include "base/status.h"

/// Raises MOTE_ERROR_IO: "cannot <action> '<path>': <the system's reason>".
mote_status mote_os_raise(const char *action, const char *path, int error_number);

/// Of a system call that cannot fail in a correct program: asserts that it did not.
void mote_os_expect(int error_number);

#endif
