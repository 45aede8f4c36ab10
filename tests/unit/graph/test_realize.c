// SPDX-License-Identifier: Apache-2.0
// What is made of a network as written: activations, flattening, losses and fan-outs become nodes.
#include "support/files.h"
#include "support/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define INPUT "[in]\ntype = input\ninput_shape = 2:6:6\n"
#define FC    "[fc]\ntype = fully_connected\nunit = 3\n"

/// The nodes in execution order, each as "name type(inputs)", one a line.
static void assert_nodes(const mote_graph *graph, const char *expected)
{
    test_text text;
    const mote_writer writer = test_text_writer(&text);
    for (size_t i = 0; i < graph->node_count; i++) {
        const mote_node *const node = &graph->nodes[i];
        writer.write(writer.user, node->name, strlen(node->name));
        writer.write(writer.user, " ", 1);
        writer.write(writer.user, node->layer->name, strlen(node->layer->name));
        for (size_t j = 0; j < node->input_count; j++) {
            const char *const input = graph->values[node->inputs[j]].name;
            writer.write(writer.user, j ? "," : "(", 1);
            writer.write(writer.user, input, strlen(input));
        }
        writer.write(writer.user, ")\n", 2);
    }
    assert_string_equal(text.text, expected);
}

static void becomes(void **state, const char *text, bool inference, const char *expected)
{
    test_network network;
    test_network_build(state, text, inference, &network);
    assert_nodes(&network.graph, expected);
    test_network_release(&network);
}

static void an_activation_stands_behind_its_layer(void **state)
{
    becomes(state, "[Model]\n" INPUT FC "activation = relu\n[f]\ntype = flatten\n", false,
            "in input(in batch)\n"
            "fc fully_connected(in)\n"
            "fc/activation activation(fc)\n"
            "f flatten(fc/activation)\n");
}

static void flattening_stands_behind_the_activation(void **state)
{
    becomes(state,
            "[Model]\n" INPUT FC "flatten = true\nactivation = relu\n"
            "[end]\ntype = dropout\ndropout_rate = 0.5\n",
            false,
            "in input(in batch)\n"
            "fc fully_connected(in)\n"
            "fc/activation activation(fc)\n"
            "fc/activation/flatten flatten(fc/activation)\n"
            "end dropout(fc/activation/flatten)\n");
}

#define MAX_POOL "[pool]\ntype = pooling2d\npooling = max\npool_size = 2\n"
#define END      "[end]\ntype = dropout\ndropout_rate = 0.5\n"

static void a_rising_function_goes_behind_what_selects_the_largest(void **state)
{
    becomes(state, "[Model]\n" INPUT FC "activation = relu\n" MAX_POOL "flatten = true\n" END,
            false,
            "in input(in batch)\n"
            "fc fully_connected(in)\n"
            "pool pooling2d(fc)\n"
            "fc/activation activation(pool)\n"
            "pool/flatten flatten(fc/activation)\n"
            "end dropout(pool/flatten)\n");
    becomes(state, "[Model]\n" INPUT "[r]\ntype = activation\nactivation = relu6\n" MAX_POOL END,
            false,
            "in input(in batch)\n"
            "pool pooling2d(in)\n"
            "r activation(pool)\n"
            "end dropout(r)\n");
}

static void other_functions_and_other_readers_stay_in_front(void **state)
{
    becomes(state, "[Model]\n" INPUT FC "activation = swish\n" MAX_POOL END, false,
            "in input(in batch)\n"
            "fc fully_connected(in)\n"
            "fc/activation activation(fc)\n"
            "pool pooling2d(fc/activation)\n"
            "end dropout(pool)\n");
    becomes(state,
            "[Model]\n" INPUT FC "activation = relu\n"
            "[pool]\ntype = pooling2d\npooling = average\npool_size = 2\n" END,
            false,
            "in input(in batch)\n"
            "fc fully_connected(in)\n"
            "fc/activation activation(fc)\n"
            "pool pooling2d(fc/activation)\n"
            "end dropout(pool)\n");
    becomes(state, "[Model]\n" INPUT FC "activation = relu\n" MAX_POOL,
            false, // the output is asked for
            "in input(in batch)\n"
            "fc fully_connected(in)\n"
            "fc/activation activation(fc)\n"
            "pool pooling2d(fc/activation)\n");
    becomes(state, "[Model]\n" INPUT FC "activation = relu\n" MAX_POOL END "input_layers = fc\n",
            false,
            "in input(in batch)\n"
            "fc fully_connected(in)\n"
            "fc/activation activation(fc)\n"
            "fc/activation/fan_out0 fan_out(fc/activation)\n"
            "pool pooling2d(fc/activation/fan_out0)\n"
            "end dropout(fc/activation/fan_out0:1)\n");
}

static void the_activation_of_an_activation_layer_is_its_own(void **state)
{
    test_network network;
    test_network_build(state, "[Model]\n" INPUT "[a]\ntype = activation\nactivation = tanh\n",
                       false, &network);
    assert_nodes(&network.graph, "in input(in batch)\na activation(in)\n");
    const mote_node *const node = &network.graph.nodes[1];
    char value[16];
    (void)mote_property_get(&node->layer->properties[0], node->state, value, sizeof value);
    assert_string_equal(value, "tanh");
    test_network_release(&network);
}

static void a_made_node_takes_origin_and_trainable_from_its_layer(void **state)
{
    test_network network;
    test_network_build(state, "[Model]\n" INPUT FC "activation = relu\ntrainable = false\n", false,
                       &network);
    const mote_node *const node = &network.graph.nodes[2];
    assert_string_equal(node->name, "fc/activation");
    assert_int_equal(node->origin.line, 5);
    assert_false(node->trainable);
    test_network_release(&network);
}

static void a_loss_of_the_model_stands_behind_the_output(void **state)
{
    test_network network;
    test_network_build(state, "[Model]\nloss = mse\n" INPUT FC, false, &network);
    const mote_graph *const graph = &network.graph;
    assert_nodes(graph, "in input(in batch)\n"
                        "fc fully_connected(in)\n"
                        "fc/loss mse(fc,fc/loss label)\n");
    assert_int_equal(graph->loss_count, 1);
    assert_int_equal(graph->losses[0].node, 2);
    assert_string_equal(graph->values[graph->losses[0].prediction].name, "fc");
    test_network_release(&network);
}

static void cross_takes_the_place_of_the_softmax(void **state)
{
    becomes(state, "[Model]\nloss = cross\n" INPUT FC "activation = softmax\n", false,
            "in input(in batch)\n"
            "fc fully_connected(in)\n"
            "fc/loss cross_softmax(fc,fc/loss label)\n");
    becomes(state,
            "[Model]\nloss = Cross\n" INPUT FC "[end]\ntype = activation\nactivation = softmax\n",
            false,
            "in input(in batch)\n"
            "fc fully_connected(in)\n"
            "fc/loss cross_softmax(fc,fc/loss label)\n");
}

static void cross_takes_the_place_of_a_sigmoid_too(void **state)
{
    becomes(state, "[Model]\nloss = cross\n" INPUT FC "activation = sigmoid\n", false,
            "in input(in batch)\n"
            "fc fully_connected(in)\n"
            "fc/loss cross_sigmoid(fc,fc/loss label)\n");
    static const char inference[] = "in input(in batch)\n"
                                    "fc fully_connected(in)\n"
                                    "fc/activation activation(fc)\n";
    becomes(state, "[Model]\nloss = cross\n" INPUT FC "activation = sigmoid\n", true, inference);
    becomes(state, "[Model]\nloss = cross_sigmoid\n" INPUT FC, true, inference);
}

static void inference_ends_with_probabilities_and_has_no_loss(void **state)
{
    static const char expected[] = "in input(in batch)\n"
                                   "fc fully_connected(in)\n"
                                   "fc/activation activation(fc)\n";
    test_network network;
    test_network_build(state, "[Model]\nloss = cross\n" INPUT FC "activation = softmax\n", true,
                       &network);
    assert_nodes(&network.graph, expected);
    assert_int_equal(network.graph.loss_count, 0);
    assert_string_equal(network.graph.values[network.graph.outputs[0]].name, "fc/activation");
    test_network_release(&network);
    becomes(state, "[Model]\nloss = cross_softmax\n" INPUT FC, true, expected);
    becomes(state, "[Model]\n" INPUT FC "[end]\ntype = cross_softmax\n", true, expected);
}

static void inference_of_a_network_with_mse_ends_with_its_last_layer(void **state)
{
    static const char expected[] = "in input(in batch)\nfc fully_connected(in)\n";
    becomes(state, "[Model]\nloss = mse\n" INPUT FC, true, expected);
    becomes(state, "[Model]\n" INPUT FC "[end]\ntype = mse\n", true, expected);
}

static void a_loss_may_be_a_layer_of_its_own(void **state)
{
    test_network network;
    test_network_build(state, "[Model]\n" INPUT FC "[end]\ntype = cross_softmax\n", false,
                       &network);
    assert_nodes(&network.graph, "in input(in batch)\n"
                                 "fc fully_connected(in)\n"
                                 "end cross_softmax(fc,end label)\n");
    assert_int_equal(network.graph.losses[0].node, 2);
    test_network_release(&network);
}

static void an_output_read_twice_gets_a_fan_out_in_front_of_its_first_reader(void **state)
{
    becomes(state,
            "[Model]\n" INPUT "[a]\ntype = dropout\ndropout_rate = 0\n"
            "[b]\ntype = dropout\ndropout_rate = 0\n"
            "[sum]\ntype = addition\ninput_layers = b, a\n",
            false,
            "in input(in batch)\n"
            "a dropout(in)\n"
            "a/fan_out0 fan_out(a)\n"
            "b dropout(a/fan_out0)\n"
            "sum addition(b,a/fan_out0:1)\n");
}

static void readers_of_one_output_are_served_in_file_order(void **state)
{
    becomes(state,
            "[Model]\n" INPUT "[c]\ntype = flatten\n"
            "[d]\ntype = flatten\ninput_layers = in\n"
            "[e]\ntype = flatten\ninput_layers = in\n"
            "[sum]\ntype = addition\ninput_layers = e, d, c\n",
            false,
            "in input(in batch)\n"
            "in/fan_out0 fan_out(in)\n"
            "c flatten(in/fan_out0)\n"
            "in/fan_out1 fan_out(in/fan_out0:1)\n"
            "d flatten(in/fan_out1)\n"
            "e flatten(in/fan_out1:1)\n"
            "sum addition(e,d,c)\n");
}

static void one_layer_may_read_an_output_twice(void **state)
{
    becomes(state, "[Model]\n" INPUT "[sum]\ntype = addition\ninput_layers = in, in, in\n", false,
            "in input(in batch)\n"
            "in/fan_out0 fan_out(in)\n"
            "in/fan_out1 fan_out(in/fan_out0:1)\n"
            "sum addition(in/fan_out0,in/fan_out1,in/fan_out1:1)\n");
}

static void readers_of_a_layer_with_an_activation_read_the_activation(void **state)
{
    becomes(state,
            "[Model]\n" INPUT FC "activation = relu\n"
            "[sum]\ntype = addition\ninput_layers = fc, fc\n",
            false,
            "in input(in batch)\n"
            "fc fully_connected(in)\n"
            "fc/activation activation(fc)\n"
            "fc/activation/fan_out0 fan_out(fc/activation)\n"
            "sum addition(fc/activation/fan_out0,fc/activation/fan_out0:1)\n");
}

static void an_unknown_loss_is_named_with_the_one_that_was_meant(void **state)
{
    test_network_refused(state, "[Model]\n\nloss = mee\n" INPUT FC, false, MOTE_ERROR_PROPERTY,
                         "@:3: [Model]: loss = mee: there is no such loss, did you mean 'mse'?");
    test_network_refused(
        state, "[Model]\nloss = hinge\n" INPUT FC, false, MOTE_ERROR_PROPERTY,
        "@:2: [Model]: loss = hinge: there is no such loss, expected one of: "
        "cross, mse, l1, huber, kld, constant_derivative, cross_softmax, cross_sigmoid");
    test_network_refused(
        state, "[Model]\nloss = relu\n" INPUT FC, false, MOTE_ERROR_PROPERTY,
        "@:2: [Model]: loss = relu: there is no such loss, expected one of: "
        "cross, mse, l1, huber, kld, constant_derivative, cross_softmax, cross_sigmoid");
}

static void cross_needs_a_softmax_at_the_end(void **state)
{
    test_network_refused(state, "[Model]\nloss = cross\n" INPUT FC, false, MOTE_ERROR_PROPERTY,
                         "@:2: [Model]: loss = cross: needs activation = softmax or sigmoid on "
                         "the last layer, fc");
}

static void cross_replaces_no_activation_with_properties_of_its_own(void **state)
{
    test_network_refused(state,
                         "[Model]\nloss = cross\n" INPUT FC
                         "[p]\ntype = activation\nactivation = softmax\naxis = 1\n",
                         false, MOTE_ERROR_PROPERTY,
                         "@:2: [Model]: loss = cross: takes axis = 3 only, not 1 as in p");
    test_network_refused(state,
                         "[Model]\nloss = cross\n" INPUT FC
                         "[p]\ntype = activation\nactivation = sigmoid\nalpha = 2\n",
                         false, MOTE_ERROR_PROPERTY,
                         "@:2: [Model]: loss = cross: takes alpha = 1 only, not 2 as in p");
}

static void a_loss_that_applies_softmax_does_not_follow_another_softmax(void **state)
{
    test_network_refused(state, "[Model]\nloss = cross_softmax\n" INPUT FC "activation = softmax\n",
                         false, MOTE_ERROR_PROPERTY,
                         "@:2: [Model]: loss = cross_softmax: applies softmax itself, as the last "
                         "layer does: write loss = cross to fuse them");
    test_network_refused(
        state, "[Model]\n" INPUT FC "activation = softmax\n[end]\ntype = cross_softmax\n", false,
        MOTE_ERROR_GRAPH,
        "@:9: layer 'end': type 'cross_softmax' applies softmax itself, as 'fc/activation' does "
        "before it");
}

static void a_loss_that_applies_sigmoid_does_not_follow_another_sigmoid(void **state)
{
    test_network_refused(state, "[Model]\nloss = cross_sigmoid\n" INPUT FC "activation = sigmoid\n",
                         false, MOTE_ERROR_PROPERTY,
                         "@:2: [Model]: loss = cross_sigmoid: applies sigmoid itself, as the last "
                         "layer does: write loss = cross to fuse them");
    test_network_refused(
        state, "[Model]\n" INPUT FC "activation = sigmoid\n[end]\ntype = cross_sigmoid\n", false,
        MOTE_ERROR_GRAPH,
        "@:9: layer 'end': type 'cross_sigmoid' applies sigmoid itself, as 'fc/activation' does "
        "before it");
}

static void a_model_has_one_loss(void **state)
{
    test_network_refused(state, "[Model]\nloss = mse\n" INPUT FC "[end]\ntype = mse\n", false,
                         MOTE_ERROR_PROPERTY,
                         "@:2: [Model]: loss = mse: the model has a loss layer of its own: end");
}

static void nothing_reads_a_loss(void **state)
{
    test_network_refused(state, "[Model]\n" INPUT FC "[l]\ntype = mse\n[end]\ntype = flatten\n",
                         false, MOTE_ERROR_GRAPH,
                         "@:8: layer 'l': a loss has no output, but 'end' reads it");
    test_network_refused(state, "[Model]\n" INPUT FC "[l]\ntype = mse\nactivation = relu\n", false,
                         MOTE_ERROR_GRAPH,
                         "@:8: layer 'l': a loss has no output, but 'l/activation' reads it");
}

#define PARTS "[parts]\ntype = split\naxis = 1\n"

static void readers_name_one_of_several_outputs(void **state)
{
    becomes(state,
            "[Model]\n" INPUT PARTS "[b]\ntype = identity\ninput_layers = parts(1)\n"
            "[sum]\ntype = addition\ninput_layers = parts, b\n",
            false,
            "in input(in batch)\n"
            "parts split(in)\n"
            "b identity(parts:1)\n"
            "sum addition(parts,b)\n");
}

static void each_of_several_outputs_has_its_own_fan_outs(void **state)
{
    becomes(state,
            "[Model]\n" INPUT PARTS
            "[sum]\ntype = addition\ninput_layers = parts(1), parts(0), parts(1), parts(0)\n",
            false,
            "in input(in batch)\n"
            "parts split(in)\n"
            "parts/fan_out0 fan_out(parts)\n"
            "parts/1/fan_out0 fan_out(parts:1)\n"
            "sum addition(parts/1/fan_out0,parts/fan_out0,parts/1/fan_out0:1,parts/fan_out0:1)\n");
}

static void a_loss_may_read_any_of_several_outputs(void **state)
{
    static const char text[] =
        "[Model]\n" INPUT PARTS "[end]\ntype = mse\ninput_layers = parts(1)\n";
    test_network network;
    becomes(state, text, false,
            "in input(in batch)\n"
            "parts split(in)\n"
            "end mse(parts:1,end label)\n");
    becomes(state, text, true,
            "in input(in batch)\n"
            "parts split(in)\n");
    test_network_build(state, text, true, &network);
    assert_string_equal(network.graph.values[network.graph.outputs[0]].name, "parts:1");
    test_network_release(&network);
    becomes(state,
            "[Model]\nloss = cross\n" INPUT PARTS
            "[end]\ntype = activation\nactivation = softmax\ninput_layers = parts(1)\n",
            false,
            "in input(in batch)\n"
            "parts split(in)\n"
            "parts/loss cross_softmax(parts:1,parts/loss label)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_activation_stands_behind_its_layer),
        cmocka_unit_test(flattening_stands_behind_the_activation),
        cmocka_unit_test(a_rising_function_goes_behind_what_selects_the_largest),
        cmocka_unit_test(other_functions_and_other_readers_stay_in_front),
        cmocka_unit_test(the_activation_of_an_activation_layer_is_its_own),
        cmocka_unit_test(a_made_node_takes_origin_and_trainable_from_its_layer),
        cmocka_unit_test(a_loss_of_the_model_stands_behind_the_output),
        cmocka_unit_test(cross_takes_the_place_of_the_softmax),
        cmocka_unit_test(cross_takes_the_place_of_a_sigmoid_too),
        cmocka_unit_test(inference_ends_with_probabilities_and_has_no_loss),
        cmocka_unit_test(inference_of_a_network_with_mse_ends_with_its_last_layer),
        cmocka_unit_test(a_loss_may_be_a_layer_of_its_own),
        cmocka_unit_test(an_output_read_twice_gets_a_fan_out_in_front_of_its_first_reader),
        cmocka_unit_test(readers_of_one_output_are_served_in_file_order),
        cmocka_unit_test(one_layer_may_read_an_output_twice),
        cmocka_unit_test(readers_of_a_layer_with_an_activation_read_the_activation),
        cmocka_unit_test(an_unknown_loss_is_named_with_the_one_that_was_meant),
        cmocka_unit_test(cross_needs_a_softmax_at_the_end),
        cmocka_unit_test(cross_replaces_no_activation_with_properties_of_its_own),
        cmocka_unit_test(a_loss_that_applies_softmax_does_not_follow_another_softmax),
        cmocka_unit_test(a_loss_that_applies_sigmoid_does_not_follow_another_sigmoid),
        cmocka_unit_test(a_model_has_one_loss),
        cmocka_unit_test(nothing_reads_a_loss),
        cmocka_unit_test(readers_name_one_of_several_outputs),
        cmocka_unit_test(each_of_several_outputs_has_its_own_fan_outs),
        cmocka_unit_test(a_loss_may_read_any_of_several_outputs),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
