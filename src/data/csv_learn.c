// SPDX-License-Identifier: Apache-2.0
// What a training set of separated values teaches: its classes, and mean and deviation of its columns. The text
// that is saved with the weights is a line "csv standardized" or "csv plain", then a line "mean deviation name" a
// feature; its numbers have all digits, so that other data are prepared to the same bits.
#include "base/number.h"
#include "base/size.h"
#include "data/class_names.h"
#include "data/csv.h"
#include "data/moments.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_BYTES    40U
#define NAMES_BYTES_MAX 1048576U
#define CHUNK           256U

static const char standardized[] = "csv standardized\n";
static const char plain[] = "csv plain\n";

/// Where `text` is in the sorted order, or would be.
static size_t find_place(const mote_csv_classes *classes, const char *text, bool *is_found)
{
    size_t low = 0;
    size_t high = classes->count;
    *is_found = false;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(classes->texts[classes->sorted[middle]], text);
        if (order == 0) {
            *is_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

mote_status mote_csv_class(mote_csv_state *state, const mote_csv_parser *parser, size_t column,
                           mote_arena *arena, double *number)
{
    mote_csv_classes *const classes = &state->classes;
    const char *const text = mote_csv_text(parser, column);
    bool is_found = false;
    char *copy = NULL;
    char name[128];
    const size_t place = find_place(classes, text, &is_found);
    if (is_found) {
        *number = (double)classes->sorted[place];
        return MOTE_OK;
    }
    if (classes->count == classes->limit) {
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "'%s', line %llu, %s: '%.60s' is one class more than the %zu that the "
                          "network tells apart",
                          state->file_path, (unsigned long long)parser->record_line,
                          mote_csv_column_text(state, column, name, sizeof name), text,
                          classes->limit);
    }
    MOTE_TRY(mote_arena_text(arena, text, strlen(text), &copy));
    memmove(classes->sorted + place + 1, classes->sorted + place,
            (classes->count - place) * sizeof *classes->sorted);
    classes->sorted[place] = classes->count;
    classes->texts[classes->count] = copy;
    classes->lines[classes->count] = parser->record_line;
    *number = (double)classes->count++;
    return MOTE_OK;
}

/// Whether all texts are whole numbers; `numbers` gets them.
static bool are_numbers(const mote_csv_classes *classes, double *numbers)
{
    for (size_t i = 0; i < classes->count; i++) {
        const char *const text = classes->texts[i];
        if (!mote_number_parse_real(text, strlen(text), &numbers[i]) ||
            floor(numbers[i]) != numbers[i])
            return false;
    }
    return true;
}

static bool are_indices(const mote_csv_classes *classes, const double *numbers)
{
    for (size_t i = 0; i < classes->count; i++) {
        if (numbers[i] < 0 || numbers[i] >= (double)classes->limit)
            return false;
    }
    return true;
}

static mote_status match_names(mote_csv_state *s, const char *names)
{
    mote_csv_classes *const classes = &s->classes;
    for (size_t i = 0; i < classes->count; i++) {
        const size_t index = mote_class_names_find(names, classes->texts[i]);
        if (index >= classes->limit) {
            return MOTE_RAISE(MOTE_ERROR_FORMAT,
                              "'%s', line %llu: class '%.60s' is none of the known ones: %.300s",
                              s->file_path, (unsigned long long)classes->lines[i],
                              classes->texts[i], names);
        }
        classes->indices[i] = (double)index;
    }
    return MOTE_OK;
}

/// The order of the classes: that of their numbers, else of their texts.
static void sort_classes(mote_csv_classes *classes, const double *numbers)
{
    for (size_t i = 1; numbers && i < classes->count; i++) {
        const size_t moved = classes->sorted[i];
        size_t at = i;
        for (; at > 0 && numbers[classes->sorted[at - 1]] > numbers[moved]; at--)
            classes->sorted[at] = classes->sorted[at - 1];
        classes->sorted[at] = moved;
    }
    for (size_t i = 0; i < classes->count; i++)
        classes->indices[classes->sorted[i]] = (double)i;
}

static mote_status join_names(const mote_csv_state *s, mote_arena *arena, const char **names)
{
    const mote_csv_classes *const classes = &s->classes;
    size_t bytes = 1;
    void *memory = NULL;
    for (size_t i = 0; i < classes->count; i++) {
        const char *const text = classes->texts[i];
        if (strpbrk(text, ",\r\n") || text[0] == '\0') {
            return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                              "'%s', line %llu: a class may not be called '%.60s': names are kept "
                              "as a list with commas",
                              s->file_path, (unsigned long long)classes->lines[i], text);
        }
        bytes += strlen(text) + 1;
    }
    if (bytes > NAMES_BYTES_MAX)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED, "'%s': the names of its classes have %zu bytes",
                          s->file_path, bytes);
    MOTE_TRY(mote_arena_allocate(arena, bytes, &memory));
    char *const joined = memory;
    size_t length = 0;
    for (size_t i = 0; i < classes->count; i++)
        length += (size_t)snprintf(joined + length, bytes - length, "%s%s", i > 0 ? "," : "",
                                   classes->texts[classes->sorted[i]]);
    *names = joined;
    return MOTE_OK;
}

static mote_status raise_unknown_classes(const mote_csv_state *s)
{
    const mote_csv_classes *const classes = &s->classes;
    return MOTE_RAISE(
        MOTE_ERROR_PROPERTY,
        "'%s' has %zu classes ('%.60s', ...), the network tells %zu apart; class_names "
        "says what each is called",
        s->file_path, classes->count, classes->count ? classes->texts[0] : "", classes->limit);
}

static mote_status copy_text(const char *text, mote_arena *arena, const char **copied)
{
    char *copy = NULL;
    MOTE_TRY(mote_arena_text(arena, text, strlen(text), &copy));
    *copied = copy;
    return MOTE_OK;
}

static mote_status learn_classes(mote_csv_state *s, const mote_dataset_config *config,
                                 mote_arena *arena, mote_knowledge *knowledge)
{
    mote_csv_classes *const classes = &s->classes;
    const char *const names = config->known.class_names;
    double *numbers = NULL;
    if (!classes->indices)
        return MOTE_OK;
    if (names[0] != '\0') {
        MOTE_TRY(copy_text(names, arena, &knowledge->class_names));
        return match_names(s, names);
    }
    MOTE_TRY(mote_arena_array(arena, classes->count, sizeof *numbers, (void **)&numbers));
    const bool is_number = are_numbers(classes, numbers);
    if (is_number && are_indices(classes, numbers)) {
        for (size_t i = 0; i < classes->count; i++)
            classes->indices[i] = numbers[i];
        return MOTE_OK;
    }
    if (classes->count != classes->limit || !config->is_training)
        return raise_unknown_classes(s);
    sort_classes(classes, is_number ? numbers : NULL);
    return join_names(s, arena, &knowledge->class_names);
}

static mote_status add_record(const mote_csv_state *s, uint64_t record, mote_moments *features)
{
    double values[CHUNK];
    for (size_t first = 0; first < s->feature_count; first += CHUNK) {
        const size_t count = mote_size_min(CHUNK, s->feature_count - first);
        const mote_record_range range = {.first_record = record,
                                         .record_count = 1,
                                         .first_element = first,
                                         .element_count = count};
        MOTE_TRY(mote_record_cache_read(&s->cache, &range, values));
        for (size_t i = 0; i < count; i++) {
            if (!isnan(values[i]))
                mote_moments_add(&features[first + i], values[i]);
        }
    }
    return MOTE_OK;
}

static mote_status learn_features(mote_csv_state *s, const mote_selection *selection,
                                  mote_arena *scratch)
{
    mote_moments *features = NULL;
    MOTE_TRY(mote_arena_array(scratch, s->feature_count, sizeof *features, (void **)&features));
    for (uint64_t i = 0; i < selection->count; i++)
        MOTE_TRY(add_record(s, mote_selection_record(selection, i), features));
    for (size_t i = 0; i < s->feature_count; i++) {
        const mote_moments *const m = &features[i];
        if (m->count == 0)
            return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s': feature %zu ('%.60s') has no value at all",
                              s->file_path, i + 1, s->features[i].name);
        s->features[i].mean = m->mean;
        s->features[i].deviation = mote_moments_deviation(m);
    }
    return MOTE_OK;
}

static mote_status write_features(const mote_csv_state *s, mote_arena *arena, const char **text)
{
    size_t bytes = sizeof standardized;
    void *memory = NULL;
    for (size_t i = 0; i < s->feature_count; i++)
        bytes += strlen(s->features[i].name) + 2 * (size_t)NUMBER_BYTES + 3;
    MOTE_TRY(mote_arena_allocate(arena, bytes, &memory));
    char *const written = memory;
    size_t length = (size_t)snprintf(written, bytes, "%s", s->standardize ? standardized : plain);
    for (size_t i = 0; i < s->feature_count; i++) {
        const mote_csv_feature *const feature = &s->features[i];
        char mean[NUMBER_BYTES];
        char deviation[NUMBER_BYTES];
        (void)mote_number_print_real(feature->mean, mean, sizeof mean);
        (void)mote_number_print_real(feature->deviation, deviation, sizeof deviation);
        length += (size_t)snprintf(written + length, bytes - length, "%s %s %s\n", mean, deviation,
                                   feature->name);
    }
    *text = written;
    return MOTE_OK;
}

static bool needs_features(const mote_csv_state *s)
{
    return s->standardize || s->missing == MOTE_CSV_MISSING_MEAN;
}

mote_status mote_csv_learn(void *state, const mote_dataset_config *config,
                           const mote_selection *selection, mote_arena *arena,
                           mote_knowledge *knowledge)
{
    mote_csv_state *const s = state;
    mote_arena scratch;
    MOTE_TRY(learn_classes(s, config, arena, knowledge));
    if (s->is_known)
        return copy_text(config->known.preparation, arena, &knowledge->preparation);
    if (!config->is_training)
        return needs_features(s) ? mote_reader_raise_unknown(config, "the means of the columns are")
                                 : MOTE_OK;
    mote_arena_init(&scratch, config->allocator);
    const mote_status status = learn_features(s, selection, &scratch);
    mote_arena_release(&scratch);
    if (status != MOTE_OK)
        return status;
    return write_features(s, arena, &knowledge->preparation);
}

static mote_status raise_text(const mote_dataset_config *config)
{
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "%s: the weights were not trained on columns as this network takes",
                      config->owner);
}

/// "mean deviation name" up to the end of the line, which is replaced by a zero.
static bool read_feature(char *line, char **next, mote_csv_feature *feature)
{
    char *const end = strchr(line, '\n');
    if (!end)
        return false;
    *end = '\0';
    *next = end + 1;
    const size_t mean = strcspn(line, " ");
    char *const second = line[mean] ? line + mean + 1 : line + mean;
    const size_t deviation = strcspn(second, " ");
    if (second[deviation] == '\0')
        return false;
    feature->name = second + deviation + 1;
    return mote_number_parse_real(line, mean, &feature->mean) &&
           mote_number_parse_real(second, deviation, &feature->deviation) && feature->deviation > 0;
}

static mote_status check_head(const mote_csv_state *s, const mote_dataset_config *config)
{
    const char *const text = config->known.preparation;
    const bool was_standardized = strncmp(text, standardized, strlen(standardized)) == 0;
    if (!was_standardized && strncmp(text, plain, strlen(plain)) != 0)
        return raise_text(config);
    if (was_standardized == s->standardize)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                      "%s: standardize is %s, but it was %s for the data the weights were trained "
                      "on",
                      config->owner, s->standardize ? "true" : "false",
                      was_standardized ? "true" : "false");
}

mote_status mote_csv_recall(mote_csv_state *state, const mote_dataset_config *config,
                            mote_arena *arena)
{
    const char *const text = config->known.preparation;
    char *copy = NULL;
    if (text[0] == '\0')
        return MOTE_OK;
    MOTE_TRY(check_head(state, config));
    const size_t head = strlen(state->standardize ? standardized : plain);
    MOTE_TRY(mote_arena_text(arena, text + head, strlen(text + head), &copy));
    for (size_t i = 0; i < state->feature_count; i++) {
        if (!read_feature(copy, &copy, &state->features[i]))
            return raise_text(config);
    }
    state->is_known = copy[0] == '\0';
    return state->is_known ? MOTE_OK : raise_text(config);
}
