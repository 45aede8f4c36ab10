// SPDX-License-Identifier: Apache-2.0
// What setup of a program's layer sees and declares, checked; the first failure is remembered.
#include "base/custom.h"
#include "layer/custom_product.h"
#include "layer/layer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RANK_MAX      4U
#define MESSAGE_BYTES 896U
#define ALL_PHASES    (MOTE_PHASE_FORWARD | MOTE_PHASE_BACKWARD | MOTE_PHASE_UPDATE)

#define ALL_OVERWRITES                                                             \
    (MOTE_LAYER_OUTPUT_OVER_INPUT | MOTE_LAYER_DERIVATIVE_OVER_OUTPUT_DERIVATIVE | \
     MOTE_LAYER_DERIVATIVE_OVER_INPUT)

enum {
#define COUNT_INITIALIZER(name, text) LAST_##name,
    MOTE_INITIALIZER_MAP(COUNT_INITIALIZER)
#undef COUNT_INITIALIZER
    INITIALIZER_COUNT
};

static mote_status keep(mote_layer_setup *setup, mote_status status)
{
    if (setup->raised == MOTE_OK)
        setup->raised = status;
    return status;
}

mote_status mote_layer_setup_refuse(mote_layer_setup *setup, mote_status status, const char *format,
                                    ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    status = mote_custom_status(status);
    return keep(setup, MOTE_RAISE(status, "layer '%s': %s", setup->layer_name, message));
}

const char *mote_layer_setup_name(const mote_layer_setup *setup)
{
    return setup->layer_name;
}

size_t mote_layer_setup_input_count(const mote_layer_setup *setup)
{
    return setup->input_count;
}

mote_custom_shape mote_layer_setup_input(const mote_layer_setup *setup, size_t index)
{
    if (index >= setup->input_count)
        return (mote_custom_shape){.channels = 0};
    const size_t *dims = setup->inputs[index].shape.dims;
    return (mote_custom_shape){dims[0], dims[1], dims[2]};
}

size_t mote_layer_setup_batch(const mote_layer_setup *setup)
{
    return setup->batch;
}

bool mote_layer_setup_is_trainable(const mote_layer_setup *setup)
{
    return setup->trainable;
}

mote_status mote_layer_setup_output(mote_layer_setup *setup, mote_custom_shape shape)
{
    const mote_shape output = mote_shape_image(shape.channels, shape.height, shape.width);
    if (setup->declaration->output_count > 0)
        return mote_layer_setup_refuse(setup, MOTE_ERROR_ARGUMENT,
                                       "mote_layer_setup_output: the output is declared already");
    return keep(setup, mote_setup_output(setup, &output));
}

static bool has_name(const mote_weight_declaration *tensors, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(tensors[i].name, name) != 0)
        i++;
    return i < count;
}

static mote_status check_tensor_name(mote_layer_setup *setup, const char *name)
{
    const mote_declaration *declaration = setup->declaration;
    if (!name || !mote_property_is_name(name)) {
        return mote_layer_setup_refuse(setup, MOTE_ERROR_ARGUMENT,
                                       "weight '%.100s': a name has lower-case letters, digits "
                                       "and '_', a letter first, at most 48",
                                       name ? name : "");
    }
    if (has_name(declaration->weights, declaration->weight_count, name) ||
        has_name(declaration->statistics, declaration->statistic_count, name))
        return mote_layer_setup_refuse(setup, MOTE_ERROR_ARGUMENT,
                                       "weight '%s': there are two of this name", name);
    return MOTE_OK;
}

static mote_status check_tensor(mote_layer_setup *setup, const mote_custom_weight *weight)
{
    MOTE_TRY(check_tensor_name(setup, weight->name));
    if (weight->rank == 0 || weight->rank > RANK_MAX)
        return mote_layer_setup_refuse(setup, MOTE_ERROR_ARGUMENT,
                                       "weight '%s': rank %zu, expected 1 to %u", weight->name,
                                       weight->rank, RANK_MAX);
    if ((unsigned)weight->initializer >= INITIALIZER_COUNT)
        return mote_layer_setup_refuse(setup, MOTE_ERROR_ARGUMENT,
                                       "weight '%s': its initializer is none of mote_initializer",
                                       weight->name);
    const bool is_constant = weight->initializer == MOTE_INITIALIZER_ZEROS ||
                             weight->initializer == MOTE_INITIALIZER_ONES;
    if (!is_constant && (weight->fan_in == 0 || weight->fan_out == 0))
        return mote_layer_setup_refuse(setup, MOTE_ERROR_ARGUMENT,
                                       "weight '%s': initializer %s needs fan_in and fan_out",
                                       weight->name, mote_initializer_names[weight->initializer]);
    return MOTE_OK;
}

/// What a weight or statistic becomes; `call` declares it.
static mote_status make_tensor(mote_layer_setup *setup, const char *call,
                               const mote_custom_weight *weight, mote_weight_declaration *declared)
{
    char *name = NULL;
    if (!weight)
        return mote_layer_setup_refuse(setup, MOTE_ERROR_ARGUMENT, "%s: an argument is NULL", call);
    MOTE_TRY(check_tensor(setup, weight));
    MOTE_TRY(keep(setup, mote_arena_text(setup->declaration->arena, weight->name,
                                         strlen(weight->name), &name)));
    *declared = (mote_weight_declaration){
        .name = name,
        .spec = {.dtype = MOTE_DTYPE_REAL, .shape = {.rank = (uint32_t)weight->rank}},
        .initializer = weight->initializer,
        .fan_in = weight->fan_in,
        .fan_out = weight->fan_out,
        .needs = weight->derivative_reads ? MOTE_PHASE_DERIVATIVE : 0,
    };
    memcpy(declared->spec.shape.dims, weight->dims, weight->rank * sizeof weight->dims[0]);
    return MOTE_OK;
}

mote_status mote_layer_setup_weight(mote_layer_setup *setup, const mote_custom_weight *weight)
{
    mote_weight_declaration declared = {.name = NULL};
    MOTE_TRY(make_tensor(setup, "mote_layer_setup_weight", weight, &declared));
    return keep(setup, mote_setup_weight(setup, &declared));
}

mote_status mote_layer_setup_statistic(mote_layer_setup *setup, const mote_custom_weight *statistic)
{
    mote_weight_declaration declared = {.name = NULL};
    MOTE_TRY(make_tensor(setup, "mote_layer_setup_statistic", statistic, &declared));
    declared.needs |= MOTE_PHASE_UPDATE;
    return keep(setup, mote_setup_statistic(setup, &declared));
}

static mote_status check_phases(mote_layer_setup *setup, const char *call, unsigned phases,
                                unsigned allowed)
{
    if (phases != 0 && (phases & ~allowed) == 0)
        return MOTE_OK;
    return mote_layer_setup_refuse(setup, MOTE_ERROR_ARGUMENT,
                                   "%s: phases 0x%x, expected some of 0x%x", call, phases, allowed);
}

mote_status mote_layer_setup_temporary(mote_layer_setup *setup,
                                       const mote_custom_temporary *temporary)
{
    static const char call[] = "mote_layer_setup_temporary";
    if (!temporary)
        return mote_layer_setup_refuse(setup, MOTE_ERROR_ARGUMENT, "%s: temporary is NULL", call);
    MOTE_TRY(check_phases(setup, call, temporary->phases, ALL_PHASES));
    const mote_tensor_spec spec = {.dtype = MOTE_DTYPE_REAL,
                                   .batched = !temporary->shared,
                                   .shape = {.rank = 1, .dims = {temporary->count}}};
    if (temporary->phases == MOTE_PHASE_FORWARD) // scratch, for which no later phase asks
        return keep(setup, mote_setup_workspace(setup, &spec, MOTE_PHASE_FORWARD));
    return keep(setup, mote_setup_temporary(setup, &spec, temporary->phases));
}

mote_status mote_layer_setup_need_input(mote_layer_setup *setup, size_t index, unsigned phases)
{
    static const char call[] = "mote_layer_setup_need_input";
    if (index >= setup->input_count)
        return mote_layer_setup_refuse(setup, MOTE_ERROR_ARGUMENT, "%s: input %zu, there are %zu",
                                       call, index, setup->input_count);
    MOTE_TRY(check_phases(setup, call, phases, MOTE_PHASE_BACKWARD));
    mote_setup_need_input(setup, index, phases);
    return MOTE_OK;
}

mote_status mote_layer_setup_need_output(mote_layer_setup *setup, unsigned phases)
{
    MOTE_TRY(check_phases(setup, "mote_layer_setup_need_output", phases, MOTE_PHASE_BACKWARD));
    mote_setup_need_output(setup, phases);
    return MOTE_OK;
}

mote_status mote_layer_setup_overwrite(mote_layer_setup *setup, unsigned overwrites)
{
    mote_declaration *declaration = setup->declaration;
    if (overwrites & ~ALL_OVERWRITES)
        return mote_layer_setup_refuse(setup, MOTE_ERROR_ARGUMENT,
                                       "mote_layer_setup_overwrite: 0x%x, expected some of 0x%x",
                                       overwrites, ALL_OVERWRITES);
    declaration->output_over_input |= (overwrites & MOTE_LAYER_OUTPUT_OVER_INPUT) != 0;
    declaration->derivative_over_output_derivative |=
        (overwrites & MOTE_LAYER_DERIVATIVE_OVER_OUTPUT_DERIVATIVE) != 0;
    declaration->derivative_over_input |= (overwrites & MOTE_LAYER_DERIVATIVE_OVER_INPUT) != 0;
    return MOTE_OK;
}

mote_status mote_layer_setup_product(mote_layer_setup *setup, unsigned phases,
                                     const mote_custom_product *product)
{
    static const char call[] = "mote_layer_setup_product";
    MOTE_TRY(check_phases(setup, call, phases, ALL_PHASES));
    const char *problem = mote_custom_find_problem(product);
    if (problem)
        return mote_layer_setup_refuse(setup, MOTE_ERROR_ARGUMENT, "%s: %s", call, problem);
    const mote_product made = mote_custom_make_product(product);
    mote_setup_scratch(setup, phases, mote_product_scratch_bytes(&made, setup->thread_count));
    mote_setup_products(setup, phases, &made, 1.0);
    return MOTE_OK;
}
