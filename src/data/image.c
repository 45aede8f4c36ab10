// SPDX-License-Identifier: Apache-2.0
// Image files: told apart by their first bytes, decoded, turned upright; read as a sample of a network.
#include "data/image.h"

#include "data/bytes.h"
#include "data/data.h"
#include "os/os.h"

#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX (64U << 20U)
#define PNG_BYTES      "\x89PNG"
#define JPEG_BYTES     "\xFF\xD8\xFF"

static mote_status read_file(const char *path, mote_arena *arena, mote_image_file *content)
{
    mote_file file;
    uint64_t bytes = 0;
    void *memory = NULL;
    MOTE_TRY(mote_file_open_read(path, &file));
    mote_status status = mote_file_size(&file, &bytes);
    if (status == MOTE_OK && bytes > FILE_BYTES_MAX)
        status = MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "'%s' has %llu bytes, accepted are at most %u",
                            path, (unsigned long long)bytes, FILE_BYTES_MAX);
    if (status == MOTE_OK)
        status = mote_arena_allocate(arena, (size_t)bytes + 1, &memory);
    if (status == MOTE_OK)
        status = mote_file_read(&file, 0, memory, (size_t)bytes);
    mote_file_close(&file);
    if (status != MOTE_OK)
        return status;
    *content = (mote_image_file){.path = path, .bytes = memory, .count = (size_t)bytes};
    return MOTE_OK;
}

static bool begins_with(const mote_image_file *file, const char *bytes)
{
    const size_t count = strlen(bytes);
    return file->count >= count && memcmp(file->bytes, bytes, count) == 0;
}

mote_status mote_image_decode(const char *path, mote_arena *arena, mote_image *image)
{
    mote_image_file file;
    MOTE_TRY(read_file(path, arena, &file));
    if (begins_with(&file, PNG_BYTES))
        return mote_png_decode(&file, arena, image);
    if (begins_with(&file, JPEG_BYTES))
        return mote_jpeg_decode(&file, arena, image);
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is neither a PNG nor a JPEG image", path);
}

mote_status mote_image_check_size(const char *path, uint64_t width, uint64_t height)
{
    if (width == 0 || height == 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is a damaged image: it has no pixels", path);
    if (width <= MOTE_IMAGE_PIXELS_MAX / height)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                      "'%s' is %llu x %llu; accepted are images of at most %u pixels", path,
                      (unsigned long long)width, (unsigned long long)height, MOTE_IMAGE_PIXELS_MAX);
}

mote_status mote_image_check_shape(const mote_shape *shape, const char *what)
{
    char text[MOTE_SHAPE_TEXT_BYTES];
    if (shape->rank == 3 && (shape->dims[0] == 1 || shape->dims[0] == 3))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                      "%s cannot be an input of shape %s: images are read for 1:height:width "
                      "(grey) and 3:height:width (RGB)",
                      what, mote_shape_text(shape, text, sizeof text));
}

/// Nothing is known of how images were fitted: this one has to be as the network's input is.
static mote_status check_exact(const char *path, const mote_image *image, const mote_shape *shape)
{
    if (shape->dims[0] == 1 && image->is_plain && image->height == shape->dims[1] &&
        image->width == shape->dims[2])
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_SHAPE,
                      "'%s' is %s, %zu x %zu; the network wants 8-bit grey, %zu x %zu (width x "
                      "height)",
                      path, image->kind, image->width, image->height, shape->dims[2],
                      shape->dims[1]);
}

static mote_status read_image(const char *path, const mote_image_request *request,
                              mote_arena *scratch, mote_real *values)
{
    const mote_shape *const shape = &request->spec->shape;
    const size_t count = mote_shape_elements(shape);
    unsigned char *const planes = mote_bytes_tail(values, count * sizeof *values, count);
    mote_image_settings settings = {.scale = request->scale};
    mote_image image;
    const bool is_fitted = request->preparation[0] != '\0';
    if (is_fitted)
        MOTE_TRY(mote_image_settings_read(request->preparation, scratch, &settings));
    MOTE_TRY(mote_image_decode(path, scratch, &image));
    if (!is_fitted)
        MOTE_TRY(check_exact(path, &image, shape));
    MOTE_TRY(mote_image_fit(&image, &settings, shape, scratch, planes));
    mote_bytes_to_reals(values, count, settings.scale);
    if (is_fitted)
        mote_image_normalize(&settings, shape, 0, count, values);
    return MOTE_OK;
}

mote_status mote_image_read(const char *path, const mote_image_request *request, mote_real *values)
{
    char what[256];
    (void)snprintf(what, sizeof what, "'%.240s'", path);
    MOTE_TRY(mote_image_check_shape(&request->spec->shape, what));
    mote_arena scratch;
    mote_arena_init(&scratch, request->allocator);
    const mote_status status = read_image(path, request, &scratch, values);
    mote_arena_release(&scratch);
    return status;
}
