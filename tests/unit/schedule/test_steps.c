// SPDX-License-Identifier: Apache-2.0
// Which steps a program has, and in which order.
#include "program.h"

#define STEPS(text, kind, expected)               \
    do {                                          \
        program p;                                \
        program_build(state, (text), (kind), &p); \
        assert_steps(&p, (expected));             \
        program_release(&p);                      \
    } while (0)

#define TWO_LAYERS "[Model]\nloss = mse\n" INPUT FC("a") "activation = relu\n" FC("b")

static void weights_change_as_soon_as_their_layer_is_done_with_them(void **state)
{
    STEPS(TWO_LAYERS, TRAIN,
          "read in batch\n"
          "forward a\n"
          "forward a/activation\n"
          "forward b\n"
          "read b/loss label\n"
          "forward b/loss\n"
          "calc_derivative b/loss\n"
          "calc_gradient b\n"
          "calc_derivative b\n"
          "apply b.weight\n"
          "apply b.bias\n"
          "calc_derivative a/activation\n"
          "calc_gradient a\n"
          "apply a.weight\n"
          "apply a.bias\n");
}

static void weights_change_after_the_whole_backward_pass_if_asked_for(void **state)
{
    STEPS(TWO_LAYERS, TRAIN_AFTER_ALL,
          "read in batch\n"
          "forward a\n"
          "forward a/activation\n"
          "forward b\n"
          "read b/loss label\n"
          "forward b/loss\n"
          "calc_derivative b/loss\n"
          "calc_gradient b\n"
          "calc_derivative b\n"
          "calc_derivative a/activation\n"
          "calc_gradient a\n"
          "apply b.weight\n"
          "apply b.bias\n"
          "apply a.weight\n"
          "apply a.bias\n");
}

static void a_gradient_is_clipped_by_value_right_before_it_is_applied(void **state)
{
    STEPS("[Model]\nloss = mse\n" INPUT FC("a") FC("b") "disable_bias = true\n", TRAIN_CLIP_VALUE,
          "read in batch\n"
          "forward a\n"
          "forward b\n"
          "read b/loss label\n"
          "forward b/loss\n"
          "calc_derivative b/loss\n"
          "calc_gradient b\n"
          "calc_derivative b\n"
          "clip b.weight\n"
          "apply b.weight\n"
          "calc_gradient a\n"
          "clip a.weight\n"
          "apply a.weight\n"
          "clip a.bias\n"
          "apply a.bias\n");
}

static void what_is_cheap_to_make_again_is_not_kept_to_backward(void **state)
{
    STEPS("[Model]\nloss = mse\n" INPUT CONV("a") BN("n") RELU("r") CONV("b") BN("m") CONV("c"),
          TRAIN_SAVING_AFTER_ALL,
          "read in batch\n"
          "forward a\n"
          "forward n\n"
          "forward r\n"
          "forward b\n"
          "forward m\n"
          "forward c\n"
          "read c/loss label\n"
          "forward c/loss\n"
          "calc_derivative c/loss\n"
          "calc_gradient c\n"
          "calc_derivative c\n"
          "calc_gradient m\n"
          "calc_derivative m\n"
          "recompute n\n"
          "recompute r\n"
          "calc_gradient b\n"
          "calc_derivative b\n"
          "calc_derivative r\n"
          "calc_gradient n\n"
          "calc_derivative n\n"
          "calc_gradient a\n"
          "apply c.weight\n"
          "apply c.bias\n"
          "update m\n"
          "apply m.weight\n"
          "apply m.bias\n"
          "apply b.weight\n"
          "apply b.bias\n"
          "update n\n"
          "apply n.weight\n"
          "apply n.bias\n"
          "apply a.weight\n"
          "apply a.bias\n");
}

static void a_block_of_layers_is_run_again_where_memory_asks_for_it(void **state)
{
    STEPS("[Model]\nloss = mse\n" INPUT CONV("a") BN("n") RELU("r") CONV("b") BN("m") CONV("c"),
          TRAIN_REPEATING,
          "read in batch\n"
          "forward a\n"
          "forward n\n"
          "forward r\n"
          "forward b\n"
          "forward m\n"
          "forward c\n"
          "read c/loss label\n"
          "forward c/loss\n"
          "calc_derivative c/loss\n"
          "calc_gradient c [0, 1)\n"
          "calc_derivative c [0, 1)\n"
          "apply c.weight [0, 1)\n"
          "calc_gradient c [1, 2)\n"
          "calc_derivative c [1, 2)\n"
          "apply c.weight [1, 2)\n"
          "apply c.bias\n"
          "recompute a\n"
          "recompute n\n"
          "recompute r\n"
          "recompute b\n"
          "calc_gradient m\n"
          "calc_derivative m\n"
          "update m\n"
          "apply m.weight\n"
          "apply m.bias\n"
          "calc_gradient b [0, 1)\n"
          "calc_derivative b [0, 1)\n"
          "apply b.weight [0, 1)\n"
          "calc_gradient b [1, 2)\n"
          "calc_derivative b [1, 2)\n"
          "apply b.weight [1, 2)\n"
          "apply b.bias\n"
          "recompute n\n"
          "recompute r\n"
          "calc_derivative r\n"
          "calc_gradient n\n"
          "calc_derivative n\n"
          "update n\n"
          "apply n.weight\n"
          "apply n.bias\n"
          "calc_gradient a\n"
          "apply a.weight\n"
          "apply a.bias\n");
}

#define SMALL "type = conv2d\nfilters = 4\nkernel_size = 1\n"
#define BRANCHES                                                                             \
    "[Model]\n" INPUT "[small]\n" SMALL                                                      \
    "[large]\ntype = conv2d\ninput_layers = in\nfilters = 9\nkernel_size = 1\n[end]\n" SMALL \
    "[sum]\ntype = addition\ninput_layers = small, end\n"

static void the_branch_that_needs_more_runs_first(void **state)
{
    STEPS(BRANCHES, INFER,
          "read in batch\n"
          "forward small\n"
          "forward large\n"
          "forward end\n"
          "forward sum\n");
    STEPS(BRANCHES, INFER_SAVING,
          "read in batch\n"
          "forward large\n"
          "forward end\n"
          "forward small\n"
          "forward sum\n");
}

static void branches_of_a_shared_weight_stay_in_their_order(void **state)
{
    STEPS(BRANCHES "[more]\n" SMALL "input_layers = in\nshared_from = small\n", INFER_SAVING,
          "read in batch\n"
          "forward small\n"
          "forward large\n"
          "forward end\n"
          "forward sum\n"
          "forward more\n");
}

static void a_gradient_is_made_and_applied_slice_by_slice(void **state)
{
    STEPS("[Model]\nloss = mse\n[in]\ntype = input\ninput_shape = 1:1:3\n"
          "[a]\ntype = fully_connected\nunit = 4\n[b]\ntype = fully_connected\nunit = 600\n",
          TRAIN_SAVING_CLIP_VALUE,
          "read in batch\n"
          "forward a\n"
          "forward b\n"
          "read b/loss label\n"
          "forward b/loss\n"
          "calc_derivative b/loss\n"
          "calc_gradient b [0, 1)\n"
          "calc_derivative b [0, 1)\n"
          "clip b.weight [0, 1)\n"
          "apply b.weight [0, 1)\n"
          "calc_gradient b [1, 2)\n"
          "calc_derivative b [1, 2)\n"
          "clip b.weight [1, 2)\n"
          "apply b.weight [1, 2)\n"
          "calc_gradient b [2, 3)\n"
          "calc_derivative b [2, 3)\n"
          "clip b.weight [2, 3)\n"
          "apply b.weight [2, 3)\n"
          "calc_gradient b [3, 4)\n"
          "calc_derivative b [3, 4)\n"
          "clip b.weight [3, 4)\n"
          "apply b.weight [3, 4)\n"
          "clip b.bias\n"
          "apply b.bias\n"
          "calc_gradient a\n"
          "clip a.weight\n"
          "apply a.weight\n"
          "clip a.bias\n"
          "apply a.bias\n");
}

static void the_norm_is_made_of_all_gradients_before_anything_changes(void **state)
{
    STEPS("[Model]\nloss = mse\n" INPUT CONV("a") "disable_bias = true\n" BN("n"), TRAIN_CLIP_NORM,
          "read in batch\n"
          "forward a\n"
          "forward n\n"
          "read n/loss label\n"
          "forward n/loss\n"
          "calc_derivative n/loss\n"
          "calc_gradient n\n"
          "calc_derivative n\n"
          "calc_gradient a\n"
          "gradient_norm all\n"
          "update n\n"
          "clip n.weight\n"
          "apply n.weight\n"
          "clip n.bias\n"
          "apply n.bias\n"
          "clip a.weight\n"
          "apply a.weight\n");
}

#define SHARED(name, owner) FC(name) "shared_from = " owner "\n"
#define THREE(a, b, c)      "[Model]\nloss = mse\n" INPUT FC("x") FROZEN a b c

static void parts_of_a_shared_gradient_are_added_from_the_last_layer_to_the_first(void **state)
{
    STEPS(THREE(FC("a"), SHARED("b", "a"), SHARED("c", "a")), TRAIN,
          "read in batch\n"
          "forward x\n"
          "forward a\n"
          "forward b\n"
          "forward c\n"
          "read c/loss label\n"
          "forward c/loss\n"
          "calc_derivative c/loss\n"
          "calc_gradient c\n"
          "calc_derivative c\n"
          "calc_gradient b\n"
          "add_gradient a.weight\n"
          "add_gradient a.bias\n"
          "calc_derivative b\n"
          "calc_gradient a\n"
          "add_gradient a.weight\n"
          "add_gradient a.bias\n"
          "apply a.weight\n"
          "apply a.bias\n");
}

static void a_shared_weight_changes_when_its_first_reader_is_done_whoever_owns_it(void **state)
{
    STEPS(THREE(SHARED("a", "c"), FC("b"), FC("c")), TRAIN,
          "read in batch\n"
          "forward x\n"
          "forward a\n"
          "forward b\n"
          "forward c\n"
          "read c/loss label\n"
          "forward c/loss\n"
          "calc_derivative c/loss\n"
          "calc_gradient c\n"
          "calc_derivative c\n"
          "calc_gradient b\n"
          "calc_derivative b\n"
          "apply b.weight\n"
          "apply b.bias\n"
          "calc_gradient a\n"
          "add_gradient c.weight\n"
          "add_gradient c.bias\n"
          "apply c.weight\n"
          "apply c.bias\n");
}

static void a_frozen_user_adds_nothing_but_is_waited_for(void **state)
{
    STEPS("[Model]\nloss = mse\n" INPUT FC("x") SHARED("a", "b") FROZEN FC("b"), TRAIN,
          "read in batch\n"
          "forward x\n"
          "forward a\n"
          "forward b\n"
          "read b/loss label\n"
          "forward b/loss\n"
          "calc_derivative b/loss\n"
          "calc_gradient b\n"
          "calc_derivative b\n"
          "calc_derivative a\n"
          "apply b.weight\n"
          "apply b.bias\n"
          "calc_gradient x\n"
          "apply x.weight\n"
          "apply x.bias\n");
}

static void weights_of_a_frozen_owner_are_trained_by_nobody(void **state)
{
    STEPS("[Model]\nloss = mse\n" INPUT FC("x") FC("a") FROZEN SHARED("b", "a"), TRAIN,
          "read in batch\n"
          "forward x\n"
          "forward a\n"
          "forward b\n"
          "read b/loss label\n"
          "forward b/loss\n"
          "calc_derivative b/loss\n"
          "calc_derivative b\n"
          "calc_derivative a\n"
          "calc_gradient x\n"
          "apply x.weight\n"
          "apply x.bias\n");
}

static void evaluation_reads_and_runs_forward_only(void **state)
{
    STEPS(TWO_LAYERS, EVALUATE,
          "read in batch\n"
          "forward a\n"
          "forward a/activation\n"
          "forward b\n"
          "read b/loss label\n"
          "forward b/loss\n");
}

static void inference_has_no_label(void **state)
{
    STEPS(TWO_LAYERS, INFER,
          "read in batch\n"
          "forward a\n"
          "forward a/activation\n"
          "forward b\n");
}

static void views_have_no_forward_step(void **state)
{
    STEPS("[Model]\nloss = mse\n" INPUT "[f]\ntype = flatten\n" FC("a"), EVALUATE,
          "read in batch\n"
          "forward a\n"
          "read a/loss label\n"
          "forward a/loss\n");
}

static void an_input_that_normalizes_has_a_forward_step(void **state)
{
    STEPS("[Model]\n" INPUT "normalization = true\n" FC("a"), INFER,
          "read in batch\n"
          "forward in\n"
          "forward a\n");
}

static void a_frozen_prefix_has_no_backward_steps(void **state)
{
    STEPS("[Model]\nloss = mse\n" INPUT FC("a") FROZEN BN("n") FROZEN FC("b"), TRAIN,
          "read in batch\n"
          "forward a\n"
          "forward n\n"
          "forward b\n"
          "read b/loss label\n"
          "forward b/loss\n"
          "calc_derivative b/loss\n"
          "calc_gradient b\n"
          "apply b.weight\n"
          "apply b.bias\n");
}

static void running_statistics_change_when_the_weights_of_their_layer_do(void **state)
{
    STEPS("[Model]\nloss = mse\n" INPUT CONV("a") BN("n"), TRAIN,
          "read in batch\n"
          "forward a\n"
          "forward n\n"
          "read n/loss label\n"
          "forward n/loss\n"
          "calc_derivative n/loss\n"
          "calc_gradient n\n"
          "calc_derivative n\n"
          "update n\n"
          "apply n.weight\n"
          "apply n.bias\n"
          "calc_gradient a\n"
          "apply a.weight\n"
          "apply a.bias\n");
}

static void
derivatives_of_a_value_with_readers_are_added_when_the_first_reader_is_done(void **state)
{
    STEPS("[Model]\nloss = mse\n" INPUT CONV("a")
              CONV("b") "[sum]\ntype = addition\ninput_layers = b, a\n",
          TRAIN,
          "read in batch\n"
          "forward a\n"
          "forward b\n"
          "forward sum\n"
          "read sum/loss label\n"
          "forward sum/loss\n"
          "calc_derivative sum/loss\n"
          "calc_gradient b\n"
          "calc_derivative b\n"
          "apply b.weight\n"
          "apply b.bias\n"
          "calc_derivative a/fan_out0\n"
          "calc_gradient a\n"
          "apply a.weight\n"
          "apply a.bias\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_change_as_soon_as_their_layer_is_done_with_them),
        cmocka_unit_test(weights_change_after_the_whole_backward_pass_if_asked_for),
        cmocka_unit_test(a_gradient_is_clipped_by_value_right_before_it_is_applied),
        cmocka_unit_test(what_is_cheap_to_make_again_is_not_kept_to_backward),
        cmocka_unit_test(a_block_of_layers_is_run_again_where_memory_asks_for_it),
        cmocka_unit_test(the_branch_that_needs_more_runs_first),
        cmocka_unit_test(branches_of_a_shared_weight_stay_in_their_order),
        cmocka_unit_test(a_gradient_is_made_and_applied_slice_by_slice),
        cmocka_unit_test(the_norm_is_made_of_all_gradients_before_anything_changes),
        cmocka_unit_test(parts_of_a_shared_gradient_are_added_from_the_last_layer_to_the_first),
        cmocka_unit_test(a_shared_weight_changes_when_its_first_reader_is_done_whoever_owns_it),
        cmocka_unit_test(a_frozen_user_adds_nothing_but_is_waited_for),
        cmocka_unit_test(weights_of_a_frozen_owner_are_trained_by_nobody),
        cmocka_unit_test(evaluation_reads_and_runs_forward_only),
        cmocka_unit_test(inference_has_no_label),
        cmocka_unit_test(views_have_no_forward_step),
        cmocka_unit_test(an_input_that_normalizes_has_a_forward_step),
        cmocka_unit_test(a_frozen_prefix_has_no_backward_steps),
        cmocka_unit_test(running_statistics_change_when_the_weights_of_their_layer_do),
        cmocka_unit_test(
            derivatives_of_a_value_with_readers_are_added_when_the_first_reader_is_done),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
