// SPDX-License-Identifier: Apache-2.0
// Well-formed and malformed UTF-8.
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/// Encodes by the definition, without a check.
static size_t encode(uint32_t code, char text[4])
{
    if (code < 0x80) {
        text[0] = (char)code;
        return 1;
    }
    const size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        text[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    text[0] = (char)((0xF00U >> length & 0xF0U) | code);
    return length;
}

static void every_character_but_surrogates_is_accepted(void **unused)
{
    (void)unused;
    for (uint32_t code = 0; code < 0x110000; code++) {
        char text[4];
        const size_t length = encode(code, text);
        assert_int_equal(mote_utf8_check(text, length), code < 0xD800 || code > 0xDFFF);
    }
}

static void a_cut_character_is_refused(void **unused)
{
    (void)unused;
    static const char text[] = "\xF0\x9F\x99\x82";
    assert_true(mote_utf8_check(text, 4));
    for (size_t length = 1; length < 4; length++)
        assert_false(mote_utf8_check(text, length));
}

static void malformed_bytes_are_refused(void **unused)
{
    (void)unused;
    static const char *const cases[] = {"\x80",
                                        "\xC0\x80",
                                        "\xC1\xBF",
                                        "\xE0\x9F\xBF",
                                        "\xF0\x8F\xBF\xBF",
                                        "\xF4\x90\x80\x80",
                                        "\xF5\x80\x80\x80",
                                        "\xFF",
                                        "\xC3(",
                                        "\xE2\x82(",
                                        "ok\xFE"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_false(mote_utf8_check(cases[i], strlen(cases[i])));
}

static void mixed_text_and_nothing_are_accepted(void **unused)
{
    (void)unused;
    static const char text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x99\x82z";
    assert_true(mote_utf8_check(text, sizeof text));
    assert_true(mote_utf8_check(text, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_but_surrogates_is_accepted),
        cmocka_unit_test(a_cut_character_is_refused),
        cmocka_unit_test(malformed_bytes_are_refused),
        cmocka_unit_test(mixed_text_and_nothing_are_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
