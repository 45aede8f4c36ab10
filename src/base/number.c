// SPDX-License-Identifier: Apache-2.0
// Strict conversions of numbers: the grammar is checked here, the rounding is the C library's.
#include "base/number.h"

#include "base/size.h"
#include "base/text.h"

#include <assert.h>
#include <float.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REAL_LENGTH_MAX 127U
#define POINT_BYTES     8U
#define PRINT_BYTES     40U

static bool is_digit(char letter)
{
    return letter >= '0' && letter <= '9';
}

bool mote_number_parse_integer(const char *text, size_t length, uint64_t *value)
{
    if (length == 0)
        return false;
    uint64_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(text[i]))
            return false;
        const uint64_t digit = (uint64_t)(text[i] - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = 10 * sum + digit;
    }
    *value = sum;
    return true;
}

static const struct unit {
    const char *name;
    uint64_t bytes;
} units[] = {{"", 1},          {"kB", 1000},     {"MB", 1000000}, {"GB", 1000000000},
             {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

#define UNIT_COUNT   (sizeof units / sizeof units[0])
#define FIRST_BINARY 4U

/// The unit called by all that is left of a text, or NULL.
static const struct unit *find_unit(const char *text, size_t length)
{
    char name[4] = "";
    if (length >= sizeof name)
        return NULL;
    memcpy(name, text, length);
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strlen(name) == length && mote_text_equal(name, units[i].name))
            return &units[i];
    }
    return NULL;
}

bool mote_number_parse_bytes(const char *text, size_t length, uint64_t *bytes)
{
    size_t digits = 0;
    double number = 0;
    while (digits < length && (is_digit(text[digits]) || text[digits] == '.'))
        digits++;
    size_t at = digits;
    while (at < length && text[at] == ' ')
        at++;
    const struct unit *const unit = find_unit(text + at, length - at);
    if (!unit)
        return false;
    if (mote_number_parse_integer(text, digits, bytes)) {
        if (*bytes > UINT64_MAX / unit->bytes)
            return false;
        *bytes *= unit->bytes;
        return true;
    }
    if (unit->bytes == 1 || !mote_number_parse_real(text, digits, &number) ||
        number * (double)unit->bytes >= 0x1p64)
        return false;
    *bytes = (uint64_t)(number * (double)unit->bytes);
    return true;
}

size_t mote_number_print_bytes(uint64_t size, char *text, size_t bytes)
{
    const struct unit *unit = &units[0];
    for (size_t i = FIRST_BINARY; i < UNIT_COUNT && size > 0; i++) {
        if (size % units[i].bytes == 0)
            unit = &units[i];
    }
    const int length = snprintf(text, bytes, "%" PRIu64 "%s", size / unit->bytes, unit->name);
    assert(length >= 0);
    return (size_t)length;
}

void mote_number_write_hex(uint64_t number, char text[MOTE_HEX_DIGITS])
{
    for (size_t i = 0; i < MOTE_HEX_DIGITS; i++)
        text[i] = "0123456789abcdef"[number >> 4U * (MOTE_HEX_DIGITS - 1 - i) & 0xFU];
}

static size_t skip_sign(const char *text, size_t at, size_t length)
{
    return at < length && (text[at] == '+' || text[at] == '-') ? at + 1 : at;
}

static size_t skip_digits(const char *text, size_t at, size_t length)
{
    while (at < length && is_digit(text[at]))
        at++;
    return at;
}

static bool is_real(const char *text, size_t length)
{
    const size_t whole = skip_sign(text, 0, length);
    size_t at = skip_digits(text, whole, length);
    size_t digits = at - whole;
    if (at < length && text[at] == '.') {
        const size_t fraction = at + 1;
        at = skip_digits(text, fraction, length);
        digits += at - fraction;
    }
    if (digits == 0)
        return false;
    if (at < length && (text[at] == 'e' || text[at] == 'E')) {
        const size_t exponent = skip_sign(text, at + 1, length);
        at = skip_digits(text, exponent, length);
        if (at == exponent)
            return false;
    }
    return at == length;
}

/// strtod and printf write the decimal point of the calling program's locale, which may be several
/// bytes; localeconv would tell it but shares its answer between threads.
static void get_point(char point[POINT_BYTES])
{
    char probe[POINT_BYTES + 2];
    const int length = snprintf(probe, sizeof probe, "%.1f", 0.5);
    assert(length >= 3 && length < (int)sizeof probe);
    const size_t point_length = (size_t)length - 2;
    memcpy(point, probe + 1, point_length);
    point[point_length] = '\0';
}

/// Puts `to` where `text` (of `bytes` bytes) has its first `from`.
static void replace(char *text, size_t bytes, const char *from, const char *to)
{
    char *const place = strstr(text, from);
    if (!place)
        return;
    const size_t from_length = strlen(from);
    const size_t to_length = strlen(to);
    const size_t tail_bytes = strlen(place + from_length) + 1;
    assert((size_t)(place - text) + to_length + tail_bytes <= bytes);
    (void)bytes;
    memmove(place + to_length, place + from_length, tail_bytes);
    for (size_t i = 0; i < to_length; i++)
        place[i] = to[i];
}

bool mote_number_parse_real(const char *text, size_t length, double *value)
{
    if (length > REAL_LENGTH_MAX || !is_real(text, length))
        return false;
    char copy[REAL_LENGTH_MAX + POINT_BYTES];
    memcpy(copy, text, length);
    copy[length] = '\0';
    char point[POINT_BYTES];
    get_point(point);
    replace(copy, sizeof copy, ".", point);
    const double number = strtod(copy, NULL);
    if (number < -DBL_MAX || number > DBL_MAX)
        return false;
    *value = number;
    return true;
}

static size_t print_digits(double value, int digit_count, char text[PRINT_BYTES])
{
    (void)snprintf(text, PRINT_BYTES, "%.*g", digit_count, value);
    char point[POINT_BYTES];
    get_point(point);
    replace(text, PRINT_BYTES, point, ".");
    return strlen(text);
}

size_t mote_number_print_real(double value, char *text, size_t bytes)
{
    char digits[PRINT_BYTES];
    size_t length = print_digits(value, 9, digits);
    double parsed = 0.0;
    if (!mote_number_parse_real(digits, length, &parsed) || parsed < value || parsed > value)
        length = print_digits(value, 17, digits);
    if (bytes > 0) {
        const size_t kept = mote_size_min(length, bytes - 1);
        memcpy(text, digits, kept);
        text[kept] = '\0';
    }
    return length;
}
