// SPDX-License-Identifier: Apache-2.0
// Pixels as samples: fitting by hand, colours, transparency, orientation, and settings as text.
#include "data/image.h"
#include "sets.h"

#include <math.h>
#include <stdlib.h>

static void fit(const mote_image *image, const mote_image_settings *settings, mote_shape shape,
                unsigned char *planes)
{
    mote_arena scratch;
    mote_arena_init(&scratch, mote_allocator_default());
    expect_ok(mote_image_fit(image, settings, &shape, &scratch, planes));
    mote_arena_release(&scratch);
}

static mote_image make_image(size_t width, size_t height, size_t channels, unsigned char *pixels)
{
    return (mote_image){
        .kind = "", .width = width, .height = height, .channels = channels, .pixels = pixels};
}

static const mote_image_settings crop = {.fit = MOTE_IMAGE_FIT_CROP, .scale = 1.0};
static const mote_image_settings stretch = {.fit = MOTE_IMAGE_FIT_STRETCH, .scale = 1.0};

static void an_image_of_the_right_size_stays_as_it_is(void **unused)
{
    (void)unused;
    unsigned char pixels[35];
    unsigned char planes[35];
    for (size_t i = 0; i < 35; i++)
        pixels[i] = (unsigned char)(i * 37 % 256);
    const mote_image image = make_image(7, 5, 1, pixels);
    fit(&image, &crop, mote_shape_image(1, 5, 7), planes);
    assert_memory_equal(planes, pixels, 35);
    fit(&image, &stretch, mote_shape_image(1, 5, 7), planes);
    assert_memory_equal(planes, pixels, 35);
}

static void colours_become_planes(void **unused)
{
    (void)unused;
    unsigned char pixels[] = {1, 2, 3, 4, 5, 6};
    unsigned char planes[6];
    const unsigned char expected[] = {1, 4, 2, 5, 3, 6};
    const mote_image image = make_image(2, 1, 3, pixels);
    fit(&image, &crop, mote_shape_image(3, 1, 2), planes);
    assert_memory_equal(planes, expected, 6);
}

static void colours_become_grey_and_grey_becomes_colours(void **unused)
{
    (void)unused;
    unsigned char colour[] = {200, 100, 50};
    unsigned char grey[] = {77};
    unsigned char planes[3];
    const mote_image a = make_image(1, 1, 3, colour);
    fit(&a, &crop, mote_shape_image(1, 1, 1), planes);
    assert_int_equal(planes[0], 124); // 59.8 + 58.7 + 5.7 = 124.2
    const mote_image b = make_image(1, 1, 1, grey);
    fit(&b, &crop, mote_shape_image(3, 1, 1), planes);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(planes[i], 77);
}

static void the_background_is_seen_through_transparent_pixels(void **unused)
{
    (void)unused;
    unsigned char pixels[] = {100, 255, 100, 0, 100, 51};
    unsigned char planes[3];
    const unsigned char on_white[] = {100, 255, 224}; // 100 / 5 + 255 * 4 / 5
    const unsigned char on_black[] = {100, 0, 20};
    mote_image_settings settings = crop;
    const mote_image image = make_image(3, 1, 2, pixels);
    fit(&image, &settings, mote_shape_image(1, 1, 3), planes);
    assert_memory_equal(planes, on_white, 3);
    settings.background = 1;
    fit(&image, &settings, mote_shape_image(1, 1, 3), planes);
    assert_memory_equal(planes, on_black, 3);
}

/// Half the size: a triangle over four pixels, 1/8 3/8 3/8 1/8; at the border what lies outside does not count.
static void making_smaller_leaves_no_pixel_out(void **unused)
{
    (void)unused;
    unsigned char pixels[] = {0, 80, 160, 240, 80, 0};
    unsigned char planes[3];
    const mote_image image = make_image(6, 1, 1, pixels);
    mote_shape shape = mote_shape_image(1, 1, 3);
    fit(&image, &stretch, shape, planes);
    const unsigned char expected[] = {
        (unsigned char)floor((3.0 * 0 + 3.0 * 80 + 160) / 7.0 + 0.5),
        (unsigned char)floor((80 + 3.0 * 160 + 3.0 * 240 + 80) / 8.0 + 0.5),
        (unsigned char)floor((240 + 3.0 * 80 + 3.0 * 0) / 7.0 + 0.5),
    };
    assert_memory_equal(planes, expected, 3);
}

static void making_larger_goes_straight_from_pixel_to_pixel(void **unused)
{
    (void)unused;
    unsigned char pixels[] = {0, 100};
    unsigned char planes[4];
    const unsigned char expected[] = {0, 25, 75, 100};
    const mote_image image = make_image(1, 2, 1, pixels);
    fit(&image, &stretch, mote_shape_image(1, 4, 1), planes);
    assert_memory_equal(planes, expected, 4);
}

static void cropping_keeps_the_middle(void **unused)
{
    (void)unused;
    unsigned char pixels[] = {9, 1, 2, 9, 9, 3, 4, 9};
    unsigned char planes[4];
    const unsigned char expected[] = {1, 2, 3, 4};
    const mote_image image = make_image(4, 2, 1, pixels);
    fit(&image, &crop, mote_shape_image(1, 2, 2), planes);
    assert_memory_equal(planes, expected, 4);
    unsigned char tall[] = {9, 1, 2, 9};
    const mote_image column = make_image(1, 4, 1, tall);
    fit(&column, &crop, mote_shape_image(1, 2, 1), planes);
    assert_memory_equal(planes, expected, 2);
}

static void values_are_normalized_by_channel(void **unused)
{
    (void)unused;
    const mote_image_settings settings = {
        .mean = {.count = 3, .values = {1, 2, 3}},
        .std = {.count = 1, .values = {2}},
    };
    const mote_shape shape = mote_shape_image(3, 1, 2);
    mote_real values[] = {5, 5, 5, 5, 5, 5};
    mote_image_normalize(&settings, &shape, 0, 6, values);
    const double expected[] = {2, 2, 1.5, 1.5, 1, 1};
    for (size_t i = 0; i < 6; i++)
        assert_true((double)values[i] == expected[i]);
    mote_real part[] = {5, 5};
    mote_image_normalize(&settings, &shape, 3, 2, part);
    assert_true((double)part[0] == 1.5 && (double)part[1] == 1.0);
}

/// An image of 3 x 2 pixels 0 1 2 / 3 4 5 as it is seen by each orientation.
static void orientations_turn_and_mirror(void **unused)
{
    (void)unused;

    static const struct {
        size_t width, height;
        unsigned char pixels[6];
    } seen[] = {
        {3, 2, {0, 1, 2, 3, 4, 5}}, {3, 2, {2, 1, 0, 5, 4, 3}}, {3, 2, {5, 4, 3, 2, 1, 0}},
        {3, 2, {3, 4, 5, 0, 1, 2}}, {2, 3, {0, 3, 1, 4, 2, 5}}, {2, 3, {3, 0, 4, 1, 5, 2}},
        {2, 3, {5, 2, 4, 1, 3, 0}}, {2, 3, {2, 5, 1, 4, 0, 3}},
    };

    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        unsigned char pixels[] = {0, 1, 2, 3, 4, 5};
        mote_arena arena;
        mote_image image = make_image(3, 2, 1, pixels);
        mote_arena_init(&arena, mote_allocator_default());
        expect_ok(mote_image_turn(&image, orientation, &arena));
        assert_int_equal(image.width, seen[orientation - 1].width);
        assert_int_equal(image.height, seen[orientation - 1].height);
        assert_memory_equal(image.pixels, seen[orientation - 1].pixels, 6);
        mote_arena_release(&arena);
    }
}

static const unsigned char little[] = "Exif\0\0II\x2A\0\x08\0\0\0\x02\0"
                                      "\x0F\x01\x02\0\x01\0\0\0\0\0\0\0"
                                      "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0";
static const unsigned char big[] = "Exif\0\0MM\0\x2A\0\0\0\x08\0\x01"
                                   "\x01\x12\0\x03\0\0\0\x01\0\x08\0\0";

static void the_orientation_is_found_in_both_byte_orders(void **unused)
{
    (void)unused;
    assert_int_equal(mote_exif_orientation(little, sizeof little - 1), 6);
    assert_int_equal(mote_exif_orientation(big, sizeof big - 1), 8);
}

/// Each end and each changed byte: a number from 1 to 8, and no byte behind the end is read (sanitizers watch).
static void damaged_orientations_are_harmless(void **unused)
{
    (void)unused;
    for (size_t count = 0; count < sizeof little - 1; count++) {
        unsigned char *const bytes = malloc(count + 1);
        assert_non_null(bytes);
        memcpy(bytes, little, count);
        assert_int_equal(mote_exif_orientation(bytes, count), 1);
        free(bytes);
    }
    for (size_t i = 0; i < 256 * (sizeof little - 1); i++) {
        unsigned char bytes[sizeof little];
        memcpy(bytes, little, sizeof little);
        bytes[i / 256] = (unsigned char)(i % 256);
        const unsigned orientation = mote_exif_orientation(bytes, sizeof little - 1);
        assert_true(orientation >= 1 && orientation <= 8);
    }
}

static void settings_are_written_and_read_again(void **unused)
{
    (void)unused;
    const mote_image_settings settings = {
        .fit = MOTE_IMAGE_FIT_STRETCH,
        .background = 1,
        .scale = 1.0 / 255.0,
        .mean = {.count = 3, .values = {0.485, 0.456, 1.0 / 3.0}},
        .std = {.count = 1, .values = {0.25}},
    };
    mote_arena arena;
    const char *text = NULL;
    mote_image_settings again = {.fit = 0};
    mote_arena_init(&arena, mote_allocator_default());
    expect_ok(mote_image_settings_write(&settings, &arena, &text));
    expect_ok(mote_image_settings_read(text, &arena, &again));
    assert_memory_equal(&again, &settings, sizeof settings);
    expect_raises(mote_image_settings_read("csv plain\n", &arena, &again), MOTE_ERROR_FORMAT,
                  "the weights were not trained on images: their file says 'csv plain");
    expect_raises(mote_image_settings_read("images\nfit=crop\n", &arena, &again), MOTE_ERROR_FORMAT,
                  "the weights were not trained on images");
    mote_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_of_the_right_size_stays_as_it_is),
        cmocka_unit_test(colours_become_planes),
        cmocka_unit_test(colours_become_grey_and_grey_becomes_colours),
        cmocka_unit_test(the_background_is_seen_through_transparent_pixels),
        cmocka_unit_test(making_smaller_leaves_no_pixel_out),
        cmocka_unit_test(making_larger_goes_straight_from_pixel_to_pixel),
        cmocka_unit_test(cropping_keeps_the_middle),
        cmocka_unit_test(values_are_normalized_by_channel),
        cmocka_unit_test(orientations_turn_and_mirror),
        cmocka_unit_test(the_orientation_is_found_in_both_byte_orders),
        cmocka_unit_test(damaged_orientations_are_harmless),
        cmocka_unit_test(settings_are_written_and_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
