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
/// The key of their checksum.
#define CONTENT "content"

/// What the lines about data begin with, behind those of the model.
static const char *const set_names[] = {"[train_set]", "[valid_set]"};

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
    mote_write(writer, "%s count=%" PRIu64, name, mote_dataset_sample_count(dataset));
    mote_dataset_describe(dataset, writer);
    mote_write(writer, " " CONTENT "=%016" PRIx64 "\n", checksum); // last: keys change it, too
}

static void write_text(const void *user, const mote_writer *writer)
{
    const identity *const i = user;
    mote_compiled_describe(i->run->compiled, i->run->description, writer);
    write_set(writer, set_names[0], i->training, i->training_sum);
    write_set(writer, set_names[1], i->validation, i->validation_sum);
}

mote_status mote_identity_make(const mote_run *run, mote_dataset *training,
                               mote_dataset *validation, const mote_checksum_table *table,
                               mote_arena *arena, char **text)
{
    identity i = {.run = run, .table = table, .training = training, .validation = validation};
    MOTE_TRY(sum_sets(&i, training, validation, arena));
    return mote_arena_print(arena, write_text, &i, text);
}

/// A line, a word of it, or a word's key.
typedef struct piece {
    const char *text;
    size_t length;
} piece;

static bool is_same(piece a, piece b)
{
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

/// Takes the piece in front of `end` from a text and steps over `end`.
static piece take(piece *rest, char end)
{
    const char *const found = (const char *)memchr(rest->text, end, rest->length);
    const piece taken = {rest->text, found ? (size_t)(found - rest->text) : rest->length};
    const size_t step = taken.length + (found != NULL);
    *rest = (piece){rest->text + step, rest->length - step};
    return taken;
}

static piece key_of(piece word)
{
    return take(&word, '=');
}

/// Whether a piece of `text` begins with `key`.
static bool has(piece text, char end, piece key, char key_end)
{
    while (text.length > 0) {
        piece found = take(&text, end);
        if (is_same(take(&found, key_end), key))
            return true;
    }
    return false;
}

static void say_only(piece line, piece word, const char *side, char *text, size_t bytes)
{
    (void)snprintf(text, bytes, "%.*s: '%.*s' is only %s", (int)line.length, line.text,
                   (int)word.length, word.text, side);
}

static void say_values(piece line, piece there, piece here, char *text, size_t bytes)
{
    const piece key = key_of(here);
    const int length = (int)line.length;
    if (is_same(key, (piece){CONTENT, sizeof CONTENT - 1}))
        (void)snprintf(text, bytes, "%.*s: samples have other values there than here", length,
                       line.text);
    else
        (void)snprintf(text, bytes, "%.*s: '%.*s' there, '%.*s' here", length, line.text,
                       (int)there.length, there.text, (int)here.length, here.text);
}

/// Two lines that differ and begin with the same word.
static void compare_words(piece there, piece here, char *text, size_t bytes)
{
    const piece line = take(&here, ' ');
    (void)take(&there, ' ');
    piece other = take(&there, ' ');
    piece word = take(&here, ' ');
    while (is_same(other, word) && (there.length > 0 || here.length > 0)) {
        other = take(&there, ' ');
        word = take(&here, ' ');
    }
    if (is_same(key_of(other), key_of(word)))
        say_values(line, other, word, text, bytes);
    else if (word.length > 0 && !has(there, ' ', key_of(word), '='))
        say_only(line, word, "here", text, bytes);
    else
        say_only(line, other, "there", text, bytes);
}

/// The first words of two lines, which differ, and the lines behind these.
static void compare_names(piece other, piece there, piece name, piece here, char *text,
                          size_t bytes)
{
    if (name.length > 0 && !has(there, '\n', name, ' '))
        (void)snprintf(text, bytes, "%.*s is only here", (int)name.length, name.text);
    else if (other.length > 0 && !has(here, '\n', other, ' '))
        (void)snprintf(text, bytes, "%.*s is only there", (int)other.length, other.text);
    else
        (void)snprintf(text, bytes, "%.*s comes first there, %.*s here", (int)other.length,
                       other.text, (int)name.length, name.text);
}

bool mote_identity_differ(const char *there, const char *here, char *text, size_t bytes)
{
    piece ahead = {there, strlen(there)};
    piece own = {here, strlen(here)};
    piece other = {there, 0};
    piece line = {here, 0};
    while (is_same(other, line) && (ahead.length > 0 || own.length > 0)) {
        other = take(&ahead, '\n');
        line = take(&own, '\n');
    }
    if (is_same(other, line))
        return false;
    piece values = line;
    piece other_values = other;
    const piece name = take(&values, ' ');
    const piece other_name = take(&other_values, ' ');
    if (is_same(name, other_name))
        compare_words(other, line, text, bytes);
    else
        compare_names(other_name, ahead, name, own, text, bytes);
    return true;
}

static bool is_of_set(const char *line)
{
    return strncmp(line, set_names[0], strlen(set_names[0])) == 0 ||
           strncmp(line, set_names[1], strlen(set_names[1])) == 0;
}

void mote_identity_drop_data(char *text)
{
    char *line = text;
    while (*line && !is_of_set(line)) {
        line += strcspn(line, "\n");
        line += *line != '\0';
    }
    *line = '\0';
}
