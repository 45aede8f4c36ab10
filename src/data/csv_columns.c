// SPDX-License-Identifier: Apache-2.0
// Which column of a file of separated values feeds which place of which port.
#include "base/number.h"
#include "base/size.h"
#include "data/csv.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define HINT_BYTES 256U
#define NAME_BYTES 128U

const char *mote_csv_column_text(const mote_csv_state *state, size_t column, char *text,
                                 size_t bytes)
{
    if (state->names && column < state->column_count)
        (void)snprintf(text, bytes, "column %zu ('%.60s')", column + 1, state->names[column]);
    else
        (void)snprintf(text, bytes, "column %zu", column + 1);
    return text;
}

static mote_status plan_port(mote_csv_state *s, size_t index, const mote_dataset_port *port)
{
    mote_csv_port *const planned = &s->ports[index];
    const bool is_label = index >= s->input_count;
    const size_t elements = mote_shape_elements(&port->spec.shape);
    *planned = (mote_csv_port){.port = *port,
                               .first = s->slot_count,
                               .count = elements,
                               .is_class = is_label && port->spec.dtype == MOTE_DTYPE_I32};
    if (elements > MOTE_CSV_FIELDS_MAX || s->slot_count + elements > MOTE_CSV_FIELDS_MAX)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "type csv feeds at most %u values a sample, '%s' alone has %zu",
                          MOTE_CSV_FIELDS_MAX, port->name, elements);
    s->slot_count += elements;
    if (!is_label)
        s->feature_count = s->slot_count;
    return MOTE_OK;
}

static size_t class_limit(const mote_csv_port *port)
{
    return port->port.spec.dtype == MOTE_DTYPE_I32 ? (size_t)port->port.index_last + 1
                                                   : mote_shape_elements(&port->port.spec.shape);
}

static mote_status make_classes(mote_csv_state *s, mote_arena *arena)
{
    mote_csv_classes *const classes = &s->classes;
    classes->limit = SIZE_MAX;
    for (size_t i = 0; i < s->port_count; i++) {
        if (s->ports[i].is_class)
            classes->limit = mote_size_min(classes->limit, class_limit(&s->ports[i]));
    }
    if (classes->limit == SIZE_MAX)
        return MOTE_OK;
    const size_t count = classes->limit = mote_size_min(classes->limit, MOTE_CSV_CLASSES_MAX);
    MOTE_TRY(mote_arena_array(arena, count, sizeof *classes->texts, (void **)&classes->texts));
    MOTE_TRY(mote_arena_array(arena, count, sizeof *classes->lines, (void **)&classes->lines));
    MOTE_TRY(mote_arena_array(arena, count, sizeof *classes->sorted, (void **)&classes->sorted));
    return mote_arena_array(arena, count, sizeof *classes->indices, (void **)&classes->indices);
}

/// Number of entries of a list "a, b".
static size_t count_list(const char *list)
{
    size_t count = list[0] != '\0';
    for (const char *at = list; *at; at++)
        count += *at == ',';
    return count;
}

/// Labels that are rows of several numbers take a column each, or one column with the class of a one-hot row.
static mote_status plan_labels(mote_csv_state *s)
{
    const size_t given = count_list(s->label);
    size_t numbers = 0;
    size_t classes = 0;
    for (size_t i = s->input_count; i < s->port_count; i++) {
        numbers += s->ports[i].count;
        classes += s->ports[i].is_class ? s->ports[i].count : 1;
    }
    if (given != 0 && given != numbers && given != classes && s->port_count > s->input_count) {
        s->bad_key = "label";
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "'%.100s' are %zu columns, the network's labels take %zu", s->label,
                          given, classes);
    }
    s->slot_count = s->feature_count;
    for (size_t i = s->input_count; i < s->port_count; i++) {
        mote_csv_port *const port = &s->ports[i];
        if (given != numbers && port->count > 1 && !port->is_class) {
            port->is_class = true;
            port->count = 1;
        }
        port->first = s->slot_count;
        s->slot_count += port->count;
    }
    return MOTE_OK;
}

mote_status mote_csv_plan(mote_csv_state *state, const mote_dataset_config *config,
                          mote_arena *arena)
{
    const mote_dataset_ports *const ports = &config->ports;
    state->input_count = ports->input_count;
    state->port_count = ports->input_count + ports->label_count;
    MOTE_TRY(
        mote_arena_array(arena, state->port_count, sizeof *state->ports, (void **)&state->ports));
    for (size_t i = 0; i < state->port_count; i++)
        MOTE_TRY(plan_port(state, i, &ports->items[i]));
    MOTE_TRY(plan_labels(state));
    MOTE_TRY(make_classes(state, arena));
    MOTE_TRY(mote_arena_array(arena, state->feature_count, sizeof *state->features,
                              (void **)&state->features));
    for (size_t i = 0; i < state->feature_count; i++)
        state->features[i] = (mote_csv_feature){.name = "", .deviation = 1.0};
    return mote_csv_recall(state, config, arena);
}

static const char *column_name(const void *user, size_t index)
{
    return ((const mote_csv_state *)user)->names[index];
}

/// A column by name, or by its number counted from 1. `reason` is why it should be there, for the message.
static mote_status find_column(const mote_csv_state *s, const char *reason, const char *name,
                               size_t *column)
{
    char hint[HINT_BYTES] = "";
    uint64_t number = 0;
    for (size_t i = 0; s->names && i < s->column_count; i++) {
        if (strcmp(s->names[i], name) == 0) {
            *column = i;
            return MOTE_OK;
        }
    }
    if (mote_number_parse_integer(name, strlen(name), &number) && number >= 1 &&
        number <= s->column_count) {
        *column = (size_t)number - 1;
        return MOTE_OK;
    }
    if (s->names)
        (void)mote_text_expect(name, column_name, s, s->column_count, hint, sizeof hint);
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "'%s' has no column '%.60s'%s%.200s", s->file_path, name,
                      reason, hint);
}

/// Copies the next entry of a list "a, b" without blanks around it; false at the end.
static bool next_name(const char **list, char name[NAME_BYTES])
{
    const char *const at = *list;
    const size_t length = strcspn(at, ",");
    if (at[0] == '\0')
        return false;
    (void)snprintf(name, NAME_BYTES, "%.*s", (int)mote_size_min(length, NAME_BYTES - 1), at);
    *list = at[length] ? at + length + 1 : at + length;
    return true;
}

/// Where columns come in: each entry of `list` gets the next slot.
typedef struct column_list {
    const char *key;
    const char *list;
    size_t slot, end; // the next slot, and the one behind the last
    bool is_skipped;  // the columns get none
} column_list;

static mote_status place_column(mote_csv_state *s, column_list *list, size_t column)
{
    char text[NAME_BYTES];
    if (s->slots[column] != MOTE_CSV_NO_SLOT)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s is used twice",
                          mote_csv_column_text(s, column, text, sizeof text));
    if (list->slot == list->end)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "names more columns than the %zu wanted", list->end);
    s->slots[column] = list->slot++;
    return MOTE_OK;
}

static mote_status place_list(mote_csv_state *s, column_list *list, bool *is_ignored)
{
    char name[NAME_BYTES];
    const char *rest = list->list;
    const char *const other_key = s->bad_key;
    s->bad_key = list->key;
    while (next_name(&rest, name)) {
        size_t column = 0;
        MOTE_TRY(find_column(s, "", mote_text_trim(name), &column));
        if (list->is_skipped)
            is_ignored[column] = true;
        else
            MOTE_TRY(place_column(s, list, column));
    }
    s->bad_key = other_key;
    return MOTE_OK;
}

static mote_status raise_count(const mote_csv_state *s, size_t found)
{
    return MOTE_RAISE(MOTE_ERROR_SHAPE,
                      "'%s' has %zu columns, of which %zu are left for the network's inputs, which "
                      "take %zu values a sample; the keys label, columns and ignore choose",
                      s->file_path, s->column_count, found, s->feature_count);
}

/// All columns that are neither label nor ignored, in their order.
static mote_status place_others(mote_csv_state *s, const bool *is_ignored)
{
    size_t slot = 0;
    for (size_t i = 0; i < s->column_count; i++) {
        if (is_ignored[i] || s->slots[i] != MOTE_CSV_NO_SLOT)
            continue;
        if (slot < s->feature_count)
            s->slots[i] = slot;
        slot++;
    }
    return slot == s->feature_count ? MOTE_OK : raise_count(s, slot);
}

/// The columns of the training set, by name.
static mote_status place_known(mote_csv_state *s)
{
    for (size_t i = 0; i < s->feature_count; i++) {
        size_t column = 0;
        MOTE_TRY(
            find_column(s, ", which the weights were trained on", s->features[i].name, &column));
        column_list list = {.slot = i, .end = i + 1};
        MOTE_TRY(place_column(s, &list, column));
    }
    return MOTE_OK;
}

static mote_status place_features(mote_csv_state *s, bool *is_ignored)
{
    column_list chosen = {.key = "columns", .list = s->columns, .end = s->feature_count};
    column_list ignored = {.key = "ignore", .list = s->ignore, .is_skipped = true};
    MOTE_TRY(place_list(s, &ignored, is_ignored));
    if (s->columns[0] != '\0') {
        MOTE_TRY(place_list(s, &chosen, is_ignored));
        if (chosen.slot == s->feature_count)
            return MOTE_OK;
        s->bad_key = chosen.key;
        return raise_count(s, chosen.slot);
    }
    if (s->is_known && s->names && s->features[0].name[0] != '\0')
        return place_known(s);
    return place_others(s, is_ignored);
}

/// By the key label, else the last columns.
static mote_status place_labels(mote_csv_state *s, bool *is_ignored)
{
    const size_t count = s->slot_count - s->feature_count;
    column_list labels = {
        .key = "label", .list = s->label, .slot = s->feature_count, .end = s->slot_count};
    labels.is_skipped = count == 0;
    if (count == 0 && s->is_known && s->names)
        return MOTE_OK; // features are found by name, there need not be a label
    if (s->label[0] != '\0')
        return place_list(s, &labels, is_ignored);
    if (count > s->column_count)
        return raise_count(s, 0);
    for (size_t i = 0; i < count; i++)
        s->slots[s->column_count - count + i] = s->feature_count + i;
    return MOTE_OK;
}

static mote_status check_names(const mote_csv_state *s)
{
    for (size_t i = 0; i < s->column_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (s->names[i][0] != '\0' && strcmp(s->names[i], s->names[j]) == 0)
                return MOTE_RAISE(MOTE_ERROR_FORMAT,
                                  "'%s', line 1: columns %zu and %zu are both named '%.60s'",
                                  s->file_path, j + 1, i + 1, s->names[i]);
        }
        if (strpbrk(s->names[i], "\r\n"))
            return MOTE_RAISE(MOTE_ERROR_FORMAT,
                              "'%s', line 1: the name of column %zu has two lines", s->file_path,
                              i + 1);
    }
    return MOTE_OK;
}

static mote_status read_names(mote_csv_state *s, const mote_csv_parser *parser, mote_arena *arena)
{
    MOTE_TRY(mote_arena_array(arena, s->column_count, sizeof *s->names, (void **)&s->names));
    for (size_t i = 0; i < s->column_count; i++) {
        char *copy = NULL;
        MOTE_TRY(mote_arena_text(arena, mote_csv_text(parser, i), parser->fields[i].length, &copy));
        s->names[i] = copy;
    }
    return check_names(s);
}

/// The features are called as their columns are.
static void name_features(mote_csv_state *s)
{
    for (size_t i = 0; s->names && i < s->column_count; i++) {
        if (s->slots[i] < s->feature_count)
            s->features[s->slots[i]].name = s->names[i];
    }
}

mote_status mote_csv_place(mote_csv_state *state, const mote_csv_parser *parser, mote_arena *arena)
{
    bool *is_ignored = NULL;
    state->column_count = parser->field_count;
    MOTE_TRY(
        mote_arena_array(arena, state->column_count, sizeof *state->slots, (void **)&state->slots));
    MOTE_TRY(
        mote_arena_array(arena, state->column_count, sizeof *is_ignored, (void **)&is_ignored));
    for (size_t i = 0; i < state->column_count; i++)
        state->slots[i] = MOTE_CSV_NO_SLOT;
    if (state->header)
        MOTE_TRY(read_names(state, parser, arena));
    MOTE_TRY(place_labels(state, is_ignored));
    MOTE_TRY(place_features(state, is_ignored));
    name_features(state);
    return MOTE_OK;
}
