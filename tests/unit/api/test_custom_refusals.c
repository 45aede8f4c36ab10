// SPDX-License-Identifier: Apache-2.0
// What is wrong with a layer, loss or optimizer of a program's own is told: when it is added, and when a model is set up
// with it.
#include "copies.h"
#include "probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void refuse_layer(const mote_custom_layer *layer, const char *text)
{
    mote_context *context = make_context();
    const size_t count = mote_component_count(context);
    expect_raises(mote_context_add_layer(context, layer), MOTE_ERROR_ARGUMENT, text);
    assert_int_equal(mote_component_count(context), count);
    mote_context_destroy(&context);
}

static void refuse_loss(const mote_custom_loss *loss, const char *text)
{
    mote_context *context = make_context();
    expect_raises(mote_context_add_loss(context, loss), MOTE_ERROR_ARGUMENT, text);
    mote_context_destroy(&context);
}

static void refuse_optimizer(const mote_custom_optimizer *optimizer, const char *text)
{
    mote_context *context = make_context();
    expect_raises(mote_context_add_optimizer(context, optimizer), MOTE_ERROR_ARGUMENT, text);
    mote_context_destroy(&context);
}

static void a_missing_argument_is_refused(void **unused)
{
    mote_context *context = make_context();
    (void)unused;
    expect_raises(mote_context_add_layer(NULL, &dense), MOTE_ERROR_ARGUMENT,
                  "mote_context_add_layer: an argument is NULL");
    expect_raises(mote_context_add_layer(context, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_context_add_layer: an argument is NULL");
    expect_raises(mote_context_add_loss(context, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_context_add_loss: an argument is NULL");
    expect_raises(mote_context_add_optimizer(context, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_context_add_optimizer: an argument is NULL");
    mote_context_destroy(&context);
}

static const struct bad_name {
    const char *name, *text;
} bad_names[] = {
    {NULL, "layer without a name"},
    {"", "layer '': a name has lower-case letters, digits and '_', a letter first, at most 48"},
    {"Dense", "layer 'Dense': a name has lower-case letters"},
    {"2dense", "layer '2dense': a name has"},
    {"my dense", "layer 'my dense': a name has"},
    {"a123456789b123456789c123456789d123456789e12345678", "12345678': a name has"},
    {"conv2d", "layer 'conv2d': there is a layer of this name"},
    {"fan_out", "layer 'fan_out': there is a layer of this name"},
    {"mse", "layer 'mse': there is a loss of this name"},
    {"cross", "layer 'cross': the name stands for all cross entropies"},
};

static void a_name_that_does_not_do_is_refused(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        mote_custom_layer layer = dense;
        layer.name = bad_names[i].name;
        refuse_layer(&layer, bad_names[i].text);
    }
    mote_custom_loss loss = squares;
    loss.name = "conv2d";
    refuse_loss(&loss, "loss 'conv2d': there is a layer of this name");
    loss.name = "cross";
    refuse_loss(&loss, "loss 'cross': the name stands for");
    mote_custom_optimizer optimizer = descend;
    optimizer.name = "adam";
    refuse_optimizer(&optimizer, "optimizer 'adam': there is one of this name");
    optimizer.name = NULL;
    refuse_optimizer(&optimizer, "optimizer without a name");
}

static void the_same_name_twice_is_refused(void **unused)
{
    mote_context *context = make_context();
    mote_custom_loss loss = squares;
    (void)unused;
    loss.name = "dense";
    expect_ok(mote_context_add_layer(context, &dense));
    expect_ok(mote_context_add_optimizer(context, &descend));
    expect_raises(mote_context_add_layer(context, &dense), MOTE_ERROR_ARGUMENT,
                  "layer 'dense': there is a layer of this name");
    expect_raises(mote_context_add_loss(context, &loss), MOTE_ERROR_ARGUMENT,
                  "loss 'dense': there is a layer of this name");
    expect_raises(mote_context_add_optimizer(context, &descend), MOTE_ERROR_ARGUMENT,
                  "optimizer 'descend': there is one of this name");
    mote_context_destroy(&context);
}

static void a_missing_part_is_refused(void **unused)
{
    (void)unused;
    mote_custom_layer layer = dense;
    layer.summary = "";
    refuse_layer(&layer, "layer 'dense': summary is missing");
    layer.summary = "two\nlines";
    refuse_layer(&layer, "layer 'dense': summary has several lines, expected one");
    layer = dense;
    layer.setup = NULL;
    refuse_layer(&layer, "layer 'dense': setup is missing");
    layer = dense;
    layer.forward = NULL;
    refuse_layer(&layer, "layer 'dense': forward is missing");
    layer = dense;
    layer.calc_derivative = NULL;
    refuse_layer(&layer, "layer 'dense': calc_derivative is missing");
    mote_custom_loss loss = squares;
    loss.value = NULL;
    refuse_loss(&loss, "loss 'squares': value is missing");
    loss = squares;
    loss.derive = NULL;
    refuse_loss(&loss, "loss 'squares': derive is missing");
    mote_custom_optimizer optimizer = descend;
    optimizer.apply = NULL;
    refuse_optimizer(&optimizer, "optimizer 'descend': apply is missing");
}

static void a_table_of_keys_that_does_not_hold_is_refused(void **unused)
{
    (void)unused;
    mote_custom_layer layer = dense;
    layer.state_bytes = 4;
    refuse_layer(&layer,
                 "layer 'dense': property 'unit': 8 bytes at offset 0 are not in the state, "
                 "which has state_bytes = 4");
    mote_property table[2] = {dense_properties[0], {.name = NULL}};
    layer = dense;
    layer.properties = table;
    table[0].name = "flatten";
    refuse_layer(&layer, "layer 'dense': property 'flatten': every layer has a key of this name");
    mote_custom_loss loss = squares;
    loss.properties = table;
    loss.state_bytes = sizeof(dense_state);
    table[0].name = "loss_weight";
    refuse_loss(&loss, "loss 'squares': property 'loss_weight': every loss has a key of this name");
    mote_custom_optimizer optimizer = descend;
    optimizer.properties = table;
    optimizer.state_bytes = sizeof(dense_state);
    table[0].name = "clip_norm";
    refuse_optimizer(&optimizer, "optimizer 'descend': property 'clip_norm': every optimizer has");
}

static void numbers_that_make_no_sense_are_refused(void **unused)
{
    (void)unused;
    mote_custom_layer layer = dense;
    layer.input_maximum = 2;
    refuse_layer(&layer, "layer 'dense': takes 0 to 2 inputs, expected at least 1");
    layer.input_minimum = 3;
    refuse_layer(&layer, "layer 'dense': takes 3 to 2 inputs, expected at least 1");
    mote_custom_optimizer optimizer = descend;
    optimizer.learning_rate = (double)NAN;
    refuse_optimizer(&optimizer, "optimizer 'descend': default learning rate nan, expected 0 to");
    optimizer = descend;
    optimizer.slot_names[2] = "late";
    refuse_optimizer(&optimizer, "optimizer 'descend': slot 2, 'late': expected names");
    optimizer.slot_names[2] = NULL;
    optimizer.slot_names[1] = "a.b";
    refuse_optimizer(&optimizer, "optimizer 'descend': slot 1, 'a.b': expected names");
    optimizer.slot_names[1] = "average";
    refuse_optimizer(&optimizer, "slot 'average': moving averages have that name");
    optimizer.slot_names[1] = "velocity";
    refuse_optimizer(&optimizer, "slot 'velocity': there are two of this name");
}

static mote_status two_outputs(mote_layer_setup *setup)
{
    const mote_custom_shape shape = {1, 1, 2};
    const mote_status status = mote_layer_setup_output(setup, shape);
    return status == MOTE_OK ? mote_layer_setup_output(setup, shape) : status;
}

static mote_status no_output(mote_layer_setup *setup)
{
    (void)setup;
    return MOTE_OK;
}

static mote_status empty_output(mote_layer_setup *setup)
{
    return mote_layer_setup_output(setup, mote_layer_setup_input(setup, 1));
}

static mote_status own_words(mote_layer_setup *setup)
{
    const mote_custom_shape in = mote_layer_setup_input(setup, 0);
    return mote_layer_setup_refuse(setup, MOTE_ERROR_SHAPE, "width %zu is not even", in.width);
}

static mote_status no_words(mote_layer_setup *setup)
{
    (void)setup;
    return MOTE_ERROR_DATA;
}

static mote_status refused_without_status(mote_layer_setup *setup)
{
    return mote_layer_setup_refuse(setup, MOTE_OK, "%s", mote_layer_setup_name(setup));
}

static mote_status ignored_failure(mote_layer_setup *setup)
{
    const mote_status ignored = mote_layer_setup_need_input(setup, 1, MOTE_PHASE_GRADIENT);
    assert_int_equal(ignored, MOTE_ERROR_ARGUMENT);
    return mote_layer_setup_output(setup, mote_layer_setup_input(setup, 0));
}

static mote_status needs_in_forward(mote_layer_setup *setup)
{
    return mote_layer_setup_need_input(setup, 0, MOTE_PHASE_FORWARD);
}

static mote_status needs_nowhere(mote_layer_setup *setup)
{
    return mote_layer_setup_need_output(setup, 0);
}

static mote_status strange_overwrite(mote_layer_setup *setup)
{
    return mote_layer_setup_overwrite(setup, 8);
}

static mote_status nothing_temporary(mote_layer_setup *setup)
{
    return mote_layer_setup_temporary(setup, NULL);
}

static mote_status temporary_in_no_phase(mote_layer_setup *setup)
{
    const mote_custom_temporary temporary = {.count = 3, .phases = 16};
    return mote_layer_setup_temporary(setup, &temporary);
}

static mote_status empty_temporary(mote_layer_setup *setup)
{
    const mote_custom_temporary temporary = {.phases = MOTE_PHASE_FORWARD};
    return mote_layer_setup_temporary(setup, &temporary);
}

static mote_status empty_product(mote_layer_setup *setup)
{
    const mote_custom_product product = {.rows = 2, .columns = 2};
    return mote_layer_setup_product(setup, MOTE_PHASE_FORWARD, &product);
}

static mote_status broken_product(mote_layer_setup *setup)
{
    const mote_custom_product product = {.rows = 2, .columns = 2, .depth = 5, .sample_depth = 2};
    return mote_layer_setup_product(setup, MOTE_PHASE_FORWARD, &product);
}

static mote_status huge_product(mote_layer_setup *setup)
{
    const mote_custom_product product = {.rows = SIZE_MAX, .columns = 2, .depth = 5};
    return mote_layer_setup_product(setup, MOTE_PHASE_FORWARD, &product);
}

static mote_status no_product(mote_layer_setup *setup)
{
    return mote_layer_setup_product(setup, MOTE_PHASE_FORWARD, NULL);
}

static mote_status add_weight(mote_layer_setup *setup, const mote_custom_weight *weight)
{
    return mote_layer_setup_weight(setup, weight);
}

static mote_status no_weight(mote_layer_setup *setup)
{
    return add_weight(setup, NULL);
}

static mote_status unnamed_weight(mote_layer_setup *setup)
{
    return add_weight(setup, &(mote_custom_weight){.rank = 1, .dims = {2}});
}

static mote_status oddly_named_weight(mote_layer_setup *setup)
{
    return add_weight(setup, &(mote_custom_weight){.name = "a.b", .rank = 1, .dims = {2}});
}

static mote_status weight_of_no_rank(mote_layer_setup *setup)
{
    return add_weight(setup, &(mote_custom_weight){.name = "w", .rank = 5});
}

static mote_status empty_weight(mote_layer_setup *setup)
{
    return add_weight(setup, &(mote_custom_weight){.name = "w", .rank = 2, .dims = {2}});
}

static mote_status weight_without_fans(mote_layer_setup *setup)
{
    return add_weight(setup, &(mote_custom_weight){.name = "w",
                                                   .rank = 1,
                                                   .dims = {2},
                                                   .initializer = MOTE_INITIALIZER_HE_NORMAL,
                                                   .fan_in = 2});
}

static mote_status strangely_initialized_weight(mote_layer_setup *setup)
{
    return add_weight(setup,
                      &(mote_custom_weight){
                          .name = "w", .rank = 1, .dims = {2}, .initializer = (mote_initializer)8});
}

static mote_status two_weights(mote_layer_setup *setup)
{
    const mote_custom_weight weight = {.name = "w", .rank = 1, .dims = {2}};
    const mote_status status = add_weight(setup, &weight);
    return status == MOTE_OK ? add_weight(setup, &weight) : status;
}

static mote_status weight_without_gradient(mote_layer_setup *setup)
{
    const mote_custom_weight weight = {.name = "w", .rank = 1, .dims = {2}};
    const mote_status status = add_weight(setup, &weight);
    return status == MOTE_OK ? mote_layer_setup_output(setup, mote_layer_setup_input(setup, 0))
                             : status;
}

static mote_status statistic_without_update(mote_layer_setup *setup)
{
    const mote_custom_weight statistic = {.name = "s", .rank = 1, .dims = {2}};
    const mote_status status = mote_layer_setup_statistic(setup, &statistic);
    return status == MOTE_OK ? mote_layer_setup_output(setup, mote_layer_setup_input(setup, 0))
                             : status;
}

static mote_status statistic_named_as_a_weight(mote_layer_setup *setup)
{
    const mote_custom_weight weight = {.name = "w", .rank = 1, .dims = {2}};
    const mote_status status = mote_layer_setup_weight(setup, &weight);
    return status == MOTE_OK ? mote_layer_setup_statistic(setup, &weight) : status;
}

static mote_status no_statistic(mote_layer_setup *setup)
{
    return mote_layer_setup_statistic(setup, NULL);
}

static const struct bad_setup {
    mote_status (*setup)(mote_layer_setup *setup);
    mote_status status;
    const char *text;
} bad_setups[] = {
    {two_outputs, MOTE_ERROR_ARGUMENT, "mote_layer_setup_output: the output is declared already"},
    {no_output, MOTE_ERROR_ARGUMENT,
     "setup of type 'probe' declared no output, expected one by mote_layer_setup_output"},
    {empty_output, MOTE_ERROR_SHAPE, "output"},
    {own_words, MOTE_ERROR_SHAPE, "width 3 is not even"},
    {no_words, MOTE_ERROR_DATA,
     "setup of type 'probe' returned ERROR_DATA without mote_layer_setup_refuse"},
    {refused_without_status, MOTE_ERROR_ARGUMENT, "it"},
    {ignored_failure, MOTE_ERROR_ARGUMENT, "mote_layer_setup_need_input: input 1, there are 1"},
    {needs_in_forward, MOTE_ERROR_ARGUMENT,
     "mote_layer_setup_need_input: phases 0x1, expected some of 0x6"},
    {needs_nowhere, MOTE_ERROR_ARGUMENT,
     "mote_layer_setup_need_output: phases 0x0, expected some of 0x6"},
    {strange_overwrite, MOTE_ERROR_ARGUMENT,
     "mote_layer_setup_overwrite: 0x8, expected some of 0x7"},
    {nothing_temporary, MOTE_ERROR_ARGUMENT, "mote_layer_setup_temporary: temporary is NULL"},
    {temporary_in_no_phase, MOTE_ERROR_ARGUMENT,
     "mote_layer_setup_temporary: phases 0x10, expected some of 0xf"},
    {empty_temporary, MOTE_ERROR_SHAPE, "temporary"},
    {empty_product, MOTE_ERROR_ARGUMENT, "mote_layer_setup_product: rows, columns or depth is 0"},
    {broken_product, MOTE_ERROR_ARGUMENT,
     "mote_layer_setup_product: depth is not a number of samples times sample_depth"},
    {huge_product, MOTE_ERROR_ARGUMENT,
     "mote_layer_setup_product: rows, columns or depth is more than memory can address"},
    {no_product, MOTE_ERROR_ARGUMENT, "mote_layer_setup_product: product is NULL"},
    {no_weight, MOTE_ERROR_ARGUMENT, "mote_layer_setup_weight: an argument is NULL"},
    {unnamed_weight, MOTE_ERROR_ARGUMENT, "weight '': a name has lower-case letters"},
    {oddly_named_weight, MOTE_ERROR_ARGUMENT, "weight 'a.b': a name has lower-case letters"},
    {weight_of_no_rank, MOTE_ERROR_ARGUMENT, "weight 'w': rank 5, expected 1 to 4"},
    {empty_weight, MOTE_ERROR_SHAPE, "w"},
    {weight_without_fans, MOTE_ERROR_ARGUMENT,
     "weight 'w': initializer he_normal needs fan_in and fan_out"},
    {strangely_initialized_weight, MOTE_ERROR_ARGUMENT,
     "weight 'w': its initializer is none of mote_initializer"},
    {two_weights, MOTE_ERROR_ARGUMENT, "weight 'w': there are two of this name"},
    {weight_without_gradient, MOTE_ERROR_ARGUMENT,
     "type 'probe' has a weight 'w', but no calc_gradient"},
    {statistic_without_update, MOTE_ERROR_ARGUMENT,
     "type 'probe' has a statistic 's', but no update"},
    {statistic_named_as_a_weight, MOTE_ERROR_ARGUMENT, "weight 'w': there are two of this name"},
    {no_statistic, MOTE_ERROR_ARGUMENT, "mote_layer_setup_statistic: an argument is NULL"},
};

static void a_setup_that_does_not_hold_names_layer_and_line(void **state)
{
    for (size_t i = 0; i < sizeof bad_setups / sizeof bad_setups[0]; i++) {
        probe p = {.setup = bad_setups[i].setup};
        mote_context *context = NULL;
        mote_model *model = NULL;
        char text[256];
        (void)snprintf(text, sizeof text, "probe.ini:12: layer 'it': %s", bad_setups[i].text);
        expect_raises(load(state, &p, &context, &model), bad_setups[i].status, text);
        mote_context_destroy(&context);
    }
}

static void a_context_with_models_takes_no_more(void **state)
{
    static const char closed[] = ": a model was loaded in this context, which does not change from "
                                 "then on; add what is your own before";
    probe p = {.setup = NULL};
    mote_context *context = NULL;
    mote_model *model = NULL;
    expect_ok(load(state, &p, &context, &model));
    mote_model_destroy(&model);
    expect_raises(mote_context_add_layer(context, &dense), MOTE_ERROR_ARGUMENT, closed);
    expect_raises(mote_context_add_loss(context, &squares), MOTE_ERROR_ARGUMENT, closed);
    expect_raises(mote_context_add_optimizer(context, &descend), MOTE_ERROR_ARGUMENT, closed);
    mote_context_destroy(&context);
}

static bool refuse_state(void *user, const void *state, char *message, size_t bytes)
{
    (void)state;
    if (user)
        (void)snprintf(message, bytes, "%s", (const char *)user);
    return false;
}

static bool refuse_samples(void *user, const void *state, const mote_loss_sample *sample,
                           char *message, size_t bytes)
{
    (void)state;
    assert_null(sample->prediction);
    assert_null(sample->label);
    if (user)
        (void)snprintf(message, bytes, "%s: %zu in rows of %zu", (const char *)user, sample->count,
                       sample->width);
    return false;
}

static size_t too_many_slots(void *user, const void *state)
{
    (void)user;
    (void)state;
    return 2;
}

static mote_status load_checked(void **state, const mote_custom_loss *loss,
                                const mote_custom_optimizer *optimizer)
{
    static const char text[] = "[Model]\nloss = squares\n[Optimizer]\ntype = descend\n[in]\n"
                               "type = input\ninput_shape = 1:3:4\n[out]\ntype = fully_connected\n"
                               "unit = 2\n";
    mote_context *context = make_context();
    mote_model *model = NULL;
    expect_ok(mote_context_add_loss(context, loss));
    expect_ok(mote_context_add_optimizer(context, optimizer));
    const mote_status status =
        mote_model_load(context, mote_test_write_text(state, "checked.ini", text), NULL, 0, &model);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    return status;
}

static void properties_that_do_not_fit_together_are_refused_in_the_programs_words(void **state)
{
    char words[] = "margin must be above 0";
    mote_custom_loss loss = squares;
    mote_custom_optimizer optimizer = descend;
    expect_ok(load_checked(state, &loss, &optimizer));
    loss.check = refuse_samples;
    loss.user = words;
    expect_raises(load_checked(state, &loss, &optimizer), MOTE_ERROR_PROPERTY,
                  "loss': margin must be above 0: 6 in rows of 2");
    loss.user = NULL;
    expect_raises(load_checked(state, &loss, &optimizer), MOTE_ERROR_PROPERTY,
                  "loss': its properties and predictions do not fit together");
    loss = squares;
    optimizer.check = refuse_state;
    expect_raises(load_checked(state, &loss, &optimizer), MOTE_ERROR_PROPERTY,
                  "checked.ini:3: [Optimizer]: its properties do not fit together");
    optimizer = descend;
    optimizer.slot_count = too_many_slots;
    expect_raises(
        load_checked(state, &loss, &optimizer), MOTE_ERROR_ARGUMENT,
        "checked.ini:3: [Optimizer]: optimizer 'descend': slot_count gave 2, names are given for "
        "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_argument_is_refused),
        cmocka_unit_test(a_name_that_does_not_do_is_refused),
        cmocka_unit_test(the_same_name_twice_is_refused),
        cmocka_unit_test(a_missing_part_is_refused),
        cmocka_unit_test(a_table_of_keys_that_does_not_hold_is_refused),
        cmocka_unit_test(numbers_that_make_no_sense_are_refused),
        cmocka_unit_test(a_setup_that_does_not_hold_names_layer_and_line),
        cmocka_unit_test(a_context_with_models_takes_no_more),
        cmocka_unit_test(properties_that_do_not_fit_together_are_refused_in_the_programs_words),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
