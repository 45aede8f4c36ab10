// SPDX-License-Identifier: Apache-2.0
// Looking at data before there is a model; folders of images are tested with the command init.
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

static mote_context *start(void)
{
    const mote_context_config config = {.thread_count = 1};
    mote_context *context = NULL;
    expect_ok(mote_context_create(&config, &context));
    return context;
}

typedef struct looked {
    mote_context *context;
    mote_inspection *inspection;
} looked;

/// Inspects a file with this text; end() gives back what it took.
static const mote_data_info *inspect(void **state, const char *text, const char *label, looked *l)
{
    const char *const path = mote_test_write_text(state, "table.csv", text);
    *l = (looked){.context = start()};
    expect_ok(mote_inspection_create(l->context, path, label, &l->inspection));
    return mote_inspection_get(l->inspection);
}

static void end(looked *l)
{
    mote_inspection_destroy(&l->inspection);
    assert_null(l->inspection);
    mote_context_destroy(&l->context);
}

static void refuse(void **state, const char *text, const char *label, mote_status expected,
                   const char *message)
{
    mote_context *context = start();
    mote_inspection *inspection = NULL;
    const char *const path = mote_test_write_text(state, "table.csv", text);
    expect_raises(mote_inspection_create(context, path, label, &inspection), expected, message);
    assert_null(inspection);
    mote_context_destroy(&context);
}

static void texts_in_the_last_column_are_classes(void **state)
{
    looked l;
    const mote_data_info *const info =
        inspect(state, "x,y,kind\n1,2,b\n3,4,a\n5,6,b\n7,8,a\n", NULL, &l);
    assert_int_equal(info->kind, MOTE_DATA_CSV);
    assert_int_equal(info->sample_count, 4);
    assert_int_equal(info->class_count, 2);
    assert_string_equal(info->class_names, "a,b");
    assert_string_equal(info->label, "kind");
    assert_int_equal(info->input_count, 2);
    assert_string_equal(info->ignored, "");
    assert_string_equal(info->delimiter, "comma");
    assert_true(info->has_header);
    assert_false(info->has_missing || info->has_missing_labels);
    end(&l);
}

static void a_record_of_numbers_is_no_header(void **state)
{
    looked l;
    const mote_data_info *const info = inspect(state, "1;2;a\n3;4;b\n5;6;a\n7;8;b\n", NULL, &l);
    assert_false(info->has_header);
    assert_int_equal(info->sample_count, 4);
    assert_string_equal(info->class_names, "a,b");
    assert_string_equal(info->label, "3");
    assert_string_equal(info->delimiter, "semicolon");
    end(&l);
}

static void a_few_whole_numbers_are_classes_and_others_are_values(void **state)
{
    looked l;
    const mote_data_info *info = inspect(state, "x\ty\n1\t3\n2\t1\n3\t3\n", NULL, &l);
    assert_int_equal(info->class_count, 2);
    assert_string_equal(info->class_names, "");
    assert_string_equal(info->delimiter, "tab");
    end(&l);
    info = inspect(state, "x,y\n1,1.5\n2,2\n3,2.5\n", NULL, &l);
    assert_int_equal(info->class_count, 0);
    assert_true(info->label_mean == 2);
    assert_true(info->label_deviation > 0.40 && info->label_deviation < 0.41);
    end(&l);
}

static void the_label_is_chosen_by_name_or_number_and_texts_are_ignored(void **state)
{
    static const char table[] = "kind,name,x\na,Ann,1\nb,Bea,2\na,Cid,3\nb,Dan,4\n";
    static const char *const labels[] = {"kind", "1"};
    for (size_t i = 0; i < 2; i++) {
        looked l;
        const mote_data_info *const info = inspect(state, table, labels[i], &l);
        assert_string_equal(info->label, "kind");
        assert_string_equal(info->class_names, "a,b");
        assert_string_equal(info->ignored, "name");
        assert_int_equal(info->input_count, 1);
        end(&l);
    }
}

static void missing_values_are_seen(void **state)
{
    looked l;
    const mote_data_info *info = inspect(state, "x,y,kind\n1,,a\n2,?,b\n3,1,a\n4,1,b\n", NULL, &l);
    assert_true(info->has_missing);
    assert_false(info->has_missing_labels);
    end(&l);
    info = inspect(state, "x,kind\n1,a\n2,\n3,b\n4,a\n5,b\n", NULL, &l);
    assert_true(info->has_missing_labels);
    assert_int_equal(info->sample_count, 4);
    end(&l);
}

static void what_cannot_be_learned_is_refused(void **state)
{
    refuse(state, "\n", NULL, MOTE_ERROR_FORMAT, "has no rows of values");
    refuse(state, "x,y\n", NULL, MOTE_ERROR_FORMAT, "column 'y', its label, has no value");
    refuse(state, "x,y\n1,a\n2,a\n", NULL, MOTE_ERROR_FORMAT, "one value in all rows");
    refuse(state, "x,y\n1,a\n2,b\n3,c\n4,d\n", NULL, MOTE_ERROR_FORMAT,
           "too many different ones for classes: 4 in 4");
    refuse(state, "x,y\nu,a\nv,b\nw,a\n", NULL, MOTE_ERROR_FORMAT,
           "no column of numbers beside its label");
    refuse(state, "x,y\n1,2\n3\n", NULL, MOTE_ERROR_FORMAT,
           "line 3 has 1 values, the first line 2");
    refuse(state, "x,kind\n1,a\n2,b\n", "kinds", MOTE_ERROR_ARGUMENT,
           "has no column 'kinds', did you mean 'kind'?");
    refuse(state, "x,kind\n1,a\n2,b\n", "3", MOTE_ERROR_ARGUMENT, "has no column '3'");
    refuse(state, "x,kind\n1,\"a,b\"\n2,c\n3,c\n4,c\n", NULL, MOTE_ERROR_UNSUPPORTED,
           "may not have a comma");
}

static void a_file_of_another_kind_is_refused(void **state)
{
    mote_context *context = start();
    mote_inspection *inspection = NULL;
    static const unsigned char bytes[] = {0x89, 'P', 'N', 'G', 0, 1};
    const char *const path = mote_test_write(state, "a.png", bytes, sizeof bytes);
    expect_raises(mote_inspection_create(context, path, NULL, &inspection), MOTE_ERROR_FORMAT,
                  "is none of: a folder with one sub-folder of images a class");
    expect_raises(
        mote_inspection_create(context, mote_test_path(state, "absent"), NULL, &inspection),
        MOTE_ERROR_IO, "absent");
    expect_raises(mote_inspection_create(context, NULL, NULL, &inspection), MOTE_ERROR_ARGUMENT,
                  "mote_inspection_create");
    expect_raises(mote_inspection_create(context, path, NULL, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_inspection_create");
    assert_null(mote_inspection_get(NULL));
    assert_string_equal(mote_data_kind_name(MOTE_DATA_IDX), "idx");
    assert_string_equal(mote_data_kind_name(MOTE_DATA_KIND_COUNT), "unknown");
    mote_context_destroy(&context);
}

/// Writes three images of 2 x 3 and as many labels; gives the path of the images.
static const char *write_idx(void **state, const char *images, const char *labels)
{
    static const unsigned char pixels[16 + 18] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 3};
    static const unsigned char classes[] = {0, 0, 8, 1, 0, 0, 0, 3, 0, 4, 1};
    (void)mote_test_write(state, labels, classes, sizeof classes);
    return mote_test_write(state, images, pixels, sizeof pixels);
}

static void labels_of_an_idx_file_are_found_by_name(void **state)
{
    mote_context *context = start();
    mote_inspection *inspection = NULL;
    const char *path = write_idx(state, "train-images-idx3-ubyte", "train-labels-idx1-ubyte");
    expect_ok(mote_inspection_create(context, path, NULL, &inspection));
    const mote_data_info *const info = mote_inspection_get(inspection);
    assert_int_equal(info->kind, MOTE_DATA_IDX);
    assert_int_equal(info->sample_count, 3);
    assert_int_equal(info->class_count, 5);
    assert_int_equal(info->height, 2);
    assert_int_equal(info->width, 3);
    assert_non_null(strstr(info->label, "train-labels-idx1-ubyte"));
    mote_inspection_destroy(&inspection);
    path = write_idx(state, "pixels", "train-labels-idx1-ubyte");
    expect_raises(mote_inspection_create(context, path, NULL, &inspection), MOTE_ERROR_ARGUMENT,
                  "has no \"images\" in its name");
    expect_raises(mote_inspection_create(context, path, path, &inspection), MOTE_ERROR_FORMAT,
                  "labels have 1");
    mote_context_destroy(&context);
}

static mote_status inspect_with(const mote_allocator *allocator, void *user)
{
    const mote_context_config config = {.thread_count = 1, .allocator = allocator};
    mote_context *context = NULL;
    mote_inspection *inspection = NULL;
    mote_status status = mote_context_create(&config, &context);
    if (status == MOTE_OK)
        status = mote_inspection_create(context, user, NULL, &inspection);
    mote_inspection_destroy(&inspection);
    mote_context_destroy(&context);
    return status;
}

static void memory_that_cannot_be_had_is_an_error(void **state)
{
    char path[512];
    (void)snprintf(
        path, sizeof path, "%s",
        mote_test_write_text(state, "table.csv", "x,name,kind\n1,u,b\n3,v,a\n5,w,b\n7,,a\n"));
    assert_true(failing_allocator_sweep(inspect_with, path) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_in_the_last_column_are_classes),
        cmocka_unit_test(a_record_of_numbers_is_no_header),
        cmocka_unit_test(a_few_whole_numbers_are_classes_and_others_are_values),
        cmocka_unit_test(the_label_is_chosen_by_name_or_number_and_texts_are_ignored),
        cmocka_unit_test(missing_values_are_seen),
        cmocka_unit_test(what_cannot_be_learned_is_refused),
        cmocka_unit_test(a_file_of_another_kind_is_refused),
        cmocka_unit_test(labels_of_an_idx_file_are_found_by_name),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
