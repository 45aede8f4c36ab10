// SPDX-License-Identifier: Apache-2.0
// Where text goes that mote makes: the library itself prints nothing.
#ifndef MOTE_WRITER_H
#define MOTE_WRITER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// `write` gets `length` bytes of text, not zero-terminated, valid during the call.
typedef struct mote_writer {
    void *user;
    void (*write)(void *user, const char *text, size_t length);
} mote_writer;

#ifdef __cplusplus
}
#endif

#endif
