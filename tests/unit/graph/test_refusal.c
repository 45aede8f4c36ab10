// SPDX-License-Identifier: Apache-2.0
// What is wrong with a model file is said once, with file, line, the value and what was meant.
#include "support/files.h"
#include "support/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void refused(void **state, const char *text, mote_status status, const char *message)
{
    test_network_refused(state, text, false, status, message);
}

static void an_unknown_type_is_named_with_the_one_that_was_meant(void **state)
{
    refused(state, NETWORK_HEAD "[c1]\ntype = conv2\n", MOTE_ERROR_PROPERTY,
            "@:9: layer 'c1': unknown type 'conv2', did you mean 'conv2d'?");
}

/// The message about a type that is like none: the list of all that can be written.
static void refused_with_types(void **state, const char *type)
{
    const mote_layer_registry *const registry = mote_layers_builtin();
    char text[128];
    char message[1024];
    (void)snprintf(text, sizeof text, NETWORK_HEAD "[c1]\ntype = %s\n", type);
    size_t length = (size_t)snprintf(message, sizeof message,
                                     "@:9: layer 'c1': unknown type '%s', "
                                     "expected one of: input",
                                     type);
    for (size_t i = 1; i < registry->count; i++) {
        const mote_layer *const layer = registry->layers[i];
        if (!layer->internal)
            length +=
                (size_t)snprintf(message + length, sizeof message - length, ", %s", layer->name);
    }
    assert_true(length < sizeof message);
    refused(state, text, MOTE_ERROR_PROPERTY, message);
}

static void an_unknown_type_that_is_near_none_gets_the_list_of_types(void **state)
{
    refused_with_types(state, "quartz");
}

static void a_type_that_only_realizers_make_cannot_be_written(void **state)
{
    refused_with_types(state, "fan_out");
}

#define NO_LOSS "[Model]\n[in]\ntype = input\ninput_shape = 2:6:6\n"
#define SPLIT   "[parts]\ntype = split\naxis = 1\n"

static void an_output_that_is_not_there_is_refused(void **state)
{
    refused(state, NO_LOSS SPLIT "[f]\ntype = flatten\ninput_layers = parts(2)\n", MOTE_ERROR_GRAPH,
            "@:8: layer 'f': input_layers: 'parts' has 2 outputs, 0 .. 1, there is no parts(2)");
    refused(state, NO_LOSS "[f]\ntype = flatten\ninput_layers = in(1)\n", MOTE_ERROR_GRAPH,
            "@:5: layer 'f': input_layers: 'in' has 1 output, 0 .. 0, there is no in(1)");
    refused(state, NO_LOSS SPLIT "[f]\ntype = flatten\ninput_layers = parts(x)\n", MOTE_ERROR_GRAPH,
            "@:10: layer 'f': input_layers: there is no layer 'parts(x)'");
}

static void what_follows_several_outputs_must_say_which(void **state)
{
    refused(state, NETWORK_HEAD SPLIT "activation = relu\n", MOTE_ERROR_GRAPH,
            "@:8: layer 'parts': type 'split' has several outputs: 'activation' must be a layer of "
            "its own, with input_layers = parts(0)");
    refused(state, NETWORK_HEAD SPLIT "flatten = true\n", MOTE_ERROR_GRAPH,
            "@:8: layer 'parts': type 'split' has several outputs: 'flatten' must be a layer of "
            "its own, with input_layers = parts(0)");
    refused(state, "[Model]\nloss = mse\n[in]\ntype = input\ninput_shape = 2:6:6\n" SPLIT,
            MOTE_ERROR_GRAPH,
            "@:6: layer 'parts': type 'split' has several outputs: 'loss' must be a layer of its "
            "own, with input_layers = parts(0)");
}

static void an_unknown_key_is_named_with_the_one_that_was_meant(void **state)
{
    refused(state, NETWORK_HEAD "[c1]\ntype = conv2d\nfilter = 3\n", MOTE_ERROR_PROPERTY,
            "@:10: layer 'c1': unknown key 'filter', did you mean 'filters'?");
    refused(state, NETWORK_HEAD "[c1]\ntype = flatten\nactivatoin = relu\n", MOTE_ERROR_PROPERTY,
            "@:10: layer 'c1': unknown key 'activatoin', did you mean 'activation'?");
}

static void a_key_of_another_layer_is_unknown(void **state)
{
    refused(state, NETWORK_HEAD "[f]\ntype = flatten\nunit = 3\n", MOTE_ERROR_PROPERTY,
            "@:10: layer 'f': unknown key 'unit', expected one of: type, input_layers, "
            "activation, flatten, trainable, shared_from, "
            "loss_weight");
}

static void a_bad_value_is_named_with_what_is_accepted(void **state)
{
    refused(state, NETWORK_HEAD "[f]\ntype = fully_connected\nunit = -3\n", MOTE_ERROR_PROPERTY,
            "@:10: layer 'f': unit = -3: expected a whole number from 1 to 2147483647");
    refused(state, NETWORK_HEAD "[f]\ntype = fully_connected\nunit = 3\ntrainable = maybe\n",
            MOTE_ERROR_PROPERTY, "@:11: layer 'f': trainable = maybe: expected true or false");
    refused(state, NETWORK_HEAD "[f]\ntype = fully_connected\nunit = 3\nactivation = rellu\n",
            MOTE_ERROR_PROPERTY,
            "@:11: layer 'f/activation': activation = rellu: expected one of relu, sigmoid, tanh, "
            "softmax, log_softmax, leaky_relu, relu6, elu, selu, softplus, hard_sigmoid, swish, "
            "gelu, tanh_gelu, mish, hard_swish, did you mean 'relu'?");
}

static void a_missing_key_is_named_with_what_is_accepted(void **state)
{
    refused(state, NETWORK_HEAD "[f]\ntype = fully_connected\n", MOTE_ERROR_PROPERTY,
            "@:8: layer 'f': key 'unit' is missing, expected a whole number from 1 to 2147483647");
}

static void a_name_may_not_look_like_one_that_is_made(void **state)
{
    static const char *const names[] = {"a/b", "a.b", "a,b", "a(1)"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[256];
        char message[256];
        (void)snprintf(text, sizeof text, NETWORK_HEAD "[%s]\ntype = flatten\n", names[i]);
        (void)snprintf(message, sizeof message,
                       "@:8: layer '%s': a layer's name may not contain '/', '.', ',' or '('",
                       names[i]);
        refused(state, text, MOTE_ERROR_PROPERTY, message);
    }
}

static void a_name_is_given_once(void **state)
{
    refused(state, NETWORK_HEAD "[f]\ntype = flatten\n[F]\ntype = flatten\n", MOTE_ERROR_PROPERTY,
            "@:10: section [F] is already at line 8");
}

static void an_input_that_is_not_there_is_named_with_the_one_that_was_meant(void **state)
{
    refused(state,
            NETWORK_HEAD "[conv1]\ntype = flatten\n"
                         "[f]\ntype = flatten\ninput_layers = conv2\n",
            MOTE_ERROR_GRAPH,
            "@:12: layer 'f': input_layers: there is no layer 'conv2', did you mean 'conv1'?");
    refused(state, NETWORK_HEAD "[f]\ntype = flatten\ninput_layers = somewhere\n", MOTE_ERROR_GRAPH,
            "@:10: layer 'f': input_layers: there is no layer 'somewhere'");
    refused(state, NETWORK_HEAD "[f]\ntype = addition\ninput_layers = in,\n", MOTE_ERROR_GRAPH,
            "@:10: layer 'f': input_layers: there is no layer ''");
}

static void the_first_layer_must_have_an_input(void **state)
{
    refused(state, "[Model]\n[f]\ntype = flatten\n", MOTE_ERROR_GRAPH,
            "@:2: layer 'f': the first layer must be of type 'input' or name its input_layers");
}

static void too_many_or_too_few_inputs_are_refused(void **state)
{
    refused(state, NETWORK_HEAD "[a]\ntype = addition\n", MOTE_ERROR_GRAPH,
            "@:8: layer 'a': has 1 input; type 'addition' takes at least 2");
    refused(state, NETWORK_HEAD "[f]\ntype = flatten\ninput_layers = in, in\n", MOTE_ERROR_GRAPH,
            "@:8: layer 'f': has 2 inputs; type 'flatten' takes 1");
    refused(state,
            NETWORK_HEAD "[f]\ntype = flatten\n"
                         "[i]\ntype = input\ninput_shape = 4\ninput_layers = f\n",
            MOTE_ERROR_GRAPH, "@:10: layer 'i': has 1 input; type 'input' takes 0");
}

static void a_cycle_is_named_by_two_of_its_layers(void **state)
{
    refused(state,
            NETWORK_HEAD "[a]\ntype = addition\ninput_layers = in, c\n"
                         "[b]\ntype = flatten\n"
                         "[c]\ntype = flatten\n"
                         "[d]\ntype = flatten\nactivation = softmax\n",
            MOTE_ERROR_GRAPH,
            "@:11: layer 'b' is on a cycle: it needs the output of 'a', which needs its own");
}

static void a_layer_that_reads_itself_is_a_cycle(void **state)
{
    refused(state,
            NETWORK_HEAD "[a]\ntype = addition\ninput_layers = in, a\n"
                         "[d]\ntype = flatten\nactivation = softmax\n",
            MOTE_ERROR_GRAPH, "@:8: layer 'a' is on a cycle: it needs its own output");
}

static void a_network_of_a_cycle_alone_is_refused(void **state)
{
    refused(state,
            "[Model]\n[a]\ntype = flatten\ninput_layers = b\n"
            "[b]\ntype = flatten\n",
            MOTE_ERROR_GRAPH,
            "@:2: layer 'a' is on a cycle: it needs the output of 'b', which needs its own");
}

static void a_second_output_is_refused_with_both_names(void **state)
{
    refused(state,
            NETWORK_HEAD "[a]\ntype = flatten\n"
                         "[b]\ntype = flatten\ninput_layers = in\n",
            MOTE_ERROR_GRAPH,
            "@:8: layer 'a': no layer reads its output, and none reads that of 'b'; [Model] loss "
            "goes with one output, several take loss layers");
}

static void shapes_that_do_not_fit_are_named_with_the_line_of_the_layer(void **state)
{
    refused(state,
            NETWORK_HEAD "[c]\ntype = conv2d\nfilters = 1\nkernel_size = 9\nactivation = softmax\n",
            MOTE_ERROR_SHAPE,
            "@:8: layer 'c': kernel height 9 is more than input height 6 with padding 0+0");
    refused(
        state,
        NETWORK_HEAD "[f]\ntype = flatten\n"
                     "[a]\ntype = addition\ninput_layers = in, f\nactivation = softmax\n",
        MOTE_ERROR_SHAPE,
        "@:10: layer 'a': input 1 has shape 1:1:72, those before it make 2:6:6: along each axis "
        "sizes must be equal or 1");
    refused(state, "[Model]\n[in]\ntype = input\ninput_shape = 6:6\n", MOTE_ERROR_PROPERTY,
            "@:2: layer 'in': input_shape has 2 numbers, it takes width, channels:height:width or "
            "batch:channels:height:width");
}

static void a_shape_beyond_the_address_range_is_refused(void **state)
{
    refused(state, "[Model]\n[in]\ntype = input\ninput_shape = 2147483647:2147483647:2147483647\n",
            MOTE_ERROR_SHAPE,
            "@:2: layer 'in': output: shape 2147483647:2147483647:2147483647 has more than "
            "18446744073709551615 elements");
}

static void an_unknown_loss_is_named_with_the_one_that_was_meant(void **state)
{
    refused(state, "[Model]\nloss = crss\n[in]\ntype = input\ninput_shape = 4\n",
            MOTE_ERROR_PROPERTY,
            "@:2: [Model]: loss = crss: there is no such loss, did you mean 'cross'?");
    refused(state, "[Model]\nloss = hinge\n[in]\ntype = input\ninput_shape = 4\n",
            MOTE_ERROR_PROPERTY,
            "@:2: [Model]: loss = hinge: there is no such loss, expected one of: cross, mse, "
            "l1, huber, kld, constant_derivative, cross_softmax, cross_sigmoid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_type_is_named_with_the_one_that_was_meant),
        cmocka_unit_test(an_unknown_type_that_is_near_none_gets_the_list_of_types),
        cmocka_unit_test(a_type_that_only_realizers_make_cannot_be_written),
        cmocka_unit_test(an_output_that_is_not_there_is_refused),
        cmocka_unit_test(what_follows_several_outputs_must_say_which),
        cmocka_unit_test(an_unknown_key_is_named_with_the_one_that_was_meant),
        cmocka_unit_test(a_key_of_another_layer_is_unknown),
        cmocka_unit_test(a_bad_value_is_named_with_what_is_accepted),
        cmocka_unit_test(a_missing_key_is_named_with_what_is_accepted),
        cmocka_unit_test(a_name_may_not_look_like_one_that_is_made),
        cmocka_unit_test(a_name_is_given_once),
        cmocka_unit_test(an_input_that_is_not_there_is_named_with_the_one_that_was_meant),
        cmocka_unit_test(the_first_layer_must_have_an_input),
        cmocka_unit_test(too_many_or_too_few_inputs_are_refused),
        cmocka_unit_test(a_cycle_is_named_by_two_of_its_layers),
        cmocka_unit_test(a_layer_that_reads_itself_is_a_cycle),
        cmocka_unit_test(a_network_of_a_cycle_alone_is_refused),
        cmocka_unit_test(a_second_output_is_refused_with_both_names),
        cmocka_unit_test(shapes_that_do_not_fit_are_named_with_the_line_of_the_layer),
        cmocka_unit_test(a_shape_beyond_the_address_range_is_refused),
        cmocka_unit_test(an_unknown_loss_is_named_with_the_one_that_was_meant),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
