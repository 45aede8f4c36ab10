// SPDX-License-Identifier: Apache-2.0
// A quoted field may hold delimiters, ends of lines and doubled quotes; quotes anywhere else are mistakes that
// are better refused than guessed at.
#include "data/csv_parse.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

#define INPUT_BYTES 32768U
#define END         (-1)

static mote_status raise_at(const mote_csv_parser *p, uint64_t line, const char *reason)
{
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s', line %llu, field %zu: %s", p->path,
                      (unsigned long long)line, p->field_count, reason);
}

static mote_status refill(mote_csv_parser *p)
{
    if (p->input_at < p->input_count)
        return MOTE_OK;
    p->input_at = 0;
    return p->stream->read(p->stream->user, p->input, INPUT_BYTES, &p->input_count);
}

/// The next letter without taking it; END at the end.
static mote_status peek(mote_csv_parser *p, int *letter)
{
    MOTE_TRY(refill(p));
    *letter = p->input_at < p->input_count ? (unsigned char)p->input[p->input_at] : END;
    return MOTE_OK;
}

static mote_status take(mote_csv_parser *p, int *letter)
{
    MOTE_TRY(peek(p, letter));
    p->input_at += *letter != END;
    p->line += *letter == '\n';
    return MOTE_OK;
}

static bool is_line_end(int letter)
{
    return letter == '\n' || letter == '\r';
}

/// Takes LF, CR LF or CR.
static mote_status take_line_end(mote_csv_parser *p)
{
    int letter = 0;
    MOTE_TRY(take(p, &letter));
    if (letter != '\r')
        return MOTE_OK;
    MOTE_TRY(peek(p, &letter));
    if (letter == '\n')
        return take(p, &letter);
    p->line++;
    return MOTE_OK;
}

static mote_status add_letter(mote_csv_parser *p, int letter)
{
    void *text = p->text;
    if (p->text_length >= MOTE_CSV_RECORD_BYTES_MAX)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': the record at line %llu has more than %u bytes",
                          p->path, (unsigned long long)p->record_line, MOTE_CSV_RECORD_BYTES_MAX);
    MOTE_TRY(mote_arena_grow(p->arena, &text, &p->text_capacity, p->text_length, 1));
    p->text = text;
    p->text[p->text_length++] = (char)letter;
    return MOTE_OK;
}

/// Takes a letter inside quotes; a doubled quote is one. *is_closed: it was the closing quote.
static mote_status take_quoted(mote_csv_parser *p, uint64_t first_line, int *letter,
                               bool *is_closed)
{
    MOTE_TRY(take(p, letter));
    if (*letter == END)
        return raise_at(p, first_line, "the quote that begins here is not closed");
    if (*letter == '\0')
        return raise_at(p, p->line, "a zero byte is no text");
    if (*letter != '"')
        return MOTE_OK;
    MOTE_TRY(peek(p, letter));
    *is_closed = *letter != '"';
    return *is_closed ? MOTE_OK : take(p, letter);
}

/// Up to the closing quote, which is taken.
static mote_status read_quoted(mote_csv_parser *p)
{
    const uint64_t first_line = p->line;
    bool is_closed = false;
    int letter = 0;
    MOTE_TRY(take(p, &letter));
    while (!is_closed) {
        MOTE_TRY(take_quoted(p, first_line, &letter, &is_closed));
        if (!is_closed)
            MOTE_TRY(add_letter(p, letter));
    }
    return MOTE_OK;
}

static mote_status check_behind_quote(mote_csv_parser *p)
{
    int letter = 0;
    MOTE_TRY(peek(p, &letter));
    if (letter == END || letter == p->delimiter || is_line_end(letter))
        return MOTE_OK;
    return raise_at(p, p->line, "something follows the closing quote");
}

static mote_status read_plain(mote_csv_parser *p)
{
    for (;;) {
        int letter = 0;
        MOTE_TRY(peek(p, &letter));
        if (letter == END || letter == p->delimiter || is_line_end(letter))
            return MOTE_OK;
        if (letter == '"')
            return raise_at(p, p->line, "a quote inside a field that does not begin with one");
        if (letter == '\0')
            return raise_at(p, p->line, "a zero byte is no text");
        MOTE_TRY(take(p, &letter));
        MOTE_TRY(add_letter(p, letter));
    }
}

static void trim(const mote_csv_parser *p, mote_csv_field *field)
{
    while (field->length > 0 && mote_text_is_blank(p->text[field->first])) {
        field->first++;
        field->length--;
    }
    while (field->length > 0 && mote_text_is_blank(p->text[field->first + field->length - 1]))
        field->length--;
}

static mote_status add_field(mote_csv_parser *p, mote_csv_field **field)
{
    void *fields = p->fields;
    if (p->field_count >= MOTE_CSV_FIELDS_MAX)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s': the record at line %llu has more than %u fields", p->path,
                          (unsigned long long)p->record_line, MOTE_CSV_FIELDS_MAX);
    MOTE_TRY(
        mote_arena_grow(p->arena, &fields, &p->field_capacity, p->field_count, sizeof *p->fields));
    p->fields = fields;
    *field = &p->fields[p->field_count++];
    **field = (mote_csv_field){.first = p->text_length};
    return MOTE_OK;
}

static mote_status read_field(mote_csv_parser *p)
{
    int letter = 0;
    mote_csv_field *field = NULL;
    MOTE_TRY(add_field(p, &field));
    MOTE_TRY(peek(p, &letter));
    const bool is_quoted = letter == '"';
    MOTE_TRY(is_quoted ? read_quoted(p) : read_plain(p));
    if (is_quoted)
        MOTE_TRY(check_behind_quote(p));
    field->length = p->text_length - field->first;
    MOTE_TRY(add_letter(p, '\0'));
    if (!is_quoted)
        trim(p, field);
    p->text[field->first + field->length] = '\0';
    return MOTE_OK;
}

static mote_status skip_blank_lines(mote_csv_parser *p, bool *is_record)
{
    int letter = 0;
    MOTE_TRY(peek(p, &letter));
    while (is_line_end(letter)) {
        MOTE_TRY(take_line_end(p));
        MOTE_TRY(peek(p, &letter));
    }
    *is_record = letter != END;
    return MOTE_OK;
}

mote_status mote_csv_next(mote_csv_parser *parser, bool *is_record)
{
    int letter = 0;
    MOTE_TRY(skip_blank_lines(parser, is_record));
    parser->text_length = 0;
    parser->field_count = 0;
    parser->record_line = parser->line;
    while (*is_record) {
        MOTE_TRY(read_field(parser));
        MOTE_TRY(peek(parser, &letter));
        if (letter != parser->delimiter)
            return letter == END ? MOTE_OK : take_line_end(parser);
        MOTE_TRY(take(parser, &letter));
    }
    return MOTE_OK;
}

mote_status mote_csv_start(mote_csv_parser *parser, const char *path, const mote_stream *stream,
                           char delimiter, mote_arena *arena)
{
    static const char utf8_mark[] = "\xEF\xBB\xBF";
    void *input = NULL;
    assert(delimiter != '"' && !is_line_end(delimiter));
    *parser = (mote_csv_parser){
        .path = path, .stream = stream, .delimiter = delimiter, .arena = arena, .line = 1};
    MOTE_TRY(mote_arena_allocate(arena, INPUT_BYTES, &input));
    parser->input = input;
    MOTE_TRY(refill(parser));
    if (parser->input_count >= 3 && memcmp(parser->input, utf8_mark, 3) == 0)
        parser->input_at = 3;
    return MOTE_OK;
}
