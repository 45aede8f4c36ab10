// SPDX-License-Identifier: Apache-2.0
// Tables of properties: finding a row, setting its field, saying what is wrong.
#include "base/property.h"

#include "base/property_value.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ORIGIN_BYTES  320U
#define HINT_BYTES    128U
#define ACCEPTS_BYTES 384U

const mote_property *mote_property_find(const mote_property *table, const char *key)
{
    for (; table->name; table++) {
        if (mote_text_equal(table->name, key))
            return table;
    }
    return NULL;
}

size_t mote_property_count(const mote_property *table)
{
    size_t count = 0;
    while (table[count].name)
        count++;
    return count;
}

static size_t field_bytes(mote_property_kind kind)
{
    static const size_t bytes[] = {
#define KIND_BYTES(name, type) [MOTE_PROPERTY_##name] = sizeof(type),
        MOTE_PROPERTY_FIELD_MAP(KIND_BYTES)
#undef KIND_BYTES
    };
    return bytes[kind];
}

static bool set_field(const mote_property *property, void *state, const char *text)
{
    mote_property_value value;
    memset(&value, 0, sizeof value); // bytes no value uses are equal in equal states
    if (!mote_property_parse(property, text, &value))
        return false;
    memcpy((unsigned char *)state + property->offset, &value, field_bytes(property->kind));
    return true;
}

void mote_property_set_defaults(const mote_property *table, void *state)
{
    for (; table->name; table++) {
        const bool is_valid = !table->initial || set_field(table, state, table->initial);
        assert(is_valid); // a default that its own row refuses is a mistake in the table
        (void)is_valid;
    }
}

static const char *choice_name(const void *choices, size_t index)
{
    return ((const char *const *)choices)[index];
}

static mote_status raise_value(const mote_property *property, const char *owner,
                               const mote_entry *entry)
{
    char origin[ORIGIN_BYTES];
    char accepts[ACCEPTS_BYTES];
    char hint[HINT_BYTES] = "";
    (void)mote_property_accepts(property, accepts, sizeof accepts);
    if (property->kind == MOTE_PROPERTY_CHOICE) {
        size_t count = 0;
        while (property->choices[count])
            count++;
        const char *const nearest =
            mote_text_nearest(entry->value, choice_name, property->choices, count);
        (void)mote_text_hint(nearest, hint, sizeof hint);
    }
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s%.100s: %s = %.100s: expected %s%s",
                      mote_origin_text(&entry->origin, origin, sizeof origin), owner,
                      property->name, entry->value, accepts, hint);
}

mote_status mote_property_set(const mote_property *table, void *state, const char *owner,
                              const mote_entry *entry)
{
    const mote_property *const property = mote_property_find(table, entry->key);
    if (!property) {
        const mote_property_target target = {.table = table, .state = state};
        return mote_property_raise_unknown(&target, 1, owner, entry);
    }
    if (!set_field(property, state, entry->value))
        return raise_value(property, owner, entry);
    return MOTE_OK;
}

const char *mote_origin_text(const mote_origin *origin, char *text, size_t bytes)
{
    if (!origin->file)
        text[0] = '\0';
    else if (origin->line > 0)
        (void)snprintf(text, bytes, "%s:%u: ", origin->file, origin->line);
    else
        (void)snprintf(text, bytes, "%s: ", origin->file);
    return text;
}
