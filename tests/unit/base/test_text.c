// SPDX-License-Identifier: Apache-2.0
// Text: writing, trimming, comparing, the nearest name.
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct sink {
    char text[6000];
    size_t length;
} sink;

static void add_to_sink(void *user, const char *text, size_t length)
{
    sink *const s = user;
    memcpy(s->text + s->length, text, length);
    s->length += length;
}

static const char *name_at(const void *user, size_t index)
{
    return ((const char *const *)user)[index];
}

static const char *nearest(const char *word)
{
    static const char *const names[] = {"filters", "kernel_size", "stride", "padding",
                                        "units",   "unit",        "max"};
    return mote_text_nearest(word, name_at, names, sizeof names / sizeof names[0]);
}

static void written_text_goes_to_the_sink(void **unused)
{
    (void)unused;
    static sink s;
    const mote_writer writer = {.user = &s, .write = add_to_sink};
    mote_write(&writer, "%s=%d", "a", 1);
    mote_write(&writer, ";%c", 'z');
    assert_int_equal(s.length, 5);
    assert_memory_equal(s.text, "a=1;z", 5);
}

static void a_very_long_text_is_cut(void **unused)
{
    (void)unused;
    static sink s;
    const mote_writer writer = {.user = &s, .write = add_to_sink};
    mote_write(&writer, "%5000d", 1);
    assert_int_equal(s.length, 4095);
}

static void an_empty_text_is_not_written(void **unused)
{
    (void)unused;
    static sink s;
    const mote_writer writer = {.user = &s, .write = add_to_sink};
    mote_write(&writer, "%s", "");
    assert_int_equal(s.length, 0);
}

static void equality_ignores_the_case_of_letters_only(void **unused)
{
    (void)unused;
    assert_true(mote_text_equal("Kernel_Size", "kernel_sIZE"));
    assert_true(mote_text_equal("", ""));
    assert_false(mote_text_equal("kernel", "kernels"));
    assert_false(mote_text_equal("kernels", "kernel"));
    assert_false(mote_text_equal("a[", "a{"));
    assert_false(mote_text_equal("\xC3\xA9", "\xC3\x89"));
}

static void ends_are_compared_without_case(void **unused)
{
    (void)unused;
    assert_true(mote_text_ends("a/b.WAV", ".wav"));
    assert_true(mote_text_ends("wav", "wav"));
    assert_true(mote_text_ends("wav", ""));
    assert_false(mote_text_ends("av", "wav"));
    assert_false(mote_text_ends("a.wav.gz", ".wav"));
}

static void trimming_cuts_blanks_and_one_pair_of_quotes(void **unused)
{
    (void)unused;
    static const char *const cases[][2] = {
        {"  a b\t\r\n", "a b"}, {"\"a\"", "a"}, {" \" a \" ", " a "}, {"\"\"a\"\"", "\"a\""},
        {"\"", "\""},           {"\"a", "\"a"}, {"   ", ""},          {"", ""},
        {"\"\"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[16];
        memcpy(text, cases[i][0], strlen(cases[i][0]) + 1);
        assert_string_equal(mote_text_trim(text), cases[i][1]);
    }
}

static void the_nearest_name_is_at_most_two_edits_away(void **unused)
{
    (void)unused;
    assert_string_equal(nearest("filter"), "filters");
    assert_string_equal(nearest("filtesr"), "filters");
    assert_string_equal(nearest("Kernel_sise"), "kernel_size");
    assert_string_equal(nearest("kernelsizes"), "kernel_size");
    assert_string_equal(nearest("STRIDES"), "stride");
    assert_string_equal(nearest("padding"), "padding");
    assert_null(nearest("fltrs_"));
    assert_null(nearest("learning_rate"));
}

static void a_short_word_has_no_far_neighbour(void **unused)
{
    (void)unused;
    assert_null(nearest("mx")); // one edit is half of the word
    assert_string_equal(nearest("mac"), "max");
    assert_null(nearest("mac_"));
    assert_null(nearest(""));
}

static void the_first_of_the_closest_names_wins(void **unused)
{
    (void)unused;
    assert_string_equal(nearest("unitd"), "units");
    static const char *const names[] = {"beta1", "beta2"};
    assert_string_equal(mote_text_nearest("beta3", name_at, names, 2), "beta1");
}

static void a_word_of_any_length_is_safe(void **unused)
{
    (void)unused;
    static char word[5000];
    memset(word, 'w', sizeof word - 1);
    assert_null(nearest(word));
    word[63] = '\0';
    assert_null(nearest(word));
    const char *const names[] = {word};
    assert_ptr_equal(mote_text_nearest(word, name_at, names, 1), word);
}

static void a_hint_names_the_nearest_or_nothing(void **unused)
{
    (void)unused;
    char hint[64];
    assert_string_equal(mote_text_hint("filters", hint, sizeof hint), ", did you mean 'filters'?");
    assert_string_equal(mote_text_hint(NULL, hint, sizeof hint), "");
    char small[8];
    assert_string_equal(mote_text_hint("filters", small, sizeof small), ", did y");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_text_goes_to_the_sink),
        cmocka_unit_test(a_very_long_text_is_cut),
        cmocka_unit_test(an_empty_text_is_not_written),
        cmocka_unit_test(equality_ignores_the_case_of_letters_only),
        cmocka_unit_test(ends_are_compared_without_case),
        cmocka_unit_test(trimming_cuts_blanks_and_one_pair_of_quotes),
        cmocka_unit_test(the_nearest_name_is_at_most_two_edits_away),
        cmocka_unit_test(a_short_word_has_no_far_neighbour),
        cmocka_unit_test(the_first_of_the_closest_names_wins),
        cmocka_unit_test(a_word_of_any_length_is_safe),
        cmocka_unit_test(a_hint_names_the_nearest_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
