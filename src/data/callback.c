// SPDX-License-Identifier: Apache-2.0
// The reader of samples that the program makes: checks what it is given, since values may be anything.
#include "data/index.h"
#include "data/reader.h"

#include <string.h>

typedef struct callback_state {
    mote_data_source source;
    const char *owner;
    mote_dataset_port *ports;
} callback_state;

static const mote_property properties[] = {
    {.name = NULL},
};

static mote_status open_callback(void *state, const mote_dataset_config *config, mote_arena *arena,
                                 uint64_t *sample_count)
{
    callback_state *const s = state;
    const size_t count = config->ports.input_count + config->ports.label_count;
    char *owner = NULL;
    s->source = *config->callback;
    MOTE_TRY(mote_arena_text(arena, config->owner, strlen(config->owner), &owner));
    MOTE_TRY(mote_arena_array(arena, count, sizeof *s->ports, (void **)&s->ports));
    for (size_t i = 0; i < count; i++)
        s->ports[i] = config->ports.items[i];
    s->owner = owner;
    *sample_count = s->source.sample_count;
    return MOTE_OK;
}

static void close_callback(void *state)
{
    (void)state; // what it reads is the program's
}

static mote_status check_indices(const callback_state *s, size_t port, uint64_t sample,
                                 const int32_t *values, size_t count)
{
    char range[MOTE_INDEX_RANGE_BYTES];
    for (size_t i = 0; i < count; i++) {
        if (mote_index_fits(&s->ports[port], (double)values[i]))
            continue;
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "%s: sample %llu, port %zu: %d is not %s", s->owner,
                          (unsigned long long)sample, port, (int)values[i],
                          mote_index_range_text(&s->ports[port], range, sizeof range));
    }
    return MOTE_OK;
}

static mote_status read_sample(const callback_state *s, const mote_reader_range *range,
                               uint64_t sample, void *values)
{
    const int result =
        s->source.read(s->source.user, sample, range->port, values, range->element_count);
    if (result != 0) {
        return MOTE_RAISE(MOTE_ERROR_IO,
                          "%s: the program's callback failed with %d at sample %llu, port %zu",
                          s->owner, result, (unsigned long long)sample, range->port);
    }
    if (range->spec->dtype == MOTE_DTYPE_I32)
        return check_indices(s, range->port, sample, values, range->element_count);
    return MOTE_OK;
}

static mote_status read_range(const void *state, const mote_reader_range *range, void *destination)
{
    const callback_state *const s = state;
    size_t row_bytes = 0;
    if (range->element_count != mote_shape_elements(&range->spec->shape))
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "%s: a callback makes whole samples only",
                          s->owner);
    MOTE_TRY(mote_dtype_bytes(range->spec->dtype, range->element_count, &row_bytes));
    for (size_t i = 0; i < range->record_count; i++)
        MOTE_TRY(read_sample(s, range, range->first_record + i,
                             (unsigned char *)destination + i * row_bytes));
    return MOTE_OK;
}

const mote_reader mote_reader_callback = {
    .name = "callback",
    .summary = "samples that the program makes",
    .properties = properties,
    .state_bytes = sizeof(callback_state),
    .open = open_callback,
    .close = close_callback,
    .read = read_range,
    .is_serial = true,
};
