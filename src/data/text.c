// SPDX-License-Identifier: Apache-2.0
// The reader `text`: windows of a file, a token a byte, and for each of their places the byte that follows.
#include "base/size.h"
#include "data/index.h"
#include "data/reader.h"
#include "data/stream.h"

#include <assert.h>

#define CHUNK_BYTES 4096U

typedef struct text_state {
    const char *path; // properties
    uint64_t stride;
    size_t window; // tokens of a sample
    size_t labels; // 0, 1: the byte behind the window, or one a token
    uint64_t step; // bytes from sample to sample
    mote_file file;
    uint64_t bytes;
} text_state;

static const mote_property properties[] = {
    {.name = "path",
     .kind = MOTE_PROPERTY_TEXT,
     .offset = offsetof(text_state, path),
     .help = "any file, plain or gzip; a token is a byte, 0 to 255"},
    {.name = "stride",
     .kind = MOTE_PROPERTY_INTEGER,
     .initial = "0",
     .maximum = 9007199254740992.0,
     .offset = offsetof(text_state, stride),
     .help = "bytes from the beginning of a sample to that of the next; 0: the window's length"},
    {.name = NULL},
};

static mote_status raise_ports(const mote_dataset_config *config, const char *problem)
{
    char place[512];
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                      "%s%s: type text feeds one input of indices 1:1:length and one label of 1 or "
                      "length indices; %s",
                      mote_origin_text(&config->origin, place, sizeof place), config->owner,
                      problem);
}

static mote_status check_ports(text_state *s, const mote_dataset_config *config)
{
    const mote_dataset_ports *const ports = &config->ports;
    if (ports->input_count != 1 || ports->label_count > 1)
        return raise_ports(config, "the network takes more");
    for (size_t i = 0; i < ports->input_count + ports->label_count; i++) {
        if (ports->items[i].spec.dtype != MOTE_DTYPE_I32)
            return raise_ports(config, i == 0 ? "the network's input is no indices (dtype = int32)"
                                              : "the network's label is no indices");
    }
    s->window = mote_shape_elements(&ports->items[0].spec.shape);
    s->labels = ports->label_count ? mote_shape_elements(&ports->items[1].spec.shape) : 0;
    if (s->labels > 1 && s->labels != s->window)
        return raise_ports(config, "the network's label is neither");
    s->step = s->stride ? s->stride : s->window;
    return MOTE_OK;
}

static mote_status check_bytes(const text_state *s, const mote_dataset_port *port,
                               const unsigned char *bytes, size_t count, uint64_t first)
{
    char range[MOTE_INDEX_RANGE_BYTES];
    for (size_t i = 0; i < count; i++) {
        if (mote_index_fits(port, (double)bytes[i]))
            continue;
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': byte %llu is %u; '%.100s' takes %s",
                          s->file.path, (unsigned long long)(first + i), bytes[i], port->name,
                          mote_index_range_text(port, range, sizeof range));
    }
    return MOTE_OK;
}

static mote_status check_content(const text_state *s, const mote_dataset_ports *ports)
{
    unsigned char bytes[CHUNK_BYTES];
    for (uint64_t first = 0; first < s->bytes; first += CHUNK_BYTES) {
        const uint64_t left = s->bytes - first;
        const size_t count = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
        MOTE_TRY(mote_file_read(&s->file, first, bytes, count));
        for (size_t i = 0; i < ports->input_count + ports->label_count; i++)
            MOTE_TRY(check_bytes(s, &ports->items[i], bytes, count, first));
    }
    return MOTE_OK;
}

static mote_status check_file(text_state *s, const mote_dataset_ports *ports,
                              uint64_t *sample_count)
{
    const uint64_t needed = (uint64_t)s->window + (s->labels > 0);
    MOTE_TRY(mote_file_size(&s->file, &s->bytes));
    if (s->bytes < needed)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has %llu bytes, a sample takes %llu",
                          s->file.path, (unsigned long long)s->bytes, (unsigned long long)needed);
    *sample_count = (s->bytes - needed) / s->step + 1;
    return check_content(s, ports);
}

static void close_text(void *state)
{
    mote_file_close(&((text_state *)state)->file);
}

static mote_status open_file(text_state *s, const mote_dataset_config *config, mote_arena *arena,
                             uint64_t *sample_count)
{
    const char *path = NULL;
    MOTE_TRY(mote_reader_path(config, s->path, arena, &path));
    MOTE_TRY(mote_file_open_expanded(path, config->allocator, &s->file));
    const mote_status status = check_file(s, &config->ports, sample_count);
    if (status != MOTE_OK)
        close_text(s);
    return status;
}

static mote_status open_text(void *state, const mote_dataset_config *config, mote_arena *arena,
                             uint64_t *sample_count)
{
    MOTE_TRY(check_ports(state, config));
    const mote_status status = open_file(state, config, arena, sample_count);
    return status == MOTE_OK ? MOTE_OK : mote_reader_blame(status, config, "path");
}

/// The byte of a sample that element 0 of a port is.
static uint64_t port_start(const text_state *s, size_t port)
{
    if (port == 0)
        return 0;
    return s->labels == s->window ? 1 : s->window;
}

static mote_status read_tokens(const text_state *s, uint64_t first, size_t count,
                               int32_t *destination)
{
    unsigned char bytes[CHUNK_BYTES];
    for (size_t done = 0; done < count; done += CHUNK_BYTES) {
        const size_t part = mote_size_min(CHUNK_BYTES, count - done);
        MOTE_TRY(mote_file_read(&s->file, first + done, bytes, part));
        for (size_t i = 0; i < part; i++)
            destination[done + i] = bytes[i];
    }
    return MOTE_OK;
}

static mote_status read_range(const void *state, const mote_reader_range *range, void *destination)
{
    const text_state *const s = state;
    const uint64_t start = port_start(s, range->port) + range->first_element;
    for (size_t i = 0; i < range->record_count; i++)
        MOTE_TRY(read_tokens(s, (range->first_record + i) * s->step + start, range->element_count,
                             (int32_t *)destination + i * range->element_count));
    return MOTE_OK;
}

const mote_reader mote_reader_text = {
    .name = "text",
    .summary = "windows of a file, a token a byte, with the bytes that follow as labels",
    .properties = properties,
    .state_bytes = sizeof(text_state),
    .open = open_text,
    .close = close_text,
    .read = read_range,
};
