// SPDX-License-Identifier: Apache-2.0
// The property tables as documentation: one layer as text, or all tables as Markdown.
#include "api/api.h"

#include "data/data.h"
#include "graph/graph.h"
#include "layer/layer.h"
#include "mote/mote.h"
#include "optim/optim.h"

static void write_rows(const mote_property *table, const mote_writer *writer)
{
    mote_write(writer, "| key | value | default | meaning |\n|---|---|---|---|\n");
    for (const mote_property *row = table; row && row->name; row++) {
        char accepts[256];
        mote_property_accepts(row, accepts, sizeof accepts);
        const char *initial = row->initial ? row->initial : "required";
        mote_write(writer, "| `%s` | ", row->name);
        for (const char *at = accepts; *at; at++) // a bar would end the cell
            mote_write(writer, *at == '|' ? "\\|" : "%c", *at);
        mote_write(writer, " | %s | %s |\n", initial, row->help);
    }
    mote_write(writer, "\n");
}

static void write_table(const char *title, const char *summary, const mote_property *table,
                        const mote_writer *writer)
{
    mote_write(writer, "### %s\n\n%s\n\n", title, summary);
    if (table && table->name)
        write_rows(table, writer);
}

static void write_layers(const mote_context *context, const mote_writer *writer)
{
    mote_write(writer, "## Layers\n\n");
    write_table("Every layer", "Keys that any layer section may have.",
                mote_graph_layer_properties(), writer);
    for (size_t i = 0; i < context->layers->count; i++) {
        const mote_layer *layer = context->layers->layers[i];
        if (!layer->internal)
            write_table(layer->name, layer->summary, layer->properties, writer);
    }
}

static void write_training(const mote_context *context, const mote_writer *writer)
{
    size_t count = 0;
    const mote_schedule_rate *const *rates = mote_schedule_rates(&count);
    mote_write(writer, "## [Optimizer]\n\n");
    write_table("Every optimizer", "Keys beside those of the type.",
                mote_compile_optimizer_properties(), writer);
    for (size_t i = 0; i < context->optimizers->count; i++) {
        const mote_optimizer *optimizer = context->optimizers->optimizers[i];
        write_table(optimizer->name, optimizer->summary, optimizer->properties, writer);
        mote_write(writer, "Default learning rate: %g.\n\n", optimizer->learning_rate);
    }
    mote_write(writer, "## [LearningRateScheduler]\n\n");
    write_table("Every schedule", "Keys beside those of the type.",
                mote_compile_schedule_properties(), writer);
    for (size_t i = 0; i < count; i++)
        write_table(rates[i]->name, rates[i]->summary, rates[i]->properties, writer);
}

static void write_data(const mote_writer *writer)
{
    mote_write(writer, "## [train_set], [valid_set], [test_set]\n\n");
    write_table("Every data section", "Keys that any data section may have.",
                mote_dataset_properties(), writer);
    const mote_property *table = NULL;
    const char *summary = NULL;
    const char *name = mote_dataset_reader(0, &table, &summary);
    for (size_t i = 1; name; i++) {
        write_table(name, summary, table, writer);
        name = mote_dataset_reader(i, &table, &summary);
    }
}

static void write_layer(const mote_layer *layer, const mote_writer *writer)
{
    mote_write(writer, "%s: %s\n", layer->name, layer->summary);
    for (const mote_property *row = layer->properties; row && row->name; row++) {
        char accepts[256];
        mote_property_accepts(row, accepts, sizeof accepts);
        mote_write(writer, "  %-20s %s (%s; default: %s)\n", row->name, row->help, accepts,
                   row->initial ? row->initial : "none, required");
    }
}

mote_status mote_describe(const mote_context *context, const char *name, const mote_writer *writer)
{
    if (!context || !writer)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "mote_describe: an argument is NULL");
    if (!name) {
        mote_write(writer, "## [Model]\n\n");
        write_rows(mote_model_properties(), writer);
        write_layers(context, writer);
        write_training(context, writer);
        write_data(writer);
        return MOTE_OK;
    }
    const mote_layer *layer = mote_layer_find(context->layers, name);
    if (layer && !layer->internal) {
        write_layer(layer, writer);
        return MOTE_OK;
    }
    char hint[512];
    mote_layer_expect(context->layers, name, hint, sizeof hint);
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "there is no layer '%s'%s", name, hint);
}
