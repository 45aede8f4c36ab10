// SPDX-License-Identifier: Apache-2.0
// The syntax of model files: what is read, and what is refused instead of being read wrongly.
#include "describe.h"

typedef struct loaded {
    mote_arena arena;
    mote_description description;
} loaded;

static loaded load(void **state, const char *text)
{
    loaded result;
    mote_arena_init(&result.arena, mote_allocator_default());
    expect_ok(load_with(state, text, NULL, 0, &result.arena, &result.description));
    return result;
}

static const char *layer_value(const loaded *l, size_t layer, const char *key)
{
    const mote_entry *const entry = mote_section_find(&l->description.layers[layer], key);
    assert_non_null(entry);
    return entry->value;
}

static void sections_and_keys_carry_their_lines(void **state)
{
    loaded l =
        load(state, "; a model\n[Model]\n\n[in]\n# text\ntype = input\ninput_shape = 1:2:3\n");
    const mote_section *const in = &l.description.layers[0];
    assert_int_equal(l.description.model->origin.line, 2);
    assert_int_equal(l.description.layer_count, 1);
    assert_string_equal(in->name, "in");
    assert_int_equal(in->origin.line, 4);
    assert_string_equal(in->origin.file, mote_test_path(state, "model.ini"));
    assert_int_equal(in->entry_count, 2);
    assert_string_equal(in->entries[1].key, "input_shape");
    assert_string_equal(in->entries[1].value, "1:2:3");
    assert_int_equal(in->entries[1].origin.line, 7);
    mote_arena_release(&l.arena);
}

static void windows_line_ends_byte_order_mark_and_no_final_newline_are_read(void **state)
{
    loaded l = load(state, "\xEF\xBB\xBF[Model]\r\n[in]\r\ntype = input\r\nname = x y");
    assert_string_equal(layer_value(&l, 0, "type"), "input");
    assert_string_equal(layer_value(&l, 0, "name"), "x y");
    mote_arena_release(&l.arena);
}

static void indented_lines_are_lines_of_their_own(void **state)
{
    loaded l = load(state, "[Model]\n  [in]\n\ttype = input\n    unit = 3\n");
    assert_string_equal(layer_value(&l, 0, "type"), "input");
    assert_string_equal(layer_value(&l, 0, "unit"), "3");
    mote_arena_release(&l.arena);
}

static void comments_behind_values_and_sections_are_cut(void **state)
{
    loaded l = load(state, "[Model] ; m\n[in]# i\ntype = input ; the first\nfile = a;b#c\n");
    assert_string_equal(layer_value(&l, 0, "type"), "input");
    assert_string_equal(layer_value(&l, 0, "file"), "a;b#c");
    mote_arena_release(&l.arena);
}

static void quotes_keep_blanks_and_number_signs(void **state)
{
    loaded l = load(state, "[Model]\n[in]\ntype = \"input\"\nfile = \" a # b \"\nempty = \"\"\n");
    assert_string_equal(layer_value(&l, 0, "type"), "input");
    assert_string_equal(layer_value(&l, 0, "file"), " a # b ");
    assert_string_equal(layer_value(&l, 0, "empty"), "");
    mote_arena_release(&l.arena);
}

static void a_section_without_keys_is_not_lost(void **state)
{
    assert_refused(
        state, MINIMAL "[flatten]\n", MOTE_ERROR_PROPERTY,
        "@:4: section [flatten] has no key 'type': every section but Model, Optimizer, "
        "LearningRateScheduler, train_set, valid_set, test_set is a layer and needs one");
}

static void names_of_sections_may_be_long(void **state)
{
    const char name[] = "a_layer_with_a_name_that_is_longer_than_fifty_bytes_1";
    char text[256];
    (void)snprintf(text, sizeof text, "[Model]\n[%s]\ntype = x\n[%.52s2]\ntype = y\n", name, name);
    loaded l = load(state, text);
    assert_int_equal(l.description.layer_count, 2);
    assert_string_equal(l.description.layers[0].name, name);
    assert_string_equal(layer_value(&l, 1, "type"), "y");
    mote_arena_release(&l.arena);
}

static void write_line(char *text, size_t value_length)
{
    static const char start[] = MINIMAL "x = ";
    const size_t used = strlen(start);
    memcpy(text, start, used);
    memset(text + used, 'v', value_length);
    text[used + value_length] = '\0';
}

static void a_line_of_199_characters_is_whole(void **state)
{
    char text[600];
    write_line(text, 195);
    loaded l = load(state, text);
    assert_int_equal(strlen(layer_value(&l, 0, "x")), 195);
    mote_arena_release(&l.arena);
}

static void a_longer_line_is_refused(void **state)
{
    char text[600];
    write_line(text, 196);
    assert_refused(state, text, MOTE_ERROR_FORMAT,
                   "@:4: the line has 200 characters, accepted are at most 199");
}

static void a_long_comment_is_no_matter(void **state)
{
    char text[600];
    write_line(text, 400);
    text[strlen(MINIMAL)] = ';';
    loaded l = load(state, text);
    assert_int_equal(l.description.layers[0].entry_count, 1);
    mote_arena_release(&l.arena);
}

static void a_line_that_goes_on_below_is_refused(void **state)
{
    assert_refused(state, MINIMAL "input_layers = a,\n   b\n", MOTE_ERROR_FORMAT,
                   "@:5: expected [section] or key = value, found 'b'");
}

static void a_colon_is_no_equals_sign(void **state)
{
    assert_refused(state, MINIMAL "input_shape: 1:28:28\n", MOTE_ERROR_FORMAT,
                   "@:4: expected [section] or key = value, found 'input_shape: 1:28:28'");
    assert_refused(state, MINIMAL "a: b = c\n", MOTE_ERROR_FORMAT, "found 'a: b = c'");
}

static void a_key_cut_by_a_comment_is_refused(void **state)
{
    assert_refused(state, MINIMAL "k ;x = 3\n\n[y]\n[y]\n", MOTE_ERROR_FORMAT,
                   "@:4: expected [section] or key = value");
}

static void a_section_that_is_not_closed_is_refused(void **state)
{
    assert_refused(state, MINIMAL "[conv1\n", MOTE_ERROR_FORMAT, "@:4: '[conv1' has no ']'");
}

static void text_behind_a_section_is_refused(void **state)
{
    assert_refused(state, MINIMAL "[conv1] type = conv2d\n", MOTE_ERROR_FORMAT,
                   "@:4: 'type = conv2d' stands behind the ']' of a section");
}

static void bad_section_names_are_refused(void **state)
{
    assert_refused(state, MINIMAL "[ ]\n", MOTE_ERROR_FORMAT, "@:4: the section has no name");
    assert_refused(state, MINIMAL "[a ;b]\n", MOTE_ERROR_FORMAT,
                   "@:4: section name 'a ;b' contains ';'");
}

static void a_key_before_the_first_section_is_refused(void **state)
{
    assert_refused(state, "seed = 1\n" MINIMAL, MOTE_ERROR_PROPERTY,
                   "@:1: key 'seed' stands before the first section");
}

static void a_section_twice_is_refused_with_both_lines(void **state)
{
    assert_refused(state, MINIMAL "[x]\n[IN]\n", MOTE_ERROR_PROPERTY,
                   "@:5: section [IN] is already at line 2");
    assert_refused(state, MINIMAL "[in]\nunit = 2\n", MOTE_ERROR_PROPERTY,
                   "@:4: section [in] is already at line 2");
}

static void a_key_twice_is_refused_with_both_lines(void **state)
{
    assert_refused(state, MINIMAL "Type = conv2d\n", MOTE_ERROR_PROPERTY,
                   "@:4: [in]: key 'Type' is already at line 3");
}

static void an_empty_value_is_refused(void **state)
{
    assert_refused(state, MINIMAL "unit =\n", MOTE_ERROR_PROPERTY,
                   "@:4: [in]: key 'unit' has no value (\"\" is an empty text)");
    assert_refused(state, MINIMAL "unit = ; 3\n", MOTE_ERROR_PROPERTY, "key 'unit' has no value");
}

static void an_empty_key_is_refused(void **state)
{
    assert_refused(state, MINIMAL "= 5\n", MOTE_ERROR_PROPERTY,
                   "@:4: [in]: value '5' has no key before its '='");
}

static void a_quote_cut_by_a_comment_is_refused(void **state)
{
    assert_refused(state, MINIMAL "path = \"a ;b\"\n", MOTE_ERROR_PROPERTY,
                   "@:4: [in]: path = \"a: the quote is not closed (' ;' begins a comment, even "
                   "between quotes)");
    assert_refused(state, MINIMAL "path = \"\n", MOTE_ERROR_PROPERTY, "the quote is not closed");
}

static void a_number_sign_behind_a_value_is_refused(void **state)
{
    assert_refused(state, MINIMAL "path = a.bin # the file\n", MOTE_ERROR_PROPERTY,
                   "@:4: [in]: path = a.bin # the file: a comment behind a value begins with ' ;' "
                   "(quote the value if '#' belongs to it)");
}

static void control_characters_are_refused(void **state)
{
    const char text[] = MINIMAL "unit = 3\0 4\n";
    const char *const path = mote_test_write(state, "zero.ini", text, sizeof text - 1);
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    mote_description description;
    expect_raises(mote_description_load(path, NULL, 0, &arena, &description), MOTE_ERROR_FORMAT,
                  "zero.ini:4: character 9 is the control character 0x00");
    mote_arena_release(&arena);
    assert_refused(state, "[Model]\r[in]\rtype = input\r", MOTE_ERROR_FORMAT,
                   "@:1: character 8 is the control character 0x0D");
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
    assert_refused(state,
                   MINIMAL "path = gr\xFC\xDF"
                           "e\n",
                   MOTE_ERROR_FORMAT, "@:4: the line is not UTF-8");
    loaded l = load(state, MINIMAL "path = gr\xC3\xBC\xC3\x9F"
                                   "e\n");
    assert_string_equal(layer_value(&l, 0, "path"), "gr\xC3\xBC\xC3\x9F"
                                                    "e");
    mote_arena_release(&l.arena);
}

static void the_first_error_of_a_file_counts(void **state)
{
    assert_refused(state, MINIMAL "= 1\nx\n[\n", MOTE_ERROR_PROPERTY, "@:4: ");
    assert_refused(state, MINIMAL "x\n= 1\n", MOTE_ERROR_FORMAT, "@:4: ");
}

static void missing_files_and_folders_are_refused(void **state)
{
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    mote_description description;
    const char *const missing = mote_test_path(state, "none.ini");
    expect_raises(mote_description_load(missing, NULL, 0, &arena, &description), MOTE_ERROR_IO,
                  missing);
    expect_raises(mote_description_load(mote_test_folder(state), NULL, 0, &arena, &description),
                  MOTE_ERROR_IO, mote_test_folder(state));
    mote_arena_release(&arena);
}

static void an_empty_file_has_no_model(void **state)
{
    assert_refused(state, "", MOTE_ERROR_PROPERTY, "@: there is no section [Model]");
}

static void a_huge_file_is_no_model(void **state)
{
    const size_t bytes = (16U << 20U) + 1;
    char *const text = mote_test_memory(state, bytes);
    memset(text, '\n', bytes);
    const char *const path = mote_test_write(state, "huge.ini", text, bytes);
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    mote_description description;
    expect_raises(mote_description_load(path, NULL, 0, &arena, &description), MOTE_ERROR_FORMAT,
                  "huge.ini: 16777217 bytes are too many, accepted are at most 16777216");
    mote_arena_release(&arena);
}

/// So many sections, or keys in one of them.
static void assert_many_are_refused(void **state, const char *before, const char *behind,
                                    unsigned count, const char *message)
{
    const size_t bytes = 16 + (size_t)count * 32;
    char *const text = mote_test_memory(state, bytes);
    int length = snprintf(text, bytes, "[Model]\n");
    for (unsigned i = 0; i < count; i++)
        length += snprintf(text + length, bytes - (size_t)length, "%s%u%s\n", before, i, behind);
    assert_refused(state, text, MOTE_ERROR_FORMAT, message);
}

static void more_sections_or_keys_than_can_be_compared_are_refused(void **state)
{
    assert_many_are_refused(state, "[l", "]", 20000, "@:20001: there are more than 20000 sections");
    assert_many_are_refused(state, "k", " = 1", 1001,
                            "@:1002: [Model]: there are more than 1000 keys");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_and_keys_carry_their_lines),
        cmocka_unit_test(windows_line_ends_byte_order_mark_and_no_final_newline_are_read),
        cmocka_unit_test(indented_lines_are_lines_of_their_own),
        cmocka_unit_test(comments_behind_values_and_sections_are_cut),
        cmocka_unit_test(quotes_keep_blanks_and_number_signs),
        cmocka_unit_test(a_section_without_keys_is_not_lost),
        cmocka_unit_test(names_of_sections_may_be_long),
        cmocka_unit_test(a_line_of_199_characters_is_whole),
        cmocka_unit_test(a_longer_line_is_refused),
        cmocka_unit_test(a_long_comment_is_no_matter),
        cmocka_unit_test(a_line_that_goes_on_below_is_refused),
        cmocka_unit_test(a_colon_is_no_equals_sign),
        cmocka_unit_test(a_key_cut_by_a_comment_is_refused),
        cmocka_unit_test(a_section_that_is_not_closed_is_refused),
        cmocka_unit_test(text_behind_a_section_is_refused),
        cmocka_unit_test(bad_section_names_are_refused),
        cmocka_unit_test(a_key_before_the_first_section_is_refused),
        cmocka_unit_test(a_section_twice_is_refused_with_both_lines),
        cmocka_unit_test(a_key_twice_is_refused_with_both_lines),
        cmocka_unit_test(an_empty_value_is_refused),
        cmocka_unit_test(an_empty_key_is_refused),
        cmocka_unit_test(a_quote_cut_by_a_comment_is_refused),
        cmocka_unit_test(a_number_sign_behind_a_value_is_refused),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
        cmocka_unit_test(the_first_error_of_a_file_counts),
        cmocka_unit_test(missing_files_and_folders_are_refused),
        cmocka_unit_test(an_empty_file_has_no_model),
        cmocka_unit_test(more_sections_or_keys_than_can_be_compared_are_refused),
        cmocka_unit_test(a_huge_file_is_no_model),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
