// SPDX-License-Identifier: Apache-2.0
// The description as text: what was understood, and where each piece of it was written.
#include "model/sections.h"

#include <string.h>

#define PLACE_COLUMN 40U

/// The place of a line of `length` characters, as a comment in a column of its own.
static void print_place(const mote_writer *writer, size_t length, const mote_origin *origin)
{
    const int padding = length < PLACE_COLUMN ? (int)(PLACE_COLUMN - length) : 0;
    mote_write(writer, "%*s ; %s", padding, "", origin->file);
    if (origin->line > 0)
        mote_write(writer, ":%u", origin->line);
    mote_write(writer, "\n");
}

static void print_section(const mote_writer *writer, const mote_section *section)
{
    mote_write(writer, "[%s]", section->name);
    print_place(writer, strlen(section->name) + 2, &section->origin);
    for (size_t i = 0; i < section->entry_count; i++) {
        const mote_entry *const entry = &section->entries[i];
        mote_write(writer, "%s = %s", entry->key, entry->value);
        print_place(writer, strlen(entry->key) + 3 + strlen(entry->value), &entry->origin);
    }
    mote_write(writer, "\n");
}

void mote_description_print(const mote_description *description, const mote_writer *writer)
{
    const mote_section *const before[] = {description->model, description->optimizer,
                                          description->schedule};
    const mote_section *const after[] = {description->train_set, description->valid_set,
                                         description->test_set};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        if (before[i])
            print_section(writer, before[i]);
    }
    for (size_t i = 0; i < description->layer_count; i++)
        print_section(writer, &description->layers[i]);
    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
        if (after[i])
            print_section(writer, after[i]);
    }
}
