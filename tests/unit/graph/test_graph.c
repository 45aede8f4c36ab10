// SPDX-License-Identifier: Apache-2.0
// The graph that comes out: order of execution, shapes, ports, what has a backward pass, and its text.
#include "support/failing_allocator.h"
#include "support/files.h"
#include "support/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define INPUT      "[in]\ntype = input\ninput_shape = 2:6:6\n"
#define DROP(name) "[" name "]\ntype = dropout\ndropout_rate = 0\n"
#define FC(name)   "[" name "]\ntype = fully_connected\nunit = 3\n"
#define FROZEN     "trainable = false\n"

/// The names of the nodes in execution order, a blank behind each.
static void assert_order(void **state, const char *text, const char *expected)
{
    test_network network;
    test_text names;
    const mote_writer writer = test_text_writer(&names);
    test_network_build(state, text, false, &network);
    for (size_t i = 0; i < network.graph.node_count; i++) {
        writer.write(writer.user, network.graph.nodes[i].name, strlen(network.graph.nodes[i].name));
        writer.write(writer.user, " ", 1);
    }
    assert_string_equal(names.text, expected);
    test_network_release(&network);
}

static void nodes_run_in_file_order_where_their_inputs_allow(void **state)
{
    assert_order(state,
                 "[Model]\n" INPUT DROP("a")
                     DROP("b") "input_layers = in\n"
                               "[sum]\ntype = addition\ninput_layers = a,b\n",
                 "in in/fan_out0 a b sum ");
}

static void a_node_above_its_input_waits_for_it(void **state)
{
    assert_order(state,
                 "[Model]\n" INPUT "[sum]\ntype = addition\ninput_layers = late, in\n" DROP("end")
                     DROP("late") "input_layers = in\n",
                 "in in/fan_out0 late sum end ");
}

static void derivatives_and_gradients(void **state, const char *text, const char *expected)
{
    test_network network;
    test_text flags;
    const mote_writer writer = test_text_writer(&flags);
    test_network_build(state, text, false, &network);
    for (size_t i = 0; i < network.graph.node_count; i++) {
        const mote_node *const node = &network.graph.nodes[i];
        writer.write(writer.user, node->name, strlen(node->name));
        writer.write(writer.user, node->has_gradient ? "+g" : "", node->has_gradient ? 2 : 0);
        writer.write(writer.user, node->has_derivative ? "+d" : "", node->has_derivative ? 2 : 0);
        writer.write(writer.user, " ", 1);
    }
    assert_string_equal(flags.text, expected);
    test_network_release(&network);
}

static void nothing_in_front_of_the_first_weights_has_a_derivative(void **state)
{
    derivatives_and_gradients(state, "[Model]\nloss = mse\n" INPUT DROP("a") FC("b") FC("c"),
                              "in a b+g c+g+d c/loss+d ");
}

static void a_frozen_prefix_has_no_backward_pass(void **state)
{
    derivatives_and_gradients(state,
                              "[Model]\nloss = mse\n" INPUT FC("a") FROZEN FC("b") FROZEN FC("c"),
                              "in a b c+g c/loss+d ");
}

static void a_frozen_layer_behind_weights_hands_derivatives_on(void **state)
{
    derivatives_and_gradients(state, "[Model]\nloss = mse\n" INPUT FC("a") FC("b") FROZEN FC("c"),
                              "in a+g b+d c+g+d c/loss+d ");
}

static void one_branch_may_have_derivatives_where_the_other_has_none(void **state)
{
    test_network network;
    test_network_build(
        state,
        "[Model]\nloss = mse\n" INPUT "[a]\ntype = conv2d\nfilters = 2\n"
        "kernel_size = 1\n" DROP("b") "input_layers = in\n"
                                      "[sum]\ntype = addition\ninput_layers = a, b\n",
        false, &network);
    const mote_graph *const graph = &network.graph;
    assert_true(graph->values[test_network_value(graph, "a")].needs_derivative);
    assert_false(graph->values[test_network_value(graph, "b")].needs_derivative);
    assert_false(graph->values[test_network_value(graph, "in/fan_out0")].needs_derivative);
    assert_true(graph->nodes[test_network_node(graph, "sum")].has_derivative);
    test_network_release(&network);
}

static void without_a_loss_there_is_no_backward_pass(void **state)
{
    derivatives_and_gradients(state, "[Model]\n" INPUT FC("a") FC("b"), "in a b ");
}

static void the_metrics_have_no_derivative(void **state)
{
    test_network network;
    test_network_build(state, "[Model]\nloss = mse\n" INPUT FC("a"), false, &network);
    const mote_graph *const graph = &network.graph;
    assert_false(graph->values[test_network_value(graph, "a/loss")].needs_derivative);
    assert_false(graph->values[test_network_value(graph, "a/loss label")].needs_derivative);
    assert_true(graph->values[graph->losses[0].prediction].needs_derivative);
    test_network_release(&network);
}

static void an_output_that_nobody_reads_has_no_derivative(void **state)
{
    test_network network;
    test_network_build(state,
                       "[Model]\nloss = mse\n" INPUT FC("a") "[parts]\ntype = split\naxis = 1\n" FC(
                           "b") "input_layers = parts(1)\n",
                       false, &network);
    const mote_graph *const graph = &network.graph;
    assert_true(graph->values[test_network_value(graph, "a")].needs_derivative);
    assert_false(graph->values[test_network_value(graph, "parts")].needs_derivative);
    assert_true(graph->values[test_network_value(graph, "parts:1")].needs_derivative);
    test_network_release(&network);
}

static void ports_are_the_inputs_in_file_order_then_the_label(void **state)
{
    test_network network;
    test_network_build(state,
                       "[Model]\nloss = cross_softmax\nbatch_size = 7\n" INPUT
                       "[more]\ntype = input\ninput_shape = 7:2:6:6\n"
                       "[sum]\ntype = addition\ninput_layers = more, in\n",
                       false, &network);
    const mote_graph *const graph = &network.graph;
    assert_int_equal(graph->batch, 7);
    assert_int_equal(graph->port_count, 3);
    assert_int_equal(graph->input_count, 2);
    static const char *const names[] = {"in batch", "more batch", "sum/loss label"};
    for (size_t i = 0; i < 3; i++) {
        const mote_value *const value = &graph->values[graph->ports[i]];
        assert_string_equal(value->name, names[i]);
        assert_int_equal(value->port, i);
        assert_int_equal(value->producer, MOTE_NONE);
        assert_int_equal(value->label, i == 2);
    }
    test_network_release(&network);
}

static void a_label_is_what_the_loss_asks_for(void **state)
{
    test_network network;
    test_network_build(state, "[Model]\nloss = cross_softmax\n" INPUT FC("a"), false, &network);
    const mote_tensor_spec *label =
        &network.graph.values[test_network_value(&network.graph, "a/loss label")].spec;
    assert_int_equal(label->dtype, MOTE_DTYPE_I32);
    assert_true(mote_shape_equal(&label->shape, &(mote_shape){3, {2, 6, 1}}));
    test_network_release(&network);
    test_network_build(state, "[Model]\nloss = mse\n" INPUT FC("a"), false, &network);
    label = &network.graph.values[test_network_value(&network.graph, "a/loss label")].spec;
    assert_int_equal(label->dtype, MOTE_DTYPE_F32);
    assert_true(mote_shape_equal(&label->shape, &(mote_shape){3, {2, 6, 3}}));
    test_network_release(&network);
}

static void tensors_are_named_after_their_layer(void **state)
{
    test_network network;
    test_network_build(state, "[Model]\n" INPUT "[bn]\ntype = batch_normalization\n" FC("fc"),
                       false, &network);
    const mote_node *const bn = &network.graph.nodes[1];
    assert_string_equal(bn->weight_names[0], "bn.weight");
    assert_string_equal(bn->weight_names[1], "bn.bias");
    assert_string_equal(bn->statistic_names[0], "bn.running_mean");
    assert_string_equal(bn->statistic_names[1], "bn.running_var");
    assert_int_equal(mote_graph_parameter_count(&network.graph), 2 + 2 + 3 * 6 + 3);
    test_network_release(&network);
}

static void the_text_shows_each_node_with_shapes_properties_and_weights(void **state)
{
    test_network network;
    test_text text;
    const mote_writer writer = test_text_writer(&text);
    test_network_build(state, "[Model]\nloss = mse\n" INPUT FC("a") FROZEN FC("b"), false,
                       &network);
    mote_graph_print(&network.graph, &writer);
    assert_string_equal(
        text.text,
        "in                       input                in batch -> 2:6:6 input_shape=2,6,6 "
        "normalization=false standardization=false dtype=float32 (no backward)\n"
        "a                        fully_connected      in -> 2:6:3 unit=3 "
        "weight_initializer=xavier_uniform bias_initializer=zeros disable_bias=false frozen (no "
        "backward)\n"
        "    a.weight 3:6 xavier_uniform\n"
        "    a.bias 3 zeros\n"
        "b                        fully_connected      a -> 2:6:3 unit=3 "
        "weight_initializer=xavier_uniform bias_initializer=zeros disable_bias=false\n"
        "    b.weight 3:3 xavier_uniform\n"
        "    b.bias 3 zeros\n"
        "b/loss                   mse                  b, b/loss label -> 2\n");
    test_network_release(&network);
}

static mote_status build_with(const mote_allocator *allocator, void *user)
{
    mote_arena arena;
    mote_graph graph;
    mote_arena_init(&arena, allocator);
    const mote_graph_config config = {
        .description = user, .layers = mote_layers_builtin(), .thread_count = 1};
    const mote_status status = mote_graph_build(&config, &arena, &graph);
    mote_arena_release(&arena);
    return status;
}

static void memory_that_cannot_be_had_is_an_error_and_nothing_leaks(void **state)
{
    test_network network;
    test_network_build(
        state,
        "[Model]\nloss = cross\n" INPUT "[bn]\ntype = batch_normalization\n"
        "[sum]\ntype = addition\ninput_layers = in, bn\n" FC("fc") "activation = softmax\n",
        false, &network);
    assert_true(failing_allocator_sweep(build_with, &network.description) > 0);
    test_network_release(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_run_in_file_order_where_their_inputs_allow),
        cmocka_unit_test(a_node_above_its_input_waits_for_it),
        cmocka_unit_test(nothing_in_front_of_the_first_weights_has_a_derivative),
        cmocka_unit_test(a_frozen_prefix_has_no_backward_pass),
        cmocka_unit_test(a_frozen_layer_behind_weights_hands_derivatives_on),
        cmocka_unit_test(one_branch_may_have_derivatives_where_the_other_has_none),
        cmocka_unit_test(without_a_loss_there_is_no_backward_pass),
        cmocka_unit_test(the_metrics_have_no_derivative),
        cmocka_unit_test(an_output_that_nobody_reads_has_no_derivative),
        cmocka_unit_test(ports_are_the_inputs_in_file_order_then_the_label),
        cmocka_unit_test(a_label_is_what_the_loss_asks_for),
        cmocka_unit_test(tensors_are_named_after_their_layer),
        cmocka_unit_test(the_text_shows_each_node_with_shapes_properties_and_weights),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
