// SPDX-License-Identifier: Apache-2.0
// Building a layer by itself, and running its phases under watch.
#include "support/layer_harness.h"

#include "base/hash.h"
#include "base/size.h"
#include "base/text.h"
#include "support/expect.h"
#include "support/threads.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ENTRY_BYTES 128U
#define GRID_FACTOR 2U       // even, so that no value is 0
#define GRID_STRIDE 1000003U // a prime greater than any grid

layer_buffer layer_buffer_make(size_t bytes, size_t used_bytes)
{
    const size_t all_bytes = bytes + 2 * (size_t)LAYER_GUARD_BYTES;
    layer_buffer buffer = {.bytes = bytes, .used_bytes = used_bytes};
    buffer.memory = aligned_alloc(MOTE_ALIGNMENT, mote_size_align(all_bytes, MOTE_ALIGNMENT));
    assert_non_null(buffer.memory);
    memset(buffer.memory, LAYER_GUARD_BYTE, all_bytes);
    memset(layer_buffer_bytes(&buffer), LAYER_POISON_BYTE, bytes);
    return buffer;
}

void layer_buffer_release(layer_buffer *buffer)
{
    free(buffer->memory);
    *buffer = (layer_buffer){0};
}

unsigned char *layer_buffer_bytes(const layer_buffer *buffer)
{
    return buffer->memory + LAYER_GUARD_BYTES;
}

static size_t make_buffer(layer_harness *harness, const mote_tensor_spec *spec)
{
    size_t bytes = 0;
    size_t used_bytes = 0;
    expect_ok(mote_tensor_spec_bytes(spec, harness->config.batch, &bytes));
    expect_ok(mote_tensor_spec_bytes(spec, harness->config.run_batch, &used_bytes));
    harness->buffers[harness->buffer_count] = layer_buffer_make(bytes, used_bytes);
    return harness->buffer_count++;
}

/// A tensor in the buffer, or in a new one when that is LAYER_NO_BUFFER.
static void add_slot(layer_harness *harness, layer_tensor_kind kind, const mote_tensor_spec *spec,
                     size_t buffer)
{
    assert_true(harness->slot_counts[kind] < LAYER_TENSORS_MAX);
    layer_slot *const slot = &harness->slots[kind][harness->slot_counts[kind]++];
    slot->buffer = buffer == LAYER_NO_BUFFER ? make_buffer(harness, spec) : buffer;
    slot->tensor.spec = spec;
    slot->tensor.data = layer_buffer_bytes(&harness->buffers[slot->buffer]);
}

/// A tensor that runs do not get.
static void add_empty_slot(layer_harness *harness, layer_tensor_kind kind,
                           const mote_tensor_spec *spec)
{
    layer_slot *const slot = &harness->slots[kind][harness->slot_counts[kind]++];
    slot->buffer = LAYER_NO_BUFFER;
    slot->tensor = (mote_tensor){.spec = spec};
}

static size_t buffer_of(const layer_harness *harness, layer_tensor_kind kind, size_t index)
{
    return harness->slots[kind][index].buffer;
}

static size_t output_buffer(const layer_harness *harness, size_t index)
{
    const mote_declaration *const d = &harness->declaration;
    const bool in_place = (harness->config.aliases & LAYER_IN_PLACE) && d->output_over_input;
    return d->view || (in_place && index == 0) ? buffer_of(harness, LAYER_INPUT, 0)
                                               : LAYER_NO_BUFFER;
}

static size_t derivative_buffer(const layer_harness *harness, size_t index)
{
    const mote_declaration *const d = &harness->declaration;
    const unsigned aliases = harness->config.aliases;
    if (d->derivative_view)
        return buffer_of(harness, LAYER_OUTPUT_DERIVATIVE, 0);
    if (index > 0)
        return LAYER_NO_BUFFER;
    if ((aliases & LAYER_DERIVATIVE_OVER_OUTPUT_DERIVATIVE) && d->derivative_over_output_derivative)
        return buffer_of(harness, LAYER_OUTPUT_DERIVATIVE, 0);
    if ((aliases & LAYER_DERIVATIVE_OVER_INPUT) && d->derivative_over_input)
        return buffer_of(harness, LAYER_INPUT, 0);
    return LAYER_NO_BUFFER;
}

static void add_derivative_slots(layer_harness *harness)
{
    const mote_declaration *const d = &harness->declaration;
    const mote_layer_kind kind = harness->layer->kind;
    if (kind == MOTE_LAYER_INPUT || harness->config.evaluation)
        return;
    for (size_t i = 0; kind != MOTE_LAYER_LOSS && i < d->output_count; i++)
        add_slot(harness, LAYER_OUTPUT_DERIVATIVE, &d->outputs[i], LAYER_NO_BUFFER);
    for (size_t i = 0; i < harness->setup.input_count; i++) {
        if (i == harness->setup.label_port || harness->input_specs[i].dtype == MOTE_DTYPE_I32)
            add_empty_slot(harness, LAYER_INPUT_DERIVATIVE, &harness->input_specs[i]);
        else
            add_slot(harness, LAYER_INPUT_DERIVATIVE, &harness->input_specs[i],
                     derivative_buffer(harness, i));
    }
    for (size_t i = 0; !harness->config.frozen && i < d->weight_count; i++)
        add_slot(harness, LAYER_GRADIENT, &d->weights[i].spec, LAYER_NO_BUFFER);
}

static void add_slots(layer_harness *harness)
{
    const mote_declaration *const d = &harness->declaration;
    for (size_t i = 0; i < harness->setup.input_count; i++)
        add_slot(harness, LAYER_INPUT, &harness->input_specs[i], LAYER_NO_BUFFER);
    if (harness->layer->kind == MOTE_LAYER_INPUT)
        add_slot(harness, LAYER_INPUT, &d->outputs[0], LAYER_NO_BUFFER);
    for (size_t i = 0; i < d->output_count; i++)
        add_slot(harness, LAYER_OUTPUT, &d->outputs[i], output_buffer(harness, i));
    for (size_t i = 0; i < d->weight_count; i++)
        add_slot(harness, LAYER_WEIGHT, &d->weights[i].spec, LAYER_NO_BUFFER);
    for (size_t i = 0; i < d->statistic_count; i++)
        add_slot(harness, LAYER_STATISTIC, &d->statistics[i].spec, LAYER_NO_BUFFER);
    for (size_t i = 0; i < d->temporary_count; i++) {
        if (harness->config.evaluation && !d->temporaries[i].forward_reads)
            add_empty_slot(harness, LAYER_TEMPORARY, &d->temporaries[i].spec);
        else
            add_slot(harness, LAYER_TEMPORARY, &d->temporaries[i].spec, LAYER_NO_BUFFER);
    }
    add_derivative_slots(harness);
}

/// Splits "key=value" texts.
static size_t make_entries(const layer_config *config, char texts[][ENTRY_BYTES],
                           mote_entry *entries)
{
    size_t count = 0;
    for (; count < LAYER_ENTRIES_MAX && config->entries[count]; count++) {
        (void)snprintf(texts[count], ENTRY_BYTES, "%s", config->entries[count]);
        char *const sign = strchr(texts[count], '=');
        assert_non_null(sign);
        *sign = '\0';
        entries[count] = (mote_entry){texts[count], sign + 1, {"model.ini", 1}};
    }
    return count;
}

static mote_status read_entries(layer_harness *harness)
{
    static const mote_property nothing[] = {{0}};
    const mote_property *const table =
        harness->layer->properties ? harness->layer->properties : nothing;
    const mote_property_target target = {table, harness->state};
    const mote_origin origin = {"model.ini", 1};
    char texts[LAYER_ENTRIES_MAX][ENTRY_BYTES];
    mote_entry entries[LAYER_ENTRIES_MAX];
    const size_t count = make_entries(&harness->config, texts, entries);
    return mote_property_read(&target, 1, "layer '" LAYER_NODE "'", &origin, entries, count);
}

static mote_status set_up(layer_harness *harness)
{
    MOTE_TRY(read_entries(harness));
    mote_setup *const setup = &harness->setup;
    if (harness->layer->kind == MOTE_LAYER_LOSS) {
        MOTE_TRY(harness->layer->label(setup, harness->state,
                                       &harness->input_specs[setup->input_count]));
        setup->label_port = setup->input_count++;
    }
    MOTE_TRY(mote_declaration_init(&harness->declaration, &harness->arena, setup->input_count));
    MOTE_TRY(harness->layer->setup(setup, harness->state));
    harness->slice = (mote_slice){0, harness->declaration.cut_extent};
    return MOTE_OK;
}

static void init_setup(layer_harness *harness)
{
    const layer_config *const config = &harness->config;
    for (size_t i = 0; i < config->input_count; i++) {
        const size_t *const dims = config->inputs[i];
        harness->input_specs[i] = (mote_tensor_spec){
            config->integer_inputs & (1U << i) ? MOTE_DTYPE_I32 : MOTE_DTYPE_REAL,
            (config->shared_inputs & (1U << i)) == 0, mote_shape_image(dims[0], dims[1], dims[2])};
    }
    harness->setup = (mote_setup){
        .layer_name = LAYER_NODE,
        .input_count = config->input_count,
        .inputs = harness->input_specs,
        .label_port = SIZE_MAX,
        .batch = config->batch,
        .thread_count = config->thread_count,
        .trainable = !config->frozen,
        .declaration = &harness->declaration,
        .layer = harness->layer,
    };
}

mote_status layer_harness_init(layer_harness *harness, const layer_config *config)
{
    *harness = (layer_harness){.config = *config};
    layer_config *const own = &harness->config;
    own->run_batch = own->run_batch ? own->run_batch : own->batch;
    own->fill_batch = own->fill_batch ? own->fill_batch : own->batch;
    own->loss_weight = own->loss_weight != 0.0 ? own->loss_weight : 1.0;
    own->thread_count = own->thread_count ? own->thread_count : 1;
    harness->layer = mote_layer_find(mote_layers_builtin(), config->layer);
    assert_non_null(harness->layer);
    expect_ok(mote_kernels_get(config->level, &harness->kernels));
    harness->parallel = mote_test_threads(own->thread_count);
    mote_arena_init(&harness->arena, mote_allocator_default());
    harness->state = calloc(1, harness->layer->state_bytes);
    assert_non_null(harness->state);
    init_setup(harness);
    const mote_status status = set_up(harness);
    if (status == MOTE_OK)
        add_slots(harness);
    else
        layer_harness_release(harness);
    return status;
}

void layer_harness_build(layer_harness *harness, const layer_config *config)
{
    expect_ok(layer_harness_init(harness, config));
}

void layer_harness_release(layer_harness *harness)
{
    for (size_t i = 0; i < harness->buffer_count; i++)
        layer_buffer_release(&harness->buffers[i]);
    free(harness->state);
    mote_arena_release(&harness->arena);
    *harness = (layer_harness){0};
}

mote_real *layer_harness_data(const layer_harness *harness, layer_tensor_kind kind, size_t index)
{
    return index < harness->slot_counts[kind] ? harness->slots[kind][index].tensor.data : NULL;
}

size_t layer_harness_elements(const layer_harness *harness, layer_tensor_kind kind, size_t index)
{
    const mote_tensor_spec *const spec = harness->slots[kind][index].tensor.spec;
    return mote_shape_elements(&spec->shape) * (spec->batched ? harness->config.run_batch : 1);
}

void layer_harness_set(const layer_harness *harness, layer_tensor_kind kind, size_t index,
                       size_t count, const double *values)
{
    mote_real *const data = layer_harness_data(harness, kind, index);
    assert_non_null(data);
    assert_true(count <= layer_harness_elements(harness, kind, index));
    for (size_t i = 0; i < count; i++)
        data[i] = (mote_real)values[i];
}

void layer_harness_expect(const layer_harness *harness, layer_tensor_kind kind, size_t index,
                          size_t count, const double *values, double tolerance)
{
    const mote_real *const data = layer_harness_data(harness, kind, index);
    assert_non_null(data);
    assert_true(count <= layer_harness_elements(harness, kind, index));
    for (size_t i = 0; i < count; i++) {
        if (!(fabs((double)data[i] - values[i]) <= tolerance))
            fail_msg("%s %zu, element %zu: %.9g, expected %.9g", layer_harness_text(kind), index, i,
                     (double)data[i], values[i]);
    }
}

mote_integer_range layer_harness_range(const layer_harness *harness, layer_tensor_kind kind,
                                       size_t index)
{
    const mote_integer_range classes = {0, (int32_t)harness->input_specs[0].shape.dims[2] - 1};
    if (kind != LAYER_INPUT || index >= harness->setup.input_count)
        return classes;
    const mote_integer_range declared = harness->declaration.input_ranges[index];
    return declared.first == INT32_MIN ? classes : declared;
}

/// A grid between -1 and 1 in a stirred order: distinct values, none of them 0.
static void fill_slot(layer_harness *harness, layer_tensor_kind kind, size_t index)
{
    const layer_slot *const slot = &harness->slots[kind][index];
    if (slot->buffer == LAYER_NO_BUFFER)
        return;
    const mote_tensor_spec *const spec = slot->tensor.spec;
    const size_t grid = mote_shape_elements(&spec->shape) *
                        (spec->batched ? harness->config.fill_batch : 1) * GRID_FACTOR;
    const size_t count = layer_harness_elements(harness, kind, index);
    mote_real *const reals = slot->tensor.data;
    int32_t *const integers = slot->tensor.data;
    const mote_integer_range range = layer_harness_range(harness, kind, index);
    const size_t integer_count = (size_t)(range.last - range.first) + 1;
    for (size_t i = 0; i < count; i++) {
        const size_t place = (i + kind + 5 * index) * GRID_STRIDE % grid;
        const double value = (2.0 * (double)place + 1.0) / (double)grid - 1.0;
        if (spec->dtype == MOTE_DTYPE_I32)
            integers[i] = range.first + (int32_t)(place % integer_count);
        else
            reals[i] = (mote_real)(kind == LAYER_STATISTIC ? 1.0 + value / 2.0 : value);
    }
}

void layer_harness_fill(layer_harness *harness)
{
    static const layer_tensor_kind kinds[] = {LAYER_INPUT, LAYER_WEIGHT, LAYER_STATISTIC,
                                              LAYER_OUTPUT_DERIVATIVE};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (size_t i = 0; i < harness->slot_counts[kinds[k]]; i++)
            fill_slot(harness, kinds[k], i);
    }
}
