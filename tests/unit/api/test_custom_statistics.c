// SPDX-License-Identifier: Apache-2.0
// Running statistics of a program's layer: they change when a step is applied, are read in inference, lie in files, and
// stay where the layer is frozen.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BATCH ((size_t)4)
#define WIDTH ((size_t)3)

/// "center": x minus the running mean of each column, which takes in half of the mean of each batch.
static mote_status center_setup(void *user, void *state, mote_layer_setup *setup)
{
    const mote_custom_weight mean = {.name = "mean", .rank = 1, .dims = {WIDTH}};
    const mote_custom_temporary sums = {
        .count = WIDTH, .shared = true, .phases = MOTE_PHASE_FORWARD | MOTE_PHASE_UPDATE};
    *(bool *)user = mote_layer_setup_is_trainable(setup);
    (void)state;
    mote_status status = mote_layer_setup_output(setup, mote_layer_setup_input(setup, 0));
    if (status == MOTE_OK)
        status = mote_layer_setup_statistic(setup, &mean);
    return status == MOTE_OK ? mote_layer_setup_temporary(setup, &sums) : status;
}

static mote_status center_forward(void *user, const void *state, const mote_layer_run *run)
{
    const float *x = mote_layer_run_input(run, 0);
    const float *mean = mote_layer_run_statistic(run, 0);
    float *sums = mote_layer_run_temporary(run, 0);
    float *y = mote_layer_run_output(run);
    (void)user;
    (void)state;
    assert_null(mote_layer_run_statistic(run, 1));
    for (size_t i = 0; i < mote_layer_run_batch(run) * WIDTH; i++)
        y[i] = x[i] - mean[i % WIDTH];
    return sums ? mote_layer_run_sum_batch(run, 1, WIDTH, x, sums) : MOTE_OK;
}

static mote_status center_derivative(void *user, const void *state, const mote_layer_run *run)
{
    (void)user;
    (void)state;
    assert_null(mote_layer_run_statistic(run, 0)); // not declared for it
    return mote_layer_run_scale(run, mote_layer_run_batch(run) * WIDTH, 1,
                                mote_layer_run_output_derivative(run),
                                mote_layer_run_input_derivative(run, 0));
}

static mote_status center_update(void *user, const void *state, const mote_layer_run *run)
{
    const float *sums = mote_layer_run_temporary(run, 0);
    float *mean = mote_layer_run_statistic(run, 0);
    (void)user;
    (void)state;
    for (size_t i = 0; i < WIDTH; i++)
        mean[i] = 0.5F * mean[i] + 0.5F * sums[i] / (float)mote_layer_run_batch(run);
    return MOTE_OK;
}

typedef struct session {
    bool is_trainable; // as setup saw it
    mote_context *context;
    mote_model *model;
} session;

static void start(void **state, const char *keys, session *s)
{
    const mote_custom_layer center = {.name = "center",
                                      .summary = "minus a running mean",
                                      .user = &s->is_trainable,
                                      .setup = center_setup,
                                      .forward = center_forward,
                                      .calc_derivative = center_derivative,
                                      .update = center_update};
    const mote_context_config config = {.thread_count = 1};
    const mote_compile_config both = {.modes = MOTE_MODE_STEP | MOTE_MODE_INFER};
    char text[512];
    (void)snprintf(text, sizeof text,
                   "[Model]\nbatch_size = 4\nloss = mse\n[Optimizer]\ntype = sgd\n"
                   "learning_rate = 0\n[in]\ntype = input\ninput_shape = 3\n"
                   "[mid]\ntype = center\n%s[out]\ntype = fully_connected\nunit = 3\n"
                   "[again]\ntype = center\n%s",
                   keys, keys);
    *s = (session){.is_trainable = false};
    expect_ok(mote_context_create(&config, &s->context));
    expect_ok(mote_context_add_layer(s->context, &center));
    expect_ok(mote_model_load(s->context, mote_test_write_text(state, "center.ini", text), NULL, 0,
                              &s->model));
    expect_ok(mote_model_compile(s->model, &both));
    expect_ok(mote_model_allocate(s->model));
}

static void end(session *s)
{
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
}

static void forward(const session *s, float number)
{
    float values[BATCH * WIDTH];
    const void *const arrays[] = {values};
    const mote_batch batch = {arrays, 1, arrays, 1, BATCH};
    for (size_t i = 0; i < BATCH * WIDTH; i++)
        values[i] = number * (float)(i % WIDTH);
    expect_ok(mote_model_forward(s->model, &batch, NULL));
}

/// The running mean of column 2.
static float get_mean(const session *s)
{
    mote_tensor_info info;
    expect_ok(mote_model_find_tensor(s->model, "mid.mean", &info));
    assert_int_equal(info.element_count, WIDTH);
    return info.values[2];
}

static void they_change_when_a_step_is_applied(void **state)
{
    session s;
    start(state, "", &s);
    assert_true(s.is_trainable);
    forward(&s, 4);
    mote_model_discard(s.model);
    assert_true(get_mean(&s) == 0.0F);
    forward(&s, 4);
    expect_ok(mote_model_apply(s.model, NULL));
    assert_true(get_mean(&s) == 4.0F);
    forward(&s, 2);
    expect_ok(mote_model_apply(s.model, NULL));
    assert_true(get_mean(&s) == 4.0F);
    end(&s);
}

static void they_are_read_in_inference_and_lie_in_files(void **state)
{
    session s;
    session other;
    mote_tensor_info info;
    const char *path = mote_test_path(state, "center.safetensors");
    const float x[WIDTH] = {1, 2, 3};
    const float centered[WIDTH] = {1, 0, -1};
    float y[3][WIDTH];
    start(state, "trainable = true\n", &s);
    forward(&s, 4);
    expect_ok(mote_model_apply(s.model, NULL));
    expect_ok(mote_model_save(s.model, path));
    start(state, "", &other);
    expect_ok(mote_model_load_weights(other.model, path));
    assert_true(get_mean(&other) == 4.0F);
    expect_ok(mote_model_run(s.model, x, 1, y[0]));
    expect_ok(mote_model_run(other.model, x, 1, y[1]));
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    end(&other);
    expect_ok(mote_model_find_tensor(s.model, "mid.mean", &info));
    memset(info.values, 0, WIDTH * sizeof *info.values);
    expect_ok(mote_model_run(s.model, centered, 1, y[2]));
    assert_memory_equal(y[0], y[2], sizeof y[0]);
    end(&s);
}

static void a_frozen_layer_keeps_them(void **state)
{
    session s;
    start(state, "trainable = false\n", &s);
    assert_false(s.is_trainable);
    forward(&s, 4);
    expect_ok(mote_model_apply(s.model, NULL));
    assert_true(get_mean(&s) == 0.0F);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_change_when_a_step_is_applied),
        cmocka_unit_test(they_are_read_in_inference_and_lie_in_files),
        cmocka_unit_test(a_frozen_layer_keeps_them),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
