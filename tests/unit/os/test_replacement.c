// SPDX-License-Identifier: Apache-2.0
// Replacing a file: the old content or the new, nothing else.
#include "os/os.h"

#include "base/arena.h"
#include "support/expect.h"
#include "support/failing_allocator.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void assert_content(void **state, const char *path, const char *content)
{
    size_t count = 0;
    assert_string_equal(mote_test_read(state, path, &count), content);
}

static mote_file_replacement make_replacement(const char *path)
{
    mote_file_replacement replacement;
    expect_ok(mote_file_replacement_init(&replacement, path, mote_allocator_default()));
    return replacement;
}

static void begin_with(mote_file_replacement *replacement, const char *text)
{
    expect_ok(mote_file_replacement_begin(replacement));
    expect_ok(mote_file_write(&replacement->file, 0, text, strlen(text)));
}

static void init_touches_no_file(void **state)
{
    mote_file_replacement replacement = make_replacement(mote_test_path(state, "untouched"));
    assert_false(exists(replacement.path));
    assert_false(exists(replacement.temporary));
    mote_file_replacement_release(&replacement);
}

static void before_commit_the_old_content_stands(void **state)
{
    const char *const path = mote_test_write_text(state, "model", "old");
    mote_file_replacement replacement = make_replacement(path);
    begin_with(&replacement, "new content");
    assert_content(state, path, "old");
    expect_ok(mote_file_replacement_commit(&replacement));
    assert_content(state, path, "new content");
    assert_false(exists(replacement.temporary));
    mote_file_replacement_release(&replacement);
}

static void a_replacement_is_used_many_times(void **state)
{
    const char *const path = mote_test_path(state, "often");
    mote_file_replacement replacement = make_replacement(path);
    begin_with(&replacement, "first and long");
    expect_ok(mote_file_replacement_commit(&replacement));
    begin_with(&replacement, "second");
    expect_ok(mote_file_replacement_commit(&replacement));
    assert_content(state, path, "second");
    mote_file_replacement_release(&replacement);
}

static void abandoning_keeps_the_old_file_and_leaves_nothing(void **state)
{
    const char *const path = mote_test_write_text(state, "kept", "old");
    mote_file_replacement replacement = make_replacement(path);
    begin_with(&replacement, "new");
    mote_file_replacement_abandon(&replacement);
    mote_file_replacement_abandon(&replacement);
    assert_content(state, path, "old");
    assert_false(exists(replacement.temporary));
    mote_file_replacement_release(&replacement);
}

static void release_abandons(void **state)
{
    const char *const path = mote_test_path(state, "released");
    mote_file_replacement replacement = make_replacement(path);
    begin_with(&replacement, "new");
    mote_file_replacement_release(&replacement);
    assert_null(replacement.path);
    assert_false(exists(path));
    assert_false(exists(mote_test_path(state, "released.mote-tmp")));
}

static void the_rest_of_a_killed_run_is_overwritten(void **state)
{
    const char *const path = mote_test_path(state, "again");
    (void)mote_test_write_text(state, "again.mote-tmp", "what a killed run had written so far");
    mote_file_replacement replacement = make_replacement(path);
    begin_with(&replacement, "new");
    expect_ok(mote_file_replacement_commit(&replacement));
    assert_content(state, path, "new");
    mote_file_replacement_release(&replacement);
}

static void a_temporary_file_that_is_a_link_is_refused(void **state)
{
    const char *const elsewhere = mote_test_write_text(state, "elsewhere", "not mine");
    assert_int_equal(symlink(elsewhere, mote_test_path(state, "trap.mote-tmp")), 0);
    mote_file_replacement replacement = make_replacement(mote_test_path(state, "trap"));
    expect_raises(mote_file_replacement_begin(&replacement), MOTE_ERROR_IO, "trap.mote-tmp");
    assert_content(state, elsewhere, "not mine");
    mote_file_replacement_release(&replacement);
}

static void what_is_no_regular_file_is_refused(void **state)
{
    const char *const path = mote_test_path(state, "pipe");
    struct stat info;
    assert_int_equal(mkfifo(path, 0600), 0);
    mote_file_replacement replacement = make_replacement(path);
    expect_raises(mote_file_replacement_begin(&replacement), MOTE_ERROR_IO,
                  "pipe': it is not a regular file");
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    assert_false(exists(replacement.temporary));
    mote_file_replacement_release(&replacement);
}

static void a_link_stays_and_its_target_is_replaced(void **state)
{
    const char *const target = mote_test_write_text(state, "target", "old");
    const char *const path = mote_test_path(state, "link");
    struct stat info;
    assert_int_equal(symlink("target", path), 0);
    mote_file_replacement replacement = make_replacement(path);
    begin_with(&replacement, "new");
    expect_ok(mote_file_replacement_commit(&replacement));
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_content(state, target, "new");
    mote_file_replacement_release(&replacement);
}

static void a_link_to_nothing_is_refused(void **state)
{
    const char *const path = mote_test_path(state, "dangling");
    mote_file_replacement replacement;
    assert_int_equal(symlink("nowhere", path), 0);
    expect_raises(mote_file_replacement_init(&replacement, path, mote_allocator_default()),
                  MOTE_ERROR_IO, "dangling': No such file or directory");
}

static void permissions_are_those_of_the_old_file(void **state)
{
    const char *const path = mote_test_write_text(state, "private", "old");
    struct stat info;
    assert_int_equal(chmod(path, 0600), 0);
    mote_file_replacement replacement = make_replacement(path);
    begin_with(&replacement, "new");
    expect_ok(mote_file_replacement_commit(&replacement));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    mote_file_replacement_release(&replacement);
}

/// Each process replaces the same file many times; 0 when all went well.
static int write_many(const char *path, char letter)
{
    char content[4096];
    mote_file_replacement replacement = make_replacement(path);
    memset(content, letter, sizeof content);
    int failures = 0;
    for (int i = 0; i < 200; i++) {
        failures += mote_file_replacement_begin(&replacement) != MOTE_OK ||
                    mote_file_write(&replacement.file, 0, content, sizeof content) != MOTE_OK ||
                    mote_file_replacement_commit(&replacement) != MOTE_OK;
    }
    mote_file_replacement_release(&replacement);
    return failures;
}

static void two_writers_of_one_file_both_succeed_and_no_reader_sees_a_part(void **state)
{
    const char *const path = mote_test_write_text(state, "shared", "");
    assert_int_equal(write_many(path, 'a'), 0);
    const pid_t child = fork();
    if (child == 0)
        _exit(write_many(path, 'b') == 0 ? 0 : 1);
    int status = 1;
    while (waitpid(child, &status, WNOHANG) == 0) {
        struct stat info;
        assert_int_equal(write_many(path, 'a'), 0);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_size, 4096);
    }
    assert_int_equal(status, 0);
}

static void a_missing_folder_is_named(void **state)
{
    const char *const path = mote_test_path(state, "missing/model");
    mote_file_replacement replacement = make_replacement(path);
    expect_raises(mote_file_replacement_begin(&replacement), MOTE_ERROR_IO,
                  "missing/model.mote-tmp': No such file or directory");
    mote_file_replacement_release(&replacement);
}

static void a_folder_is_not_replaced(void **state)
{
    const char *const path = mote_test_path(state, "folder");
    assert_int_equal(mkdir(path, 0700), 0);
    mote_file_replacement replacement = make_replacement(path);
    expect_raises(mote_file_replacement_begin(&replacement), MOTE_ERROR_IO,
                  "folder': Is a directory");
    assert_false(exists(replacement.temporary));
    mote_file_replacement_release(&replacement);
}

static void a_failed_rename_removes_the_temporary_file(void **state)
{
    const char *const path = mote_test_path(state, "turned");
    mote_file_replacement replacement = make_replacement(path);
    begin_with(&replacement, "new");
    assert_int_equal(mkdir(path, 0700), 0);
    expect_raises(mote_file_replacement_commit(&replacement), MOTE_ERROR_IO,
                  "turned': Is a directory");
    assert_false(exists(replacement.temporary));
    mote_file_replacement_release(&replacement);
}

static void a_failed_sync_removes_the_temporary_file(void **state)
{
    const char *const path = mote_test_write_text(state, "unsynced", "old");
    mote_file_replacement replacement = make_replacement(path);
    begin_with(&replacement, "new");
    assert_int_equal(close(replacement.file.descriptor), 0);
    expect_raises(mote_file_replacement_commit(&replacement), MOTE_ERROR_IO,
                  "unsynced.mote-tmp': Bad file descriptor");
    assert_content(state, path, "old");
    assert_false(exists(replacement.temporary));
    mote_file_replacement_release(&replacement);
}

static void the_folder_is_that_of_the_path(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a", "."}, {"b/a", "b/"}, {"/a", "/"}, {"/c/b/a", "/c/b/"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mote_file_replacement replacement = make_replacement(cases[i][0]);
        assert_string_equal(replacement.path, cases[i][0]);
        assert_string_equal(replacement.folder, cases[i][1]);
        mote_file_replacement_release(&replacement);
    }
}

static mote_status init_and_release(const mote_allocator *allocator, void *path)
{
    mote_file_replacement replacement;
    const mote_status status = mote_file_replacement_init(&replacement, path, allocator);
    if (status == MOTE_OK)
        mote_file_replacement_release(&replacement);
    return status;
}

static void every_failed_request_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    char path[] = "folder/model";
    assert_int_equal(failing_allocator_sweep(init_and_release, path), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_touches_no_file),
        cmocka_unit_test(before_commit_the_old_content_stands),
        cmocka_unit_test(a_replacement_is_used_many_times),
        cmocka_unit_test(abandoning_keeps_the_old_file_and_leaves_nothing),
        cmocka_unit_test(release_abandons),
        cmocka_unit_test(a_temporary_file_that_is_a_link_is_refused),
        cmocka_unit_test(what_is_no_regular_file_is_refused),
        cmocka_unit_test(a_link_stays_and_its_target_is_replaced),
        cmocka_unit_test(a_link_to_nothing_is_refused),
        cmocka_unit_test(permissions_are_those_of_the_old_file),
        cmocka_unit_test(two_writers_of_one_file_both_succeed_and_no_reader_sees_a_part),
        cmocka_unit_test(the_rest_of_a_killed_run_is_overwritten),
        cmocka_unit_test(a_missing_folder_is_named),
        cmocka_unit_test(a_folder_is_not_replaced),
        cmocka_unit_test(a_failed_rename_removes_the_temporary_file),
        cmocka_unit_test(a_failed_sync_removes_the_temporary_file),
        cmocka_unit_test(the_folder_is_that_of_the_path),
        cmocka_unit_test(every_failed_request_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
