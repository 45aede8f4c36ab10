// SPDX-License-Identifier: Apache-2.0
// Whether bytes are UTF-8.
#ifndef MOTE_BASE_UTF8_H
#define MOTE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/// True when all `length` bytes are well-formed UTF-8 (RFC 3629: shortest forms, no surrogates, at
/// most U+10FFFF).
bool mote_utf8_check(const char *text, size_t length);

#endif
