// SPDX-License-Identifier: Apache-2.0
// Numbers from and to text.
#include "base/number.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool parses_integer(const char *text, uint64_t *value)
{
    return mote_number_parse_integer(text, strlen(text), value);
}

static bool parses_real(const char *text, double *value)
{
    return mote_number_parse_real(text, strlen(text), value);
}

static void whole_numbers_up_to_64_bits_are_read(void **unused)
{
    (void)unused;
    uint64_t value = 7;
    assert_true(parses_integer("0", &value));
    assert_true(value == 0);
    assert_true(parses_integer("00042", &value));
    assert_true(value == 42);
    assert_true(parses_integer("18446744073709551615", &value));
    assert_true(value == UINT64_MAX);
}

static void what_is_no_whole_number_is_refused_and_the_value_kept(void **unused)
{
    (void)unused;
    static const char *const cases[] = {"",
                                        "-1",
                                        "+1",
                                        "1.0",
                                        "1e3",
                                        "0x10",
                                        "1 ",
                                        " 1",
                                        "five",
                                        "1,2",
                                        "18446744073709551616",
                                        "99999999999999999999999"};
    uint64_t value = 7;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_false(parses_integer(cases[i], &value));
    assert_true(value == 7);
}

static void numbers_are_rounded_correctly(void **unused)
{
    (void)unused;

    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0.1", 0.1},
        {"-.5", -0.5},
        {"5.", 5.0},
        {"+1e-7", 1e-7},
        {"1E+3", 1000.0},
        {"0.30000000000000004", 0.30000000000000004},
        {"9007199254740993", 9007199254740992.0},
        {"2.2250738585072011e-308", 2.2250738585072011e-308},
        {"1e-400", 0.0},
        {"1.7976931348623157e308", DBL_MAX},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = 7.0;
        assert_true(parses_real(cases[i].text, &value));
        assert_true(value == cases[i].value);
    }
}

static void what_is_no_finite_decimal_number_is_refused(void **unused)
{
    (void)unused;
    static const char *const cases[] = {"",    "nan",   "inf",   "-inf",  "infinity", "0x1p3", "1e",
                                        "e5",  ".",     "+",     "1,5",   "1.5f",     "1 ",    " 1",
                                        "--1", "1e+-2", "1.2.3", "1e309", "-1e999",   "1e5.0"};
    double value = 7.0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_false(parses_real(cases[i], &value));
    assert_true(value == 7.0);
}

static void a_number_of_absurd_length_is_refused(void **unused)
{
    (void)unused;
    char text[200];
    memset(text, '1', sizeof text);
    double value = 7.0;
    assert_false(mote_number_parse_real(text, sizeof text, &value));
    assert_true(mote_number_parse_real(text, 127, &value));
}

static void only_the_given_characters_are_read(void **unused)
{
    (void)unused;
    double real = 0.0;
    uint64_t integer = 0;
    assert_true(mote_number_parse_real("1.25e9", 3, &real));
    assert_true(real == 1.2);
    assert_true(mote_number_parse_integer("123", 2, &integer));
    assert_true(integer == 12);
}

static void nine_digits_are_printed_where_they_do(void **unused)
{
    (void)unused;
    char text[40];
    assert_int_equal(mote_number_print_real(0.1, text, sizeof text), 3);
    assert_string_equal(text, "0.1");
    (void)mote_number_print_real(1e-7, text, sizeof text);
    assert_string_equal(text, "1e-07");
    (void)mote_number_print_real((double)0.1F, text, sizeof text);
    assert_string_equal(text, "0.10000000149011612");
    (void)mote_number_print_real(-65536.0, text, sizeof text);
    assert_string_equal(text, "-65536");
}

static void printed_numbers_are_cut_at_the_end_of_the_buffer(void **unused)
{
    (void)unused;
    char text[4] = "xyz";
    assert_int_equal(mote_number_print_real(0.125, text, sizeof text), 5);
    assert_string_equal(text, "0.1");
    assert_int_equal(mote_number_print_real(0.125, NULL, 0), 5);
}

static void assert_all_numbers_round_trip(void)
{
    uint64_t state = 88172645463325252U;
    for (size_t i = 0; i < 20000; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        double value = 0.0;
        memcpy(&value, &state, sizeof value);
        if (!isfinite(value))
            continue;
        char text[40];
        const size_t length = mote_number_print_real(value, text, sizeof text);
        double parsed = 0.0;
        assert_true(mote_number_parse_real(text, length, &parsed));
        assert_memory_equal(&parsed, &value, sizeof value);
    }
}

static void every_finite_number_round_trips(void **unused)
{
    (void)unused;
    assert_all_numbers_round_trip();
}

static bool choose_comma_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "ru_RU.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (setlocale(LC_ALL, names[i]))
            return true;
    }
    return false;
}

static void a_locale_with_a_decimal_comma_changes_nothing(void **unused)
{
    (void)unused;
    if (!choose_comma_locale())
        skip(); // this system has no such locale
    char text[40];
    (void)snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5");
    double value = 0.0;
    assert_true(parses_real("1.5e3", &value));
    assert_true(value == 1500.0);
    assert_false(parses_real("1,5", &value));
    (void)mote_number_print_real(0.125, text, sizeof text);
    assert_string_equal(text, "0.125");
    assert_all_numbers_round_trip();
    (void)setlocale(LC_ALL, "C");
}

static bool parses_bytes(const char *text, uint64_t *bytes)
{
    return mote_number_parse_bytes(text, strlen(text), bytes);
}

static void sizes_have_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"0", 0},
                {"17", 17},
                {"32MiB", 33554432},
                {"32 mib", 33554432},
                {"1.5 kB", 1500},
                {"1.2MB", 1200000},
                {"2GB", 2000000000},
                {".5 GiB", 536870912},
                {"18446744073709551615", UINT64_MAX}};

    static const char *const bad[] = {"",
                                      "MB",
                                      "1 TB",
                                      "1.5",
                                      "-1",
                                      "1e3",
                                      "1 M B",
                                      "18446744073709551616",
                                      "1kX",
                                      "1..5kB",
                                      "99999999999999 GiB"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t bytes = 1;
        char text[40];
        assert_true(parses_bytes(good[i].text, &bytes));
        assert_int_equal(bytes, good[i].bytes);
        (void)mote_number_print_bytes(bytes, text, sizeof text);
        assert_true(parses_bytes(text, &bytes));
        assert_int_equal(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t bytes = 1;
        assert_false(parses_bytes(bad[i], &bytes));
    }
}

static void hexadecimal_digits_are_sixteen(void **state)
{
    (void)state;
    char text[MOTE_HEX_DIGITS + 1] = "";
    mote_number_write_hex(0, text);
    assert_string_equal(text, "0000000000000000");
    mote_number_write_hex(UINT64_C(0x0123456789ABCDEF), text);
    assert_string_equal(text, "0123456789abcdef");
    mote_number_write_hex(UINT64_MAX, text);
    assert_string_equal(text, "ffffffffffffffff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_up_to_64_bits_are_read),
        cmocka_unit_test(what_is_no_whole_number_is_refused_and_the_value_kept),
        cmocka_unit_test(numbers_are_rounded_correctly),
        cmocka_unit_test(what_is_no_finite_decimal_number_is_refused),
        cmocka_unit_test(a_number_of_absurd_length_is_refused),
        cmocka_unit_test(only_the_given_characters_are_read),
        cmocka_unit_test(nine_digits_are_printed_where_they_do),
        cmocka_unit_test(printed_numbers_are_cut_at_the_end_of_the_buffer),
        cmocka_unit_test(every_finite_number_round_trips),
        cmocka_unit_test(a_locale_with_a_decimal_comma_changes_nothing),
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(hexadecimal_digits_are_sixteen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
