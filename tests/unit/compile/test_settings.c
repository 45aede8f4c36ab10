// SPDX-License-Identifier: Apache-2.0
// [Optimizer] and [LearningRateScheduler]: defaults, and what is refused.
#include "compilation.h"

#include <math.h>

static void refused(void **state, const char *sections, const char *message)
{
    char text[1024];
    char expected[1024] = "";
    compilation c;
    const char *const path = mote_test_path(state, "model.ini");
    (void)snprintf(text, sizeof text, "%s%s", MODEL IMAGE TAIL, sections);
    (void)snprintf(expected, sizeof expected, "%s%s", path, message);
    const mote_status status = compile_as(state, "model.ini", text, MOTE_MODE_TRAIN, "naive", &c);
    compilation_release(&c);
    expect_raises(status, MOTE_ERROR_PROPERTY, "");
    assert_string_equal(mote_last_error()->message, expected);
}

static double rate_of(void **state, const char *sections, uint64_t iteration)
{
    char text[1024];
    compilation c;
    (void)snprintf(text, sizeof text, "%s%s", MODEL IMAGE TAIL, sections);
    compile_text(state, text, MOTE_MODE_TRAIN, &c);
    const mote_training_settings *const settings = &c.compiled.settings;
    const double rate =
        settings->rate->rate(settings->rate_state, settings->learning_rate, iteration);
    compilation_release(&c);
    return rate;
}

static void assert_rate(double got, double expected)
{
    assert_true(fabs(got - expected) <= 1e-15 * expected);
}

static void each_optimizer_has_its_own_default_rate(void **state)
{
    assert_rate(rate_of(state, "[Optimizer]\ntype = sgd\n", 0), 1e-4);
    assert_rate(rate_of(state, "[Optimizer]\ntype = adam\n", 0), 1e-3);
    assert_rate(rate_of(state, "[Optimizer]\ntype = adam\nlearning_rate = 0.5\n", 0), 0.5);
    assert_rate(rate_of(state, "[Optimizer]\ntype = adam\nlearning_rate = 0\n", 0), 0);
}

static void a_constant_schedule_keeps_the_rate_of_the_optimizer(void **state)
{
    assert_rate(rate_of(state,
                        "[Optimizer]\ntype = sgd\nlearning_rate = 0.5\n"
                        "[LearningRateScheduler]\ntype = constant\n",
                        1000),
                0.5);
}

static void a_step_schedule_has_rates_of_its_own(void **state)
{
    static const char sections[] =
        "[Optimizer]\ntype = sgd\n"
        "[LearningRateScheduler]\ntype = step\nlearning_rate = 0.5, 0.25\niteration = 3\n";
    assert_rate(rate_of(state, sections, 3), 0.5);
    assert_rate(rate_of(state, sections, 4), 0.25);
}

static void training_without_an_optimizer_is_refused(void **state)
{
    refused(state, "", ": training needs an [Optimizer] section");
}

static void an_unknown_optimizer_is_named_with_the_one_that_was_meant(void **state)
{
    refused(state, "[Optimizer]\ntype = adan\n",
            ":13: [Optimizer]: unknown type 'adan', did you mean 'adam'?");
    refused(state, "[Optimizer]\ntype = lion\n",
            ":13: [Optimizer]: unknown type 'lion', expected one of: sgd, adam, adamw, rmsprop");
    refused(state, "[Optimizer]\nlearning_rate = 1\n", ":12: [Optimizer]: key 'type' is missing");
}

static void a_bad_key_or_value_of_an_optimizer_is_refused(void **state)
{
    refused(state, "[Optimizer]\ntype = sgd\nmomentun = 1\n",
            ":14: [Optimizer]: unknown key 'momentun', did you mean 'momentum'?");
    refused(state, "[Optimizer]\ntype = sgd\nlearning_rate = -1\n",
            ":14: [Optimizer]: learning_rate = -1: expected a number from 0 to 1000000");
    refused(state, "[Optimizer]\ntype = sgd\nlearning_rate = nan\n",
            ":14: [Optimizer]: learning_rate = nan: expected a number from 0 to 1000000");
    refused(state, "[Optimizer]\ntype = adam\nmomentum = 0.9\n",
            ":14: [Optimizer]: unknown key 'momentum', expected one of: beta1, beta2, epsilon, "
            "weight_decay, type, learning_rate, clip_norm, clip_value, moving_average");
}

static void one_way_of_clipping_is_accepted(void **state)
{
    refused(state, ADAM "clip_value = 1\nclip_norm = 2\n",
            ":15: [Optimizer]: clip_norm = 2: there is a clip_value, too; remove one of the two");
    refused(state, ADAM "clip_norm = -1\n",
            ":14: [Optimizer]: clip_norm = -1: expected a number from 0 to 1e+30");
}

static void nesterov_without_momentum_is_refused(void **state)
{
    refused(state, "[Optimizer]\ntype = sgd\nnesterov = true\n",
            ":12: [Optimizer]: nesterov = true: expected a momentum above 0");
}

static void clipping_by_norm_and_early_updates_are_refused(void **state)
{
    static const char text[] =
        MODEL "apply = early\n" IMAGE TAIL "[Optimizer]\ntype = sgd\nclip_norm = 2\n";
    compilation c;
    const mote_status status = compile_as(state, "model.ini", text, MOTE_MODE_TRAIN, "naive", &c);
    compilation_release(&c);
    expect_raises(status, MOTE_ERROR_PROPERTY,
                  ":15: [Optimizer]: clip_norm = 2: the norm of all gradients is known when all "
                  "are made; [Model] apply = early cannot be had with it");
}

static void clipping_by_norm_applies_after_all(void **state)
{
    compilation c;
    compile_text(state, MODEL IMAGE TAIL ADAM "clip_norm = 2\n", MOTE_MODE_TRAIN, &c);
    assert_int_equal(c.compiled.settings.apply, MOTE_APPLY_AFTER_ALL);
    compilation_release(&c);
    compile_text(state, MODEL IMAGE TAIL ADAM "clip_value = 2\nclip_norm = 0\n", MOTE_MODE_TRAIN,
                 &c);
    assert_int_equal(c.compiled.settings.apply, MOTE_APPLY_EARLY);
    assert_int_equal(c.compiled.settings.clip, MOTE_CLIP_VALUE);
    compilation_release(&c);
}

static void an_unknown_schedule_is_named_with_the_one_that_was_meant(void **state)
{
    refused(state, ADAM "[LearningRateScheduler]\ntype = stop\n",
            ":15: [LearningRateScheduler]: unknown type 'stop', did you mean 'step'?");
    refused(state, ADAM "[LearningRateScheduler]\ntype = sawtooth\n",
            ":15: [LearningRateScheduler]: unknown type 'sawtooth', expected one of: constant, "
            "step, exponential, cosine, linear, polynomial");
    refused(state, ADAM "[LearningRateScheduler]\n",
            ":14: [LearningRateScheduler]: key 'type' is missing");
}

static void values_of_a_schedule_that_do_not_fit_together_are_refused_with_its_line(void **state)
{
    refused(state,
            ADAM "[LearningRateScheduler]\ntype = step\nlearning_rate = 1,2,3\niteration = 5\n",
            ":14: [LearningRateScheduler]: learning-rate schedule 'step': 3 values of "
            "learning_rate and 1 of iteration; there must be one more rate than iterations");
}

static void a_rate_of_the_optimizer_beside_a_schedule_of_rates_is_refused(void **state)
{
    refused(state,
            "[Optimizer]\ntype = sgd\nlearning_rate = 0.5\n"
            "[LearningRateScheduler]\ntype = step\nlearning_rate = 1,2\niteration = 5\n",
            ":14: [Optimizer]: learning_rate = 0.5: the schedule 'step' sets all rates; remove one "
            "of the two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_optimizer_has_its_own_default_rate),
        cmocka_unit_test(a_constant_schedule_keeps_the_rate_of_the_optimizer),
        cmocka_unit_test(a_step_schedule_has_rates_of_its_own),
        cmocka_unit_test(training_without_an_optimizer_is_refused),
        cmocka_unit_test(an_unknown_optimizer_is_named_with_the_one_that_was_meant),
        cmocka_unit_test(a_bad_key_or_value_of_an_optimizer_is_refused),
        cmocka_unit_test(one_way_of_clipping_is_accepted),
        cmocka_unit_test(nesterov_without_momentum_is_refused),
        cmocka_unit_test(clipping_by_norm_and_early_updates_are_refused),
        cmocka_unit_test(clipping_by_norm_applies_after_all),
        cmocka_unit_test(an_unknown_schedule_is_named_with_the_one_that_was_meant),
        cmocka_unit_test(values_of_a_schedule_that_do_not_fit_together_are_refused_with_its_line),
        cmocka_unit_test(a_rate_of_the_optimizer_beside_a_schedule_of_rates_is_refused),
    };
    return cmocka_run_group_tests(tests, mote_test_folder_setup, mote_test_folder_teardown);
}
