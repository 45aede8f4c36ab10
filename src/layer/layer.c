// SPDX-License-Identifier: Apache-2.0
// The layers of layers.def, and finding one by its name.
#include "layer/layer.h"

#include "base/text.h"

static const mote_layer *const builtin_layers[] = {
#define LAYER(name) &mote_layer_##name,
#include "layer/layers.def"
#undef LAYER
};

const mote_layer_registry *mote_layers_builtin(void)
{
    static const mote_layer_registry registry = {
        .layers = builtin_layers,
        .count = sizeof builtin_layers / sizeof builtin_layers[0],
    };
    return &registry;
}

const mote_layer *mote_layer_find(const mote_layer_registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->count; i++) {
        if (mote_text_equal(registry->layers[i]->name, name))
            return registry->layers[i];
    }
    return NULL;
}

/// Internal layers are not offered: the empty text is near nothing.
static const char *offered_name(const void *user, size_t index)
{
    const mote_layer_registry *const registry = (const mote_layer_registry *)user;
    return registry->layers[index]->internal ? "" : registry->layers[index]->name;
}

const char *mote_layer_expect(const mote_layer_registry *registry, const char *name, char *text,
                              size_t bytes)
{
    return mote_text_expect(name, offered_name, registry, registry->count, text, bytes);
}
