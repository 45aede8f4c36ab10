// SPDX-License-Identifier: Apache-2.0
// Training in the caller's own loop: the bits of mote_model_train, what can be read between the halves of a step, and
// which order of calls is refused.
#include "stepping.h"

static digest train(void **state, const char *text)
{
    session s;
    samples data = make_samples();
    const mote_data_source source = {
        .user = &data, .sample_count = SAMPLES, .read = read_sample, .in_order = true};
    session_start(state, text, MOTE_MODE_TRAIN, &s);
    expect_ok(mote_model_set_data(s.model, "train_set", &source));
    expect_ok(mote_model_train(s.model, NULL, NULL));
    const digest result = session_digest(&s);
    session_end(&s);
    return result;
}

static const char *const texts[] = {
    MODEL ADAM,
    HEAD "apply = after_all\n" NET ADAM,
    MODEL ADAM "clip_norm = 0.1\n",
    MODEL ADAM "moving_average = 0.9\n",
    MODEL "[Optimizer]\ntype = sgd\nmomentum = 0.9\nclip_value = 0.05\n",
};

static void steps_have_the_bits_of_training(void **state)
{
    const samples data = make_samples();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        session s;
        const digest expected = train(state, texts[i]);
        session_start(state, texts[i], MOTE_MODE_STEP, &s);
        step_epochs(&s, &data, 3);
        const digest stepped = session_digest(&s);
        assert_string_equal(stepped.text, expected.text);
        session_end(&s);
    }
}

static void a_model_for_steps_trains_by_itself_to_the_same_bits(void **state)
{
    session s;
    samples data = make_samples();
    const mote_data_source source = {
        .user = &data, .sample_count = SAMPLES, .read = read_sample, .in_order = true};
    const digest expected = train(state, texts[0]);
    session_start(state, texts[0], MOTE_MODE_STEP, &s);
    expect_ok(mote_model_set_data(s.model, "train_set", &source));
    expect_ok(mote_model_train(s.model, NULL, NULL));
    const digest trained = session_digest(&s);
    assert_string_equal(trained.text, expected.text);
    session_end(&s);
}

static void a_training_ends_the_loop_and_its_optimizer_begins_anew(void **state)
{
    session s;
    session other;
    samples data = make_samples();
    const mote_data_source source = {
        .user = &data, .sample_count = SAMPLES, .read = read_sample, .in_order = true};
    const char *const path = mote_test_path(state, "trained");
    session_start(state, texts[0], MOTE_MODE_STEP, &s);
    step_epochs(&s, &data, 1);
    expect_ok(mote_model_set_data(s.model, "train_set", &source));
    expect_ok(mote_model_train(s.model, NULL, NULL));
    expect_ok(mote_model_save(s.model, path));
    step_epochs(&s, &data, 1);
    session_start(state, texts[0], MOTE_MODE_STEP, &other);
    expect_ok(mote_model_load_weights(other.model, mote_test_path(state, "trained")));
    step_epochs(&other, &data, 1);
    const digest a = session_digest(&s);
    const digest b = session_digest(&other);
    assert_string_equal(a.text, b.text);
    session_end(&s);
    session_end(&other);
}

static void a_discarded_step_leaves_nothing_behind(void **state)
{
    session s;
    const samples data = make_samples();
    const digest expected = train(state, texts[0]);
    session_start(state, texts[0], MOTE_MODE_STEP, &s);
    for (size_t i = 0; i < 3; i++) {
        expect_ok(forward(&s, &data, 2, 3, NULL));
        mote_model_discard(s.model);
        step(&s, &data, 0, BATCH);
        expect_ok(forward(&s, &data, 0, 1, NULL));
        mote_model_discard(s.model);
        mote_model_discard(s.model);
        step(&s, &data, BATCH, SAMPLES - BATCH);
    }
    const digest stepped = session_digest(&s);
    assert_string_equal(stepped.text, expected.text);
    session_end(&s);
    mote_model_discard(NULL);
}

static void run(session *s, const samples *data, float classes[][3], float values[][VALUES])
{
    const void *const inputs[] = {data->rows, data->lengths};
    void *const outputs[] = {classes, values};
    expect_ok(mote_model_run_all(s->model, inputs, 2, BATCH, outputs, 2));
}

static void saving_evaluating_and_running_between_steps_change_nothing(void **state)
{
    session s;
    samples data = make_samples();
    const mote_data_source source = {.user = &data, .sample_count = SAMPLES, .read = read_sample};
    const digest expected = train(state, texts[0]);
    session_start(state, texts[0], MOTE_MODE_STEP | MOTE_MODE_EVALUATE | MOTE_MODE_INFER, &s);
    expect_ok(mote_model_set_data(s.model, "test_set", &source));
    for (size_t i = 0; i < 3; i++) {
        float classes[BATCH][3];
        float values[BATCH][VALUES];
        mote_metrics metrics;
        step(&s, &data, 0, BATCH);
        run(&s, &data, classes, values);
        expect_ok(mote_model_evaluate(s.model, "test_set", NULL, &metrics));
        expect_ok(forward(&s, &data, BATCH, SAMPLES - BATCH, NULL));
        expect_ok(mote_model_save(s.model, mote_test_path(state, "between")));
        expect_ok(mote_model_apply(s.model, NULL));
    }
    const digest stepped = session_digest(&s);
    assert_string_equal(stepped.text, expected.text);
    session_end(&s);
}

#define PLAIN                                                                              \
    "[Model]\nbatch_size = 4\nseed = 3\n" ADAM "[in]\ntype = input\ninput_shape = 1:1:6\n" \
    "[hidden]\ntype = fully_connected\nunit = 5\nactivation = relu\n"                      \
    "[values]\ntype = fully_connected\nunit = 2\nactivation = tanh\n[loss]\ntype = mse\n"  \
    "[side]\ntype = fully_connected\nunit = 2\ninput_layers = hidden\ntrainable = false\n"

static mote_status forward_plain(session *s, const samples *data, size_t count,
                                 mote_metrics *metrics)
{
    const void *const inputs[] = {data->rows};
    const void *const labels[] = {data->values};
    const mote_batch batch = {inputs, 1, labels, 1, count};
    return mote_model_forward(s->model, &batch, metrics);
}

static void outputs_are_readable_until_the_step_is_applied(void **state)
{
    session s;
    const samples data = make_samples();
    float expected[BATCH][VALUES];
    float side[BATCH][VALUES];
    void *const outputs[] = {expected, side};
    const void *const input = data.rows;
    const void *values = NULL;
    session_start(state, PLAIN, MOTE_MODE_STEP | MOTE_MODE_INFER, &s);
    for (size_t i = 0; i < 3; i++) {
        expect_ok(mote_model_run_all(s.model, &input, 1, BATCH, outputs, 2));
        expect_ok(forward_plain(&s, &data, BATCH, NULL));
        expect_ok(mote_model_get_step_output(s.model, 0, &values));
        assert_memory_equal(values, expected, sizeof expected);
        expect_raises(mote_model_get_step_output(s.model, 1, &values), MOTE_ERROR_UNSUPPORTED,
                      "mote_model_get_step_output: no loss reads output 'side'");
        expect_raises(mote_model_get_step_output(s.model, 2, &values), MOTE_ERROR_ARGUMENT,
                      "output 2: the network has 2");
        expect_ok(mote_model_apply(s.model, NULL));
    }
    expect_raises(mote_model_get_step_output(s.model, 0, &values), MOTE_ERROR_ARGUMENT,
                  "mote_model_get_step_output: no step is open: mote_model_forward opens one");
    session_end(&s);
}

static void the_loss_of_a_step_is_that_of_its_outputs(void **state)
{
    session s;
    const samples data = make_samples();
    mote_metrics metrics;
    const void *output = NULL;
    session_start(state, PLAIN, MOTE_MODE_STEP, &s);
    expect_ok(forward_plain(&s, &data, 3, &metrics));
    expect_ok(mote_model_get_step_output(s.model, 0, &output));
    const float *const values = output;
    double sum = 0;
    for (size_t i = 0; i < (size_t)3 * VALUES; i++)
        sum += pow((double)values[i] - (double)data.values[i / VALUES][i % VALUES], 2);
    assert_true(fabs(metrics.loss - sum / (3.0 * VALUES)) < 1e-6);
    assert_int_equal(metrics.samples, 3);
    assert_int_equal(metrics.loss_count, 1);
    assert_string_equal(metrics.losses[0].name, "loss");
    session_end(&s);
}

static void the_learning_rate_is_the_callers_or_that_of_the_schedule(void **state)
{
    session s;
    const samples data = make_samples();
    const double zero = 0.0;
    const double wrong[] = {-0.1, (double)NAN, (double)INFINITY};
    mote_step_info info;
    session_start(state, PLAIN, MOTE_MODE_STEP, &s);
    expect_ok(mote_model_get_step(s.model, &info));
    assert_true(fabs(info.learning_rate - 0.05) < 1e-9);
    assert_int_equal(info.applied, 0);
    expect_ok(mote_model_allocate(s.model));
    const digest before = session_digest(&s);
    expect_ok(forward_plain(&s, &data, 2, NULL));
    for (size_t i = 0; i < 3; i++)
        expect_raises(mote_model_apply(s.model, &wrong[i]), MOTE_ERROR_ARGUMENT,
                      "expected 0 or more");
    expect_ok(mote_model_get_step(s.model, &info));
    assert_int_equal(info.open_samples, 2);
    expect_ok(mote_model_apply(s.model, &zero));
    const digest after = session_digest(&s);
    assert_string_equal(before.text, after.text);
    expect_ok(mote_model_get_step(s.model, &info));
    assert_int_equal(info.applied, 1);
    assert_int_equal(info.open_samples, 0);
    session_end(&s);
}

static void restarting_begins_optimizer_and_schedule_anew(void **state)
{
    session s;
    session other;
    mote_step_info info;
    const samples data = make_samples();
    session_start(state, texts[0], MOTE_MODE_STEP, &s);
    step_epochs(&s, &data, 1);
    expect_ok(mote_model_save(s.model, mote_test_path(state, "saved")));
    expect_ok(mote_model_restart(s.model));
    expect_ok(mote_model_get_step(s.model, &info));
    assert_int_equal(info.applied, 0);
    step_epochs(&s, &data, 1);
    session_start(state, texts[0], MOTE_MODE_STEP, &other);
    expect_ok(mote_model_load_weights(other.model, mote_test_path(state, "saved")));
    step_epochs(&other, &data, 1);
    const digest a = session_digest(&s);
    const digest b = session_digest(&other);
    assert_string_equal(a.text, b.text);
    session_end(&s);
    session_end(&other);
}

static void a_loss_that_is_not_finite_leaves_nothing_to_apply(void **state)
{
    session s;
    samples data = make_samples();
    session_start(state, texts[0], MOTE_MODE_STEP, &s);
    step(&s, &data, 0, BATCH);
    const digest before = session_digest(&s);
    data.values[1][1] = 3e38F;
    expect_raises(forward(&s, &data, 0, BATCH, NULL), MOTE_ERROR_NONFINITE,
                  "mote_model_forward: the loss is not finite (forward how_much); there is nothing "
                  "to apply");
    expect_raises(mote_model_apply(s.model, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_model_apply: no step is open: mote_model_forward opens one");
    const digest after = session_digest(&s);
    assert_string_equal(before.text, after.text);
    data = make_samples();
    step(&s, &data, 0, BATCH);
    session_end(&s);
}

#define LINEAR                                                                         \
    "[Model]\nbatch_size = 4\n" ADAM "clip_norm = 1\n"                                 \
    "[in]\ntype = input\ninput_shape = 1:1:6\n[a]\ntype = fully_connected\nunit = 2\n" \
    "[b]\ntype = fully_connected\nunit = 2\n[loss]\ntype = mse\n"

static void a_norm_that_is_not_finite_is_not_applied(void **state)
{
    session s;
    samples data = make_samples();
    mote_tensor_info tensor;
    session_start(state, LINEAR, MOTE_MODE_STEP, &s);
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_find_tensor(s.model, "b.weight", &tensor));
    for (size_t i = 0; i < tensor.element_count; i++)
        tensor.values[i] = 1e-12F; // outputs of 1e18, and gradients beyond float
    data.rows[0][0] = 1e30F;
    const digest before = session_digest(&s);
    expect_ok(forward_plain(&s, &data, BATCH, NULL));
    expect_raises(mote_model_apply(s.model, NULL), MOTE_ERROR_NONFINITE,
                  "this step was not applied");
    expect_raises(mote_model_apply(s.model, NULL), MOTE_ERROR_ARGUMENT, "no step is open");
    const digest after = session_digest(&s);
    assert_string_equal(before.text, after.text);
    session_end(&s);
}

static void an_integer_that_the_network_does_not_take_is_refused(void **state)
{
    session s;
    samples data = make_samples();
    session_start(state, texts[0], MOTE_MODE_STEP, &s);
    data.lengths[2] = 4;
    expect_raises(forward(&s, &data, 0, BATCH, NULL), MOTE_ERROR_DATA,
                  "mote_model_forward: read lengths batch: element 0 of sample 2 is 4, expected 1 "
                  "to 3; there is nothing to apply");
    data = make_samples();
    data.classes[0] = 3;
    expect_raises(forward(&s, &data, 0, BATCH, NULL), MOTE_ERROR_DATA, "is 3, expected 0 to 2");
    session_end(&s);
}

#define REFUSED(call, name)                  \
    expect_raises(call, MOTE_ERROR_ARGUMENT, \
                  name ": a step is open: mote_model_apply or mote_model_discard must end it")

static void calls_that_need_the_memory_of_an_open_step_are_refused(void **state)
{
    session s;
    const samples data = make_samples();
    const void *const inputs[] = {data.rows, data.lengths};
    float room[64];
    void *const outputs[] = {room, room};
    const mote_train_config one = {.steps = 1};
    mote_metrics metrics;
    session_start(state, texts[0], MOTE_MODE_STEP | MOTE_MODE_EVALUATE | MOTE_MODE_INFER, &s);
    expect_ok(forward(&s, &data, 0, 1, NULL));
    REFUSED(forward(&s, &data, 0, 1, NULL), "mote_model_forward");
    REFUSED(mote_model_train(s.model, NULL, NULL), "mote_model_train");
    REFUSED(mote_model_bench(s.model, &one, NULL), "mote_model_bench");
    REFUSED(mote_model_evaluate(s.model, "test_set", NULL, &metrics), "mote_model_evaluate");
    REFUSED(mote_model_run_all(s.model, inputs, 2, 1, outputs, 2), "mote_model_run_all");
    REFUSED(mote_model_load_weights(s.model, "x"), "mote_model_load_weights");
    REFUSED(mote_model_compile(s.model, NULL), "mote_model_compile");
    REFUSED(mote_model_restart(s.model), "mote_model_restart");
    REFUSED(mote_model_resume(s.model, NULL, NULL), "mote_model_resume");
    expect_ok(mote_model_apply(s.model, NULL));
    expect_ok(mote_model_run_all(s.model, inputs, 2, 1, outputs, 2));
    session_end(&s);
}

static void arguments_are_checked(void **state)
{
    session s;
    const samples data = make_samples();
    const void *inputs[] = {data.rows, data.lengths};
    const void *const labels[] = {data.classes, data.values};
    mote_batch batch = {inputs, 2, labels, 1, 1};
    session_start(state, texts[0], MOTE_MODE_STEP, &s);
    expect_raises(mote_model_forward(s.model, &batch, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_model_forward: 2 inputs and 1 labels, the network has 2 and 2");
    batch.label_count = 2;
    batch.count = 5;
    expect_raises(mote_model_forward(s.model, &batch, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_model_forward: takes 1 to 4 samples, got 5");
    inputs[1] = NULL;
    expect_raises(mote_model_forward(s.model, &batch, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_model_forward: input 1 is NULL");
    batch.labels = NULL;
    expect_raises(mote_model_forward(s.model, &batch, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_model_forward: an argument is NULL");
    expect_raises(mote_model_forward(s.model, NULL, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_model_forward: an argument is NULL");
    expect_raises(mote_model_get_step(s.model, NULL), MOTE_ERROR_ARGUMENT,
                  "mote_model_get_step: an argument is NULL");
    expect_raises(mote_model_forward(NULL, &batch, NULL), MOTE_ERROR_ARGUMENT, "model is NULL");
    session_end(&s);
}

static void stepping_needs_its_mode(void **state)
{
    session s;
    const samples data = make_samples();
    session_start(state, texts[0], MOTE_MODE_TRAIN, &s);
    expect_raises(forward(&s, &data, 0, 1, NULL), MOTE_ERROR_ARGUMENT,
                  "the model is compiled for modes 0x1; this needs 0x8");
    session_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_have_the_bits_of_training),
        cmocka_unit_test(a_model_for_steps_trains_by_itself_to_the_same_bits),
        cmocka_unit_test(a_training_ends_the_loop_and_its_optimizer_begins_anew),
        cmocka_unit_test(a_discarded_step_leaves_nothing_behind),
        cmocka_unit_test(saving_evaluating_and_running_between_steps_change_nothing),
        cmocka_unit_test(outputs_are_readable_until_the_step_is_applied),
        cmocka_unit_test(the_loss_of_a_step_is_that_of_its_outputs),
        cmocka_unit_test(the_learning_rate_is_the_callers_or_that_of_the_schedule),
        cmocka_unit_test(restarting_begins_optimizer_and_schedule_anew),
        cmocka_unit_test(a_loss_that_is_not_finite_leaves_nothing_to_apply),
        cmocka_unit_test(a_norm_that_is_not_finite_is_not_applied),
        cmocka_unit_test(an_integer_that_the_network_does_not_take_is_refused),
        cmocka_unit_test(calls_that_need_the_memory_of_an_open_step_are_refused),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(stepping_needs_its_mode),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
