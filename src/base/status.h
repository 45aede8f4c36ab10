// SPDX-License-Identifier: Apache-2.0
// Raising and forwarding of errors inside the library.
#ifndef MOTE_BASE_STATUS_H
#define MOTE_BASE_STATUS_H

#include "mote/status.h"

/// Writes the thread's error record and returns `status`. Message: one line, no newline.
#define MOTE_RAISE(status, ...) (mote_raise((status), __FILE__, __LINE__, __VA_ARGS__), (status))

/// Forwards a failure to the caller.
#define MOTE_TRY(call)                              \
    do {                                            \
        const mote_status mote_try_status = (call); \
        if (mote_try_status != MOTE_OK)             \
            return mote_try_status;                 \
    } while (0)

/// Behind MOTE_RAISE, whose value is the status itself so that analyzers see that it is a failure.
/// A message that is too long is cut.
void mote_raise(mote_status status, const char *file, int line, const char *format, ...)
    MOTE_PRINTF(4, 5);

#endif
