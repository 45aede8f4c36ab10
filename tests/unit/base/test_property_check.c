// SPDX-License-Identifier: Apache-2.0
// Tables of properties from outside: what makes one unfit is named, with the row.
#include "base/property.h"
#include "support/expect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

typedef struct fields {
    uint64_t whole;
    double part;
    mote_property_integers list;
    uint32_t choice;
    bool yes;
} fields;

static const char *const words[] = {"a", "b", NULL};

static const mote_property good[] = {
    {"whole", MOTE_PROPERTY_INTEGER, "3", 1, 9, .offset = offsetof(fields, whole), .help = "h"},
    {"part", MOTE_PROPERTY_REAL, NULL, .offset = offsetof(fields, part), .help = "h"},
    {"list_2", MOTE_PROPERTY_INTEGERS, "1,2", .count_maximum = 3, .offset = offsetof(fields, list),
     .help = "h"},
    {"choice", MOTE_PROPERTY_CHOICE, "b", .choices = words, .offset = offsetof(fields, choice),
     .help = "h"},
    {"yes", MOTE_PROPERTY_BOOL, "no", .offset = offsetof(fields, yes), .help = "h"},
    {.name = NULL},
};

static mote_status check(const mote_property *table)
{
    return mote_property_check_table(table, sizeof(fields), "layer 'x'");
}

/// A table of row 0 as it is changed by a test.
static void refuse(mote_property row, const char *text)
{
    const mote_property table[] = {good[1], row, {.name = NULL}};
    char all[256];
    (void)snprintf(all, sizeof all, "layer 'x': property '%s': %s", row.name, text);
    expect_raises(check(table), MOTE_ERROR_ARGUMENT, all);
}

static void a_table_that_holds_is_accepted(void **unused)
{
    (void)unused;
    expect_ok(check(good));
    expect_ok(check(NULL));
}

static void names_are_lower_case_and_single(void **unused)
{
    (void)unused;
    static const char *const names[] = {"", "Whole", "a b", "1a", "a.b", "_a"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        mote_property row = good[0];
        row.name = names[i];
        refuse(row, "a name has lower-case letters, digits and '_', a letter first");
    }
    mote_property row = good[0];
    row.name = "part";
    refuse(row, "there are two of this name");
    assert_true(mote_property_is_name("a_1"));
}

static void words_are_there(void **unused)
{
    (void)unused;
    static const char *const none[] = {NULL};
    mote_property row = good[0];
    row.help = NULL;
    refuse(row, "help is missing");
    row.help = "two\nlines";
    refuse(row, "help has several lines, expected one");
    row = good[3];
    row.choices = none;
    refuse(row, "choices are missing");
    row.choices = NULL;
    refuse(row, "choices are missing");
}

static void numbers_fit_together(void **unused)
{
    (void)unused;
    mote_property row = good[0];
    row.maximum = 0.5;
    refuse(row, "its minimum is above its maximum");
    row.maximum = (double)NAN;
    refuse(row, "its minimum is above its maximum");
    row = good[0];
    row.kind = (mote_property_kind)99;
    refuse(row, "its kind is none of mote_property_kind");
    row = good[2];
    row.count_maximum = 17;
    refuse(row, "a list has a count_minimum up to its count_maximum, at most 16");
    row.count_maximum = 2;
    row.count_minimum = 3;
    refuse(row, "a list has a count_minimum up to its count_maximum, at most 16");
}

static void defaults_are_what_the_row_accepts(void **unused)
{
    (void)unused;
    mote_property row = good[0];
    row.initial = "10";
    refuse(row, "default '10': expected a whole number from 1 to 9");
    row = good[3];
    row.initial = "c";
    refuse(row, "default 'c': expected ");
}

static void choices_that_no_message_holds_are_refused(void **unused)
{
    static const char longest[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
    const char *many[20] = {NULL};
    (void)unused;
    for (size_t i = 0; i < 19; i++)
        many[i] = longest;
    mote_property row = good[3];
    row.choices = many;
    row.initial = NULL;
    refuse(row, "its choices are too long to be written in a message");
}

static void fields_lie_in_the_state_each_by_itself(void **unused)
{
    (void)unused;
    mote_property row = good[0];
    row.offset = sizeof(fields) - 4;
    char text[128];
    (void)snprintf(text, sizeof text,
                   "8 bytes at offset %zu are not in the state, which has state_bytes = %zu",
                   sizeof(fields) - 4, sizeof(fields));
    refuse(row, text);
    row.offset = SIZE_MAX;
    refuse(row, "8 bytes at offset 18446744073709551615 are not in the state");
    row.offset = 4;
    refuse(row, "its offset is not that of a field of its kind");
    row.offset = offsetof(fields, part);
    refuse(row, "its field lies over that of 'part'");
}

static void a_table_without_an_end_is_noticed(void **unused)
{
    static char names[66][4];
    static mote_property table[66];
    (void)unused;
    for (size_t i = 0; i < 66; i++) {
        (void)snprintf(names[i], sizeof names[i], "p%zu", i);
        table[i] = good[0];
        table[i].name = names[i];
        table[i].offset = i * sizeof(uint64_t);
    }
    expect_raises(mote_property_check_table(table, 66 * sizeof(uint64_t), "loss 'x'"),
                  MOTE_ERROR_ARGUMENT,
                  "loss 'x': more than 64 properties, or no row without a name at the end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_that_holds_is_accepted),
        cmocka_unit_test(names_are_lower_case_and_single),
        cmocka_unit_test(words_are_there),
        cmocka_unit_test(numbers_fit_together),
        cmocka_unit_test(defaults_are_what_the_row_accepts),
        cmocka_unit_test(choices_that_no_message_holds_are_refused),
        cmocka_unit_test(fields_lie_in_the_state_each_by_itself),
        cmocka_unit_test(a_table_without_an_end_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
