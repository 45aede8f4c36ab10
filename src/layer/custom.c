// SPDX-License-Identifier: Apache-2.0
// A program's layer as a layer: what its callbacks return and declare is checked.
#include "base/custom.h"
#include "layer/layer.h"

/// The descriptor is what runs and setups know of; the rest lies behind it.
typedef struct layer_entry {
    mote_layer layer;
    mote_custom_layer custom;
} layer_entry;

static const mote_custom_layer *custom_of(const mote_layer *layer)
{
    return &((const layer_entry *)(const void *)layer)->custom;
}

/// A failure that was not raised has no message yet; one that was raised counts, whatever the program made of it.
static mote_status settle_setup(const mote_setup *setup, mote_status returned)
{
    if (setup->raised != MOTE_OK || returned == MOTE_OK)
        return setup->raised;
    return MOTE_RAISE(mote_custom_status(returned),
                      "layer '%s': setup of type '%s' returned %s without mote_layer_setup_refuse",
                      setup->layer_name, setup->layer->name, mote_status_name(returned));
}

static mote_status check_declared(const mote_setup *setup, const mote_custom_layer *custom)
{
    if (setup->declaration->output_count == 0) {
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "layer '%s': setup of type '%s' declared no output, expected one by "
                          "mote_layer_setup_output",
                          setup->layer_name, custom->name);
    }
    if (setup->declaration->weight_count > 0 && !custom->calc_gradient)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "layer '%s': type '%s' has a weight '%s', but no calc_gradient",
                          setup->layer_name, custom->name, setup->declaration->weights[0].name);
    if (setup->declaration->statistic_count > 0 && !custom->update)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "layer '%s': type '%s' has a statistic '%s', but no update",
                          setup->layer_name, custom->name, setup->declaration->statistics[0].name);
    return MOTE_OK;
}

static mote_status setup(mote_setup *setup, void *state)
{
    const mote_custom_layer *custom = custom_of(setup->layer);
    for (size_t i = 0; i < setup->input_count; i++)
        MOTE_TRY(mote_setup_check_rank(setup, i, 3));
    MOTE_TRY(settle_setup(setup, custom->setup(custom->user, state, setup)));
    return check_declared(setup, custom);
}

static void settle(const mote_layer_run *run, mote_status returned)
{
    if (*run->raised != MOTE_OK || returned == MOTE_OK)
        return;
    *run->raised = MOTE_RAISE(mote_custom_status(returned),
                              "%s: type '%s' returned %s without mote_layer_run_refuse", run->step,
                              run->layer->name, mote_status_name(returned));
}

static void forward(const mote_layer_run *run, const void *state)
{
    const mote_custom_layer *custom = custom_of(run->layer);
    settle(run, custom->forward(custom->user, state, run));
}

static void calc_gradient(const mote_layer_run *run, const void *state)
{
    const mote_custom_layer *custom = custom_of(run->layer);
    settle(run, custom->calc_gradient(custom->user, state, run));
}

static void calc_derivative(const mote_layer_run *run, const void *state)
{
    const mote_custom_layer *custom = custom_of(run->layer);
    settle(run, custom->calc_derivative(custom->user, state, run));
}

static void update(const mote_layer_run *run, const void *state)
{
    const mote_custom_layer *custom = custom_of(run->layer);
    settle(run, custom->update(custom->user, state, run));
}

static mote_status check_layer(const mote_custom_layer *custom, const mote_property *taken)
{
    const mote_custom_identity identity = {.kind = "layer",
                                           .name = custom->name,
                                           .summary = custom->summary,
                                           .properties = custom->properties,
                                           .state_bytes = custom->state_bytes,
                                           .taken = taken};
    const mote_custom_callback callbacks[] = {
        {"setup", custom->setup != NULL},
        {"forward", custom->forward != NULL},
        {"calc_derivative", custom->calc_derivative != NULL},
    };
    MOTE_TRY(mote_custom_check(&identity, callbacks, sizeof callbacks / sizeof callbacks[0]));
    const bool takes_one = custom->input_minimum == 0 && custom->input_maximum == 0;
    if (takes_one || (custom->input_minimum > 0 && custom->input_minimum <= custom->input_maximum))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                      "layer '%s': takes %zu to %zu inputs, expected at least 1 and no more than "
                      "the maximum, or 0 and 0 for one",
                      custom->name, custom->input_minimum, custom->input_maximum);
}

mote_status mote_custom_make_layer(const mote_custom_layer *custom, const mote_property *taken,
                                   mote_arena *arena, const mote_layer **layer)
{
    void *memory = NULL;
    MOTE_TRY(check_layer(custom, taken));
    MOTE_TRY(mote_arena_allocate(arena, sizeof(layer_entry), &memory));
    layer_entry *entry = (layer_entry *)memory;
    const bool takes_one = custom->input_maximum == 0;
    entry->custom = *custom;
    entry->layer = (mote_layer){
        .name = custom->name,
        .summary = custom->summary,
        .kind = MOTE_LAYER_COMPUTE,
        .properties = custom->properties,
        .state_bytes = custom->state_bytes ? custom->state_bytes : 1,
        .input_minimum = takes_one ? 1 : custom->input_minimum,
        .input_maximum = takes_one ? 1 : custom->input_maximum,
        .setup = setup,
        .forward = forward,
        .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
    };
    if (custom->calc_gradient)
        entry->layer.calc_gradient = MOTE_TRAINING_ONLY(calc_gradient);
    if (custom->update)
        entry->layer.update = MOTE_TRAINING_ONLY(update);
    *layer = &entry->layer;
    return MOTE_OK;
}
