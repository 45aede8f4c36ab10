// SPDX-License-Identifier: Apache-2.0
// Looking at data before there is a model; folders of images and what becomes of the data are tested with the
// command init.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/failing_allocator.h"
#include "support/files.h"
#include "unit/data/wavs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
    expect_ok(mote_inspection_create(l->context, path, &(mote_inspection_config){.label = label},
                                     &l->inspection));
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
    const mote_inspection_config config = {.label = label};
    expect_raises(mote_inspection_create(context, path, &config, &inspection), expected, message);
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
    static const char table[] = "kind,name,x\na,Ann,1\nb,1e99,2\na,Cid,3\nb,Dan,4\n";
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
    refuse(state, "x,kind\n1,a\n1e39,b\n", NULL, MOTE_ERROR_FORMAT,
           "line 3, column 1: the number is too large");
    refuse(state, "1e39,a\n1,b\n", NULL, MOTE_ERROR_FORMAT, "line 1, column 1: the number");
    refuse(state, "x,y\n1,1e39\n2,0.5\n", NULL, MOTE_ERROR_FORMAT, "line 2, column 2: the number");
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
                  "is none of: a folder with one sub-folder of images or WAV files a class");
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
    const mote_inspection_config config = {.label = path};
    expect_raises(mote_inspection_create(context, path, &config, &inspection), MOTE_ERROR_FORMAT,
                  "labels have 1");
    mote_context_destroy(&context);
}

/// Inspects what a file of that name has; with a type unless NULL.
static mote_data_kind find_kind(void **state, const char *name, const char *text, const char *type)
{
    const mote_inspection_config config = {.type = type};
    const char *const path = mote_test_write_text(state, name, text);
    mote_context *context = start();
    mote_inspection *inspection = NULL;
    expect_ok(mote_inspection_create(context, path, &config, &inspection));
    const mote_data_kind kind = mote_inspection_get(inspection)->kind;
    mote_inspection_destroy(&inspection);
    mote_context_destroy(&context);
    return kind;
}

static const char prose[] =
    "It was the best of times, it was the worst of times,\nit was the age of wisdom, it was\n"
    "the age of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was "
    "the season of Light, it was the season of Darkness.\n";
static const char even_prose[] = // a comma in each line, and no numbers
    "Call me Ishmael, he said\nSome years ago, never mind how long\nhaving little, or no money\n"
    "in my purse, and nothing\nparticular, to interest me on shore\nI thought, I would sail\n"
    "about a little, and see the watery\npart of the world, and so on\n";
static const char table[] = "x,y,kind\n1,2,b\n3,4,a\n5,6,b\n7,8,a\n";

static void tables_and_texts_are_told_apart_by_name_and_first_lines(void **state)
{
    assert_int_equal(find_kind(state, "a", table, NULL), MOTE_DATA_CSV);
    assert_int_equal(find_kind(state, "a.txt", "1;a\n2;b\n?;a\n4;b\n", NULL), MOTE_DATA_CSV);
    assert_int_equal(find_kind(state, "a.txt", prose, NULL), MOTE_DATA_TEXT);
    assert_int_equal(find_kind(state, "a", even_prose, NULL), MOTE_DATA_TEXT);
    refuse(state, prose, NULL, MOTE_ERROR_FORMAT, "line 2 has 2 values"); // table.csv
    assert_int_equal(find_kind(state, "b.CSV", table, NULL), MOTE_DATA_CSV);
}

static void one_long_line_and_a_quote_that_stays_open_are_text(void **state)
{
    char line[70001];
    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    assert_int_equal(find_kind(state, "long", line, NULL), MOTE_DATA_TEXT);
    memset(line + 20, ',', 40);
    assert_int_equal(find_kind(state, "long", line, NULL), MOTE_DATA_TEXT);
    line[0] = '"';
    assert_int_equal(find_kind(state, "long", line, NULL), MOTE_DATA_TEXT);
}

static void a_text_is_as_long_as_its_bytes(void **state)
{
    looked l = {.context = start()};
    const char *const path = mote_test_write_text(state, "a.txt", prose);
    expect_ok(mote_inspection_create(l.context, path, NULL, &l.inspection));
    const mote_data_info *const info = mote_inspection_get(l.inspection);
    assert_int_equal(info->byte_count, sizeof prose - 1);
    assert_int_equal(info->class_count, 0);
    assert_int_equal(info->sample_count, 0);
    end(&l);
}

static void refuse_file(void **state, const char *path, const mote_inspection_config *config,
                        mote_status expected, const char *message)
{
    (void)state;
    mote_context *context = start();
    mote_inspection *inspection = NULL;
    expect_raises(mote_inspection_create(context, path, config, &inspection), expected, message);
    mote_context_destroy(&context);
}

static void texts_that_teach_nothing_are_refused(void **state)
{
    const mote_inspection_config label = {.label = "x"};
    const char *path = mote_test_write_text(state, "a.txt", "too short");
    refuse_file(state, path, NULL, MOTE_ERROR_FORMAT, "has 9 bytes of text; expected at least 200");
    refuse_file(state, path, &label, MOTE_ERROR_ARGUMENT, "the bytes that follow are the labels");
    refuse_file(state, mote_test_write(state, "b.txt", "", 0), NULL, MOTE_ERROR_FORMAT, "is empty");
    unsigned char late[70000];
    memset(late, 'a', sizeof late);
    late[69000] = 0;
    path = mote_test_write(state, "c.txt", late, sizeof late);
    refuse_file(state, path, NULL, MOTE_ERROR_FORMAT, "is no text: byte 69000 is 0");
}

static void the_type_can_be_said(void **state)
{
    const mote_inspection_config wrong = {.type = "txt"};
    char text[20 * (sizeof table - 1) + 1] = "";
    for (size_t i = 0; i < 20; i++)
        memcpy(text + i * (sizeof table - 1), table, sizeof table);
    assert_int_equal(find_kind(state, "a.csv", text, "text"), MOTE_DATA_TEXT);
    assert_int_equal(find_kind(state, "a.txt", table, "csv"), MOTE_DATA_CSV);
    refuse_file(state, mote_test_path(state, "a.txt"), &wrong, MOTE_ERROR_ARGUMENT,
                "no data of type 'txt', did you mean 'text'?");
}

/// A folder of three classes with WAV files of one format, of these numbers of samples.
static const char *write_wavs(void **state, const char *name, const uint32_t rates[3],
                              uint32_t bits)
{
    static const unsigned char silence[400] = {0};
    static const char *const folders[] = {"", "/a", "/b", "/c"};
    char path[512];
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s%s", name, folders[i]);
        assert_int_equal(mkdir(mote_test_path(state, path), 0700), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        wav_bytes wav;
        const wav_format format = {bits == 32 ? 3 : 1, (uint32_t)(1 + i % 2), rates[i], bits};
        wav_make(&wav, &format, silence, 40 * (i + 1));
        (void)snprintf(path, sizeof path, "%s%s/sound.wav", name, folders[i + 1]);
        (void)wav_write(state, path, &wav);
    }
    return mote_test_path(state, name);
}

static void sounds_have_a_rate_a_length_and_channels(void **state)
{
    looked l = {.context = start()};
    const char *const path = write_wavs(state, "even", (uint32_t[]){8000, 8000, 8000}, 16);
    expect_ok(mote_inspection_create(l.context, path, NULL, &l.inspection));
    const mote_data_info *const info = mote_inspection_get(l.inspection);
    assert_int_equal(info->kind, MOTE_DATA_WAV);
    assert_int_equal(info->sample_count, 3);
    assert_string_equal(info->class_names, "a,b,c");
    assert_int_equal(info->sample_rate, 8000);
    assert_int_equal(info->channels, 2);
    assert_int_equal(info->longest, 60); // 120 bytes of 2 in one channel
    assert_int_equal(info->usual, 60);
    end(&l);
}

static void sounds_that_do_not_fit_each_other_are_refused(void **state)
{
    const char *path = write_wavs(state, "uneven", (uint32_t[]){8000, 8000, 16000}, 16);
    refuse_file(state, path, NULL, MOTE_ERROR_FORMAT, "c/sound.wav' has 16000 samples a second");
    path = write_wavs(state, "floats", (uint32_t[]){8000, 8000, 8000}, 32);
    const mote_inspection_config label = {.label = "x"};
    refuse_file(state, path, &label, MOTE_ERROR_ARGUMENT, "names of its sub-folders are");
    static const unsigned char infinite[] = {0, 0, 0x80, 0x7F};
    wav_bytes wav;
    wav_make(&wav, &(wav_format){3, 1, 8000, 32}, infinite, sizeof infinite);
    (void)wav_write(state, "floats/b/sound.wav", &wav);
    refuse_file(state, path, NULL, MOTE_ERROR_FORMAT, "b/sound.wav");
    (void)mote_test_write_text(state, "floats/a/sound.wav", "ID3");
    refuse_file(state, path, NULL, MOTE_ERROR_FORMAT, "a/sound.wav' is not a WAV file");
}

static void the_usual_length_leaves_out_one_in_twenty(void **state)
{
    looked l = {.context = start()};
    static const unsigned char silence[100] = {0};
    (void)write_wavs(state, "many", (uint32_t[]){8000, 8000, 8000}, 16);
    for (uint32_t i = 0; i < 37; i++) { // 40 files in all, two of them long
        char name[64];
        wav_bytes wav;
        wav_make(&wav, &(wav_format){1, 1, 8000, 8}, silence, 1 + i % 10);
        (void)snprintf(name, sizeof name, "many/a/%u.wav", (unsigned)i);
        (void)wav_write(state, name, &wav);
    }
    expect_ok(
        mote_inspection_create(l.context, mote_test_path(state, "many"), NULL, &l.inspection));
    assert_int_equal(mote_inspection_get(l.inspection)->longest, 60);
    assert_int_equal(mote_inspection_get(l.inspection)->usual, 20);
    end(&l);
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
    (void)snprintf(path, sizeof path, "%s",
                   write_wavs(state, "sounds", (uint32_t[]){8000, 8000, 8000}, 16));
    assert_true(failing_allocator_sweep(inspect_with, path) > 3);
    (void)snprintf(path, sizeof path, "%s", mote_test_write_text(state, "a", prose));
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
        cmocka_unit_test(tables_and_texts_are_told_apart_by_name_and_first_lines),
        cmocka_unit_test(one_long_line_and_a_quote_that_stays_open_are_text),
        cmocka_unit_test(a_text_is_as_long_as_its_bytes),
        cmocka_unit_test(texts_that_teach_nothing_are_refused),
        cmocka_unit_test(the_type_can_be_said),
        cmocka_unit_test(sounds_have_a_rate_a_length_and_channels),
        cmocka_unit_test(sounds_that_do_not_fit_each_other_are_refused),
        cmocka_unit_test(the_usual_length_leaves_out_one_in_twenty),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
