// SPDX-License-Identifier: Apache-2.0
// Gradients that are limited before they are applied, in a whole training.
#include "training.h"

#define CLIP_NORM(limit)  SGD "clip_norm = " limit "\n"
#define CLIP_VALUE(limit) SGD "clip_value = " limit "\n"

/// Norm of the change of all weights that a step makes with a rate of 1.
static double change_of(void **state, const char *optimizer)
{
    static const char *const names[] = {"c.weight", "c.bias",     "n.weight",
                                        "n.bias",   "out.weight", "out.bias"};
    static const mote_train_config one_step = {.steps = 1};
    float before[6][96];
    training t;
    char text[1024];
    (void)snprintf(text, sizeof text, HEAD "%s" DATA NET, optimizer);
    training_init(state, text, MOTE_MODE_TRAIN, &t);
    double squares = 0.0;
    for (size_t i = 0; i < 6; i++) {
        const size_t block = mote_state_find(&t.run.state, names[i]);
        assert_true(t.run.state.blocks[block].bytes <= sizeof before[i]);
        memcpy(before[i], training_values(&t, names[i]), t.run.state.blocks[block].bytes);
    }
    expect_ok(training_run(&t, &one_step));
    for (size_t i = 0; i < 6; i++) {
        const size_t block = mote_state_find(&t.run.state, names[i]);
        for (size_t j = 0; j < t.run.state.blocks[block].bytes / sizeof(float); j++) {
            const double change = (double)training_values(&t, names[i])[j] - (double)before[i][j];
            squares += change * change;
        }
    }
    training_release(&t);
    return sqrt(squares);
}

#define RATE_1 "[Optimizer]\ntype = sgd\nlearning_rate = 1\n"

static void a_step_is_as_long_as_the_limit_of_the_norm(void **state)
{
    const double whole = change_of(state, RATE_1);
    assert_true(whole > 0.02);
    assert_true(fabs(change_of(state, RATE_1 "clip_norm = 0.01\n") - 0.01) < 1e-5);
    assert_true(change_of(state, RATE_1 "clip_norm = 1000\n") == whole);
}

static void a_limit_that_nothing_reaches_changes_no_bit(void **state)
{
    const digest plain = train_text(state, HEAD SGD DATA NET, NULL);
    const digest norm = train_text(state, HEAD CLIP_NORM("1e9") DATA NET, NULL);
    const digest value = train_text(state, HEAD CLIP_VALUE("1e9") DATA NET, NULL);
    assert_same(&plain, &norm);
    assert_same(&plain, &value);
}

static void limits_change_what_is_learned(void **state)
{
    const digest plain = train_text(state, HEAD SGD DATA NET, NULL);
    const digest norm = train_text(state, HEAD CLIP_NORM("0.01") DATA NET, NULL);
    const digest value = train_text(state, HEAD CLIP_VALUE("0.01") DATA NET, NULL);
    assert_other(&plain, &norm);
    assert_other(&plain, &value);
    assert_other(&norm, &value);
}

static void elements_are_clipped_to_the_same_bits_early_and_late(void **state)
{
    const digest early = train_text(state, HEAD CLIP_VALUE("0.01") DATA NET, NULL);
    const digest late =
        train_text(state, HEAD "apply = after_all\n" CLIP_VALUE("0.01") DATA NET, NULL);
    assert_same(&early, &late);
}

static void a_norm_that_is_not_finite_leaves_everything_as_it_was(void **state)
{
    training t;
    training_init(state, HEAD CLIP_NORM("1") DATA NET, MOTE_MODE_TRAIN, &t);
    const size_t block = mote_state_find(&t.run.state, "out.weight");
    float *const weight = mote_state_data(&t.run.state, block);
    const size_t count = t.run.state.blocks[block].bytes / sizeof *weight;
    for (size_t i = 0; i < count; i++)
        weight[i] =
            i < count / 2 ? 1e25F : -1e25F; // the loss is finite, squares of gradients are not
    const digest before = training_digest(&t);
    expect_raises(training_run(&t, NULL), MOTE_ERROR_NONFINITE,
                  "epoch 1, batch 1: the norm of the gradients is not finite; this step was not "
                  "applied");
    const digest after = training_digest(&t);
    assert_same(&before, &after);
    training_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_as_long_as_the_limit_of_the_norm),
        cmocka_unit_test(a_limit_that_nothing_reaches_changes_no_bit),
        cmocka_unit_test(limits_change_what_is_learned),
        cmocka_unit_test(elements_are_clipped_to_the_same_bits_early_and_late),
        cmocka_unit_test(a_norm_that_is_not_finite_leaves_everything_as_it_was),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
