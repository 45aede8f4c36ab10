// SPDX-License-Identifier: Apache-2.0
// Steps that are not finite: which layer was first, skipping, and weights that are lost.
#include "mote/mote.h"
#include "support/expect.h"
#include "support/files.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

enum {
    SAMPLES = 12,
    INPUTS = 4,
    NOBODY = 99,
    NOTE_BYTES = 2048
};

#define HEAD "[Model]\nloss = mse\nbatch_size = 4\nepochs = 2\nseed = 5\nsave_path = saved\n"
#define NET                                             \
    "[Optimizer]\ntype = adam\nlearning_rate = 0.01\n"  \
    "[in]\ntype = input\ninput_shape = 4\n"             \
    "[square]\ntype = multiply\ninput_layers = in,in\n" \
    "[out]\ntype = fully_connected\nunit = 1\n"

/// Samples, one of which is huge or not a number.
typedef struct maker {
    uint64_t bad_sample;
    float bad_value;
} maker;

static int make_sample(void *user, uint64_t sample, size_t port, void *values, size_t count)
{
    const maker *const m = user;
    for (size_t i = 0; i < count; i++)
        ((float *)values)[i] = (float)((sample * 7 + i * 3 + port) % 10) / 10;
    if (sample == m->bad_sample && port == 0)
        ((float *)values)[1] = m->bad_value;
    return 0;
}

typedef struct session {
    mote_context *context;
    mote_model *model;
    maker maker;
    mote_train_result result;
} session;

static void start(void **state, const char *text, maker made, session *s)
{
    const mote_context_config config = {.thread_count = 1};
    const mote_compile_config modes = {.modes = MOTE_MODE_TRAIN | MOTE_MODE_EVALUATE};
    const char *const path = mote_test_write_text(state, "model.ini", text);
    *s = (session){.maker = made};
    const mote_data_source source = {
        .user = &s->maker, .sample_count = SAMPLES, .read = make_sample, .in_order = true};
    expect_ok(mote_context_create(&config, &s->context));
    expect_ok(mote_model_load(s->context, path, NULL, 0, &s->model));
    expect_ok(mote_model_compile(s->model, &modes));
    expect_ok(mote_model_set_data(s->model, "train_set", &source));
}

/// The digest of the weights is left in `digest`.
static void end(session *s, char digest[65])
{
    expect_ok(mote_model_digest(s->model, digest));
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
}

static void the_first_layer_that_is_not_finite_is_named(void **state)
{
    session s;
    char digest[65];
    start(state, HEAD NET, (maker){6, 1e30F}, &s);
    expect_raises(mote_model_train(s.model, NULL, &s.result), MOTE_ERROR_NONFINITE,
                  "epoch 1, batch 2: the loss is not finite (forward out/loss); the first that was "
                  "not is 'forward square'; this step was not applied");
    assert_int_equal(s.result.steps, 1);
    expect_ok(mote_model_save(s.model, mote_test_path(state, "kept"))); // the first step's weights
    end(&s, digest);
}

static void so_is_an_input(void **state)
{
    session s;
    char digest[65];
    start(state, HEAD NET, (maker){6, NAN}, &s);
    expect_raises(mote_model_train(s.model, NULL, &s.result), MOTE_ERROR_NONFINITE,
                  "the first that was not is 'read in batch'");
    end(&s, digest);
}

static void a_checkpoint_to_go_on_from_is_named(void **state)
{
    session s;
    char digest[65];
    start(state, HEAD "checkpoint_path = points\ncheckpoint_every = 1 step\n" NET,
          (maker){6, 1e30F}, &s);
    expect_raises(mote_model_train(s.model, NULL, &s.result), MOTE_ERROR_NONFINITE,
                  "; the newest checkpoint is '");
    assert_non_null(strstr(mote_last_error()->message, "points.000000000001'"));
    end(&s, digest);
}

/// Data and random numbers advance, updates and statistics do not.
static void a_step_is_skipped_exactly(void **state)
{
    session s;
    char digest[65];
    char without[65];
    start(state, HEAD "on_nonfinite = skip\n" NET, (maker){6, 1e30F}, &s);
    expect_ok(mote_model_train(s.model, NULL, &s.result));
    assert_int_equal(s.result.steps, 6);
    assert_int_equal(s.result.skipped_steps, 2); // in both epochs
    assert_int_equal(s.result.training.samples, 8);
    end(&s, digest);
    start(state, HEAD "on_nonfinite = skip\n" NET, (maker){NOBODY, 0.0F}, &s);
    expect_ok(mote_model_train(s.model, NULL, &s.result));
    assert_int_equal(s.result.skipped_steps, 0);
    end(&s, without);
    assert_string_not_equal(digest, without);
}

static void skipping_is_the_same_after_a_resume(void **state)
{
#define SKIPS HEAD "on_nonfinite = skip\ncheckpoint_path = skips\n" NET
    session s;
    char whole[65];
    char cut[65];
    const mote_train_config two = {.steps = 2};
    const mote_train_config resume = {.resume = true};
    start(state, SKIPS, (maker){6, 1e30F}, &s);
    expect_ok(mote_model_train(s.model, NULL, &s.result));
    end(&s, whole);
    start(state, SKIPS, (maker){6, 1e30F}, &s);
    expect_ok(mote_model_train(s.model, &two, &s.result));
    end(&s, cut);
    start(state, SKIPS, (maker){6, 1e30F}, &s);
    expect_ok(mote_model_train(s.model, &resume, &s.result));
    assert_int_equal(s.result.resumed_step, 2);
    assert_int_equal(s.result.skipped_steps, 2);
    end(&s, cut);
    assert_string_equal(whole, cut);
}

/// With a huge value in the first batch its step makes weights huge: no loss is finite from then on.
#define LOST                                              \
    HEAD "on_nonfinite = skip\ncheckpoint_path = lost\n"  \
         "checkpoint_every = 1 step\n"                    \
         "[Optimizer]\ntype = sgd\nlearning_rate = 1e5\n" \
         "[in]\ntype = input\ninput_shape = 4\n"          \
         "[out]\ntype = fully_connected\nunit = 1\n"

static void note(void *user, const char *text)
{
    (void)snprintf(user, NOTE_BYTES, "%s", text);
}

/// The checkpoint of before is kept, though as many steps were skipped as would have made it the oldest.
static void skipped_steps_write_no_checkpoints(void **state)
{
    session s;
    char digest[65];
    char told[NOTE_BYTES] = "";
    const mote_train_config config = {.user = told, .notice = note};
    start(state, LOST, (maker){0, 1e15F}, &s);
    expect_ok(mote_model_train(s.model, &config, &s.result));
    assert_int_equal(s.result.skipped_steps, 5);
    assert_int_equal(s.result.checkpoint_count,
                     3); // the beginning, the step that was applied, the end
    assert_int_equal(access(mote_test_path(state, "lost.000000000000"), F_OK), 0);
    assert_int_equal(access(mote_test_path(state, "lost.000000000001"), F_OK), -1);
    assert_int_equal(access(mote_test_path(state, "lost.000000000006"), F_OK), 0);
    assert_string_equal(
        told, "5 of 6 steps were not finite and were skipped: the weights have learned little");
    end(&s, digest);
}

static void checkpoints_count_the_steps_that_were_applied(void **state)
{
    session s;
    char digest[65];
    start(state,
          HEAD "on_nonfinite = skip\ncheckpoint_path = counted\ncheckpoint_keep = 9\n"
               "checkpoint_every = 2 steps\n" NET,
          (maker){6, 1e30F}, &s);
    expect_ok(mote_model_train(s.model, NULL, &s.result));
    assert_int_equal(s.result.steps, 6);            // of which the 2nd and the 5th were skipped
    assert_int_equal(s.result.checkpoint_count, 4); // of steps 0, 3 and 6, and of the end
    assert_int_equal(access(mote_test_path(state, "counted.000000000003"), F_OK), 0);
    assert_int_equal(access(mote_test_path(state, "counted.000000000006"), F_OK), 0);
    end(&s, digest);
}

static void validate_with(session *s, maker *made)
{
    const mote_data_source source = {
        .user = made, .sample_count = SAMPLES, .read = make_sample, .in_order = true};
    expect_ok(mote_model_set_data(s->model, "valid_set", &source));
}

static void a_validation_that_is_not_finite_says_how_that_came(void **state)
{
    session s;
    char digest[65];
    maker good = {NOBODY, 0.0F};
    maker bad = {6, 1e30F};
    start(state, LOST, (maker){0, 1e15F}, &s);
    validate_with(&s, &good);
    expect_raises(mote_model_train(s.model, NULL, &s.result), MOTE_ERROR_NONFINITE,
                  "epoch 1, evaluation, batch 1: the loss is not finite (forward out/loss); 2 of 3 "
                  "steps were skipped; the newest checkpoint is '");
    end(&s, digest);
    start(state, HEAD NET, good, &s);
    validate_with(&s, &bad);
    expect_raises(mote_model_train(s.model, NULL, &s.result), MOTE_ERROR_NONFINITE,
                  "epoch 1, evaluation, batch 2: the loss is not finite (forward out/loss); the "
                  "first that was not is 'forward square'");
    end(&s, digest);
}

/// A gradient that is not finite is applied before anybody knows: then the next loss tells, and nothing is saved.
static void weights_that_were_lost_are_not_skipped_over(void **state)
{
    session s;
    char digest[65];
    mote_tensor_info weight;
    start(state, HEAD "on_nonfinite = skip\n" NET, (maker){NOBODY, 0.0F}, &s);
    expect_ok(mote_model_allocate(s.model));
    expect_ok(mote_model_find_tensor(s.model, "out.weight", &weight));
    weight.values[2] = INFINITY;
    expect_raises(mote_model_train(s.model, NULL, &s.result), MOTE_ERROR_NONFINITE,
                  "since an earlier step, tensor 'out.weight' has values that are not finite");
    expect_raises(mote_model_save(s.model, mote_test_path(state, "lost")), MOTE_ERROR_NONFINITE,
                  "tensor 'out.weight'");
    end(&s, digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_layer_that_is_not_finite_is_named),
        cmocka_unit_test(so_is_an_input),
        cmocka_unit_test(a_checkpoint_to_go_on_from_is_named),
        cmocka_unit_test(a_step_is_skipped_exactly),
        cmocka_unit_test(skipping_is_the_same_after_a_resume),
        cmocka_unit_test(skipped_steps_write_no_checkpoints),
        cmocka_unit_test(checkpoints_count_the_steps_that_were_applied),
        cmocka_unit_test(a_validation_that_is_not_finite_says_how_that_came),
        cmocka_unit_test(weights_that_were_lost_are_not_skipped_over),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
