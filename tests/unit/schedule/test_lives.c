// SPDX-License-Identifier: Apache-2.0
// From which step to which every block lives, and which tensors share one.
#include "program.h"

#include "support/failing_allocator.h"

static void a_relu_writes_over_the_output_of_its_layer(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = mse\n" INPUT FC("a") "activation = relu\n" FC("b"), TRAIN,
                  &p);
    assert_shared(&p, "a", "a/activation");
    assert_life(&p, "a", "forward a", "calc_derivative a/activation");
    assert_shared(&p, "a/activation derivative", "a derivative");
    program_release(&p);
}

static void the_derivative_of_the_loss_is_written_over_the_prediction(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = mse\n" INPUT FC("a"), TRAIN, &p);
    assert_shared(&p, "a", "a derivative");
    assert_life(&p, "a", "forward a", "calc_gradient a");
    assert_life(&p, "a/loss label", "read a/loss label", "calc_derivative a/loss");
    program_release(&p);
}

static void a_prediction_that_backward_needs_is_kept(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = mse\n" INPUT FC("a") "activation = sigmoid\n", TRAIN, &p);
    assert_shared(&p, "a", "a/activation");
    assert_apart(&p, "a/activation", "a/activation derivative");
    assert_life(&p, "a/activation", "forward a", "calc_derivative a/activation");
    assert_shared(&p, "a/activation derivative", "a derivative");
    program_release(&p);
}

static void metrics_live_until_the_caller_reads_them(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = mse\n" INPUT FC("a"), TRAIN, &p);
    assert_life(&p, "a/loss", "forward a/loss", "apply a.bias");
    program_release(&p);
}

static void convolution_normalization_and_relu_keep_two_values(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = mse\n" INPUT CONV("c") BN("n") RELU("r") FC("out"), TRAIN,
                  &p);
    assert_apart(&p, "c", "n"); // backward of the normalization needs its input
    assert_shared(&p, "n", "r");
    assert_life(&p, "n", "forward n", "calc_derivative r");
    assert_shared(&p, "r derivative", "n derivative");
    assert_shared(&p, "n derivative", "c derivative");
    assert_life(&p, "c", "forward c", "calc_derivative n");
    assert_life(&p, "c derivative", "calc_derivative out", "calc_gradient c");
    program_release(&p);
}

static void frozen_normalization_needs_no_value_and_runs_in_place(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = mse\n" INPUT CONV("c") BN("n") FROZEN RELU("r") FC("out"),
                  TRAIN, &p);
    assert_shared(&p, "c", "n");
    assert_shared(&p, "n", "r");
    assert_int_equal(program_find(&p, "n temporary 0"), MOTE_NONE);
    program_release(&p);
}

static void a_residual_block_keeps_what_its_branches_need(void **state)
{
    program p;
    program_build(state,
                  "[Model]\nloss = mse\n" INPUT CONV("x") CONV("a")
                      BN("n") "[sum]\ntype = addition\ninput_layers = n, x\n" RELU("r") FC("out"),
                  TRAIN, &p);
    assert_shared(&p, "x", "x/fan_out0");
    assert_shared(&p, "x", "x/fan_out0:1");
    assert_shared(&p, "n", "sum"); // the sum goes over its first input
    assert_apart(&p, "x", "sum");
    assert_life(&p, "x", "forward x", "calc_gradient a");
    assert_shared(&p, "sum derivative", "n derivative");
    assert_shared(&p, "sum derivative", "x/fan_out0:1 derivative");
    assert_apart(&p, "n derivative", "a derivative"); // the shortcut still needs the former
    assert_shared(&p, "a", "a derivative"); // so that of the normalization goes over its input
    assert_shared(&p, "x/fan_out0 derivative", "x derivative");
    program_release(&p);
}

static void an_input_that_backward_does_not_read_is_not_kept_for_its_derivative(void **state)
{
    program p;
    program_build(state,
                  "[Model]\nloss = mse\n" INPUT CONV("x")
                      RELU("r") "[sum]\ntype = addition\ninput_layers = x, r\n" FC("out"),
                  TRAIN, &p);
    assert_apart(&p, "sum derivative",
                 "x/fan_out0 derivative"); // the shortcut still needs the former
    assert_apart(&p, "x", "x/fan_out0 derivative");
    assert_life(&p, "x", "forward x", "calc_gradient out"); // as sum, which is written over it
    program_release(&p);
}

static void three_equal_inputs_are_not_added_in_place(void **state)
{
    program p;
    program_build(
        state,
        "[Model]\nloss = mse\n" INPUT CONV("x") "[sum]\ntype = addition\ninput_layers = x, x, x\n",
        TRAIN, &p);
    assert_apart(&p, "x", "sum");
    program_release(&p);
    program_build(
        state,
        "[Model]\nloss = mse\n" INPUT CONV("x") "[sum]\ntype = addition\ninput_layers = x, x\n",
        TRAIN, &p);
    assert_shared(&p, "x", "sum");
    program_release(&p);
}

static void an_input_that_a_later_layer_reads_is_not_written_over(void **state)
{
    program p;
    program_build(state,
                  "[Model]\nloss = mse\n" INPUT CONV("x") RELU("r")
                      CONV("y") "input_layers = x\n[sum]\ntype = addition\ninput_layers = r, y\n",
                  TRAIN, &p);
    assert_apart(&p, "x", "r");
    program_release(&p);
}

static void a_frozen_prefix_keeps_nothing_for_backward(void **state)
{
    program p;
    program_build(
        state, "[Model]\nloss = mse\n" INPUT CONV("a") FROZEN RELU("r") CONV("b") FROZEN FC("out"),
        TRAIN, &p);
    assert_life(&p, "in", "read in batch", "forward a");
    assert_life(&p, "a", "forward a", "forward b");
    assert_shared(&p, "a", "r");
    assert_life(&p, "b", "forward b", "calc_gradient out");
    assert_int_equal(program_find(&p, "a derivative"), MOTE_NONE);
    assert_int_equal(program_find(&p, "b derivative"), MOTE_NONE);
    assert_int_equal(program_find(&p, "a.weight gradient"), MOTE_NONE);
    assert_int_equal(program_find(&p, "a.weight.velocity"), MOTE_NONE);
    program_release(&p);
}

static void early_gradients_live_until_their_layer_is_done(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = mse\n" INPUT FC("a") FC("b"), TRAIN, &p);
    assert_life(&p, "b.weight gradient", "calc_gradient b", "apply b.weight");
    assert_life(&p, "b.bias gradient", "calc_gradient b", "apply b.bias");
    assert_life(&p, "a.weight gradient", "calc_gradient a", "apply a.weight");
    program_release(&p);
}

static void late_gradients_live_until_all_are_there(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = mse\n" INPUT BN("n") FC("b"), TRAIN_AFTER_ALL, &p);
    const size_t backward_end = program_block(&p, "n.weight gradient")->first;
    assert_life(&p, "b.weight gradient", "calc_gradient b", "apply b.weight");
    assert_true(program_block(&p, "b.weight gradient")->last > backward_end);
    assert_true(program_block(&p, "b.bias gradient")->last > backward_end);
    program_release(&p);
}

static void pooling_keeps_an_index_in_place_of_its_input(void **state)
{
    program p;
    program_build(state,
                  "[Model]\nloss = mse\n" INPUT CONV(
                      "c") "[pool]\ntype = pooling2d\npooling = max\npool_size = 2\n" FC("out"),
                  TRAIN, &p);
    assert_life(&p, "c", "forward c", "forward pool");
    assert_life(&p, "pool temporary 0", "forward pool", "calc_derivative pool");
    assert_int_equal(program_block(&p, "pool temporary 0")->bytes, 32 * 2 * 3 * 3);
    program_release(&p);
}

static void evaluation_has_nothing_of_backward(void **state)
{
    program p;
    program_build(state,
                  "[Model]\nloss = mse\n" INPUT CONV("c") BN("n") RELU(
                      "r") "[pool]\ntype = pooling2d\npooling = average\npool_size = 2\n" FC("out"),
                  EVALUATE, &p);
    for (size_t i = 0; i < p.schedule.tensor_count; i++) {
        const mote_schedule_tensor *const tensor = &p.schedule.tensors[i];
        assert_true(tensor->kind == MOTE_BLOCK_KIND_WEIGHTS ||
                    tensor->kind == MOTE_BLOCK_KIND_ACTIVATIONS ||
                    tensor->kind == MOTE_BLOCK_KIND_SCRATCH ||
                    tensor->kind == MOTE_BLOCK_KIND_BATCH);
        assert_null(strstr(tensor->name, "temporary"));
    }
    assert_shared(&p, "c", "n"); // nobody needs the input afterwards
    assert_shared(&p, "n", "r");
    assert_life(&p, "r", "forward c", "forward pool");
    program_release(&p);
}

static void the_temporaries_of_a_layer_without_derivative_are_there_for_its_gradient(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = mse\n" INPUT BN("n"), TRAIN, &p);
    size_t count = 0;
    for (size_t i = 0; i < p.schedule.tensor_count; i++)
        count += strncmp(p.schedule.tensors[i].name, "n temporary ", 12) == 0;
    assert_int_equal(count, p.network.graph.nodes[1].declaration.temporary_count);
    program_release(&p);
}

static void temporaries_that_forward_reads_are_there_in_every_program(void **state)
{
    static const char text[] = "[Model]\nloss = mse\n"
                               "[in]\ntype = input\ninput_shape = 1:6:6\n"
                               "[a]\ntype = multi_head_attention\n";
    program p;
    program_build(state, text, TRAIN, &p);
    assert_life(&p, "a temporary 0", "forward a", "calc_gradient a");
    assert_life(&p, "a temporary 4", "forward a", "calc_gradient a");
    program_release(&p);
    program_build(state, text, EVALUATE, &p);
    assert_life(&p, "a temporary 0", "forward a", "forward a");
    assert_life(&p, "a temporary 3", "forward a", "forward a");
    assert_int_equal(program_find(&p, "a temporary 4"), MOTE_NONE);
    program_release(&p);
}

static void flattening_shares_the_bytes_of_value_and_derivative(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = mse\n" INPUT CONV("c") "flatten = true\n" FC("out"),
                  TRAIN, &p);
    assert_shared(&p, "c", "c/flatten");
    assert_shared(&p, "c derivative", "c/flatten derivative");
    program_release(&p);
}

static void the_output_of_inference_lives_until_the_end(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = cross\n" INPUT FC("a") "activation = softmax\n", INFER,
                  &p);
    assert_life(&p, "a/activation", "forward a", "forward a/activation");
    assert_life(&p, "in", "read in batch", "forward a");
    program_release(&p);
}

static void weights_slots_and_statistics_persist_and_have_no_block(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = mse\n" INPUT BN("n"), TRAIN, &p);
    static const char *const names[] = {"n.weight",        "n.bias",         "n.weight.velocity",
                                        "n.bias.velocity", "n.running_mean", "n.running_var"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const mote_schedule_tensor *const tensor =
            &p.schedule.tensors[program_tensor(&p, names[i])];
        assert_true(tensor->persistent);
        assert_int_equal(tensor->block, MOTE_NONE);
        assert_int_equal(tensor->bytes, 2 * sizeof(float));
    }
    program_release(&p);
}

static void the_text_shows_steps_and_blocks_with_their_lives(void **state)
{
    program p;
    test_text text;
    const mote_writer writer = test_text_writer(&text);
    program_build(state, "[Model]\nbatch_size = 2\n" INPUT RELU("r"), INFER, &p);
    mote_schedule_print(&p.schedule, &writer);
    assert_string_equal(text.text, "program test: 2 steps, 1 blocks\n"
                                   "    0 read in batch\n"
                                   "    1 forward r\n"
                                   "first  last        bytes  kind        block\n"
                                   "    0     1          576  batch       in batch = in = r\n");
    program_release(&p);
}

static mote_status build_with(const mote_allocator *allocator, void *user)
{
    mote_arena arena;
    mote_schedule schedule;
    const mote_strategy strategy = program_strategy(TRAIN);
    mote_arena_init(&arena, allocator);
    const mote_status status = mote_schedule_build(user, &strategy, &arena, &schedule);
    mote_arena_release(&arena);
    return status;
}

static void memory_that_cannot_be_had_is_an_error_and_nothing_leaks(void **state)
{
    program p;
    program_build(state, "[Model]\nloss = mse\n" INPUT CONV("c") BN("n") RELU("r") FC("out"), TRAIN,
                  &p);
    assert_true(failing_allocator_sweep(build_with, &p.network.graph) > 0);
    program_release(&p);
}

#define TOKENS \
    "[Model]\nloss = mse\nbatch_size = 2\n[in]\ntype = input\ninput_shape = 1:1:3\ndtype = int32\n"
#define TABLE "[e]\ntype = embedding\nin_dim = 100\nout_dim = 4\n"

static void a_gradient_of_a_table_has_the_rows_that_a_batch_can_read(void **state)
{
    program p;
    program_build(state, TOKENS TABLE FC("a"), TRAIN_CLIP_NORM, &p);
    assert_int_equal(program_block(&p, "e.weight gradient")->bytes, 24 * sizeof(float));
    assert_int_equal(program_block(&p, "e.weight gradient rows")->bytes, (2 * 3 + 1) * 4);
    assert_life(&p, "e.weight gradient rows", "calc_gradient e", "apply e.weight");
    program_release(&p);
}

static void a_shared_table_has_a_whole_gradient(void **state)
{
    program p;
    program_build(state, TOKENS TABLE "[a]\ntype = fully_connected\nunit = 100\nshared_from = e\n",
                  TRAIN, &p);
    assert_int_equal(program_block(&p, "e.weight gradient")->bytes, 400 * sizeof(float));
    assert_life(&p, "e.weight gradient", "calc_gradient a", "apply e.weight");
    assert_life(&p, "e.weight gradient of e", "calc_gradient e", "add_gradient e.weight");
    program_release(&p);
}

static void an_output_is_not_written_over_by_the_last_step(void **state)
{
    program p;
    program_build(state,
                  "[Model]\n" INPUT FC("a") "[loss]\ntype = mse\n" RELU("r") "input_layers = a\n",
                  INFER, &p);
    assert_int_equal(mote_graph_result_count(p.schedule.graph), 2);
    assert_apart(&p, "a", "r");
    program_release(&p);
}

static void what_only_a_run_of_bands_uses_holds_a_band(void **state)
{
    program p;
    program_build(state,
                  "[Model]\nloss = mse\n"
                  "[in]\ntype = input\ninput_shape = 1:6:6\n"
                  "[c]\ntype = conv2d\nfilters = 64\nkernel_size = 3\npadding = same\n" BN("n")
                      RELU("r") "[p]\ntype = pooling2d\npooling = global_average\n" FC("out"),
                  TRAIN_SAVING, &p);
    const mote_schedule_tensor *const tensors = p.schedule.tensors;
    const mote_schedule_tensor *const band = &tensors[program_tensor(&p, "r recomputed")];
    assert_true(band->holds_band);
    assert_int_equal(band->spec->shape.dims[0], 16);
    assert_int_equal(band->bytes, tensors[program_tensor(&p, "c")].bytes / 4);
    assert_shared(&p, "n recomputed", "r recomputed");
    assert_shared(&p, "n derivative", "r derivative");
    assert_shared(&p, "c", "c derivative"); // whole, and in place all the same
    assert_life(&p, "r recomputed", "calc_derivative p", "calc_derivative n");
    assert_life(&p, "r derivative", "calc_derivative p", "calc_derivative n");
    assert_false(tensors[program_tensor(&p, "p derivative")].holds_band);
    program_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relu_writes_over_the_output_of_its_layer),
        cmocka_unit_test(the_derivative_of_the_loss_is_written_over_the_prediction),
        cmocka_unit_test(a_prediction_that_backward_needs_is_kept),
        cmocka_unit_test(metrics_live_until_the_caller_reads_them),
        cmocka_unit_test(convolution_normalization_and_relu_keep_two_values),
        cmocka_unit_test(frozen_normalization_needs_no_value_and_runs_in_place),
        cmocka_unit_test(a_residual_block_keeps_what_its_branches_need),
        cmocka_unit_test(an_input_that_backward_does_not_read_is_not_kept_for_its_derivative),
        cmocka_unit_test(three_equal_inputs_are_not_added_in_place),
        cmocka_unit_test(an_input_that_a_later_layer_reads_is_not_written_over),
        cmocka_unit_test(a_frozen_prefix_keeps_nothing_for_backward),
        cmocka_unit_test(early_gradients_live_until_their_layer_is_done),
        cmocka_unit_test(late_gradients_live_until_all_are_there),
        cmocka_unit_test(pooling_keeps_an_index_in_place_of_its_input),
        cmocka_unit_test(evaluation_has_nothing_of_backward),
        cmocka_unit_test(the_temporaries_of_a_layer_without_derivative_are_there_for_its_gradient),
        cmocka_unit_test(temporaries_that_forward_reads_are_there_in_every_program),
        cmocka_unit_test(flattening_shares_the_bytes_of_value_and_derivative),
        cmocka_unit_test(the_output_of_inference_lives_until_the_end),
        cmocka_unit_test(weights_slots_and_statistics_persist_and_have_no_block),
        cmocka_unit_test(the_text_shows_steps_and_blocks_with_their_lives),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error_and_nothing_leaks),
        cmocka_unit_test(a_gradient_of_a_table_has_the_rows_that_a_batch_can_read),
        cmocka_unit_test(a_shared_table_has_a_whole_gradient),
        cmocka_unit_test(an_output_is_not_written_over_by_the_last_step),
        cmocka_unit_test(what_only_a_run_of_bands_uses_holds_a_band),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
