// SPDX-License-Identifier: Apache-2.0
// A program's layer that fails, or asks for what it did not declare, when it runs: what is told, and what is left of the step.
#include "probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static mote_status run_product(const mote_layer_run *run)
{
    float *y = mote_layer_run_output(run);
    const mote_custom_product product = {.rows = 2,
                                         .columns = 2,
                                         .depth = 2,
                                         .left = mote_layer_run_input(run, 0),
                                         .right = mote_layer_run_input(run, 0),
                                         .out = y};
    return mote_layer_run_product(run, &product);
}

static mote_status run_empty_product(const mote_layer_run *run)
{
    return mote_layer_run_product(run, &(mote_custom_product){.rows = 1});
}

static mote_status run_product_of_nothing(const mote_layer_run *run)
{
    return mote_layer_run_product(run, &(mote_custom_product){.rows = 1, .columns = 1, .depth = 1});
}

static mote_status run_no_task(const mote_layer_run *run)
{
    return mote_layer_run_parallel(run, 3, 1, NULL, NULL);
}

static mote_status run_empty_sum(const mote_layer_run *run)
{
    float *y = mote_layer_run_output(run);
    return mote_layer_run_sum_batch(run, 0, 1, y, y);
}

static mote_status run_unknown_indices(const mote_layer_run *run)
{
    assert_null(mote_layer_run_input(run, 1));
    assert_null(mote_layer_run_weight(run, 0));
    assert_null(mote_layer_run_gradient(run, 0));
    assert_null(mote_layer_run_temporary(run, 0));
    assert_null(mote_layer_run_input_derivative(run, 1));
    assert_null(mote_layer_run_output_derivative(run));
    return mote_layer_run_add(run, 1, mote_layer_run_input(run, 0), mote_layer_run_weight(run, 0),
                              mote_layer_run_output(run));
}

static mote_status run_own_words(const mote_layer_run *run)
{
    return mote_layer_run_refuse(run, MOTE_ERROR_DATA, "%zu samples are too many",
                                 mote_layer_run_batch(run));
}

static mote_status run_no_words(const mote_layer_run *run)
{
    (void)run;
    return MOTE_ERROR_IO;
}

static mote_status run_stopped(const mote_layer_run *run)
{
    (void)run;
    return MOTE_STOPPED;
}

static mote_status run_stopped_in_words(const mote_layer_run *run)
{
    return mote_layer_run_refuse(run, MOTE_STOPPED, "enough");
}

static mote_status run_unknown_status(const mote_layer_run *run)
{
    (void)run;
    return (mote_status)99;
}

static mote_status run_ignored(const mote_layer_run *run)
{
    const mote_status ignored = run_own_words(run);
    (void)ignored;
    return MOTE_OK;
}

static const struct bad_run {
    mote_status (*forward)(const mote_layer_run *run);
    mote_status status;
    const char *text;
} bad_runs[] = {
    {run_product, MOTE_ERROR_ARGUMENT, "mote_layer_run_product: 2 x 2 x 2 needs "},
    {run_product, MOTE_ERROR_ARGUMENT, " bytes of scratch, mote_layer_setup_product planned 0"},
    {run_empty_product, MOTE_ERROR_ARGUMENT,
     "forward it: mote_layer_run_product: rows, columns or depth is 0"},
    {run_product_of_nothing, MOTE_ERROR_ARGUMENT,
     "forward it: mote_layer_run_product: array 0 is NULL; did setup declare it for this phase?"},
    {run_no_task, MOTE_ERROR_ARGUMENT, "forward it: mote_layer_run_parallel: task is NULL"},
    {run_empty_sum, MOTE_ERROR_ARGUMENT,
     "forward it: mote_layer_run_sum_batch: rows or columns is 0"},
    {run_unknown_indices, MOTE_ERROR_ARGUMENT, "forward it: mote_layer_run_add: array 1 is NULL"},
    {run_own_words, MOTE_ERROR_DATA, "forward it: 2 samples are too many"},
    {run_no_words, MOTE_ERROR_IO,
     "forward it: type 'probe' returned ERROR_IO without mote_layer_run_refuse"},
    {run_ignored, MOTE_ERROR_DATA, "forward it: 2 samples are too many"},
    {run_no_words, MOTE_ERROR_IO, "; there is nothing to apply"},
    {run_stopped, MOTE_ERROR_ARGUMENT,
     "forward it: type 'probe' returned STOPPED without mote_layer_run_refuse"},
    {run_stopped_in_words, MOTE_ERROR_ARGUMENT, "forward it: enough"},
    {run_unknown_status, MOTE_ERROR_ARGUMENT, "forward it: type 'probe' returned UNKNOWN without"},
};

static mote_status take_step(mote_model *model)
{
    static const float values[12] = {1, 2, 3};
    const void *const arrays[] = {values};
    const mote_batch batch = {arrays, 1, arrays, 1, 2};
    const mote_status status = mote_model_forward(model, &batch, NULL);
    return status == MOTE_OK ? mote_model_apply(model, NULL) : status;
}

static void start_text(void **state, const char *text, probe *p, mote_context **context,
                       mote_model **model)
{
    const mote_compile_config stepping = {.modes = MOTE_MODE_STEP};
    expect_ok(load_text(state, text, p, context, model));
    expect_ok(mote_model_compile(*model, &stepping));
    expect_ok(mote_model_allocate(*model));
}

static void start(void **state, probe *p, mote_context **context, mote_model **model)
{
    start_text(state, probe_model, p, context, model);
}

static void a_forward_that_fails_ends_the_step_and_changes_nothing(void **state)
{
    for (size_t i = 0; i < sizeof bad_runs / sizeof bad_runs[0]; i++) {
        probe p = {.setup = NULL};
        mote_context *context = NULL;
        mote_model *model = NULL;
        char before[65];
        char after[65];
        start(state, &p, &context, &model);
        expect_ok(mote_model_digest(model, before));
        p.forward = bad_runs[i].forward;
        expect_raises(take_step(model), bad_runs[i].status, bad_runs[i].text);
        expect_ok(mote_model_digest(model, after));
        assert_string_equal(before, after);
        p.forward = NULL;
        expect_ok(take_step(model));
        mote_model_destroy(&model);
        mote_context_destroy(&context);
    }
}

static mote_status fail_backward(const mote_layer_run *run)
{
    return mote_layer_run_refuse(run, MOTE_ERROR_NONFINITE, "no derivative");
}

static void check_failing_backward(void **state, const char *model_text, const char *end,
                                   bool changes)
{
    probe p = {.derivative = fail_backward};
    mote_context *context = NULL;
    mote_model *model = NULL;
    char before[65];
    char after[65];
    start_text(state, model_text, &p, &context, &model);
    expect_ok(mote_model_digest(model, before));
    expect_raises(take_step(model), MOTE_ERROR_NONFINITE, end);
    expect_ok(mote_model_digest(model, after));
    assert_int_equal(strcmp(before, after) != 0, changes);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
}

static void a_backward_that_fails_says_whether_weights_changed(void **state)
{
    static const char behind[] = PROBE_MODEL "[behind]\ntype = fully_connected\nunit = 3\n";
    check_failing_backward(state, probe_model,
                           "mote_model_apply: calc_derivative it: no derivative; this step was not "
                           "applied",
                           false);
    check_failing_backward(state, behind,
                           "mote_model_apply: calc_derivative it: no derivative; a part of this "
                           "step was applied",
                           true);
}

static void fill(void *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ((float *)values)[i] = 1;
}

static int make_sample(void *user, uint64_t sample, size_t port, void *values, size_t count)
{
    (void)user;
    (void)sample;
    (void)port;
    fill(values, count);
    return 0;
}

/// A layer cannot pass for the user who stops a training: neither in a step nor while it is validated.
static mote_status stop_in_validation(const mote_layer_run *run)
{
    const size_t count = 6 * mote_layer_run_batch(run);
    if (!mote_layer_run_is_training(run))
        return MOTE_STOPPED;
    return mote_layer_run_scale(run, count, 1, mote_layer_run_input(run, 0),
                                mote_layer_run_output(run));
}

static void a_training_is_not_stopped_by_a_layer(void **state)
{
    const mote_data_source source = {.sample_count = 4, .read = make_sample};
    const mote_compile_config config = {.modes = MOTE_MODE_TRAIN | MOTE_MODE_EVALUATE};
    probe p = {.forward = stop_in_validation};
    mote_context *context = NULL;
    mote_model *model = NULL;
    expect_ok(load(state, &p, &context, &model));
    expect_ok(mote_model_set_data(model, "train_set", &source));
    expect_ok(mote_model_set_data(model, "valid_set", &source));
    expect_ok(mote_model_compile(model, &config));
    expect_raises(mote_model_train(model, NULL, NULL), MOTE_ERROR_ARGUMENT,
                  "forward it: type 'probe' returned STOPPED");
    mote_model_destroy(&model);
    mote_context_destroy(&context);
}

static void a_training_that_fails_in_backward_says_where(void **state)
{
    const mote_data_source source = {.sample_count = 4, .read = make_sample};
    probe p = {.derivative = fail_backward};
    mote_context *context = NULL;
    mote_model *model = NULL;
    expect_ok(load_text(state, PROBE_MODEL "[behind]\ntype = fully_connected\nunit = 3\n", &p,
                        &context, &model));
    expect_ok(mote_model_set_data(model, "train_set", &source));
    expect_ok(mote_model_compile(model, NULL));
    expect_raises(mote_model_train(model, NULL, NULL), MOTE_ERROR_NONFINITE,
                  "epoch 1, batch 1: calc_derivative it: no derivative; a part of this step was "
                  "applied");
    mote_model_destroy(&model);
    mote_context_destroy(&context);
}

static mote_status read_undeclared_input(const mote_layer_run *run)
{
    assert_null(mote_layer_run_input(run, 0));
    assert_null(mote_layer_run_output(run));
    return mote_layer_run_multiply(run, 1, mote_layer_run_input(run, 0),
                                   mote_layer_run_output_derivative(run),
                                   mote_layer_run_input_derivative(run, 0));
}

static void what_setup_did_not_declare_is_not_there(void **state)
{
    probe p = {.derivative = read_undeclared_input};
    mote_context *context = NULL;
    mote_model *model = NULL;
    start(state, &p, &context, &model);
    expect_raises(take_step(model), MOTE_ERROR_ARGUMENT,
                  "calc_derivative it: mote_layer_run_multiply: array 0 is NULL; did setup declare "
                  "it for this phase?");
    mote_model_destroy(&model);
    mote_context_destroy(&context);
}

static mote_status keeping_setup(mote_layer_setup *setup)
{
    const mote_custom_temporary kept = {.count = 6,
                                        .phases = MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE};
    mote_status status = mote_layer_setup_temporary(setup, &kept);
    return status == MOTE_OK ? mote_layer_setup_output(setup, mote_layer_setup_input(setup, 0))
                             : status;
}

static mote_status keep_input(const mote_layer_run *run)
{
    float *kept = mote_layer_run_temporary(run, 0);
    for (size_t i = 0; i < 12; i++) {
        kept[i] = (float)i;
        mote_layer_run_output(run)[i] = 0;
    }
    return MOTE_OK;
}

static mote_status find_kept(const mote_layer_run *run)
{
    const float *kept = mote_layer_run_temporary(run, 0);
    for (size_t i = 0; i < 12; i++) {
        if (kept[i] != (float)i)
            return mote_layer_run_refuse(run, MOTE_ERROR_DATA, "element %zu is gone", i);
        mote_layer_run_input_derivative(run, 0)[i] = 0;
    }
    return MOTE_OK;
}

static void a_temporary_keeps_its_content_until_its_last_phase(void **state)
{
    probe p = {.setup = keeping_setup, .forward = keep_input, .derivative = find_kept};
    mote_context *context = NULL;
    mote_model *model = NULL;
    start(state, &p, &context, &model);
    expect_ok(take_step(model));
    mote_model_destroy(&model);
    mote_context_destroy(&context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forward_that_fails_ends_the_step_and_changes_nothing),
        cmocka_unit_test(a_backward_that_fails_says_whether_weights_changed),
        cmocka_unit_test(a_training_is_not_stopped_by_a_layer),
        cmocka_unit_test(a_training_that_fails_in_backward_says_where),
        cmocka_unit_test(what_setup_did_not_declare_is_not_there),
        cmocka_unit_test(a_temporary_keeps_its_content_until_its_last_phase),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
