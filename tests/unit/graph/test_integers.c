// SPDX-License-Identifier: Apache-2.0
// Integers and tensors shared by all samples in the graph: ranges, derivatives, what is refused.
#include "support/expect.h"
#include "support/files.h"
#include "support/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define IDS "[ids]\ntype = input\ninput_shape = 1:1:4\ndtype = int32\n"

/// A layer that takes integers of a range; its state is the range. One trained weight.
typedef struct lookup_state {
    int64_t first, last;
} lookup_state;

static const mote_property lookup_properties[] = {
    {.name = "first",
     .kind = MOTE_PROPERTY_INTEGER,
     .initial = "0",
     .maximum = 1000,
     .offset = offsetof(lookup_state, first),
     .help = "smallest"},
    {.name = "last",
     .kind = MOTE_PROPERTY_INTEGER,
     .initial = "0",
     .maximum = 1000,
     .offset = offsetof(lookup_state, last),
     .help = "largest"},
    {.name = NULL},
};

static mote_status lookup_setup(mote_setup *setup, void *layer_state)
{
    const lookup_state *const state = layer_state;
    const mote_integer_range range = {(int32_t)state->first, (int32_t)state->last};
    const mote_weight_declaration table = {.name = "table",
                                           .spec = {MOTE_DTYPE_REAL, false, {1, {4}}}};
    MOTE_TRY(mote_setup_check_integers(setup, 0, 3, range));
    MOTE_TRY(mote_setup_weight(setup, &table));
    return mote_setup_output(setup, &setup->inputs[0].shape);
}

/// Makes other integers of integers.
static mote_status count_setup(mote_setup *setup, void *layer_state)
{
    (void)layer_state;
    return mote_setup_output_spec(setup, &setup->inputs[0]);
}

static void do_nothing(const mote_layer_run *run, const void *state)
{
    (void)run;
    (void)state;
}

static const mote_layer lookup = {.name = "lookup",
                                  .summary = "reads a table",
                                  .properties = lookup_properties,
                                  .state_bytes = sizeof(lookup_state),
                                  .input_minimum = 1,
                                  .input_maximum = 1,
                                  .setup = lookup_setup,
                                  .forward = do_nothing,
                                  .calc_gradient = do_nothing};
static const mote_layer count = {.name = "count",
                                 .summary = "integers of integers",
                                 .state_bytes = 1,
                                 .input_minimum = 1,
                                 .input_maximum = 1,
                                 .setup = count_setup,
                                 .forward = do_nothing};

static void build(void **state, const char *text, test_network *network)
{
    test_network_build_with(state, text, (const mote_layer *const[]){&lookup, &count}, 2, network);
}

static const mote_value *find_value(const test_network *network, const char *name)
{
    return &network->graph.values[test_network_value(&network->graph, name)];
}

static void assert_range(const test_network *network, const char *name, int32_t first, int32_t last)
{
    assert_int_equal(find_value(network, name)->range.first, first);
    assert_int_equal(find_value(network, name)->range.last, last);
}

static void a_port_has_the_range_of_its_reader(void **state)
{
    test_network network;
    build(state, "[Model]\n" IDS "[a]\ntype = lookup\nfirst = 2\nlast = 9\n", &network);
    assert_range(&network, "ids batch", 2, 9);
    test_network_release(&network);
}

static void a_port_has_the_range_that_all_its_readers_take(void **state)
{
    test_network network;
    build(state,
          "[Model]\n" IDS "[a]\ntype = lookup\nfirst = 2\nlast = 9\n"
          "[b]\ntype = lookup\ninput_layers = ids\nfirst = 0\nlast = 5\n"
          "[c]\ntype = lookup\ninput_layers = ids\nlast = 1000\n"
          "[sum]\ntype = addition\ninput_layers = a, b, c\n",
          &network);
    assert_range(&network, "ids batch", 2, 5);
    assert_range(&network, "ids/fan_out0:1", 0, 5);
    test_network_release(&network);
}

static void a_port_that_nobody_limits_takes_all_integers(void **state)
{
    test_network network;
    build(state, "[Model]\n" IDS "[a]\ntype = count\n", &network);
    assert_range(&network, "ids batch", INT32_MIN, INT32_MAX);
    test_network_release(&network);
}

static void class_labels_have_the_range_of_the_classes(void **state)
{
    test_network network;
    test_network_build(state, NETWORK_HEAD NETWORK_TAIL, false, &network);
    assert_range(&network, "out/loss label", 0, 2);
    test_network_release(&network);
}

static void integers_have_no_derivative_where_a_weight_lies_in_front_of_them(void **state)
{
    test_network network;
    build(state,
          "[Model]\nloss = mse\n" IDS "[a]\ntype = lookup\nlast = 3\n"
          "[b]\ntype = lookup\nlast = 3\ninput_layers = ids\n"
          "[sum]\ntype = addition\ninput_layers = a, b\n",
          &network);
    assert_false(find_value(&network, "ids")->needs_derivative);
    assert_false(find_value(&network, "ids/fan_out0")->needs_derivative);
    assert_false(network.graph.nodes[test_network_node(&network.graph, "a")].has_derivative);
    assert_true(network.graph.nodes[test_network_node(&network.graph, "a")].has_gradient);
    assert_true(find_value(&network, "a")->needs_derivative);
    test_network_release(&network);
}

static void readers_that_no_integer_suits_are_refused(void **state)
{
    test_network network;
    static const mote_layer *const layers[] = {&lookup};
    expect_raises(
        test_network_try(state,
                         "[Model]\n" IDS "[a]\ntype = lookup\nfirst = 2\nlast = 9\n"
                         "[b]\ntype = lookup\ninput_layers = ids\nfirst = 10\nlast = 12\n"
                         "[sum]\ntype = addition\ninput_layers = a, b\n",
                         layers, 1, &network),
        MOTE_ERROR_GRAPH,
        "layer 'ids/fan_out0': takes integers 10 to 12, other readers of 'ids' take 2 to 9: there "
        "is none that all take");
}

static void a_range_of_integers_that_a_layer_computes_is_refused(void **state)
{
    test_network network;
    static const mote_layer *const layers[] = {&lookup, &count};
    expect_raises(test_network_try(state,
                                   "[Model]\n" IDS "[n]\ntype = count\n"
                                   "[a]\ntype = lookup\nlast = 9\n",
                                   layers, 2, &network),
                  MOTE_ERROR_GRAPH,
                  "layer 'n': its integers must be 0 to 9, which is known of integers from an "
                  "input only");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_has_the_range_of_its_reader),
        cmocka_unit_test(a_port_has_the_range_that_all_its_readers_take),
        cmocka_unit_test(a_port_that_nobody_limits_takes_all_integers),
        cmocka_unit_test(class_labels_have_the_range_of_the_classes),
        cmocka_unit_test(integers_have_no_derivative_where_a_weight_lies_in_front_of_them),
        cmocka_unit_test(readers_that_no_integer_suits_are_refused),
        cmocka_unit_test(a_range_of_integers_that_a_layer_computes_is_refused),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
