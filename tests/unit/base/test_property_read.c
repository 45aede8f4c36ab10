// SPDX-License-Identifier: Apache-2.0
// Reading a section into several tables.
#include "base/property.h"

#include "support/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct common {
    bool trainable;
    uint64_t units;
} common;

static const mote_property common_table[] = {
    {.name = "trainable",
     .kind = MOTE_PROPERTY_BOOL,
     .initial = "true",
     .offset = offsetof(common, trainable)},
    {.name = "units",
     .kind = MOTE_PROPERTY_INTEGER,
     .initial = "9",
     .offset = offsetof(common, units)},
    {0},
};

typedef struct own {
    uint64_t units;
    double rate;
} own;

static const mote_property own_table[] = {
    {.name = "units",
     .kind = MOTE_PROPERTY_INTEGER,
     .minimum = 1,
     .maximum = 100,
     .offset = offsetof(own, units)},
    {.name = "rate", .kind = MOTE_PROPERTY_REAL, .initial = "0.5", .offset = offsetof(own, rate)},
    {0},
};

static common common_state;
static own own_state;

static mote_status read_section(const mote_entry *entries, size_t count)
{
    const mote_property_target targets[] = {{own_table, &own_state}, {common_table, &common_state}};
    const mote_origin origin = {.file = "m.ini", .line = 5};
    return mote_property_read(targets, 2, "layer 'fc'", &origin, entries, count);
}

static void each_entry_goes_to_the_first_table_with_its_key(void **unused)
{
    (void)unused;
    const mote_entry entries[] = {{"Trainable", "no", {"m.ini", 6}}, {"units", "3", {"m.ini", 7}}};
    expect_ok(read_section(entries, 2));
    assert_false(common_state.trainable);
    assert_int_equal(own_state.units, 3);
    assert_int_equal(common_state.units, 9);
    assert_true(own_state.rate == 0.5);
}

static void a_bad_value_names_its_own_line(void **unused)
{
    (void)unused;
    const mote_entry entries[] = {{"units", "0", {"m.ini", 7}}};
    expect_raises(read_section(entries, 1), MOTE_ERROR_PROPERTY,
                  "m.ini:7: layer 'fc': units = 0: expected a whole number from 1 to 100");
}

static void an_unknown_key_is_compared_with_all_tables(void **unused)
{
    (void)unused;
    const mote_entry first[] = {{"unit", "1", {"--set", 0}}};
    expect_raises(read_section(first, 1), MOTE_ERROR_PROPERTY,
                  "--set: layer 'fc': unknown key 'unit', did you mean 'units'?");
    const mote_entry second[] = {{"trainible", "1", {"m.ini", 8}}};
    expect_raises(read_section(second, 1), MOTE_ERROR_PROPERTY,
                  "m.ini:8: layer 'fc': unknown key 'trainible', did you mean 'trainable'?");
    const mote_entry third[] = {{"colour", "1", {"m.ini", 8}}};
    expect_raises(read_section(third, 1), MOTE_ERROR_PROPERTY,
                  "m.ini:8: layer 'fc': unknown key 'colour', expected one of: units, rate, "
                  "trainable, units");
}

static void a_missing_key_names_the_section_and_what_it_takes(void **unused)
{
    (void)unused;
    const mote_entry entries[] = {{"rate", "1", {"m.ini", 6}}};
    expect_raises(read_section(entries, 1), MOTE_ERROR_PROPERTY,
                  "m.ini:5: layer 'fc': key 'units' is missing, expected a whole number from 1 to "
                  "100");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_entry_goes_to_the_first_table_with_its_key),
        cmocka_unit_test(a_bad_value_names_its_own_line),
        cmocka_unit_test(an_unknown_key_is_compared_with_all_tables),
        cmocka_unit_test(a_missing_key_names_the_section_and_what_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
