// SPDX-License-Identifier: Apache-2.0
// [Model] loss becomes a loss layer behind the network's output; `cross` fuses with the activation there. For
// inference the loss is taken off again.
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

/// What stands in a loss's place in inference.
static mote_status append_inference(mote_draft_list *list, mote_edge prediction,
                                    const mote_layer *loss)
{
    size_t appended = 0;
    if (!loss->inference && prediction.output > 0) // what is predicted must be the output of a node
        return mote_draft_append(list, prediction, "identity", "output", &appended);
    if (!loss->inference)
        return MOTE_OK;
    const mote_entry entry = {
        .key = "activation",
        .value = loss->inference,
        .origin = list->items[prediction.draft].origin,
    };
    MOTE_TRY(mote_draft_append(list, prediction, "activation", "activation", &appended));
    return mote_draft_set(list, appended, &entry);
}

/// A loss that is a section of its own: it must be the network's end.
static mote_status realize_written(mote_draft_list *list, size_t loss)
{
    if (list->config->description->settings.loss[0])
        return raise_loss(list, "the model has a loss layer of its own: ", list->items[loss].name);
    size_t output = 0;
    MOTE_TRY(mote_draft_find_output(list, &output));
    if (output != loss) {
        char place[256];
        return MOTE_RAISE(MOTE_ERROR_GRAPH,
                          "%slayer '%s': a loss must be the last layer, but '%s' is",
                          mote_origin_text(&list->items[loss].origin, place, sizeof place),
                          list->items[loss].name, list->items[output].name);
    }
    const mote_draft *last = &list->items[list->items[loss].inputs[0].draft];
    const char *own = list->items[loss].layer->inference;
    if (own && mote_draft_is_activation(last, own)) {
        char place[256];
        return MOTE_RAISE(MOTE_ERROR_GRAPH,
                          "%slayer '%s': type '%s' applies %s itself, as '%s' does before it",
                          mote_origin_text(&list->items[loss].origin, place, sizeof place),
                          list->items[loss].name, list->items[loss].layer->name, own, last->name);
    }
    if (!list->config->inference)
        return MOTE_OK;
    list->items[loss].removed = true;
    return append_inference(list, list->items[loss].inputs[0], list->items[loss].layer);
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

/// `cross`: the last activation and its cross entropy become one layer.
static mote_status realize_cross(mote_draft_list *list)
{
    size_t output = 0;
    MOTE_TRY(mote_draft_find_output(list, &output));
    const mote_draft *last = &list->items[output];
    const mote_layer *loss = find_fused(list->config->layers, last);
    if (list->config->inference)
        return MOTE_OK; // the activation stays
    if (!loss) {
        return raise_loss(list, "needs activation = softmax or sigmoid on the last layer, ",
                          last->name);
    }
    const mote_edge logits = last->inputs[0];
    list->items[output].removed = true;
    size_t appended = 0;
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
    return mote_draft_append_to_output(list, output, name, "loss", &appended);
}

mote_status mote_realize_loss(mote_draft_list *list)
{
    const size_t written = find_written_loss(list);
    if (written != MOTE_NONE)
        return realize_written(list, written);
    const char *name = list->config->description->settings.loss;
    if (name[0])
        return realize_setting(list, name);
    size_t output = 0;
    return mote_draft_find_output(list, &output);
}
