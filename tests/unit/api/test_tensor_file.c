// SPDX-License-Identifier: Apache-2.0
// The handle of a file of weights; what is in such files is tested with the command info.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/failing_allocator.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEADER                                                           \
    "{\"__metadata__\":{\"made\":\"here\"},"                             \
    "\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[4,12]}," \
    "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}"

/// A file of a = 1 2 3 4 and b = 1, infinity.
static const char *write_file(void **state)
{
    static const unsigned char data[] = {1, 2, 3, 4, 0, 0, 128, 63, 0, 0, 128, 127};
    unsigned char file[8 + sizeof HEADER - 1 + sizeof data] = {sizeof HEADER - 1};
    memcpy(file + 8, HEADER, sizeof HEADER - 1);
    memcpy(file + 8 + sizeof HEADER - 1, data, sizeof data);
    return mote_test_write(state, "file", file, sizeof file);
}

static mote_context *start(void)
{
    const mote_context_config config = {.thread_count = 1};
    mote_context *context = NULL;
    expect_ok(mote_context_create(&config, &context));
    return context;
}

static void tensors_are_listed_in_the_order_of_the_data(void **state)
{
    mote_context *context = start();
    mote_tensor_file *file = NULL;
    mote_file_tensor tensor;
    mote_tensor_summary summary;
    expect_ok(mote_tensor_file_open(context, write_file(state), &file));
    assert_int_equal(mote_tensor_file_tensor_count(file), 2);
    expect_ok(mote_tensor_file_get_tensor(file, 0, &tensor));
    assert_string_equal(tensor.name, "a");
    assert_string_equal(tensor.dtype, "U8");
    expect_ok(mote_tensor_file_get_tensor(file, 1, &tensor));
    assert_string_equal(tensor.name, "b");
    assert_int_equal(tensor.rank, 2);
    assert_int_equal(tensor.dims[0], 2);
    assert_int_equal(tensor.bytes, 8);
    expect_ok(mote_tensor_file_summarize(file, 0, &summary));
    assert_true(summary.minimum == 1 && summary.maximum == 4 && summary.mean == 2.5);
    expect_ok(mote_tensor_file_summarize(file, 1, &summary));
    assert_true(summary.minimum == 1 && summary.maximum == 1 && summary.mean == 1);
    assert_int_equal(summary.nonfinite_count, 1);
    mote_tensor_file_close(&file);
    assert_null(file);
    mote_context_destroy(&context);
}

static void what_is_not_there_is_refused(void **state)
{
    mote_context *context = start();
    mote_tensor_file *file = NULL;
    mote_file_tensor tensor;
    mote_tensor_summary summary;
    const char *key = NULL;
    const char *value = NULL;
    expect_ok(mote_tensor_file_open(context, write_file(state), &file));
    expect_ok(mote_tensor_file_get_metadata(file, 0, &key, &value));
    assert_string_equal(key, "made");
    assert_string_equal(value, "here");
    expect_raises(mote_tensor_file_get_metadata(file, 1, &key, &value), MOTE_ERROR_ARGUMENT,
                  "metadata 1: the file has 1");
    expect_raises(mote_tensor_file_get_tensor(file, 2, &tensor), MOTE_ERROR_ARGUMENT,
                  "tensor 2: the file has 2");
    expect_raises(mote_tensor_file_summarize(file, 2, &summary), MOTE_ERROR_ARGUMENT,
                  "tensor 2: the file has 2");
    mote_tensor_file_close(&file);
    mote_context_destroy(&context);
}

static void no_call_takes_null(void **state)
{
    mote_context *context = start();
    mote_tensor_file *file = NULL;
    mote_file_tensor tensor;
    const char *text = NULL;
    const char *const path = write_file(state);
    expect_raises(mote_tensor_file_open(NULL, path, &file), MOTE_ERROR_ARGUMENT, "is NULL");
    expect_raises(mote_tensor_file_open(context, NULL, &file), MOTE_ERROR_ARGUMENT, "is NULL");
    expect_raises(mote_tensor_file_open(context, path, NULL), MOTE_ERROR_ARGUMENT, "is NULL");
    expect_raises(mote_tensor_file_get_tensor(NULL, 0, &tensor), MOTE_ERROR_ARGUMENT, "has 0");
    expect_raises(mote_tensor_file_get_tensor(NULL, 0, NULL), MOTE_ERROR_ARGUMENT, "is NULL");
    expect_raises(mote_tensor_file_summarize(NULL, 0, NULL), MOTE_ERROR_ARGUMENT, "is NULL");
    expect_raises(mote_tensor_file_get_metadata(NULL, 0, NULL, &text), MOTE_ERROR_ARGUMENT,
                  "is NULL");
    expect_raises(mote_tensor_file_get_metadata(NULL, 0, &text, NULL), MOTE_ERROR_ARGUMENT,
                  "is NULL");
    assert_int_equal(mote_tensor_file_tensor_count(NULL), 0);
    assert_int_equal(mote_tensor_file_metadata_count(NULL), 0);
    mote_tensor_file_close(NULL);
    mote_tensor_file_close(&file);
    mote_context_destroy(&context);
}

static mote_status open_with(const mote_allocator *allocator, void *path)
{
    mote_context *context = NULL;
    mote_tensor_file *file = NULL;
    const mote_context_config config = {.thread_count = 1, .allocator = allocator};
    mote_status status = mote_context_create(&config, &context);
    if (status == MOTE_OK)
        status = mote_tensor_file_open(context, path, &file);
    mote_tensor_file_close(&file);
    mote_context_destroy(&context);
    return status;
}

static void memory_that_cannot_be_had_is_an_error(void **state)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s", write_file(state));
    assert_true(failing_allocator_sweep(open_with, path) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_are_listed_in_the_order_of_the_data),
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(no_call_takes_null),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
