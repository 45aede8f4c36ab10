// SPDX-License-Identifier: Apache-2.0
// What a layer's setup declares, written into arrays that grow in the compile arena.
#include "layer/layer.h"

#include "base/size.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

mote_status mote_declaration_init(mote_declaration *declaration, mote_arena *arena,
                                  size_t input_count)
{
    void *needs = NULL;
    void *ranges = NULL;
    MOTE_TRY(mote_arena_array(arena, input_count, sizeof(unsigned), &needs));
    MOTE_TRY(mote_arena_array(arena, input_count, sizeof(mote_integer_range), &ranges));
    memset(declaration, 0, sizeof *declaration);
    declaration->arena = arena;
    declaration->input_needs = needs;
    declaration->input_ranges = ranges;
    for (size_t i = 0; i < input_count; i++)
        declaration->input_ranges[i] = (mote_integer_range){INT32_MIN, INT32_MAX};
    return MOTE_OK;
}

/// Shape and size are checked once, here, so that all later products of dimensions fit.
static mote_status check_spec(const mote_setup *setup, const mote_tensor_spec *spec,
                              const char *what)
{
    char subject[160];
    (void)snprintf(subject, sizeof subject, "layer '%s': %s", setup->layer_name, what);
    MOTE_TRY(mote_shape_check(&spec->shape, subject));
    size_t bytes = 0;
    if (mote_tensor_spec_bytes(spec, setup->batch, &bytes) == MOTE_OK)
        return MOTE_OK;
    char shape[MOTE_SHAPE_TEXT_BYTES];
    return MOTE_RAISE(MOTE_ERROR_SHAPE, "%s: %s with batch %zu is more than memory can address",
                      subject, mote_shape_text(&spec->shape, shape, sizeof shape), setup->batch);
}

static mote_status check_input(const mote_setup *setup, size_t index, mote_dtype dtype,
                               uint32_t rank)
{
    assert(index < setup->input_count);
    const mote_tensor_spec *const spec = &setup->inputs[index];
    char text[MOTE_SHAPE_TEXT_BYTES];
    if (spec->dtype != dtype)
        return MOTE_RAISE(MOTE_ERROR_SHAPE, "layer '%s': input %zu has elements of %s, it takes %s",
                          setup->layer_name, index, mote_dtype_text(spec->dtype),
                          mote_dtype_text(dtype));
    if (spec->shape.rank != rank) {
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "layer '%s': input %zu has shape %s, it takes %u dimensions",
                          setup->layer_name, index,
                          mote_shape_text(&spec->shape, text, sizeof text), (unsigned)rank);
    }
    return MOTE_OK;
}

static mote_status add_output(mote_declaration *declaration, const mote_tensor_spec *spec)
{
    void *rows = declaration->outputs;
    MOTE_TRY(mote_arena_grow(declaration->arena, &rows, &declaration->output_capacity,
                             declaration->output_count, sizeof *spec));
    declaration->outputs = rows;
    declaration->outputs[declaration->output_count++] = *spec;
    return MOTE_OK;
}

mote_status mote_setup_output(mote_setup *setup, const mote_shape *shape)
{
    const mote_tensor_spec spec = {MOTE_DTYPE_REAL, true, *shape};
    return mote_setup_output_spec(setup, &spec);
}

mote_status mote_setup_output_spec(mote_setup *setup, const mote_tensor_spec *spec)
{
    MOTE_TRY(check_spec(setup, spec, "output"));
    return add_output(setup->declaration, spec);
}

mote_status mote_setup_check_view(const mote_setup *setup)
{
    return check_input(setup, 0, setup->inputs[0].dtype, 3);
}

mote_status mote_setup_view(mote_setup *setup, const mote_shape *shape)
{
    mote_tensor_spec output = setup->inputs[0];
    MOTE_TRY(mote_setup_check_view(setup));
    output.shape = *shape;
    setup->declaration->view = true;
    setup->declaration->derivative_view = true;
    return mote_setup_output_spec(setup, &output);
}

mote_status mote_setup_read_shape(const mote_setup *setup, const char *property,
                                  const mote_property_integers *numbers, mote_shape *shape)
{
    if (numbers->count == 2) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "layer '%s': %s has 2 numbers, it takes width, "
                          "channels:height:width or batch:channels:height:width",
                          setup->layer_name, property);
    }
    *shape = mote_shape_image(1, 1, (size_t)numbers->values[0]);
    for (uint32_t i = 0; numbers->count >= 3 && i < 3; i++)
        shape->dims[i] = (size_t)numbers->values[numbers->count - 3 + i];
    return MOTE_OK;
}

mote_status mote_setup_metrics(mote_setup *setup)
{
    const mote_tensor_spec spec = {
        .dtype = MOTE_DTYPE_REAL,
        .shape = {.rank = 1, .dims = {MOTE_LOSS_ELEMENTS}},
    };
    return add_output(setup->declaration, &spec);
}

mote_status mote_setup_weight(mote_setup *setup, const mote_weight_declaration *weight)
{
    mote_declaration *const declaration = setup->declaration;
    MOTE_TRY(check_spec(setup, &weight->spec, weight->name));
    void *rows = declaration->weights;
    MOTE_TRY(mote_arena_grow(declaration->arena, &rows, &declaration->weight_capacity,
                             declaration->weight_count, sizeof *weight));
    declaration->weights = rows;
    declaration->weights[declaration->weight_count++] = *weight;
    return MOTE_OK;
}

mote_status mote_setup_statistic(mote_setup *setup, const mote_weight_declaration *statistic)
{
    mote_declaration *const declaration = setup->declaration;
    MOTE_TRY(check_spec(setup, &statistic->spec, statistic->name));
    void *rows = declaration->statistics;
    MOTE_TRY(mote_arena_grow(declaration->arena, &rows, &declaration->statistic_capacity,
                             declaration->statistic_count, sizeof *statistic));
    declaration->statistics = rows;
    declaration->statistics[declaration->statistic_count++] = *statistic;
    return MOTE_OK;
}

static mote_status add_temporary(mote_setup *setup, const mote_temporary_declaration *temporary)
{
    mote_declaration *const declaration = setup->declaration;
    MOTE_TRY(check_spec(setup, &temporary->spec, "temporary"));
    void *rows = declaration->temporaries;
    MOTE_TRY(mote_arena_grow(declaration->arena, &rows, &declaration->temporary_capacity,
                             declaration->temporary_count, sizeof *temporary));
    declaration->temporaries = rows;
    declaration->temporaries[declaration->temporary_count++] = *temporary;
    return MOTE_OK;
}

mote_status mote_setup_temporary(mote_setup *setup, const mote_tensor_spec *spec, unsigned phases)
{
    const mote_temporary_declaration temporary = {.spec = *spec, .phases = phases};
    return add_temporary(setup, &temporary);
}

mote_status mote_setup_workspace(mote_setup *setup, const mote_tensor_spec *spec, unsigned phases)
{
    const mote_temporary_declaration temporary = {
        .spec = *spec, .phases = MOTE_PHASE_FORWARD | phases, .forward_reads = true};
    return add_temporary(setup, &temporary);
}

void mote_setup_scratch(mote_setup *setup, unsigned phases, size_t bytes)
{
    size_t *const scratch_bytes = setup->declaration->scratch_bytes;
    for (size_t bit = 0; bit < MOTE_PHASE_COUNT; bit++) {
        if (phases & (1U << bit))
            scratch_bytes[bit] = mote_size_max(scratch_bytes[bit], bytes);
    }
}

void mote_setup_work(mote_setup *setup, unsigned phases, double multiply_adds)
{
    for (size_t bit = 0; bit < MOTE_PHASE_COUNT; bit++) {
        if (phases & (1U << bit))
            setup->declaration->multiply_adds[bit] += multiply_adds;
    }
}

double mote_declaration_work(const mote_declaration *declaration, unsigned phase)
{
    double multiply_adds = 0.0;
    for (size_t bit = 0; bit < MOTE_PHASE_COUNT; bit++) {
        if (phase == (1U << bit))
            multiply_adds = declaration->multiply_adds[bit];
    }
    return multiply_adds;
}

static void add_effort(mote_setup *setup, unsigned phases, const mote_effort *effort, double count)
{
    for (size_t bit = 0; bit < MOTE_PHASE_COUNT; bit++) {
        if (phases & (1U << bit))
            mote_effort_add(&setup->declaration->efforts[bit], effort, count);
    }
}

void mote_setup_effort(mote_setup *setup, unsigned phases, mote_effort_class effort_class,
                       double amount)
{
    mote_effort effort = {{0.0}};
    effort.amounts[effort_class] = 1.0;
    add_effort(setup, phases, &effort, amount);
}

void mote_setup_products(mote_setup *setup, unsigned phases, const mote_product *product,
                         double count)
{
    const mote_effort effort = mote_product_effort(product);
    add_effort(setup, phases, &effort, count);
}

mote_effort mote_declaration_effort(const mote_declaration *declaration, unsigned phase)
{
    mote_effort effort = {{0.0}};
    for (size_t bit = 0; bit < MOTE_PHASE_COUNT; bit++) {
        if (phase == (1U << bit))
            effort = declaration->efforts[bit];
    }
    return effort;
}

void mote_setup_repeats(mote_setup *setup)
{
    mote_declaration *const declaration = setup->declaration;
    const mote_effort forward = mote_declaration_effort(declaration, MOTE_PHASE_FORWARD);
    declaration->repeats = true;
    if (declaration->sample_phases & MOTE_PHASE_FORWARD)
        declaration->sample_phases |= MOTE_PHASE_RECOMPUTE;
    mote_setup_scratch(setup, MOTE_PHASE_RECOMPUTE, declaration->scratch_bytes[0]);
    mote_setup_work(setup, MOTE_PHASE_RECOMPUTE,
                    mote_declaration_work(declaration, MOTE_PHASE_FORWARD));
    add_effort(setup, MOTE_PHASE_RECOMPUTE, &forward, 1.0);
}

void mote_setup_need_input(mote_setup *setup, size_t index, unsigned phases)
{
    assert(index < setup->input_count);
    setup->declaration->input_needs[index] |= phases;
}

void mote_setup_need_output(mote_setup *setup, unsigned phases)
{
    setup->declaration->output_needs |= phases;
}

static mote_status check_batched(const mote_setup *setup, size_t index)
{
    if (setup->inputs[index].batched)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_SHAPE,
                      "layer '%s': input %zu is one tensor for all samples, it takes one a sample",
                      setup->layer_name, index);
}

mote_status mote_setup_check_rank(const mote_setup *setup, size_t index, uint32_t rank)
{
    MOTE_TRY(check_input(setup, index, MOTE_DTYPE_REAL, rank));
    return check_batched(setup, index);
}

mote_status mote_setup_check_shared_rank(const mote_setup *setup, size_t index, uint32_t rank)
{
    return check_input(setup, index, MOTE_DTYPE_REAL, rank);
}

mote_status mote_setup_check_integers(const mote_setup *setup, size_t index, uint32_t rank,
                                      mote_integer_range range)
{
    MOTE_TRY(check_input(setup, index, MOTE_DTYPE_I32, rank));
    MOTE_TRY(check_batched(setup, index));
    setup->declaration->input_ranges[index] = range;
    return MOTE_OK;
}
