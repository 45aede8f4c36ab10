// SPDX-License-Identifier: Apache-2.0
// What a run takes from files and leaves in them: scale, class names, and weights that must not be lost.
#include "training.h"

#include <sys/stat.h>
#include <unistd.h>

#define NAMES "class_names = cat,dog,bird\n"
#define EVAL  "[test_set]\ntype = idx\npath = images\nlabel_path = labels\n"

/// Weights shrink, until the last step of the second epoch throws them out of the range of numbers.
#define EXPLODING                                    \
    "[Optimizer]\ntype = sgd\nweight_decay = 1e30\n" \
    "[LearningRateScheduler]\ntype = step\niteration = 4\nlearning_rate = 1e-31, 1e30\n"

static bool count_step(void *user)
{
    ++*(size_t *)user;
    return false;
}

static mote_status evaluate(training *t)
{
    const mote_train_config config = {.user = NULL};
    mote_metrics metrics;
    const mote_run_set set = {.section = t->description.test_set, .owner = "[test_set]"};
    return mote_run_evaluate(&t->run, &set, &config, &metrics);
}

/// Fails unless the error is the model file's path with `message` behind it.
static void expect_refused(void **state, mote_status status, const char *message)
{
    char expected[512];
    (void)snprintf(expected, sizeof expected, "%s%s", mote_test_path(state, "model.ini"), message);
    expect_raises(status, MOTE_ERROR_PROPERTY, "");
    assert_string_equal(mote_last_error()->message, expected);
}

static void training_and_validation_must_have_one_scale(void **state)
{
    training t;
    size_t steps = 0;
    const mote_train_config config = {.user = &steps, .stop = count_step};
    training_init(state, HEAD SGD DATA NAMES "scale = 0.25\n" VALID "scale = 0.5\n" NET,
                  MOTE_MODE_TRAIN, &t);
    expect_refused(state, training_run(&t, &config),
                   ": [valid_set]: scale is 0.5, that of [train_set] is 0.25; they must be equal");
    assert_int_equal(steps, 0);
    training_release(&t);
}

static void training_that_is_refused_leaves_what_is_known_of_the_data(void **state)
{
    training t;
    training_init(state, HEAD SGD DATA NAMES "scale = 0.25\n" VALID "scale = 0.5\n" NET,
                  MOTE_MODE_TRAIN, &t);
    assert_int_equal(training_run(&t, NULL), MOTE_ERROR_PROPERTY);
    assert_string_equal(t.run.knowledge.class_names, "");
    assert_true(t.run.image_scale == MOTE_IMAGE_SCALE);
    expect_ok(mote_run_save(&t.run, mote_test_path(state, "refused")));
    training_release(&t);
}

static void evaluation_must_have_the_scale_of_the_weights(void **state)
{
    training t;
    const char *const path = mote_test_path(state, "quarter");
    training_init(state, HEAD SGD DATA "scale = 0.25\n" NET, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, NULL));
    expect_ok(mote_run_save(&t.run, path));
    training_release(&t);
    training_init(state, HEAD EVAL "scale = 0.5\n" NET, MOTE_MODE_EVALUATE, &t);
    expect_ok(evaluate(&t)); // nothing is known of weights that were never trained
    expect_ok(mote_run_load(&t.run, path));
    expect_refused(state, evaluate(&t),
                   ": [test_set]: scale is 0.5, but the weights were trained on values scaled by "
                   "0.25");
    training_release(&t);
    training_init(state, HEAD EVAL "scale = 0.25\n" NET, MOTE_MODE_EVALUATE, &t);
    expect_ok(mote_run_load(&t.run, path));
    expect_ok(evaluate(&t));
    training_release(&t);
}

static void fine_tuning_keeps_the_names_of_the_classes(void **state)
{
    training t;
    const char *const path = mote_test_path(state, "named");
    training_init(state, HEAD SGD DATA NAMES NET, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, NULL));
    expect_ok(mote_run_save(&t.run, path));
    training_release(&t);
    training_init(state, HEAD "save_path = tuned\n" SGD DATA NET, MOTE_MODE_TRAIN, &t);
    expect_ok(mote_run_load(&t.run, path));
    expect_ok(training_run(&t, NULL));
    training_release(&t);
    training_init(state, HEAD NET, MOTE_MODE_INFER, &t);
    expect_ok(mote_run_load(&t.run, mote_test_path(state, "tuned")));
    assert_string_equal(t.run.knowledge.class_names, "cat,dog,bird");
    training_release(&t);
}

static void weights_that_left_the_range_of_numbers_do_not_replace_the_saved_ones(void **state)
{
    training t;
    const mote_train_config one_epoch = {.steps = 3};
    training_init(state, HEAD "save_path = kept\n" EXPLODING DATA NET, MOTE_MODE_TRAIN, &t);
    expect_raises(training_run(&t, NULL), MOTE_ERROR_NONFINITE, "");
    assert_string_equal(mote_last_error()->message,
                        "epoch 2: tensor 'c.weight' has values that are not finite; what was saved "
                        "before is kept");
    assert_int_equal(t.result.steps, 6);
    expect_raises(mote_run_save(&t.run, mote_test_path(state, "kept")), MOTE_ERROR_NONFINITE,
                  "tensor 'c.weight' has values that are not finite");
    const digest expected = train_text(state, HEAD EXPLODING DATA NET, &one_epoch);
    expect_ok(mote_run_load(&t.run, mote_test_path(state, "kept")));
    const digest kept = training_digest(&t);
    assert_same(&kept, &expected);
    training_release(&t);
}

static void a_file_that_cannot_be_written_is_found_before_the_first_step(void **state)
{
    static const char *const paths[] = {"nowhere/saved", "images/saved", "."};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        training t;
        char text[1024];
        size_t steps = 0;
        const mote_train_config config = {.user = &steps, .stop = count_step};
        (void)snprintf(text, sizeof text, HEAD "save_path = %s\n" SGD DATA NET, paths[i]);
        training_init(state, text, MOTE_MODE_TRAIN, &t);
        const mote_status status = training_run(&t, &config);
        expect_raises(status, MOTE_ERROR_IO, t.run.save_path);
        assert_int_equal(steps, 0);
        assert_int_equal(t.result.steps, 0);
        training_release(&t);
    }
}

static void finding_out_whether_a_file_can_be_written_leaves_nothing(void **state)
{
    training t;
    const mote_train_config config = {.steps = 1}; // no epoch ends
    training_init(state, HEAD "save_path = later\n" SGD DATA NET, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, &config));
    assert_int_not_equal(access(mote_test_path(state, "later"), F_OK), 0);
    training_release(&t);
}

static bool stop_at_second(void *user)
{
    ++*(size_t *)user;
    return *(size_t *)user == 2;
}

/// `points` has to be absent or what cannot be replaced by the checkpoint of step 2.
static void stop_and_load(void **state, mote_status expected, const char *message)
{
    training t;
    size_t steps = 0;
    const mote_train_config config = {.user = &steps, .stop = stop_at_second};
    training_init(state, HEAD "checkpoint_path = points\nsave_path = stopped\n" SGD DATA NET,
                  MOTE_MODE_TRAIN, &t);
    const mote_status status = training_run(&t, &config);
    assert_int_equal(status, expected);
    if (expected != MOTE_OK)
        assert_non_null(strstr(mote_last_error()->message, message));
    assert_true(t.result.stopped);
    assert_int_equal(t.result.steps, 2);
    assert_string_equal(t.result.saved_path, mote_test_path(state, "stopped"));
    const digest trained = training_digest(&t);
    expect_ok(mote_run_load(&t.run, mote_test_path(state, "stopped")));
    const digest saved = training_digest(&t);
    assert_same(&trained, &saved);
    training_release(&t);
    assert_int_equal(unlink(mote_test_path(state, "stopped")), 0);
}

static void a_training_that_is_stopped_saves_its_weights_itself(void **state)
{
    stop_and_load(state, MOTE_OK, "");
    assert_int_equal(unlink(mote_test_path(state, "points.000000000002")), 0);
    assert_int_equal(mkdir(mote_test_path(state, "points.000000000002"), 0777), 0);
    stop_and_load(state, MOTE_ERROR_IO, "checkpoint after step 2: ");
    assert_int_equal(rmdir(mote_test_path(state, "points.000000000002")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_and_validation_must_have_one_scale),
        cmocka_unit_test(training_that_is_refused_leaves_what_is_known_of_the_data),
        cmocka_unit_test(evaluation_must_have_the_scale_of_the_weights),
        cmocka_unit_test(fine_tuning_keeps_the_names_of_the_classes),
        cmocka_unit_test(weights_that_left_the_range_of_numbers_do_not_replace_the_saved_ones),
        cmocka_unit_test(a_file_that_cannot_be_written_is_found_before_the_first_step),
        cmocka_unit_test(finding_out_whether_a_file_can_be_written_leaves_nothing),
        cmocka_unit_test(a_training_that_is_stopped_saves_its_weights_itself),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
