// SPDX-License-Identifier: Apache-2.0
// Random networks: no step of any of their programs reads what another tensor has overwritten.
#include "program.h"

#define LAYERS_MAX    14U
#define NETWORK_COUNT 400U
#define SHARED_KINDS  2U // the first kinds of write_layer: all of one kind have weights of one shape

typedef struct generator {
    mote_random_key key;
    uint64_t index;
    char text[8192];
    size_t length;
    size_t layer_count;
    bool is_read[LAYERS_MAX + 1];
    size_t owners[SHARED_KINDS]; // the last layer of a kind that has weights of its own, or 0
} generator;

static size_t draw(generator *g, size_t below)
{
    return mote_random_word(&g->key, g->index++) % below;
}

static void write_text(generator *g, const char *text)
{
    const size_t length = strlen(text);
    assert_true(g->length + length < sizeof g->text);
    memcpy(g->text + g->length, text, length + 1);
    g->length += length;
}

static void write_name(generator *g, const char *before, size_t layer)
{
    char text[128];
    (void)snprintf(text, sizeof text, "%sl%zu", before, layer);
    write_text(g, text);
}

/// `count` layers above the current one; the last one most of the time.
static void write_inputs(generator *g, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const bool nearest = i == 0 && draw(g, 3) > 0;
        const size_t layer = nearest ? g->layer_count - 1 : draw(g, g->layer_count);
        write_name(g, i == 0 ? "input_layers = " : ",", layer);
        g->is_read[layer] = true;
    }
    write_text(g, "\n");
}

/// Half of the layers that could have the weights of one above them do.
static void write_sharing(generator *g, size_t kind)
{
    if (kind >= SHARED_KINDS)
        return;
    if (g->owners[kind] == 0 || draw(g, 2)) {
        g->owners[kind] = g->layer_count;
        return;
    }
    write_name(g, "shared_from = ", g->owners[kind]);
    write_text(g, "\n");
}

/// A split, and as the next layer both of its parts, or one of them twice: of the split's shape.
static void write_split(generator *g)
{
    const size_t first = draw(g, 2);
    const size_t second = draw(g, 2);
    char text[128];
    write_name(g, "[split_", g->layer_count);
    write_text(g, "]\ntype = split\naxis = 1\n");
    write_inputs(g, 1);
    write_name(g, "[", g->layer_count);
    (void)snprintf(text, sizeof text,
                   "]\ntype = concat\ninput_layers = split_l%zu(%zu), split_l%zu(%zu)\n",
                   g->layer_count, first, g->layer_count, second);
    write_text(g, text);
    g->layer_count++;
}

static void write_layer(generator *g)
{
    static const char *const kinds[] = {
        "type = conv2d\nfilters = 2\nkernel_size = 3\npadding = same\n",
        "type = fully_connected\nunit = 4\n",
        "type = batch_normalization\n",
        "type = activation\nactivation = relu\n",
        "type = activation\nactivation = softmax\n",
        "type = dropout\ndropout_rate = 0.5\n",
        "type = pooling2d\npooling = max\npool_size = 3\nstride = 1\npadding = 1\n",
        "type = pooling2d\npooling = average\npool_size = 3\nstride = 1\npadding = 1\n",
        "type = identity\n",
        "type = permute\ndirection = 1,3,2\n",
        "type = multiply\n",
        "type = addition\n",
    };
    const size_t kind_count = sizeof kinds / sizeof kinds[0];
    const size_t kind = draw(g, kind_count + 1);
    if (kind == kind_count) {
        write_split(g);
        return;
    }
    write_name(g, "[", g->layer_count);
    write_text(g, "]\n");
    write_text(g, kinds[kind]);
    write_inputs(g, kind >= kind_count - 2 ? 2 + draw(g, 3) : 1);
    if (draw(g, 3) == 0)
        write_text(g, "trainable = false\n");
    write_sharing(g, kind);
    g->layer_count++;
}

/// Adds up all outputs that nothing reads, then a classifier.
static void write_end(generator *g)
{
    const char *separator = "[sum]\ntype = addition\ninput_layers = l0,";
    for (size_t i = 0; i < g->layer_count; i++) {
        if (g->is_read[i])
            continue;
        write_name(g, separator, i);
        separator = ",";
    }
    write_text(g, "\n[f]\ntype = flatten\n[out]\ntype = fully_connected\nunit = 3\n");
    write_text(g, draw(g, 2) ? "activation = softmax\n[Model]\nloss = cross\n"
                             : "activation = sigmoid\n[Model]\nloss = mse\n");
}

static void generate(generator *g, uint64_t seed)
{
    *g = (generator){.key = {.seed = seed}};
    write_text(g, "[l0]\ntype = input\ninput_shape = 2:4:4\n");
    if (draw(g, 4) == 0)
        write_text(g, "normalization = true\n");
    g->layer_count = 1;
    const size_t count = 1 + draw(g, LAYERS_MAX - 1);
    while (g->layer_count <= count)
        write_layer(g);
    write_end(g);
}

static void no_tensor_is_overwritten_between_its_write_and_its_last_read(void **state)
{
    static const program_kind kinds[] = {TRAIN,           TRAIN_AFTER_ALL, TRAIN_CLIP_VALUE,
                                         TRAIN_CLIP_NORM, EVALUATE,        INFER};
    generator g;
    for (uint64_t seed = 0; seed < NETWORK_COUNT; seed++) {
        generate(&g, seed);
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            program p;
            program_build(state, g.text, kinds[i], &p);
            program_release(&p);
        }
    }
}

/// Moves the tensor to each other block that lives at the same time; returns how many there are.
static size_t misplace(const mote_schedule *schedule, mote_schedule_tensor *tensor)
{
    char problem[512];
    size_t moved = 0;
    const size_t before = tensor->block;
    for (size_t i = 0; i < schedule->block_count; i++) {
        const mote_block *const block = &schedule->blocks[i];
        if (i == before || block->first > tensor->last || block->last < tensor->first)
            continue;
        tensor->block = i;
        if (replay_is_right(schedule, problem, sizeof problem))
            fail_msg("'%s' in the block of '%s' goes unnoticed", tensor->name, block->name);
        moved++;
    }
    tensor->block = before;
    return moved;
}

static void the_replay_notices_a_block_that_is_shared_wrongly(void **state)
{
    program p;
    size_t noticed = 0;
    program_build(state, "[Model]\nloss = mse\n" INPUT CONV("c") BN("n") RELU("r") FC("out"), TRAIN,
                  &p);
    for (size_t i = 0; i < p.schedule.tensor_count; i++) {
        mote_schedule_tensor *const tensor = &p.schedule.tensors[i];
        if (!tensor->persistent && tensor->block != MOTE_NONE)
            noticed += misplace(&p.schedule, tensor);
    }
    assert_true(noticed > 50);
    program_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_tensor_is_overwritten_between_its_write_and_its_last_read),
        cmocka_unit_test(the_replay_notices_a_block_that_is_shared_wrongly),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
