// SPDX-License-Identifier: Apache-2.0
// Weights of one layer that others use, in a whole training.
#include "training.h"

#define LAYER(name) "[" name "]\ntype = fully_connected\nunit = 4\nactivation = tanh\n"
#define TWO(first, second)                                               \
    HEAD SGD DATA "[in]\ntype = input\ninput_shape = 1:4:4\n" LAYER("a") \
    first LAYER("b")                                                     \
    second "[f]\ntype = flatten\n[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"

static void a_shared_weight_is_there_once(void **state)
{
    training t;
    training_init(state, TWO("", "shared_from = a\n"), MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, NULL));
    for (size_t i = 0; i < t.run.state.block_count; i++)
        assert_int_not_equal(t.run.state.blocks[i].name[0], 'b');
    assert_int_equal(mote_state_find(&t.run.state, "a.weight.velocity") < t.run.state.block_count,
                     true);
    training_release(&t);
}

static void the_owner_may_stand_behind(void **state)
{
    training t;
    training_init(state, TWO("shared_from = b\n", ""), MOTE_MODE_TRAIN, &t);
    float before[16];
    memcpy(before, training_values(&t, "b.weight"), sizeof before);
    expect_ok(training_run(&t, NULL));
    assert_memory_not_equal(before, training_values(&t, "b.weight"), sizeof before);
    training_release(&t);
}

static void a_file_of_shared_weights_can_be_loaded_again(void **state)
{
    training t;
    training_init(state, TWO("", "shared_from = a\n"), MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, NULL));
    const digest trained = training_digest(&t);
    expect_ok(mote_run_save(&t.run, mote_test_path(state, "shared")));
    expect_ok(mote_run_initialize(&t.run));
    expect_ok(mote_run_load(&t.run, mote_test_path(state, "shared")));
    const digest loaded = training_digest(&t);
    assert_same(&trained, &loaded);
    training_release(&t);
}

static void a_frozen_owner_keeps_its_weights(void **state)
{
    training t;
    training_init(state, TWO("trainable = false\n", "shared_from = a\n"), MOTE_MODE_TRAIN, &t);
    float before[16];
    memcpy(before, training_values(&t, "a.weight"), sizeof before);
    expect_ok(training_run(&t, NULL));
    assert_memory_equal(before, training_values(&t, "a.weight"), sizeof before);
    training_release(&t);
}

static void a_frozen_sharer_adds_nothing_and_the_owner_learns(void **state)
{
    const digest both = train_text(state, TWO("", "shared_from = a\n"), NULL);
    const digest one = train_text(state, TWO("", "shared_from = a\ntrainable = false\n"), NULL);
    const digest none = train_text(state, TWO("trainable = false\n", "shared_from = a\n"), NULL);
    assert_other(&both, &one);
    assert_other(&one, &none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shared_weight_is_there_once),
        cmocka_unit_test(the_owner_may_stand_behind),
        cmocka_unit_test(a_file_of_shared_weights_can_be_loaded_again),
        cmocka_unit_test(a_frozen_owner_keeps_its_weights),
        cmocka_unit_test(a_frozen_sharer_adds_nothing_and_the_owner_learns),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
