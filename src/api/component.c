// SPDX-License-Identifier: Apache-2.0
// All that a model file can be made of as one list: each section with the components it can name.
#include "api/api.h"

#include "data/data.h"
#include "graph/graph.h"
#include "layer/layer.h"
#include "optim/optim.h"

#include <math.h>

/// A section, and how to get its components one by one; false behind the last.
typedef struct component_group {
    mote_component section;
    const mote_property *(*common)(void);
    bool (*get)(const mote_context *context, size_t index, mote_component *component);
} component_group;

static bool get_layer(const mote_context *context, size_t index, mote_component *component)
{
    for (size_t i = 0; i < context->layers->count; i++) {
        const mote_layer *layer = context->layers->layers[i];
        if (layer->internal || index-- > 0)
            continue;
        const bool is_loss = layer->kind == MOTE_LAYER_LOSS;
        *component = (mote_component){.name = layer->name,
                                      .summary = layer->summary,
                                      .kind = is_loss ? MOTE_COMPONENT_LOSS : MOTE_COMPONENT_LAYER,
                                      .properties = layer->properties,
                                      .learning_rate = (double)NAN};
        return true;
    }
    return false;
}

static bool get_optimizer(const mote_context *context, size_t index, mote_component *component)
{
    if (index >= context->optimizers->count)
        return false;
    const mote_optimizer *optimizer = context->optimizers->optimizers[index];
    *component = (mote_component){.name = optimizer->name,
                                  .summary = optimizer->summary,
                                  .kind = MOTE_COMPONENT_OPTIMIZER,
                                  .properties = optimizer->properties,
                                  .learning_rate = optimizer->learning_rate};
    return true;
}

static bool get_schedule(const mote_context *context, size_t index, mote_component *component)
{
    (void)context;
    size_t count = 0;
    const mote_schedule_rate *const *rates = mote_schedule_rates(&count);
    if (index >= count)
        return false;
    *component = (mote_component){.name = rates[index]->name,
                                  .summary = rates[index]->summary,
                                  .kind = MOTE_COMPONENT_SCHEDULE,
                                  .properties = rates[index]->properties,
                                  .learning_rate = (double)NAN};
    return true;
}

static bool get_reader(const mote_context *context, size_t index, mote_component *component)
{
    (void)context;
    mote_component reader = {.kind = MOTE_COMPONENT_READER, .learning_rate = (double)NAN};
    reader.name = mote_dataset_reader(index, &reader.properties, &reader.summary);
    if (!reader.name)
        return false;
    *component = reader;
    return true;
}

static bool get_nothing(const mote_context *context, size_t index, mote_component *component)
{
    (void)context;
    (void)index;
    (void)component;
    return false;
}

static const component_group groups[] = {
    {{.name = "Model", .chapter = "[Model]", .summary = "Keys of the model as a whole."},
     mote_model_properties,
     get_nothing},
    {{.name = "layer",
      .chapter = "Layers",
      .title = "Every layer",
      .summary = "Keys that any layer section may have."},
     mote_graph_layer_properties,
     get_layer},
    {{.name = "Optimizer",
      .chapter = "[Optimizer]",
      .title = "Every optimizer",
      .summary = "Keys beside those of the type."},
     mote_compile_optimizer_properties,
     get_optimizer},
    {{.name = "LearningRateScheduler",
      .chapter = "[LearningRateScheduler]",
      .title = "Every schedule",
      .summary = "Keys beside those of the type."},
     mote_compile_schedule_properties,
     get_schedule},
    {{.name = "data",
      .chapter = "[train_set], [valid_set], [test_set]",
      .title = "Every data section",
      .summary = "Keys that any data section may have."},
     mote_dataset_properties,
     get_reader},
};

bool mote_component_find(const mote_context *context, size_t index, mote_component *component)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        const component_group *group = &groups[i];
        if (index-- == 0) {
            *component = group->section;
            component->kind = MOTE_COMPONENT_SECTION;
            component->properties = group->common();
            component->learning_rate = (double)NAN;
            return true;
        }
        size_t member = 0;
        while (member <= index && group->get(context, member, component))
            member++;
        if (member > index)
            return true;
        index -= member;
    }
    return false;
}

const char *mote_component_kind_name(mote_component_kind kind)
{
    static const char *const names[] = {
#define KIND_NAME(name, text) text,
        MOTE_COMPONENT_KIND_MAP(KIND_NAME)
#undef KIND_NAME
    };
    return (size_t)kind < MOTE_COMPONENT_KIND_COUNT ? names[kind] : "unknown";
}

size_t mote_component_count(const mote_context *context)
{
    size_t count = 0;
    mote_component component;
    while (context && mote_component_find(context, count, &component))
        count++;
    return count;
}

static mote_status find_component(const mote_context *context, size_t index,
                                  mote_component *component)
{
    if (!mote_component_find(context, index, component))
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "component %zu: there are %zu", index,
                          mote_component_count(context));
    return MOTE_OK;
}

static size_t count_properties(const mote_component *component)
{
    return component->properties ? mote_property_count(component->properties) : 0;
}

mote_status mote_component_get(const mote_context *context, size_t index, mote_component_info *info)
{
    mote_component component;
    MOTE_TRY(mote_argument_require(context, "mote_component_get"));
    MOTE_TRY(mote_argument_require(info, "mote_component_get"));
    MOTE_TRY(find_component(context, index, &component));
    *info = (mote_component_info){.name = component.name,
                                  .kind = component.kind,
                                  .summary = component.summary,
                                  .property_count = count_properties(&component),
                                  .learning_rate = component.learning_rate};
    return MOTE_OK;
}

mote_status mote_component_get_property(const mote_context *context, size_t index, size_t property,
                                        mote_property_info *info)
{
    mote_component component;
    MOTE_TRY(mote_argument_require(context, "mote_component_get_property"));
    MOTE_TRY(mote_argument_require(info, "mote_component_get_property"));
    MOTE_TRY(find_component(context, index, &component));
    if (property >= count_properties(&component))
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "property %zu: %s '%s' has %zu", property,
                          mote_component_kind_name(component.kind), component.name,
                          count_properties(&component));
    mote_property_describe(&component.properties[property], info);
    return MOTE_OK;
}
