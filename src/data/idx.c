// SPDX-License-Identifier: Apache-2.0
// The reader `idx`: a file of grey images and a file of labels, as MNIST and its relatives have them.
#include "data/bytes.h"
#include "data/idx_file.h"
#include "data/reader.h"

#include <assert.h>
#include <string.h>

#define CHECK_BYTES 4096U

typedef struct idx_state {
    const char *path; // properties
    const char *label_path;
    double scale;
    size_t label_limit; // labels must be below it
    mote_idx_file images, labels;
} idx_state;

static const mote_property properties[] = {
    {.name = "path",
     .kind = MOTE_PROPERTY_TEXT,
     .offset = offsetof(idx_state, path),
     .help = "IDX file of 8-bit images, plain or gzip"},
    {.name = "label_path",
     .kind = MOTE_PROPERTY_TEXT,
     .offset = offsetof(idx_state, label_path),
     .help = "IDX file of 8-bit class indices, plain or gzip"},
    {.name = "scale",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "0.0039215686274509803",
     .offset = offsetof(idx_state, scale),
     .help = "what a byte is multiplied with; default 1/255"},
    {.name = NULL},
};

/// One image and one label a sample, in forms this reader can make.
static mote_status check_ports(const mote_dataset_config *config)
{
    const mote_dataset_ports *const ports = &config->ports;
    char place[512];
    char shape[160];
    (void)mote_origin_text(&config->origin, place, sizeof place);
    if (ports->input_count != 1 || ports->label_count != 1) {
        return MOTE_RAISE(
            MOTE_ERROR_UNSUPPORTED,
            "%s%s: type idx feeds one input and one label, the network has %zu and %zu", place,
            config->owner, ports->input_count, ports->label_count);
    }
    const mote_tensor_spec *const input = &ports->items[0].spec;
    if (input->shape.rank != 3 || input->shape.dims[0] != 1) {
        return MOTE_RAISE(
            MOTE_ERROR_SHAPE,
            "%s%s: type idx feeds inputs of shape 1:height:width, the network's input is %s", place,
            config->owner, mote_shape_text(&input->shape, shape, sizeof shape));
    }
    const mote_tensor_spec *const label = &ports->items[1].spec;
    if (input->dtype != MOTE_DTYPE_REAL)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "%s%s: type idx feeds images, the network's input '%s' wants indices",
                          place, config->owner, ports->items[0].name);
    if (label->dtype == MOTE_DTYPE_I32 && mote_shape_elements(&label->shape) != 1)
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "%s%s: type idx feeds one label a sample, the network wants %s", place,
                          config->owner, mote_shape_text(&label->shape, shape, sizeof shape));
    assert(label->dtype == MOTE_DTYPE_I32 || label->dtype == MOTE_DTYPE_REAL);
    return MOTE_OK;
}

static mote_status check_label(const idx_state *s, uint64_t record, unsigned label)
{
    if (label < s->label_limit)
        return MOTE_OK;
    return MOTE_RAISE(
        MOTE_ERROR_FORMAT,
        "'%s': record %llu (counted from 0) has label %u, the network tells %zu classes "
        "apart (0 to %zu)",
        s->labels.file.path, (unsigned long long)record, label, s->label_limit, s->label_limit - 1);
}

static mote_status check_labels(const idx_state *s)
{
    unsigned char labels[CHECK_BYTES];
    for (uint64_t first = 0; first < s->labels.record_count; first += CHECK_BYTES) {
        const uint64_t left = s->labels.record_count - first;
        const size_t count = left < CHECK_BYTES ? (size_t)left : CHECK_BYTES;
        MOTE_TRY(mote_idx_read(&s->labels, first, labels, count));
        for (size_t i = 0; i < count; i++)
            MOTE_TRY(check_label(s, first + i, labels[i]));
    }
    return MOTE_OK;
}

static mote_status check_counts(const idx_state *s)
{
    if (s->labels.record_count == s->images.record_count)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has %llu labels, but '%s' has %llu images",
                      s->labels.file.path, (unsigned long long)s->labels.record_count,
                      s->images.file.path, (unsigned long long)s->images.record_count);
}

static mote_status open_images(idx_state *s, const mote_dataset_config *config, mote_arena *arena)
{
    const mote_shape *const shape = &config->ports.items[0].spec.shape;
    const mote_idx_kind kind = {
        .noun = "images", .dimension_count = 3, .height = shape->dims[1], .width = shape->dims[2]};
    const char *path = NULL;
    MOTE_TRY(mote_reader_path(config, s->path, arena, &path));
    return mote_idx_open(path, &kind, config->allocator, &s->images);
}

static mote_status open_labels(idx_state *s, const mote_dataset_config *config, mote_arena *arena)
{
    const mote_idx_kind kind = {.noun = "labels", .dimension_count = 1};
    const mote_dataset_port *const label = &config->ports.items[1];
    const char *path = NULL;
    s->label_limit = label->spec.dtype == MOTE_DTYPE_I32 ? (size_t)label->index_last + 1
                                                         : mote_shape_elements(&label->spec.shape);
    assert(s->label_limit > 0);
    MOTE_TRY(mote_reader_path(config, s->label_path, arena, &path));
    MOTE_TRY(mote_idx_open(path, &kind, config->allocator, &s->labels));
    MOTE_TRY(check_counts(s));
    return check_labels(s);
}

static void close_files(void *state)
{
    idx_state *const s = state;
    mote_idx_close(&s->images);
    mote_idx_close(&s->labels);
}

static mote_status open_files(void *state, const mote_dataset_config *config, mote_arena *arena,
                              uint64_t *sample_count)
{
    idx_state *const s = state;
    s->images.file.descriptor = -1;
    s->labels.file.descriptor = -1;
    MOTE_TRY(check_ports(config));
    mote_status status = open_images(s, config, arena);
    if (status != MOTE_OK)
        return mote_reader_blame(status, config, "path");
    status = open_labels(s, config, arena);
    if (status != MOTE_OK) {
        close_files(s);
        return mote_reader_blame(status, config, "label_path");
    }
    *sample_count = s->images.record_count;
    return MOTE_OK;
}

static mote_status read_images(const idx_state *s, const mote_reader_range *range,
                               mote_real *destination)
{
    const size_t count = range->record_count * range->element_count;
    unsigned char *const bytes = mote_bytes_tail(destination, count * sizeof *destination, count);
    const uint64_t first = range->first_record * s->images.record_bytes + range->first_element;
    MOTE_TRY(mote_idx_read(&s->images, first, bytes, count));
    mote_bytes_to_reals(destination, count, s->scale);
    return MOTE_OK;
}

static void write_one_hot(mote_real *row, const mote_reader_range *range, size_t label)
{
    for (size_t i = 0; i < range->element_count; i++)
        row[i] = range->first_element + i == label ? MOTE_REAL(1.0) : MOTE_REAL(0.0);
}

/// Labels were checked at the start; they are checked again because files can change, and a label that is
/// none would be an index outside of the network's output.
static mote_status read_labels(const idx_state *s, const mote_reader_range *range,
                               void *destination)
{
    const size_t count = range->record_count;
    const bool is_index = range->spec->dtype == MOTE_DTYPE_I32;
    const size_t row_bytes = is_index ? sizeof(int32_t) : range->element_count * sizeof(mote_real);
    const unsigned char *const bytes = mote_bytes_tail(destination, count * row_bytes, count);
    MOTE_TRY(mote_idx_read(&s->labels, range->first_record,
                           mote_bytes_tail(destination, count * row_bytes, count), count));
    for (size_t i = 0; i < count; i++) {
        const unsigned char label = bytes[i];
        MOTE_TRY(check_label(s, range->first_record + i, label));
        if (is_index)
            ((int32_t *)destination)[i] = label;
        else
            write_one_hot((mote_real *)destination + i * range->element_count, range, label);
    }
    return MOTE_OK;
}

static mote_status read_range(const void *state, const mote_reader_range *range, void *destination)
{
    return range->port == 0 ? read_images(state, range, destination)
                            : read_labels(state, range, destination);
}

static double get_scale(const void *state)
{
    return ((const idx_state *)state)->scale;
}

const mote_reader mote_reader_idx = {
    .name = "idx",
    .summary = "grey images and labels in IDX files, as of MNIST",
    .properties = properties,
    .state_bytes = sizeof(idx_state),
    .open = open_files,
    .close = close_files,
    .read = read_range,
    .scale = get_scale,
};
