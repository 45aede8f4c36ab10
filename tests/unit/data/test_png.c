// SPDX-License-Identifier: Apache-2.0
// PNG images: exact bytes for the one kind that is read as it is, what becomes of the others, and damage.
#include "data/image.h"
#include "sets.h"

#include <png.h>

#define SIDE 16UL

/// What a test image is like.
typedef struct png_kind {
    int color_type, depth;
    bool is_interlaced, has_gamma, has_text, has_transparency;
} png_kind;

static size_t row_bytes(const png_kind *kind, size_t width)
{
    static const size_t channels[] = {[PNG_COLOR_TYPE_GRAY] = 1,
                                      [PNG_COLOR_TYPE_RGB] = 3,
                                      [PNG_COLOR_TYPE_PALETTE] = 1,
                                      [PNG_COLOR_TYPE_GRAY_ALPHA] = 2,
                                      [PNG_COLOR_TYPE_RGB_ALPHA] = 4};
    return (width * channels[kind->color_type] * (size_t)kind->depth + 7) / 8;
}

static void write_extras(png_structp png, png_infop info, const png_kind *kind)
{
    if (kind->color_type == PNG_COLOR_TYPE_PALETTE) {
        png_color palette[2] = {{0, 0, 0}, {255, 255, 255}};
        png_set_PLTE(png, info, palette, 2);
    }
    if (kind->has_gamma)
        png_set_gAMA_fixed(png, info, 100000);
    if (kind->has_transparency) {
        const png_color_16 value = {.gray = 7};
        png_set_tRNS(png, info, NULL, 0, &value);
    }
    if (kind->has_text) {
        char key[] = "Comment";
        char words[] = "a digit";
        const png_text text = {.compression = PNG_TEXT_COMPRESSION_NONE, .key = key, .text = words};
        png_set_text(png, info, &text, 1);
    }
}

/// Byte b of row r of the image is 16 r + b.
static const char *write_png(void **state, const char *name, const png_kind *kind, uint32_t width,
                             uint32_t height)
{
    unsigned char pixels[SIDE][8 * SIDE];
    png_bytep rows[SIDE];
    const char *const path = mote_test_path(state, name);
    FILE *const file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t r = 0; r < height; r++) {
        for (size_t b = 0; b < row_bytes(kind, width); b++)
            pixels[r][b] =
                (unsigned char)(kind->depth == 8 && kind->color_type == 3 ? 0 : 16 * r + b);
        rows[r] = pixels[r];
    }
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_set_IHDR(png, info, width, height, kind->depth, kind->color_type,
                 kind->is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
    write_extras(png, info, kind);
    png_write_info(png, info);
    png_write_image(png, rows);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    assert_int_equal(fclose(file), 0);
    return path;
}

static mote_tensor_spec image_spec(size_t height, size_t width)
{
    return (mote_tensor_spec){.dtype = MOTE_DTYPE_F32, .shape = mote_shape_image(1, height, width)};
}

/// Without knowledge of the training data.
static mote_status read_exact(const char *path, const mote_tensor_spec *spec, double scale,
                              float *values)
{
    const mote_image_request request = {
        .spec = spec, .preparation = "", .scale = scale, .allocator = mote_allocator_default()};
    return mote_image_read(path, &request, values);
}

static const png_kind grey = {.color_type = PNG_COLOR_TYPE_GRAY, .depth = 8};

static void assert_every_value_is_exact(void **state, const png_kind *kind)
{
    const mote_tensor_spec spec = image_spec(SIDE, SIDE);
    float values[SIDE * SIDE];
    expect_ok(
        read_exact(write_png(state, "all.png", kind, SIDE, SIDE), &spec, MOTE_IMAGE_SCALE, values));
    for (size_t i = 0; i < SIDE * SIDE; i++)
        assert_true(values[i] == (float)i * (float)(1.0 / 255.0));
}

static void every_grey_value_is_exact(void **state)
{
    assert_every_value_is_exact(state, &grey);
}

static void gamma_text_and_interlacing_change_nothing(void **state)
{
    png_kind kind = grey;
    kind.has_gamma = true;
    assert_every_value_is_exact(state, &kind);
    kind.has_text = true;
    assert_every_value_is_exact(state, &kind);
    kind.is_interlaced = true;
    assert_every_value_is_exact(state, &kind);
}

static void the_scale_is_applied(void **state)
{
    const mote_tensor_spec spec = image_spec(2, 3);
    float values[6];
    expect_ok(read_exact(write_png(state, "small.png", &grey, 3, 2), &spec, 0.5, values));
    assert_true(values[0] == 0.0F);
    assert_true(values[2] == 1.0F);
    assert_true(values[3] == 8.0F);
    assert_true(values[5] == 9.0F);
}

static void assert_refused(const char *path, mote_status status, const char *message)
{
    const mote_tensor_spec spec = image_spec(2, 3);
    float values[6];
    char expected[512];
    (void)snprintf(expected, sizeof expected, "'%s' %s", path, message);
    expect_raises(read_exact(path, &spec, 1.0, values), status, expected);
}

static void other_kinds_are_refused_by_what_they_are(void **state)
{
    static const struct {
        png_kind kind;
        const char *name;
    } kinds[] = {
        {{.color_type = PNG_COLOR_TYPE_RGB, .depth = 8}, "8-bit RGB"},
        {{.color_type = PNG_COLOR_TYPE_RGB_ALPHA, .depth = 16}, "16-bit RGB with alpha"},
        {{.color_type = PNG_COLOR_TYPE_GRAY_ALPHA, .depth = 8}, "8-bit grey with alpha"},
        {{.color_type = PNG_COLOR_TYPE_PALETTE, .depth = 8}, "8-bit palette"},
        {{.color_type = PNG_COLOR_TYPE_GRAY, .depth = 16}, "16-bit grey"},
        {{.color_type = PNG_COLOR_TYPE_GRAY, .depth = 1}, "1-bit grey"},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char message[128];
        (void)snprintf(message, sizeof message,
                       "is %s, 3 x 2; the network wants 8-bit grey, 3 x 2 (width x height)",
                       kinds[i].name);
        assert_refused(write_png(state, "kind.png", &kinds[i].kind, 3, 2), MOTE_ERROR_SHAPE,
                       message);
    }
}

static void another_size_is_refused(void **state)
{
    assert_refused(write_png(state, "size.png", &grey, 2, 3), MOTE_ERROR_SHAPE,
                   "is 8-bit grey, 2 x 3; the network wants 8-bit grey, 3 x 2 (width x height)");
}

static void a_transparent_value_is_refused(void **state)
{
    png_kind kind = grey;
    kind.has_transparency = true;
    assert_refused(write_png(state, "clear.png", &kind, 3, 2), MOTE_ERROR_SHAPE,
                   "is 8-bit grey with a transparent value, 3 x 2; the network wants 8-bit grey");
}

static void other_files_are_refused(void **state)
{
    assert_refused(mote_test_write_text(state, "text.png", "a text"), MOTE_ERROR_FORMAT,
                   "is neither a PNG nor a JPEG image");
    assert_refused(mote_test_write(state, "signature.png", "\x89PNG\r\n\x1A\n", 8),
                   MOTE_ERROR_FORMAT, "is a damaged PNG image: it has no header");
    const mote_tensor_spec spec = image_spec(2, 3);
    float values[6];
    const char *const path = mote_test_path(state, "none.png");
    expect_raises(read_exact(path, &spec, 1.0, values), MOTE_ERROR_IO, path);
}

static void inputs_that_are_no_grey_image_are_refused(void **state)
{
    mote_tensor_spec spec = {.dtype = MOTE_DTYPE_F32, .shape = mote_shape_image(3, 2, 3)};
    float values[18];
    const char *const path = write_png(state, "grey.png", &grey, 3, 2);
    expect_raises(read_exact(path, &spec, 1.0, values), MOTE_ERROR_SHAPE,
                  "is 8-bit grey, 3 x 2; the network wants 8-bit grey");
    spec.shape = mote_shape_image(2, 2, 3);
    expect_raises(read_exact(path, &spec, 1.0, values), MOTE_ERROR_UNSUPPORTED,
                  "cannot be an input of shape 2:2:3: images are read for 1:height:width (grey) "
                  "and 3:height:width (RGB)");
}

static void every_truncation_is_refused(void **state)
{
    size_t count = 0;
    unsigned char *const bytes =
        mote_test_read(state, write_png(state, "whole.png", &grey, 3, 2), &count);
    for (size_t i = 33; i < count; i++)
        assert_refused(mote_test_write(state, "cut.png", bytes, i), MOTE_ERROR_FORMAT,
                       "is a damaged PNG image: it is truncated");
}

static void every_changed_bit_is_refused(void **state)
{
    size_t count = 0;
    const mote_tensor_spec spec = image_spec(2, 3);
    unsigned char *const bytes =
        mote_test_read(state, write_png(state, "whole.png", &grey, 3, 2), &count);
    for (size_t i = 0; i < 8 * count; i++) {
        float values[6];
        bytes[i / 8] ^= (unsigned char)(1U << i % 8);
        const char *const path = mote_test_write(state, "bit.png", bytes, count);
        bytes[i / 8] ^= (unsigned char)(1U << i % 8);
        assert_int_not_equal(read_exact(path, &spec, 1.0, values), MOTE_OK);
        assert_non_null(strstr(mote_last_error()->message, path));
    }
}

static void damage_in_a_chunk_that_is_no_pixels_does_not_matter(void **state)
{
    png_kind kind = grey;
    kind.has_text = true;
    size_t count = 0;
    const mote_tensor_spec spec = image_spec(2, 3);
    unsigned char *const bytes =
        mote_test_read(state, write_png(state, "text.png", &kind, 3, 2), &count);
    for (size_t i = 0; i + 7 < count; i++) {
        if (memcmp(bytes + i, "a digit", 7) == 0)
            bytes[i] = '!';
    }
    float values[6];
    expect_ok(read_exact(mote_test_write(state, "bad.png", bytes, count), &spec, 1.0, values));
    assert_true(values[5] == 18.0F);
}

static uint32_t checksum(const unsigned char *bytes, size_t count)
{
    uint32_t sum = UINT32_MAX;
    for (size_t i = 0; i < 8 * count; i++) {
        if (i % 8 == 0)
            sum ^= bytes[i / 8];
        sum = (sum & 1U) ? sum >> 1U ^ 0xEDB88320U : sum >> 1U;
    }
    return ~sum;
}

/// Pixels that are wrong while all checksums of chunks are right reach libpng, which complains.
static void damage_that_only_libpng_can_see_is_refused(void **state)
{
    size_t count = 0;
    unsigned char *const bytes =
        mote_test_read(state, write_png(state, "whole.png", &grey, 3, 2), &count);
    unsigned char *chunk = bytes + 33;
    assert_memory_equal(chunk + 4, "IDAT", 4);
    for (size_t i = 0; i < (size_t)8 * chunk[3]; i++) {
        chunk[8 + i / 8] ^= (unsigned char)(1U << i % 8);
        const uint32_t sum = checksum(chunk + 4, 4U + chunk[3]);
        for (size_t b = 0; b < 4; b++)
            chunk[8 + chunk[3] + b] = (unsigned char)(sum >> (24 - 8 * b));
        const char *const path = mote_test_write(state, "pixels.png", bytes, count);
        chunk[8 + i / 8] ^= (unsigned char)(1U << i % 8);
        const mote_tensor_spec spec = image_spec(2, 3);
        float values[6];
        if (read_exact(path, &spec, 1.0, values) != MOTE_OK)
            assert_non_null(strstr(mote_last_error()->message, "is a damaged PNG image: "));
    }
}

static void the_images_that_ship_with_mote_are_read(void **state)
{
    (void)state;
    static const char digits[] = "234579";
    const mote_tensor_spec spec = image_spec(28, 28);
    for (size_t i = 0; digits[i]; i++) {
        char path[512];
        float values[28 * 28];
        float sum = 0.0F;
        (void)snprintf(path, sizeof path, "%s/examples/digits/images/digit-%c.png", MOTE_SOURCE_DIR,
                       digits[i]);
        expect_ok(read_exact(path, &spec, MOTE_IMAGE_SCALE, values));
        for (size_t p = 0; p < sizeof values / sizeof values[0]; p++)
            sum += values[p];
        assert_true(sum > 20.0F && sum < 300.0F);
    }
}

/// The image of write_png, row 1, byte b is 16 + b: pixel 1 of row 1 by kind.
static void every_kind_is_decoded(void **state)
{
    static const struct {
        size_t channels;
        png_kind kind;
        unsigned char pixel[4];
    } rows[] = {
        {1, {.color_type = PNG_COLOR_TYPE_GRAY, .depth = 8}, {17}},
        {1, {.color_type = PNG_COLOR_TYPE_GRAY, .depth = 16}, {18}},
        {1, {.color_type = PNG_COLOR_TYPE_GRAY, .depth = 1}, {0}},
        {2, {.color_type = PNG_COLOR_TYPE_GRAY_ALPHA, .depth = 8}, {18, 19}},
        {3, {.color_type = PNG_COLOR_TYPE_RGB, .depth = 8}, {19, 20, 21}},
        {3, {.color_type = PNG_COLOR_TYPE_RGB, .depth = 16}, {22, 24, 26}},
        {4, {.color_type = PNG_COLOR_TYPE_RGB_ALPHA, .depth = 8}, {20, 21, 22, 23}},
        {4,
         {.color_type = PNG_COLOR_TYPE_RGB_ALPHA, .depth = 8, .has_gamma = true},
         {20, 21, 22, 23}},
        {3, {.color_type = PNG_COLOR_TYPE_PALETTE, .depth = 8}, {0, 0, 0}},
        {2, {.color_type = PNG_COLOR_TYPE_GRAY, .depth = 8, .has_transparency = true}, {17, 255}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mote_arena arena;
        mote_image image;
        mote_arena_init(&arena, mote_allocator_default());
        expect_ok(
            mote_image_decode(write_png(state, "kind.png", &rows[i].kind, 3, 2), &arena, &image));
        assert_int_equal(image.channels, rows[i].channels);
        assert_int_equal(image.width, 3);
        assert_int_equal(image.height, 2);
        assert_memory_equal(image.pixels + 4 * image.channels, rows[i].pixel, image.channels);
        mote_arena_release(&arena);
    }
}

static void an_image_that_claims_to_be_huge_is_refused(void **state)
{
    size_t count = 0;
    unsigned char *const bytes =
        mote_test_read(state, write_png(state, "whole.png", &grey, 3, 2), &count);
    bytes[16] = 0x7F;
    assert_refused(mote_test_write(state, "huge.png", bytes, count), MOTE_ERROR_UNSUPPORTED,
                   "is 2130706435 x 2; accepted are images of at most 33554432 pixels");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_grey_value_is_exact),
        cmocka_unit_test(gamma_text_and_interlacing_change_nothing),
        cmocka_unit_test(the_scale_is_applied),
        cmocka_unit_test(other_kinds_are_refused_by_what_they_are),
        cmocka_unit_test(another_size_is_refused),
        cmocka_unit_test(a_transparent_value_is_refused),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(inputs_that_are_no_grey_image_are_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_changed_bit_is_refused),
        cmocka_unit_test(damage_in_a_chunk_that_is_no_pixels_does_not_matter),
        cmocka_unit_test(damage_that_only_libpng_can_see_is_refused),
        cmocka_unit_test(every_kind_is_decoded),
        cmocka_unit_test(an_image_that_claims_to_be_huge_is_refused),
        cmocka_unit_test(the_images_that_ship_with_mote_are_read),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
