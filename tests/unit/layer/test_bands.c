// SPDX-License-Identifier: Apache-2.0
// Layers that work on bands make of some channels at a time what they make of all, whichever of their tensors hold
// all channels and whichever those of the band alone.
#include "support/expect.h"
#include "support/layer_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/// The tensors that may hold a band: input 0, output 0 and their derivatives.
#define KINDS ((size_t)LAYER_OUTPUT_DERIVATIVE + 1)

typedef struct trial {
    const layer_case *layer;
    layer_harness harness;
    unsigned small; // bits: tensors of these kinds hold a band
    mote_tensor_spec specs[KINDS];
    const mote_tensor_spec *whole_specs[KINDS];
    unsigned char *whole[KINDS];                                   // what they would hold
    unsigned char *before[LAYER_TENSOR_KINDS * LAYER_TENSORS_MAX]; // of all buffers
} trial;

static unsigned char *allocate(size_t bytes)
{
    unsigned char *const memory = malloc(bytes + 1);
    assert_non_null(memory);
    return memory;
}

static bool has(const trial *t, size_t kind)
{
    return t->harness.slot_counts[kind] > 0 && t->harness.slots[kind][0].buffer != LAYER_NO_BUFFER;
}

static const layer_buffer *find_buffer(const trial *t, size_t kind)
{
    return &t->harness.buffers[t->harness.slots[kind][0].buffer];
}

/// What was written is what is no poison any more; a written byte that looks like it stands where poison was.
static void merge(const unsigned char *written, size_t count, unsigned char *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = written[i] == LAYER_POISON_BYTE ? to[i] : written[i];
}

/// Copies the part of each sample that the band has between where all channels are and the tensor of the band.
static void move_band(const trial *t, size_t kind, bool gathers)
{
    const mote_shape *const shape = &t->whole_specs[kind]->shape;
    const size_t sample = mote_shape_elements(shape) * sizeof(mote_real);
    const size_t channel = sample / shape->dims[0];
    const size_t part = t->harness.slice.count * channel;
    unsigned char *const held = layer_buffer_bytes(find_buffer(t, kind));
    for (size_t i = 0; i < t->harness.config.run_batch; i++) {
        unsigned char *const all = t->whole[kind] + i * sample + t->harness.slice.first * channel;
        if (gathers)
            memcpy(held + i * part, all, part);
        else
            merge(held + i * part, part, all);
    }
}

static void load(trial *t)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        const layer_buffer *const buffer = has(t, kind) ? find_buffer(t, kind) : NULL;
        if (!buffer)
            continue;
        t->harness.slots[kind][0].tensor.spec = t->whole_specs[kind];
        memcpy(layer_buffer_bytes(buffer), t->whole[kind], buffer->used_bytes);
        if (!(t->small & (1U << kind)))
            continue;
        t->specs[kind] = *t->whole_specs[kind];
        t->specs[kind].shape.dims[0] = t->harness.slice.count;
        t->harness.slots[kind][0].tensor.spec = &t->specs[kind];
        memset(layer_buffer_bytes(buffer), LAYER_POISON_BYTE, buffer->used_bytes);
        move_band(t, kind, true);
    }
    for (size_t i = 0; i < t->harness.buffer_count; i++)
        memcpy(t->before[i], layer_buffer_bytes(&t->harness.buffers[i]),
               t->harness.buffers[i].used_bytes);
}

static void store(trial *t)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        const layer_buffer *const buffer = has(t, kind) ? find_buffer(t, kind) : NULL;
        if (buffer && (t->small & (1U << kind)))
            move_band(t, kind, false);
        else if (buffer)
            merge(layer_buffer_bytes(buffer), buffer->used_bytes, t->whole[kind]);
    }
    for (size_t i = 0; i < t->harness.buffer_count; i++) {
        const layer_buffer *const buffer = &t->harness.buffers[i];
        merge(layer_buffer_bytes(buffer), buffer->used_bytes, t->before[i]);
        memcpy(layer_buffer_bytes(buffer), t->before[i], buffer->used_bytes);
    }
}

static void run_band(trial *t, unsigned phases)
{
    static const unsigned order[] = {MOTE_PHASE_FORWARD, MOTE_PHASE_RECOMPUTE, MOTE_PHASE_GRADIENT,
                                     MOTE_PHASE_DERIVATIVE};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (!(phases & order[i]) || !layer_harness_has(&t->harness, order[i]))
            continue;
        load(t);
        layer_harness_run(&t->harness, order[i]);
        store(t);
    }
}

/// Phases that work on bands do, those next to each other band by band; others run whole.
static void run_bands(trial *t, size_t bands)
{
    static const unsigned groups[] = {MOTE_PHASE_FORWARD, MOTE_PHASE_RECOMPUTE,
                                      MOTE_PHASE_BACKWARD};
    const size_t channels = t->whole_specs[LAYER_INPUT]->shape.dims[0];
    const unsigned small = t->small;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        const unsigned banded = groups[i] & t->harness.declaration.band_phases;
        for (size_t band = 0; banded && band < bands; band++) {
            t->harness.slice.count =
                mote_parallel_part(channels, band, bands, &t->harness.slice.first);
            run_band(t, banded);
        }
        t->harness.slice = (mote_slice){0};
        t->small = 0;
        run_band(t, groups[i] & ~banded);
        t->small = small;
    }
}

static void start(trial *t)
{
    layer_harness_build(&t->harness, &t->layer->config);
    layer_harness_fill(&t->harness);
    for (size_t i = 0; i < t->harness.buffer_count; i++)
        t->before[i] = allocate(t->harness.buffers[i].used_bytes);
    for (size_t kind = 0; kind < KINDS; kind++) {
        if (!has(t, kind))
            continue;
        const layer_buffer *const buffer = find_buffer(t, kind);
        t->whole_specs[kind] = t->harness.slots[kind][0].tensor.spec;
        t->whole[kind] = allocate(buffer->used_bytes);
        memcpy(t->whole[kind], layer_buffer_bytes(buffer), buffer->used_bytes);
    }
}

static void end(trial *t)
{
    for (size_t kind = 0; kind < KINDS; kind++)
        free(t->whole[kind]);
    for (size_t i = 0; i < t->harness.buffer_count; i++)
        free(t->before[i]);
    layer_harness_release(&t->harness);
}

static void compare_kind(const trial *t, const layer_record *expected, layer_tensor_kind kind,
                         const void *got)
{
    if (expected->copies[kind][0] &&
        memcmp(expected->copies[kind][0], got, expected->bytes[kind][0]) != 0)
        fail_msg("%s: %s by bands differs (%u)", t->layer->title, layer_harness_text(kind),
                 t->small);
}

static void compare_bands(const layer_case *c, const layer_record *expected, size_t bands,
                          unsigned small)
{
    trial t = {.layer = c, .small = small};
    start(&t);
    run_bands(&t, bands);
    compare_kind(&t, expected, LAYER_OUTPUT, t.whole[LAYER_OUTPUT]);
    compare_kind(&t, expected, LAYER_INPUT_DERIVATIVE, t.whole[LAYER_INPUT_DERIVATIVE]);
    if (t.harness.slot_counts[LAYER_GRADIENT] > 0)
        compare_kind(&t, expected, LAYER_GRADIENT,
                     layer_harness_data(&t.harness, LAYER_GRADIENT, 0));
    end(&t);
}

/// Returns whether the layer works on bands.
static bool check_case(const layer_case *c)
{
    layer_harness harness;
    layer_record expected;
    layer_harness_build(&harness, &c->config);
    const unsigned phases = harness.declaration.band_phases;
    const size_t channels = harness.input_specs[0].shape.dims[0];
    layer_harness_release(&harness);
    if (phases == 0 || channels < 2 || c->config.evaluation)
        return false;
    // without forward the output's derivative is read whole, and nothing else has bands
    const unsigned most = phases & MOTE_PHASE_FORWARD ? (1U << KINDS) - 1U : 1U << LAYER_INPUT;
    layer_record_make(&c->config, &expected);
    for (size_t bands = 2; bands <= 3 && bands <= channels; bands++) {
        for (unsigned small = 0; small <= most; small++)
            compare_bands(c, &expected, bands, small);
    }
    layer_record_release(&expected);
    return true;
}

static void bands_have_the_bits_of_the_whole(void **unused)
{
    (void)unused;
    size_t count = 0;
    size_t banded = 0;
    const layer_case *const cases = layer_cases(&count);
    for (size_t i = 0; i < count; i++)
        banded += check_case(&cases[i]);
    assert_true(banded > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bands_have_the_bits_of_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
