// SPDX-License-Identifier: Apache-2.0
// Bytes choose a network: layers, keys, who reads whom. It is compiled twice, with all that saves memory and with
// nothing of it, and trained for two steps on the same noise: both must end alike, with the same bits.
#include "fuzz.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS_MAX  12U
#define ARENA_MAX   (16U << 20U)
#define STEPS       2U
#define DIGEST_SIZE 65U

#define TRY(call)                            \
    do {                                     \
        const mote_status try_status = call; \
        if (try_status != MOTE_OK)           \
            return try_status;               \
    } while (0)

/// Choices taken from the input; behind its end all are the first.
typedef struct choices {
    const uint8_t *data;
    size_t left;
} choices;

typedef struct network {
    choices choices;
    size_t length;
    char text[8192];
} network;

/// "name", values divided by '|' or "#first-last"; a leading '?' is for keys that may be absent.
typedef struct key_row {
    const char *name;
    const char *values;
} key_row;

typedef struct layer_row {
    const char *type;
    unsigned inputs; // most that it reads
    key_row keys[6];
} layer_row;

static const key_row common_keys[] = {
    {"activation",
     "?relu|sigmoid|tanh|softmax|log_softmax|leaky_relu|elu|softplus|swish|gelu|mish"},
    {"trainable", "?false"},
    {"flatten", "?true"},
    {"shared_from", "?l1|l2|l3|l4"},
};

static const layer_row layer_rows[] = {
    {"fully_connected", 1, {{"unit", "#1-9"}, {"disable_bias", "?true"}}},
    {"conv2d",
     1,
     {{"filters", "#1-8"},
      {"kernel_size", "1|2|3|5|1,3|3,2"},
      {"stride", "?2|3|2,1"},
      {"padding", "?same|1|1,2|0,1,2"},
      {"dilation", "?2|1,2"},
      {"groups", "?2|3|4"}}},
    {"pooling2d",
     1,
     {{"pooling", "max|average|global_max|global_average"},
      {"pool_size", "?1|2|3|2,3"},
      {"stride", "?1|2|3"},
      {"padding", "?same|1|0,1"}}},
    {"batch_normalization", 1, {{"momentum", "?0|0.5"}, {"disable_bias", "?true"}}},
    {"layer_normalization", 1, {{"axis", "?1|2|3|2,3|1,2,3"}, {"disable_bias", "?true"}}},
    {"multi_head_attention",
     4,
     {{"num_heads", "1|2|3"},
      {"projected_key_dim", "?1|3"},
      {"output_shape", "?4|5"},
      {"causal", "?true"},
      {"dropout_rate", "?0.3"}}},
    {"dropout", 1, {{"dropout_rate", "0.3|0"}}},
    {"flatten", 1, {{NULL, NULL}}},
    {"reshape", 1, {{"target_shape", "1:1:12|4:3:2|2:3:6|1:6:6|36"}}},
    {"permute", 1, {{"direction", "1,3,2|3,1,2|2,1,3|3,2,1|1,2,3"}}},
    {"identity", 1, {{NULL, NULL}}},
    {"slice", 1, {{"axis", "1|2|3"}, {"start_index", "#1-3"}, {"end_index", "#2-5"}}},
    {"split", 1, {{"axis", "1|2|3"}, {"split_number", "?2|3"}, {"split_sizes", "?1,1|1,2|2,2"}}},
    {"concat", 3, {{"axis", "1|2|3"}}},
    {"addition", 3, {{NULL, NULL}}},
    {"multiply", 3, {{NULL, NULL}}},
    {"rescale", 1, {{"scale", "2|-0.5"}, {"shift", "?1"}}},
    {"weight", 0, {{"dim", "1|3|2:3|4:1:1"}}},
    {"embedding", 1, {{"in_dim", "#1-9"}, {"out_dim", "#1-5"}}},
    {"activation",
     1,
     {{"activation", "relu6|selu|hard_sigmoid|tanh_gelu|hard_swish|softmax|log_softmax"},
      {"axis", "?1|2"}}},
    {"lstm", 2, {{"unit", "#1-5"}, {"return_sequences", "?true"}, {"disable_bias", "?true"}}},
    {"positional_encoding", 1, {{"encoding", "sinusoidal|learned"}}},
    {"mse", 1, {{"loss_weight", "?0.5"}}},
    {"cross_softmax", 1, {{"label", "?one_hot"}}},
};

/// 0 .. count - 1.
static unsigned choose(choices *from, unsigned count)
{
    if (from->left == 0 || count == 0)
        return 0;
    from->left--;
    return *from->data++ % count;
}

static void __attribute__((format(printf, 2, 3))) put(network *n, const char *format, ...)
{
    va_list arguments;
    const size_t room = sizeof n->text - n->length;
    va_start(arguments, format);
    const int length = vsnprintf(n->text + n->length, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room)
        abort(); // the text is too small for LAYERS_MAX
    n->length += (size_t)length;
}

static void put_one_of(network *n, const char *values)
{
    unsigned count = 1;
    for (const char *at = values; *at; at++)
        count += *at == '|';
    for (unsigned skipped = choose(&n->choices, count); skipped > 0; skipped--)
        values = strchr(values, '|') + 1;
    put(n, "%.*s\n", (int)strcspn(values, "|"), values);
}

/// One of "first-last".
static void put_number(network *n, const char *range)
{
    char *end = NULL;
    const unsigned first = (unsigned)strtoul(range, &end, 10);
    const unsigned last = (unsigned)strtoul(end + 1, NULL, 10);
    put(n, "%u\n", first + choose(&n->choices, last - first + 1));
}

static void put_key(network *n, const key_row *key)
{
    const bool is_optional = key->values[0] == '?';
    if (is_optional && choose(&n->choices, 4) != 1)
        return;
    put(n, "%s = ", key->name);
    if (key->values[0] == '#')
        put_number(n, key->values + 1);
    else
        put_one_of(n, key->values + is_optional);
}

/// The layer above unless the input says otherwise.
static void put_inputs(network *n, const layer_row *row, unsigned number)
{
    const unsigned count = row->inputs > 1 ? choose(&n->choices, row->inputs + 1) : 1;
    if (row->inputs == 0 || (row->inputs == 1 && choose(&n->choices, 4) != 1) || count == 0)
        return;
    put(n, "input_layers = ");
    for (unsigned i = 0; i < count; i++) {
        put(n, "%sl%u", i > 0 ? "," : "", choose(&n->choices, number));
        if (choose(&n->choices, 4) == 1)
            put(n, "(1)");
    }
    put(n, "\n");
}

static void put_layer(network *n, unsigned number)
{
    const size_t count = sizeof layer_rows / sizeof layer_rows[0];
    const layer_row *const row = &layer_rows[choose(&n->choices, (unsigned)count)];
    put(n, "[l%u]\ntype = %s\n", number, row->type);
    put_inputs(n, row, number);
    for (size_t i = 0; i < sizeof row->keys / sizeof row->keys[0] && row->keys[i].name; i++)
        put_key(n, &row->keys[i]);
    if (strcmp(row->type, "activation") == 0)
        return;
    for (size_t i = 0; i < sizeof common_keys / sizeof common_keys[0]; i++)
        put_key(n, &common_keys[i]);
}

static void put_head(network *n)
{
    static const key_row model[] = {
        {"loss", "?cross|mse|l1|huber|kld"}, {"batch_size", "#1-5"}, {"apply", "?after_all"}};
    static const key_row optimizer[] = {
        {"type", "sgd|adam|adamw|rmsprop"}, {"clip_norm", "?1"}, {"moving_average", "?0.9"}};
    static const key_row input[] = {{"input_shape", "1:3:4|2:3:6|3:6:6|1:1:12|1:6:3|4:3:3"},
                                    {"standardization", "?true"}};
    put(n, "[Model]\n");
    for (size_t i = 0; i < sizeof model / sizeof model[0]; i++)
        put_key(n, &model[i]);
    put(n, "[Optimizer]\n");
    for (size_t i = 0; i < sizeof optimizer / sizeof optimizer[0]; i++)
        put_key(n, &optimizer[i]);
    put(n, "[l0]\ntype = input\n");
    for (size_t i = 0; i < sizeof input / sizeof input[0]; i++)
        put_key(n, &input[i]);
}

static void put_network(network *n)
{
    unsigned number = 1;
    put_head(n);
    if (choose(&n->choices, 4) == 1) // integers: indices, or lengths
        put(n, "[l%u]\ntype = input\ninput_shape = 1:1:%u\ndtype = int32\n", number++,
            1 + choose(&n->choices, 3));
    const unsigned count = 1 + choose(&n->choices, LAYERS_MAX);
    for (unsigned i = 0; i < count; i++)
        put_layer(n, number++);
    if (choose(&n->choices, 2) == 0)
        put(n, "[out]\ntype = fully_connected\nunit = %u\nactivation = %s\n",
            1 + choose(&n->choices, 5), choose(&n->choices, 2) == 0 ? "softmax" : "sigmoid");
}

/// How a training ended.
typedef struct outcome {
    mote_status status;
    bool is_skipped; // too large
    char digest[DIGEST_SIZE];
    char message[1024];
} outcome;

static void check_plan(const mote_plan_info *plan)
{
    if (plan->arena_bytes >= plan->lower_bound_bytes && plan->arena_bytes <= plan->unplanned_bytes)
        return;
    (void)fprintf(stderr, "arena %zu, lower bound %zu, without reuse %zu\n", plan->arena_bytes,
                  plan->lower_bound_bytes, plan->unplanned_bytes);
    abort();
}

static mote_status train(mote_model *model, const mote_compile_config *config, outcome *end)
{
    const mote_train_config steps = {.steps = STEPS};
    mote_train_result result;
    mote_plan_info plan;
    TRY(mote_model_compile(model, config));
    TRY(mote_model_get_plan(model, &plan));
    check_plan(&plan);
    end->is_skipped = plan.arena_bytes > ARENA_MAX;
    if (end->is_skipped)
        return MOTE_OK;
    TRY(mote_model_bench(model, &steps, &result));
    return mote_model_digest(model, end->digest);
}

static void run(const char *path, const mote_compile_config *config, outcome *end)
{
    mote_model *model = NULL;
    *end = (outcome){.status = mote_model_load(fuzz_context(), path, NULL, 0, &model)};
    if (end->status == MOTE_OK)
        end->status = train(model, config, end);
    fuzz_expect(end->status);
    if (end->status != MOTE_OK)
        (void)snprintf(end->message, sizeof end->message, "%s", mote_last_error()->message);
    mote_model_destroy(&model);
}

static bool is_equal(const outcome *a, const outcome *b)
{
    return a->status == b->status && strcmp(a->digest, b->digest) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mote_compile_config lean = {.modes = MOTE_MODE_TRAIN};
    static const mote_compile_config plain = {
        .modes = MOTE_MODE_TRAIN, .planner = "naive", .without = (1U << MOTE_TECHNIQUE_COUNT) - 1};
    network n = {.choices = {.data = data, .left = size}};
    outcome a;
    outcome b;
    put_network(&n);
    const char *const path = fuzz_text_file(FUZZ_MODEL, n.text);
    run(path, &lean, &a);
    run(path, &plain, &b);
    if (a.is_skipped || b.is_skipped || is_equal(&a, &b))
        return 0;
    (void)fprintf(stderr, "%s\nlean:  %s %s\nplain: %s %s\n", n.text, a.digest, a.message, b.digest,
                  b.message);
    abort();
}
