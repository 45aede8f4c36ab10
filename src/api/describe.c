// SPDX-License-Identifier: Apache-2.0
// The property tables as documentation: the components of a name as text, or all tables as Markdown.
#include "api/api.h"

#include "base/size.h"
#include "mote/mote.h"

#include <math.h>
#include <string.h>

enum {
    TEXT_COLUMNS = 80,
    TEXT_INDENT = 23
};

static void write_rows(const mote_property *table, const mote_writer *writer)
{
    mote_write(writer, "| key | value | default | meaning |\n|---|---|---|---|\n");
    for (const mote_property *row = table; row->name; row++) {
        mote_property_info info;
        mote_property_describe(row, &info);
        mote_write(writer, "| `%s` | ", info.name);
        for (const char *at = info.accepts; *at; at++) // a bar would end the cell
            mote_write(writer, *at == '|' ? "\\|" : "%c", *at);
        mote_write(writer, " | %s | %s |\n", info.initial ? info.initial : "required", info.help);
    }
    mote_write(writer, "\n");
}

static void write_markdown(const mote_component *component, const mote_writer *writer)
{
    const bool is_section = component->kind == MOTE_COMPONENT_SECTION;
    const char *title = is_section ? component->title : component->name;
    if (component->chapter)
        mote_write(writer, "## %s\n\n", component->chapter);
    if (title)
        mote_write(writer, "### %s\n\n%s\n\n", title, component->summary);
    if (component->properties && component->properties->name)
        write_rows(component->properties, writer);
    if (!isnan(component->learning_rate))
        mote_write(writer, "Default learning rate: %g.\n\n", component->learning_rate);
}

/// Writes words in lines, from column `column` on; the following lines are indented. Gives the column behind them.
static size_t write_wrapped(const char *text, size_t column, const mote_writer *writer)
{
    const char *gap = column > TEXT_INDENT ? " " : "";
    for (const char *word = text; *word;) {
        const size_t length = strcspn(word, " ");
        if (*gap && column + 1 + length > TEXT_COLUMNS) {
            mote_write(writer, "\n%*s", TEXT_INDENT, "");
            column = TEXT_INDENT;
            gap = "";
        }
        mote_write(writer, "%s%.*s", gap, (int)length, word);
        column += strlen(gap) + length;
        gap = " ";
        word += length + strspn(word + length, " ");
    }
    return column;
}

static void write_property(const mote_property *row, const mote_writer *writer)
{
    mote_property_info info;
    mote_property_describe(row, &info);
    mote_write(writer, "  %-*s ", TEXT_INDENT - 3, info.name);
    write_wrapped(info.help, mote_size_max(TEXT_INDENT, strlen(info.name) + 3), writer);
    mote_write(writer, "\n%*s", TEXT_INDENT, "");
    size_t column = write_wrapped(info.accepts, TEXT_INDENT, writer);
    const bool has_default = info.initial && info.initial[0];
    if (has_default || !info.initial) {
        mote_write(writer, ";");
        column = write_wrapped(has_default ? "default:" : "required", column + 1, writer);
    }
    if (has_default)
        write_wrapped(info.initial, column, writer);
    mote_write(writer, "\n");
}

static void write_text(const mote_component *component, const mote_writer *writer)
{
    mote_write(writer, "%s (%s): %s\n", component->name, mote_component_kind_name(component->kind),
               component->summary);
    if (!isnan(component->learning_rate))
        mote_write(writer, "  default learning rate: %g\n", component->learning_rate);
    for (const mote_property *row = component->properties; row && row->name; row++)
        write_property(row, writer);
}

static const char *component_name(const void *user, size_t index)
{
    mote_component component;
    return mote_component_find((const mote_context *)user, index, &component) ? component.name : "";
}

static mote_status raise_unknown(const mote_context *context, const char *name)
{
    char hint[896];
    mote_text_expect(name, component_name, context, mote_component_count(context), hint,
                     sizeof hint);
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "nothing in a model file is called '%.100s'%s", name,
                      hint);
}

mote_status mote_describe(const mote_context *context, const char *name, const mote_writer *writer)
{
    bool is_found = !name;
    mote_component component;
    MOTE_TRY(mote_argument_require(context, "mote_describe"));
    MOTE_TRY(mote_argument_require(writer, "mote_describe"));
    for (size_t i = 0; mote_component_find(context, i, &component); i++) {
        if (!name) {
            write_markdown(&component, writer);
        } else if (mote_text_equal(component.name, name)) {
            mote_write(writer, "%s", is_found ? "\n" : "");
            write_text(&component, writer);
            is_found = true;
        }
    }
    return is_found ? MOTE_OK : raise_unknown(context, name);
}
