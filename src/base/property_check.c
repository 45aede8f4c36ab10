// SPDX-License-Identifier: Apache-2.0
// Tables of properties that come from outside: everything that those of the library are trusted with.
#include "base/property.h"

#include "base/property_value.h"

#include <stdint.h>
#include <string.h>

#define ROWS_MAX     64U
#define NAME_LETTERS 48U
#define KIND_COUNT   (sizeof fields / sizeof fields[0])

/// What a field takes, by kind.
static const struct field {
    size_t bytes, alignment;
} fields[] = {

#define FIELD(name, type) [MOTE_PROPERTY_##name] = {sizeof(type), _Alignof(type)},
    MOTE_PROPERTY_FIELD_MAP(FIELD)
#undef FIELD
};

bool mote_property_is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    const size_t length = strspn(name, others);
    return length > 0 && length <= NAME_LETTERS && name[length] == '\0' && strchr(letters, name[0]);
}

/// A row that is checked, and what messages begin with.
typedef struct checked_row {
    const mote_property *table, *row;
    const char *owner;
} checked_row;

static mote_status raise_row(const checked_row *c, const char *problem)
{
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s: property '%s': %s", c->owner, c->row->name,
                      problem);
}

static mote_status check_numbers(const checked_row *c)
{
    const mote_property *row = c->row;
    if (!(row->minimum <= row->maximum))
        return raise_row(c, "its minimum is above its maximum");
    if (row->count_maximum > MOTE_PROPERTY_LIST_MAX ||
        row->count_minimum > mote_property_count_limit(row))
        return raise_row(c, "a list has a count_minimum up to its count_maximum, at most 16");
    return MOTE_OK;
}

static mote_status check_words(const checked_row *c)
{
    const mote_property *row = c->row;
    if (!row->help || !row->help[0])
        return raise_row(c, "help is missing");
    if (strpbrk(row->help, "\r\n"))
        return raise_row(c, "help has several lines, expected one");
    if (row->kind != MOTE_PROPERTY_CHOICE)
        return MOTE_OK;
    if (!row->choices || !row->choices[0])
        return raise_row(c, "choices are missing");
    return MOTE_OK;
}

static mote_status check_default(const checked_row *c)
{
    char accepts[MOTE_ACCEPTS_BYTES];
    mote_property_value value;
    if (mote_property_accepts(c->row, accepts, sizeof accepts) >= sizeof accepts)
        return raise_row(c, "its choices are too long to be written in a message");
    if (!c->row->initial || mote_property_parse(c->row, c->row->initial, &value))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s: property '%s': default '%s': expected %s", c->owner,
                      c->row->name, c->row->initial, accepts);
}

static bool overlap(const mote_property *a, const mote_property *b)
{
    return a->offset < b->offset + fields[b->kind].bytes &&
           b->offset < a->offset + fields[a->kind].bytes;
}

static mote_status check_field(const checked_row *c, size_t state_bytes)
{
    const struct field *field = &fields[c->row->kind];
    const size_t offset = c->row->offset;
    if (state_bytes < field->bytes || offset > state_bytes - field->bytes) {
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "%s: property '%s': %zu bytes at offset %zu are not in the state, which "
                          "has state_bytes = %zu",
                          c->owner, c->row->name, field->bytes, offset, state_bytes);
    }
    if (offset % field->alignment)
        return raise_row(c, "its offset is not that of a field of its kind");
    for (const mote_property *other = c->table; other < c->row; other++) {
        if (mote_text_equal(other->name, c->row->name))
            return raise_row(c, "there are two of this name");
        if (overlap(other, c->row))
            return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                              "%s: property '%s': its field lies over that of '%s'", c->owner,
                              c->row->name, other->name);
    }
    return MOTE_OK;
}

static mote_status check_row(const checked_row *c, size_t state_bytes)
{
    if (!mote_property_is_name(c->row->name))
        return raise_row(c, "a name has lower-case letters, digits and '_', a letter first");
    if ((size_t)c->row->kind >= KIND_COUNT)
        return raise_row(c, "its kind is none of mote_property_kind");
    MOTE_TRY(check_numbers(c));
    MOTE_TRY(check_words(c));
    MOTE_TRY(check_default(c));
    return check_field(c, state_bytes);
}

mote_status mote_property_check_table(const mote_property *table, size_t state_bytes,
                                      const char *owner)
{
    size_t rows = 0;
    for (const mote_property *row = table; row && row->name; row++) {
        const checked_row c = {.table = table, .row = row, .owner = owner};
        if (rows++ == ROWS_MAX)
            return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                              "%s: more than %u properties, or no row without a name at the end",
                              owner, ROWS_MAX);
        MOTE_TRY(check_row(&c, state_bytes));
    }
    return MOTE_OK;
}
