// SPDX-License-Identifier: Apache-2.0
// JPEG images: grey and colour near what was written, orientation, inks refused by name, damage.
#include "data/image.h"
#include "sets.h"

#include <stdlib.h>

#include <jpeglib.h>

#define SIDE 16U

typedef struct jpeg_kind {
    J_COLOR_SPACE space;
    int channels;
    unsigned char orientation; // 0: no EXIF block
} jpeg_kind;

static void write_orientation(j_compress_ptr jpeg, unsigned char orientation)
{
    unsigned char exif[] = "Exif\0\0II\x2A\0\x08\0\0\0\x01\0"
                           "\x12\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0";
    exif[24] = orientation;
    jpeg_write_marker(jpeg, JPEG_APP0 + 1, exif, sizeof exif);
}

/// The left half of the image is dark (40), the right one bright (200), in all channels.
static const char *write_jpeg(void **state, const char *name, const jpeg_kind *kind)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    const char *const path = mote_test_path(state, name);
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = SIDE;
    jpeg.image_height = SIDE / 2;
    jpeg.input_components = kind->channels;
    jpeg.in_color_space = kind->space;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 95, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    if (kind->orientation > 0)
        write_orientation(&jpeg, kind->orientation);
    for (unsigned y = 0; y < SIDE / 2; y++) {
        unsigned char pixels[SIDE * 4];
        JSAMPROW row = pixels;
        for (unsigned i = 0; i < SIDE * (unsigned)kind->channels; i++)
            pixels[i] = i < SIDE / 2 * (unsigned)kind->channels ? 40 : 200;
        (void)jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    assert_int_equal(fclose(file), 0);
    return path;
}

static const jpeg_kind grey = {JCS_GRAYSCALE, 1, 0};

static void assert_near(const mote_image *image, size_t x, size_t y, int value)
{
    for (size_t c = 0; c < image->channels; c++)
        assert_true(abs(image->pixels[(y * image->width + x) * image->channels + c] - value) < 8);
}

static void grey_and_colour_are_decoded(void **state)
{
    static const jpeg_kind kinds[] = {{JCS_GRAYSCALE, 1, 0}, {JCS_RGB, 3, 0}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        mote_arena arena;
        mote_image image;
        mote_arena_init(&arena, mote_allocator_default());
        expect_ok(mote_image_decode(write_jpeg(state, "a.jpg", &kinds[i]), &arena, &image));
        assert_int_equal(image.channels, kinds[i].channels);
        assert_int_equal(image.width, SIDE);
        assert_int_equal(image.height, SIDE / 2);
        assert_near(&image, 1, 1, 40);
        assert_near(&image, SIDE - 2, 6, 200);
        mote_arena_release(&arena);
    }
}

/// Orientation 6: the dark left side is on top.
static void images_are_turned_upright(void **state)
{
    const jpeg_kind kind = {JCS_RGB, 3, 6};
    mote_arena arena;
    mote_image image;
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_image_decode(write_jpeg(state, "turned.jpg", &kind), &arena, &image));
    assert_int_equal(image.width, SIDE / 2);
    assert_int_equal(image.height, SIDE);
    assert_near(&image, 6, 1, 40);
    assert_near(&image, 1, SIDE - 2, 200);
    mote_arena_release(&arena);
}

static void assert_refused(const char *path, mote_status status, const char *message)
{
    mote_arena arena;
    mote_image image;
    char expected[512];
    (void)snprintf(expected, sizeof expected, "'%s' %s", path, message);
    mote_arena_init(&arena, mote_allocator_default());
    expect_raises(mote_image_decode(path, &arena, &image), status, expected);
    mote_arena_release(&arena);
}

static void printing_inks_are_refused(void **state)
{
    const jpeg_kind kind = {JCS_CMYK, 4, 0};
    assert_refused(write_jpeg(state, "inks.jpg", &kind), MOTE_ERROR_UNSUPPORTED,
                   "is a JPEG image of printing inks (CMYK); accepted are grey and colour");
}

/// A grey progressive image with a scan for each bit of some coefficients, as far down as they are 0.
static const char *write_scans(void **state, const char *name, int count)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg_scan_info *const scans = mote_test_memory(state, (size_t)count * sizeof *scans);
    const char *const path = mote_test_path(state, name);
    FILE *const file = fopen(path, "wb");
    unsigned char pixels[SIDE];
    JSAMPROW row = pixels;
    assert_non_null(file);
    memset(pixels, 90, sizeof pixels);
    scans[0] = (jpeg_scan_info){.comps_in_scan = 1};
    for (int i = 1; i < count; i++) {
        const int coefficient = 1 + (i - 1) / 8;
        const int bit = 7 - (i - 1) % 8;
        scans[i] = (jpeg_scan_info){.comps_in_scan = 1,
                                    .Ss = coefficient,
                                    .Se = coefficient,
                                    .Ah = bit == 7 ? 0 : bit + 1,
                                    .Al = bit};
    }
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = SIDE;
    jpeg.image_height = SIDE;
    jpeg.input_components = 1;
    jpeg.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&jpeg);
    jpeg.scan_info = scans;
    jpeg.num_scans = count;
    jpeg_start_compress(&jpeg, TRUE);
    for (unsigned y = 0; y < SIDE; y++)
        (void)jpeg_write_scanlines(&jpeg, &row, 1);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    assert_int_equal(fclose(file), 0);
    return path;
}

/// Each scan goes through all pixels, and takes few bytes.
static void images_of_very_many_scans_are_refused(void **state)
{
    mote_arena arena;
    mote_image image;
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_image_decode(write_scans(state, "scans.jpg", 100), &arena, &image));
    assert_near(&image, 3, 3, 90);
    mote_arena_release(&arena);
    assert_refused(write_scans(state, "scans.jpg", 101), MOTE_ERROR_UNSUPPORTED,
                   "is a JPEG image of more than 100 scans; accepted are at most that many");
}

/// Of this coding no bytes at all make any number of pixels.
static void arithmetic_coding_is_refused(void **state)
{
    size_t count = 0;
    unsigned char *const bytes = mote_test_read(state, write_jpeg(state, "a.jpg", &grey), &count);
    unsigned char *const frame = memmem(bytes, count, "\xFF\xC0", 2);
    assert_non_null(frame);
    frame[1] = 0xC9;
    assert_refused(mote_test_write(state, "arithmetic.jpg", bytes, count), MOTE_ERROR_UNSUPPORTED,
                   "is a JPEG image with arithmetic coding; accepted is Huffman coding");
}

static void every_truncation_is_refused(void **state)
{
    size_t count = 0;
    unsigned char *const bytes = mote_test_read(state, write_jpeg(state, "a.jpg", &grey), &count);
    for (size_t i = 3; i + 2 < count; i++)
        assert_refused(mote_test_write(state, "cut.jpg", bytes, i), MOTE_ERROR_FORMAT,
                       "is a damaged JPEG image: ");
}

/// Whatever libjpeg makes of it, nothing crashes and nothing leaks (sanitizers watch).
static void changed_bytes_are_harmless(void **state)
{
    size_t count = 0;
    unsigned char *const bytes = mote_test_read(state, write_jpeg(state, "a.jpg", &grey), &count);
    size_t refused = 0;
    for (size_t i = 0; i < count; i++) {
        mote_arena arena;
        mote_image image;
        bytes[i] ^= 0xFF;
        const char *const path = mote_test_write(state, "byte.jpg", bytes, count);
        bytes[i] ^= 0xFF;
        mote_arena_init(&arena, mote_allocator_default());
        refused += mote_image_decode(path, &arena, &image) != MOTE_OK;
        mote_arena_release(&arena);
    }
    assert_true(refused > count / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grey_and_colour_are_decoded),
        cmocka_unit_test(images_are_turned_upright),
        cmocka_unit_test(printing_inks_are_refused),
        cmocka_unit_test(images_of_very_many_scans_are_refused),
        cmocka_unit_test(arithmetic_coding_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(changed_bytes_are_harmless),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
