// SPDX-License-Identifier: Apache-2.0
// Inspecting separated values: what stands between them, whether the first record names the columns, which columns
// are numbers, and whether the label is a number or a class.
#include "base/number.h"
#include "base/size.h"
#include "base/text.h"
#include "data/csv.h"
#include "data/inspect.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define CLASSES_MAX       1000U // texts that can be names of classes
#define NUMBERS_MAX       20U   // whole numbers that can be indices of classes
#define NAME_BYTES_MAX    100U
#define IGNORED_BYTES_MAX 160U // a longer list of names would not fit in a line of a model file

/// A column: its field of the first record, and what its other fields are.
typedef struct column {
    const char *first;
    bool is_first_missing, is_first_number;
    bool has_text, has_number, has_missing; // behind the first record
    uint64_t huge_line;                     // of a number that is no 32-bit float; 0: there is none
} column;

/// Values of the label column.
typedef struct labels {
    const char **texts; // different ones, sorted; no more are added once there are too many
    size_t count, capacity;
    uint64_t row_count;
    double mean, squares;
    bool is_whole, is_number;
} labels;

typedef struct csv_look {
    const mote_inspect_request *request;
    mote_csv_parser parser;
    size_t delimiter;
    column *columns;
    size_t column_count, label;
    bool label_is_name, has_header;
    labels labels;
    uint64_t row_count, first_line;
    bool has_missing; // an input, in a row with a label
} csv_look;

/// A name that says so, or what the first lines are like.
static mote_status recognize(const mote_inspect_head *head, bool *is_recognized)
{
    static const char *const ends[] = {".csv", ".tsv", ".csv.gz", ".tsv.gz"};
    *is_recognized = false;
    if (head->count == 0 || memchr(head->bytes, '\0', head->count))
        return MOTE_OK;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0] && !*is_recognized; i++)
        *is_recognized = mote_text_ends(head->path, ends[i]);
    return *is_recognized ? MOTE_OK : mote_inspect_table(head, is_recognized);
}

static bool is_number(const char *text)
{
    double number = 0;
    return mote_number_parse_real(text, strlen(text), &number);
}

static mote_status read_first(csv_look *look)
{
    mote_arena *const arena = look->request->arena;
    const mote_csv_parser *const parser = &look->parser;
    look->column_count = parser->field_count;
    look->first_line = parser->record_line;
    MOTE_TRY(mote_arena_array(arena, look->column_count, sizeof *look->columns,
                              (void **)&look->columns));
    for (size_t i = 0; i < look->column_count; i++) {
        char *copy = NULL;
        MOTE_TRY(mote_arena_text(arena, mote_csv_text(parser, i), parser->fields[i].length, &copy));
        look->columns[i] = (column){.first = copy,
                                    .is_first_missing = mote_csv_is_missing(copy),
                                    .is_first_number = is_number(copy)};
    }
    return MOTE_OK;
}

static const char *first_text(const void *user, size_t index)
{
    return ((const column *)user)[index].first;
}

static mote_status find_label(csv_look *look)
{
    const char *const wanted = look->request->label;
    uint64_t number = 0;
    char hint[256];
    look->label = look->column_count - 1;
    if (!wanted)
        return MOTE_OK;
    for (size_t i = 0; i < look->column_count; i++) {
        if (strcmp(look->columns[i].first, wanted) == 0) {
            look->label = i;
            look->label_is_name = !look->columns[i].is_first_number;
            return MOTE_OK;
        }
    }
    if (mote_number_parse_integer(wanted, strlen(wanted), &number) && number >= 1 &&
        number <= look->column_count) {
        look->label = (size_t)number - 1;
        return MOTE_OK;
    }
    return MOTE_RAISE(
        MOTE_ERROR_ARGUMENT, "'%s' has no column '%.60s'%s", look->request->path, wanted,
        mote_text_expect(wanted, first_text, look->columns, look->column_count, hint, sizeof hint));
}

static mote_status insert_text(csv_look *look, const char *text, size_t place)
{
    labels *const l = &look->labels;
    void *texts = l->texts;
    char *copy = NULL;
    MOTE_TRY(
        mote_arena_grow(look->request->arena, &texts, &l->capacity, l->count, sizeof *l->texts));
    l->texts = texts;
    MOTE_TRY(mote_arena_text(look->request->arena, text, strlen(text), &copy));
    memmove(l->texts + place + 1, l->texts + place, (l->count - place) * sizeof *l->texts);
    l->texts[place] = copy;
    l->count++;
    return MOTE_OK;
}

/// Adds a text that is new, until there is one more than classes may have.
static mote_status add_text(csv_look *look, const char *text)
{
    const labels *const l = &look->labels;
    size_t low = 0;
    size_t high = l->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(l->texts[middle], text);
        if (order == 0)
            return MOTE_OK;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return l->count > CLASSES_MAX ? MOTE_OK : insert_text(look, text, low);
}

static mote_status add_label(csv_look *look, const char *text)
{
    labels *const l = &look->labels;
    double number = 0;
    l->row_count++;
    if (mote_number_parse_real(text, strlen(text), &number)) {
        const double distance = number - l->mean;
        l->mean += distance / (double)l->row_count;
        l->squares += distance * (number - l->mean);
        l->is_whole = l->is_whole && floor(number) == number;
    } else {
        l->is_number = false;
    }
    return add_text(look, text);
}

static void add_field(column *c, const char *text, uint64_t line)
{
    double number = 0;
    const bool is_missing = mote_csv_is_missing(text);
    const bool is_numeric = !is_missing && mote_number_parse_real(text, strlen(text), &number);
    c->has_missing |= is_missing;
    c->has_number |= is_numeric;
    c->has_text |= !is_missing && !is_numeric;
    if (fabs(number) > (double)FLT_MAX)
        c->huge_line = line;
}

static mote_status add_row(csv_look *look)
{
    const mote_csv_parser *const parser = &look->parser;
    if (parser->field_count != look->column_count)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s', line %llu has %zu values, the first line %zu",
                          look->request->path, (unsigned long long)parser->record_line,
                          parser->field_count, look->column_count);
    look->row_count++;
    for (size_t i = 0; i < look->column_count; i++)
        add_field(&look->columns[i], mote_csv_text(parser, i), parser->record_line);
    const char *const label = mote_csv_text(parser, look->label);
    return mote_csv_is_missing(label) ? MOTE_OK : add_label(look, label);
}

/// The first record is a header when a column of numbers begins with a text, or it has no number at all.
static bool has_header(const csv_look *look)
{
    bool has_number = false;
    for (size_t i = 0; i < look->column_count; i++) {
        const column *const c = &look->columns[i];
        if (!c->is_first_number && !c->is_first_missing && c->has_number && !c->has_text)
            return true;
        has_number |= c->is_first_number;
    }
    return look->label_is_name || !has_number;
}

/// The first record is a row, too.
static mote_status add_first(csv_look *look)
{
    const column *const label = &look->columns[look->label];
    look->row_count++;
    for (size_t i = 0; i < look->column_count; i++)
        add_field(&look->columns[i], look->columns[i].first, look->first_line);
    return label->is_first_missing ? MOTE_OK : add_label(look, label->first);
}

static mote_status read_rows(csv_look *look)
{
    bool is_record = false;
    look->labels.is_whole = look->labels.is_number = true;
    MOTE_TRY(mote_csv_next(&look->parser, &is_record));
    if (!is_record)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has no rows of values", look->request->path);
    MOTE_TRY(read_first(look));
    MOTE_TRY(find_label(look));
    MOTE_TRY(mote_csv_next(&look->parser, &is_record));
    while (is_record) {
        MOTE_TRY(add_row(look));
        MOTE_TRY(mote_csv_next(&look->parser, &is_record));
    }
    look->has_header = has_header(look);
    return look->has_header ? MOTE_OK : add_first(look);
}

/// How the keys label and ignore name a column: by its name where that is plain, else by its number.
static mote_status name_column(const csv_look *look, size_t index, bool by_number,
                               const char **name)
{
    const char *const text = look->columns[index].first;
    char *made = NULL;
    if (!by_number && look->has_header && text[0] != '\0' && strlen(text) <= NAME_BYTES_MAX &&
        !strpbrk(text, ",\"\r\n")) {
        MOTE_TRY(mote_arena_text(look->request->arena, text, strlen(text), &made));
    } else {
        MOTE_TRY(mote_arena_format(look->request->arena, &made, "%zu", index + 1));
    }
    *name = made;
    return MOTE_OK;
}

static mote_status check_size(const csv_look *look, size_t index)
{
    const uint64_t line = look->columns[index].huge_line;
    return line == 0 ? MOTE_OK
                     : MOTE_RAISE(MOTE_ERROR_FORMAT,
                                  "'%s', line %llu, column %zu: the number is too large",
                                  look->request->path, (unsigned long long)line, index + 1);
}

static bool is_input(const csv_look *look, size_t index)
{
    const column *const c = &look->columns[index];
    return index != look->label && c->has_number && !c->has_text;
}

/// Names the columns that are neither label nor input.
static mote_status list_ignored(const csv_look *look, bool by_number, mote_data_info *info)
{
    info->ignored = "";
    for (size_t i = 0; i < look->column_count; i++) {
        const char *name = NULL;
        char *list = NULL;
        if (i == look->label || is_input(look, i))
            continue;
        MOTE_TRY(name_column(look, i, by_number, &name));
        MOTE_TRY(mote_arena_format(look->request->arena, &list, "%s%s%s", info->ignored,
                                   info->ignored[0] ? "," : "", name));
        info->ignored = list;
    }
    return MOTE_OK;
}

/// Columns of texts are ignored, the others are inputs.
static mote_status find_inputs(csv_look *look, mote_data_info *info)
{
    for (size_t i = 0; i < look->column_count; i++) {
        if (!is_input(look, i))
            continue;
        MOTE_TRY(check_size(look, i));
        info->input_count++;
        look->has_missing |= look->columns[i].has_missing;
    }
    MOTE_TRY(list_ignored(look, false, info));
    if (strlen(info->ignored) > IGNORED_BYTES_MAX)
        MOTE_TRY(list_ignored(look, true, info));
    if (info->input_count > 0)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "'%s' has no column of numbers beside its label, column '%s'",
                      look->request->path, info->label);
}

static mote_status join_classes(const csv_look *look, mote_data_info *info)
{
    const labels *const l = &look->labels;
    size_t bytes = 1;
    size_t length = 0;
    void *memory = NULL;
    for (size_t i = 0; i < l->count; i++) {
        if (strpbrk(l->texts[i], ",\r\n")) {
            return MOTE_RAISE(
                MOTE_ERROR_UNSUPPORTED,
                "'%s', column '%s': a class may not have a comma or a line end in its "
                "name: '%.60s'",
                look->request->path, info->label, l->texts[i]);
        }
        bytes += strlen(l->texts[i]) + 1;
    }
    MOTE_TRY(mote_arena_allocate(look->request->arena, bytes, &memory));
    char *const names = memory;
    for (size_t i = 0; i < l->count; i++)
        length +=
            (size_t)snprintf(names + length, bytes - length, "%s%s", i > 0 ? "," : "", l->texts[i]);
    info->class_names = names;
    return MOTE_OK;
}

static mote_status raise_classes(const csv_look *look, const mote_data_info *info)
{
    const labels *const l = &look->labels;
    return MOTE_RAISE(MOTE_ERROR_FORMAT,
                      "'%s', column '%s', its label, has texts and too many different ones for "
                      "classes: %s%zu in %llu rows",
                      look->request->path, info->label, l->count > CLASSES_MAX ? "more than " : "",
                      mote_size_min(l->count, CLASSES_MAX), (unsigned long long)l->row_count);
}

/// A number unless it is a text, or one of a few whole numbers.
static mote_status judge_label(const csv_look *look, mote_data_info *info)
{
    const labels *const l = &look->labels;
    info->sample_count = l->row_count;
    if (l->count < 2) {
        return MOTE_RAISE(
            MOTE_ERROR_FORMAT, "'%s', column '%s', its label, has %s; expected at least two values",
            look->request->path, info->label, l->count == 0 ? "no value" : "one value in all rows");
    }
    if (l->is_number && !(l->is_whole && l->count <= NUMBERS_MAX)) {
        MOTE_TRY(check_size(look, look->label));
        info->label_mean = l->mean;
        info->label_deviation = sqrt(l->squares / (double)l->row_count);
        return MOTE_OK;
    }
    if (l->count > CLASSES_MAX || (!l->is_number && l->count > 1 + l->row_count / 2))
        return raise_classes(look, info);
    info->class_count = l->count;
    return l->is_number ? MOTE_OK : join_classes(look, info);
}

static mote_status fill_info(csv_look *look, mote_data_info *info)
{
    info->has_header = look->has_header;
    info->delimiter = mote_csv_delimiter_names[look->delimiter];
    MOTE_TRY(name_column(look, look->label, false, &info->label));
    MOTE_TRY(judge_label(look, info));
    MOTE_TRY(find_inputs(look, info));
    info->has_missing = look->has_missing;
    info->has_missing_labels = look->labels.row_count < look->row_count;
    return MOTE_OK;
}

/// What makes most fields of the first record; a comma unless another makes more.
static mote_status find_delimiter(csv_look *look, const mote_file *file)
{
    size_t most = 0;
    for (size_t i = 0; mote_csv_delimiter_names[i]; i++) {
        mote_stream stream;
        mote_csv_parser parser = {.field_count = 0};
        bool is_record = false;
        MOTE_TRY(mote_stream_open(file, look->request->arena->allocator, &stream));
        mote_status status = mote_csv_start(&parser, look->request->path, &stream,
                                            mote_csv_delimiters[i], look->request->arena);
        if (status == MOTE_OK)
            status = mote_csv_next(&parser, &is_record);
        stream.close(stream.user);
        if (status == MOTE_ERROR_MEMORY || status == MOTE_ERROR_IO)
            return status;
        if (status == MOTE_OK && is_record && parser.field_count > most) {
            most = parser.field_count;
            look->delimiter = i;
        }
    }
    return MOTE_OK;
}

static mote_status read_file(csv_look *look, const mote_file *file)
{
    mote_stream stream;
    MOTE_TRY(find_delimiter(look, file));
    MOTE_TRY(mote_stream_open(file, look->request->arena->allocator, &stream));
    mote_status status = mote_csv_start(&look->parser, look->request->path, &stream,
                                        mote_csv_delimiters[look->delimiter], look->request->arena);
    if (status == MOTE_OK)
        status = read_rows(look);
    stream.close(stream.user);
    return status;
}

static mote_status inspect(const mote_inspect_request *request, mote_data_info *info)
{
    mote_file file;
    csv_look look = {.request = request};
    MOTE_TRY(mote_file_open_read(request->path, &file));
    const mote_status status = read_file(&look, &file);
    mote_file_close(&file);
    if (status != MOTE_OK)
        return status;
    return fill_info(&look, info);
}

const mote_inspector mote_inspect_csv = {
    .kind = MOTE_DATA_CSV, .recognize = recognize, .inspect = inspect};
