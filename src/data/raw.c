// SPDX-License-Identifier: Apache-2.0
// The reader `raw`: for each sample all inputs, then all labels, in the order of the network's ports, as
// little-endian 32-bit floats and nothing else, as NNTrainer's file data producer has it.
#include "base/size.h"
#include "data/bytes.h"
#include "data/index.h"
#include "data/reader.h"
#include "os/os.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "floats are read as they lie in the file, and the format is little endian"
#endif

#define CHUNK_FLOATS 2048U
#define FLOAT_BYTES  4U

typedef struct raw_port {
    mote_dataset_port port;
    size_t first, count; // its floats in a record
    size_t width;        // floats an element: 1, or a row of as many as there are classes
} raw_port;

typedef struct raw_state {
    const char *path; // properties
    bool one_hot;
    mote_file file;
    raw_port *ports;
    size_t port_count;
    size_t record_floats;
    uint64_t record_count;
} raw_state;

static const mote_property properties[] = {
    {.name = "path",
     .kind = MOTE_PROPERTY_TEXT,
     .offset = offsetof(raw_state, path),
     .help = "file of little-endian 32-bit floats: inputs, then labels, sample after sample"},
    {.name = "one_hot",
     .kind = MOTE_PROPERTY_BOOL,
     .initial = "true",
     .offset = offsetof(raw_state, one_hot),
     .help = "a class label is a row of floats, 1 at its class and 0 elsewhere; false: its index"},
    {.name = NULL},
};

static mote_status place_port(raw_state *s, raw_port *port, bool is_label)
{
    const size_t elements = mote_shape_elements(&port->port.spec.shape);
    const bool is_index = port->port.spec.dtype == MOTE_DTYPE_I32;
    port->width = is_index && is_label && s->one_hot ? (size_t)port->port.index_last + 1 : 1;
    port->first = s->record_floats;
    MOTE_TRY(mote_size_multiply(elements, port->width, "a sample", &port->count));
    return mote_size_add(s->record_floats, port->count, "a sample", &s->record_floats);
}

static mote_status place_ports(raw_state *s, const mote_dataset_ports *ports, mote_arena *arena)
{
    size_t bytes = 0;
    s->port_count = ports->input_count + ports->label_count;
    MOTE_TRY(mote_arena_array(arena, s->port_count, sizeof *s->ports, (void **)&s->ports));
    for (size_t i = 0; i < s->port_count; i++) {
        char *name = NULL;
        MOTE_TRY(mote_arena_text(arena, ports->items[i].name, strlen(ports->items[i].name), &name));
        s->ports[i].port = ports->items[i];
        s->ports[i].port.name = name;
        MOTE_TRY(place_port(s, &s->ports[i], i >= ports->input_count));
    }
    assert(s->record_floats > 0);
    return mote_size_multiply(s->record_floats, FLOAT_BYTES, "a sample", &bytes);
}

static mote_status check_size(raw_state *s, uint64_t bytes)
{
    const uint64_t record_bytes = (uint64_t)s->record_floats * FLOAT_BYTES;
    s->record_count = bytes / record_bytes;
    if (bytes % record_bytes == 0 && bytes > 0)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "'%s' has %llu bytes; expected a multiple of %llu: the network's inputs and "
                      "labels are %zu floats a sample",
                      s->file.path, (unsigned long long)bytes, (unsigned long long)record_bytes,
                      s->record_floats);
}

/// The port that float `index` of a record belongs to.
static const raw_port *port_of(const raw_state *s, size_t index)
{
    size_t i = 0;
    while (index - s->ports[i].first >= s->ports[i].count)
        i++;
    return &s->ports[i];
}

static mote_status raise_value(const raw_state *s, const raw_port *port, uint64_t record,
                               double value, const char *wanted)
{
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "'%s': sample %llu (counted from 0): %.9g for '%.100s' is not %s",
                      s->file.path, (unsigned long long)record, value, port->port.name, wanted);
}

static mote_status check_float(const raw_state *s, const raw_port *port, uint64_t record,
                               float value)
{
    char range[MOTE_INDEX_RANGE_BYTES];
    if (!isfinite(value))
        return raise_value(s, port, record, (double)value, "a finite number");
    if (port->width == 1 && port->port.spec.dtype == MOTE_DTYPE_I32 &&
        !mote_index_fits(&port->port, (double)value))
        return raise_value(s, port, record, (double)value,
                           mote_index_range_text(&port->port, range, sizeof range));
    return MOTE_OK;
}

/// Float `index` of the file.
static mote_status check_float_at(const raw_state *s, uint64_t index, float value)
{
    const raw_port *const port = port_of(s, (size_t)(index % s->record_floats));
    return check_float(s, port, index / s->record_floats, value);
}

static mote_status check_values(const raw_state *s, uint64_t bytes)
{
    float values[CHUNK_FLOATS];
    const uint64_t count = bytes / FLOAT_BYTES;
    for (uint64_t first = 0; first < count; first += CHUNK_FLOATS) {
        const size_t part = count - first < CHUNK_FLOATS ? (size_t)(count - first) : CHUNK_FLOATS;
        MOTE_TRY(mote_file_read(&s->file, first * FLOAT_BYTES, values, part * FLOAT_BYTES));
        for (size_t i = 0; i < part; i++)
            MOTE_TRY(check_float_at(s, first + i, values[i]));
    }
    return MOTE_OK;
}

/// The class of a row that begins at float `first` of the file.
static mote_status read_one_hot(const raw_state *s, const raw_port *port, uint64_t record,
                                uint64_t first, int32_t *class)
{
    float values[CHUNK_FLOATS];
    int32_t found = -1;
    for (size_t i = 0; i < port->width; i++) {
        const size_t left = port->width - i;
        if (i % CHUNK_FLOATS == 0)
            MOTE_TRY(mote_file_read(&s->file, (first + i) * FLOAT_BYTES, values,
                                    mote_size_min(left, CHUNK_FLOATS) * FLOAT_BYTES));
        const float value = values[i % CHUNK_FLOATS];
        if (value == 0.0F)
            continue;
        if (value != 1.0F || found >= 0)
            return raise_value(s, port, record, (double)value,
                               "part of a row with one 1 and else 0 (one_hot = true)");
        found = (int32_t)i;
    }
    if (found < 0)
        return raise_value(s, port, record, 0.0,
                           "enough: a row needs one 1 (one_hot = true; false reads indices)");
    *class = found;
    return MOTE_OK;
}

/// Each label row of each record, as it will be read.
static mote_status check_rows(const raw_state *s, const raw_port *port)
{
    const uint64_t rows = port->width > 1 ? port->count / port->width : 0;
    for (uint64_t row = 0; row < rows * s->record_count; row++) {
        const uint64_t record = row / rows;
        const uint64_t first = record * s->record_floats + port->first + row % rows * port->width;
        int32_t class = 0;
        MOTE_TRY(read_one_hot(s, port, record, first, &class));
    }
    return MOTE_OK;
}

static mote_status check_file(raw_state *s)
{
    uint64_t bytes = 0;
    MOTE_TRY(mote_file_size(&s->file, &bytes));
    MOTE_TRY(check_size(s, bytes));
    MOTE_TRY(check_values(s, bytes));
    for (size_t i = 0; i < s->port_count; i++)
        MOTE_TRY(check_rows(s, &s->ports[i]));
    return MOTE_OK;
}

static void close_file(void *state)
{
    mote_file_close(&((raw_state *)state)->file);
}

static mote_status open_file(raw_state *s, const mote_dataset_config *config, mote_arena *arena)
{
    const char *path = NULL;
    MOTE_TRY(place_ports(s, &config->ports, arena));
    MOTE_TRY(mote_reader_path(config, s->path, arena, &path));
    MOTE_TRY(mote_file_open_read(path, &s->file));
    const mote_status status = check_file(s);
    if (status != MOTE_OK)
        close_file(s);
    return status;
}

static mote_status open_raw(void *state, const mote_dataset_config *config, mote_arena *arena,
                            uint64_t *sample_count)
{
    raw_state *const s = state;
    const mote_status status = open_file(s, config, arena);
    if (status != MOTE_OK)
        return mote_reader_blame(status, config, "path");
    *sample_count = s->record_count;
    return MOTE_OK;
}

/// Indices were checked at the start; they are checked again because files can change, and an index out of its
/// range would be a place outside of a table.
static mote_status floats_to_indices(const raw_state *s, const raw_port *port, uint64_t record,
                                     int32_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float value = 0.0F;
        memcpy(&value, &values[i], sizeof value);
        MOTE_TRY(check_float(s, port, record, value));
        values[i] = (int32_t)value;
    }
    return MOTE_OK;
}

static mote_status read_indices(const raw_state *s, const mote_reader_range *range, uint64_t record,
                                int32_t *destination)
{
    const raw_port *const port = &s->ports[range->port];
    const uint64_t first =
        record * s->record_floats + port->first + range->first_element * port->width;
    if (port->width == 1) {
        MOTE_TRY(mote_file_read(&s->file, first * FLOAT_BYTES, destination,
                                range->element_count * FLOAT_BYTES));
        return floats_to_indices(s, port, record, destination, range->element_count);
    }
    for (size_t i = 0; i < range->element_count; i++)
        MOTE_TRY(read_one_hot(s, port, record, first + i * port->width, &destination[i]));
    return MOTE_OK;
}

static mote_status read_reals(const raw_state *s, const mote_reader_range *range, uint64_t record,
                              mote_real *destination)
{
    const size_t count = range->element_count;
    const size_t bytes = count * FLOAT_BYTES;
    const uint64_t first =
        record * s->record_floats + s->ports[range->port].first + range->first_element;
    MOTE_TRY(mote_file_read(&s->file, first * FLOAT_BYTES,
                            mote_bytes_tail(destination, count * sizeof *destination, bytes),
                            bytes));
    mote_floats_to_reals(destination, count);
    return MOTE_OK;
}

static mote_status read_range(const void *state, const mote_reader_range *range, void *destination)
{
    const bool is_index = range->spec->dtype == MOTE_DTYPE_I32;
    const size_t count = range->element_count;
    for (size_t i = 0; i < range->record_count; i++) {
        const uint64_t record = range->first_record + i;
        MOTE_TRY(is_index ? read_indices(state, range, record, (int32_t *)destination + i * count)
                          : read_reals(state, range, record, (mote_real *)destination + i * count));
    }
    return MOTE_OK;
}

const mote_reader mote_reader_raw = {
    .name = "raw",
    .summary = "records of 32-bit floats, as NNTrainer's: for each sample its inputs, then its "
               "labels, in the network's order",
    .properties = properties,
    .state_bytes = sizeof(raw_state),
    .open = open_raw,
    .close = close_file,
    .read = read_range,
};
