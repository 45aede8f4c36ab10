// SPDX-License-Identifier: Apache-2.0
// Hashes against published values.
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void name_hashes_are_fnv_1a(void **unused)
{
    (void)unused;
    assert_true(mote_hash_name("") == 0xCBF29CE484222325U);
    assert_true(mote_hash_name("a") == 0xAF63DC4C8601EC8CU);
    assert_true(mote_hash_name("foobar") == 0x85944171F73967E8U);
}

static void sha256_of_nothing_is_known(void **unused)
{
    (void)unused;
    mote_sha256 hash;
    char text[MOTE_SHA256_TEXT_BYTES];
    mote_sha256_init(&hash);
    mote_sha256_finish(&hash, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void sha256_of_pieces_is_sha256_of_the_whole(void **unused)
{
    (void)unused;
    static const char whole[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    mote_sha256 hash;
    char text[MOTE_SHA256_TEXT_BYTES];
    for (size_t cut = 0; cut < sizeof whole; cut++) {
        mote_sha256_init(&hash);
        mote_sha256_add(&hash, whole, cut);
        mote_sha256_add(&hash, whole + cut, sizeof whole - 1 - cut);
        mote_sha256_finish(&hash, text);
        assert_string_equal(text,
                            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    }
}

static void a_million_letters_hash_as_published(void **unused)
{
    (void)unused;
    char letters[1000];
    memset(letters, 'a', sizeof letters);
    mote_sha256 hash;
    char text[MOTE_SHA256_TEXT_BYTES];
    mote_sha256_init(&hash);
    for (size_t i = 0; i < 1000; i++)
        mote_sha256_add(&hash, letters, sizeof letters);
    mote_sha256_finish(&hash, text);
    assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void texts_are_added_with_their_end(void **unused)
{
    (void)unused;
    mote_sha256 first;
    mote_sha256 second;
    char text[2][MOTE_SHA256_TEXT_BYTES];
    mote_sha256_init(&first);
    mote_sha256_add_text(&first, "ab");
    mote_sha256_add_text(&first, "c");
    mote_sha256_finish(&first, text[0]);
    mote_sha256_init(&second);
    mote_sha256_add(&second, "ab\0c\0", 5);
    mote_sha256_finish(&second, text[1]);
    assert_string_equal(text[0], text[1]);
}

static void numbers_are_added_as_eight_bytes_little_endian(void **unused)
{
    (void)unused;
    mote_sha256 first;
    mote_sha256 second;
    char text[2][MOTE_SHA256_TEXT_BYTES];
    mote_sha256_init(&first);
    mote_sha256_add_number(&first, 0x0102030405060708U);
    mote_sha256_finish(&first, text[0]);
    mote_sha256_init(&second);
    mote_sha256_add(&second, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
    mote_sha256_finish(&second, text[1]);
    assert_string_equal(text[0], text[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_hashes_are_fnv_1a),
        cmocka_unit_test(sha256_of_nothing_is_known),
        cmocka_unit_test(sha256_of_pieces_is_sha256_of_the_whole),
        cmocka_unit_test(a_million_letters_hash_as_published),
        cmocka_unit_test(texts_are_added_with_their_end),
        cmocka_unit_test(numbers_are_added_as_eight_bytes_little_endian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
