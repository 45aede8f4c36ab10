// SPDX-License-Identifier: Apache-2.0
// The file for what leaves memory.
#include "os/os.h"

#include "base/size.h"

#include "base/status.h"
#include "support/expect.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define UNIT MOTE_TRANSFER_ALIGNMENT

static void what_is_written_is_read(void **state)
{
    const char *const folder = mote_test_folder(state);
    mote_swap_file file;
    _Alignas(4096) unsigned char out[2 * UNIT];
    _Alignas(4096) unsigned char in[2 * UNIT];
    expect_ok(mote_swap_file_open(folder, 8 * UNIT, &file));
    assert_int_equal(file.bytes, 8 * UNIT);
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (unsigned char)(i * 7 + i / UNIT);
    expect_ok(mote_swap_file_write(&file, 6 * UNIT, out, sizeof out));
    expect_ok(mote_swap_file_write(&file, UNIT, out, UNIT));
    memset(in, 0, sizeof in);
    expect_ok(mote_swap_file_read(&file, 6 * UNIT, in, sizeof in));
    assert_memory_equal(in, out, sizeof in);
    expect_ok(mote_swap_file_read(&file, UNIT, in, UNIT));
    assert_memory_equal(in, out, UNIT);
    mote_swap_file_close(&file);
    mote_swap_file_close(&file);
}

static void it_has_no_name(void **state)
{
    const char *const folder = mote_test_folder(state);
    mote_swap_file file;
    size_t count = 1;
    const mote_folder_entry *entries = NULL;
    mote_arena arena;
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_swap_file_open(folder, UNIT, &file));
    expect_ok(mote_folder_list(folder, &arena, &entries, &count));
    assert_int_equal(count, 0);
    mote_swap_file_close(&file);
    mote_arena_release(&arena);
}

static void a_folder_that_is_not_there_is_refused(void **unused)
{
    (void)unused;
    mote_swap_file file;
    expect_raises(mote_swap_file_open("/no/such/folder", UNIT, &file), MOTE_ERROR_IO,
                  "cannot make a temporary file in '/no/such/folder': No such file or directory");
}

/// More than any disk has: found before anything is written.
static void space_is_reserved(void **state)
{
    mote_swap_file file;
    assert_int_equal(mote_swap_file_open(mote_test_folder(state), (uint64_t)1 << 62, &file),
                     MOTE_ERROR_IO);
}

/// Of a file that ends within a unit, to memory that has room for whole units and no more.
static void bytes_of_a_file_are_read_from_anywhere(void **state)
{
    enum {
        BYTES = 3 * 4096 + 123
    };

    static unsigned char content[BYTES];
    static _Alignas(4096) unsigned char in[4 * 4096 + 4096];
    static const size_t counts[] = {1, 4, 4095, 4096, 4097, 8000, BYTES};
    mote_swap_file file;
    for (size_t i = 0; i < BYTES; i++)
        content[i] = (unsigned char)(i * 7 + i / 256);
    const char *const path = mote_test_write(state, "source", content, BYTES);
    expect_ok(mote_swap_file_open_read(path, &file));
    assert_int_equal(file.bytes, BYTES);
    for (size_t first = 0; first < BYTES; first += 61) {
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            const size_t count = mote_size_min(counts[i], BYTES - first);
            const size_t room = mote_size_align(count, UNIT);
            memset(in, 'x', sizeof in);
            expect_ok(mote_swap_file_read_from(&file, first, in, count));
            assert_memory_equal(in, content + first, count);
            for (size_t j = room; j < room + UNIT; j++)
                assert_int_equal(in[j], 'x');
        }
    }
    mote_swap_file_close(&file);
    expect_raises(mote_swap_file_open_read("/no/such/file", &file), MOTE_ERROR_IO,
                  "cannot open '/no/such/file': No such file or directory");
}

static void a_duplicate_outlives_the_file(void **state)
{
    _Alignas(4096) unsigned char in[UNIT];
    mote_swap_file file;
    mote_swap_file duplicate;
    expect_ok(mote_swap_file_open_read(mote_test_write(state, "small", "abc", 3), &file));
    expect_ok(mote_swap_file_duplicate(&file, &duplicate));
    mote_swap_file_close(&file);
    expect_ok(mote_swap_file_read_from(&duplicate, 1, in, 2));
    assert_memory_equal(in, "bc", 2);
    mote_swap_file_close(&duplicate);
    assert_int_equal(mote_swap_file_duplicate(&file, &duplicate), MOTE_ERROR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(it_has_no_name),
        cmocka_unit_test(a_folder_that_is_not_there_is_refused),
        cmocka_unit_test(space_is_reserved),
        cmocka_unit_test(bytes_of_a_file_are_read_from_anywhere),
        cmocka_unit_test(a_duplicate_outlives_the_file),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
