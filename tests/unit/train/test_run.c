// SPDX-License-Identifier: Apache-2.0
// A run beside its training loop: initial values, files, evaluation, benchmark, inference.
#include "training.h"

#define ALL  (MOTE_MODE_TRAIN | MOTE_MODE_EVALUATE | MOTE_MODE_INFER)
#define TEST "[test_set]\ntype = idx\npath = images\nlabel_path = labels\n"

#define LONE_CONVOLUTION                       \
    "[a]\ntype = input\ninput_shape = 1:4:4\n" \
    "[c]\ntype = conv2d\nfilters = 2\nkernel_size = 3\npadding = same\n"

static void initial_values_follow_from_seed_and_name_alone(void **state)
{
    training whole;
    training lone;
    training other;
    const size_t bytes = 18 * sizeof(float);
    training_init(state, HEAD NET, MOTE_MODE_INFER, &whole);
    training_init(state, "[Model]\nseed = 5\n" LONE_CONVOLUTION, MOTE_MODE_INFER, &lone);
    training_init(state, "[Model]\nseed = 6\n" LONE_CONVOLUTION, MOTE_MODE_INFER, &other);
    const float *const values = training_values(&whole, "c.weight");
    assert_memory_equal(values, training_values(&lone, "c.weight"), bytes);
    assert_memory_not_equal(values, training_values(&other, "c.weight"), bytes);
    training_release(&whole);
    training_release(&lone);
    training_release(&other);
}

static void statistics_start_as_declared_and_optimizer_state_at_zero(void **state)
{
    static const float zeros[2];
    static const float ones[2] = {1.0F, 1.0F};
    training t;
    training_init(state, HEAD ADAM DATA NET, MOTE_MODE_TRAIN, &t);
    assert_memory_equal(training_values(&t, "n.running_mean"), zeros, sizeof zeros);
    assert_memory_equal(training_values(&t, "n.running_var"), ones, sizeof ones);
    assert_memory_equal(training_values(&t, "n.weight"), ones, sizeof ones);
    assert_memory_equal(training_values(&t, "n.bias.mean"), zeros, sizeof zeros);
    training_release(&t);
}

static void what_was_saved_is_loaded_with_preprocessing_and_class_names(void **state)
{
    training saved;
    training loaded;
    const char *const path = mote_test_path(state, "saved");
    training_init(state,
                  HEAD "save_path = saved\n" ADAM DATA "scale = 0.25\nclass_names = a,b,c\n" NET,
                  MOTE_MODE_TRAIN, &saved);
    expect_ok(training_run(&saved, NULL));
    training_init(state, HEAD NET, MOTE_MODE_INFER, &loaded);
    expect_ok(mote_run_load(&loaded.run, path));
    const digest before = training_digest(&saved);
    const digest after = training_digest(&loaded);
    assert_same(&before, &after);
    assert_true(loaded.run.image_scale == 0.25);
    assert_string_equal(loaded.run.knowledge.class_names, "a,b,c");
    training_release(&saved);
    training_release(&loaded);
}

static mote_status evaluate(training *t, mote_metrics *metrics)
{
    const mote_train_config config = {.user = NULL};
    const mote_run_set set = {.section = t->description.test_set, .owner = "[test_set]"};
    return mote_run_evaluate(&t->run, &set, &config, metrics);
}

static void evaluation_is_a_mean_over_samples_whatever_the_batch(void **state)
{
    training t;
    mote_metrics metrics[2];
    static const char *const heads[] = {"[Model]\nloss = cross\nseed = 5\nbatch_size = 4\n",
                                        "[Model]\nloss = cross\nseed = 5\nbatch_size = 10\n"};
    for (size_t i = 0; i < 2; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text, "%s%s", heads[i], TEST NET);
        training_init(state, text, MOTE_MODE_EVALUATE, &t);
        expect_ok(evaluate(&t, &metrics[i]));
        assert_int_equal(metrics[i].samples, NOISE_COUNT);
        training_release(&t);
    }
    assert_true(fabs(metrics[0].loss - metrics[1].loss) < 1e-6);
    assert_true(metrics[0].accuracy >= 0 && metrics[0].accuracy <= 1);
    assert_true(metrics[0].accuracy == metrics[1].accuracy);
}

static void evaluation_uses_running_statistics_and_changes_nothing(void **state)
{
    training t;
    mote_metrics first;
    mote_metrics second;
    training_init(state, HEAD ADAM DATA TEST NET, ALL, &t);
    expect_ok(training_run(&t, NULL));
    const digest before = training_digest(&t);
    expect_ok(evaluate(&t, &first));
    expect_ok(evaluate(&t, &second));
    const digest after = training_digest(&t);
    assert_same(&before, &after);
    assert_true(first.loss == second.loss);
    training_release(&t);
}

static bool stop_at_once(void *user)
{
    (void)user;
    return true;
}

static void a_stop_ends_evaluation(void **state)
{
    training t;
    mote_metrics metrics;
    const mote_train_config config = {.stop = stop_at_once};
    training_init(state, HEAD TEST NET, MOTE_MODE_EVALUATE, &t);
    const mote_run_set set = {.section = t.description.test_set, .owner = "[test_set]"};
    expect_raises(mote_run_evaluate(&t.run, &set, &config, &metrics), MOTE_STOPPED,
                  "stopped while evaluating");
    training_release(&t);
}

/// Shares of the classes for image `index`, `count` images a call.
static void infer(training *t, const float *images, size_t count, float *shares)
{
    const void *const input = images;
    void *const output = shares;
    const mote_run_batch batch = {.inputs = &input, .input_count = 1, .count = count};
    expect_ok(mote_run_infer(&t->run, &batch, &output));
}

static void inference_gives_shares_that_do_not_depend_on_the_batch(void **state)
{
    training t;
    float images[4 * 16];
    float together[4 * 3];
    float alone[3];
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
        images[i] = (float)(i % 7) / 7.0F;
    training_init(state, HEAD NET, MOTE_MODE_INFER, &t);
    infer(&t, images, 4, together);
    for (size_t i = 0; i < 4; i++) {
        infer(&t, images + i * 16, 1, alone);
        assert_memory_equal(alone, together + i * 3, sizeof alone);
        assert_true(fabs((double)(alone[0] + alone[1] + alone[2]) - 1.0) < 1e-6);
    }
    training_release(&t);
}

static void a_benchmark_trains_on_one_batch_that_follows_from_the_seed(void **state)
{
    static const char *const losses[] = {"cross", "mse"};
    for (size_t i = 0; i < 2; i++) {
        digest digests[2];
        char text[1024];
        (void)snprintf(text, sizeof text, "[Model]\nloss = %s\nbatch_size = 4\nseed = 5\n" ADAM NET,
                       losses[i]);
        for (size_t j = 0; j < 2; j++) {
            training t;
            const mote_train_config config = {.steps = 30};
            training_init(state, text, MOTE_MODE_TRAIN, &t);
            const digest before = training_digest(&t);
            expect_ok(mote_run_bench(&t.run, &config, &t.result));
            assert_int_equal(t.result.steps, 30);
            assert_int_equal(t.result.training.samples, 4); // of the last step
            assert_true(isfinite(t.result.training.loss));
            assert_false(t.result.stopped);
            digests[j] = training_digest(&t);
            assert_other(&before, &digests[j]);
            training_release(&t);
        }
        assert_same(&digests[0], &digests[1]);
    }
}

static void a_benchmark_of_a_network_with_two_inputs_feeds_both(void **state)
{
    training t;
    const mote_train_config config = {.steps = 2};
    training_init(state,
                  HEAD SGD "[a]\ntype = input\ninput_shape = 1:4:4\n"
                           "[b]\ntype = input\ninput_shape = 1:4:4\n"
                           "[sum]\ntype = addition\ninput_layers = a,b\nflatten = true\n"
                           "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n",
                  MOTE_MODE_TRAIN, &t);
    expect_ok(mote_run_bench(&t.run, &config, &t.result));
    assert_int_equal(t.result.steps, 2);
    training_release(&t);
}

static void a_benchmark_starts_with_a_fresh_optimizer(void **state)
{
    training t;
    training other;
    const mote_train_config config = {.steps = 5};
    training_init(state, HEAD ADAM NET, MOTE_MODE_TRAIN, &t);
    expect_ok(mote_run_bench(&t.run, &config, &t.result));
    expect_ok(mote_run_save(&t.run, mote_test_path(state, "between")));
    expect_ok(mote_run_bench(&t.run, &config, &t.result));
    training_init(state, HEAD ADAM NET, MOTE_MODE_TRAIN, &other);
    expect_ok(mote_run_load(&other.run, mote_test_path(state, "between")));
    expect_ok(mote_run_bench(&other.run, &config, &other.result));
    const digest again = training_digest(&t);
    const digest fresh = training_digest(&other);
    assert_same(&again, &fresh);
    training_release(&t);
    training_release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initial_values_follow_from_seed_and_name_alone),
        cmocka_unit_test(statistics_start_as_declared_and_optimizer_state_at_zero),
        cmocka_unit_test(what_was_saved_is_loaded_with_preprocessing_and_class_names),
        cmocka_unit_test(evaluation_is_a_mean_over_samples_whatever_the_batch),
        cmocka_unit_test(evaluation_uses_running_statistics_and_changes_nothing),
        cmocka_unit_test(a_stop_ends_evaluation),
        cmocka_unit_test(inference_gives_shares_that_do_not_depend_on_the_batch),
        cmocka_unit_test(a_benchmark_trains_on_one_batch_that_follows_from_the_seed),
        cmocka_unit_test(a_benchmark_of_a_network_with_two_inputs_feeds_both),
        cmocka_unit_test(a_benchmark_starts_with_a_fresh_optimizer),
    };
    return cmocka_run_group_tests(tests, test_noise_setup, mote_test_folder_teardown);
}
