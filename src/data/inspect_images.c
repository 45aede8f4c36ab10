// SPDX-License-Identifier: Apache-2.0
// Inspecting a folder of images: classes and number by name, size and colour by looking at some of them.
#include "base/size.h"
#include "data/image.h"
#include "data/inspect.h"

#define IMAGES_MAX 1000U

/// A size and how many images have it.
typedef struct image_size {
    size_t width, height, count;
} image_size;

typedef struct image_sizes {
    mote_arena *arena;
    image_size *items;
    size_t count, capacity;
    bool has_color;
} image_sizes;

static mote_status recognize(const mote_inspect_head *head, bool *is_recognized)
{
    *is_recognized = head->is_folder;
    return MOTE_OK;
}

/// A file may store grey as three equal channels.
static bool has_color(const mote_image *image)
{
    if (image->channels < 3)
        return false;
    const size_t bytes = image->width * image->height * image->channels;
    for (size_t i = 0; i < bytes; i += image->channels) {
        const unsigned char *const pixel = image->pixels + i;
        if (pixel[0] != pixel[1] || pixel[1] != pixel[2])
            return true;
    }
    return false;
}

static mote_status add_size(image_sizes *sizes, const mote_image *image)
{
    void *items = sizes->items;
    for (size_t i = 0; i < sizes->count; i++) {
        if (sizes->items[i].width == image->width && sizes->items[i].height == image->height) {
            sizes->items[i].count++;
            return MOTE_OK;
        }
    }
    MOTE_TRY(mote_arena_grow(sizes->arena, &items, &sizes->capacity, sizes->count,
                             sizeof *sizes->items));
    sizes->items = items;
    sizes->items[sizes->count++] =
        (image_size){.width = image->width, .height = image->height, .count = 1};
    return MOTE_OK;
}

static mote_status add_image(image_sizes *sizes, const char *path)
{
    mote_arena scratch;
    mote_image image;
    mote_arena_init(&scratch, sizes->arena->allocator);
    mote_status status = mote_image_decode(path, &scratch, &image);
    if (status == MOTE_OK) {
        sizes->has_color = sizes->has_color || has_color(&image);
        status = add_size(sizes, &image);
    }
    mote_arena_release(&scratch);
    return status;
}

static void fill_info(const image_sizes *sizes, mote_data_info *info)
{
    image_size common = {.count = 0};
    for (size_t i = 0; i < sizes->count; i++) {
        if (sizes->items[i].count > common.count)
            common = sizes->items[i];
    }
    info->channels = sizes->has_color ? 3 : 1;
    info->height = common.height;
    info->width = common.width;
    info->sizes_differ = sizes->count > 1;
}

static mote_status inspect(const mote_inspect_request *request, mote_data_info *info)
{
    mote_class_folder folder;
    image_sizes sizes = {.arena = request->arena};
    MOTE_TRY(mote_inspect_classes(request, &folder, info));
    const size_t step = mote_size_ceil_divide(folder.file_count, IMAGES_MAX);
    for (size_t i = 0; i < folder.file_count; i += step)
        MOTE_TRY(add_image(&sizes, folder.files[i].path));
    fill_info(&sizes, info);
    return MOTE_OK;
}

const mote_inspector mote_inspect_images = {
    .kind = MOTE_DATA_IMAGES, .recognize = recognize, .inspect = inspect};
