// SPDX-License-Identifier: Apache-2.0
// The reader `images`: a folder with one sub-folder of PNG and JPEG images a class. Each is decoded and fitted
// once, before step one, into a temporary file of bytes; batches are scaled and normalized when they are read.
#include "base/size.h"
#include "data/class_folder.h"
#include "data/image.h"
#include "data/record_cache.h"

#include <stdio.h>
#include <string.h>

enum {
    FIELD_PIXELS,
    FIELD_CLASS,
    FIELD_COUNT
};

typedef struct images_state {
    const char *path; // properties
    mote_image_settings settings;
    mote_class_folder folder;
    mote_shape shape; // of a sample
    mote_record_cache cache;
} images_state;

static const mote_property properties[] = {
    {.name = "path",
     .kind = MOTE_PROPERTY_TEXT,
     .offset = offsetof(images_state, path),
     .help = "folder with one sub-folder of images (PNG, JPEG) a class"},
    MOTE_IMAGE_ROWS(offsetof(images_state, settings)),
    {.name = NULL},
};

static mote_status check_list(const mote_dataset_config *config, const char *key, size_t count,
                              size_t channels)
{
    char place[256];
    if (count == 1 || count == channels)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                      "%s%s: %s has %zu numbers; the network's input takes %s%zu, one a channel",
                      mote_origin_text(&config->origin, place, sizeof place), config->owner, key,
                      count, channels > 1 ? "1 or " : "", channels);
}

static mote_status check_ports(const images_state *s, const mote_dataset_config *config)
{
    const mote_dataset_ports *const ports = &config->ports;
    const mote_tensor_spec *const input = &ports->items[0].spec;
    char place[256];
    char what[512];
    (void)mote_origin_text(&config->origin, place, sizeof place);
    (void)snprintf(what, sizeof what, "%s%s: an image", place, config->owner);
    if (ports->input_count != 1 || input->dtype != MOTE_DTYPE_REAL) {
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "%s%s: type images feeds one input of real numbers, the network has %zu "
                          "inputs, the first of %s",
                          place, config->owner, ports->input_count, mote_dtype_text(input->dtype));
    }
    MOTE_TRY(mote_image_check_shape(&input->shape, what));
    MOTE_TRY(check_list(config, "mean", s->settings.mean.count, input->shape.dims[0]));
    MOTE_TRY(check_list(config, "std", s->settings.std.count, input->shape.dims[0]));
    return mote_class_folder_check_label(config, "type images");
}

static mote_status add_image(images_state *s, const mote_class_file *file, mote_arena *scratch)
{
    mote_image image;
    void *places[FIELD_COUNT];
    MOTE_TRY(mote_image_decode(file->path, scratch, &image));
    MOTE_TRY(mote_record_cache_append(&s->cache, places));
    const int32_t class_index = (int32_t)file->class_index;
    memcpy(places[FIELD_CLASS], &class_index, sizeof class_index);
    return mote_image_fit(&image, &s->settings, &s->shape, scratch, places[FIELD_PIXELS]);
}

static mote_status add_images(images_state *s, const mote_dataset_config *config)
{
    for (size_t i = 0; i < s->folder.file_count; i++) {
        mote_arena scratch;
        mote_arena_init(&scratch, config->allocator);
        const mote_status status = add_image(s, &s->folder.files[i], &scratch);
        mote_arena_release(&scratch);
        if (status != MOTE_OK)
            return status;
    }
    return mote_record_cache_finish(&s->cache);
}

static mote_status fill_cache(images_state *s, const mote_dataset_config *config, mote_arena *arena)
{
    const mote_record_field fields[FIELD_COUNT] = {
        [FIELD_PIXELS] = {.dtype = MOTE_DTYPE_U8, .elements = mote_shape_elements(&s->shape)},
        [FIELD_CLASS] = {.dtype = MOTE_DTYPE_I32, .elements = 1},
    };
    mote_arena scratch;
    mote_arena_init(&scratch, config->allocator);
    mote_status status =
        mote_record_cache_open(fields, FIELD_COUNT, s->folder.path, arena, &scratch, &s->cache);
    if (status == MOTE_OK)
        status = add_images(s, config);
    mote_arena_release(&scratch);
    return status;
}

static void close_images(void *state)
{
    mote_record_cache_close(&((images_state *)state)->cache);
}

static mote_status read_folder(images_state *s, const mote_dataset_config *config,
                               mote_arena *arena)
{
    const char *path = NULL;
    MOTE_TRY(mote_reader_path(config, s->path, arena, &path));
    mote_arena listing;
    mote_arena_init(&listing, config->allocator);
    mote_status status = mote_class_folder_read(config, path, arena, &listing, &s->folder);
    if (status == MOTE_OK)
        status = fill_cache(s, config, arena);
    mote_class_folder_forget_files(&s->folder);
    mote_arena_release(&listing);
    if (status != MOTE_OK)
        close_images(s);
    return status;
}

static mote_status open_images(void *state, const mote_dataset_config *config, mote_arena *arena,
                               uint64_t *sample_count)
{
    images_state *const s = state;
    s->cache.file.descriptor = -1;
    MOTE_TRY(check_ports(s, config));
    s->shape = config->ports.items[0].spec.shape;
    const mote_status status = read_folder(s, config, arena);
    if (status != MOTE_OK)
        return mote_reader_blame(status, config, "path");
    *sample_count = s->cache.record_count;
    return MOTE_OK;
}

/// There is nothing to learn but what the section says; other data must be prepared in the same way.
static mote_status learn(void *state, const mote_dataset_config *config,
                         const mote_selection *selection, mote_arena *arena,
                         mote_knowledge *knowledge)
{
    const images_state *const s = state;
    const char *const known = config->known.preparation;
    (void)selection;
    knowledge->class_names = s->folder.class_names;
    MOTE_TRY(mote_image_settings_write(&s->settings, arena, &knowledge->preparation));
    if (config->is_training || known[0] == '\0' || strcmp(known, knowledge->preparation) == 0)
        return MOTE_OK;
    char place[256];
    return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                      "%s%s: fit, background, scale, mean or std differ from those of the training "
                      "data",
                      mote_origin_text(&config->origin, place, sizeof place), config->owner);
}

static mote_status read_pixels(const images_state *s, const mote_reader_range *range,
                               mote_real *destination)
{
    const mote_record_range records = {.field = FIELD_PIXELS,
                                       .first_record = range->first_record,
                                       .record_count = range->record_count,
                                       .first_element = range->first_element,
                                       .element_count = range->element_count};
    MOTE_TRY(mote_record_cache_read_reals(&s->cache, &records, s->settings.scale, destination));
    for (size_t i = 0; i < range->record_count; i++)
        mote_image_normalize(&s->settings, &s->shape, range->first_element, range->element_count,
                             destination + i * range->element_count);
    return MOTE_OK;
}

static mote_status read_range(const void *state, const mote_reader_range *range, void *destination)
{
    const images_state *const s = state;
    return range->port == 0
               ? read_pixels(s, range, destination)
               : mote_class_folder_read_labels(&s->cache, FIELD_CLASS, range, destination);
}

static double get_scale(const void *state)
{
    return ((const images_state *)state)->settings.scale;
}

const mote_reader mote_reader_images = {
    .name = "images",
    .summary = "a folder with one sub-folder of PNG or JPEG images a class, fitted to the input",
    .properties = properties,
    .state_bytes = sizeof(images_state),
    .open = open_images,
    .learn = learn,
    .close = close_images,
    .read = read_range,
    .scale = get_scale,
};
