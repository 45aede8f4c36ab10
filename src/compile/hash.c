// SPDX-License-Identifier: Apache-2.0
// The model's hash: equal for two descriptions that train to the same bits from the same data. And the same as a text.
#include "compile/settings.h"

#include "base/text.h"

/// Where what makes a model goes: into a hash, and as words of a text.
typedef struct sink {
    mote_sha256 hash;
    const mote_writer *writer; // NULL: no text
} sink;

/// What tells two models apart, and what it is called in the text.
static void add_text(sink *s, const char *key, const char *text)
{
    mote_sha256_add_text(&s->hash, text);
    if (s->writer)
        mote_write(s->writer, " %s=%s", key, text);
}

static void add_number(sink *s, const char *key, uint64_t number)
{
    mote_sha256_add_number(&s->hash, number);
    if (s->writer)
        mote_write(s->writer, " %s=%llu", key, (unsigned long long)number);
}

/// Of the text alone: what the words that follow are about.
static void begin_line(const sink *s, const char *name)
{
    if (s->writer)
        mote_write(s->writer, "%s", name);
}

static void end_line(const sink *s)
{
    if (s->writer)
        mote_write(s->writer, "\n");
}

static void add_properties(sink *s, const mote_property *table, const void *state)
{
    for (const mote_property *row = table; row && row->name; row++) {
        char value[512];
        mote_property_get(row, state, value, sizeof value);
        mote_sha256_add_text(&s->hash, row->name);
        add_text(s, row->name, value);
    }
}

static void add_spec(sink *s, const char *key, const mote_tensor_spec *spec)
{
    char shape[128];
    add_text(s, key, mote_dtype_text(spec->dtype));
    add_text(s, key, mote_shape_text(&spec->shape, shape, sizeof shape));
}

static void add_real(sink *s, const char *key, double number)
{
    static const mote_property property = {.name = "number", .kind = MOTE_PROPERTY_REAL};
    char text[64];
    mote_property_get(&property, &number, text, sizeof text);
    add_text(s, key, text);
}

static void add_node(sink *s, const mote_graph *graph, const mote_node *node)
{
    mote_sha256_add_text(&s->hash, node->name);
    begin_line(s, node->name);
    add_text(s, "type", node->layer->name);
    add_number(s, "trainable", node->trainable);
    add_properties(s, node->layer->properties, node->state);
    if (node->layer->kind == MOTE_LAYER_LOSS)
        add_real(s, "loss_weight", node->loss_weight);
    for (size_t i = 0; i < node->input_count; i++)
        add_text(s, "input", graph->values[node->inputs[i]].name);
    for (size_t i = 0; i < node->declaration.output_count; i++)
        add_spec(s, "output", &node->declaration.outputs[i]);
    for (size_t i = 0; i < node->declaration.weight_count; i++) {
        add_spec(s, "weight", &node->declaration.weights[i].spec);
        if (!mote_graph_owns(graph, (size_t)(node - graph->nodes), i))
            add_text(s, "shared_from", node->weight_names[i]);
    }
    end_line(s);
}

static void add_training(sink *s, const mote_training_settings *settings)
{
    if (!settings->optimizer)
        return;
    begin_line(s, "[Optimizer]");
    add_text(s, "type", settings->optimizer->name);
    add_real(s, "learning_rate", settings->learning_rate);
    if (settings->moving_average > 0.0) {
        mote_sha256_add_text(&s->hash, "moving_average");
        add_real(s, "moving_average", settings->moving_average);
    }
    if (settings->clip != MOTE_CLIP_NONE) {
        mote_sha256_add_number(&s->hash, settings->clip);
        add_real(s, settings->clip == MOTE_CLIP_NORM ? "clip_norm" : "clip_value",
                 settings->clip_limit);
    }
    add_properties(s, settings->optimizer->properties, settings->optimizer_state);
    end_line(s);
    begin_line(s, "[LearningRateScheduler]");
    add_text(s, "type", settings->rate->name);
    add_properties(s, settings->rate->properties, settings->rate_state);
    end_line(s);
}

/// Losses come first: another one changes the layers behind the last, too.
static void add_model(sink *s, const mote_graph *graph, const mote_training_settings *settings,
                      const mote_description *description)
{
    begin_line(s, "[Model]");
    for (size_t i = 0; i < graph->loss_count; i++)
        add_text(s, "loss", graph->nodes[graph->losses[i].node].layer->name);
    add_number(s, "batch_size", description->settings.batch_size);
    add_number(s, "seed", description->settings.seed);
    end_line(s);
    for (size_t i = 0; i < graph->node_count; i++)
        add_node(s, graph, &graph->nodes[i]);
    add_training(s, settings);
}

void mote_compiled_describe(const mote_compiled *compiled, const mote_description *description,
                            const mote_writer *writer)
{
    sink s = {.writer = writer};
    mote_sha256_init(&s.hash);
    add_model(&s, mote_compiled_graph(compiled), &compiled->settings, description);
}

static mote_status hash_model(const mote_compile_request *request, mote_arena *arena, char *text)
{
    const mote_description *description = request->description;
    const mote_graph_config config = {.description = description,
                                      .layers = request->context->layers,
                                      .thread_count = request->context->parallel.thread_count};
    mote_graph graph;
    mote_training_settings settings = {.optimizer = NULL};
    sink s = {.writer = NULL};
    MOTE_TRY(mote_graph_build(&config, arena, &graph));
    if (description->optimizer || description->schedule)
        MOTE_TRY(mote_compile_settings(request, arena, &settings));
    mote_sha256_init(&s.hash);
    add_model(&s, &graph, &settings, description);
    mote_sha256_finish(&s.hash, text);
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
