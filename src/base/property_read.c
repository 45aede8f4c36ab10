// SPDX-License-Identifier: Apache-2.0
// Reading a whole section into the states of several property tables.
#include "base/property.h"

#include "base/property_value.h"

#include <string.h>

#define ORIGIN_BYTES 320U
#define HINT_BYTES   384U

typedef struct target_list {
    const mote_property_target *targets;
    size_t count;
} target_list;

static size_t count_rows(const target_list *list)
{
    size_t rows = 0;
    for (size_t i = 0; i < list->count; i++)
        rows += mote_property_count(list->targets[i].table);
    return rows;
}

/// Name of row `index` counted over all tables.
static const char *row_name(const void *user, size_t index)
{
    const target_list *const list = user;
    size_t target = 0;
    size_t rows = mote_property_count(list->targets[0].table);
    while (index >= rows) {
        index -= rows;
        target++;
        rows = mote_property_count(list->targets[target].table);
    }
    return list->targets[target].table[index].name;
}

mote_status mote_property_raise_unknown(const mote_property_target *targets, size_t target_count,
                                        const char *owner, const mote_entry *entry)
{
    const target_list list = {.targets = targets, .count = target_count};
    const size_t rows = count_rows(&list);
    char origin[ORIGIN_BYTES];
    char hint[HINT_BYTES];
    (void)mote_text_expect(entry->key, row_name, &list, rows, hint, sizeof hint);
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s%.100s: unknown key '%.100s'%s",
                      mote_origin_text(&entry->origin, origin, sizeof origin), owner, entry->key,
                      hint);
}

static mote_status read_entry(const target_list *list, const char *owner, const mote_entry *entry)
{
    for (size_t i = 0; i < list->count; i++) {
        const mote_property_target *const target = &list->targets[i];
        if (mote_property_find(target->table, entry->key))
            return mote_property_set(target->table, target->state, owner, entry);
    }
    return mote_property_raise_unknown(list->targets, list->count, owner, entry);
}

static bool has_key(const mote_entry *entries, size_t entry_count, const char *key)
{
    for (size_t i = 0; i < entry_count; i++) {
        if (mote_text_equal(entries[i].key, key))
            return true;
    }
    return false;
}

static mote_status check_required(const mote_property *table, const char *owner,
                                  const mote_origin *origin, const mote_entry *entries,
                                  size_t entry_count)
{
    for (const mote_property *row = table; row->name; row++) {
        if (row->initial || has_key(entries, entry_count, row->name))
            continue;
        char place[ORIGIN_BYTES];
        char accepts[HINT_BYTES];
        (void)mote_property_accepts(row, accepts, sizeof accepts);
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s%.100s: key '%s' is missing, expected %s",
                          mote_origin_text(origin, place, sizeof place), owner, row->name, accepts);
    }
    return MOTE_OK;
}

mote_status mote_property_read(const mote_property_target *targets, size_t target_count,
                               const char *owner, const mote_origin *origin,
                               const mote_entry *entries, size_t entry_count)
{
    const target_list list = {.targets = targets, .count = target_count};
    for (size_t i = 0; i < target_count; i++)
        mote_property_set_defaults(targets[i].table, targets[i].state);
    for (size_t i = 0; i < entry_count; i++)
        MOTE_TRY(read_entry(&list, owner, &entries[i]));
    for (size_t i = 0; i < target_count; i++)
        MOTE_TRY(check_required(targets[i].table, owner, origin, entries, entry_count));
    return MOTE_OK;
}
