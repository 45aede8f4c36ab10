// SPDX-License-Identifier: Apache-2.0
// CRC-64/XZ against the published check value, and over any division of the bytes.
#include "base/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static mote_checksum_table table;

static int make_table(void **state)
{
    (void)state;
    mote_checksum_init(&table);
    return 0;
}

/// From the catalogue of parametrised CRC algorithms.
static void the_check_value_is_that_of_the_catalogue(void **state)
{
    (void)state;
    assert_int_equal(mote_checksum_add(&table, 0, "123456789", 9), UINT64_C(0x995DC9BBDF1939FA));
}

static void nothing_adds_nothing(void **state)
{
    (void)state;
    const uint64_t some = mote_checksum_add(&table, 0, "abc", 3);
    assert_int_equal(mote_checksum_add(&table, 0, "", 0), 0);
    assert_int_equal(mote_checksum_add(&table, some, "", 0), some);
}

static void parts_have_the_checksum_of_the_whole(void **state)
{
    (void)state;
    unsigned char bytes[61];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 37 + 11);
    const uint64_t whole = mote_checksum_add(&table, 0, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        const uint64_t head = mote_checksum_add(&table, 0, bytes, cut);
        assert_int_equal(mote_checksum_add(&table, head, bytes + cut, sizeof bytes - cut), whole);
    }
}

static void every_flipped_bit_is_seen(void **state)
{
    (void)state;
    unsigned char bytes[40];
    memset(bytes, 0x5A, sizeof bytes);
    const uint64_t whole = mote_checksum_add(&table, 0, bytes, sizeof bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
        assert_int_not_equal(mote_checksum_add(&table, 0, bytes, sizeof bytes), whole);
        bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_check_value_is_that_of_the_catalogue),
        cmocka_unit_test(nothing_adds_nothing),
        cmocka_unit_test(parts_have_the_checksum_of_the_whole),
        cmocka_unit_test(every_flipped_bit_is_seen),
    };
    return cmocka_run_group_tests(tests, make_table, NULL);
}
