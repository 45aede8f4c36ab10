// SPDX-License-Identifier: Apache-2.0
// A folder for the files of one test program: cmocka's group state, made by its setup and removed with
// all that is in it by its teardown.
#ifndef MOTE_TESTS_SUPPORT_FILES_H
#define MOTE_TESTS_SUPPORT_FILES_H

#include <stddef.h>

/// For cmocka_run_group_tests. The folder is new, in TMPDIR or /tmp.
int mote_test_folder_setup(void **state);
int mote_test_folder_teardown(void **state);

/// The folder's path.
const char *mote_test_folder(void **state);

/// Path of a file in the folder, which need not exist. Valid until the teardown.
const char *mote_test_path(void **state, const char *name);

/// Creates or replaces a file; returns its path.
const char *mote_test_write(void **state, const char *name, const void *bytes, size_t count);

/// The same with a text.
const char *mote_test_write_text(void **state, const char *name, const char *text);

/// All bytes of a file, and a zero behind them; valid until the teardown.
unsigned char *mote_test_read(void **state, const char *path, size_t *count);

/// Memory that the teardown frees.
void *mote_test_memory(void **state, size_t bytes);

#endif
