// SPDX-License-Identifier: Apache-2.0
// PNG images through libpng. Kind and size are read from the file before libpng sees it, and chunks that are
// no pixels are left out: so nothing is converted on the way (gamma, colour spaces), and no faults in them count.
#include "data/image.h"

#include <png.h>
#include <stdint.h>
#include <string.h>

#define SIGNATURE       "\x89PNG\r\n\x1A\n"
#define SIGNATURE_BYTES 8U
#define CHUNK_BYTES     12U // around a chunk's data: length and type before, checksum behind
#define HEAD_BYTES      (SIGNATURE_BYTES + CHUNK_BYTES + 13U) // with the first chunk, IHDR

static uint32_t read_number(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24U | (uint32_t)bytes[1] << 16U | (uint32_t)bytes[2] << 8U |
           bytes[3];
}

static uint32_t checksum(const unsigned char *bytes, size_t count)
{
    uint32_t sum = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        sum ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            sum = sum >> 1U ^ (0xEDB88320U & (0U - (sum & 1U)));
    }
    return ~sum;
}

/// The kinds of pixels that PNG has; those that are missing are of no kind.
static const char *get_kind(unsigned color_type, unsigned depth)
{
    static const char *const kinds[][5] = {
        [PNG_COLOR_TYPE_GRAY] = {"1-bit grey", "2-bit grey", "4-bit grey", "8-bit grey",
                                 "16-bit grey"},
        [PNG_COLOR_TYPE_RGB] = {NULL, NULL, NULL, "8-bit RGB", "16-bit RGB"},
        [PNG_COLOR_TYPE_PALETTE] = {"1-bit palette", "2-bit palette", "4-bit palette",
                                    "8-bit palette", NULL},
        [PNG_COLOR_TYPE_GRAY_ALPHA] = {NULL, NULL, NULL, "8-bit grey with alpha",
                                       "16-bit grey with alpha"},
        [PNG_COLOR_TYPE_RGB_ALPHA] = {NULL, NULL, NULL, "8-bit RGB with alpha",
                                      "16-bit RGB with alpha"},
    };
    const size_t row = depth == 1 ? 0 : depth == 2 ? 1 : depth == 4 ? 2 : depth == 8 ? 3 : 4;
    const bool is_known = color_type < sizeof kinds / sizeof kinds[0] && (row < 4 || depth == 16);
    return is_known ? kinds[color_type][row] : NULL;
}

static mote_status read_head(const mote_image_file *file, mote_image *image)
{
    const unsigned char *const ihdr = file->bytes + SIGNATURE_BYTES;
    if (file->count < HEAD_BYTES || memcmp(file->bytes, SIGNATURE, SIGNATURE_BYTES) != 0 ||
        read_number(ihdr) != 13 || memcmp(ihdr + 4, "IHDR", 4) != 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is a damaged PNG image: it has no header",
                          file->path);
    const unsigned depth = ihdr[16];
    const unsigned color_type = ihdr[17];
    *image = (mote_image){.kind = get_kind(color_type, depth),
                          .width = read_number(ihdr + 8),
                          .height = read_number(ihdr + 12),
                          .is_plain = color_type == PNG_COLOR_TYPE_GRAY && depth == 8};
    if (!image->kind)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' is a damaged PNG image: pixels of an unknown kind", file->path);
    return mote_image_check_size(file->path, image->width, image->height);
}

/// Pixels depend on critical chunks, whose type begins with a capital, on the transparent value, and on
/// nothing else here.
static bool is_kept(const unsigned char *type)
{
    return (type[0] >= 'A' && type[0] <= 'Z') || memcmp(type, "tRNS", 4) == 0;
}

static mote_status check_chunk(const char *path, const unsigned char *chunk, size_t length)
{
    const unsigned char *const type = chunk + 4;
    if (is_kept(type) && checksum(type, 4 + length) != read_number(type + 4 + length))
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' is a damaged PNG image: the checksum of a chunk %.4s is wrong",
                          path, (const char *)type);
    return MOTE_OK;
}

/// Keeps the chunks that matter, moved together; counts what is left.
static mote_status keep_chunks(mote_image_file *file)
{
    size_t kept = SIGNATURE_BYTES;
    bool is_ended = false;
    for (size_t at = SIGNATURE_BYTES; !is_ended;) {
        unsigned char *const chunk = file->bytes + at;
        const size_t left = file->count - at;
        if (left < CHUNK_BYTES || read_number(chunk) > left - CHUNK_BYTES)
            return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is a damaged PNG image: it is truncated",
                              file->path);
        const size_t bytes = CHUNK_BYTES + read_number(chunk);
        MOTE_TRY(check_chunk(file->path, chunk, bytes - CHUNK_BYTES));
        is_ended = memcmp(chunk + 4, "IEND", 4) == 0;
        at += bytes;
        if (is_kept(chunk + 4)) {
            memmove(file->bytes + kept, chunk, bytes);
            kept += bytes;
        }
    }
    file->count = kept;
    return MOTE_OK;
}

/// 8 bits a channel as in the file: 16 bits lose their lower half, nothing is made linear.
static bool read_pixels(png_image *png, mote_arena *arena, mote_image *image, mote_status *status)
{
    const bool has_alpha = (png->format & PNG_FORMAT_FLAG_ALPHA) != 0;
    const bool is_color = (png->format & PNG_FORMAT_FLAG_COLOR) != 0;
    void *pixels = NULL;
    png->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    png->format = (has_alpha ? PNG_FORMAT_FLAG_ALPHA : 0) | (is_color ? PNG_FORMAT_FLAG_COLOR : 0);
    image->channels = PNG_IMAGE_SAMPLE_CHANNELS(png->format);
    if (image->is_plain && has_alpha)
        image->kind = "8-bit grey with a transparent value";
    image->is_plain = image->is_plain && !has_alpha;
    *status = mote_arena_allocate(arena, image->width * image->height * image->channels, &pixels);
    image->pixels = pixels;
    return *status != MOTE_OK || png_image_finish_read(png, NULL, pixels, 0, NULL) != 0;
}

mote_status mote_png_decode(mote_image_file *file, mote_arena *arena, mote_image *image)
{
    png_image png;
    mote_status status = MOTE_OK;
    MOTE_TRY(read_head(file, image));
    MOTE_TRY(keep_chunks(file));
    memset(&png, 0, sizeof png);
    png.version = PNG_IMAGE_VERSION;
    const bool is_read = png_image_begin_read_from_memory(&png, file->bytes, file->count) != 0 &&
                         read_pixels(&png, arena, image, &status);
    png_image_free(&png);
    if (status != MOTE_OK)
        return status;
    // libpng warns of what it can put up with, such as too many pixels
    if (is_read && png.warning_or_error == 0)
        return MOTE_OK;
    if (strstr(png.message, "memory")) // libpng's errors are texts
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "'%s': memory for the image could not be had",
                          file->path);
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is a damaged PNG image: %s", file->path,
                      png.message);
}
