// SPDX-License-Identifier: Apache-2.0
// PNG images through libpng. Kind and size are read from the file before libpng sees it, and chunks that are
// no pixels are left out: so nothing is converted on the way (gamma, colours), and no faults in them count.
#include "base/arena.h"
#include "data/bytes.h"
#include "data/data.h"
#include "os/os.h"

#include <png.h>
#include <stdint.h>
#include <string.h>

#define SIGNATURE       "\x89PNG\r\n\x1A\n"
#define SIGNATURE_BYTES 8U
#define CHUNK_BYTES     12U // around a chunk's data: length and type before, checksum behind
#define HEAD_BYTES      (SIGNATURE_BYTES + CHUNK_BYTES + 13U) // with the first chunk, IHDR
#define FILE_BYTES_MAX  (16U << 20U)

/// A file in memory.
typedef struct png_bytes {
    const char *path;
    unsigned char *bytes;
    size_t count;
} png_bytes;

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

static const char *kind_name(unsigned color_type)
{
    switch (color_type) {
    case PNG_COLOR_TYPE_GRAY:
        return "grey";
    case PNG_COLOR_TYPE_GRAY_ALPHA:
        return "grey with alpha";
    case PNG_COLOR_TYPE_PALETTE:
        return "palette";
    case PNG_COLOR_TYPE_RGB:
        return "RGB";
    case PNG_COLOR_TYPE_RGB_ALPHA:
        return "RGB with alpha";
    default:
        return "of an unknown kind";
    }
}

static mote_status check_head(const char *path, const unsigned char *head, const mote_shape *shape)
{
    const unsigned char *const ihdr = head + SIGNATURE_BYTES;
    if (memcmp(head, SIGNATURE, SIGNATURE_BYTES) != 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is no PNG image", path);
    if (read_number(ihdr) != 13 || memcmp(ihdr + 4, "IHDR", 4) != 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is a damaged PNG image: it has no header", path);
    const uint32_t width = read_number(ihdr + 8);
    const uint32_t height = read_number(ihdr + 12);
    const unsigned depth = ihdr[16];
    const unsigned color_type = ihdr[17];
    if (color_type == PNG_COLOR_TYPE_GRAY && depth == 8 && height == shape->dims[1] &&
        width == shape->dims[2])
        return MOTE_OK;
    return MOTE_RAISE(
        MOTE_ERROR_SHAPE,
        "'%s' is %u-bit %s, %u x %u; the network wants 8-bit grey, %zu x %zu (width x "
        "height)",
        path, depth, kind_name(color_type), width, height, shape->dims[2], shape->dims[1]);
}

/// Pixels depend on critical chunks, whose type begins with a capital, and on nothing else here.
static mote_status check_chunk(const char *path, const unsigned char *chunk, size_t length)
{
    const unsigned char *const type = chunk + 4;
    if (memcmp(type, "tRNS", 4) == 0)
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "'%s' is grey with a transparent value; the network wants 8-bit grey",
                          path);
    if (type[0] >= 'A' && type[0] <= 'Z' &&
        checksum(type, 4 + length) != read_number(type + 4 + length))
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' is a damaged PNG image: the checksum of a chunk %.4s is wrong",
                          path, (const char *)type);
    return MOTE_OK;
}

/// Keeps the critical chunks, moved together; counts what is left.
static mote_status keep_critical(png_bytes *file)
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
        if (chunk[4] >= 'A' && chunk[4] <= 'Z') {
            memmove(file->bytes + kept, chunk, bytes);
            kept += bytes;
        }
    }
    file->count = kept;
    return MOTE_OK;
}

static mote_status decode(const png_bytes *file, unsigned char *pixels)
{
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    const bool is_read = png_image_begin_read_from_memory(&image, file->bytes, file->count) != 0 &&
                         image.format == PNG_FORMAT_GRAY &&
                         png_image_finish_read(&image, NULL, pixels, 0, NULL) != 0;
    png_image_free(&image);
    // libpng warns of what it can put up with, such as too many pixels
    if (is_read && image.warning_or_error == 0)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is a damaged PNG image: %s", file->path,
                      image.message);
}

static mote_status read_pixels(const mote_file *file, const mote_shape *shape, mote_arena *arena,
                               unsigned char *pixels)
{
    unsigned char head[HEAD_BYTES] = {0};
    uint64_t bytes = 0;
    void *memory = NULL;
    MOTE_TRY(mote_file_size(file, &bytes));
    MOTE_TRY(mote_file_read(file, 0, head, bytes < HEAD_BYTES ? (size_t)bytes : HEAD_BYTES));
    MOTE_TRY(check_head(file->path, head, shape));
    if (bytes > FILE_BYTES_MAX)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "'%s' has %llu bytes, accepted are at most %u",
                          file->path, (unsigned long long)bytes, FILE_BYTES_MAX);
    MOTE_TRY(mote_arena_allocate(arena, (size_t)bytes, &memory));
    MOTE_TRY(mote_file_read(file, 0, memory, (size_t)bytes));
    png_bytes content = {.path = file->path, .bytes = memory, .count = (size_t)bytes};
    MOTE_TRY(keep_critical(&content));
    return decode(&content, pixels);
}

static mote_status check_spec(const char *path, const mote_tensor_spec *spec)
{
    char shape[160];
    if (spec->shape.rank == 3 && spec->shape.dims[0] == 1)
        return MOTE_OK;
    return MOTE_RAISE(
        MOTE_ERROR_UNSUPPORTED,
        "'%s' cannot be an input of shape %s: images are read for 1:height:width only", path,
        mote_shape_text(&spec->shape, shape, sizeof shape));
}

mote_status mote_image_read_png(const char *path, const mote_tensor_spec *spec, double scale,
                                mote_real *values)
{
    MOTE_TRY(check_spec(path, spec));
    const size_t count = mote_shape_elements(&spec->shape);
    unsigned char *const pixels = mote_bytes_tail(values, count * sizeof *values, count);
    mote_file file;
    MOTE_TRY(mote_file_open_read(path, &file));
    mote_arena scratch;
    mote_arena_init(&scratch, mote_allocator_default());
    const mote_status status = read_pixels(&file, &spec->shape, &scratch, pixels);
    mote_arena_release(&scratch);
    mote_file_close(&file);
    if (status == MOTE_OK)
        mote_bytes_to_reals(values, count, scale);
    return status;
}
