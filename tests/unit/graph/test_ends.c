// SPDX-License-Identifier: Apache-2.0
// Several inputs, labels, losses and outputs: their order is that of the file, and what is refused.
#include "support/expect.h"
#include "support/files.h"
#include "support/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FC(name, input)   "[" name "]\ntype = fully_connected\nunit = 3\ninput_layers = " input "\n"
#define IN(name)          "[" name "]\ntype = input\ninput_shape = 4\n"
#define MSE(name, input)  "[" name "]\ntype = mse\ninput_layers = " input "\n"
#define SOFT(name, input) "[" name "]\ntype = cross_softmax\ninput_layers = " input "\n"

/// The losses stand in the order b, a; that of a reads a layer that is ready earlier.
#define TWO                                                                              \
    "[Model]\n" IN("x") FC("a", "x") SOFT("late", "c") IN("y") FC("b", "y") FC("c", "b") \
        MSE("early", "a")

static const mote_value *get_port(const mote_graph *graph, size_t port)
{
    assert_int_equal(graph->values[graph->ports[port]].port, port);
    return &graph->values[graph->ports[port]];
}

static void ports_are_inputs_then_labels_each_in_file_order(void **state)
{
    test_network network;
    test_network_build(state, TWO, false, &network);
    static const char *const owners[] = {"x", "y", "late", "early"};
    assert_int_equal(network.graph.port_count, 4);
    assert_int_equal(network.graph.input_count, 2);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(get_port(&network.graph, i)->owner, owners[i]);
        assert_int_equal(get_port(&network.graph, i)->label, i >= 2);
    }
    test_network_release(&network);
}

static void losses_are_in_file_order_with_their_weights(void **state)
{
    test_network network;
    test_network_build(state, TWO "loss_weight = 0.25\n", false, &network);
    const mote_graph *const graph = &network.graph;
    assert_int_equal(graph->loss_count, 2);
    assert_string_equal(graph->nodes[graph->losses[0].node].name, "late");
    assert_string_equal(graph->nodes[graph->losses[1].node].name, "early");
    assert_string_equal(graph->values[graph->losses[0].prediction].name, "c");
    assert_true(graph->losses[0].weight == 1.0);
    assert_true(graph->losses[1].weight == 0.25);
    assert_int_equal(mote_graph_result_count(graph), 2);
    test_network_release(&network);
}

static void expect_outputs(const mote_graph *graph, size_t count, const char *const names[][2])
{
    assert_int_equal(graph->output_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(graph->values[graph->outputs[i]].name, names[i][0]);
        assert_string_equal(graph->values[graph->outputs[i]].owner, names[i][1]);
    }
}

static void outputs_of_inference_are_what_losses_read_in_their_order(void **state)
{
    static const char *const names[][2] = {{"c/activation", "c"}, {"a", "a"}};
    test_network network;
    test_network_build(state, TWO, true, &network);
    expect_outputs(&network.graph, 2, names);
    assert_int_equal(network.graph.loss_count, 0);
    assert_int_equal(network.graph.port_count, 2);
    test_network_release(&network);
}

static void layers_that_nobody_reads_are_outputs_too(void **state)
{
    static const char *const names[][2] = {
        {"parts", "parts"}, {"parts:1", "parts(1)"}, {"a", "a"}, {"last/flatten", "last"}};
    test_network network;
    test_network_build(
        state,
        "[Model]\n" IN("x") "[parts]\ntype = split\naxis = 3\nsplit_number = 2\n" FC("a", "x")
            MSE("m", "a") FC("last", "a") "trainable = false\nflatten = true\n",
        true, &network);
    expect_outputs(&network.graph, 4, names);
    test_network_release(&network);
}

static void a_layer_that_two_losses_read_is_one_output(void **state)
{
    static const char *const names[][2] = {{"a", "a"}};
    test_network network;
    test_network_build(
        state, "[Model]\n" IN("x") FC("a", "x") MSE("m", "a") "[l]\ntype = l1\ninput_layers = a\n",
        true, &network);
    expect_outputs(&network.graph, 1, names);
    test_network_release(&network);
}

static void what_no_loss_follows_does_not_run_in_training(void **state)
{
    test_network network;
    test_network_build(
        state, "[Model]\n" IN("x") FC("a", "x") MSE("m", "a") FC("side", "a") "trainable = false\n",
        false, &network);
    const mote_graph *const graph = &network.graph;
    assert_true(graph->nodes[test_network_node(graph, "a")].runs);
    assert_false(graph->nodes[test_network_node(graph, "side")].runs);
    assert_false(graph->nodes[test_network_node(graph, "side")].has_derivative);
    assert_true(graph->values[test_network_value(graph, "a/fan_out0")].needs_derivative);
    assert_false(graph->values[test_network_value(graph, "a/fan_out0:1")].needs_derivative);
    test_network_release(&network);
}

static void refused(void **state, const char *text, mote_status status, const char *message)
{
    test_network_refused(state, text, false, status, message);
}

static void weights_that_no_loss_follows_are_refused(void **state)
{
    refused(state, "[Model]\n" IN("x") FC("a", "x") MSE("m", "a") FC("side", "a"), MOTE_ERROR_GRAPH,
            "@:12: layer 'side': no loss follows it, so that its weights cannot be trained: add a "
            "loss, or set trainable = false");
}

static void outputs_that_are_one_for_all_samples_are_refused(void **state)
{
    refused(state, "[Model]\n[w]\ntype = weight\ndim = 3\n", MOTE_ERROR_GRAPH,
            "@:2: layer 'w': its output is one tensor for all samples, an output of the network "
            "must be one a sample");
    refused(state, "[Model]\n[w]\ntype = weight\ndim = 3\n" MSE("m", "w"), MOTE_ERROR_SHAPE,
            "@:5: layer 'm': input 0 is one tensor for all samples, it takes one a sample");
}

static void a_weight_of_what_is_no_loss_is_refused(void **state)
{
    refused(state, "[Model]\n" IN("x") FC("a", "x") "loss_weight = 2\n" MSE("m", "a"),
            MOTE_ERROR_PROPERTY,
            "@:9: layer 'a': loss_weight = 2: type 'fully_connected' is not a loss");
}

static void more_losses_than_can_be_are_refused(void **state)
{
    char text[2048];
    int length = snprintf(text, sizeof text, "[Model]\n" IN("x") FC("a", "x"));
    for (int i = 0; i < 9; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, MSE("m%d", "a"), i);
    refused(state, text, MOTE_ERROR_GRAPH, "@:33: layer 'm8': a network may have 8 losses");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_are_inputs_then_labels_each_in_file_order),
        cmocka_unit_test(losses_are_in_file_order_with_their_weights),
        cmocka_unit_test(outputs_of_inference_are_what_losses_read_in_their_order),
        cmocka_unit_test(layers_that_nobody_reads_are_outputs_too),
        cmocka_unit_test(a_layer_that_two_losses_read_is_one_output),
        cmocka_unit_test(what_no_loss_follows_does_not_run_in_training),
        cmocka_unit_test(weights_that_no_loss_follows_are_refused),
        cmocka_unit_test(outputs_that_are_one_for_all_samples_are_refused),
        cmocka_unit_test(a_weight_of_what_is_no_loss_is_refused),
        cmocka_unit_test(more_losses_than_can_be_are_refused),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
