// SPDX-License-Identifier: Apache-2.0
// Files: opening, positional access, temporary files.
#include "os/os.h"

#include "support/expect.h"
#include "support/files.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

static void a_file_is_read_at_any_place(void **state)
{
    mote_file file = {.descriptor = -1};
    const char *const path = mote_test_write_text(state, "digits", "0123456789");
    expect_ok(mote_file_open_read(path, &file));
    char bytes[5] = "";
    uint64_t size = 0;
    expect_ok(mote_file_size(&file, &size));
    assert_int_equal(size, 10);
    expect_ok(mote_file_read(&file, 6, bytes, 4));
    assert_string_equal(bytes, "6789");
    expect_ok(mote_file_read(&file, 0, bytes, 4));
    assert_string_equal(bytes, "0123");
    expect_ok(mote_file_read(&file, 99, bytes, 0));
    mote_file_close(&file);
}

static void reading_past_the_end_says_where_it_is(void **state)
{
    mote_file file = {.descriptor = -1};
    const char *const path = mote_test_write_text(state, "short", "0123456789");
    expect_ok(mote_file_open_read(path, &file));
    char bytes[20];
    expect_raises(mote_file_read(&file, 5, bytes, 20), MOTE_ERROR_IO,
                  "short' ends at byte 10, but 20 bytes from byte 5 are needed");
    expect_raises(mote_file_read(&file, 100, bytes, 1), MOTE_ERROR_IO,
                  "short' ends at byte 10, but 1 bytes from byte 100 are needed");
    mote_file_close(&file);
}

static void a_missing_file_is_named_with_the_reason(void **state)
{
    (void)state;
    mote_file file = {.descriptor = -1};
    expect_raises(mote_file_open_read("no/such/file", &file), MOTE_ERROR_IO,
                  "cannot open 'no/such/file': No such file or directory");
    assert_int_equal(file.descriptor, -1);
}

static void a_folder_is_not_read_as_a_file(void **state)
{
    mote_file file = {.descriptor = -1};
    expect_raises(mote_file_open_read(mote_test_folder(state), &file), MOTE_ERROR_IO,
                  "it is a folder, expected a file");
    assert_int_equal(file.descriptor, -1);
}

static void a_pipe_is_refused_without_waiting(void **state)
{
    mote_file file = {.descriptor = -1};
    const char *const path = mote_test_path(state, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_raises(mote_file_open_read(path, &file), MOTE_ERROR_IO,
                  "pipe': it is not a regular file");
}

static mote_file open_to_write(const char *path)
{
    const mote_file file = {
        .descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
        .path = path,
    };
    assert_true(file.descriptor >= 0);
    return file;
}

static void writing_behind_the_end_leaves_zeros(void **state)
{
    const char *const path = mote_test_write_text(state, "old", "old content");
    mote_file file = open_to_write(path);
    expect_ok(mote_file_write(&file, 2, "new", 3));
    expect_ok(mote_file_sync(&file));
    mote_file_close(&file);
    size_t count = 0;
    const unsigned char *const bytes = mote_test_read(state, path, &count);
    assert_int_equal(count, 5);
    assert_memory_equal(bytes, "\0\0new", 5);
}

static void a_full_disk_is_reported(void **state)
{
    (void)state;
    mote_file file = open_to_write("/dev/full");
    expect_raises(mote_file_write(&file, 0, "x", 1), MOTE_ERROR_IO,
                  "cannot write '/dev/full': No space left on device");
    mote_file_close(&file);
}

static void access_beyond_what_a_system_can_address_is_refused(void **state)
{
    mote_file file = open_to_write(mote_test_path(state, "far"));
    char byte = 0;
    expect_raises(mote_file_write(&file, UINT64_MAX, &byte, 1), MOTE_ERROR_IO,
                  "far': Value too large for defined data type");
    expect_raises(mote_file_read(&file, INT64_MAX, &byte, 1), MOTE_ERROR_IO,
                  "far': Value too large for defined data type");
    expect_raises(mote_file_reserve(&file, UINT64_MAX), MOTE_ERROR_IO, "far': File too large");
    mote_file_close(&file);
}

static void reserved_space_is_there(void **state)
{
    mote_file file = open_to_write(mote_test_path(state, "reserved"));
    uint64_t size = 7;
    expect_ok(mote_file_reserve(&file, 0));
    expect_ok(mote_file_size(&file, &size));
    assert_int_equal(size, 0);
    expect_ok(mote_file_reserve(&file, 100000));
    expect_ok(mote_file_size(&file, &size));
    assert_true(size == 100000 || size == 0); // 0: a file system without the call
    mote_file_close(&file);
}

static void more_space_than_there_is_cannot_be_reserved(void **state)
{
    mote_file file = open_to_write(mote_test_path(state, "huge"));
    expect_raises(mote_file_reserve(&file, (uint64_t)1 << 60U), MOTE_ERROR_IO,
                  "cannot reserve space for '");
    mote_file_close(&file);
}

static void a_closed_file_is_an_error_and_closing_it_again_is_safe(void **state)
{
    mote_file file = open_to_write(mote_test_path(state, "closed"));
    mote_file_close(&file);
    mote_file_close(&file);
    assert_int_equal(file.descriptor, -1);
    uint64_t size = 0;
    char byte = 0;
    expect_raises(mote_file_size(&file, &size), MOTE_ERROR_IO, "Bad file descriptor");
    expect_raises(mote_file_read(&file, 0, &byte, 1), MOTE_ERROR_IO, "Bad file descriptor");
    expect_raises(mote_file_write(&file, 0, &byte, 1), MOTE_ERROR_IO, "Bad file descriptor");
    expect_raises(mote_file_sync(&file), MOTE_ERROR_IO, "cannot sync '");
}

static void a_temporary_file_is_read_and_written_and_has_no_name(void **state)
{
    (void)state;
    mote_file file = {.descriptor = -1};
    expect_ok(mote_file_open_temporary(&file));
    char bytes[4] = "";
    expect_ok(mote_file_write(&file, 1000, "abc", 3));
    expect_ok(mote_file_read(&file, 1000, bytes, 3));
    assert_string_equal(bytes, "abc");
    struct stat info;
    assert_int_equal(fstat(file.descriptor, &info), 0);
    assert_int_equal(info.st_nlink, 0);
    mote_file_close(&file);
}

/// Opens a temporary file while TMPDIR is `folder`.
static mote_status open_temporary_in(const char *folder, mote_file *file)
{
    const char *const found = getenv("TMPDIR");
    char *const old = found ? strdup(found) : NULL;
    (void)setenv("TMPDIR", folder, 1);
    const mote_status status = mote_file_open_temporary(file);
    if (old)
        (void)setenv("TMPDIR", old, 1);
    else
        (void)unsetenv("TMPDIR");
    free(old);
    return status;
}

static void the_chosen_folder_for_temporary_files_is_used(void **state)
{
    mote_file file = {.descriptor = -1};
    expect_ok(open_temporary_in(mote_test_folder(state), &file));
    struct stat info;
    struct stat folder;
    assert_int_equal(fstat(file.descriptor, &info), 0);
    assert_int_equal(stat(mote_test_folder(state), &folder), 0);
    assert_true(info.st_dev == folder.st_dev);
    mote_file_close(&file);
}

static void a_chosen_folder_that_is_missing_is_not_replaced_silently(void **state)
{
    (void)state;
    mote_file file = {.descriptor = -1};
    expect_raises(open_temporary_in("/no/such/folder", &file), MOTE_ERROR_IO,
                  "cannot make a temporary file in '/no/such/folder': No such file or directory");
    assert_int_equal(file.descriptor, -1);
}

static void without_a_choice_the_systems_folder_is_used(void **state)
{
    (void)state;
    mote_file file = {.descriptor = -1};
    expect_ok(open_temporary_in("", &file));
    mote_file_close(&file);
}

static void two_names_of_one_file_are_the_same_path(void **state)
{
    const char *const a = mote_test_write_text(state, "name-a", "x");
    const char *const b = mote_test_path(state, "name-b");
    const char *const c = mote_test_write_text(state, "name-c", "x");
    assert_int_equal(symlink(a, b), 0);
    assert_true(mote_path_same(a, b));
    assert_false(mote_path_same(a, c));
    assert_true(mote_path_same("no/such/file", "no/such/file"));
    assert_false(mote_path_same("no/such/file", "no/such/file2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_at_any_place),
        cmocka_unit_test(reading_past_the_end_says_where_it_is),
        cmocka_unit_test(a_missing_file_is_named_with_the_reason),
        cmocka_unit_test(a_folder_is_not_read_as_a_file),
        cmocka_unit_test(a_pipe_is_refused_without_waiting),
        cmocka_unit_test(writing_behind_the_end_leaves_zeros),
        cmocka_unit_test(a_full_disk_is_reported),
        cmocka_unit_test(access_beyond_what_a_system_can_address_is_refused),
        cmocka_unit_test(reserved_space_is_there),
        cmocka_unit_test(more_space_than_there_is_cannot_be_reserved),
        cmocka_unit_test(a_closed_file_is_an_error_and_closing_it_again_is_safe),
        cmocka_unit_test(a_temporary_file_is_read_and_written_and_has_no_name),
        cmocka_unit_test(the_chosen_folder_for_temporary_files_is_used),
        cmocka_unit_test(a_chosen_folder_that_is_missing_is_not_replaced_silently),
        cmocka_unit_test(without_a_choice_the_systems_folder_is_used),
        cmocka_unit_test(two_names_of_one_file_are_the_same_path),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
