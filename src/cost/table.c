// SPDX-License-Identifier: Apache-2.0
// Cost tables as files: sections of numbers.
#include "cost/cost.h"

#include "base/property.h"
#include "model/model.h"
#include "os/os.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FILE_BYTES   8192U
#define VALUE_BYTES  256U
#define RATE_MINIMUM 1e-6
#define RATE_MAXIMUM 1e6
#define NS_MAXIMUM   1e10

#define RATE_ROW(key, place, text)                                                   \
    {                                                                                \
        .name = (key), .kind = MOTE_PROPERTY_REAL, .minimum = RATE_MINIMUM,          \
        .maximum = RATE_MAXIMUM, .offset = (place), .help = text ", in a nanosecond" \
    }

#define NS_ROW(key, place, text)                                                             \
    {                                                                                        \
        .name = (key), .kind = MOTE_PROPERTY_REAL, .maximum = NS_MAXIMUM, .offset = (place), \
        .help = (text)                                                                       \
    }

static const mote_property device_rows[] = {
    {.name = "version",
     .kind = MOTE_PROPERTY_INTEGER,
     .minimum = 1,
     .maximum = 1000000,
     .offset = offsetof(mote_cost_table, version),
     .help = "of the table's form"},
    {.name = "processor",
     .kind = MOTE_PROPERTY_TEXT,
     .offset = offsetof(mote_cost_table, processor),
     .help = "its name"},
    {.name = "cpu",
     .kind = MOTE_PROPERTY_TEXT,
     .offset = offsetof(mote_cost_table, cpu),
     .help = "the level of instructions"},
    {.name = "threads",
     .kind = MOTE_PROPERTY_INTEGER,
     .minimum = 1,
     .maximum = MOTE_THREADS_MAX,
     .offset = offsetof(mote_cost_table, threads),
     .help = "that all_threads are"},
    NS_ROW("operation_ns", offsetof(mote_cost_table, cost.operation_ns),
           "that an operation takes at least"),
    NS_ROW("split_ns", offsetof(mote_cost_table, cost.split_ns),
           "that it takes to share one among the threads"),
    {.name = "cache_bytes",
     .kind = MOTE_PROPERTY_REAL,
     .minimum = 1,
     .maximum = 1e15,
     .offset = offsetof(mote_cost_table, cost.cache_bytes),
     .help = "what was used so many bytes ago comes from memory"},
    {.name = NULL},
};

#define EFFORT_ROW(name, key, text) \
    RATE_ROW(key, offsetof(mote_rates, amounts) + MOTE_EFFORT_##name * sizeof(double), text),

static const mote_property rate_rows[] = {
    MOTE_EFFORT_MAP(EFFORT_ROW)
        RATE_ROW("near_bytes", offsetof(mote_rates, near_bytes), "bytes from a cache"),
    RATE_ROW("far_bytes", offsetof(mote_rates, far_bytes), "bytes from memory"),
    {.name = NULL},
};

static const mote_property swap_rows[] = {
    RATE_ROW("loaded_bytes", offsetof(mote_cost, loaded_bytes), "bytes from the swap file"),
    RATE_ROW("stored_bytes", offsetof(mote_cost, stored_bytes), "bytes to the swap file"),
    NS_ROW("load_ns", offsetof(mote_cost, load_ns), "that loading takes at least"),
    NS_ROW("store_ns", offsetof(mote_cost, store_ns), "that storing takes at least"),
    {.name = "transfer_share",
     .kind = MOTE_PROPERTY_REAL,
     .maximum = MOTE_COST_SHARE_MAXIMUM,
     .offset = offsetof(mote_cost, transfer_share),
     .help = "of a transfer's time, by which what is computed beside it takes longer"},
    {.name = NULL},
};

/// The sections of a file, in its order.
#define SECTION_MAP(X)                                               \
    X("Cost", device_rows, 0)                                        \
    X("one_thread", rate_rows, offsetof(mote_cost_table, cost.one))  \
    X("all_threads", rate_rows, offsetof(mote_cost_table, cost.all)) \
    X("swap", swap_rows, offsetof(mote_cost_table, cost))

static const struct table_section {
    const char *name;
    const mote_property *rows;
    size_t offset;
} table_sections[] = {

#define SECTION_ROW(name, rows, offset) {name, rows, offset},
    SECTION_MAP(SECTION_ROW)
#undef SECTION_ROW
};

#define SECTION_COUNT (sizeof table_sections / sizeof table_sections[0])

static const char *section_name(const void *user, size_t index)
{
    (void)user;
    return table_sections[index].name;
}

static void *section_state(mote_cost_table *table, size_t index)
{
    return (char *)table + table_sections[index].offset;
}

static size_t find_section(const char *name)
{
    size_t index = 0;
    while (index < SECTION_COUNT && !mote_text_equal(table_sections[index].name, name))
        index++;
    return index;
}

static mote_status read_section(const mote_section *section, mote_cost_table *table, bool *is_read)
{
    char place[512];
    char hint[128];
    char owner[64];
    const size_t index = find_section(section->name);
    if (index == SECTION_COUNT) {
        return MOTE_RAISE(
            MOTE_ERROR_PROPERTY, "%sa cost table has no section '%.100s'%s",
            mote_origin_text(&section->origin, place, sizeof place), section->name,
            mote_text_expect(section->name, section_name, NULL, SECTION_COUNT, hint, sizeof hint));
    }
    is_read[index] = true;
    (void)snprintf(owner, sizeof owner, "[%s]", table_sections[index].name);
    const mote_property_target target = {.table = table_sections[index].rows,
                                         .state = section_state(table, index)};
    return mote_property_read(&target, 1, owner, &section->origin, section->entries,
                              section->entry_count);
}

/// What the tables of rows cannot say.
static mote_status check_table(const char *path, const mote_cost_table *table, const bool *is_read)
{
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (!is_read[i])
            return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s: no cost table: there is no section [%s]",
                              path, table_sections[i].name);
    }
    if (table->version != MOTE_COST_VERSION)
        return MOTE_RAISE(MOTE_ERROR_FORMAT,
                          "%s: version %llu of cost tables is not known, version %u is", path,
                          (unsigned long long)table->version, MOTE_COST_VERSION);
    return MOTE_OK;
}

mote_status mote_cost_read(const char *path, mote_arena *arena, mote_cost_table *table)
{
    mote_section *sections = NULL;
    size_t count = 0;
    bool is_read[SECTION_COUNT] = {false};
    mote_cost_table result = {.version = 0};
    char *file = NULL;
    MOTE_TRY(mote_arena_text(arena, path, strlen(path), &file));
    MOTE_TRY(mote_sections_read(file, arena, &sections, &count));
    for (size_t i = 0; i < count; i++)
        MOTE_TRY(read_section(&sections[i], &result, is_read));
    MOTE_TRY(check_table(file, &result, is_read));
    *table = result;
    return MOTE_OK;
}

/// Text that is written into a buffer; all of it fits.
typedef struct table_text {
    char text[FILE_BYTES];
    size_t length;
} table_text;

static void add_text(table_text *to, const char *format, ...) MOTE_PRINTF(2, 3);

static void add_text(table_text *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(to->text + to->length, FILE_BYTES - to->length, format, arguments);
    va_end(arguments);
    assert(length >= 0 && to->length + (size_t)length < FILE_BYTES);
    to->length += (size_t)length;
}

static void add_section(table_text *to, const mote_cost_table *table, size_t index)
{
    char value[VALUE_BYTES];
    mote_cost_table copy = *table;
    add_text(to, "%s[%s]\n", index > 0 ? "\n" : "", table_sections[index].name);
    for (const mote_property *row = table_sections[index].rows; row->name; row++) {
        const void *state = section_state(&copy, index);
        const char *quote = row->kind == MOTE_PROPERTY_TEXT ? "\"" : "";
        (void)mote_property_get(row, state, value, sizeof value);
        add_text(to, "%s = %s%s%s\n", row->name, quote, value, quote);
    }
}

mote_status mote_cost_write(const mote_cost_table *table, const char *path,
                            const mote_allocator *allocator)
{
    table_text to = {.length = 0};
    for (size_t i = 0; i < SECTION_COUNT; i++)
        add_section(&to, table, i);
    return mote_file_replace(path, to.text, to.length, allocator);
}

mote_status mote_cost_file_name(mote_cpu_level level, size_t thread_count, mote_arena *arena,
                                const char **name)
{
    char *text = NULL;
    MOTE_TRY(mote_arena_format(arena, &text, "mote-cost-%s-%zu.ini", mote_cpu_level_name(level),
                               thread_count));
    *name = text;
    return MOTE_OK;
}
