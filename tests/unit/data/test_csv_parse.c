// SPDX-License-Identifier: Apache-2.0
// Records of separated values as RFC 4180 has them, and what is refused.
#include "data/csv_parse.h"
#include "sets.h"

#define TEXT_MAX 4096U

typedef struct text_source {
    const char *text;
    size_t length, at;
} text_source;

static mote_status read_text(void *user, void *data, size_t bytes, size_t *count)
{
    text_source *const source = user;
    const size_t left = source->length - source->at;
    *count = left < bytes ? left : bytes;
    memcpy(data, source->text + source->at, *count);
    source->at += *count;
    return MOTE_OK;
}

/// All records written as "<line>[field][field]\n"; the status of the last call.
static mote_status parse(const char *text, size_t length, char delimiter, char written[TEXT_MAX])
{
    text_source source = {.text = text, .length = length};
    const mote_stream stream = {.user = &source, .read = read_text};
    mote_arena arena;
    mote_csv_parser parser;
    bool is_record = true;
    size_t at = 0;
    mote_arena_init(&arena, mote_allocator_default());
    written[0] = '\0';
    mote_status status = mote_csv_start(&parser, "f.csv", &stream, delimiter, &arena);
    while (status == MOTE_OK && is_record) {
        status = mote_csv_next(&parser, &is_record);
        if (status != MOTE_OK || !is_record)
            break;
        at += (size_t)snprintf(written + at, TEXT_MAX - at, "%d", (int)parser.record_line);
        for (size_t i = 0; i < parser.field_count; i++) {
            assert_int_equal(strlen(mote_csv_text(&parser, i)), parser.fields[i].length);
            at += (size_t)snprintf(written + at, TEXT_MAX - at, "[%s]", mote_csv_text(&parser, i));
        }
        at += (size_t)snprintf(written + at, TEXT_MAX - at, "\n");
    }
    mote_arena_release(&arena);
    return status;
}

static void assert_parsed(const char *text, char delimiter, const char *expected)
{
    char written[TEXT_MAX];
    expect_ok(parse(text, strlen(text), delimiter, written));
    assert_string_equal(written, expected);
}

static void records_are_split_into_fields(void **state)
{
    (void)state;
    assert_parsed("a,b,c\n1,2,3\n", ',', "1[a][b][c]\n2[1][2][3]\n");
    assert_parsed("a;b,c\n\n\n 1 ; 2", ';', "1[a][b,c]\n4[1][2]\n");
    assert_parsed("a\tb\t\n\t\t", '\t', "1[a][b][]\n2[][][]\n");
    assert_parsed("", ',', "");
    assert_parsed("\n\r\n", ',', "");
    assert_parsed(",", ',', "1[][]\n");
    assert_parsed("\xEF\xBB\xBFx,y\n", ',', "1[x][y]\n");
}

/// Blank lines put a short record at every place around the end of the parser's buffer of 32768 bytes.
static void a_record_may_lie_anywhere_in_a_long_file(void **state)
{
    (void)state;
    static char text[32768 + 16];
    for (size_t at = 32768 - 10; at <= 32768; at++) {
        char expected[64];
        memset(text, '\n', at);
        memcpy(text + at, "\"a\"\"\",bc\r\n", 11);
        (void)snprintf(expected, sizeof expected, "%zu[a\"][bc]\n", at + 1);
        assert_parsed(text, ',', expected);
    }
}

static void lines_end_in_three_ways(void **state)
{
    (void)state;
    assert_parsed("a\nb\r\nc\rd\r\n", ',', "1[a]\n2[b]\n3[c]\n4[d]\n");
}

static void quoted_fields_hold_anything(void **state)
{
    (void)state;
    assert_parsed("\"a,b\",\"say \"\"x\"\"\",\"\"\n1,2,3\n", ',',
                  "1[a,b][say \"x\"][]\n2[1][2][3]\n");
    assert_parsed("\"two\nlines\",b\nc,d\n", ',', "1[two\nlines][b]\n3[c][d]\n");
    assert_parsed("\" x \", y \r\n", ',', "1[ x ][y]\n");
}

static void assert_parse_refused(const char *text, size_t length, const char *message)
{
    char written[TEXT_MAX];
    expect_raises(parse(text, length, ',', written), MOTE_ERROR_FORMAT, message);
}

static void misplaced_quotes_are_refused_by_line_and_field(void **state)
{
    (void)state;
    assert_parse_refused("a,b\n1,2\"3\n", 10, "'f.csv', line 2, field 2: a quote inside a field");
    assert_parse_refused("a,b\n1, \"3\"\n", 11, "'f.csv', line 2, field 2: a quote inside a field");
    assert_parse_refused("\"a\"b", 4, "'f.csv', line 1, field 1: something follows the closing");
    assert_parse_refused("x\ny,\"a\nb\n", 9,
                         "'f.csv', line 2, field 2: the quote that begins here is not closed");
}

static void zero_bytes_are_refused(void **state)
{
    (void)state;
    assert_parse_refused("a\0b", 3, "line 1, field 1: a zero byte is no text");
    assert_parse_refused("\"a\0b\"", 5, "line 1, field 1: a zero byte is no text");
}

static void too_many_fields_are_refused(void **state)
{
    char text[MOTE_CSV_FIELDS_MAX + 1];
    (void)state;
    memset(text, ',', sizeof text);
    assert_parse_refused(text, MOTE_CSV_FIELDS_MAX, "more than 16384 fields");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_split_into_fields),
        cmocka_unit_test(a_record_may_lie_anywhere_in_a_long_file),
        cmocka_unit_test(lines_end_in_three_ways),
        cmocka_unit_test(quoted_fields_hold_anything),
        cmocka_unit_test(misplaced_quotes_are_refused_by_line_and_field),
        cmocka_unit_test(zero_bytes_are_refused),
        cmocka_unit_test(too_many_fields_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
