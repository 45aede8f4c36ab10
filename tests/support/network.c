// SPDX-License-Identifier: Apache-2.0
// Builds graphs of model texts for the tests of everything above the description.
#include "support/network.h"

#include "support/expect.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MODEL_NAME    "model.ini"
#define MESSAGE_BYTES 2048U

#define LAYERS_MAX 64U

static mote_status build(void **state, const char *text, const mote_layer_registry *layers,
                         bool inference, test_network *network)
{
    const char *const path = mote_test_write_text(state, MODEL_NAME, text);
    mote_arena_init(&network->arena, mote_allocator_default());
    const mote_status status =
        mote_description_load(path, NULL, 0, &network->arena, &network->description);
    if (status != MOTE_OK)
        return status;
    const mote_graph_config config = {.description = &network->description,
                                      .layers = layers,
                                      .thread_count = 1,
                                      .inference = inference};
    return mote_graph_build(&config, &network->arena, &network->graph);
}

void test_network_build(void **state, const char *text, bool inference, test_network *network)
{
    expect_ok(build(state, text, mote_layers_builtin(), inference, network));
}

mote_status test_network_try(void **state, const char *text, const mote_layer *const *layers,
                             size_t layer_count, test_network *network)
{
    const mote_layer_registry *builtin = mote_layers_builtin();
    const mote_layer *all[LAYERS_MAX];
    const mote_layer_registry registry = {all, builtin->count + layer_count};
    assert_true(registry.count <= LAYERS_MAX);
    for (size_t i = 0; i < registry.count; i++)
        all[i] = i < builtin->count ? builtin->layers[i] : layers[i - builtin->count];
    const mote_status status = build(state, text, &registry, false, network);
    if (status != MOTE_OK)
        test_network_release(network);
    return status;
}

void test_network_build_with(void **state, const char *text, const mote_layer *const *layers,
                             size_t layer_count, test_network *network)
{
    expect_ok(test_network_try(state, text, layers, layer_count, network));
}

void test_network_release(test_network *network)
{
    mote_arena_release(&network->arena);
}

/// `message` with the path of the model file for each '@'.
static void expand(void **state, const char *message, char expanded[MESSAGE_BYTES])
{
    const char *const path = mote_test_path(state, MODEL_NAME);
    size_t length = 0;
    for (; *message; message++) {
        const size_t part = *message == '@' ? strlen(path) : 1;
        assert_true(length + part < MESSAGE_BYTES);
        memcpy(expanded + length, *message == '@' ? path : message, part);
        length += part;
    }
    expanded[length] = '\0';
}

void test_network_refused(void **state, const char *text, bool inference, mote_status status,
                          const char *message)
{
    test_network network;
    char expanded[MESSAGE_BYTES];
    expand(state, message, expanded);
    const mote_status got = build(state, text, mote_layers_builtin(), inference, &network);
    test_network_release(&network);
    expect_raises(got, status, "");
    assert_string_equal(mote_last_error()->message, expanded);
}

size_t test_network_node(const mote_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        if (strcmp(graph->nodes[i].name, name) == 0)
            return i;
    }
    fail_msg("the graph has no node '%s'", name);
    return 0;
}

size_t test_network_value(const mote_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->value_count; i++) {
        if (strcmp(graph->values[i].name, name) == 0)
            return i;
    }
    fail_msg("the graph has no value '%s'", name);
    return 0;
}

static void collect(void *user, const char *text, size_t length)
{
    test_text *const all = user;
    assert_true(all->length + length < sizeof all->text);
    memcpy(all->text + all->length, text, length);
    all->length += length;
    all->text[all->length] = '\0';
}

mote_writer test_text_writer(test_text *text)
{
    text->length = 0;
    text->text[0] = '\0';
    return (mote_writer){.user = text, .write = collect};
}
