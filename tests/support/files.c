// SPDX-License-Identifier: Apache-2.0
// The folder of a test program, and the paths and texts that live as long as it.
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ftw.h>
#include <unistd.h>

typedef struct memory_block {
    struct memory_block *older;
    max_align_t data[];
} memory_block;

typedef struct test_folder {
    memory_block *blocks;
    char path[256];
} test_folder;

int mote_test_folder_setup(void **state)
{
    const char *const parent = getenv("TMPDIR");
    test_folder *const folder = calloc(1, sizeof *folder);
    assert_non_null(folder);
    (void)snprintf(folder->path, sizeof folder->path, "%s/mote-test-XXXXXX",
                   parent ? parent : "/tmp");
    assert_non_null(mkdtemp(folder->path));
    *state = folder;
    return 0;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

int mote_test_folder_teardown(void **state)
{
    test_folder *const folder = *state;
    const int result = nftw(folder->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    while (folder->blocks) {
        memory_block *const older = folder->blocks->older;
        free(folder->blocks);
        folder->blocks = older;
    }
    free(folder);
    return result;
}

const char *mote_test_folder(void **state)
{
    return ((const test_folder *)*state)->path;
}

void *mote_test_memory(void **state, size_t bytes)
{
    test_folder *const folder = *state;
    memory_block *const block = calloc(1, sizeof *block + bytes);
    assert_non_null(block);
    block->older = folder->blocks;
    folder->blocks = block;
    return block->data;
}

const char *mote_test_path(void **state, const char *name)
{
    const test_folder *const folder = *state;
    const size_t bytes = strlen(folder->path) + strlen(name) + 2;
    char *const path = mote_test_memory(state, bytes);
    (void)snprintf(path, bytes, "%s/%s", folder->path, name);
    return path;
}

const char *mote_test_write(void **state, const char *name, const void *bytes, size_t count)
{
    const char *const path = mote_test_path(state, name);
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
    return path;
}

const char *mote_test_write_text(void **state, const char *name, const char *text)
{
    return mote_test_write(state, name, text, strlen(text));
}

unsigned char *mote_test_read(void **state, const char *path, size_t *count)
{
    FILE *const file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long end = ftell(file);
    assert_true(end >= 0);
    rewind(file);
    unsigned char *const bytes = mote_test_memory(state, (size_t)end + 1);
    *count = fread(bytes, 1, (size_t)end, file);
    assert_int_equal(*count, end);
    assert_int_equal(fclose(file), 0);
    return bytes;
}
