// SPDX-License-Identifier: Apache-2.0
// Telling a table from other text by its first lines.
#include "base/number.h"
#include "base/size.h"
#include "data/csv.h"
#include "data/inspect.h"

#include <string.h>

#define RECORDS_MAX 20U

/// The beginning of a file as a stream.
typedef struct head_reader {
    const unsigned char *bytes;
    size_t count, at;
} head_reader;

static mote_status read_head(void *user, void *data, size_t bytes, size_t *count)
{
    head_reader *const reader = user;
    *count = mote_size_min(bytes, reader->count - reader->at);
    memcpy(data, reader->bytes + reader->at, *count);
    reader->at += *count;
    return MOTE_OK;
}

/// Lines so far, cut at one delimiter.
typedef struct lines {
    size_t record_count, field_count;
    bool *has_number, *has_text; // of a column, behind the first line
    bool is_even;                // all lines have as many fields
} lines;

static mote_status start_lines(lines *l, const mote_csv_parser *parser, mote_arena *arena)
{
    l->field_count = parser->field_count;
    l->is_even = l->field_count >= 2;
    MOTE_TRY(
        mote_arena_array(arena, l->field_count, sizeof *l->has_number, (void **)&l->has_number));
    return mote_arena_array(arena, l->field_count, sizeof *l->has_text, (void **)&l->has_text);
}

static void add_fields(lines *l, const mote_csv_parser *parser)
{
    for (size_t i = 0; i < l->field_count; i++) {
        const char *const text = mote_csv_text(parser, i);
        double number = 0;
        const bool is_number = mote_number_parse_real(text, strlen(text), &number);
        l->has_number[i] |= is_number;
        l->has_text[i] |= !is_number && !mote_csv_is_missing(text);
    }
}

static mote_status add_record(lines *l, const mote_csv_parser *parser, mote_arena *arena)
{
    if (l->record_count++ == 0)
        return start_lines(l, parser, arena);
    l->is_even = l->is_even && parser->field_count == l->field_count;
    if (l->is_even)
        add_fields(l, parser);
    return MOTE_OK;
}

static bool is_table(const lines *l)
{
    bool has_numbers = false;
    for (size_t i = 0; l->is_even && i < l->field_count; i++)
        has_numbers |= l->has_number[i] && !l->has_text[i];
    return has_numbers;
}

/// What is behind the last end of a line may be a part of one.
static size_t count_whole(const mote_inspect_head *head)
{
    size_t count = head->count;
    while (!head->is_whole && count > 0 && head->bytes[count - 1] != '\n')
        count--;
    return count;
}

static mote_status read_lines(const mote_inspect_head *head, char delimiter, mote_arena *arena,
                              lines *l)
{
    head_reader reader = {.bytes = head->bytes, .count = count_whole(head)};
    const mote_stream stream = {.user = &reader, .read = read_head};
    mote_csv_parser parser;
    bool is_record = false;
    MOTE_TRY(mote_csv_start(&parser, head->path, &stream, delimiter, arena));
    MOTE_TRY(mote_csv_next(&parser, &is_record));
    while (is_record && l->record_count < RECORDS_MAX) {
        MOTE_TRY(add_record(l, &parser, arena));
        MOTE_TRY(mote_csv_next(&parser, &is_record));
    }
    return MOTE_OK;
}

mote_status mote_inspect_table(const mote_inspect_head *head, bool *is_recognized)
{
    *is_recognized = false;
    for (size_t i = 0; mote_csv_delimiter_names[i] && !*is_recognized; i++) {
        lines l = {.record_count = 0};
        mote_arena scratch;
        mote_arena_init(&scratch, head->request->arena->allocator);
        const mote_status status = read_lines(head, mote_csv_delimiters[i], &scratch, &l);
        *is_recognized = status == MOTE_OK && is_table(&l);
        mote_arena_release(&scratch);
        if (status != MOTE_OK && status != MOTE_ERROR_FORMAT)
            return status; // quotes that do not fit are no table's
    }
    return MOTE_OK;
}
