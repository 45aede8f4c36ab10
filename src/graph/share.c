// SPDX-License-Identifier: Apache-2.0
// Weights that belong to another layer: the nodes keep the place of each weight, which is the owner's.
#include "base/text.h"
#include "graph/draft.h"

#include <stdio.h>
#include <string.h>

static mote_status raise_draft(const mote_draft *draft, const mote_draft *owner, const char *reason)
{
    char place[256];
    return MOTE_RAISE(MOTE_ERROR_GRAPH, "%slayer '%s': shared_from = %s: %s",
                      mote_origin_text(&draft->origin, place, sizeof place), draft->name,
                      owner->name, reason);
}

mote_status mote_draft_share(mote_draft_list *list, size_t index, const char *name)
{
    mote_draft *draft = &list->items[index];
    char reason[256];
    if (!name[0])
        return MOTE_OK;
    MOTE_TRY(mote_draft_resolve(list, index, "shared_from", name, &draft->owner));
    draft->shares = true;
    const mote_draft *owner = &list->items[draft->owner];
    const mote_layer *from = owner->layer;
    if (owner == draft)
        return raise_draft(draft, owner, "a layer has its own weights anyway");
    if (draft->layer != from && !(from->tied && mote_text_equal(from->tied, draft->layer->name))) {
        (void)snprintf(reason, sizeof reason, "that layer is of type '%s', this one of type '%s'",
                       from->name, draft->layer->name);
        return raise_draft(draft, owner, reason);
    }
    return MOTE_OK;
}

/// Of the owner's owner: when all drafts are known.
static mote_status check_chain(const mote_draft_list *list, const mote_draft *draft)
{
    const mote_draft *owner = &list->items[draft->owner];
    char reason[256];
    if (!owner->shares)
        return MOTE_OK;
    (void)snprintf(reason, sizeof reason, "that layer has the weights of '%s' itself; name '%s'",
                   list->items[owner->owner].name, list->items[owner->owner].name);
    return raise_draft(draft, owner, reason);
}

/// A layer with shared_from, and the one that it names.
typedef struct sharing {
    const mote_draft *draft;
    const mote_draft *owner_draft;
    mote_node *node;
    const mote_node *owner;
    size_t owner_index;
} sharing;

static size_t find_weight(const mote_node *node, const char *name)
{
    size_t i = 0;
    while (i < node->declaration.weight_count &&
           strcmp(node->declaration.weights[i].name, name) != 0)
        i++;
    return i;
}

/// The weight of the owner takes the place of the node's of the same name.
static mote_status share_weight(const sharing *s, size_t index)
{
    const mote_weight_declaration *weight = &s->owner->declaration.weights[index];
    const size_t own = find_weight(s->node, weight->name);
    char reason[320];
    if (own == s->node->declaration.weight_count) {
        (void)snprintf(reason, sizeof reason, "that layer has a %s, this one has none",
                       weight->name);
        return raise_draft(s->draft, s->owner_draft, reason);
    }
    const mote_shape *shape = &s->node->declaration.weights[own].spec.shape;
    if (!mote_shape_equal(shape, &weight->spec.shape)) {
        char theirs[MOTE_SHAPE_TEXT_BYTES];
        char ours[MOTE_SHAPE_TEXT_BYTES];
        (void)snprintf(reason, sizeof reason, "its %s is %s, here it must be %s", weight->name,
                       mote_shape_text(&weight->spec.shape, theirs, sizeof theirs),
                       mote_shape_text(shape, ours, sizeof ours));
        return raise_draft(s->draft, s->owner_draft, reason);
    }
    s->node->places[own] = (mote_weight_place){s->owner_index, index};
    s->node->weight_names[own] = s->owner->weight_names[index];
    return MOTE_OK;
}

static mote_status share_weights(const sharing *s)
{
    if (s->owner->declaration.statistic_count > 0)
        return raise_draft(s->draft, s->owner_draft, "its running statistics cannot be shared");
    for (size_t i = 0; i < s->owner->declaration.weight_count; i++)
        MOTE_TRY(share_weight(s, i));
    return MOTE_OK;
}

mote_status mote_graph_share(const mote_draft_list *list, const size_t *nodes, mote_graph *graph)
{
    for (size_t i = 0; i < list->count; i++) {
        const mote_draft *draft = &list->items[i];
        if (!draft->shares)
            continue;
        MOTE_TRY(check_chain(list, draft));
        const size_t owner = nodes[draft->owner];
        // a draft that was removed became part of the loss
        if (draft->removed || list->items[draft->owner].removed ||
            graph->nodes[owner].declaration.weight_count == 0)
            return raise_draft(draft, &list->items[draft->owner], "that layer has no weights");
        const sharing s = {draft, &list->items[draft->owner], &graph->nodes[nodes[i]],
                           &graph->nodes[owner], owner};
        MOTE_TRY(share_weights(&s));
    }
    return MOTE_OK;
}

bool mote_graph_owns(const mote_graph *graph, size_t node, size_t weight)
{
    const mote_weight_place *place = &graph->nodes[node].places[weight];
    return place->node == node && place->weight == weight;
}

bool mote_graph_is_trained(const mote_graph *graph, const mote_weight_place *place)
{
    const mote_node *owner = &graph->nodes[place->node];
    return graph->loss_count > 0 && owner->trainable && owner->layer->calc_gradient;
}

bool mote_graph_uses(const mote_graph *graph, size_t node, const mote_weight_place *place)
{
    const mote_node *user = &graph->nodes[node];
    for (size_t i = 0; i < user->declaration.weight_count; i++) {
        if (user->places[i].node == place->node && user->places[i].weight == place->weight)
            return true;
    }
    return false;
}
