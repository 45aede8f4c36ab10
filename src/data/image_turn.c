// SPDX-License-Identifier: Apache-2.0
// The orientation that cameras write into images: where it stands (Exif 2.3, JEITA CP-3451C, 4.6.2 and 4.6.4 A)
// and what it means.
#include "data/image.h"

#include <string.h>

#define HEAD_BYTES      6U // "Exif", two zeroes
#define TIFF_BYTES      8U // byte order, 42, place of the first directory
#define ENTRY_BYTES     12U
#define ORIENTATION_TAG 0x0112U
#define TYPE_SHORT      3U

/// The TIFF block: numbers in the order that its first letter says.
typedef struct tiff {
    const unsigned char *bytes;
    size_t count;
    bool is_little;
} tiff;

static unsigned read_short(const tiff *t, size_t at)
{
    const unsigned char *const b = t->bytes + at;
    return t->is_little ? (unsigned)(b[0] | b[1] << 8U) : (unsigned)(b[0] << 8U | b[1]);
}

static size_t read_long(const tiff *t, size_t at)
{
    const size_t first = read_short(t, at);
    const size_t second = read_short(t, at + 2);
    return t->is_little ? second << 16U | first : first << 16U | second;
}

static unsigned find_orientation(const tiff *t, size_t directory)
{
    const size_t count = read_short(t, directory);
    for (size_t i = 0; i < count; i++) {
        const size_t entry = directory + 2 + i * ENTRY_BYTES;
        if (entry > t->count - ENTRY_BYTES)
            return 1;
        if (read_short(t, entry) != ORIENTATION_TAG)
            continue;
        const unsigned value = read_short(t, entry + 8);
        const bool is_sound = read_short(t, entry + 2) == TYPE_SHORT && value >= 1 && value <= 8;
        return is_sound ? value : 1;
    }
    return 1;
}

unsigned mote_exif_orientation(const unsigned char *bytes, size_t count)
{
    if (count < HEAD_BYTES + TIFF_BYTES + ENTRY_BYTES || memcmp(bytes, "Exif\0", HEAD_BYTES) != 0)
        return 1;
    tiff t = {.bytes = bytes + HEAD_BYTES, .count = count - HEAD_BYTES};
    t.is_little = t.bytes[0] == 'I';
    if (t.bytes[0] != t.bytes[1] || (t.bytes[0] != 'I' && t.bytes[0] != 'M') ||
        read_short(&t, 2) != 42)
        return 1;
    const size_t directory = read_long(&t, 4);
    return directory > t.count - 2 ? 1 : find_orientation(&t, directory);
}

/// The pixel of the file that is seen at (x, y): orientations 2, 4, 5 and 7 are mirrored, 5 to 8 lie on a side.
static size_t get_source(const mote_image *image, unsigned orientation, size_t x, size_t y)
{
    const size_t right = image->width - 1;
    const size_t bottom = image->height - 1;
    switch (orientation) {
    case 2:
        return y * image->width + (right - x);
    case 3:
        return (bottom - y) * image->width + (right - x);
    case 4:
        return (bottom - y) * image->width + x;
    case 5:
        return x * image->width + y;
    case 6:
        return (bottom - x) * image->width + y;
    case 7:
        return (bottom - x) * image->width + (right - y);
    case 8:
        return x * image->width + (right - y);
    default:
        return y * image->width + x;
    }
}

mote_status mote_image_turn(mote_image *image, unsigned orientation, mote_arena *arena)
{
    void *memory = NULL;
    if (orientation <= 1)
        return MOTE_OK;
    const size_t width = orientation < 5 ? image->width : image->height;
    const size_t height = orientation < 5 ? image->height : image->width;
    MOTE_TRY(mote_arena_allocate(arena, width * height * image->channels, &memory));
    unsigned char *pixel = memory;
    for (size_t y = 0; y < height; y++) {
        for (size_t x = 0; x < width; x++) {
            const size_t source = get_source(image, orientation, x, y);
            memcpy(pixel, image->pixels + source * image->channels, image->channels);
            pixel += image->channels;
        }
    }
    image->pixels = memory;
    image->width = width;
    image->height = height;
    return MOTE_OK;
}
