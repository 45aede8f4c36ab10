// SPDX-License-Identifier: Apache-2.0
// One phase of a layer under watch: what it has not declared is NaN, what it may not write must stay.
#include "support/layer_harness.h"

#include "base/hash.h"
#include "base/size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// What a phase may do with a buffer: the union over the tensors in it.
enum {
    ACCESS_READ = 1,
    ACCESS_WRITE = 2,
    ACCESS_FORGET = 4, // nobody needs its value after this phase
};

typedef struct watched_buffer {
    unsigned access;
    layer_buffer *buffer;
    unsigned char *saved; // before poisoning
    const char *name;     // of a tensor in it
} watched_buffer;

typedef struct watch {
    const layer_harness *harness;
    unsigned phase;
    size_t count;
    watched_buffer buffers[LAYER_TENSOR_KINDS * LAYER_TENSORS_MAX];
} watch;

const char *layer_harness_text(layer_tensor_kind kind)
{
    static const char *const texts[LAYER_TENSOR_KINDS] = {
        "input",  "output",   "input derivative", "output derivative",
        "weight", "gradient", "statistic",        "temporary",
    };
    return texts[kind];
}

static const char *get_phase_name(unsigned phase)
{
    if (phase == MOTE_PHASE_FORWARD)
        return "forward";
    if (phase == MOTE_PHASE_GRADIENT)
        return "gradient";
    if (phase == MOTE_PHASE_RECOMPUTE)
        return "recompute";
    return phase == MOTE_PHASE_DERIVATIVE ? "derivative" : "update";
}

static unsigned read_if(unsigned needs, unsigned phase)
{
    return needs & phase ? ACCESS_READ : 0;
}

static unsigned get_temporary_access(unsigned phases, unsigned phase)
{
    if (phase == MOTE_PHASE_FORWARD)
        return phases & phase ? ACCESS_WRITE : ACCESS_FORGET;
    if (phase == MOTE_PHASE_UPDATE || phase == MOTE_PHASE_RECOMPUTE)
        return read_if(phases, phase);
    return phases & phase ? ACCESS_READ | ACCESS_WRITE : 0;
}

static unsigned get_forward_access(layer_tensor_kind kind)
{
    if (kind == LAYER_INPUT || kind == LAYER_WEIGHT || kind == LAYER_STATISTIC)
        return ACCESS_READ;
    return kind == LAYER_OUTPUT ? ACCESS_WRITE : 0;
}

static unsigned get_backward_access(const mote_declaration *declaration, layer_tensor_kind kind,
                                    size_t index, unsigned phase)
{
    if (kind == LAYER_OUTPUT_DERIVATIVE)
        return ACCESS_READ;
    if (kind == LAYER_INPUT)
        return read_if(declaration->input_needs[index], phase);
    if (kind == LAYER_OUTPUT)
        return index == 0 ? read_if(declaration->output_needs, phase) : 0;
    if (kind == LAYER_WEIGHT)
        return read_if(declaration->weights[index].needs, phase);
    if (kind == LAYER_STATISTIC)
        return read_if(declaration->statistics[index].needs, phase);
    if (kind == LAYER_GRADIENT)
        return phase == MOTE_PHASE_GRADIENT ? ACCESS_WRITE : 0;
    return kind == LAYER_INPUT_DERIVATIVE && phase == MOTE_PHASE_DERIVATIVE ? ACCESS_WRITE : 0;
}

static unsigned get_access(const layer_harness *harness, layer_tensor_kind kind, size_t index,
                           unsigned phase)
{
    const mote_declaration *const declaration = &harness->declaration;
    if (kind == LAYER_TEMPORARY)
        return get_temporary_access(declaration->temporaries[index].phases, phase);
    if (phase == MOTE_PHASE_FORWARD || phase == MOTE_PHASE_RECOMPUTE)
        return get_forward_access(kind);
    if (phase != MOTE_PHASE_UPDATE)
        return get_backward_access(declaration, kind, index, phase);
    const bool changes =
        kind == LAYER_STATISTIC && (declaration->statistics[index].needs & MOTE_PHASE_UPDATE);
    return changes ? ACCESS_READ | ACCESS_WRITE : 0;
}

static void collect(watch *w, layer_harness *harness)
{
    w->count = harness->buffer_count;
    for (size_t i = 0; i < w->count; i++)
        w->buffers[i].buffer = &harness->buffers[i];
    for (layer_tensor_kind kind = 0; kind < LAYER_TENSOR_KINDS; kind++) {
        for (size_t i = 0; i < harness->slot_counts[kind]; i++) {
            const size_t buffer = harness->slots[kind][i].buffer;
            if (buffer == LAYER_NO_BUFFER)
                continue;
            w->buffers[buffer].access |= get_access(harness, kind, i, w->phase);
            w->buffers[buffer].name = layer_harness_text(kind);
        }
    }
}

static void poison(watch *w)
{
    for (size_t i = 0; i < w->count; i++) {
        watched_buffer *const watched = &w->buffers[i];
        unsigned char *const bytes = layer_buffer_bytes(watched->buffer);
        watched->saved = malloc(watched->buffer->bytes);
        assert_non_null(watched->saved);
        memcpy(watched->saved, bytes, watched->buffer->bytes);
        if (!(watched->access & ACCESS_READ))
            memset(bytes, LAYER_POISON_BYTE, watched->buffer->used_bytes);
    }
}

static bool is_filled(const unsigned char *bytes, size_t count, unsigned char value)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

static void fail_phase(const watch *w, const char *what, const char *name)
{
    fail_msg("%s, %s: %s %s", w->harness->layer->name, get_phase_name(w->phase), what, name);
}

static void check_guards(const watch *w, const layer_buffer *buffer, const char *name)
{
    if (!is_filled(buffer->memory, LAYER_GUARD_BYTES, LAYER_GUARD_BYTE))
        fail_phase(w, "writes before", name);
    const unsigned char *const bytes = layer_buffer_bytes(buffer);
    if (!is_filled(bytes + buffer->bytes, LAYER_GUARD_BYTES, LAYER_GUARD_BYTE))
        fail_phase(w, "writes behind", name);
    if (!is_filled(bytes + buffer->used_bytes, buffer->bytes - buffer->used_bytes,
                   LAYER_POISON_BYTE))
        fail_phase(w, "writes samples beyond the run's batch of", name);
}

static void check_and_restore(watch *w)
{
    for (size_t i = 0; i < w->count; i++) {
        watched_buffer *const watched = &w->buffers[i];
        unsigned char *const bytes = layer_buffer_bytes(watched->buffer);
        const size_t used_bytes = watched->buffer->used_bytes;
        check_guards(w, watched->buffer, watched->name);
        const bool stayed = watched->access & ACCESS_READ
                                ? memcmp(bytes, watched->saved, used_bytes) == 0
                                : is_filled(bytes, used_bytes, LAYER_POISON_BYTE);
        if (!(watched->access & ACCESS_WRITE) && !stayed)
            fail_phase(w, "writes, but may not,", watched->name);
        if (watched->access == 0)
            memcpy(bytes, watched->saved, used_bytes);
        free(watched->saved);
    }
}

static mote_layer_callback *get_callback(const layer_harness *harness, unsigned phase)
{
    const mote_declaration *const declaration = &harness->declaration;
    if (phase == MOTE_PHASE_FORWARD)
        return declaration->view ? NULL : harness->layer->forward;
    if (harness->config.evaluation || harness->layer->kind == MOTE_LAYER_INPUT)
        return NULL;
    if (phase == MOTE_PHASE_RECOMPUTE)
        return declaration->recomputes ? harness->layer->recompute : NULL;
    if (phase == MOTE_PHASE_GRADIENT)
        return harness->config.frozen ? NULL : harness->layer->calc_gradient;
    if (phase == MOTE_PHASE_DERIVATIVE)
        return declaration->derivative_view ? NULL : harness->layer->calc_derivative;
    return harness->config.frozen ? NULL : harness->layer->update;
}

bool layer_harness_has(const layer_harness *harness, unsigned phase)
{
    return get_callback(harness, phase) != NULL;
}

static size_t get_scratch_bytes(const layer_harness *harness, unsigned phase)
{
    for (size_t bit = 0; bit < MOTE_PHASE_COUNT; bit++) {
        if (phase == 1U << bit)
            return harness->declaration.scratch_bytes[bit];
    }
    return 0;
}

typedef struct run_tensors {
    mote_tensor tensors[LAYER_TENSOR_KINDS][LAYER_TENSORS_MAX];
} run_tensors;

/// The tensor from a sample on.
static mote_tensor skip_samples(const mote_tensor *tensor, size_t samples)
{
    mote_tensor from = *tensor;
    size_t bytes = 0;
    if (!tensor->data || !tensor->spec->batched)
        return from;
    assert_true(mote_tensor_spec_bytes(tensor->spec, samples, &bytes) == MOTE_OK);
    from.data = (unsigned char *)tensor->data + bytes;
    return from;
}

static mote_layer_run make_run(const layer_harness *harness, mote_slice samples, run_tensors *all,
                               void *scratch)
{
    for (size_t kind = 0; kind < LAYER_TENSOR_KINDS; kind++) {
        for (size_t i = 0; i < harness->slot_counts[kind]; i++)
            all->tensors[kind][i] = skip_samples(&harness->slots[kind][i].tensor, samples.first);
    }
    return (mote_layer_run){
        .loss_weight = (mote_real)harness->config.loss_weight,
        .kernels = harness->kernels,
        .parallel = &harness->parallel,
        .scratch = scratch,
        .batch = samples.count,
        .first_sample = samples.first,
        .samples_left = harness->config.run_batch - samples.first - samples.count,
        .training = !harness->config.evaluation,
        .slice = harness->slice,
        .random = {.seed = 1, .name = mote_hash_name(LAYER_NODE), .iteration = 3},
        .inputs = all->tensors[LAYER_INPUT],
        .outputs = all->tensors[LAYER_OUTPUT],
        .input_derivatives = all->tensors[LAYER_INPUT_DERIVATIVE],
        .output_derivatives = all->tensors[LAYER_OUTPUT_DERIVATIVE],
        .weights = all->tensors[LAYER_WEIGHT],
        .gradients = all->tensors[LAYER_GRADIENT],
        .statistics = all->tensors[LAYER_STATISTIC],
        .temporaries = all->tensors[LAYER_TEMPORARY],
        .layer = harness->layer,
    };
}

/// A slice of dimension 1 of a weight, in memory of its own.
static mote_tensor copy_slice(const mote_tensor *weight, mote_slice slice, mote_tensor_spec *spec)
{
    const mote_shape *const shape = &weight->spec->shape;
    const size_t taps = mote_shape_elements(shape) / shape->dims[0] / shape->dims[1];
    const size_t row = slice.count * taps;
    mote_real *const copy = malloc(shape->dims[0] * row * sizeof *copy);
    assert_non_null(copy);
    for (size_t i = 0; i < shape->dims[0]; i++) {
        memcpy(copy + i * row,
               (const mote_real *)weight->data + (i * shape->dims[1] + slice.first) * taps,
               row * sizeof *copy);
    }
    *spec = *weight->spec;
    spec->shape.dims[1] = slice.count;
    return (mote_tensor){.data = copy, .spec = spec};
}

/// One slice of the weight after the other.
static void run_cut(const layer_harness *harness, mote_layer_callback *callback,
                    const mote_layer_run *whole)
{
    const size_t extent = harness->declaration.cut_extent;
    const size_t most = harness->declaration.forward_cut;
    for (mote_slice slice = {0, 0}; slice.first < extent; slice.first += slice.count) {
        mote_tensor weights[LAYER_TENSORS_MAX];
        mote_tensor_spec spec;
        mote_layer_run run = *whole;
        slice.count = mote_size_min(most, extent - slice.first);
        memcpy(weights, whole->weights, sizeof weights);
        weights[0] = copy_slice(&whole->weights[0], slice, &spec);
        run.slice = slice;
        run.weights = weights;
        callback(&run, harness->state);
        free(weights[0].data);
    }
}

void layer_harness_run(layer_harness *harness, unsigned phase)
{
    mote_layer_callback *const callback = get_callback(harness, phase);
    if (!callback)
        return;
    watch w = {.harness = harness, .phase = phase};
    const size_t scratch_bytes = get_scratch_bytes(harness, phase);
    layer_buffer scratch = layer_buffer_make(scratch_bytes, scratch_bytes);
    collect(&w, harness);
    poison(&w);
    const size_t batch = harness->config.run_batch;
    const bool is_sliced = harness->samples > 0 && (harness->declaration.sample_phases & phase);
    const bool sums = phase == MOTE_PHASE_GRADIENT || harness->layer->kind == MOTE_LAYER_LOSS;
    const size_t unit = sums ? mote_size_max(harness->declaration.sample_group, 1) : 1;
    mote_slice samples = {0,
                          is_sliced ? mote_size_ceil_divide(harness->samples, unit) * unit : batch};
    for (; samples.first < batch; samples.first += samples.count) {
        run_tensors all = {0};
        samples.count = mote_size_min(samples.count, batch - samples.first);
        const mote_layer_run run = make_run(harness, samples, &all, layer_buffer_bytes(&scratch));
        if (harness->cuts && (phase & (MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE)))
            run_cut(harness, callback, &run);
        else
            callback(&run, harness->state);
    }
    check_and_restore(&w);
    check_guards(&w, &scratch, "scratch");
    layer_buffer_release(&scratch);
}
