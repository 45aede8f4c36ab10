// SPDX-License-Identifier: Apache-2.0
// IDX files that are not what they should be: each is refused with file, record and reason.
#include "sets.h"

/// The default image file with byte `at` changed and `count` bytes long, zeroes where it is longer.
static void write_images(void **state, size_t at, unsigned char value, size_t count)
{
    unsigned char bytes[IMAGE_BYTES + 16] = {0};
    fill_images(bytes);
    bytes[at] = value;
    (void)mote_test_write(state, "images.idx", bytes, count);
}

static void write_labels(void **state, size_t at, unsigned char value, size_t count)
{
    unsigned char bytes[LABEL_BYTES + 16] = {0};
    fill_labels(bytes);
    bytes[at] = value;
    (void)mote_test_write(state, "labels.idx", bytes, count);
}

static int reset(void **state)
{
    write_files(state);
    return 0;
}

static void missing_files_are_refused_at_their_key(void **state)
{
    set_config set;
    set_init(state, &set);
    set.entries[1].value = "no.idx";
    set.entries[1].origin.line = 12;
    assert_set_refused(state, &set, MOTE_ERROR_IO,
                       "m.ini:12: [train_set]: path: cannot open '@/no.idx'");
    set.entries[1].value = "images.idx";
    set.entries[2].value = "/no/such/labels";
    assert_set_refused(state, &set, MOTE_ERROR_IO,
                       "m.ini:10: [train_set]: label_path: cannot open '/no/such/labels'");
}

static void paths_are_used_as_they_are_without_a_folder(void **state)
{
    set_config set;
    set_init(state, &set);
    set.config.folder = ".";
    assert_set_refused(state, &set, MOTE_ERROR_IO, "cannot open 'images.idx'");
}

static void an_empty_file_is_refused(void **state)
{
    write_images(state, 0, 0, 0);
    assert_files_refused(state, MOTE_ERROR_FORMAT,
                         "m.ini:10: [train_set]: path: '@/images.idx' is no IDX file of images: 0 "
                         "bytes are less than its header's 16");
}

static void a_cut_header_is_refused(void **state)
{
    write_labels(state, 0, 0, 7);
    assert_files_refused(
        state, MOTE_ERROR_FORMAT,
        "label_path: '@/labels.idx' is no IDX file of labels: 7 bytes are less than "
        "its header's 8");
}

static void other_files_are_refused(void **state)
{
    write_images(state, 0, 0x89, IMAGE_BYTES);
    assert_files_refused(
        state, MOTE_ERROR_FORMAT,
        "'@/images.idx' is no IDX file: it begins with the bytes 89 00, not 00 00");
}

static void other_element_types_are_refused_by_name(void **state)
{
    static const struct {
        unsigned char type;
        const char *name;
    } types[] = {
        {0x09, "8-bit signed integers (type 0x09)"},
        {0x0B, "16-bit integers (type 0x0B)"},
        {0x0C, "32-bit integers (type 0x0C)"},
        {0x0D, "32-bit floats (type 0x0D)"},
        {0x0E, "64-bit floats (type 0x0E)"},
        {0x42, "elements of an unknown type (type 0x42)"},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char message[256];
        write_images(state, 2, types[i].type, IMAGE_BYTES);
        (void)snprintf(message, sizeof message,
                       "'@/images.idx' is an IDX file of %s, expected unsigned bytes (0x08)",
                       types[i].name);
        assert_files_refused(state, MOTE_ERROR_UNSUPPORTED, message);
    }
}

static void files_in_each_others_place_are_refused(void **state)
{
    set_config set;
    set_init(state, &set);
    set.entries[1].value = "labels.idx";
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT, "bytes are less than its header's 16");
    set.entries[1].value = "images.idx";
    set.entries[2].value = "images.idx";
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "'@/images.idx' is an IDX file of 3 dimensions, labels have 1 (count)");
    write_images(state, 3, 1, IMAGE_BYTES);
    set.entries[2].value = "labels.idx";
    assert_set_refused(
        state, &set, MOTE_ERROR_FORMAT,
        "'@/images.idx' is an IDX file of 1 dimensions, images have 3 (count, height, "
        "width)");
}

static void no_records_are_refused(void **state)
{
    write_images(state, 7, 0, 16);
    assert_files_refused(state, MOTE_ERROR_FORMAT, "'@/images.idx' is empty: it has 0 images");
}

static void images_of_another_size_are_refused(void **state)
{
    write_images(state, 15, 4, IMAGE_BYTES);
    assert_files_refused(
        state, MOTE_ERROR_SHAPE,
        "'@/images.idx': its images are 1:2:4 (channels:height:width), the network's "
        "input is 1:2:3");
}

static void a_count_that_no_file_can_have_is_refused(void **state)
{
    set_config set;
    set_init(state, &set);
    const unsigned char header[] = {0,    0,    8,    3,    0xFF, 0xFF, 0xFF, 0xFF,
                                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    (void)mote_test_write(state, "images.idx", header, sizeof header);
    set.ports[0].spec.shape = mote_shape_image(1, UINT32_MAX, UINT32_MAX);
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "4294967295 images of 18446744065119617025 bytes are no file");
}

static void a_truncated_file_is_refused(void **state)
{
    write_images(state, 0, 0, IMAGE_BYTES - 1);
    assert_files_refused(
        state, MOTE_ERROR_FORMAT,
        "'@/images.idx' is truncated: it is shorter than the 58 bytes that 7 images "
        "need");
}

static void bytes_behind_the_records_are_refused(void **state)
{
    write_labels(state, 0, 0, LABEL_BYTES + 2);
    assert_files_refused(state, MOTE_ERROR_FORMAT,
                         "'@/labels.idx' is longer than the 15 bytes that 7 labels need");
}

static void counts_that_differ_are_refused(void **state)
{
    write_labels(state, 7, 6, LABEL_BYTES - 1);
    assert_files_refused(state, MOTE_ERROR_FORMAT,
                         "'@/labels.idx' has 6 labels, but '@/images.idx' has 7 images");
}

static void a_label_that_is_no_class_is_refused_with_its_record(void **state)
{
    write_labels(state, 8 + 5, 4, LABEL_BYTES);
    assert_files_refused(
        state, MOTE_ERROR_FORMAT,
        "m.ini:10: [train_set]: label_path: '@/labels.idx': record 5 (counted from 0) "
        "has label 4, the network tells 4 classes apart (0 to 3)");
}

static void one_hot_labels_are_limited_by_their_length(void **state)
{
    set_config set;
    set_init(state, &set);
    set.ports[1].spec =
        (mote_tensor_spec){.dtype = MOTE_DTYPE_F32, .shape = mote_shape_image(1, 1, 3)};
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "record 3 (counted from 0) has label 3, the network tells 3 classes apart");
}

static void labels_of_a_long_file_are_all_checked(void **state)
{
    const size_t count = 10000;
    set_config set;
    set_init(state, &set);
    set.ports[0].spec.shape = mote_shape_image(1, 1, 1);
    unsigned char *const bytes = mote_test_memory(state, 16 + count);
    const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0x27, 0x10, 0, 0, 0, 1, 0, 0, 0, 1};
    memcpy(bytes, images, 16);
    (void)mote_test_write(state, "images.idx", bytes, 16 + count);
    memset(bytes, 0, 16);
    bytes[2] = 8;
    bytes[3] = 1;
    memcpy(bytes + 4, images + 4, 4);
    bytes[8 + 9999] = 200;
    (void)mote_test_write(state, "labels.idx", bytes, 8 + count);
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT,
                       "record 9999 (counted from 0) has label 200");
}

static void a_label_that_changed_since_is_refused(void **state)
{
    set_config set;
    set_init(state, &set);
    mote_dataset *dataset = open_set(&set);
    int32_t labels[COUNT];
    write_labels(state, 8 + 2, 77, LABEL_BYTES);
    mote_dataset_select(dataset, NULL, 0, COUNT);
    expect_raises(read_batch(dataset, 1, &set.ports[1].spec, 0, COUNT, labels), MOTE_ERROR_FORMAT,
                  "record 2 (counted from 0) has label 77");
    mote_dataset_close(&dataset);
}

static void a_file_that_was_cut_since_is_refused(void **state)
{
    set_config set;
    set_init(state, &set);
    mote_dataset *dataset = open_set(&set);
    float values[COUNT * PIXELS];
    write_images(state, 0, 0, IMAGE_BYTES - 3);
    mote_dataset_select(dataset, NULL, 0, COUNT);
    expect_raises(read_batch(dataset, 0, &set.ports[0].spec, 0, COUNT, values), MOTE_ERROR_IO,
                  "images.idx' ends at byte 55");
    mote_dataset_close(&dataset);
}

static void networks_it_cannot_feed_are_refused(void **state)
{
    set_config set;
    set_init(state, &set);
    set.config.ports.input_count = 2;
    assert_set_refused(
        state, &set, MOTE_ERROR_UNSUPPORTED,
        "m.ini:9: [train_set]: type idx feeds one input and one label, the network has "
        "2 and 1");
    set.config.ports.input_count = 1;
    set.config.ports.label_count = 0;
    assert_set_refused(state, &set, MOTE_ERROR_UNSUPPORTED, "the network has 1 and 0");
    set.config.ports.label_count = 1;
    set.ports[0].spec.shape = mote_shape_image(3, 2, 3);
    assert_set_refused(state, &set, MOTE_ERROR_SHAPE,
                       "m.ini:9: [train_set]: type idx feeds inputs of shape 1:height:width, the "
                       "network's input is 3:2:3");
    set.ports[0].spec.shape = mote_shape_image(1, 2, 3);
    set.ports[1].spec.shape = mote_shape_image(1, 1, 5);
    assert_set_refused(state, &set, MOTE_ERROR_SHAPE,
                       "m.ini:9: [train_set]: type idx feeds one label a sample, the network wants "
                       "1:1:5");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, reset)
    const struct CMUnitTest tests[] = {
        TEST(missing_files_are_refused_at_their_key),
        TEST(paths_are_used_as_they_are_without_a_folder),
        TEST(an_empty_file_is_refused),
        TEST(a_cut_header_is_refused),
        TEST(other_files_are_refused),
        TEST(other_element_types_are_refused_by_name),
        TEST(files_in_each_others_place_are_refused),
        TEST(no_records_are_refused),
        TEST(images_of_another_size_are_refused),
        TEST(a_count_that_no_file_can_have_is_refused),
        TEST(a_truncated_file_is_refused),
        TEST(bytes_behind_the_records_are_refused),
        TEST(counts_that_differ_are_refused),
        TEST(a_label_that_is_no_class_is_refused_with_its_record),
        TEST(one_hot_labels_are_limited_by_their_length),
        TEST(labels_of_a_long_file_are_all_checked),
        TEST(a_label_that_changed_since_is_refused),
        TEST(a_file_that_was_cut_since_is_refused),
        TEST(networks_it_cannot_feed_are_refused),
    };
#undef TEST
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
