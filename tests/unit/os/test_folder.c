// SPDX-License-Identifier: Apache-2.0
// Listing a folder.
#include "os/os.h"
#include "support/expect.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void entries_are_sorted_and_hidden_ones_left_out(void **state)
{
    static const char *const names[] = {"b", "B", "a10", "a9", ".x", "z"};
    static const char *const sorted[] = {"B", "a10", "a9", "b", "link", "z"};
    mote_arena arena;
    const mote_folder_entry *entries = NULL;
    size_t count = 0;
    const char *const path = mote_test_path(state, "list");
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "list/%s", names[i]);
        (void)mote_test_write_text(state, name, "");
    }
    assert_int_equal(symlink("..", mote_test_path(state, "list/link")), 0);
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_folder_list(path, &arena, &entries, &count));
    assert_int_equal(count, sizeof sorted / sizeof sorted[0]);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(entries[i].name, sorted[i]);
        assert_string_equal(entries[i].path + strlen(path) + 1, sorted[i]);
        assert_true(entries[i].is_folder == (strcmp(sorted[i], "link") == 0));
    }
    mote_arena_release(&arena);
}

static void what_is_no_folder_is_refused(void **state)
{
    mote_arena arena;
    const mote_folder_entry *entries = NULL;
    size_t count = 0;
    mote_arena_init(&arena, mote_allocator_default());
    const char *const missing = mote_test_path(state, "missing");
    expect_raises(mote_folder_list(missing, &arena, &entries, &count), MOTE_ERROR_IO, missing);
    const char *const file = mote_test_write_text(state, "file", "");
    expect_raises(mote_folder_list(file, &arena, &entries, &count), MOTE_ERROR_FORMAT, file);
    expect_raises(mote_folder_list(file, &arena, &entries, &count), MOTE_ERROR_FORMAT,
                  "' is no folder");
    mote_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_sorted_and_hidden_ones_left_out),
        cmocka_unit_test(what_is_no_folder_is_refused),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
