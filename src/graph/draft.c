// SPDX-License-Identifier: Apache-2.0
// The list of drafts: appending, redirecting, finding the output.
#include "graph/draft.h"

#include <assert.h>
#include <string.h>

mote_status mote_draft_append(mote_draft_list *list, mote_edge edge, const char *layer_name,
                              const char *suffix, size_t *appended)
{
    const size_t draft = edge.draft;
    mote_edge *input = NULL;
    char *name = NULL;
    void *items = list->items;
    MOTE_TRY(mote_arena_array(list->scratch, 1, sizeof *input, (void **)&input));
    MOTE_TRY(mote_arena_format(list->arena, &name, "%s/%s", list->items[draft].name, suffix));
    MOTE_TRY(
        mote_arena_grow(list->scratch, &items, &list->capacity, list->count, sizeof *list->items));
    list->items = (mote_draft *)items;
    const mote_draft *from = &list->items[draft];
    const mote_layer *layer = mote_layer_find(list->config->layers, layer_name);
    if (!layer)
        return MOTE_RAISE(MOTE_ERROR_GRAPH, "layer '%s' needs layer type '%s', which is not known",
                          from->name, layer_name);
    void *state = NULL;
    MOTE_TRY(mote_arena_allocate(list->arena, layer->state_bytes, &state));
    mote_property_set_defaults(mote_draft_properties(layer), state);
    *input = edge;
    list->items[list->count] = (mote_draft){
        .name = name,
        .layer = layer,
        .origin = from->origin,
        .state = state,
        .inputs = input,
        .input_count = 1,
        .trainable = from->trainable,
        .loss_weight = 1.0,
        .activation = "",
        .order = from->order,
        .rank = from->rank + 1,
    };
    *appended = list->count++;
    return MOTE_OK;
}

mote_status mote_draft_append_to_output(mote_draft_list *list, size_t draft, const char *layer_name,
                                        const char *key, size_t *appended)
{
    const mote_draft *from = &list->items[draft];
    char place[256];
    if (from->layer->several_outputs) {
        return MOTE_RAISE(
            MOTE_ERROR_GRAPH,
            "%slayer '%s': type '%s' has several outputs: '%s' must be a layer of its own, "
            "with input_layers = %s(0)",
            mote_origin_text(&from->origin, place, sizeof place), from->name, from->layer->name,
            key, from->name);
    }
    return mote_draft_append(list, (mote_edge){.draft = draft, .output = 0}, layer_name, key,
                             appended);
}

void mote_draft_redirect(mote_draft_list *list, size_t from, size_t to)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i == to)
            continue;
        for (size_t j = 0; j < list->items[i].input_count; j++) {
            mote_edge *edge = &list->items[i].inputs[j];
            if (edge->draft == from && edge->output == 0)
                edge->draft = to;
        }
    }
}

mote_status mote_draft_set(mote_draft_list *list, size_t draft, const mote_entry *entry)
{
    const mote_draft *target = &list->items[draft];
    char *owner = NULL;
    MOTE_TRY(mote_arena_format(list->scratch, &owner, "layer '%s'", target->name));
    return mote_property_set(mote_draft_properties(target->layer), target->state, owner, entry);
}

const mote_property *mote_draft_properties(const mote_layer *layer)
{
    static const mote_property none[] = {{.name = NULL}};
    return layer->properties ? layer->properties : none;
}

bool mote_draft_is_activation(const mote_draft *draft, const char *activation)
{
    if (strcmp(draft->layer->name, "activation") != 0)
        return false;
    const mote_property *property = mote_property_find(draft->layer->properties, "activation");
    char value[32];
    mote_property_get(property, draft->state, value, sizeof value);
    return mote_text_equal(value, activation);
}

size_t mote_draft_find_reader(const mote_draft_list *list, size_t draft)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].removed)
            continue;
        for (size_t j = 0; j < list->items[i].input_count; j++) {
            if (list->items[i].inputs[j].draft == draft)
                return i;
        }
    }
    return MOTE_NONE;
}

/// Drafts of one place are met in the order in which they were made, which is that of their rank.
mote_status mote_draft_add_output(mote_draft_list *list, mote_edge output)
{
    void *outputs = list->outputs;
    for (size_t i = 0; i < list->output_count; i++) {
        if (list->outputs[i].draft == output.draft && list->outputs[i].output == output.output)
            return MOTE_OK;
    }
    MOTE_TRY(mote_arena_grow(list->scratch, &outputs, &list->output_capacity, list->output_count,
                             sizeof *list->outputs));
    list->outputs = (mote_edge *)outputs;
    list->outputs[list->output_count++] = output;
    return MOTE_OK;
}

mote_status mote_draft_find_output(const mote_draft_list *list, size_t *draft)
{
    size_t found = MOTE_NONE;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].removed || mote_draft_find_reader(list, i) != MOTE_NONE)
            continue;
        if (found == MOTE_NONE) {
            found = i;
            continue;
        }
        char place[256];
        return MOTE_RAISE(MOTE_ERROR_GRAPH,
                          "%slayer '%s': no layer reads its output, and none reads that of '%s'; "
                          "[Model] loss goes with one output, several take loss layers",
                          mote_origin_text(&list->items[found].origin, place, sizeof place),
                          list->items[found].name, list->items[i].name);
    }
    assert(found != MOTE_NONE); // cycles were refused when the drafts were read
    *draft = found;
    return MOTE_OK;
}
