// SPDX-License-Identifier: Apache-2.0
// Compressed data files: the same numbers as plain ones, and every damage refused.
#include "sets.h"

#include <zlib.h>

#define PACKED_MAX 4096U

/// A gzip member of `count` bytes behind what `packed` has already.
static void pack(unsigned char packed[PACKED_MAX], size_t *packed_count, unsigned char *bytes,
                 size_t count)
{
    z_stream z = {.zalloc = Z_NULL};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = bytes;
    z.avail_in = (uInt)count;
    z.next_out = packed + *packed_count;
    z.avail_out = (uInt)(PACKED_MAX - *packed_count);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    *packed_count += z.total_out;
    assert_int_equal(deflateEnd(&z), Z_OK);
}

/// Writes images.idx compressed: `count` of its bytes, and `extra` zeroes behind them in the same member.
static size_t write_packed(void **state, size_t count, size_t extra,
                           unsigned char packed[PACKED_MAX])
{
    unsigned char images[IMAGE_BYTES + 16] = {0};
    size_t packed_count = 0;
    fill_images(images);
    pack(packed, &packed_count, images, count + extra);
    (void)mote_test_write(state, "images.idx", packed, packed_count);
    return packed_count;
}

static int reset(void **state)
{
    write_files(state);
    return 0;
}

static void assert_images_are_right(const set_config *set)
{
    mote_dataset *dataset = open_set(set);
    float values[COUNT * PIXELS];
    mote_dataset_select(dataset, NULL, 0, COUNT);
    expect_ok(read_batch(dataset, 0, &set->ports[0].spec, 0, COUNT, values));
    for (size_t i = 0; i < COUNT * PIXELS; i++)
        assert_true(values[i] == pixel_value(i / PIXELS, i % PIXELS));
    mote_dataset_close(&dataset);
}

static void a_compressed_file_is_known_by_its_bytes_not_by_its_name(void **state)
{
    unsigned char packed[PACKED_MAX];
    set_config set;
    set_init(state, &set);
    (void)write_packed(state, IMAGE_BYTES, 0, packed);
    assert_images_are_right(&set);
    (void)write_files(state);
    set.entries[1].value = "plain.gz";
    size_t count = 0;
    const unsigned char *const bytes =
        mote_test_read(state, mote_test_path(state, "images.idx"), &count);
    (void)mote_test_write(state, "plain.gz", bytes, count);
    assert_images_are_right(&set);
}

static void several_members_are_one_file(void **state)
{
    unsigned char images[IMAGE_BYTES];
    unsigned char packed[PACKED_MAX];
    size_t packed_count = 0;
    set_config set;
    set_init(state, &set);
    fill_images(images);
    pack(packed, &packed_count, images, 5);
    pack(packed, &packed_count, images + 5, 0);
    pack(packed, &packed_count, images + 5, IMAGE_BYTES - 5);
    (void)mote_test_write(state, "images.idx", packed, packed_count);
    assert_images_are_right(&set);
}

static void every_truncation_is_refused(void **state)
{
    unsigned char packed[PACKED_MAX];
    const size_t count = write_packed(state, IMAGE_BYTES, 0, packed);
    for (size_t i = 2; i < count; i++) {
        (void)mote_test_write(state, "images.idx", packed, i);
        assert_files_refused(state, MOTE_ERROR_FORMAT,
                             "m.ini:10: [train_set]: path: '@/images.idx' is truncated: it ends "
                             "inside its gzip data");
    }
}

/// Some bits of a gzip file mean nothing (time and system, padding of the last byte). Where another one is
/// wrong the file is refused, by zlib's checksum at the latest.
static void a_changed_byte_is_refused_or_means_nothing(void **state)
{
    unsigned char packed[PACKED_MAX];
    size_t refused_count = 0;
    set_config set;
    set_init(state, &set);
    const size_t count = write_packed(state, IMAGE_BYTES, 0, packed);
    for (size_t i = 2; i < count; i++) {
        mote_dataset *dataset = NULL;
        packed[i] ^= 0x10U;
        (void)mote_test_write(state, "images.idx", packed, count);
        packed[i] ^= 0x10U;
        if (mote_dataset_open(&set.config, &dataset) == MOTE_OK) {
            mote_dataset_close(&dataset);
            assert_images_are_right(&set);
            continue;
        }
        assert_non_null(strstr(mote_last_error()->message, "[train_set]: path: "));
        assert_null(dataset);
        refused_count++;
    }
    assert_true(refused_count >= count - 9);
}

static void a_wrong_checksum_is_called_damage(void **state)
{
    unsigned char packed[PACKED_MAX];
    const size_t count = write_packed(state, IMAGE_BYTES, 0, packed);
    packed[count - 8] ^= 1U;
    (void)mote_test_write(state, "images.idx", packed, count);
    assert_files_refused(state, MOTE_ERROR_FORMAT,
                         "'@/images.idx': the gzip data are damaged at byte ");
    assert_non_null(strstr(mote_last_error()->message, "incorrect data check"));
}

static void bytes_behind_the_gzip_data_are_refused(void **state)
{
    unsigned char packed[PACKED_MAX];
    char message[128];
    const size_t count = write_packed(state, IMAGE_BYTES, 0, packed);
    memset(packed + count, 0, 7);
    (void)mote_test_write(state, "images.idx", packed, count + 7);
    (void)snprintf(message, sizeof message, "'@/images.idx': the gzip data end at byte %zu of %zu",
                   count, count + 7);
    assert_files_refused(state, MOTE_ERROR_FORMAT, message);
    packed[count] = 0x1F;
    (void)mote_test_write(state, "images.idx", packed, count + 7);
    assert_files_refused(state, MOTE_ERROR_FORMAT,
                         "'@/images.idx': the gzip data are damaged at byte ");
}

static void content_shorter_than_its_header_says_is_refused(void **state)
{
    unsigned char packed[PACKED_MAX];
    (void)write_packed(state, IMAGE_BYTES - 1, 0, packed);
    assert_files_refused(state, MOTE_ERROR_FORMAT,
                         "'@/images.idx' expands to less than the 58 bytes that 7 images need");
    (void)write_packed(state, 15, 0, packed);
    assert_files_refused(state, MOTE_ERROR_FORMAT,
                         "'@/images.idx' is no IDX file of images: 15 bytes are less than its "
                         "header's 16");
}

static void content_longer_than_its_header_says_is_refused(void **state)
{
    unsigned char packed[PACKED_MAX];
    (void)write_packed(state, IMAGE_BYTES, 1, packed);
    assert_files_refused(state, MOTE_ERROR_FORMAT,
                         "'@/images.idx' expands to more than the 58 bytes that 7 images need");
}

static void tables_and_texts_expand_too(void **state)
{
    unsigned char packed[PACKED_MAX];
    unsigned char table[] = "a,c\n5,0\n7,1\n";
    size_t packed_count = 0;
    set_config set;
    float values[2] = {0};
    int32_t tokens[2] = {0};
    pack(packed, &packed_count, table, sizeof table - 1);
    (void)mote_test_write(state, "t.gz", packed, packed_count);
    file_set_init(state, &set, "csv", "t.gz");
    add_port(&set, real_port("in", 1, 1, 1), false);
    add_port(&set, index_port("class", 1, 1), true);
    set.config.is_training = true;
    mote_dataset *dataset = open_set(&set);
    mote_dataset_select(dataset, NULL, 0, 2);
    expect_ok(read_batch(dataset, 0, &set.ports[0].spec, 0, 2, values));
    assert_true(values[0] == 5.0F && values[1] == 7.0F);
    mote_dataset_close(&dataset);
    file_set_init(state, &set, "text", "t.gz");
    add_port(&set, index_port("in", 2, 255), false);
    dataset = open_set(&set);
    mote_dataset_select(dataset, NULL, 1, 1);
    expect_ok(read_batch(dataset, 0, &set.ports[0].spec, 0, 1, tokens));
    assert_true(tokens[0] == 'c' && tokens[1] == '\n');
    mote_dataset_close(&dataset);
    (void)mote_test_write(state, "t.gz", packed, packed_count - 3);
    assert_set_refused(state, &set, MOTE_ERROR_FORMAT, "'@/t.gz' is truncated");
}

static mote_status open_once(const mote_allocator *allocator, void *user)
{
    set_config set = *(const set_config *)user;
    mote_dataset *dataset = NULL;
    set.config.entries = set.entries;
    set.config.ports.items = set.ports;
    set.config.allocator = allocator;
    const mote_status status = mote_dataset_open(&set.config, &dataset);
    mote_dataset_close(&dataset);
    return status;
}

static void every_allocation_of_expanding_may_fail(void **state)
{
    unsigned char packed[PACKED_MAX];
    set_config set;
    set_init(state, &set);
    (void)write_packed(state, IMAGE_BYTES, 0, packed);
    assert_true(failing_allocator_sweep(open_once, &set) >= 4);
}

static void the_digits_that_ship_with_mote_are_read(void **state)
{
    static const struct {
        const char *images, *labels;
        uint64_t count;
    } sets[] = {
        {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", 5000},
        {"valid-images-idx3-ubyte.gz", "valid-labels-idx1-ubyte.gz", 1000},
        {"test-images-idx3-ubyte.gz", "test-labels-idx1-ubyte.gz", 1000},
    };

    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        set_config set;
        set_init(state, &set);
        set.config.folder = MOTE_SOURCE_DIR "/examples/digits/data";
        set.config.ports.class_count = 10;
        set.ports[1].index_last = 9;
        set.ports[0].spec.shape = mote_shape_image(1, 28, 28);
        set.entries[1].value = sets[i].images;
        set.entries[2].value = sets[i].labels;
        mote_dataset *dataset = open_set(&set);
        assert_int_equal(mote_dataset_sample_count(dataset), sets[i].count);
        mote_dataset_close(&dataset);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, reset)
    const struct CMUnitTest tests[] = {
        TEST(a_compressed_file_is_known_by_its_bytes_not_by_its_name),
        TEST(several_members_are_one_file),
        TEST(every_truncation_is_refused),
        TEST(a_changed_byte_is_refused_or_means_nothing),
        TEST(a_wrong_checksum_is_called_damage),
        TEST(bytes_behind_the_gzip_data_are_refused),
        TEST(content_shorter_than_its_header_says_is_refused),
        TEST(content_longer_than_its_header_says_is_refused),
        TEST(tables_and_texts_expand_too),
        TEST(every_allocation_of_expanding_may_fail),
        TEST(the_digits_that_ship_with_mote_are_read),
    };
#undef TEST
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
