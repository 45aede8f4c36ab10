// SPDX-License-Identifier: Apache-2.0
// Whole steps of a layer, and copies of what they make.
#include "support/layer_harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void layer_record_add(const layer_harness *harness, layer_tensor_kind kind, layer_record *record)
{
    for (size_t i = 0; i < harness->slot_counts[kind]; i++) {
        const layer_slot *const slot = &harness->slots[kind][i];
        if (slot->buffer == LAYER_NO_BUFFER)
            continue;
        const size_t bytes = harness->buffers[slot->buffer].used_bytes;
        record->bytes[kind][i] = bytes;
        record->copies[kind][i] = malloc(bytes);
        assert_non_null(record->copies[kind][i]);
        memcpy(record->copies[kind][i], slot->tensor.data, bytes);
    }
}

static bool is_finite(size_t count, const mote_real *values)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return false;
    }
    return true;
}

/// What a step made is made of what was declared, so no poison can be in it.
static void add_finite(const layer_harness *harness, layer_tensor_kind kind, layer_record *record)
{
    layer_record_add(harness, kind, record);
    for (size_t i = 0; i < harness->slot_counts[kind]; i++) {
        const mote_real *const values = layer_harness_data(harness, kind, i);
        if (values && !is_finite(layer_harness_elements(harness, kind, i), values))
            fail_msg("%s: %s %zu is not finite", harness->layer->name, layer_harness_text(kind), i);
    }
}

/// Whether a backward phase needs the input that was written over.
static bool has_lost_input(const layer_harness *harness, unsigned phase)
{
    const bool in_place =
        (harness->config.aliases & LAYER_IN_PLACE) != 0 && harness->declaration.output_over_input;
    return in_place && (harness->declaration.input_needs[0] & phase) != 0;
}

static void run_gradient(layer_harness *harness, layer_record *record)
{
    if (!layer_harness_has(harness, MOTE_PHASE_GRADIENT) ||
        has_lost_input(harness, MOTE_PHASE_GRADIENT))
        return;
    layer_harness_run(harness, MOTE_PHASE_GRADIENT);
    add_finite(harness, LAYER_GRADIENT, record);
}

static void run_derivative(layer_harness *harness, layer_record *record)
{
    if (has_lost_input(harness, MOTE_PHASE_DERIVATIVE))
        return;
    layer_harness_run(harness, MOTE_PHASE_DERIVATIVE);
    add_finite(harness, LAYER_INPUT_DERIVATIVE, record);
}

void layer_harness_step(layer_harness *harness, layer_record *record)
{
    *record = (layer_record){0};
    layer_harness_run(harness, MOTE_PHASE_FORWARD);
    add_finite(harness, LAYER_OUTPUT, record);
    const bool is_apart = harness->config.aliases == 0;
    if (harness->config.derivative_first && is_apart) {
        run_derivative(harness, record);
        run_gradient(harness, record);
    } else {
        run_gradient(harness, record);
        run_derivative(harness, record);
    }
    layer_harness_run(harness, MOTE_PHASE_UPDATE);
    add_finite(harness, LAYER_STATISTIC, record);
}

void layer_record_make(const layer_config *config, layer_record *record)
{
    layer_harness harness;
    layer_harness_build(&harness, config);
    layer_harness_fill(&harness);
    layer_harness_step(&harness, record);
    layer_harness_release(&harness);
}

void layer_record_release(layer_record *record)
{
    for (size_t kind = 0; kind < LAYER_TENSOR_KINDS; kind++) {
        for (size_t i = 0; i < LAYER_TENSORS_MAX; i++)
            free(record->copies[kind][i]);
    }
    *record = (layer_record){0};
}

const char *layer_record_find_difference(const layer_record *a, const layer_record *b)
{
    for (layer_tensor_kind kind = 0; kind < LAYER_TENSOR_KINDS; kind++) {
        for (size_t i = 0; i < LAYER_TENSORS_MAX; i++) {
            if (!a->copies[kind][i] || !b->copies[kind][i])
                continue;
            assert_int_equal(a->bytes[kind][i], b->bytes[kind][i]);
            if (memcmp(a->copies[kind][i], b->copies[kind][i], a->bytes[kind][i]) != 0)
                return layer_harness_text(kind);
        }
    }
    return NULL;
}

void layer_record_assert_equal(const layer_record *a, const layer_record *b, const char *what)
{
    const char *const difference = layer_record_find_difference(a, b);
    if (difference)
        fail_msg("%s: %s differs", what, difference);
}
