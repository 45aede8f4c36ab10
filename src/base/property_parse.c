// SPDX-License-Identifier: Apache-2.0
// From the text of a value to the value.
#include "base/number.h"
#include "base/property_value.h"
#include "base/size.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

#define WORD_BYTES 64U

/// A part of a value, not zero-terminated.
typedef struct slice {
    const char *text;
    size_t length;
} slice;

static slice trim(slice s)
{
    while (s.length > 0 && mote_text_is_blank(s.text[0])) {
        s.text++;
        s.length--;
    }
    while (s.length > 0 && mote_text_is_blank(s.text[s.length - 1]))
        s.length--;
    return s;
}

static slice trim_and_unquote(const char *text)
{
    const slice s = trim((slice){.text = text, .length = strlen(text)});
    if (s.length < 2 || s.text[0] != '"' || s.text[s.length - 1] != '"')
        return s;
    return trim((slice){.text = s.text + 1, .length = s.length - 2});
}

static bool equals(slice s, const char *word)
{
    char copy[WORD_BYTES];
    if (s.length >= sizeof copy)
        return false;
    memcpy(copy, s.text, s.length);
    copy[s.length] = '\0';
    return strlen(copy) == s.length && mote_text_equal(copy, word);
}

static bool is_within(const mote_property *property, double number)
{
    return !mote_property_has_limits(property) ||
           (number >= property->minimum && number <= property->maximum);
}

static bool parse_bool(slice s, bool *value)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (equals(s, words[i])) {
            *value = i % 2 == 1;
            return true;
        }
    }
    return false;
}

static bool parse_integer(const mote_property *property, slice s, uint64_t *value)
{
    return mote_number_parse_integer(s.text, s.length, value) &&
           is_within(property, (double)*value);
}

static bool parse_real(const mote_property *property, slice s, double *value)
{
    return mote_number_parse_real(s.text, s.length, value) && is_within(property, *value);
}

static bool parse_choice(const mote_property *property, slice s, uint32_t *value)
{
    for (uint32_t i = 0; property->choices[i]; i++) {
        if (equals(s, property->choices[i])) {
            *value = i;
            return true;
        }
    }
    return false;
}

/// Splits a list at commas and colons into at most `limit` trimmed items; no items when it is blank.
/// False when there are more.
static bool split(slice list, size_t limit, slice items[MOTE_PROPERTY_LIST_MAX], uint32_t *count)
{
    assert(limit <= MOTE_PROPERTY_LIST_MAX);
    *count = 0;
    if (list.length == 0)
        return true;
    size_t first = 0;
    for (size_t i = 0; i <= list.length; i++) {
        if (i < list.length && list.text[i] != ',' && list.text[i] != ':')
            continue;
        if (*count == limit)
            return false;
        items[*count] = trim((slice){.text = list.text + first, .length = i - first});
        *count += 1;
        first = i + 1;
    }
    return true;
}

static bool parse_integers(const mote_property *property, slice s, mote_property_integers *value)
{
    slice items[MOTE_PROPERTY_LIST_MAX];
    if (!split(s, mote_property_count_limit(property), items, &value->count))
        return false;
    for (uint32_t i = 0; i < value->count; i++) {
        if (!parse_integer(property, items[i], &value->values[i]))
            return false;
    }
    return value->count >= property->count_minimum;
}

static bool parse_reals(const mote_property *property, slice s, mote_property_reals *value)
{
    slice items[MOTE_PROPERTY_LIST_MAX];
    if (!split(s, mote_property_count_limit(property), items, &value->count))
        return false;
    for (uint32_t i = 0; i < value->count; i++) {
        if (!parse_real(property, items[i], &value->values[i]))
            return false;
    }
    return value->count >= property->count_minimum;
}

static bool parse_padding(const mote_property *property, slice s, mote_property_padding *value)
{
    *value = (mote_property_padding){.same = equals(s, "same")};
    if (value->same || equals(s, "valid"))
        return true;
    slice items[MOTE_PROPERTY_LIST_MAX];
    uint32_t count = 0;
    uint64_t n[4] = {0};
    if (!split(s, 4, items, &count) || count == 0 || count == 3)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!parse_integer(property, items[i], &n[i]))
            return false;
    }
    // which of the given numbers is top, bottom, left, right
    static const unsigned char side[5][4] = {
        [1] = {0, 0, 0, 0}, [2] = {0, 0, 1, 1}, [4] = {0, 1, 2, 3}};
    value->top = n[side[count][0]];
    value->bottom = n[side[count][1]];
    value->left = n[side[count][2]];
    value->right = n[side[count][3]];
    return true;
}

bool mote_property_parse(const mote_property *property, const char *text,
                         mote_property_value *value)
{
    const slice s = trim_and_unquote(text);
    switch (property->kind) {
    case MOTE_PROPERTY_BOOL:
        return parse_bool(s, &value->as_BOOL);
    case MOTE_PROPERTY_INTEGER:
        return parse_integer(property, s, &value->as_INTEGER);
    case MOTE_PROPERTY_REAL:
        return parse_real(property, s, &value->as_REAL);
    case MOTE_PROPERTY_CHOICE:
        return parse_choice(property, s, &value->as_CHOICE);
    case MOTE_PROPERTY_TEXT:
        value->as_TEXT = text;
        return true;
    case MOTE_PROPERTY_INTEGERS:
        return parse_integers(property, s, &value->as_INTEGERS);
    case MOTE_PROPERTY_REALS:
        return parse_reals(property, s, &value->as_REALS);
    case MOTE_PROPERTY_PADDING:
        return parse_padding(property, s, &value->as_PADDING);
    case MOTE_PROPERTY_BYTES:
        return mote_number_parse_bytes(s.text, s.length, &value->as_BYTES) &&
               is_within(property, (double)value->as_BYTES);
    }
    return false;
}
