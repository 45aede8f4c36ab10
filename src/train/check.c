// SPDX-License-Identifier: Apache-2.0
// What training would find out when it begins, without training: every sample read once, files that can be
// written.
#include "train/train.h"

#include "base/real.h"
#include "base/size.h"
#include "os/os.h"
#include "train/checkpoint.h"

#include <string.h>

#define CHUNK_BYTES 65536U

/// A data set being read through, some samples at a time.
typedef struct data_check {
    const char *owner;
    mote_dataset *dataset;
    const mote_graph *graph;
    mote_arena arena;
    void *values;  // of the samples at hand, one port
    bool *is_seen; // by class; NULL where labels are no classes
    mote_data_report report;
} data_check;

static const mote_tensor_spec *port_spec(const data_check *c, size_t port)
{
    return &c->graph->values[c->graph->ports[port]].spec;
}

static bool holds_class(const data_check *c, size_t port)
{
    const mote_tensor_spec *spec = port_spec(c, port);
    return port >= c->graph->input_count && spec->dtype == MOTE_DTYPE_I32 &&
           mote_shape_elements(&spec->shape) == 1;
}

static void note_classes(data_check *c, size_t count)
{
    const int32_t *labels = (const int32_t *)c->values;
    for (size_t i = 0; i < count; i++) {
        const size_t label = (size_t)labels[i]; // the reader has refused those out of range
        c->report.classes_seen += !c->is_seen[label];
        c->is_seen[label] = true;
    }
}

static mote_status check_samples(data_check *c, size_t port, uint64_t first, size_t count)
{
    const mote_tensor_spec *spec = port_spec(c, port);
    const size_t elements = mote_shape_elements(&spec->shape);
    const mote_source *source = mote_dataset_source(c->dataset);
    const mote_source_piece piece = {
        .port = port, .spec = spec, .sample_count = count, .element_count = elements};
    mote_dataset_select(c->dataset, NULL, first, count);
    MOTE_TRY(source->read(source->user, &piece, c->values));
    if (c->is_seen && holds_class(c, port))
        note_classes(c, count);
    for (size_t i = 0; i < count && spec->dtype == MOTE_DTYPE_REAL; i++) {
        const mote_real *sample = (const mote_real *)c->values + i * elements;
        if (!mote_reals_are_finite(sample, elements))
            return MOTE_RAISE(MOTE_ERROR_NONFINITE, "%s: sample %llu: its %s is not finite",
                              c->owner, (unsigned long long)(first + i),
                              port < c->graph->input_count ? "input" : "label");
    }
    return MOTE_OK;
}

static mote_status check_port(data_check *c, size_t port)
{
    const uint64_t samples = c->report.samples;
    size_t sample_bytes = 0;
    MOTE_TRY(mote_tensor_spec_bytes(port_spec(c, port), 1, &sample_bytes));
    const size_t chunk = mote_size_max(1, CHUNK_BYTES / sample_bytes);
    const mote_arena_mark mark = mote_arena_get_mark(&c->arena);
    MOTE_TRY(mote_arena_array(&c->arena, chunk, sample_bytes, &c->values));
    for (uint64_t first = 0; first < samples; first += chunk) {
        const uint64_t left = samples - first;
        MOTE_TRY(check_samples(c, port, first, left < chunk ? (size_t)left : chunk));
    }
    mote_arena_release_to(&c->arena, mark);
    return MOTE_OK;
}

static mote_status check_dataset(data_check *c)
{
    const mote_graph *graph = c->graph;
    const mote_shape *prediction = &graph->values[graph->outputs[0]].spec.shape;
    c->report.samples = mote_dataset_sample_count(c->dataset);
    if (graph->port_count == graph->input_count + 1 && holds_class(c, graph->input_count)) {
        c->report.class_count = prediction->dims[prediction->rank - 1];
        MOTE_TRY(mote_arena_array(&c->arena, c->report.class_count, sizeof *c->is_seen,
                                  (void **)&c->is_seen));
    }
    for (size_t port = 0; port < graph->port_count; port++)
        MOTE_TRY(check_port(c, port));
    return MOTE_OK;
}

/// Other data must be prepared as those of training are, or as the weights say.
static mote_status check_preparation(mote_run *run, const mote_section *section,
                                     const data_check *c)
{
    if (section == run->description->train_set)
        return mote_run_note_data(run, c->dataset);
    if (section == run->description->valid_set && run->scale_known)
        return mote_run_check_scales(run, run->image_scale, mote_dataset_scale(c->dataset));
    return mote_run_check_scale(run, c->dataset, c->owner);
}

mote_status mote_run_check_data(mote_run *run, const mote_section *section, const char *owner,
                                mote_data_report *report)
{
    data_check c = {.owner = owner, .graph = mote_compiled_graph(run->compiled)};
    *report = (mote_data_report){.samples = 0};
    const mote_run_set set = {.section = section,
                              .owner = owner,
                              .is_training = section == run->description->train_set,
                              .known = run->knowledge,
                              .lacks_training = &report->lacks_training};
    MOTE_TRY(mote_run_open(run, &set, &c.dataset));
    mote_arena_init(&c.arena, &run->context->allocator);
    mote_status status = check_preparation(run, section, &c);
    if (status == MOTE_OK)
        status = check_dataset(&c);
    mote_arena_release(&c.arena);
    mote_dataset_close(&c.dataset);
    if (status == MOTE_OK)
        *report = c.report;
    return status;
}

mote_status mote_run_check_scales(const mote_run *run, double training, double validation)
{
    if (training == validation)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                      "%s: [valid_set]: scale is %.9g, that of [train_set] is %.9g; they must be "
                      "equal",
                      run->description->path, validation, training);
}

mote_status mote_run_check_validation(const mote_run *run, bool has_validation)
{
    const mote_model_settings *settings = &run->description->settings;
    const bool stops = settings->patience > 0;
    if (has_validation || (!stops && !settings->save_best_path[0]))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                      "%s: [Model]: %s needs validation: a [valid_set], or validation_split in "
                      "[train_set]",
                      run->description->path, stops ? "patience" : "save_best_path");
}

/// Files that do not exist yet can have one name in several spellings; the temporary files tell. Only that of
/// `path` is open, since opening one file twice waits for ever.
static mote_status check_other(const mote_file_replacement *opened, const char *path,
                               const char *other)
{
    mote_file_replacement second;
    MOTE_TRY(mote_file_replacement_init(&second, other, opened->allocator));
    const bool is_same = mote_path_same(opened->temporary, second.temporary);
    mote_file_replacement_release(&second);
    if (!is_same)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                      "[Model]: save_path and save_best_path name the same file (%s)", path);
}

mote_status mote_run_check_saving(mote_run *run, const char *path, const char *other)
{
    mote_file_replacement replacement;
    MOTE_TRY(mote_run_check_save_path(run, path));
    MOTE_TRY(mote_file_replacement_init(&replacement, path, &run->context->allocator));
    mote_status status = mote_file_replacement_begin(&replacement);
    if (status == MOTE_OK && other)
        status = check_other(&replacement, path, other);
    mote_file_replacement_release(&replacement);
    return status;
}

mote_status mote_run_check_checkpoints(mote_run *run, const char **path)
{
    MOTE_TRY(mote_run_find_checkpoints(run->description, &run->arena, path));
    MOTE_TRY(mote_checkpoints_check_path(run, *path));
    if (run->save_path)
        MOTE_TRY(mote_checkpoints_check_apart(*path, "save_path", run->save_path));
    if (run->best_path)
        MOTE_TRY(mote_checkpoints_check_apart(*path, "save_best_path", run->best_path));
    return mote_run_check_saving(run, *path, NULL);
}

mote_status mote_run_check_swap(mote_run *run)
{
    const uint64_t bytes = run->compiled ? run->compiled->swap_bytes : 0;
    const char *folder = NULL;
    mote_swap_file file;
    if (run->transfers) // its own is open
        return MOTE_OK;
    MOTE_TRY(mote_run_find_swap(run->description, &run->arena, &folder));
    MOTE_TRY(mote_run_open_swap(run, folder, bytes > 0 ? bytes : MOTE_TRANSFER_ALIGNMENT, &file));
    mote_swap_file_close(&file);
    return MOTE_OK;
}
