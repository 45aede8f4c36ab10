// SPDX-License-Identifier: Apache-2.0
// Moving averages of weights: training goes on from the weights, everything else uses the averages.
#include "training.h"

#include <unistd.h>

#define AVERAGED ADAM "moving_average = 0.75\n"

static void training_itself_is_not_changed(void **state)
{
    training plain;
    training averaged;
    training_init(state, HEAD ADAM DATA NET, MOTE_MODE_TRAIN, &plain);
    training_init(state, HEAD AVERAGED DATA NET, MOTE_MODE_TRAIN, &averaged);
    expect_ok(training_run(&plain, NULL));
    expect_ok(training_run(&averaged, NULL));
    assert_memory_equal(training_values(&plain, "c.weight"), training_values(&averaged, "c.weight"),
                        18 * sizeof(float));
    const digest a = training_digest(&plain);
    const digest b = training_digest(&averaged);
    assert_other(&a, &b);
    training_release(&plain);
    training_release(&averaged);
}

static void the_average_follows_the_weights_from_the_first_update_on(void **state)
{
    training t;
    float expected[18];
    training_init(state, HEAD AVERAGED DATA NET, MOTE_MODE_TRAIN, &t);
    const float *const weight = training_values(&t, "c.weight");
    const float *const average = training_values(&t, "c.weight.average");
    assert_memory_equal(average, weight, sizeof expected); // before training
    for (uint64_t steps = 1; steps <= 3; steps++) {
        const mote_train_config config = {.steps = steps};
        expect_ok(mote_run_initialize(&t.run));
        expect_ok(training_run(&t, &config));
        for (size_t i = 0; i < 18; i++)
            expected[i] = steps == 1 ? weight[i] : fmaf(0.75F, expected[i], 0.25F * weight[i]);
        assert_memory_equal(average, expected, sizeof expected);
    }
    training_release(&t);
}

static void averages_are_saved_and_validated(void **state)
{
    training t;
    training from_file;
    training_init(state, HEAD "save_path = averaged\n" AVERAGED DATA VALID NET, MOTE_MODE_TRAIN,
                  &t);
    expect_ok(training_run(&t, NULL));
    const digest kept = training_digest(&t);
    training_init(state, HEAD DATA VALID NET, MOTE_MODE_EVALUATE, &from_file);
    expect_ok(mote_run_load(&from_file.run, mote_test_path(state, "averaged")));
    const digest loaded = training_digest(&from_file);
    assert_same(&kept, &loaded);
    const mote_run_set set = {.section = from_file.description.valid_set, .owner = "[valid_set]"};
    const mote_train_config config = {.user = NULL};
    mote_metrics metrics;
    expect_ok(mote_run_evaluate(&from_file.run, &set, &config, &metrics));
    assert_true(metrics.loss == t.result.validation.loss);
    training_release(&t);
    training_release(&from_file);
    assert_int_equal(unlink(mote_test_path(state, "averaged")), 0);
}

static void loading_begins_the_averages_anew(void **state)
{
    training t;
    training_init(state, HEAD AVERAGED DATA NET, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, NULL));
    expect_ok(mote_run_save(&t.run, mote_test_path(state, "kept")));
    const digest kept = training_digest(&t);
    expect_ok(mote_run_initialize(&t.run));
    expect_ok(mote_run_load(&t.run, mote_test_path(state, "kept")));
    const digest loaded = training_digest(&t);
    assert_same(&kept, &loaded);
    assert_memory_equal(training_values(&t, "c.weight"), training_values(&t, "c.weight.average"),
                        18 * sizeof(float));
    training_release(&t);
    assert_int_equal(unlink(mote_test_path(state, "kept")), 0);
}

static void frozen_weights_and_statistics_have_no_average(void **state)
{
    training t;
    training_init(state, HEAD AVERAGED DATA NET "trainable = false\n", MOTE_MODE_TRAIN, &t);
    const mote_state *const blocks = &t.run.state;
    assert_true(mote_state_find(blocks, "c.weight.average") < blocks->block_count);
    assert_int_equal(mote_state_find(blocks, "out.weight.average"), blocks->block_count);
    assert_int_equal(mote_state_find(blocks, "n.running_mean.average"), blocks->block_count);
    expect_ok(training_run(&t, NULL));
    training_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_itself_is_not_changed),
        cmocka_unit_test(the_average_follows_the_weights_from_the_first_update_on),
        cmocka_unit_test(averages_are_saved_and_validated),
        cmocka_unit_test(loading_begins_the_averages_anew),
        cmocka_unit_test(frozen_weights_and_statistics_have_no_average),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
