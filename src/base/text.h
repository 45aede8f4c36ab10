// SPDX-License-Identifier: Apache-2.0
// Making text, comparing names, finding the name the user may have meant.
#ifndef MOTE_BASE_TEXT_H
#define MOTE_BASE_TEXT_H

#include "mote/export.h"
#include "mote/writer.h"

#include <stdbool.h>
#include <stddef.h>

/// Writes formatted text; a single call writes at most 4095 characters (longer ones are cut).
void mote_write(const mote_writer *writer, const char *format, ...) MOTE_PRINTF(2, 3);

/// Equal but for the case of ASCII letters.
bool mote_text_equal(const char *a, const char *b);

/// Whether `text` ends in `end`, but for the case of ASCII letters.
bool mote_text_ends(const char *text, const char *end);

/// Space, tab or the end of a line.
static inline bool mote_text_is_blank(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n';
}

/// Cuts blanks around `text`, then one pair of double quotes, in place; returns where it starts
/// now.
char *mote_text_trim(char *text);

/// The candidate closest to `word` by edit distance (case ignored), or NULL when none is near: at
/// most 2 edits and fewer than half of the word's letters. `name(user, i)` gives candidate i.
const char *mote_text_nearest(const char *word, const char *(*name)(const void *user, size_t index),
                              const void *user, size_t count);

/// What may stand for `word`: ", did you mean 'X'?" for the nearest candidate, otherwise ", expected one of:
/// a, b, c". A candidate that is "" is none. Written into `text`, which is returned.
const char *mote_text_expect(const char *word, const char *(*name)(const void *user, size_t index),
                             const void *user, size_t count, char *text, size_t bytes);

/// Writes ", did you mean 'X'?" into `hint` (of `bytes` bytes) or the empty text if `nearest` is
/// NULL.
const char *mote_text_hint(const char *nearest, char *hint, size_t bytes);

#endif
