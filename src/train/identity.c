// SPDX-License-Identifier: Apache-2.0
// Lines of words, "<name> <key>=<value> ...", one a layer, the optimizer, the schedule, the run and each data set.
#include "train/identity.h"

#include "base/checksum.h"
#include "base/size.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/// Samples whose values are part of the identity.
#define SAMPLES_READ 16U

/// A text that grows; it is counted first, then written.
typedef struct growing_text {
    char *text; // NULL while it is counted
    size_t length;
} growing_text;

static void grow(void *user, const char *text, size_t length)
{
    growing_text *const grown = user;
    if (grown->text)
        memcpy(grown->text + grown->length, text, length);
    grown->length += length;
}

typedef struct identity {
    const mote_run *run;
    const mote_checksum_table *table;
    uint64_t training_sum, validation_sum;
    const mote_dataset *training, *validation;
} identity;

/// The selected sample of all ports. `values` has room for one of the largest port.
static mote_status sum_sample(const identity *i, const mote_source *source, void *values,
                              uint64_t *checksum)
{
    const mote_graph *graph = mote_compiled_graph(i->run->compiled);
    for (size_t port = 0; port < graph->port_count; port++) {
        const mote_tensor_spec *spec = &graph->values[graph->ports[port]].spec;
        const mote_source_piece piece = {.port = port,
                                         .spec = spec,
                                         .sample_count = 1,
                                         .element_count = mote_shape_elements(&spec->shape)};
        size_t bytes = 0;
        MOTE_TRY(mote_tensor_spec_bytes(spec, 1, &bytes));
        MOTE_TRY(source->read(source->user, &piece, values));
        *checksum = mote_checksum_add(i->table, *checksum, values, bytes);
    }
    return MOTE_OK;
}

/// Some samples, evenly spread over the set.
static mote_status sum_samples(const identity *i, mote_dataset *dataset, void *values,
                               uint64_t *checksum)
{
    const uint64_t count = mote_dataset_sample_count(dataset);
    for (uint64_t k = 0; k < SAMPLES_READ && k < count; k++) {
        const uint64_t sample = count <= SAMPLES_READ ? k : k * (count - 1) / (SAMPLES_READ - 1);
        mote_dataset_select(dataset, NULL, sample, 1);
        MOTE_TRY(sum_sample(i, mote_dataset_source(dataset), values, checksum));
    }
    return MOTE_OK;
}

static mote_status sum_sets(identity *i, mote_dataset *training, mote_dataset *validation,
                            mote_arena *arena)
{
    const mote_graph *graph = mote_compiled_graph(i->run->compiled);
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    size_t most = 0;
    void *values = NULL;
    for (size_t port = 0; port < graph->port_count; port++) {
        size_t bytes = 0;
        MOTE_TRY(mote_tensor_spec_bytes(&graph->values[graph->ports[port]].spec, 1, &bytes));
        most = mote_size_max(most, bytes);
    }
    MOTE_TRY(mote_arena_allocate(arena, most, &values));
    if (training)
        MOTE_TRY(sum_samples(i, training, values, &i->training_sum));
    if (validation)
        MOTE_TRY(sum_samples(i, validation, values, &i->validation_sum));
    mote_arena_release_to(arena, mark);
    return MOTE_OK;
}

static void write_set(const mote_writer *writer, const char *name, const mote_dataset *dataset,
                      uint64_t checksum)
{
    if (!dataset)
        return;
    mote_write(writer, "%s count=%" PRIu64 " content=%016" PRIx64, name,
               mote_dataset_sample_count(dataset), checksum);
    mote_dataset_describe(dataset, writer);
    mote_write(writer, "\n");
}

static void write_text(const identity *i, const mote_writer *writer)
{
    mote_compiled_describe(i->run->compiled, i->run->description, writer);
    write_set(writer, "[train_set]", i->training, i->training_sum);
    write_set(writer, "[valid_set]", i->validation, i->validation_sum);
}

mote_status mote_identity_make(const mote_run *run, mote_dataset *training,
                               mote_dataset *validation, const mote_checksum_table *table,
                               mote_arena *arena, char **text)
{
    identity i = {.run = run, .table = table, .training = training, .validation = validation};
    growing_text grown = {.text = NULL};
    const mote_writer writer = {.user = &grown, .write = grow};
    void *memory = NULL;
    MOTE_TRY(sum_sets(&i, training, validation, arena));
    write_text(&i, &writer);
    MOTE_TRY(mote_arena_allocate(arena, grown.length + 1, &memory));
    grown = (growing_text){.text = memory};
    write_text(&i, &writer);
    *text = memory;
    return MOTE_OK;
}

static size_t word_length(const char *text)
{
    return strcspn(text, " \n");
}

static bool is_same_word(const char *a, const char *b)
{
    const size_t length = word_length(a);
    return length == word_length(b) && memcmp(a, b, length) == 0;
}

bool mote_identity_differ(const char *there, const char *here, char *text, size_t bytes)
{
    const char *line = here; // its first word is what the line is about
    if (strcmp(there, here) == 0)
        return false;
    while (*there && *here && is_same_word(there, here)) {
        there += word_length(there);
        here += word_length(here);
        if (*there != *here)
            break;
        if (*here == '\n')
            line = here + 1;
        there += *there != '\0';
        here += *here != '\0';
    }
    const size_t ahead = word_length(there);
    const size_t own = word_length(here);
    if (ahead == 0 || own == 0) // one of the two ends, or its line does
        (void)snprintf(text, bytes, "%.*s is only %s", (int)(ahead + own), own ? here : there,
                       own ? "here" : "there");
    else
        (void)snprintf(text, bytes, "%.*s: '%.*s' there, '%.*s' here", (int)word_length(line), line,
                       (int)ahead, there, (int)own, here);
    return true;
}
