// SPDX-License-Identifier: Apache-2.0
// UTF-8, by the table of well-formed byte sequences of RFC 3629, section 4.
#include "base/utf8.h"

/// A range of first bytes: how many bytes follow, and what the second may be.
typedef struct sequence {
    unsigned char first_low, first_high, tail_length, second_low, second_high;
} sequence;

static const sequence sequences[] = {
    {0x00, 0x7F, 0, 0x80, 0xBF}, {0xC2, 0xDF, 1, 0x80, 0xBF}, {0xE0, 0xE0, 2, 0xA0, 0xBF},
    {0xE1, 0xEC, 2, 0x80, 0xBF}, {0xED, 0xED, 2, 0x80, 0x9F}, {0xEE, 0xEF, 2, 0x80, 0xBF},
    {0xF0, 0xF0, 3, 0x90, 0xBF}, {0xF1, 0xF3, 3, 0x80, 0xBF}, {0xF4, 0xF4, 3, 0x80, 0x8F},
};

static const sequence *find_sequence(unsigned char first)
{
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        if (first >= sequences[i].first_low && first <= sequences[i].first_high)
            return &sequences[i];
    }
    return NULL;
}

/// Bytes of the character at `text`, or 0 when it is none.
static size_t character_length(const unsigned char *text, size_t length)
{
    const sequence *const found = find_sequence(text[0]);
    if (!found || found->tail_length >= length)
        return 0;
    for (size_t i = 1; i <= found->tail_length; i++) {
        const unsigned char low = i == 1 ? found->second_low : 0x80;
        const unsigned char high = i == 1 ? found->second_high : 0xBF;
        if (text[i] < low || text[i] > high)
            return 0;
    }
    return 1 + (size_t)found->tail_length;
}

bool mote_utf8_check(const char *text, size_t length)
{
    const unsigned char *const bytes = (const unsigned char *)text;
    size_t at = 0;
    while (at < length) {
        const size_t character = character_length(bytes + at, length - at);
        if (character == 0)
            return false;
        at += character;
    }
    return true;
}
