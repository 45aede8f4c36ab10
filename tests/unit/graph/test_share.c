// SPDX-License-Identifier: Apache-2.0
// Weights that are another layer's: where they lie, and what cannot be shared.
#include "support/files.h"
#include "support/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FC(name, unit) "[" name "]\ntype = fully_connected\nunit = " unit "\n"
#define FROM(owner)    "shared_from = " owner "\n"
#define BN(name)       "[" name "]\ntype = batch_normalization\n"
#define DROP(name)     "[" name "]\ntype = dropout\ndropout_rate = 0\n"

static void refused(void **state, const char *text, const char *message)
{
    test_network_refused(state, text, false, MOTE_ERROR_GRAPH, message);
}

static void a_shared_weight_has_the_place_and_name_of_its_owner(void **state)
{
    test_network network;
    test_network_build(state,
                       NETWORK_HEAD FC("a", "6") FC("b", "6") FROM("c") FC("c", "6") NETWORK_TAIL,
                       false, &network);
    const mote_graph *const graph = &network.graph;
    const size_t b = test_network_node(graph, "b");
    const size_t c = test_network_node(graph, "c");
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(graph->nodes[b].places[i].node, c);
        assert_int_equal(graph->nodes[b].places[i].weight, i);
        assert_string_equal(graph->nodes[b].weight_names[i], graph->nodes[c].weight_names[i]);
        assert_false(mote_graph_owns(graph, b, i));
        assert_true(mote_graph_owns(graph, c, i));
        assert_true(mote_graph_uses(graph, b, &graph->nodes[c].places[i]));
    }
    assert_int_equal(mote_graph_parameter_count(graph), 2 * (6 * 6 + 6) + (6 + 1) * 3);
    test_network_release(&network);
}

static void weights_are_trained_when_their_owner_is(void **state)
{
    test_network network;
    test_network_build(state,
                       NETWORK_HEAD FC("a", "6") FC("b", "6") FROM("a") "trainable = false\n" FC(
                           "c", "6") "trainable = false\n" FC("d", "6") FROM("c") NETWORK_TAIL,
                       false, &network);
    const mote_graph *const graph = &network.graph;
    assert_true(graph->nodes[test_network_node(graph, "a")].has_gradient);
    assert_false(graph->nodes[test_network_node(graph, "b")].has_gradient);
    assert_false(graph->nodes[test_network_node(graph, "d")].has_gradient);
    assert_true(
        mote_graph_is_trained(graph, &graph->nodes[test_network_node(graph, "b")].places[0]));
    assert_false(
        mote_graph_is_trained(graph, &graph->nodes[test_network_node(graph, "d")].places[0]));
    test_network_release(&network);
}

static void an_owner_that_is_not_there_is_named(void **state)
{
    refused(state, NETWORK_HEAD FC("first", "6") FC("b", "6") FROM("frist") NETWORK_TAIL,
            "@:14: layer 'b': shared_from: there is no layer 'frist', did you mean 'first'?");
}

static void a_layer_does_not_share_with_itself(void **state)
{
    refused(state, NETWORK_HEAD FC("a", "6") FROM("a") NETWORK_TAIL,
            "@:8: layer 'a': shared_from = a: a layer has its own weights anyway");
}

static void an_owner_has_its_own_weights(void **state)
{
    refused(state,
            NETWORK_HEAD FC("a", "6") FC("b", "6") FROM("a") FC("c", "6") FROM("b") NETWORK_TAIL,
            "@:15: layer 'c': shared_from = b: that layer has the weights of 'a' itself; name 'a'");
    refused(state, NETWORK_HEAD FC("a", "6") FROM("b") FC("b", "6") FROM("a") NETWORK_TAIL,
            "@:8: layer 'a': shared_from = b: that layer has the weights of 'a' itself; name 'a'");
}

static void types_and_shapes_must_be_equal(void **state)
{
    refused(state, NETWORK_HEAD FC("a", "6") BN("n") FROM("a") NETWORK_TAIL,
            "@:11: layer 'n': shared_from = a: that layer is of type 'fully_connected', this one "
            "of type 'batch_normalization'");
    refused(state, NETWORK_HEAD FC("a", "6") FC("b", "5") FROM("a") NETWORK_TAIL,
            "@:11: layer 'b': shared_from = a: its weight is 6:6, here it must be 5:6");
    refused(state,
            NETWORK_HEAD FC("a", "6") FC("b", "6") "disable_bias = true\n" FROM("a") NETWORK_TAIL,
            "@:11: layer 'b': shared_from = a: that layer has a bias, this one has none");
}

static void what_has_no_weights_or_statistics_shares_nothing(void **state)
{
    refused(state, NETWORK_HEAD DROP("a") DROP("b") FROM("a") NETWORK_TAIL,
            "@:11: layer 'b': shared_from = a: that layer has no weights");
    refused(state, NETWORK_HEAD BN("a") BN("b") FROM("a") NETWORK_TAIL,
            "@:10: layer 'b': shared_from = a: its running statistics cannot be shared");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shared_weight_has_the_place_and_name_of_its_owner),
        cmocka_unit_test(weights_are_trained_when_their_owner_is),
        cmocka_unit_test(an_owner_that_is_not_there_is_named),
        cmocka_unit_test(a_layer_does_not_share_with_itself),
        cmocka_unit_test(an_owner_has_its_own_weights),
        cmocka_unit_test(types_and_shapes_must_be_equal),
        cmocka_unit_test(what_has_no_weights_or_statistics_shares_nothing),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
