// SPDX-License-Identifier: Apache-2.0
// The order of branches: of small networks the best of all, by trying them.
#include "base/random.h"
#include "program.h"
#include "schedule/build.h"

#define NETWORK_COUNT 400U
#define LAYERS_MOST   8U
#define ORDERS_MOST   600U

typedef struct text {
    char text[4096];
    size_t length;
    mote_random_key key;
    uint64_t index;
} text;

static void write_text(text *t, const char *format, ...) MOTE_PRINTF(2, 3);

static void write_text(text *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length =
        vsnprintf(t->text + t->length, sizeof t->text - t->length, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < sizeof t->text - t->length);
    t->length += (size_t)length;
}

static size_t draw(text *t, size_t below)
{
    return mote_random_word(&t->key, t->index++) % below;
}

/// A layer behind any of those above it.
static void write_layer(text *t, size_t index, bool *is_read)
{
    const size_t kind = draw(t, 8);
    const size_t first = draw(t, index);
    const size_t second = draw(t, index);
    write_text(t, "[l%zu]\n", index);
    if (kind < 6)
        write_text(t, "type = conv2d\nfilters = %zu\nkernel_size = 3\npadding = same\n%s",
                   1 + draw(t, 30), draw(t, 4) ? FROZEN : "");
    else if (kind < 7)
        write_text(t, "type = activation\nactivation = swish\n");
    else
        write_text(t, "type = concat\naxis = 1\n");
    write_text(t, "input_layers = l%zu", first);
    is_read[first] = true;
    if (kind == 7)
        write_text(t, ",l%zu", second);
    is_read[second] |= kind == 7;
    write_text(t, "\n");
}

/// Layers of different sizes; what nobody reads is made small and joined in the end.
static void write_network(text *t, uint64_t seed)
{
    *t = (text){.key = {.seed = seed}};
    const size_t count = 4 + draw(t, LAYERS_MOST - 4);
    bool is_read[LAYERS_MOST] = {true};
    write_text(t, "[Model]\nloss = mse\nbatch_size = 2\n[l0]\ntype = input\ninput_shape = 1:6:6\n");
    for (size_t i = 1; i < count; i++)
        write_layer(t, i, is_read);
    for (size_t i = 0; i < count; i++) {
        if (!is_read[i]) {
            write_text(t,
                       "[end%zu]\ntype = conv2d\nfilters = 1\nkernel_size = 1\n" FROZEN
                       "input_layers = l%zu\n",
                       i, i);
        }
    }
    write_text(t, "[all]\ntype = concat\naxis = 1\ninput_layers = l0");
    for (size_t i = 0; i < count; i++) {
        if (!is_read[i])
            write_text(t, ",end%zu", i);
    }
    write_text(t, "\n[flat]\ntype = flatten\n[out]\ntype = fully_connected\nunit = 2\n");
}

typedef struct orders {
    mote_schedule_builder *b;
    size_t *needs;
    bool *is_placed;
    size_t count;
    size_t best; // bytes
} orders;

static bool is_ready(const orders *o, size_t node)
{
    const mote_graph *graph = o->b->graph;
    for (size_t i = 0; i < graph->nodes[node].input_count; i++) {
        const size_t source = graph->values[graph->nodes[node].inputs[i]].producer;
        if (source != MOTE_NONE && !o->is_placed[source])
            return false;
    }
    return !o->is_placed[node];
}

/// Tries all orders, or as many as there may be.
static void try_orders(orders *o, size_t place)
{
    const size_t count = o->b->graph->node_count;
    if (place == count) {
        size_t bytes = 0;
        mote_schedule_rank_nodes(o->b);
        expect_ok(mote_schedule_measure(o->b, o->needs, &bytes));
        o->best = bytes < o->best ? bytes : o->best;
        o->count++;
    }
    for (size_t i = 0; place < count && i < count && o->count <= ORDERS_MOST; i++) {
        if (!is_ready(o, i))
            continue;
        o->is_placed[i] = true;
        o->b->order[place] = i;
        try_orders(o, place + 1);
        o->is_placed[i] = false;
    }
}

static void *allocate(test_network *network, size_t count, size_t bytes)
{
    void *memory = NULL;
    expect_ok(mote_arena_array(&network->arena, count, bytes, &memory));
    return memory;
}

/// A builder as it is before the order is chosen, with everything recomputed that can be, or nothing.
static mote_schedule_builder make_builder(test_network *network, const mote_strategy *strategy,
                                          mote_schedule *schedule, bool recomputes)
{
    const mote_graph *graph = &network->graph;
    const size_t count = graph->node_count;
    *schedule = (mote_schedule){.name = "test", .graph = graph, .training = strategy->training};
    mote_schedule_builder b = {.graph = graph,
                               .strategy = strategy,
                               .arena = &network->arena,
                               .scratch = &network->arena,
                               .schedule = schedule,
                               .order = allocate(network, count, sizeof(size_t)),
                               .ranks = allocate(network, count, sizeof(size_t))};
    b.chosen.recomputed = allocate(network, count, sizeof(bool));
    b.chosen.renewed = allocate(network, count, sizeof(size_t));
    b.chosen.slices = allocate(network, count, sizeof(size_t));
    for (size_t i = 0; i < count; i++) {
        b.order[i] = b.ranks[i] = i;
        b.chosen.recomputed[i] = recomputes && graph->nodes[i].declaration.recomputes;
        b.chosen.renewed[i] = b.chosen.recomputed[i] ? count : 0;
    }
    return b;
}

/// Returns 1 where the order that is chosen needs less than that of the file.
static size_t check_order(test_network *network, program_kind kind, bool recomputes,
                          size_t *checked)
{
    const mote_strategy strategy = program_strategy(kind);
    mote_schedule schedule;
    mote_schedule_builder b = make_builder(network, &strategy, &schedule, recomputes);
    const size_t count = b.graph->node_count;
    size_t *const needs = allocate(network, count, sizeof *needs);
    size_t before = 0;
    size_t after = 0;
    expect_ok(mote_schedule_measure(&b, needs, &before));
    expect_ok(mote_schedule_choose_order(&b));
    expect_ok(mote_schedule_measure(&b, needs, &after));
    orders o = {.b = &b,
                .needs = needs,
                .is_placed = allocate(network, count, sizeof(bool)),
                .best = SIZE_MAX};
    try_orders(&o, 0);
    if (o.count > ORDERS_MOST)
        return 0;
    *checked += 1;
    assert_int_equal(after, o.best);
    return after < before;
}

static void of_small_networks_the_best_of_all_orders_is_chosen(void **state)
{
    static const program_kind kinds[] = {TRAIN, TRAIN_AFTER_ALL, TRAIN_CLIP_NORM, INFER};
    static text t;
    size_t checked = 0;
    size_t improved = 0;
    for (uint64_t seed = 0; seed < NETWORK_COUNT; seed++) {
        test_network network;
        const program_kind kind = kinds[seed % (sizeof kinds / sizeof kinds[0])];
        write_network(&t, seed);
        test_network_build(state, t.text, kind >= INFER, &network);
        improved += check_order(&network, kind, false, &checked);
        if (kind < EVALUATE)
            improved += check_order(&network, kind, true, &checked);
        test_network_release(&network);
    }
    assert_true(checked > 350);
    assert_true(improved > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_small_networks_the_best_of_all_orders_is_chosen),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
