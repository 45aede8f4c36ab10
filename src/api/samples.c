// SPDX-License-Identifier: Apache-2.0
// Files of samples for inference: a data section of the model with another path, without labels.
#include "api/api.h"

#include "data/data.h"
#include "mote/mote.h"

#include <string.h>

struct mote_samples {
    const mote_allocator *allocator;
    mote_dataset *dataset;
    const mote_graph *graph; // of the model
};

/// Keys that say what is done with the samples of a section, but for these two, do not count for another file.
static bool counts(const char *key)
{
    return mote_text_equal(key, "type") || mote_text_equal(key, "class_names") ||
           !mote_property_find(mote_dataset_properties(), key);
}

/// The section's entries with `path` in the place of its own.
static mote_status replace_path(const mote_model *model, const mote_section *section,
                                const char *path, mote_arena *arena, mote_dataset_config *config)
{
    mote_entry *entries = NULL;
    bool has_path = false;
    MOTE_TRY(mote_arena_array(arena, section->entry_count, sizeof *entries, (void **)&entries));
    for (size_t i = 0; i < section->entry_count; i++) {
        mote_entry entry = section->entries[i];
        if (!counts(entry.key))
            continue;
        if (mote_text_equal(entry.key, "path")) {
            entry.value = path;
            entry.origin = (mote_origin){.file = NULL};
            has_path = true;
        }
        entries[config->entry_count++] = entry;
    }
    config->entries = entries;
    if (!has_path)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "%s: [%s] has no path, so its kind of data is not read from a file",
                          model->description.path, section->name);
    return MOTE_OK;
}

static mote_status find_section(const mote_model *model, const mote_section **section)
{
    for (size_t i = 0; i < MOTE_SET_COUNT; i++) {
        *section = mote_model_get_set(model, i);
        if (*section)
            return MOTE_OK;
    }
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                      "%s: without a data section it is not known how samples are read",
                      model->description.path);
}

static mote_status describe_inputs(const mote_graph *graph, mote_arena *arena,
                                   mote_dataset_ports *ports)
{
    mote_dataset_port *items = NULL;
    MOTE_TRY(mote_arena_array(arena, graph->input_count, sizeof *items, (void **)&items));
    for (size_t i = 0; i < graph->input_count; i++) {
        const mote_value *value = &graph->values[graph->ports[i]];
        items[i] = (mote_dataset_port){.name = value->name,
                                       .spec = value->spec,
                                       .index_first = value->range.first,
                                       .index_last = value->range.last};
    }
    ports->items = items;
    ports->input_count = graph->input_count;
    return MOTE_OK;
}

static mote_status open_with(mote_model *model, const char *path, mote_arena *arena,
                             mote_samples *samples)
{
    const mote_graph *graph = &model->compilation.compiled->graphs[1];
    const mote_section *section = NULL;
    MOTE_TRY(find_section(model, &section));
    const mote_shape *output = &graph->values[graph->outputs[0]].spec.shape;
    mote_dataset_config config = {
        .owner = path,
        .origin = section->origin,
        .folder = ".",
        .ports = {.class_count = output->dims[output->rank - 1]},
        .known = model->run.knowledge,
        .allocator = samples->allocator,
    };
    MOTE_TRY(describe_inputs(graph, arena, &config.ports));
    MOTE_TRY(replace_path(model, section, path, arena, &config));
    samples->graph = graph;
    return mote_dataset_open(&config, &samples->dataset);
}

mote_status mote_samples_open(mote_model *model, const char *path, mote_samples **samples)
{
    MOTE_TRY(mote_model_require(model, MOTE_MODE_INFER));
    MOTE_TRY(mote_argument_require(path, "mote_samples_open"));
    MOTE_TRY(mote_argument_require(samples, "mote_samples_open"));
    MOTE_TRY(mote_model_allocate(model));
    const mote_allocator *allocator = &model->context->allocator;
    mote_samples *made =
        (mote_samples *)allocator->reallocate(allocator->user, NULL, 0, sizeof *made);
    if (!made)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "no memory for a file of samples");
    *made = (mote_samples){.allocator = allocator};
    mote_arena arena;
    mote_arena_init(&arena, allocator);
    const mote_status status = open_with(model, path, &arena, made);
    mote_arena_release(&arena);
    if (status == MOTE_OK)
        *samples = made;
    else
        mote_samples_close(&made);
    return status;
}

void mote_samples_close(mote_samples **samples)
{
    if (!samples || !*samples)
        return;
    const mote_allocator *allocator = (*samples)->allocator;
    mote_dataset_close(&(*samples)->dataset);
    (void)allocator->reallocate(allocator->user, *samples, sizeof **samples, 0);
    *samples = NULL;
}

uint64_t mote_samples_count(const mote_samples *samples)
{
    return samples ? mote_dataset_sample_count(samples->dataset) : 0;
}

static mote_status check_range(const mote_samples *samples, uint64_t first, size_t count)
{
    const uint64_t all = mote_samples_count(samples);
    if (first <= all && count <= all - first)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "samples %llu to %llu: the file has %llu",
                      (unsigned long long)first, (unsigned long long)(first + count),
                      (unsigned long long)all);
}

static mote_status read_input(const mote_samples *samples, size_t index, size_t count, void *values)
{
    const mote_tensor_spec *spec = &samples->graph->values[samples->graph->ports[index]].spec;
    const mote_source *source = mote_dataset_source(samples->dataset);
    const mote_source_piece piece = {.port = index,
                                     .spec = spec,
                                     .sample_count = count,
                                     .element_count = mote_shape_elements(&spec->shape)};
    return source->read(source->user, &piece, values);
}

mote_status mote_samples_read_all(mote_samples *samples, uint64_t first, size_t count,
                                  void *const *inputs, size_t input_count)
{
    MOTE_TRY(mote_argument_require(samples, "mote_samples_read_all"));
    MOTE_TRY(mote_argument_require(inputs, "mote_samples_read_all"));
    if (input_count != samples->graph->input_count)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "mote_samples_read_all: %zu inputs, the network has %zu", input_count,
                          samples->graph->input_count);
    for (size_t i = 0; i < input_count; i++)
        MOTE_TRY(mote_argument_require(inputs[i], "mote_samples_read_all"));
    MOTE_TRY(check_range(samples, first, count));
    mote_dataset_select(samples->dataset, NULL, first, count);
    for (size_t i = 0; i < input_count; i++)
        MOTE_TRY(read_input(samples, i, count, inputs[i]));
    return MOTE_OK;
}

mote_status mote_samples_read(mote_samples *samples, uint64_t first, size_t count, float *inputs)
{
    MOTE_TRY(mote_argument_require(samples, "mote_samples_read"));
    MOTE_TRY(mote_argument_require(inputs, "mote_samples_read"));
    const mote_graph *graph = samples->graph;
    if (graph->input_count != 1 || graph->values[graph->ports[0]].spec.dtype != MOTE_DTYPE_REAL) {
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "mote_samples_read takes one input of float; this network has %zu or one "
                          "of integers: use mote_samples_read_all",
                          graph->input_count);
    }
    void *const all[] = {inputs};
    return mote_samples_read_all(samples, first, count, all, 1);
}
