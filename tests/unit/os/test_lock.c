// SPDX-License-Identifier: Apache-2.0
// Locks: one holder, given back with its process, no file left behind.
#include "os/os.h"

#include "base/arena.h"
#include "support/expect.h"
#include "support/files.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

static mote_status take(mote_file_lock *lock, const char *path)
{
    return mote_file_lock_take(lock, path, mote_allocator_default());
}

static void a_second_holder_is_refused_by_name(void **state)
{
    const char *const path = mote_test_path(state, "weights");
    mote_file_lock first = {.path = NULL};
    mote_file_lock second = {.path = NULL};
    expect_ok(take(&first, path));
    expect_raises(take(&second, path), MOTE_ERROR_IO, path);
    expect_raises(take(&second, path), MOTE_ERROR_IO, "in use");
    assert_null(second.path);
    mote_file_lock_release(&first);
    expect_ok(take(&second, path));
    mote_file_lock_release(&second);
}

static void nothing_is_left_behind(void **state)
{
    const char *const path = mote_test_path(state, "weights");
    mote_file_lock lock = {.path = NULL};
    expect_ok(take(&lock, path));
    assert_int_equal(access(lock.path, F_OK), 0);
    mote_file_lock_release(&lock);
    mote_file_lock_release(&lock); // safe
    assert_int_not_equal(access(mote_test_path(state, "weights.mote-lock"), F_OK), 0);
}

/// A link and the file it leads to are one name.
static void a_link_is_locked_as_what_it_leads_to(void **state)
{
    const char *const path = mote_test_write_text(state, "real", "x");
    const char *const link = mote_test_path(state, "link");
    mote_file_lock first = {.path = NULL};
    mote_file_lock second = {.path = NULL};
    assert_int_equal(symlink(path, link), 0);
    expect_ok(take(&first, link));
    expect_raises(take(&second, path), MOTE_ERROR_IO, "in use");
    mote_file_lock_release(&first);
}

static void a_killed_process_gives_it_back(void **state)
{
    const char *const path = mote_test_path(state, "weights");
    mote_file_lock lock = {.path = NULL};
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        mote_file_lock own = {.path = NULL};
        if (take(&own, path) == MOTE_OK)
            (void)!write(ready[1], "x", 1);
        for (;;)
            (void)pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    expect_raises(take(&lock, path), MOTE_ERROR_IO, "in use");
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    expect_ok(take(&lock, path)); // though its file is still there
    mote_file_lock_release(&lock);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void the_file_of_another_holder_is_not_removed(void **state)
{
    const char *const path = mote_test_path(state, "weights");
    mote_file_lock first = {.path = NULL};
    mote_file_lock second = {.path = NULL};
    mote_file_lock third = {.path = NULL};
    expect_ok(take(&first, path));
    assert_int_equal(unlink(first.path), 0); // by hand
    expect_ok(take(&second, path));
    mote_file_lock_release(&first);
    expect_raises(take(&third, path), MOTE_ERROR_IO, "in use");
    mote_file_lock_release(&second);
    expect_ok(take(&third, path));
    mote_file_lock_release(&third);
}

static void a_forked_process_that_releases_it_gives_nothing_back(void **state)
{
    const char *const path = mote_test_path(state, "weights");
    mote_file_lock lock = {.path = NULL};
    mote_file_lock other = {.path = NULL};
    int status = -1;
    expect_ok(take(&lock, path));
    const pid_t child = fork();
    if (child == 0) {
        mote_file_lock_release(&lock);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    expect_raises(take(&other, path), MOTE_ERROR_IO, "in use");
    mote_file_lock_release(&lock);
    expect_ok(take(&other, path));
    mote_file_lock_release(&other);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    mote_file_lock lock = {.path = NULL};
    expect_raises(take(&lock, mote_test_path(state, "none/weights")), MOTE_ERROR_IO,
                  "none/weights.mote-lock");
}

static void a_file_that_is_not_there_is_removed_already(void **state)
{
    const char *const path = mote_test_write_text(state, "gone", "x");
    expect_ok(mote_file_remove(path));
    assert_int_not_equal(access(path, F_OK), 0);
    expect_ok(mote_file_remove(path));
    expect_raises(mote_file_remove(mote_test_path(state, ".")), MOTE_ERROR_IO, "cannot remove");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_holder_is_refused_by_name),
        cmocka_unit_test(nothing_is_left_behind),
        cmocka_unit_test(a_link_is_locked_as_what_it_leads_to),
        cmocka_unit_test(a_killed_process_gives_it_back),
        cmocka_unit_test(the_file_of_another_holder_is_not_removed),
        cmocka_unit_test(a_forked_process_that_releases_it_gives_nothing_back),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
        cmocka_unit_test(a_file_that_is_not_there_is_removed_already),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
