// SPDX-License-Identifier: Apache-2.0
// IDX files made by hand and data sets opened on them, for the tests of data.
#ifndef MOTE_TESTS_UNIT_DATA_SETS_H
#define MOTE_TESTS_UNIT_DATA_SETS_H

#include "base/arena.h"
#include "data/data.h"
#include "support/expect.h"
#include "support/failing_allocator.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEIGHT      2UL
#define WIDTH       3UL
#define PIXELS      6UL
#define COUNT       7UL
#define CLASSES     4UL
#define IMAGE_BYTES 58UL // 16 + COUNT * PIXELS
#define LABEL_BYTES 15UL // 8 + COUNT

/// The default files: pixel p of image i is 40 i + p, its label i % 4.

static inline void fill_images(unsigned char bytes[IMAGE_BYTES])
{
    static const unsigned char header[16] = {0, 0, 8, 3,      0, 0, 0, COUNT,
                                             0, 0, 0, HEIGHT, 0, 0, 0, WIDTH};
    memcpy(bytes, header, sizeof header);
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t p = 0; p < PIXELS; p++)
            bytes[16 + i * PIXELS + p] = (unsigned char)(40 * i + p);
    }
}

static inline void fill_labels(unsigned char bytes[LABEL_BYTES])
{
    static const unsigned char header[8] = {0, 0, 8, 1, 0, 0, 0, COUNT};
    memcpy(bytes, header, sizeof header);
    for (size_t i = 0; i < COUNT; i++)
        bytes[8 + i] = (unsigned char)(i % CLASSES);
}

static inline float pixel_value(size_t record, size_t pixel)
{
    return (float)(40 * record + pixel) * (float)(1.0 / 255.0);
}

/// Writes the default files images.idx and labels.idx.
static inline void write_files(void **state)
{
    unsigned char images[IMAGE_BYTES];
    unsigned char labels[LABEL_BYTES];
    fill_images(images);
    fill_labels(labels);
    (void)mote_test_write(state, "images.idx", images, sizeof images);
    (void)mote_test_write(state, "labels.idx", labels, sizeof labels);
}

/// Everything mote_dataset_open wants, in one place that tests change.
typedef struct set_config {
    mote_dataset_port ports[4];
    mote_entry entries[12];
    mote_dataset_config config;
} set_config;

static inline void add_key(set_config *set, const char *key, const char *value)
{
    set->entries[set->config.entry_count++] =
        (mote_entry){.key = key, .value = value, .origin = {.file = "m.ini", .line = 10}};
}

static inline mote_dataset_port real_port(const char *name, size_t channels, size_t height,
                                          size_t width)
{
    return (mote_dataset_port){.name = name,
                               .spec = {.dtype = MOTE_DTYPE_F32,
                                        .batched = true,
                                        .shape = mote_shape_image(channels, height, width)}};
}

static inline mote_dataset_port index_port(const char *name, size_t width, int32_t last)
{
    return (mote_dataset_port){
        .name = name,
        .spec = {.dtype = MOTE_DTYPE_I32, .batched = true, .shape = mote_shape_image(1, 1, width)},
        .index_last = last};
}

/// A section of type idx on images.idx and labels.idx for class indices.
static inline void set_init(void **state, set_config *set)
{
    *set = (set_config){
        .ports = {real_port("in", 1, HEIGHT, WIDTH), index_port("class", 1, CLASSES - 1)},
    };
    set->config = (mote_dataset_config){
        .owner = "[train_set]",
        .origin = {.file = "m.ini", .line = 9},
        .entries = set->entries,
        .folder = mote_test_folder(state),
        .ports = {.items = set->ports, .input_count = 1, .label_count = 1, .class_count = CLASSES},
        .allocator = mote_allocator_default(),
    };
    add_key(set, "type", "idx");
    add_key(set, "path", "images.idx");
    add_key(set, "label_path", "labels.idx");
}

static inline mote_dataset *open_set(const set_config *set)
{
    mote_dataset *dataset = NULL;
    expect_ok(mote_dataset_open(&set->config, &dataset));
    assert_non_null(dataset);
    return dataset;
}

/// Opening fails with a message in which '@' stands for the folder of the files.
static inline void assert_set_refused(void **state, const set_config *set, mote_status status,
                                      const char *message)
{
    char expected[1024] = "";
    for (size_t length = 0; *message; message++) {
        const char letter[2] = {*message, '\0'};
        length += (size_t)snprintf(expected + length, sizeof expected - length, "%s",
                                   *message == '@' ? mote_test_folder(state) : letter);
        assert_true(length < sizeof expected);
    }
    mote_dataset *dataset = NULL;
    expect_raises(mote_dataset_open(&set->config, &dataset), status, expected);
    assert_null(dataset);
}

/// The default section is refused.
static inline void assert_files_refused(void **state, mote_status status, const char *message)
{
    set_config set;
    set_init(state, &set);
    assert_set_refused(state, &set, status, message);
}

/// A section of that type on one file, without ports.
static inline void file_set_init(void **state, set_config *set, const char *type, const char *path)
{
    set_init(state, set);
    set->config.entry_count = 0;
    set->config.ports.input_count = 0;
    set->config.ports.label_count = 0;
    add_key(set, "type", type);
    add_key(set, "path", path);
}

/// Inputs first.
static inline void add_port(set_config *set, mote_dataset_port port, bool is_label)
{
    mote_dataset_ports *const ports = &set->config.ports;
    set->ports[ports->input_count + ports->label_count] = port;
    ports->input_count += !is_label;
    ports->label_count += is_label;
}

/// Reads samples [first, +count) of the selected batch, whole.
static inline mote_status read_batch(mote_dataset *dataset, size_t port,
                                     const mote_tensor_spec *spec, size_t first, size_t count,
                                     void *destination)
{
    const mote_source *const source = mote_dataset_source(dataset);
    const mote_source_piece piece = {.port = port,
                                     .spec = spec,
                                     .first_sample = first,
                                     .sample_count = count,
                                     .element_count = mote_shape_elements(&spec->shape)};
    return source->read(source->user, &piece, destination);
}

#endif
