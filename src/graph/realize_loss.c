// SPDX-License-Identifier: Apache-2.0
// [Model] loss becomes a loss layer behind the network's output; `cross` fuses with the softmax there. For
// inference the loss is taken off again.
#include "graph/draft.h"

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
static mote_status append_inference(mote_draft_list *list, size_t prediction,
                                    const mote_layer *loss)
{
    if (!loss->inference)
        return MOTE_OK;
    const mote_entry entry = {
        .key = "activation", .value = loss->inference, .origin = list->items[prediction].origin};
    size_t appended = 0;
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
    if (list->items[loss].layer->inference && mote_draft_is_activation(last, "softmax")) {
        char place[256];
        return MOTE_RAISE(MOTE_ERROR_GRAPH,
                          "%slayer '%s': type '%s' applies softmax itself, as '%s' does before it",
                          mote_origin_text(&list->items[loss].origin, place, sizeof place),
                          list->items[loss].name, list->items[loss].layer->name, last->name);
    }
    if (!list->config->inference)
        return MOTE_OK;
    list->items[loss].removed = true;
    return append_inference(list, list->items[loss].inputs[0].draft, list->items[loss].layer);
}

static mote_status fuse_cross(mote_draft_list *list, size_t *output)
{
    const mote_draft *last = &list->items[*output];
    if (!mote_draft_is_activation(last, "softmax"))
        return raise_loss(list, "needs activation = softmax on the last layer, ", last->name);
    const size_t logits = last->inputs[0].draft;
    list->items[*output].removed = true;
    *output = logits;
    return MOTE_OK;
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

/// [Model] loss: appended behind the output.
static mote_status realize_setting(mote_draft_list *list, const char *name)
{
    const bool fuse = mote_text_equal(name, cross);
    const char *layer_name = fuse ? "cross_softmax" : name;
    MOTE_TRY(find_loss(list, layer_name));
    size_t output = 0;
    MOTE_TRY(mote_draft_find_output(list, &output));
    if (fuse && list->config->inference)
        return MOTE_OK; // the softmax stays
    if (fuse)
        MOTE_TRY(fuse_cross(list, &output));
    const mote_layer *loss = mote_layer_find(list->config->layers, layer_name);
    if (!fuse && loss->inference && mote_draft_is_activation(&list->items[output], "softmax"))
        return raise_loss(list, "applies softmax itself, as the last layer does: write ",
                          "loss = cross to fuse them");
    if (list->config->inference)
        return append_inference(list, output, loss);
    size_t appended = 0;
    return mote_draft_append(list, output, layer_name, "loss", &appended);
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
