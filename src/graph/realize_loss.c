// SPDX-License-Identifier: Apache-2.0
// [Model] loss becomes a loss layer behind the network's output; `cross` fuses with the activation there. Losses
// may be sections, too, as many as wanted. For inference they are taken off again. What the network's outputs are
// is found here.
#include "graph/draft.h"

#include <stdio.h>

static const char cross[] = "cross";

static mote_status raise_loss(const mote_draft_list *list, const char *problem, const char *hint)
{
    const mote_description *description = list->config->description;
    char place[256];
    return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s[Model]: loss = %s: %s%s",
                      mote_origin_text(&description->loss_origin, place, sizeof place),
                      description->settings.loss, problem, hint);
}

static size_t find_written_loss(const mote_draft_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].layer->kind == MOTE_LAYER_LOSS)
            return i;
    }
    return MOTE_NONE;
}

/// What stands in a loss's place in inference is an output of the network.
static mote_status append_inference(mote_draft_list *list, mote_edge prediction,
                                    const mote_layer *loss)
{
    if (!loss->inference)
        return mote_draft_add_output(list, prediction);
    const mote_entry entry = {
        .key = "activation",
        .value = loss->inference,
        .origin = list->items[prediction.draft].origin,
    };
    size_t appended = 0;
    MOTE_TRY(mote_draft_append(list, prediction, "activation", "activation", &appended));
    MOTE_TRY(mote_draft_set(list, appended, &entry));
    return mote_draft_add_output(list, (mote_edge){.draft = appended, .output = 0});
}

/// A loss that is a section of its own ends a branch of the network.
static mote_status check_written(const mote_draft_list *list, size_t index)
{
    const mote_draft *loss = &list->items[index];
    const mote_draft *last = &list->items[loss->inputs[0].draft];
    const size_t reader = mote_draft_find_reader(list, index);
    const char *own = loss->layer->inference;
    char place[256];
    (void)mote_origin_text(&loss->origin, place, sizeof place);
    if (reader != MOTE_NONE)
        return MOTE_RAISE(MOTE_ERROR_GRAPH, "%slayer '%s': a loss has no output, but '%s' reads it",
                          place, loss->name, list->items[reader].name);
    if (own && mote_draft_is_activation(last, own))
        return MOTE_RAISE(MOTE_ERROR_GRAPH,
                          "%slayer '%s': type '%s' applies %s itself, as '%s' does before it",
                          place, loss->name, loss->layer->name, own, last->name);
    return MOTE_OK;
}

/// What a loss reads and what nobody reads are outputs.
static mote_status add_outputs(mote_draft_list *list, size_t index)
{
    const mote_draft *draft = &list->items[index];
    if (draft->layer->kind != MOTE_LAYER_LOSS) {
        const bool is_read = mote_draft_find_reader(list, index) != MOTE_NONE;
        const mote_edge all = {.draft = index, .output = MOTE_NONE};
        return is_read ? MOTE_OK : mote_draft_add_output(list, all);
    }
    MOTE_TRY(check_written(list, index));
    if (list->config->inference)
        return append_inference(list, draft->inputs[0], draft->layer);
    return mote_draft_add_output(list, draft->inputs[0]);
}

/// The drafts made from one section.
static mote_status realize_place(mote_draft_list *list, size_t order, size_t written)
{
    for (size_t i = 0; i < written; i++) {
        if (list->items[i].order == order && !list->items[i].removed)
            MOTE_TRY(add_outputs(list, i));
    }
    return MOTE_OK;
}

static mote_status realize_places(mote_draft_list *list)
{
    const size_t written = list->count;
    for (size_t i = 0; i < list->config->description->layer_count; i++)
        MOTE_TRY(realize_place(list, i, written));
    for (size_t i = 0; i < written; i++)
        list->items[i].removed |=
            list->config->inference && list->items[i].layer->kind == MOTE_LAYER_LOSS;
    return MOTE_OK;
}

static mote_status realize_written(mote_draft_list *list, size_t loss)
{
    if (list->config->description->settings.loss[0])
        return raise_loss(list, "the model has a loss layer of its own: ", list->items[loss].name);
    return realize_places(list);
}

/// The first loss that applies the activation of `last` itself, or NULL.
static const mote_layer *find_fused(const mote_layer_registry *layers, const mote_draft *last)
{
    for (size_t i = 0; i < layers->count; i++) {
        const mote_layer *layer = layers->layers[i];
        if (layer->inference && mote_draft_is_activation(last, layer->inference))
            return layer;
    }
    return NULL;
}

/// The loss does what the activation does without properties of its own.
static mote_status check_plain(const mote_draft_list *list, const mote_draft *last)
{
    const mote_property *property = mote_draft_properties(last->layer);
    while (property->name && mote_property_is_initial(property, last->state))
        property++;
    if (!property->name)
        return MOTE_OK;
    char value[32];
    char problem[128];
    mote_property_get(property, last->state, value, sizeof value);
    (void)snprintf(problem, sizeof problem, "takes %s = %s only, not %s as in ", property->name,
                   property->initial, value);
    return raise_loss(list, problem, last->name);
}

/// `cross`: the last activation and its cross entropy become one layer.
static mote_status realize_cross(mote_draft_list *list)
{
    size_t output = 0;
    MOTE_TRY(mote_draft_find_output(list, &output));
    const mote_draft *last = &list->items[output];
    const mote_layer *loss = find_fused(list->config->layers, last);
    if (list->config->inference) // the activation stays
        return mote_draft_add_output(list, (mote_edge){.draft = output, .output = 0});
    if (!loss) {
        return raise_loss(list, "needs activation = softmax or sigmoid on the last layer, ",
                          last->name);
    }
    MOTE_TRY(check_plain(list, last));
    const mote_edge logits = last->inputs[0];
    list->items[output].removed = true;
    size_t appended = 0;
    MOTE_TRY(mote_draft_add_output(list, logits));
    return mote_draft_append(list, logits, loss->name, "loss", &appended);
}

/// Candidate 0 is `cross`, the others are the layers that are losses.
static const char *loss_name(const void *user, size_t index)
{
    if (index == 0)
        return cross;
    const mote_layer *layer = ((const mote_layer_registry *)user)->layers[index - 1];
    return layer->kind == MOTE_LAYER_LOSS ? layer->name : "";
}

static mote_status find_loss(const mote_draft_list *list, const char *name)
{
    const mote_layer_registry *layers = list->config->layers;
    const mote_layer *layer = mote_layer_find(layers, name);
    if (layer && layer->kind == MOTE_LAYER_LOSS)
        return MOTE_OK;
    char hint[256];
    mote_text_expect(name, loss_name, layers, layers->count + 1, hint, sizeof hint);
    return raise_loss(list, "there is no such loss", hint);
}

static mote_status raise_twice(const mote_draft_list *list, const char *activation)
{
    char problem[128];
    (void)snprintf(problem, sizeof problem, "applies %s itself, as the last layer does: write ",
                   activation);
    return raise_loss(list, problem, "loss = cross to fuse them");
}

/// [Model] loss: appended behind the output.
static mote_status realize_setting(mote_draft_list *list, const char *name)
{
    if (mote_text_equal(name, cross))
        return realize_cross(list);
    MOTE_TRY(find_loss(list, name));
    size_t output = 0;
    MOTE_TRY(mote_draft_find_output(list, &output));
    const mote_layer *loss = mote_layer_find(list->config->layers, name);
    if (loss->inference && mote_draft_is_activation(&list->items[output], loss->inference))
        return raise_twice(list, loss->inference);
    if (list->config->inference)
        return append_inference(list, (mote_edge){.draft = output, .output = 0}, loss);
    size_t appended = 0;
    MOTE_TRY(mote_draft_add_output(list, (mote_edge){.draft = output, .output = 0}));
    return mote_draft_append_to_output(list, output, name, "loss", &appended);
}

mote_status mote_realize_loss(mote_draft_list *list)
{
    const size_t written = find_written_loss(list);
    if (written != MOTE_NONE)
        return realize_written(list, written);
    const char *name = list->config->description->settings.loss;
    return name[0] ? realize_setting(list, name) : realize_places(list);
}
