// SPDX-License-Identifier: Apache-2.0
// Formatting, trimming and the search for the name that was meant.
#include "base/text.h"

#include "base/size.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WRITE_BYTES      4096U
#define NEAREST_WORD_MAX 63U
#define NEAREST_EDITS    2U

void mote_write(const mote_writer *writer, const char *format, ...)
{
    char text[WRITE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length > 0)
        writer->write(writer->user, text, mote_size_min((size_t)length, sizeof text - 1));
}

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

bool mote_text_equal(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool mote_text_ends(const char *text, const char *end)
{
    const size_t length = strlen(text);
    const size_t end_length = strlen(end);
    return length >= end_length && mote_text_equal(text + length - end_length, end);
}

char *mote_text_trim(char *text)
{
    while (mote_text_is_blank(*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && mote_text_is_blank(text[length - 1]))
        length--;
    if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
        text++;
        length -= 2;
    }
    text[length] = '\0';
    return text;
}

/// Fewest insertions, deletions, replacements and swaps of neighbours that make b of a (optimal
/// string alignment), row by row over a.
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    assert(b_length <= NEAREST_WORD_MAX);
    size_t rows[3][NEAREST_WORD_MAX + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *now = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        before[j] = last[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            const size_t replaced = last[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            now[j] = mote_size_min(replaced, mote_size_min(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                now[j] = mote_size_min(now[j], before[j - 2] + 1);
        }
        size_t *const free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[b_length];
}

const char *mote_text_nearest(const char *word, const char *(*name)(const void *user, size_t index),
                              const void *user, size_t count)
{
    const size_t length = strlen(word);
    if (length > NEAREST_WORD_MAX)
        return NULL;
    const char *nearest = NULL;
    size_t nearest_distance = NEAREST_EDITS + 1;
    for (size_t i = 0; i < count; i++) {
        const char *const candidate = name(user, i);
        const size_t candidate_length = strlen(candidate);
        if (candidate_length > length + NEAREST_EDITS)
            continue;
        const size_t distance = edit_distance(candidate, candidate_length, word, length);
        if (distance < nearest_distance && 2 * distance < length) {
            nearest = candidate;
            nearest_distance = distance;
        }
    }
    return nearest;
}

const char *mote_text_hint(const char *nearest, char *hint, size_t bytes)
{
    if (nearest)
        (void)snprintf(hint, bytes, ", did you mean '%s'?", nearest);
    else
        hint[0] = '\0';
    return hint;
}

const char *mote_text_expect(const char *word, const char *(*name)(const void *user, size_t index),
                             const void *user, size_t count, char *text, size_t bytes)
{
    const char *const nearest = mote_text_nearest(word, name, user, count);
    size_t length = strlen(mote_text_hint(nearest, text, bytes));
    const char *separator = ", expected one of: ";
    for (size_t i = 0; !nearest && i < count && length < bytes; i++) {
        const char *const candidate = name(user, i);
        if (!candidate[0])
            continue;
        length += (size_t)snprintf(text + length, bytes - length, "%s%s", separator, candidate);
        separator = ", ";
    }
    return text;
}
