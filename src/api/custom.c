// SPDX-License-Identifier: Apache-2.0
// Layers, losses and optimizers of the program's own: the context's lists, until its first model closes them.
#include "api/api.h"

#include "graph/graph.h"
#include "mote/mote.h"

#include <string.h>

static mote_status check_open(mote_context *context, const void *custom, const char *call)
{
    MOTE_TRY(mote_argument_require(context, call));
    MOTE_TRY(mote_argument_require(custom, call));
    if (!atomic_load(&mote_context_handle_of(context)->is_closed))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                      "%s: a model was loaded in this context, which does not change from then on; "
                      "add what is your own before",
                      call);
}

/// A list with one more at its end, in the context's arena.
static mote_status extend(mote_context_handle *handle, const void *old, size_t count,
                          const void *added, const void ***list)
{
    void *memory = NULL;
    MOTE_TRY(mote_arena_array(&handle->arena, count + 1, sizeof added, &memory));
    memcpy(memory, old, count * sizeof added);
    *list = (const void **)memory;
    (*list)[count] = added;
    return MOTE_OK;
}

/// `loss = cross` is no layer, but has a meaning of its own.
static mote_status check_layer_name(const mote_context *context, const mote_layer *layer)
{
    static const char *const kinds[] = {
        [MOTE_LAYER_COMPUTE] = "layer", [MOTE_LAYER_INPUT] = "layer", [MOTE_LAYER_LOSS] = "loss"};
    const mote_layer *found = mote_layer_find(context->layers, layer->name);
    if (found)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s '%s': there is a %s of this name",
                          kinds[layer->kind], layer->name, kinds[found->kind]);
    if (mote_text_equal(layer->name, "cross"))
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "%s 'cross': the name stands for all cross entropies",
                          kinds[layer->kind]);
    return MOTE_OK;
}

static mote_status add_layer(mote_context *context, const mote_layer *layer)
{
    mote_context_handle *handle = mote_context_handle_of(context);
    const mote_layer_registry *old = context->layers;
    const void **list = NULL;
    MOTE_TRY(check_layer_name(context, layer));
    MOTE_TRY(extend(handle, old->layers, old->count, layer, &list));
    handle->layers = (mote_layer_registry){(const mote_layer *const *)list, old->count + 1};
    context->layers = &handle->layers;
    return MOTE_OK;
}

mote_status mote_context_add_layer(mote_context *context, const mote_custom_layer *layer)
{
    const mote_layer *made = NULL;
    MOTE_TRY(check_open(context, layer, "mote_context_add_layer"));
    MOTE_TRY(mote_custom_make_layer(layer, mote_graph_layer_properties(),
                                    &mote_context_handle_of(context)->arena, &made));
    return add_layer(context, made);
}

mote_status mote_context_add_loss(mote_context *context, const mote_custom_loss *loss)
{
    const mote_layer *made = NULL;
    MOTE_TRY(check_open(context, loss, "mote_context_add_loss"));
    MOTE_TRY(mote_custom_make_loss(loss, mote_graph_layer_properties(),
                                   &mote_context_handle_of(context)->arena, &made));
    return add_layer(context, made);
}

mote_status mote_context_add_optimizer(mote_context *context,
                                       const mote_custom_optimizer *optimizer)
{
    const mote_optimizer *made = NULL;
    const void **list = NULL;
    MOTE_TRY(check_open(context, optimizer, "mote_context_add_optimizer"));
    mote_context_handle *handle = mote_context_handle_of(context);
    const mote_optimizer_registry *old = context->optimizers;
    MOTE_TRY(mote_custom_make_optimizer(optimizer, mote_compile_optimizer_properties(),
                                        &handle->arena, &made));
    if (mote_optimizer_find(old, made->name))
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "optimizer '%s': there is one of this name",
                          made->name);
    MOTE_TRY(extend(handle, old->optimizers, old->count, made, &list));
    handle->optimizers =
        (mote_optimizer_registry){(const mote_optimizer *const *)list, old->count + 1};
    context->optimizers = &handle->optimizers;
    return MOTE_OK;
}
