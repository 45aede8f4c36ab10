// SPDX-License-Identifier: Apache-2.0
// The training loop: where it ends, what it saves, what a step that fails leaves behind.
#include "training.h"

#include "support/failing_allocator.h"

#include <unistd.h>

#define LONG "[Model]\nloss = cross\nbatch_size = 4\nepochs = 9\nseed = 5\n"
#define WILD                                                                         \
    "[Optimizer]\ntype = sgd\n[LearningRateScheduler]\ntype = step\niteration = 2\n" \
    "learning_rate = 0.1, 1e30\n"

/// Counts calls; stops, once it is asked to, when `stop_after` steps are done.
typedef struct watch {
    uint64_t steps, evaluated, epochs_done;
    uint64_t stop_after; // 0: never
    uint64_t first_requests, last_requests;
    const failing_allocator *allocator;
    mote_progress last;
} watch;

static void note(void *user, const mote_progress *progress)
{
    watch *const w = user;
    if (progress->epoch_done)
        w->epochs_done++;
    else if (progress->evaluating)
        w->evaluated++;
    else
        w->steps++;
    w->last = *progress;
    if (!w->allocator)
        return;
    if (w->steps == 1 && w->evaluated == 0)
        w->first_requests = w->allocator->request_count;
    w->last_requests = w->allocator->request_count;
}

static bool wants_stop(void *user)
{
    const watch *const w = user;
    return w->stop_after && w->steps >= w->stop_after;
}

static mote_train_config watched(watch *w)
{
    return (mote_train_config){.user = w, .progress = note, .stop = wants_stop};
}

static bool exists(void **state, const char *name)
{
    return access(mote_test_path(state, name), F_OK) == 0;
}

static void progress_counts_batches_epochs_and_samples_left(void **state)
{
    training t;
    watch w = {.steps = 0};
    const mote_train_config config = watched(&w);
    training_init(state, HEAD SGD DATA VALID NET, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    assert_int_equal(w.steps, 2 * 3);
    assert_int_equal(w.evaluated, 2 * 2);
    assert_int_equal(w.epochs_done, 2);
    assert_int_equal(w.last.epoch, 2);
    assert_int_equal(w.last.epochs, 2);
    assert_int_equal(w.last.batch, 3);
    assert_int_equal(w.last.batches, 3);
    assert_int_equal(w.last.samples_left, 0);
    assert_int_equal(w.last.training.samples, NOISE_COUNT);
    assert_int_equal(w.last.validation.samples, 7);
    assert_true(fabs(w.last.learning_rate - 0.1) < 1e-15);
    training_release(&t);
}

static void a_stop_ends_training_after_the_step(void **state)
{
    training t;
    watch w = {.stop_after = 4};
    const mote_train_config config = watched(&w);
    training_init(state, LONG SGD DATA VALID NET, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    assert_int_equal(t.result.steps, 4);
    assert_int_equal(t.result.epochs, 1);
    assert_true(t.result.stopped);
    training_release(&t);
}

static void a_stop_at_the_end_of_an_epoch_ends_training_too(void **state)
{
    training t;
    watch w = {.stop_after = 3};
    const mote_train_config config = watched(&w);
    training_init(state, LONG SGD DATA VALID NET, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    assert_int_equal(t.result.steps, 3);
    assert_true(t.result.stopped);
    training_release(&t);
}

static void a_limit_of_steps_is_met_exactly(void **state)
{
    for (uint64_t steps = 1; steps <= 7; steps++) {
        training t;
        const mote_train_config config = {.steps = steps};
        training_init(state, LONG SGD DATA VALID NET, MOTE_MODE_TRAIN, &t);
        expect_ok(training_run(&t, &config));
        assert_int_equal(t.result.steps, steps);
        assert_int_equal(t.result.epochs, steps / 3);
        assert_false(t.result.stopped); // nobody asked it to
        training_release(&t);
    }
}

static void a_loss_that_is_not_finite_leaves_the_weights_of_the_step_before(void **state)
{
    training t;
    training_init(state, LONG WILD DATA NET, MOTE_MODE_TRAIN, &t);
    const mote_status status = training_run(&t, NULL);
    char expected[256];
    (void)snprintf(expected, sizeof expected,
                   "epoch %llu, batch %llu: the loss is not finite (forward out/loss); the first "
                   "that was not is 'forward out'; this step was not applied",
                   (unsigned long long)t.result.steps / 3 + 1,
                   (unsigned long long)t.result.steps % 3 + 1);
    expect_raises(status, MOTE_ERROR_NONFINITE, "");
    assert_string_equal(mote_last_error()->message, expected);
    assert_true(t.result.steps > 2);
    const mote_train_config config = {.steps = t.result.steps};
    const digest failed = training_digest(&t);
    const digest before = train_text(state, LONG WILD DATA NET, &config);
    assert_same(&failed, &before);
    training_release(&t);
}

static void validation_does_not_change_the_bits(void **state)
{
    const digest with = train_text(state, HEAD ADAM DATA VALID NET, NULL);
    const digest without = train_text(state, HEAD ADAM DATA NET, NULL);
    assert_same(&with, &without);
}

static void weights_applied_late_have_the_same_bits(void **state)
{
    const digest early = train_text(state, HEAD ADAM DATA NET, NULL);
    const digest late = train_text(state, HEAD "apply = after_all\n" ADAM DATA NET, NULL);
    assert_same(&early, &late);
}

static void a_rate_of_zero_leaves_weights_and_changes_statistics(void **state)
{
    training t;
    training_init(state, HEAD "[Optimizer]\ntype = sgd\nlearning_rate = 0\n" DATA NET,
                  MOTE_MODE_TRAIN, &t);
    float weight[18];
    memcpy(weight, training_values(&t, "c.weight"), sizeof weight);
    assert_true(training_values(&t, "n.running_var")[0] == 1.0F);
    expect_ok(training_run(&t, NULL));
    assert_memory_equal(weight, training_values(&t, "c.weight"), sizeof weight);
    assert_true(training_values(&t, "n.running_var")[0] < 1.0F);
    training_release(&t);
}

static void frozen_layers_keep_weights_and_statistics(void **state)
{
    training t;
    training_init(state,
                  HEAD SGD DATA
                  "[in]\ntype = input\ninput_shape = 1:4:4\n"
                  "[c]\ntype = conv2d\nfilters = 2\nkernel_size = 3\n"
                  "[n]\ntype = batch_normalization\ntrainable = false\nflatten = true\n"
                  "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n",
                  MOTE_MODE_TRAIN, &t);
    float weight[18];
    memcpy(weight, training_values(&t, "c.weight"), sizeof weight);
    expect_ok(training_run(&t, NULL));
    assert_memory_not_equal(weight, training_values(&t, "c.weight"), sizeof weight);
    static const float ones[2] = {1.0F, 1.0F};
    assert_memory_equal(ones, training_values(&t, "n.weight"), sizeof ones);
    assert_memory_equal(ones, training_values(&t, "n.running_var"), sizeof ones);
    training_release(&t);
}

static void weights_are_saved_after_each_epoch(void **state)
{
    training t;
    const mote_train_config config = {.steps = 4}; // the second epoch is not finished
    training_init(state, LONG "save_path = saved\n" SGD DATA NET, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    assert_string_equal(t.result.saved_path, mote_test_path(state, "saved"));
    const mote_train_config one_epoch = {.steps = 3};
    const digest expected = train_text(state, LONG SGD DATA NET, &one_epoch);
    expect_ok(mote_run_load(&t.run, mote_test_path(state, "saved")));
    const digest saved = training_digest(&t);
    assert_same(&saved, &expected);
    training_release(&t);
    assert_int_equal(unlink(mote_test_path(state, "saved")), 0);
}

static void nothing_is_saved_where_it_shall_not_be(void **state)
{
    training t;
    const mote_train_config config = {.no_save = true};
    training_init(state, HEAD "save_path = saved\n" SGD DATA NET, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    assert_null(t.result.saved_path);
    assert_false(exists(state, "saved"));
    training_release(&t);
}

static void training_again_starts_with_a_fresh_optimizer(void **state)
{
    training first;
    training second;
    training_init(state, HEAD ADAM DATA NET, MOTE_MODE_TRAIN, &first);
    expect_ok(training_run(&first, NULL));
    expect_ok(mote_run_save(&first.run, mote_test_path(state, "between")));
    expect_ok(training_run(&first, NULL));
    training_init(state, HEAD ADAM DATA NET, MOTE_MODE_TRAIN, &second);
    expect_ok(mote_run_load(&second.run, mote_test_path(state, "between")));
    expect_ok(training_run(&second, NULL));
    const digest again = training_digest(&first);
    const digest fresh = training_digest(&second);
    assert_same(&again, &fresh);
    training_release(&first);
    training_release(&second);
}

static void a_training_set_is_needed(void **state)
{
    training t;
    char expected[512];
    (void)snprintf(expected, sizeof expected, "%s: training needs a [train_set] section",
                   mote_test_path(state, "model.ini"));
    training_init(state, HEAD SGD NET, MOTE_MODE_TRAIN, &t);
    expect_raises(training_run(&t, NULL), MOTE_ERROR_PROPERTY, expected);
    training_release(&t);
}

#define TWO_INPUTS                                 \
    "[a]\ntype = input\ninput_shape = 1:4:4\n"     \
    "[b]\ntype = input\ninput_shape = 1:4:4\n"     \
    "[sum]\ntype = addition\ninput_layers = a,b\n" \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"

static void a_reader_says_which_networks_it_cannot_feed(void **state)
{
    training t;
    training_init(state, HEAD SGD DATA TWO_INPUTS, MOTE_MODE_TRAIN, &t);
    expect_raises(training_run(&t, NULL), MOTE_ERROR_UNSUPPORTED,
                  "[train_set]: type idx feeds one input and one label, the network has 2 and 1");
    training_release(&t);
}

static void raw_records_feed_several_inputs(void **state)
{
    training t;
    float records[7][16 + 16 + 4 * 3] = {{0.0F}}; // classes of four rows
    for (size_t i = 0; i < 7; i++) {
        for (size_t j = 0; j < 32; j++)
            records[i][j] = (float)((i * 5 + j * 3) % 11) / 10.0F;
        for (size_t row = 0; row < 4; row++)
            records[i][32 + 3 * row + (i + row) % 3] = 1.0F;
    }
    (void)mote_test_write(state, "two.raw", records, sizeof records);
    training_init(state, HEAD SGD "[train_set]\ntype = raw\npath = two.raw\n" TWO_INPUTS,
                  MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, NULL));
    assert_int_equal(t.result.steps, 4);
    assert_int_equal(t.result.training.samples, 7);
    training_release(&t);
}

static void nothing_is_allocated_between_the_first_and_the_last_step(void **state)
{
    training t;
    failing_allocator counting;
    failing_allocator_init(&counting, 0, false);
    watch w = {.allocator = &counting};
    const mote_train_config config = watched(&w);
    expect_ok(training_start(state, HEAD "save_path = saved\n" SGD DATA VALID NET, MOTE_MODE_TRAIN,
                             &counting.allocator, &t));
    expect_ok(training_run(&t, &config));
    assert_int_equal(w.epochs_done, 2);
    assert_int_equal(w.first_requests, w.last_requests);
    training_release(&t);
    assert_int_equal(counting.live_count, 0);
    assert_int_equal(unlink(mote_test_path(state, "saved")), 0);
}

static mote_status train_with(const mote_allocator *allocator, void *user)
{
    void **const state = user;
    training t;
    mote_status status = training_start(state, HEAD "save_path = saved\n" SGD DATA VALID NET,
                                        MOTE_MODE_TRAIN, allocator, &t);
    if (status == MOTE_OK)
        status = training_run(&t, NULL);
    training_release(&t);
    return status;
}

static void memory_that_cannot_be_had_is_an_error_and_nothing_leaks(void **state)
{
    assert_true(failing_allocator_sweep(train_with, state) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_counts_batches_epochs_and_samples_left),
        cmocka_unit_test(a_stop_ends_training_after_the_step),
        cmocka_unit_test(a_stop_at_the_end_of_an_epoch_ends_training_too),
        cmocka_unit_test(a_limit_of_steps_is_met_exactly),
        cmocka_unit_test(a_loss_that_is_not_finite_leaves_the_weights_of_the_step_before),
        cmocka_unit_test(validation_does_not_change_the_bits),
        cmocka_unit_test(weights_applied_late_have_the_same_bits),
        cmocka_unit_test(a_rate_of_zero_leaves_weights_and_changes_statistics),
        cmocka_unit_test(frozen_layers_keep_weights_and_statistics),
        cmocka_unit_test(weights_are_saved_after_each_epoch),
        cmocka_unit_test(nothing_is_saved_where_it_shall_not_be),
        cmocka_unit_test(training_again_starts_with_a_fresh_optimizer),
        cmocka_unit_test(a_training_set_is_needed),
        cmocka_unit_test(a_reader_says_which_networks_it_cannot_feed),
        cmocka_unit_test(raw_records_feed_several_inputs),
        cmocka_unit_test(nothing_is_allocated_between_the_first_and_the_last_step),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
