// SPDX-License-Identifier: Apache-2.0
// How images are prepared, as a text that is saved with weights: a line "images", then a line "key=value" a row of
// the table.
#include "data/image.h"

#include <stdio.h>
#include <string.h>

#define LINE_BYTES 256U

static const mote_property table[] = {MOTE_IMAGE_ROWS(0), {.name = NULL}};
static const char head[] = "images\n";

#define ROW_COUNT (sizeof table / sizeof table[0] - 1)

mote_status mote_image_settings_write(const mote_image_settings *settings, mote_arena *arena,
                                      const char **text)
{
    char lines[sizeof head + ROW_COUNT * LINE_BYTES];
    char *copy = NULL;
    size_t length = (size_t)snprintf(lines, sizeof lines, "%s", head);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char value[LINE_BYTES / 2];
        (void)mote_property_get(&table[i], settings, value, sizeof value);
        length += (size_t)snprintf(lines + length, sizeof lines - length, "%s=%s\n", table[i].name,
                                   value);
    }
    MOTE_TRY(mote_arena_text(arena, lines, length, &copy));
    *text = copy;
    return MOTE_OK;
}

/// Splits "key=value\n" lines; false where one is none.
static bool split_lines(char *line, mote_entry *entries)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char *const end = strchr(line, '\n');
        char *const sign = strchr(line, '=');
        if (!end || !sign || sign > end)
            return false;
        *end = '\0';
        *sign = '\0';
        entries[i] = (mote_entry){.key = line, .value = sign + 1, .origin = {"weights", 0}};
        line = end + 1;
    }
    return line[0] == '\0';
}

mote_status mote_image_settings_read(const char *text, mote_arena *arena,
                                     mote_image_settings *settings)
{
    const size_t start = strlen(head);
    const mote_property_target target = {.table = table, .state = settings};
    const mote_origin origin = {"weights", 0};
    mote_entry entries[ROW_COUNT];
    char *copy = NULL;
    if (strncmp(text, head, start) == 0) {
        MOTE_TRY(mote_arena_text(arena, text + start, strlen(text + start), &copy));
        if (split_lines(copy, entries))
            return mote_property_read(&target, 1, "mote.preparation", &origin, entries, ROW_COUNT);
    }
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "the weights were not trained on images: their file says '%.40s'", text);
}
