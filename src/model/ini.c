// SPDX-License-Identifier: Apache-2.0
// INI files through inih. inih splits `key = value` and cuts comments; what it would do silently
// (long lines in pieces, indented lines joined to the value above, section names cut at 49 bytes, text
// behind ']' and empty sections dropped) never reaches it: lines are checked, sections read, here.
#include "base/text.h"
#include "base/utf8.h"
#include "model/sections.h"
#include "os/os.h"

#include <assert.h>
#include <ini.h>
#include <string.h>

/// Each is compared with all before it, so that more would take minutes.
#define SECTIONS_MAX 20000U
#define KEYS_MAX     1000U // of a section

typedef struct ini_text {
    mote_section_list *list;
    mote_section_draft *section; // the current one
    mote_origin origin;          // of the current line
    const char *at, *end;        // what is still to be read
    mote_status status;          // first error of a callback
} ini_text;

/// A line without line end, and its part without blanks around it.
typedef struct ini_line {
    const char *text;
    size_t length;
} ini_line;

static const char *place_text(const ini_text *ini, char place[MOTE_MODEL_PLACE_BYTES])
{
    return mote_origin_text(&ini->origin, place, MOTE_MODEL_PLACE_BYTES);
}

static bool is_comment(char letter)
{
    return letter == ';' || letter == '#';
}

static ini_line trim(ini_line line)
{
    while (line.length > 0 && mote_text_is_blank(line.text[0])) {
        line.text++;
        line.length--;
    }
    while (line.length > 0 && mote_text_is_blank(line.text[line.length - 1]))
        line.length--;
    return line;
}

static ini_line take_line(ini_text *ini)
{
    const size_t left = (size_t)(ini->end - ini->at);
    const char *const newline = memchr(ini->at, '\n', left);
    ini_line line = {.text = ini->at, .length = newline ? (size_t)(newline - ini->at) : left};
    ini->at = newline ? newline + 1 : ini->end;
    if (line.length > 0 && line.text[line.length - 1] == '\r')
        line.length--;
    return line;
}

static mote_status check_characters(const ini_text *ini, ini_line line)
{
    char place[MOTE_MODEL_PLACE_BYTES];
    for (size_t i = 0; i < line.length; i++) {
        const unsigned char byte = (unsigned char)line.text[i];
        if ((byte < 0x20U && byte != '\t') || byte == 0x7FU)
            return MOTE_RAISE(MOTE_ERROR_FORMAT, "%scharacter %zu is the control character 0x%02X",
                              place_text(ini, place), i + 1, byte);
    }
    if (!mote_utf8_check(line.text, line.length))
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "%sthe line is not UTF-8", place_text(ini, place));
    return MOTE_OK;
}

static mote_status check_name(const ini_text *ini, ini_line name)
{
    char place[MOTE_MODEL_PLACE_BYTES];
    if (name.length == 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "%sthe section has no name", place_text(ini, place));
    for (size_t i = 0; i < name.length; i++) {
        if (strchr("[\";#=", name.text[i]))
            return MOTE_RAISE(MOTE_ERROR_FORMAT, "%ssection name '%.*s' contains '%c'",
                              place_text(ini, place), (int)name.length, name.text, name.text[i]);
    }
    return MOTE_OK;
}

/// "[name]", then nothing but a comment.
static mote_status read_section(ini_text *ini, ini_line line)
{
    char place[MOTE_MODEL_PLACE_BYTES];
    const char *const close = memchr(line.text, ']', line.length);
    if (!close)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "%s'%.*s' has no ']'", place_text(ini, place),
                          (int)line.length, line.text);
    const ini_line name =
        trim((ini_line){.text = line.text + 1, .length = (size_t)(close - line.text) - 1});
    const ini_line rest = trim(
        (ini_line){.text = close + 1, .length = line.length - (size_t)(close + 1 - line.text)});
    if (rest.length > 0 && !is_comment(rest.text[0]))
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "%s'%.*s' stands behind the ']' of a section",
                          place_text(ini, place), (int)rest.length, rest.text);
    MOTE_TRY(check_name(ini, name));
    if (ini->list->count == SECTIONS_MAX)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "%sthere are more than %u sections",
                          place_text(ini, place), SECTIONS_MAX);
    MOTE_TRY(mote_section_list_add(ini->list, name.text, name.length, &ini->origin, &ini->section));
    // the copy has a final zero; the section found first is the older one, if there are two
    const mote_section_draft *const first = mote_section_list_find(ini->list, ini->section->name);
    if (first != ini->section)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%ssection [%s] is already at line %u",
                          place_text(ini, place), ini->section->name, first->origin.line);
    return MOTE_OK;
}

/// inih would also split at ':' and read a line without '=' in its own way.
static mote_status check_assignment(const ini_text *ini, ini_line line, size_t limit)
{
    char place[MOTE_MODEL_PLACE_BYTES];
    const char *const equals = memchr(line.text, '=', line.length);
    const char *const colon = memchr(line.text, ':', line.length);
    if (!equals || (colon && colon < equals))
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "%sexpected [section] or key = value, found '%.*s'",
                          place_text(ini, place), (int)(line.length < 100 ? line.length : 100),
                          line.text);
    if (line.length > limit)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "%sthe line has %zu characters, accepted are at most %zu",
                          place_text(ini, place), line.length, limit);
    return MOTE_OK;
}

/// The next line as inih shall see it: an assignment without blanks around it, or nothing.
static mote_status next_line(ini_text *ini, size_t limit, ini_line *visible)
{
    *visible = (ini_line){.text = "", .length = 0};
    const ini_line raw = take_line(ini);
    ini->origin.line++;
    MOTE_TRY(check_characters(ini, raw));
    const ini_line line = trim(raw);
    if (line.length == 0 || is_comment(line.text[0]))
        return MOTE_OK;
    if (line.text[0] == '[')
        return read_section(ini, line);
    MOTE_TRY(check_assignment(ini, line, limit));
    *visible = line;
    return MOTE_OK;
}

/// ini_reader: like fgets, one line a call.
static char *give_line(char *text, int bytes, void *user)
{
    ini_text *const ini = user;
    assert(bytes > 1);
    if (ini->status != MOTE_OK || ini->at == ini->end)
        return NULL;
    ini_line line;
    ini->status = next_line(ini, (size_t)bytes - 1, &line);
    if (ini->status != MOTE_OK)
        return NULL;
    memcpy(text, line.text, line.length);
    text[line.length] = '\0';
    return text;
}

static mote_status add_entry(ini_text *ini, const char *key, const char *value)
{
    char place[MOTE_MODEL_PLACE_BYTES];
    if (!ini->section)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%skey '%s' stands before the first section",
                          place_text(ini, place), key);
    const mote_entry *const old = mote_section_draft_find(ini->section, key);
    if (old)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s[%s]: key '%s' is already at line %u",
                          place_text(ini, place), ini->section->name, key, old->origin.line);
    if (ini->section->entry_count == KEYS_MAX)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "%s[%s]: there are more than %u keys",
                          place_text(ini, place), ini->section->name, KEYS_MAX);
    if (value[0] != '"' && (strstr(value, " #") || strstr(value, "\t#") || value[0] == '#')) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%s[%s]: %s = %s: a comment behind a value begins with ' ;' (quote the "
                          "value if '#' belongs to it)",
                          place_text(ini, place), ini->section->name, key, value);
    }
    const mote_entry entry = {.key = key, .value = value, .origin = ini->origin};
    return mote_section_draft_set(ini->list, ini->section, &entry);
}

/// ini_handler. The section is inih's copy, which may be cut: the one of read_section counts.
static int take_entry(void *user, const char *section, const char *key, const char *value)
{
    ini_text *const ini = user;
    (void)section;
    if (ini->status == MOTE_OK)
        ini->status = add_entry(ini, key, value ? value : "");
    return ini->status == MOTE_OK;
}

static mote_status parse(const char *path, const char *text, size_t length, mote_section_list *list)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF";
    const size_t mark = length >= 3 && memcmp(text, byte_order_mark, 3) == 0 ? 3 : 0;
    ini_text ini = {
        .list = list, .origin = {.file = path}, .at = text + mark, .end = text + length};
    const int result = ini_parse_stream(give_line, &ini, take_entry, &ini);
    if (result == -2)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "%s: memory for a line could not be had", path);
    // a line that inih could not split was passed over: the first error of the file counts
    if (result > 0 && (ini.status == MOTE_OK || (unsigned)result < ini.origin.line))
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "%s:%d: expected [section] or key = value", path,
                          result);
    return ini.status;
}

static mote_status load_text(const mote_file *file, size_t most, mote_arena *arena, char **text,
                             size_t *length)
{
    uint64_t bytes = 0;
    MOTE_TRY(mote_file_size(file, &bytes));
    if (bytes > most)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "%s: %llu bytes are too many, accepted are at most %zu", file->path,
                          (unsigned long long)bytes, most);
    void *memory = NULL;
    MOTE_TRY(mote_arena_allocate(arena, (size_t)bytes, &memory));
    MOTE_TRY(mote_file_read(file, 0, memory, (size_t)bytes));
    *text = memory;
    *length = (size_t)bytes;
    return MOTE_OK;
}

mote_status mote_ini_read(const char *path, size_t most, mote_section_list *list)
{
    mote_file file;
    MOTE_TRY(mote_file_open_read(path, &file));
    mote_arena scratch;
    mote_arena_init(&scratch, list->arena->allocator);
    char *text = NULL;
    size_t length = 0;
    mote_status status = load_text(&file, most, &scratch, &text, &length);
    if (status == MOTE_OK)
        status = parse(path, text, length, list);
    mote_arena_release(&scratch);
    mote_file_close(&file);
    return status;
}
