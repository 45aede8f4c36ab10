// SPDX-License-Identifier: Apache-2.0
// The model's hash: equal for two descriptions that train to the same bits from the same data.
#include "compile/settings.h"

static void add_properties(mote_sha256 *hash, const mote_property *table, const void *state)
{
    for (const mote_property *row = table; row && row->name; row++) {
        char value[512];
        mote_property_get(row, state, value, sizeof value);
        mote_sha256_add_text(hash, row->name);
        mote_sha256_add_text(hash, value);
    }
}

static void add_shape(mote_sha256 *hash, const mote_tensor_spec *spec)
{
    char shape[128];
    mote_sha256_add_text(hash, mote_dtype_text(spec->dtype));
    mote_sha256_add_text(hash, mote_shape_text(&spec->shape, shape, sizeof shape));
}

static void add_real(mote_sha256 *hash, double number)
{
    static const mote_property property = {.name = "number", .kind = MOTE_PROPERTY_REAL};
    char text[64];
    mote_property_get(&property, &number, text, sizeof text);
    mote_sha256_add_text(hash, text);
}

static void add_node(mote_sha256 *hash, const mote_graph *graph, const mote_node *node)
{
    mote_sha256_add_text(hash, node->name);
    mote_sha256_add_text(hash, node->layer->name);
    mote_sha256_add_number(hash, node->trainable);
    add_properties(hash, node->layer->properties, node->state);
    if (node->layer->kind == MOTE_LAYER_LOSS)
        add_real(hash, node->loss_weight);
    for (size_t i = 0; i < node->input_count; i++)
        mote_sha256_add_text(hash, graph->values[node->inputs[i]].name);
    for (size_t i = 0; i < node->declaration.output_count; i++)
        add_shape(hash, &node->declaration.outputs[i]);
    for (size_t i = 0; i < node->declaration.weight_count; i++) {
        add_shape(hash, &node->declaration.weights[i].spec);
        if (!mote_graph_owns(graph, (size_t)(node - graph->nodes), i))
            mote_sha256_add_text(hash, node->weight_names[i]);
    }
}

static void add_training(mote_sha256 *hash, const mote_training_settings *settings)
{
    if (!settings->optimizer)
        return;
    mote_sha256_add_text(hash, settings->optimizer->name);
    add_real(hash, settings->learning_rate);
    if (settings->moving_average > 0.0) {
        mote_sha256_add_text(hash, "moving_average");
        add_real(hash, settings->moving_average);
    }
    if (settings->clip != MOTE_CLIP_NONE) {
        mote_sha256_add_number(hash, settings->clip);
        add_real(hash, settings->clip_limit);
    }
    add_properties(hash, settings->optimizer->properties, settings->optimizer_state);
    mote_sha256_add_text(hash, settings->rate->name);
    add_properties(hash, settings->rate->properties, settings->rate_state);
}

static mote_status hash_model(const mote_compile_request *request, mote_arena *arena, char *text)
{
    const mote_description *description = request->description;
    const mote_graph_config config = {.description = description,
                                      .layers = request->context->layers,
                                      .thread_count = request->context->parallel.thread_count};
    mote_graph graph;
    mote_training_settings settings = {.optimizer = NULL};
    mote_sha256 hash;
    MOTE_TRY(mote_graph_build(&config, arena, &graph));
    if (description->optimizer || description->schedule)
        MOTE_TRY(mote_compile_settings(request, arena, &settings));
    mote_sha256_init(&hash);
    for (size_t i = 0; i < graph.node_count; i++)
        add_node(&hash, &graph, &graph.nodes[i]);
    add_training(&hash, &settings);
    mote_sha256_add_number(&hash, description->settings.batch_size);
    mote_sha256_add_number(&hash, description->settings.seed);
    mote_sha256_finish(&hash, text);
    return MOTE_OK;
}

mote_status mote_compile_check(const mote_compile_request *request, mote_arena *arena,
                               char model_hash[MOTE_SHA256_TEXT_BYTES])
{
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    const mote_status status = hash_model(request, arena, model_hash);
    mote_arena_release_to(arena, mark);
    return status;
}
