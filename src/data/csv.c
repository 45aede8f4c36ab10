// SPDX-License-Identifier: Apache-2.0
// The reader `csv`: files of separated values, plain or gzip. They are parsed once, into a temporary file of
// 64-bit numbers as they were written; filling, standardizing and the classes' order come when records are read,
// because they are known only when the set is.
#include "data/csv.h"

#include "base/number.h"
#include "base/size.h"
#include "data/dataset_keys.h"
#include "data/index.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#define CHUNK        256U
#define COLUMN_BYTES 128U

const char *const mote_csv_delimiter_names[] = {"comma", "semicolon", "tab", "bar", NULL};
const char mote_csv_delimiters[] = {',', ';', '\t', '|'};
static const char *const missing_names[] = {"refuse", "drop", "mean", "constant", NULL};

static const mote_property properties[] = {
    {.name = "path",
     .kind = MOTE_PROPERTY_TEXT,
     .offset = offsetof(mote_csv_state, path),
     .help = "file of separated values (RFC 4180), plain or gzip"},
    {.name = "label",
     .kind = MOTE_PROPERTY_TEXT,
     .initial = "",
     .offset = offsetof(mote_csv_state, label),
     .help = "label column(s): names or numbers from 1, a,b; default: the last"},
    {.name = "columns",
     .kind = MOTE_PROPERTY_TEXT,
     .initial = "",
     .offset = offsetof(mote_csv_state, columns),
     .help = "input columns in the order of the inputs; default: all others"},
    {.name = "ignore",
     .kind = MOTE_PROPERTY_TEXT,
     .initial = "",
     .offset = offsetof(mote_csv_state, ignore),
     .help = "columns that are no input although columns is not given"},
    {.name = "header",
     .kind = MOTE_PROPERTY_BOOL,
     .initial = "true",
     .offset = offsetof(mote_csv_state, header),
     .help = "the first record names the columns"},
    {.name = "delimiter",
     .kind = MOTE_PROPERTY_CHOICE,
     .initial = "comma",
     .choices = mote_csv_delimiter_names,
     .offset = offsetof(mote_csv_state, delimiter),
     .help = "what stands between values"},
    {.name = "missing",
     .kind = MOTE_PROPERTY_CHOICE,
     .initial = "refuse",
     .choices = missing_names,
     .offset = offsetof(mote_csv_state, missing),
     .help =
         "an input that is empty, ?, NA, NaN or null: refuse the file, drop the row, or take the "
         "column's mean in the training set or missing_value; labels can only be dropped"},
    {.name = "missing_value",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "0",
     .offset = offsetof(mote_csv_state, missing_value),
     .help = "the value of missing = constant"},
    {.name = "standardize",
     .kind = MOTE_PROPERTY_BOOL,
     .initial = "false",
     .offset = offsetof(mote_csv_state, standardize),
     .help = "real inputs: minus the column's mean, divided by its deviation in the training set, "
             "which are saved with the weights"},
    {.name = NULL},
};

bool mote_csv_is_missing(const char *text)
{
    static const char *const marks[] = {"", "?", "NA", "N/A", "NaN", "null"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (mote_text_equal(text, marks[i]))
            return true;
    }
    return false;
}

static mote_status raise_field(const mote_csv_state *s, const mote_csv_parser *parser,
                               size_t column, const char *problem)
{
    char name[COLUMN_BYTES];
    return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s', line %llu, %s: '%.60s' %s", s->file_path,
                      (unsigned long long)parser->record_line,
                      mote_csv_column_text(s, column, name, sizeof name),
                      mote_csv_text(parser, column), problem);
}

static const mote_csv_port *port_of(const mote_csv_state *s, size_t slot)
{
    size_t i = 0;
    while (slot - s->ports[i].first >= s->ports[i].count)
        i++;
    return &s->ports[i];
}

static mote_status parse_number(const mote_csv_state *s, const mote_csv_parser *parser,
                                size_t column, const mote_csv_port *port, double *value)
{
    char range[MOTE_INDEX_RANGE_BYTES];
    char problem[MOTE_INDEX_RANGE_BYTES + 8];
    const char *const text = mote_csv_text(parser, column);
    double number = 0;
    if (!mote_number_parse_real(text, parser->fields[column].length, &number))
        return raise_field(s, parser, column, "is not a number");
    if (fabs(number) > (double)FLT_MAX)
        return raise_field(s, parser, column, "is too large");
    if (port->port.spec.dtype == MOTE_DTYPE_I32 && !mote_index_fits(&port->port, number)) {
        (void)snprintf(problem, sizeof problem, "is not %s",
                       mote_index_range_text(&port->port, range, sizeof range));
        return raise_field(s, parser, column, problem);
    }
    *value = number;
    return MOTE_OK;
}

/// A row that is being parsed.
typedef struct row {
    mote_csv_state *state;
    const mote_csv_parser *parser;
    mote_arena *arena; // of the data set
    double *values;
    bool is_dropped;
} row;

static mote_status parse_missing(row *r, size_t column, size_t slot)
{
    const mote_csv_state *const s = r->state;
    r->values[slot] = (double)NAN;
    r->is_dropped |= s->missing == MOTE_CSV_MISSING_DROP;
    if (s->missing == MOTE_CSV_MISSING_REFUSE)
        return raise_field(s, r->parser, column,
                           "is a missing value; the key missing says what to do with it");
    if (slot >= s->feature_count && !r->is_dropped)
        return raise_field(s, r->parser, column,
                           "is a missing label; only missing = drop allows it");
    if (port_of(s, slot)->port.spec.dtype == MOTE_DTYPE_I32 && !r->is_dropped)
        return raise_field(s, r->parser, column,
                           "is a missing index; only missing = drop allows it");
    return MOTE_OK;
}

static mote_status parse_field(row *r, size_t column)
{
    mote_csv_state *const s = r->state;
    const size_t slot = s->slots[column];
    if (slot == MOTE_CSV_NO_SLOT || r->is_dropped)
        return MOTE_OK;
    if (mote_csv_is_missing(mote_csv_text(r->parser, column)))
        return parse_missing(r, column, slot);
    const mote_csv_port *const port = port_of(s, slot);
    if (port->is_class)
        return mote_csv_class(s, r->parser, column, r->arena, &r->values[slot]);
    return parse_number(s, r->parser, column, port, &r->values[slot]);
}

static mote_status parse_row(mote_csv_state *s, const mote_csv_parser *parser, mote_arena *arena)
{
    void *values = NULL;
    if (parser->field_count != s->column_count)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s', line %llu has %zu values, the first line %zu",
                          s->file_path, (unsigned long long)parser->record_line,
                          parser->field_count, s->column_count);
    MOTE_TRY(mote_record_cache_append(&s->cache, &values));
    row r = {.state = s, .parser = parser, .arena = arena, .values = values};
    for (size_t i = 0; i < s->column_count; i++)
        MOTE_TRY(parse_field(&r, i));
    if (r.is_dropped)
        mote_record_cache_drop(&s->cache);
    return MOTE_OK;
}

/// All rows into the cache.
static mote_status parse_rows(mote_csv_state *s, mote_csv_parser *parser, mote_arena *arena)
{
    bool is_record = false;
    MOTE_TRY(mote_csv_next(parser, &is_record));
    if (is_record)
        MOTE_TRY(mote_csv_place(s, parser, arena));
    if (is_record && s->header)
        MOTE_TRY(mote_csv_next(parser, &is_record));
    while (is_record) {
        MOTE_TRY(parse_row(s, parser, arena));
        MOTE_TRY(mote_csv_next(parser, &is_record));
    }
    MOTE_TRY(mote_record_cache_finish(&s->cache));
    if (s->cache.record_count == 0)
        return MOTE_RAISE(MOTE_ERROR_FORMAT, "'%s' has no rows of values", s->file_path);
    return MOTE_OK;
}

static mote_status parse_stream(mote_csv_state *s, const mote_stream *stream, mote_arena *arena,
                                mote_arena *scratch)
{
    const mote_record_field field = {.dtype = MOTE_DTYPE_F64, .elements = s->slot_count};
    mote_csv_parser parser;
    MOTE_TRY(mote_record_cache_open(&field, 1, s->file_path, arena, scratch, &s->cache));
    MOTE_TRY(
        mote_csv_start(&parser, s->file_path, stream, mote_csv_delimiters[s->delimiter], scratch));
    return parse_rows(s, &parser, arena);
}

static mote_status parse_file(mote_csv_state *s, const mote_file *file,
                              const mote_allocator *allocator, mote_arena *arena)
{
    mote_stream stream;
    mote_arena scratch;
    MOTE_TRY(mote_stream_open(file, allocator, &stream));
    mote_arena_init(&scratch, allocator);
    const mote_status status = parse_stream(s, &stream, arena, &scratch);
    mote_arena_release(&scratch);
    stream.close(stream.user);
    return status;
}

static void close_csv(void *state)
{
    mote_record_cache_close(&((mote_csv_state *)state)->cache);
}

static mote_status read_path(mote_csv_state *s, const mote_dataset_config *config,
                             mote_arena *arena)
{
    mote_file file;
    MOTE_TRY(mote_reader_path(config, s->path, arena, &s->file_path));
    MOTE_TRY(mote_csv_plan(s, config, arena));
    MOTE_TRY(mote_file_open_read(s->file_path, &file));
    const mote_status status = parse_file(s, &file, config->allocator, arena);
    mote_file_close(&file);
    if (status != MOTE_OK)
        close_csv(s);
    return status;
}

static mote_status open_csv(void *state, const mote_dataset_config *config, mote_arena *arena,
                            uint64_t *sample_count)
{
    mote_csv_state *const s = state;
    s->cache.file.descriptor = -1;
    if (s->missing != MOTE_CSV_MISSING_CONSTANT && s->missing_value != 0)
        return mote_dataset_keys_raise(config, "missing_value", " needs missing = constant");
    s->bad_key = "path";
    const mote_status status = read_path(s, config, arena);
    if (status != MOTE_OK)
        return mote_reader_blame(status, config, s->bad_key);
    *sample_count = s->cache.record_count;
    return MOTE_OK;
}

static double prepare(const mote_csv_state *s, size_t feature, double value)
{
    const mote_csv_feature *const f = &s->features[feature];
    if (isnan(value))
        value = s->missing == MOTE_CSV_MISSING_MEAN ? f->mean : s->missing_value;
    return s->standardize ? (value - f->mean) / f->deviation : value;
}

static void write_reals(const mote_csv_state *s, size_t slot, const double *values, size_t count,
                        mote_real *destination)
{
    for (size_t i = 0; i < count; i++) {
        const bool is_feature = slot + i < s->feature_count;
        destination[i] = (mote_real)(is_feature ? prepare(s, slot + i, values[i]) : values[i]);
    }
}

static void write_indices(const mote_csv_state *s, bool is_class, const double *values,
                          size_t count, int32_t *destination)
{
    for (size_t i = 0; i < count; i++)
        destination[i] = (int32_t)(is_class ? s->classes.indices[(size_t)values[i]] : values[i]);
}

static mote_status read_numbers(const mote_csv_state *s, const mote_reader_range *range,
                                uint64_t record, void *destination)
{
    double values[CHUNK];
    const mote_csv_port *const port = &s->ports[range->port];
    for (size_t first = 0; first < range->element_count; first += CHUNK) {
        const size_t slot = port->first + range->first_element + first;
        const size_t count = mote_size_min(CHUNK, range->element_count - first);
        const mote_record_range part = {.first_record = record,
                                        .record_count = 1,
                                        .first_element = slot,
                                        .element_count = count};
        MOTE_TRY(mote_record_cache_read(&s->cache, &part, values));
        if (range->spec->dtype == MOTE_DTYPE_I32)
            write_indices(s, port->is_class, values, count, (int32_t *)destination + first);
        else
            write_reals(s, slot, values, count, (mote_real *)destination + first);
    }
    return MOTE_OK;
}

static mote_status read_one_hot(const mote_csv_state *s, const mote_reader_range *range,
                                uint64_t record, mote_real *destination)
{
    double class = 0;
    const mote_record_range slot = {.first_record = record,
                                    .record_count = 1,
                                    .first_element = s->ports[range->port].first,
                                    .element_count = 1};
    MOTE_TRY(mote_record_cache_read(&s->cache, &slot, &class));
    const size_t index = (size_t)s->classes.indices[(size_t) class];
    for (size_t i = 0; i < range->element_count; i++)
        destination[i] = range->first_element + i == index ? MOTE_REAL(1.0) : MOTE_REAL(0.0);
    return MOTE_OK;
}

static mote_status read_range(const void *state, const mote_reader_range *range, void *destination)
{
    const mote_csv_state *const s = state;
    const bool is_real = range->spec->dtype != MOTE_DTYPE_I32;
    const bool is_one_hot = is_real && s->ports[range->port].is_class;
    size_t row_bytes = 0;
    MOTE_TRY(mote_dtype_bytes(range->spec->dtype, range->element_count, &row_bytes));
    for (size_t i = 0; i < range->record_count; i++) {
        void *const to = (unsigned char *)destination + i * row_bytes;
        const uint64_t record = range->first_record + i;
        MOTE_TRY(is_one_hot ? read_one_hot(s, range, record, to)
                            : read_numbers(s, range, record, to));
    }
    return MOTE_OK;
}

const mote_reader mote_reader_csv = {
    .name = "csv",
    .summary = "rows of separated values: numbers, and classes by name or index",
    .properties = properties,
    .state_bytes = sizeof(mote_csv_state),
    .open = open_csv,
    .learn = mote_csv_learn,
    .close = close_csv,
    .read = read_range,
};
