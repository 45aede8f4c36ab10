// SPDX-License-Identifier: Apache-2.0
// Early stopping and the weights of the best epoch.
#include "training.h"

#include "support/failing_allocator.h"

#include <unistd.h>

#define MODEL "[Model]\nloss = cross\nbatch_size = 4\nseed = 5\nepochs = 9\n"
#define BEST  "save_best_path = best\n"

/// Two epochs (of three steps) learn; then weights stay, so that the losses of all later epochs are equal.
#define STILL                                                                        \
    "[Optimizer]\ntype = sgd\n[LearningRateScheduler]\ntype = step\niteration = 5\n" \
    "learning_rate = 0.1, 0\n"

/// Two epochs learn; then steps are so wide that the loss grows.
#define WORSE                                                                        \
    "[Optimizer]\ntype = sgd\n[LearningRateScheduler]\ntype = step\niteration = 5\n" \
    "learning_rate = 0.1, 3\n"
#define SPLIT "validation_split = 0.3\n"
#define PLAIN                                                   \
    "[in]\ntype = input\ninput_shape = 1:4:4\nflatten = true\n" \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"

enum {
    EPOCHS = 9
};

/// The validation loss of each epoch.
typedef struct record {
    double losses[EPOCHS];
    size_t count;
    const char *removed; // a file that vanishes with each epoch, to see which one writes it again
    size_t written;      // the last epoch that did
    bool stops;          // in the validation of the second epoch
    bool is_evaluating;
} record;

static void note(void *user, const mote_progress *progress)
{
    record *const r = user;
    r->is_evaluating = progress->evaluating;
    if (!progress->epoch_done)
        return;
    r->losses[r->count++] = progress->validation.loss;
    if (r->removed && unlink(r->removed) == 0)
        r->written = r->count;
}

static bool wants_stop(void *user)
{
    const record *const r = user;
    return r->stops && r->count == 1 && r->is_evaluating;
}

static mote_train_config recorded(record *r)
{
    return (mote_train_config){.user = r, .progress = note, .stop = wants_stop};
}

static void training_stops_when_the_loss_has_not_fallen_for_long(void **state)
{
    training t;
    record r = {.count = 0};
    const mote_train_config config = recorded(&r);
    training_init(state, MODEL "patience = 3\n" STILL DATA VALID PLAIN, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    assert_true(t.result.stopped_early);
    assert_false(t.result.stopped);
    assert_int_equal(t.result.epochs, 5);
    assert_int_equal(r.count, 5);
    assert_int_equal(t.result.epochs_waited, 3);
    assert_true(r.losses[1] < r.losses[0]);
    for (size_t i = 2; i < r.count; i++)
        assert_true(r.losses[i] == r.losses[1]);
    assert_int_equal(t.result.best_epoch, 2); // the first of equals
    assert_true(t.result.best_loss == r.losses[1]);
    assert_null(t.result.best_path);
    training_release(&t);
}

static void a_fall_of_min_delta_or_less_does_not_count(void **state)
{
    training t;
    training_init(state, MODEL "patience = 1\nmin_delta = 100\n" STILL DATA VALID PLAIN,
                  MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, NULL));
    assert_true(t.result.stopped_early);
    assert_int_equal(t.result.epochs, 2);
    assert_int_equal(t.result.best_epoch, 2);
    training_release(&t);
}

static void patience_that_lasts_to_the_end_stops_nothing(void **state)
{
    training t;
    training_init(state, MODEL "patience = 7\n" STILL DATA VALID PLAIN, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, NULL));
    assert_false(t.result.stopped_early);
    assert_int_equal(t.result.epochs, EPOCHS);
    assert_int_equal(t.result.epochs_waited, 7);
    training_release(&t);
}

static void a_validation_that_is_stopped_does_not_count(void **state)
{
    training t;
    record r = {.stops = true};
    const mote_train_config config = recorded(&r);
    training_init(state, MODEL "patience = 1\n" STILL DATA VALID PLAIN, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    assert_true(t.result.stopped);
    assert_false(t.result.stopped_early);
    assert_int_equal(t.result.epochs, 1); // it is validated when training goes on
    assert_int_equal(t.result.best_epoch, 1);
    assert_int_equal(t.result.epochs_waited, 0);
    training_release(&t);
}

static size_t find_lowest(const record *r)
{
    size_t lowest = 0;
    for (size_t i = 1; i < r->count; i++) {
        if (r->losses[i] < r->losses[lowest])
            lowest = i;
    }
    return lowest + 1;
}

static void the_weights_of_the_best_epoch_are_kept(void **state)
{
    training t;
    record r = {.count = 0};
    const mote_train_config config = recorded(&r);
    training_init(state, MODEL BEST "save_path = last\n" WORSE DATA VALID NET, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    const digest last = training_digest(&t);
    assert_int_equal(t.result.best_epoch, find_lowest(&r));
    assert_true(t.result.best_epoch < EPOCHS);
    assert_string_equal(t.result.best_path, mote_test_path(state, "best"));
    const mote_train_config up_to_best = {.steps = 3 * t.result.best_epoch};
    const digest expected = train_text(state, MODEL WORSE DATA VALID NET, &up_to_best);
    expect_ok(mote_run_load(&t.run, mote_test_path(state, "best")));
    const digest best = training_digest(&t);
    assert_same(&best, &expected);
    expect_ok(mote_run_load(&t.run, mote_test_path(state, "last")));
    const digest saved = training_digest(&t);
    assert_same(&saved, &last);
    assert_other(&saved, &best);
    training_release(&t);
}

static void of_equal_epochs_the_first_is_kept(void **state)
{
    training t;
    record r = {.removed = mote_test_path(state, "best")};
    const mote_train_config config = recorded(&r);
    training_init(state, MODEL BEST STILL DATA VALID PLAIN, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    assert_int_equal(r.count, EPOCHS);
    assert_int_equal(r.written, 2);
    training_release(&t);
}

static void watching_for_the_best_changes_no_bit(void **state)
{
    static const mote_train_config five_epochs = {.steps = 15};
    const digest plain = train_text(state, MODEL STILL DATA NET, &five_epochs);
    const digest watched = train_text(
        state, MODEL BEST "patience = 9\nmin_delta = 1\n" STILL DATA VALID NET, &five_epochs);
    assert_same(&plain, &watched);
}

static void nothing_is_kept_where_nothing_is_saved(void **state)
{
    training t;
    const mote_train_config config = {.no_save = true};
    (void)unlink(mote_test_path(state, "best"));
    training_init(state, MODEL BEST STILL DATA VALID PLAIN, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    assert_null(t.result.best_path);
    assert_int_not_equal(access(mote_test_path(state, "best"), F_OK), 0);
    training_release(&t);
}

static void expect_refused(void **state, const char *text, const char *message)
{
    training t;
    training_init(state, text, MOTE_MODE_TRAIN, &t);
    expect_raises(training_run(&t, NULL), MOTE_ERROR_PROPERTY, "");
    if (!strstr(mote_last_error()->message, message))
        fail_msg("'%s' is not in '%s'", message, mote_last_error()->message);
    assert_int_equal(t.result.steps, 0);
    training_release(&t);
}

static void both_need_validation(void **state)
{
    expect_refused(state, MODEL "patience = 2\n" STILL DATA PLAIN,
                   "[Model]: patience needs validation: a [valid_set], or validation_split in "
                   "[train_set]");
    expect_refused(state, MODEL BEST STILL DATA PLAIN,
                   "[Model]: save_best_path needs validation: a [valid_set], or");
    train_text(state, MODEL BEST "patience = 2\n" STILL DATA SPLIT PLAIN, NULL);
}

static void the_best_epoch_does_not_overwrite_other_files(void **state)
{
    (void)unlink(mote_test_path(state, "same"));
    expect_refused(state, MODEL "save_best_path = model.ini\n" STILL DATA VALID PLAIN,
                   "would be overwritten: it is the model file");
    expect_refused(state, MODEL "save_best_path = labels\n" STILL DATA VALID PLAIN,
                   "would be overwritten: it is label_path of [train_set]");
    expect_refused(state, MODEL "save_best_path = same\nsave_path = same\n" STILL DATA VALID PLAIN,
                   "[Model]: save_path and save_best_path name the same file");
    expect_refused(state,
                   MODEL "save_best_path = ./same\nsave_path = same\n" STILL DATA VALID PLAIN,
                   "[Model]: save_path and save_best_path name the same file");
    assert_int_not_equal(access(mote_test_path(state, "same"), F_OK), 0);
}

static void a_best_file_that_cannot_be_written_is_found_before_the_first_step(void **state)
{
    training t;
    training_init(state, MODEL "save_best_path = nowhere/best\n" STILL DATA VALID PLAIN,
                  MOTE_MODE_TRAIN, &t);
    expect_raises(training_run(&t, NULL), MOTE_ERROR_IO, t.run.best_path);
    assert_int_equal(t.result.steps, 0);
    training_release(&t);
}

static mote_status train_with(const mote_allocator *allocator, void *user)
{
    void **const state = user;
    training t;
    mote_status status =
        training_start(state, MODEL BEST "save_path = last\npatience = 1\n" STILL DATA VALID PLAIN,
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
        cmocka_unit_test(training_stops_when_the_loss_has_not_fallen_for_long),
        cmocka_unit_test(a_fall_of_min_delta_or_less_does_not_count),
        cmocka_unit_test(patience_that_lasts_to_the_end_stops_nothing),
        cmocka_unit_test(a_validation_that_is_stopped_does_not_count),
        cmocka_unit_test(the_weights_of_the_best_epoch_are_kept),
        cmocka_unit_test(of_equal_epochs_the_first_is_kept),
        cmocka_unit_test(watching_for_the_best_changes_no_bit),
        cmocka_unit_test(nothing_is_kept_where_nothing_is_saved),
        cmocka_unit_test(both_need_validation),
        cmocka_unit_test(the_best_epoch_does_not_overwrite_other_files),
        cmocka_unit_test(a_best_file_that_cannot_be_written_is_found_before_the_first_step),
        cmocka_unit_test(memory_that_cannot_be_had_is_an_error_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
