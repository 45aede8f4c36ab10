// SPDX-License-Identifier: Apache-2.0
// Property tables: values, messages, texts.
#include "base/property.h"

#include "support/expect.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct state {
    bool bias;
    uint64_t filters, seed, anything;
    double rate, momentum, scale;
    uint32_t pooling;
    const char *path;
    mote_property_integers kernel_size, shape, stride, choose;
    mote_property_reals mean;
    mote_property_padding padding;
} state;

static const char *const poolings[] = {"max", "average", "global_max", NULL};

#define ROW(row_kind, field) \
    .name = #field, .kind = MOTE_PROPERTY_##row_kind, .offset = offsetof(state, field)

static const mote_property table[] = {
    {ROW(BOOL, bias), .initial = "true", .help = "adds a bias"},
    {ROW(INTEGER, filters), .minimum = 1, .maximum = 65536, .help = "output channels"},
    {ROW(INTEGER, seed), .initial = "1", .maximum = 0x1p64, .help = "of random numbers"},
    {ROW(INTEGER, anything), .initial = "0", .help = "without limits"},
    {ROW(REAL, rate), .initial = "0.1", .maximum = 1.0, .help = "share"},
    {ROW(REAL, momentum), .initial = "0", .maximum = DBL_MAX, .help = "of sgd"},
    {ROW(REAL, scale), .initial = "1", .minimum = -DBL_MAX, .maximum = 2.5, .help = "factor"},
    {ROW(CHOICE, pooling), .initial = "average", .choices = poolings, .help = "kind"},
    {ROW(TEXT, path), .initial = "", .help = "where"},
    {ROW(INTEGERS, kernel_size), .initial = "1", .minimum = 1, .maximum = 65536, .count_minimum = 1,
     .count_maximum = 2, .help = "height and width"},
    {ROW(INTEGERS, shape), .initial = "", .minimum = 1, .maximum = 0x1p64, .count_maximum = 4,
     .help = "channels, height, width"},
    {ROW(INTEGERS, stride), .initial = "1,1", .minimum = 1, .maximum = 8, .count_minimum = 2,
     .count_maximum = 2, .help = "steps"},
    {ROW(INTEGERS, choose), .initial = "3", .count_minimum = 1, .count_maximum = 1, .help = "one"},
    {ROW(REALS, mean), .initial = "", .minimum = -1.0, .maximum = 1.0, .help = "a channel"},
    {ROW(PADDING, padding), .initial = "valid", .maximum = 65536, .help = "cells around"},
    {0},
};

static state make_state(void)
{
    state s;
    memset(&s, 0, sizeof s);
    mote_property_set_defaults(table, &s);
    return s;
}

static mote_status set(state *s, const char *key, const char *value)
{
    const mote_entry entry = {.key = key, .value = value, .origin = {"lenet5.ini", 14}};
    return mote_property_set(table, s, "layer 'conv1'", &entry);
}

static void assert_set(const char *key, const char *value, const char *text)
{
    state s = make_state();
    expect_ok(set(&s, key, value));
    char got[128];
    const size_t length = mote_property_get(mote_property_find(table, key), &s, got, sizeof got);
    assert_string_equal(got, text);
    assert_int_equal(length, strlen(text));
}

static void assert_refused(const char *key, const char *value, const char *message)
{
    state s = make_state();
    const state before = s;
    expect_raises(set(&s, key, value), MOTE_ERROR_PROPERTY, message);
    assert_memory_equal(&s, &before, sizeof s);
}

static void keys_are_found_in_any_case(void **unused)
{
    (void)unused;
    assert_ptr_equal(mote_property_find(table, "Kernel_SIZE"), &table[9]);
    assert_null(mote_property_find(table, "kernel"));
    assert_int_equal(mote_property_count(table), 15);
}

static void defaults_are_parsed_like_values(void **unused)
{
    (void)unused;
    const state s = make_state();
    assert_true(s.bias);
    assert_int_equal(s.filters, 0);
    assert_int_equal(s.pooling, 1);
    assert_true(s.rate == 0.1);
    assert_string_equal(s.path, "");
    assert_int_equal(s.kernel_size.count, 1);
    assert_int_equal(s.shape.count, 0);
}

static void switches_are_read_in_several_ways(void **unused)
{
    (void)unused;
    assert_set("bias", "TRUE", "true");
    assert_set("bias", "yes", "true");
    assert_set("bias", "1", "true");
    assert_set("bias", "False", "false");
    assert_set("bias", "no", "false");
    assert_set("bias", "0", "false");
    assert_refused("bias", "on", "lenet5.ini:14: layer 'conv1': bias = on: expected true or false");
}

static void whole_numbers_are_read_exactly(void **unused)
{
    (void)unused;
    assert_set("filters", "65536", "65536");
    assert_set("seed", "18446744073709551615", "18446744073709551615");
    assert_set("anything", "18446744073709551614", "18446744073709551614");
}

static void whole_numbers_out_of_range_are_refused(void **unused)
{
    (void)unused;
    static const char *const values[] = {"0",   "65537", "-1", "1.5",
                                         "1e2", "six",   "",   "99999999999999999999"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char message[200];
        (void)snprintf(message, sizeof message,
                       "lenet5.ini:14: layer 'conv1': filters = %s: expected a whole number from 1 "
                       "to 65536",
                       values[i]);
        assert_refused("filters", values[i], message);
    }
}

static void numbers_are_read_and_their_limits_are_inclusive(void **unused)
{
    (void)unused;
    assert_set("rate", "1", "1");
    assert_set("rate", "0.25", "0.25");
    assert_set("momentum", "1e300", "1e+300");
    assert_set("scale", "-7.5", "-7.5");
    assert_refused("rate", "1.5",
                   "lenet5.ini:14: layer 'conv1': rate = 1.5: expected a number from 0 to 1");
    assert_refused("rate", "nan",
                   "lenet5.ini:14: layer 'conv1': rate = nan: expected a number from 0 to 1");
    assert_refused("momentum", "-1",
                   "lenet5.ini:14: layer 'conv1': momentum = -1: expected a number of at least 0");
    assert_refused("scale", "2.6",
                   "lenet5.ini:14: layer 'conv1': scale = 2.6: expected a number of at most 2.5");
}

static void choices_are_read_in_any_case_and_refused_with_a_hint(void **unused)
{
    (void)unused;
    assert_set("pooling", "Global_Max", "global_max");
    assert_refused("pooling", "averge",
                   "lenet5.ini:14: layer 'conv1': pooling = averge: expected one of max, average, "
                   "global_max, did you mean 'average'?");
    assert_refused("pooling", "lp",
                   "lenet5.ini:14: layer 'conv1': pooling = lp: expected one of max, average, "
                   "global_max");
}

static void blanks_and_quotes_around_values_do_not_count(void **unused)
{
    (void)unused;
    assert_set("filters", "  12\t", "12");
    assert_set("filters", "\"12\"", "12");
    assert_set("pooling", " \" max \" ", "max");
    assert_set("kernel_size", "\"3 , 4\"", "3,4");
    assert_refused("filters", "\"12",
                   "lenet5.ini:14: layer 'conv1': filters = \"12: expected a whole number from 1 "
                   "to 65536");
}

static void text_is_borrowed_as_it_is(void **unused)
{
    (void)unused;
    state s = make_state();
    static const char value[] = " any text: 'even' \"this\", ";
    expect_ok(set(&s, "path", value));
    assert_ptr_equal(s.path, value);
    assert_set("path", value, value);
}

static void lists_take_commas_or_colons(void **unused)
{
    (void)unused;
    assert_set("shape", "1:28:28", "1,28,28");
    assert_set("shape", "3, 32 ,32", "3,32,32");
    assert_set("shape", "", "");
    assert_set("mean", "-1, .5:0.25", "-1,0.5,0.25");
}

static void lists_of_wrong_length_or_content_are_refused(void **unused)
{
    (void)unused;
    assert_refused("kernel_size", "5,x",
                   "lenet5.ini:14: layer 'conv1': kernel_size = 5,x: expected 1 to 2 whole numbers "
                   "from 1 to 65536");
    assert_refused("kernel_size", "",
                   "lenet5.ini:14: layer 'conv1': kernel_size = : expected 1 to 2 whole numbers "
                   "from 1 to 65536");
    assert_refused("kernel_size", "1,2,3",
                   "lenet5.ini:14: layer 'conv1': kernel_size = 1,2,3: expected 1 to 2 whole "
                   "numbers from 1 to 65536");
    assert_refused("shape", "1,,2",
                   "lenet5.ini:14: layer 'conv1': shape = 1,,2: expected up to 4 whole numbers of "
                   "at least 1");
    assert_refused("stride", "9",
                   "lenet5.ini:14: layer 'conv1': stride = 9: expected 2 whole numbers from 1 to "
                   "8");
    assert_refused("choose", "1,2",
                   "lenet5.ini:14: layer 'conv1': choose = 1,2: expected 1 whole number");
    assert_refused("mean", "0,2",
                   "lenet5.ini:14: layer 'conv1': mean = 0,2: expected up to 16 numbers from -1 to "
                   "1");
    assert_refused("mean", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
                   "lenet5.ini:14: layer 'conv1': mean = 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1: "
                   "expected up to 16 numbers from -1 to 1");
}

static void padding_is_a_word_or_one_two_or_four_numbers(void **unused)
{
    (void)unused;
    state s = make_state();
    expect_ok(set(&s, "padding", "2,3"));
    assert_true(s.padding.top == 2 && s.padding.bottom == 2);
    assert_true(s.padding.left == 3 && s.padding.right == 3);
    expect_ok(set(&s, "padding", "1:2:3:4"));
    assert_true(s.padding.top == 1 && s.padding.bottom == 2);
    assert_true(s.padding.left == 3 && s.padding.right == 4);
    assert_false(s.padding.same);
    expect_ok(set(&s, "padding", "SAME"));
    assert_true(s.padding.same);
    assert_true(s.padding.top + s.padding.bottom + s.padding.left + s.padding.right == 0);
}

static void padding_is_written_in_its_shortest_form(void **unused)
{
    (void)unused;
    assert_set("padding", "same", "same");
    assert_set("padding", "Valid", "valid");
    assert_set("padding", "0,0,0,0", "valid");
    assert_set("padding", "2,2", "2");
    assert_set("padding", "2,2,3,3", "2,3");
    assert_set("padding", "0,1,0,1", "0,1,0,1");
}

static void padding_of_three_numbers_is_refused(void **unused)
{
    (void)unused;
    assert_refused("padding", "1,2,3",
                   "lenet5.ini:14: layer 'conv1': padding = 1,2,3: expected valid, same, n, h,w or "
                   "t,b,l,r in whole numbers from 0 to 65536");
    assert_refused("padding", "",
                   "lenet5.ini:14: layer 'conv1': padding = : expected valid, same, n, h,w or "
                   "t,b,l,r in whole numbers from 0 to 65536");
    assert_refused("padding", "1,-1",
                   "lenet5.ini:14: layer 'conv1': padding = 1,-1: expected valid, same, n, h,w or "
                   "t,b,l,r in whole numbers from 0 to 65536");
}

static void an_unknown_key_gets_the_one_that_was_meant(void **unused)
{
    (void)unused;
    assert_refused("filter", "3",
                   "lenet5.ini:14: layer 'conv1': unknown key 'filter', did you mean 'filters'?");
}

static void a_key_unlike_any_other_gets_the_list(void **unused)
{
    (void)unused;
    assert_refused("colour", "3",
                   "lenet5.ini:14: layer 'conv1': unknown key 'colour', expected one of: bias, "
                   "filters, seed, anything, rate, momentum, scale, pooling, path, kernel_size, "
                   "shape, stride, choose, mean, padding");
}

static void a_very_long_value_leaves_room_for_what_is_accepted(void **unused)
{
    (void)unused;
    static char value[5000];
    memset(value, '7', sizeof value - 1);
    state s = make_state();
    assert_int_equal(set(&s, "filters", value), MOTE_ERROR_PROPERTY);
    assert_non_null(
        strstr(mote_last_error()->message, "7: expected a whole number from 1 to 65536"));
}

static void real_numbers_round_trip(void **unused)
{
    (void)unused;
    static const double values[] = {0.1, 1.0 / 3.0, 5e-324, 0.0, 0x1.fffffffffffffp-1};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        state s = make_state();
        s.rate = values[i];
        char text[64];
        (void)mote_property_get(mote_property_find(table, "rate"), &s, text, sizeof text);
        s.rate = 7.0;
        expect_ok(set(&s, "rate", text));
        assert_true(s.rate == values[i]);
    }
}

static void text_of_a_value_is_cut_at_the_end_of_the_buffer(void **unused)
{
    (void)unused;
    state s = make_state();
    expect_ok(set(&s, "shape", "123,456,789"));
    char text[6] = "xxxxx";
    const mote_property *const row = mote_property_find(table, "shape");
    assert_int_equal(mote_property_get(row, &s, text, sizeof text), 11);
    assert_string_equal(text, "123,4");
    assert_int_equal(mote_property_get(row, &s, NULL, 0), 11);
}

static void a_text_that_was_never_set_is_empty(void **unused)
{
    (void)unused;
    const state s = {.path = NULL};
    char text[6] = "xxxxx";
    assert_int_equal(mote_property_get(mote_property_find(table, "path"), &s, text, sizeof text),
                     0);
    assert_string_equal(text, "");
}

static void what_a_row_accepts_is_said_in_words(void **unused)
{
    (void)unused;
    char text[64];
    const size_t length = mote_property_accepts(&table[1], text, sizeof text);
    assert_string_equal(text, "a whole number from 1 to 65536");
    assert_int_equal(length, strlen(text));
    (void)mote_property_accepts(mote_property_find(table, "seed"), text, sizeof text);
    assert_string_equal(text, "a whole number");
    (void)mote_property_accepts(mote_property_find(table, "path"), text, sizeof text);
    assert_string_equal(text, "text");
}

static void an_origin_is_a_line_a_switch_or_nothing(void **unused)
{
    (void)unused;
    char text[32];
    assert_string_equal(mote_origin_text(&(mote_origin){"a.ini", 3}, text, sizeof text),
                        "a.ini:3: ");
    assert_string_equal(mote_origin_text(&(mote_origin){"--set", 0}, text, sizeof text), "--set: ");
    assert_string_equal(mote_origin_text(&(mote_origin){NULL, 0}, text, sizeof text), "");
}

static void a_row_is_described_as_it_parses(void **unused)
{
    (void)unused;
    mote_property_info info;
    mote_property_describe(mote_property_find(table, "filters"), &info);
    assert_string_equal(info.name, "filters");
    assert_string_equal(mote_property_kind_name(info.kind), "integer");
    assert_null(info.initial);
    assert_true(info.has_limits);
    assert_true(info.minimum == 1.0 && info.maximum == 65536.0);
    assert_null(info.choices);
    assert_int_equal(info.count_minimum, 1);
    assert_int_equal(info.count_maximum, 1);
    assert_string_equal(info.help, "output channels");
    assert_string_equal(info.accepts, "a whole number from 1 to 65536");
    mote_property_describe(mote_property_find(table, "anything"), &info);
    assert_string_equal(info.initial, "0");
    assert_false(info.has_limits);
}

static void a_list_and_a_choice_are_described_with_what_they_may_hold(void **unused)
{
    (void)unused;
    mote_property_info info;
    const mote_property *const list = mote_property_find(table, "kernel_size");
    mote_property_describe(list, &info);
    assert_string_equal(mote_property_kind_name(info.kind), "integers");
    assert_int_equal(info.count_minimum, list->count_minimum);
    assert_int_equal(info.count_maximum, list->count_maximum);
    mote_property_describe(mote_property_find(table, "pooling"), &info);
    assert_string_equal(mote_property_kind_name(info.kind), "choice");
    assert_ptr_equal(info.choices, poolings);
}

static void a_kind_that_is_none_is_called_unknown(void **unused)
{
    (void)unused;
    assert_string_equal(mote_property_kind_name((mote_property_kind)99), "unknown");
}

static void a_field_is_initial_as_long_as_it_has_its_default(void **unused)
{
    (void)unused;
    state s = {0};
    mote_property_set_defaults(table, &s);
    for (const mote_property *row = table; row->name; row++)
        assert_true(mote_property_is_initial(row, &s));
    s.filters = 7; // required: there is no default
    s.rate = 0.5;
    s.bias = false;
    assert_true(mote_property_is_initial(mote_property_find(table, "filters"), &s));
    assert_true(mote_property_is_initial(mote_property_find(table, "momentum"), &s));
    assert_false(mote_property_is_initial(mote_property_find(table, "rate"), &s));
    assert_false(mote_property_is_initial(mote_property_find(table, "bias"), &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_in_any_case),
        cmocka_unit_test(defaults_are_parsed_like_values),
        cmocka_unit_test(switches_are_read_in_several_ways),
        cmocka_unit_test(whole_numbers_are_read_exactly),
        cmocka_unit_test(whole_numbers_out_of_range_are_refused),
        cmocka_unit_test(numbers_are_read_and_their_limits_are_inclusive),
        cmocka_unit_test(choices_are_read_in_any_case_and_refused_with_a_hint),
        cmocka_unit_test(blanks_and_quotes_around_values_do_not_count),
        cmocka_unit_test(text_is_borrowed_as_it_is),
        cmocka_unit_test(lists_take_commas_or_colons),
        cmocka_unit_test(lists_of_wrong_length_or_content_are_refused),
        cmocka_unit_test(padding_is_a_word_or_one_two_or_four_numbers),
        cmocka_unit_test(padding_is_written_in_its_shortest_form),
        cmocka_unit_test(padding_of_three_numbers_is_refused),
        cmocka_unit_test(an_unknown_key_gets_the_one_that_was_meant),
        cmocka_unit_test(a_key_unlike_any_other_gets_the_list),
        cmocka_unit_test(a_very_long_value_leaves_room_for_what_is_accepted),
        cmocka_unit_test(real_numbers_round_trip),
        cmocka_unit_test(text_of_a_value_is_cut_at_the_end_of_the_buffer),
        cmocka_unit_test(a_text_that_was_never_set_is_empty),
        cmocka_unit_test(what_a_row_accepts_is_said_in_words),
        cmocka_unit_test(a_row_is_described_as_it_parses),
        cmocka_unit_test(a_list_and_a_choice_are_described_with_what_they_may_hold),
        cmocka_unit_test(a_kind_that_is_none_is_called_unknown),
        cmocka_unit_test(an_origin_is_a_line_a_switch_or_nothing),
        cmocka_unit_test(a_field_is_initial_as_long_as_it_has_its_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
