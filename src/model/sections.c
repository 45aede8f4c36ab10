// SPDX-License-Identifier: Apache-2.0
// Growing lists of sections and entries, and the checks that any entry has to pass, wherever it was written.
#include "model/sections.h"

#include <string.h>

/// What is no model file is smaller.
#define FILE_BYTES_MAX ((size_t)4 << 20)

mote_section_draft *mote_section_list_find(const mote_section_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (mote_text_equal(list->items[i].name, name))
            return &list->items[i];
    }
    return NULL;
}

mote_status mote_section_list_add(mote_section_list *list, const char *name, size_t name_length,
                                  const mote_origin *origin, mote_section_draft **section)
{
    char *copy = NULL;
    MOTE_TRY(mote_arena_text(list->arena, name, name_length, &copy));
    MOTE_TRY(mote_arena_grow(list->scratch, (void **)&list->items, &list->capacity, list->count,
                             sizeof *list->items));
    *section = &list->items[list->count++];
    **section = (mote_section_draft){.name = copy, .origin = *origin};
    return MOTE_OK;
}

mote_entry *mote_section_draft_find(const mote_section_draft *section, const char *key)
{
    for (size_t i = 0; i < section->entry_count; i++) {
        if (mote_text_equal(section->entries[i].key, key))
            return &section->entries[i];
    }
    return NULL;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

static mote_status check_present(const char *section, const mote_entry *entry)
{
    char place[MOTE_MODEL_PLACE_BYTES];
    (void)mote_origin_text(&entry->origin, place, sizeof place);
    if (entry->key[0] == '\0')
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%s[%.100s]: value '%.100s' has no key before its '='", place, section,
                          entry->value);
    if (*skip_blanks(entry->value) == '\0')
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%s[%.100s]: key '%.100s' has no value (\"\" is an empty text)", place,
                          section, entry->key);
    return MOTE_OK;
}

/// A closed pair of quotes is cut already: one that is left has no partner.
static mote_status check_quotes(const char *section, const mote_entry *entry)
{
    char place[MOTE_MODEL_PLACE_BYTES];
    if (entry->value[0] != '"')
        return MOTE_OK;
    return MOTE_RAISE(
        MOTE_ERROR_PROPERTY,
        "%s[%.100s]: %.100s = %.100s: the quote is not closed (' ;' begins a comment, "
        "even between quotes)",
        mote_origin_text(&entry->origin, place, sizeof place), section, entry->key, entry->value);
}

mote_status mote_section_draft_set(mote_section_list *list, mote_section_draft *section,
                                   const mote_entry *entry)
{
    MOTE_TRY(check_present(section->name, entry));
    char *key = NULL;
    char *value = NULL;
    MOTE_TRY(mote_arena_text(list->arena, entry->key, strlen(entry->key), &key));
    MOTE_TRY(mote_arena_text(list->arena, entry->value, strlen(entry->value), &value));
    const mote_entry copy = {.key = key, .value = mote_text_trim(value), .origin = entry->origin};
    MOTE_TRY(check_quotes(section->name, &copy));
    mote_entry *place = mote_section_draft_find(section, key);
    if (!place) {
        MOTE_TRY(mote_arena_grow(list->scratch, (void **)&section->entries,
                                 &section->entry_capacity, section->entry_count,
                                 sizeof *section->entries));
        place = &section->entries[section->entry_count++];
    }
    *place = copy;
    return MOTE_OK;
}

mote_status mote_section_keep(const mote_section_list *list, const mote_section_draft *draft,
                              mote_section *section)
{
    mote_entry *entries = NULL;
    if (draft->entry_count > 0) {
        MOTE_TRY(
            mote_arena_array(list->arena, draft->entry_count, sizeof *entries, (void **)&entries));
        memcpy(entries, draft->entries, draft->entry_count * sizeof *entries);
    }
    *section = (mote_section){.name = draft->name,
                              .origin = draft->origin,
                              .entries = entries,
                              .entry_count = draft->entry_count};
    return MOTE_OK;
}

static mote_status read_list(const char *path, mote_section_list *list, mote_section **sections,
                             size_t *count)
{
    mote_section *read = NULL;
    MOTE_TRY(mote_ini_read(path, FILE_BYTES_MAX, list));
    MOTE_TRY(mote_arena_array(list->arena, list->count, sizeof *read, (void **)&read));
    for (size_t i = 0; i < list->count; i++)
        MOTE_TRY(mote_section_keep(list, &list->items[i], &read[i]));
    *sections = read;
    *count = list->count;
    return MOTE_OK;
}

mote_status mote_sections_read(const char *path, mote_arena *arena, mote_section **sections,
                               size_t *count)
{
    mote_arena scratch;
    mote_arena_init(&scratch, arena->allocator);
    mote_section_list list = {.arena = arena, .scratch = &scratch};
    const mote_status status = read_list(path, &list, sections, count);
    mote_arena_release(&scratch);
    return status;
}
