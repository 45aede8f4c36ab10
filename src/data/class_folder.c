// SPDX-License-Identifier: Apache-2.0
// Classes by folder: sub-folders in the order of their names' bytes, the files in them likewise.
#include "data/class_folder.h"

#include "data/class_names.h"
#include "os/os.h"

#include <stdio.h>
#include <string.h>

#define NAMES_BYTES_MAX 1048576U

typedef struct folder_reader {
    const mote_dataset_config *config;
    mote_arena *arena;
    mote_arena *listing; // of paths
    mote_class_folder *folder;
    mote_class_file *files;
    size_t file_capacity;
} folder_reader;

/// Classes that the network tells apart.
static size_t get_class_limit(const mote_dataset_config *config)
{
    const mote_dataset_ports *const ports = &config->ports;
    if (ports->label_count == 0)
        return SIZE_MAX;
    const mote_dataset_port *const label = &ports->items[ports->input_count];
    return label->spec.dtype == MOTE_DTYPE_I32 ? (size_t)label->index_last + 1
                                               : mote_shape_elements(&label->spec.shape);
}

static mote_status add_files(folder_reader *r, const mote_folder_entry *class_entry,
                             size_t class_index)
{
    const mote_folder_entry *entries = NULL;
    size_t count = 0;
    MOTE_TRY(mote_folder_list(class_entry->path, r->listing, &entries, &count));
    if (count == 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has no files: a class needs at least one",
                          class_entry->path);
    for (size_t i = 0; i < count; i++) {
        void *files = r->files;
        if (entries[i].is_folder)
            return MOTE_RAISE(MOTE_ERROR_FORMAT,
                              "'%s' is a folder in the folder of a class; expected files there",
                              entries[i].path);
        MOTE_TRY(mote_arena_grow(r->listing, &files, &r->file_capacity, r->folder->file_count,
                                 sizeof *r->files));
        r->files = files;
        r->files[r->folder->file_count++] =
            (mote_class_file){.path = entries[i].path, .class_index = class_index};
    }
    return MOTE_OK;
}

static mote_status check_entries(const folder_reader *r, const mote_folder_entry *entries,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].is_folder)
            return MOTE_RAISE(MOTE_ERROR_FORMAT,
                              "'%s' is a file; expected one sub-folder a class in '%s'",
                              entries[i].path, r->folder->path);
        if (strpbrk(entries[i].name, ",\r\n"))
            return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                              "'%s': a class may not have a comma or a line end in its name",
                              entries[i].path);
    }
    if (count > 0)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is empty; expected one sub-folder a class",
                      r->folder->path);
}

static mote_status join_names(folder_reader *r, const mote_folder_entry *entries, size_t count)
{
    size_t bytes = 1;
    size_t length = 0;
    void *memory = NULL;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(entries[i].name) + 1;
    if (bytes > NAMES_BYTES_MAX)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "'%s': the names of its classes have %zu bytes",
                          r->folder->path, bytes);
    MOTE_TRY(mote_arena_allocate(r->arena, bytes, &memory));
    char *const names = memory;
    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(names + length, bytes - length, "%s%s", i > 0 ? "," : "",
                                   entries[i].name);
    r->folder->class_names = names;
    return MOTE_OK;
}

/// Classes without names from elsewhere are numbered as they come, and all of them must be there.
static mote_status name_classes(folder_reader *r, const mote_folder_entry *entries, size_t count)
{
    const size_t limit = get_class_limit(r->config);
    char *copy = NULL;
    const char *const known = r->config->known.class_names;
    if (known && known[0] != '\0') {
        MOTE_TRY(mote_arena_text(r->arena, known, strlen(known), &copy));
        r->folder->class_names = copy;
        return MOTE_OK;
    }
    if (limit != SIZE_MAX && count != limit)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s' has %zu sub-folders, the network tells %zu classes apart",
                          r->folder->path, count, limit);
    return join_names(r, entries, count);
}

static mote_status add_class(folder_reader *r, const mote_folder_entry *entry)
{
    const size_t index = mote_class_names_find(r->folder->class_names, entry->name);
    if (index >= get_class_limit(r->config))
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' is none of the known classes: %.300s",
                          entry->path, r->folder->class_names);
    return add_files(r, entry, index);
}

static mote_status list_classes(const char *path, mote_arena *listing,
                                const mote_folder_entry **entries, size_t *count)
{
    const mote_status status = mote_folder_list(path, listing, entries, count);
    if (status != MOTE_ERROR_FORMAT)
        return status;
    return MOTE_RAISE(status, "%s; expected one with a sub-folder a class",
                      mote_last_error()->message);
}

mote_status mote_class_folder_read(const mote_dataset_config *config, const char *path,
                                   mote_arena *arena, mote_arena *listing,
                                   mote_class_folder *folder)
{
    folder_reader r = {.config = config, .arena = arena, .listing = listing, .folder = folder};
    const mote_folder_entry *entries = NULL;
    size_t count = 0;
    *folder = (mote_class_folder){.path = path};
    MOTE_TRY(list_classes(path, listing, &entries, &count));
    MOTE_TRY(check_entries(&r, entries, count));
    MOTE_TRY(name_classes(&r, entries, count));
    for (size_t i = 0; i < count; i++)
        MOTE_TRY(add_class(&r, &entries[i]));
    folder->files = r.files;
    return MOTE_OK;
}

void mote_class_folder_forget_files(mote_class_folder *folder)
{
    folder->files = NULL;
    folder->file_count = 0;
}

mote_status mote_class_folder_check_label(const mote_dataset_config *config, const char *what)
{
    const mote_dataset_ports *const ports = &config->ports;
    char place[256];
    char shape[MOTE_SHAPE_TEXT_BYTES];
    (void)mote_origin_text(&config->origin, place, sizeof place);
    if (ports->label_count == 0)
        return MOTE_OK;
    const mote_tensor_spec *const label = &ports->items[ports->input_count].spec;
    if (ports->label_count > 1)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "%s%s: %s feeds one label, the network has %zu",
                          place, config->owner, what, ports->label_count);
    if (label->dtype == MOTE_DTYPE_I32 && mote_shape_elements(&label->shape) != 1)
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "%s%s: %s feeds one class a sample, the network wants %s", place,
                          config->owner, what, mote_shape_text(&label->shape, shape, sizeof shape));
    return MOTE_OK;
}

void mote_class_folder_write(const mote_tensor_spec *spec, int32_t class_index, size_t first,
                             size_t count, void *destination)
{
    int32_t *const integers = destination;
    mote_real *const reals = destination;
    for (size_t i = 0; i < count; i++) {
        if (spec->dtype == MOTE_DTYPE_I32)
            integers[i] = class_index;
        else
            reals[i] = first + i == (size_t)class_index ? MOTE_REAL(1.0) : MOTE_REAL(0.0);
    }
}

mote_status mote_class_folder_read_labels(const mote_record_cache *cache, size_t field,
                                          const mote_reader_range *range, void *destination)
{
    unsigned char *const rows = destination;
    size_t row_bytes = 0;
    MOTE_TRY(mote_dtype_bytes(range->spec->dtype, range->element_count, &row_bytes));
    for (size_t i = 0; i < range->record_count; i++) {
        int32_t class_index = 0;
        const mote_record_range record = {.field = field,
                                          .first_record = range->first_record + i,
                                          .record_count = 1,
                                          .element_count = 1};
        MOTE_TRY(mote_record_cache_read(cache, &record, &class_index));
        mote_class_folder_write(range->spec, class_index, range->first_element,
                                range->element_count, rows + i * row_bytes);
    }
    return MOTE_OK;
}
