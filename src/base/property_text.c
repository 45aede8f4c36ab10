// SPDX-License-Identifier: Apache-2.0
// From a value to its text, and what a row accepts in words.
#include "base/number.h"
#include "base/property_value.h"
#include "base/size.h"

#include <assert.h>
#include <float.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_BYTES  40U
#define INITIAL_BYTES 64U // more than any default has

/// Text that grows to the end of the caller's buffer; its length goes on counting.
typedef struct output {
    char *text;
    size_t bytes;
    size_t length;
} output;

static output start(char *text, size_t bytes)
{
    if (bytes > 0)
        text[0] = '\0';
    return (output){.text = text, .bytes = bytes};
}

static void append(output *out, const char *format, ...) MOTE_PRINTF(2, 3);

static void append(output *out, const char *format, ...)
{
    const bool has_room = out->length < out->bytes;
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(has_room ? out->text + out->length : NULL,
                                 has_room ? out->bytes - out->length : 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    out->length += (size_t)length;
}

static void append_real(output *out, double value)
{
    char number[NUMBER_BYTES];
    (void)mote_number_print_real(value, number, sizeof number);
    append(out, "%s", number);
}

static void append_padding(output *out, const mote_property_padding *p)
{
    if (p->same)
        append(out, "same");
    else if (p->top != p->bottom || p->left != p->right)
        append(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, p->top, p->bottom, p->left,
               p->right);
    else if (p->top != p->left)
        append(out, "%" PRIu64 ",%" PRIu64, p->top, p->left);
    else if (p->top != 0)
        append(out, "%" PRIu64, p->top);
    else
        append(out, "valid");
}

static void append_integers(output *out, const mote_property_integers *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        append(out, "%s%" PRIu64, i > 0 ? "," : "", list->values[i]);
}

static void append_reals(output *out, const mote_property_reals *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        append(out, "%s", i > 0 ? "," : "");
        append_real(out, list->values[i]);
    }
}

size_t mote_property_get(const mote_property *property, const void *state, char *text, size_t bytes)
{
    output out = start(text, bytes);
    const void *const field = (const unsigned char *)state + property->offset;
    switch (property->kind) {
    case MOTE_PROPERTY_BOOL:
        append(&out, "%s", *(const bool *)field ? "true" : "false");
        break;
    case MOTE_PROPERTY_INTEGER:
        append(&out, "%" PRIu64, *(const uint64_t *)field);
        break;
    case MOTE_PROPERTY_REAL:
        append_real(&out, *(const double *)field);
        break;
    case MOTE_PROPERTY_CHOICE:
        append(&out, "%s", property->choices[*(const uint32_t *)field]);
        break;
    case MOTE_PROPERTY_TEXT: {
        const char *const value = *(const char *const *)field;
        append(&out, "%s", value ? value : "");
        break;
    }
    case MOTE_PROPERTY_INTEGERS:
        append_integers(&out, field);
        break;
    case MOTE_PROPERTY_REALS:
        append_reals(&out, field);
        break;
    case MOTE_PROPERTY_PADDING:
        append_padding(&out, field);
        break;
    case MOTE_PROPERTY_BYTES: {
        char size[NUMBER_BYTES];
        (void)mote_number_print_bytes(*(const uint64_t *)field, size, sizeof size);
        append(&out, "%s", size);
        break;
    }
    }
    return out.length;
}

bool mote_property_is_initial(const mote_property *property, const void *state)
{
    char text[INITIAL_BYTES];
    if (!property->initial)
        return true;
    const size_t length = mote_property_get(property, state, text, sizeof text);
    return length < sizeof text && strcmp(text, property->initial) == 0;
}

/// Limits that a double cannot tell from "any" are not worth a word.
static void append_integer_range(output *out, const mote_property *property)
{
    if (!mote_property_has_limits(property))
        return;
    const uint64_t minimum = property->minimum > 0.0 ? (uint64_t)property->minimum : 0;
    if (property->maximum < 0x1p64)
        append(out, " from %" PRIu64 " to %" PRIu64, minimum, (uint64_t)property->maximum);
    else if (minimum > 0)
        append(out, " of at least %" PRIu64, minimum);
}

static void append_real_range(output *out, const mote_property *property)
{
    if (!mote_property_has_limits(property))
        return;
    const bool has_minimum = property->minimum > -DBL_MAX;
    const bool has_maximum = property->maximum < DBL_MAX;
    if (has_minimum) {
        append(out, has_maximum ? " from " : " of at least ");
        append_real(out, property->minimum);
    }
    if (has_maximum) {
        append(out, has_minimum ? " to " : " of at most ");
        append_real(out, property->maximum);
    }
}

/// "2 numbers", "1 to 4 numbers", "up to 4 numbers"
static void append_count(output *out, const mote_property *property, const char *noun)
{
    const size_t minimum = property->count_minimum;
    const size_t maximum = mote_property_count_limit(property);
    if (minimum == 0)
        append(out, "up to %zu", maximum);
    else if (minimum == maximum)
        append(out, "%zu", maximum);
    else
        append(out, "%zu to %zu", minimum, maximum);
    append(out, " %s%s", noun, maximum > 1 ? "s" : "");
}

static void append_choices(output *out, const char *const *choices)
{
    append(out, "one of");
    for (size_t i = 0; choices[i]; i++)
        append(out, "%s %s", i > 0 ? "," : "", choices[i]);
}

size_t mote_property_accepts(const mote_property *property, char *text, size_t bytes)
{
    output out = start(text, bytes);
    switch (property->kind) {
    case MOTE_PROPERTY_BOOL:
        append(&out, "true or false");
        break;
    case MOTE_PROPERTY_INTEGER:
        append(&out, "a whole number");
        append_integer_range(&out, property);
        break;
    case MOTE_PROPERTY_REAL:
        append(&out, "a number");
        append_real_range(&out, property);
        break;
    case MOTE_PROPERTY_CHOICE:
        append_choices(&out, property->choices);
        break;
    case MOTE_PROPERTY_TEXT:
        append(&out, "text");
        break;
    case MOTE_PROPERTY_INTEGERS:
        append_count(&out, property, "whole number");
        append_integer_range(&out, property);
        break;
    case MOTE_PROPERTY_REALS:
        append_count(&out, property, "number");
        append_real_range(&out, property);
        break;
    case MOTE_PROPERTY_PADDING:
        append(&out, "valid, same, n, h,w or t,b,l,r in whole numbers");
        append_integer_range(&out, property);
        break;
    case MOTE_PROPERTY_BYTES:
        append(&out, "a size in bytes, like 24000000, 24 MB or 24 MiB");
        append_integer_range(&out, property);
        break;
    }
    return out.length;
}
