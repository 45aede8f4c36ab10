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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(it_has_no_name),
        cmocka_unit_test(a_folder_that_is_not_there_is_refused),
        cmocka_unit_test(space_is_reserved),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
