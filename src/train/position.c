// SPDX-License-Identifier: Apache-2.0
// Positions as text: each word of 8 bytes, numbers as they are and reals by their bits, in 16 digits.
#include "train/position.h"

#include "base/number.h"

#include <string.h>

#define WORD_COUNT (sizeof(mote_position) / sizeof(uint64_t))

static const char digits[] = "0123456789abcdef";

void mote_position_write(const mote_position *position, char text[MOTE_POSITION_TEXT_BYTES])
{
    uint64_t words[WORD_COUNT];
    memcpy(words, position, sizeof words);
    for (size_t i = 0; i < WORD_COUNT; i++)
        mote_number_write_hex(words[i], text + i * MOTE_HEX_DIGITS);
    text[WORD_COUNT * MOTE_HEX_DIGITS] = '\0';
}

bool mote_position_read(const char *text, mote_position *position)
{
    uint64_t words[WORD_COUNT] = {0};
    if (strlen(text) != WORD_COUNT * MOTE_HEX_DIGITS)
        return false;
    for (size_t i = 0; i < WORD_COUNT * MOTE_HEX_DIGITS; i++) {
        const char *const digit = strchr(digits, text[i]);
        if (!digit)
            return false;
        words[i / MOTE_HEX_DIGITS] = words[i / MOTE_HEX_DIGITS] << 4U | (uint64_t)(digit - digits);
    }
    memcpy(position, words, sizeof words);
    return true;
}
