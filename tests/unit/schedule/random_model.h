// SPDX-License-Identifier: Apache-2.0
// Random models: branches, layers of several outputs, shared weights, tensors that are no samples, integers,
// one loss or several, outputs that nobody reads.
#ifndef MOTE_TESTS_UNIT_SCHEDULE_RANDOM_MODEL_H
#define MOTE_TESTS_UNIT_SCHEDULE_RANDOM_MODEL_H

#include "base/random.h"
#include "base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RANDOM_LAYERS_MAX 15U
#define RANDOM_INPUTS_MAX 4U
#define RANDOM_LOSSES_MAX 3U

/// Layers from 2:4:4 to 2:4:4. Those of rows see 1:8:4 between two reshapes.
static const struct random_kind {
    const char *text;
    bool shares;  // may have the weights of another one
    bool rows;    // of rows;
    bool lengths; // may read their lengths, too
    bool sums;    // several inputs, which may be smaller or no samples

    enum {
        RANDOM_PLAIN,
        RANDOM_SPLIT,
        RANDOM_TABLE
    } form;
} random_kinds[] = {
    {.text = "type = conv2d\nfilters = 2\nkernel_size = 3\npadding = same\n", .shares = true},
    {.text = "type = fully_connected\nunit = 4\n", .shares = true},
    {.text = "type = batch_normalization\n"},
    {.text = "type = layer_normalization\naxis = 1,3\n"},
    {.text = "type = activation\nactivation = relu\n"},
    {.text = "type = activation\nactivation = swish\n"},
    {.text = "type = activation\nactivation = softmax\n"},
    {.text = "type = activation\nactivation = log_softmax\naxis = 1\n"},
    {.text = "type = dropout\ndropout_rate = 0.5\n"},
    {.text = "type = pooling2d\npooling = max\npool_size = 3\nstride = 1\npadding = 1\n"},
    {.text = "type = pooling2d\npooling = average\npool_size = 3\nstride = 1\npadding = 1\n"},
    {.text = "type = identity\n"},
    {.text = "type = permute\ndirection = 1,3,2\n"},
    {.text = "type = positional_encoding\nencoding = learned\n", .rows = true},
    {.text = "type = lstm\nunit = 4\nreturn_sequences = true\n", .rows = true, .lengths = true},
    {.text = "type = multi_head_attention\nnum_heads = 2\n", .rows = true, .lengths = true},
    {.text = "type = multiply\n", .sums = true},
    {.text = "type = addition\n", .sums = true},
    {.text = "type = split\naxis = 1\n", .form = RANDOM_SPLIT},
    {.text = "type = embedding\nout_dim = 4\nin_dim = ", .form = RANDOM_TABLE},
};

#define RANDOM_KINDS (sizeof random_kinds / sizeof random_kinds[0])

typedef struct random_layer {
    size_t kind, input_count, inputs[RANDOM_INPUTS_MAX];
    size_t owner;        // of its weights, or itself
    size_t weight;       // a `weight` that it reads, too; 0: none
    bool reads_integers; // lengths
    bool frozen, is_read;
    bool is_followed;     // by a loss
    size_t first, second; // of a split: the parts that are joined again
} random_layer;

#define RANDOM_WEIGHTS 2U

/// Layer 0 is the input.
typedef struct random_model {
    mote_random_key key;
    uint64_t index;
    size_t layer_count;
    random_layer layers[RANDOM_LAYERS_MAX];
    bool has_losses; // sections; otherwise [Model] loss behind the sum of what nobody reads
    size_t loss_count, losses[RANDOM_LOSSES_MAX];
    char text[16384];
    size_t length;
} random_model;

static inline size_t random_draw(random_model *m, size_t below)
{
    return mote_random_word(&m->key, m->index++) % below;
}

static inline void random_write(random_model *m, const char *format, ...) MOTE_PRINTF(2, 3);

static inline void random_write(random_model *m, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length =
        vsnprintf(m->text + m->length, sizeof m->text - m->length, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < sizeof m->text - m->length);
    m->length += (size_t)length;
}

/// Layers above the next one; the last one most of the time.
static inline void random_draw_inputs(random_model *m, random_layer *layer, size_t count)
{
    for (layer->input_count = 0; layer->input_count < count; layer->input_count++) {
        const bool nearest = layer->input_count == 0 && random_draw(m, 3) > 0;
        const size_t input = nearest ? m->layer_count - 1 : random_draw(m, m->layer_count);
        layer->inputs[layer->input_count] = input;
        m->layers[input].is_read = true;
    }
}

/// Half of the layers that could have the weights of one above them do.
static inline size_t random_draw_owner(random_model *m, size_t kind)
{
    for (size_t i = m->layer_count; random_kinds[kind].shares && i-- > 1;) {
        if (m->layers[i].kind == kind && m->layers[i].owner == i && random_draw(m, 2))
            return i;
    }
    return m->layer_count;
}

static inline void random_draw_layer(random_model *m)
{
    random_layer *const layer = &m->layers[m->layer_count];
    layer->kind = random_draw(m, RANDOM_KINDS);
    const struct random_kind *const kind = &random_kinds[layer->kind];
    layer->owner = random_draw_owner(m, layer->kind);
    layer->frozen = random_draw(m, 3) == 0;
    layer->reads_integers = kind->lengths && random_draw(m, 2);
    layer->first = random_draw(m, 2);
    layer->second = random_draw(m, 2);
    if (kind->sums)
        layer->weight = random_draw(m, RANDOM_WEIGHTS + 2);
    layer->weight = layer->weight > RANDOM_WEIGHTS ? 0 : layer->weight;
    random_draw_inputs(m, layer,
                       kind->sums                   ? 2 + random_draw(m, 3)
                       : kind->form == RANDOM_TABLE ? 0
                                                    : 1);
    m->layer_count++;
}

/// Layers that a loss follows, from the last one to the first.
static inline void random_follow(random_model *m)
{
    for (size_t i = 0; i < m->loss_count; i++)
        m->layers[m->losses[i]].is_followed = true;
    for (size_t i = m->layer_count; i-- > 0;) {
        random_layer *const layer = &m->layers[i];
        layer->is_followed |= !m->has_losses;
        for (size_t j = 0; layer->is_followed && j < layer->input_count; j++)
            m->layers[layer->inputs[j]].is_followed = true;
    }
}

static inline void random_draw_losses(random_model *m)
{
    m->has_losses = random_draw(m, 3) > 0;
    m->loss_count = m->has_losses ? 1 + random_draw(m, RANDOM_LOSSES_MAX) : 0;
    for (size_t i = 0; i < m->loss_count; i++)
        m->losses[i] = 1 + random_draw(m, m->layer_count - 1);
    random_follow(m);
}

static inline void random_write_inputs(random_model *m, const random_layer *layer)
{
    for (size_t i = 0; i < layer->input_count; i++)
        random_write(m, "%sl%zu", i == 0 ? "input_layers = " : ",", layer->inputs[i]);
    if (layer->weight)
        random_write(m, ",w%zu", layer->weight);
    random_write(m, "\n");
}

/// What a layer of weights has besides its own keys.
static inline void random_write_keys(random_model *m, size_t index)
{
    const random_layer *const layer = &m->layers[index];
    if (layer->frozen || !layer->is_followed)
        random_write(m, "trainable = false\n");
    if (layer->owner != index)
        random_write(m, "shared_from = l%zu\n", layer->owner);
}

/// A split, and its parts one after the other, or one of them twice.
static inline void random_write_split(random_model *m, size_t index)
{
    const random_layer *const layer = &m->layers[index];
    random_write(m, "[s%zu]\n%s", index, random_kinds[layer->kind].text);
    random_write_inputs(m, layer);
    random_write(m, "[l%zu]\ntype = concat\ninput_layers = s%zu(%zu), s%zu(%zu)\n", index, index,
                 layer->first, index, layer->second);
}

/// A table of so few rows that a batch may read all, or of many.
static inline void random_write_table(random_model *m, size_t index)
{
    const random_layer *const layer = &m->layers[index];
    const char *source = "tokens";
    if (layer->first) {
        random_write(m, "[v%zu]\ntype = identity\ninput_layers = tokens\n", index);
        source = "v";
    }
    random_write(m, "[e%zu]\n%s%u\ninput_layers = %s", index, random_kinds[layer->kind].text,
                 layer->second ? 5U : 5000U, source);
    if (layer->first)
        random_write(m, "%zu", index);
    random_write(m, "\n");
    random_write_keys(m, index);
    random_write(m, "[l%zu]\ntype = reshape\ntarget_shape = 2:4:4\n", index);
}

static inline void random_write_rows(random_model *m, size_t index)
{
    const random_layer *const layer = &m->layers[index];
    random_write(m, "[a%zu]\ntype = reshape\ntarget_shape = 1:8:4\n", index);
    random_write_inputs(m, layer);
    random_write(m, "[r%zu]\n%sinput_layers = a%zu%s\n", index, random_kinds[layer->kind].text,
                 index, layer->reads_integers ? ",lengths" : "");
    random_write_keys(m, index);
    random_write(m, "[l%zu]\ntype = reshape\ntarget_shape = 2:4:4\n", index);
}

static inline void random_write_layer(random_model *m, size_t index)
{
    const struct random_kind *const kind = &random_kinds[m->layers[index].kind];
    if (kind->form == RANDOM_SPLIT) {
        random_write_split(m, index);
    } else if (kind->form == RANDOM_TABLE) {
        random_write_table(m, index);
    } else if (kind->rows) {
        random_write_rows(m, index);
    } else {
        random_write(m, "[l%zu]\n%s", index, kind->text);
        random_write_inputs(m, &m->layers[index]);
        random_write_keys(m, index);
    }
}

/// Inputs of integers and trained tensors, as far as layers read them.
static inline void random_write_sources(random_model *m)
{
    static const char *const shapes[RANDOM_WEIGHTS + 1] = {NULL, "2:1:4", "1:4:1"};
    bool has_tokens = m->has_losses && random_draw(m, 8) == 0; // read by nobody, perhaps
    bool has_lengths = false;
    bool has_weight[RANDOM_WEIGHTS + 1] = {false};
    bool trains_weight[RANDOM_WEIGHTS + 1] = {false};
    for (size_t i = 1; i < m->layer_count; i++) {
        const random_layer *const layer = &m->layers[i];
        has_tokens |= random_kinds[layer->kind].form == RANDOM_TABLE;
        has_lengths |= layer->reads_integers;
        has_weight[layer->weight] = true;
        trains_weight[layer->weight] |= layer->is_followed;
    }
    if (has_tokens)
        random_write(m, "[tokens]\ntype = input\ninput_shape = 1:1:8\ndtype = int32\n");
    if (has_lengths)
        random_write(m, "[lengths]\ntype = input\ninput_shape = 1:1:1\ndtype = int32\n");
    for (size_t i = 1; i <= RANDOM_WEIGHTS; i++) {
        if (has_weight[i])
            random_write(m, "[w%zu]\ntype = weight\ndim = %s\n%s", i, shapes[i],
                         trains_weight[i] ? "" : "trainable = false\n");
    }
}

/// Adds up all outputs that nothing reads, then a classifier.
static inline void random_write_classifier(random_model *m)
{
    random_write(m, "[sum]\ntype = addition\ninput_layers = l0");
    for (size_t i = 0; i < m->layer_count; i++) {
        if (!m->layers[i].is_read)
            random_write(m, ",l%zu", i);
    }
    random_write(m, "\n[f]\ntype = flatten\n[out]\ntype = fully_connected\nunit = 3\n%s",
                 random_draw(m, 2) ? "activation = softmax\n[Model]\nloss = cross\n"
                                   : "activation = sigmoid\n[Model]\nloss = mse\n");
}

/// Losses read layers, or a part of a split.
static inline void random_write_losses(random_model *m)
{
    static const char *const kinds[] = {"mse", "huber", "constant_derivative", "cross_sigmoid",
                                        "kld"};
    for (size_t i = 0; i < m->loss_count; i++) {
        const size_t layer = m->losses[i];
        const bool is_split = random_kinds[m->layers[layer].kind].form == RANDOM_SPLIT;
        const size_t kind = random_draw(m, sizeof kinds / sizeof kinds[0]);
        random_write(m, "[loss%zu]\ntype = %s\nloss_weight = 0.5\ninput_layers = ", i, kinds[kind]);
        if (is_split && random_draw(m, 2))
            random_write(m, "s%zu(%zu)\n", layer, random_draw(m, 2));
        else
            random_write(m, "l%zu\n", layer);
    }
    random_write(m, "[Model]\nbatch_size = 3\n");
}

/// The same seed gives the same model.
static inline void random_model_make(random_model *m, uint64_t seed)
{
    *m = (random_model){.key = {.seed = seed}, .layer_count = 1};
    const size_t count = 2 + random_draw(m, RANDOM_LAYERS_MAX - 2);
    while (m->layer_count < count)
        random_draw_layer(m);
    random_draw_losses(m);
    random_write_sources(m);
    random_write(m, "[l0]\ntype = input\ninput_shape = 2:4:4\n%s",
                 random_draw(m, 4) ? "" : "normalization = true\n");
    for (size_t i = 1; i < m->layer_count; i++)
        random_write_layer(m, i);
    if (m->has_losses)
        random_write_losses(m);
    else
        random_write_classifier(m);
}

#endif
