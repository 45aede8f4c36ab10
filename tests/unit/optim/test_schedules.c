// SPDX-License-Identifier: Apache-2.0
// Learning rates over iterations, and finding schedules and optimizers by name.
#include "optim/optim.h"
#include "support/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct state_bytes {
    _Alignas(16) unsigned char bytes[1024];
} state_bytes;

static void read_step(const char *rates, const char *iterations, state_bytes *state)
{
    const mote_entry entries[] = {{"learning_rate", rates, {0}}, {"iteration", iterations, {0}}};
    const mote_property_target target = {mote_schedule_rate_step.properties, state};
    const mote_origin origin = {0};
    assert_true(mote_schedule_rate_step.state_bytes <= sizeof *state);
    expect_ok(mote_property_read(&target, 1, "schedule", &origin, entries, 2));
}

static void a_constant_rate_is_the_optimizers(void **unused)
{
    (void)unused;
    const state_bytes state = {{0}};
    assert_true(mote_schedule_rate_constant.rate(&state, 0.125, 0) == 0.125);
    assert_true(mote_schedule_rate_constant.rate(&state, 0.125, 1000000) == 0.125);
}

static void a_boundary_still_has_the_rate_before_it(void **unused)
{
    (void)unused;
    state_bytes state;
    read_step("0.5, 0.25, 0.125", "10, 20", &state);
    expect_ok(mote_schedule_rate_step.check(&state));

    static const struct {
        uint64_t iteration;
        double rate;
    } rows[] = {{0, 0.5}, {10, 0.5}, {11, 0.25}, {20, 0.25}, {21, 0.125}, {1000000, 0.125}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(mote_schedule_rate_step.rate(&state, 1.0, rows[i].iteration) == rows[i].rate);
    }
}

static void another_number_of_rates_is_refused(void **unused)
{
    (void)unused;
    state_bytes state;
    read_step("0.5, 0.25", "10, 20", &state);
    expect_raises(mote_schedule_rate_step.check(&state), MOTE_ERROR_PROPERTY,
                  "2 values of learning_rate and 2 of iteration; there must be one more rate");
}

static void iterations_that_do_not_ascend_are_refused(void **unused)
{
    (void)unused;
    state_bytes state;
    read_step("0.5, 0.25, 0.125", "10, 10", &state);
    expect_raises(mote_schedule_rate_step.check(&state), MOTE_ERROR_PROPERTY,
                  "iteration 10 follows 10; iterations must ascend");
}

static void a_missing_list_is_refused(void **unused)
{
    (void)unused;
    state_bytes state;
    const mote_entry entry = {"learning_rate", "0.5,0.25", {0}};
    const mote_property_target target = {mote_schedule_rate_step.properties, &state};
    const mote_origin origin = {"model.ini", 4};
    expect_raises(mote_property_read(&target, 1, "[LearningRateScheduler]", &origin, &entry, 1),
                  MOTE_ERROR_PROPERTY,
                  "model.ini:4: [LearningRateScheduler]: key 'iteration' is missing");
}

static void schedules_are_found_in_any_case_or_answered_with_near_ones(void **unused)
{
    (void)unused;
    assert_ptr_equal(mote_schedule_rate_find("Step"), &mote_schedule_rate_step);
    assert_null(mote_schedule_rate_find("stepp"));
    char text[128];
    assert_string_equal(mote_schedule_rate_expect("constan", text, sizeof text),
                        ", did you mean 'constant'?");
    assert_string_equal(mote_schedule_rate_expect("sawtooth", text, sizeof text),
                        ", expected one of: constant, step, exponential, cosine, linear, "
                        "polynomial");
    size_t count = 0;
    assert_ptr_equal(mote_schedule_rates(&count)[0], &mote_schedule_rate_constant);
    assert_int_equal(count, 6);
}

static void optimizers_are_found_in_any_case_or_answered_with_near_ones(void **unused)
{
    (void)unused;
    const mote_optimizer_registry *const registry = mote_optimizers_builtin();
    assert_ptr_equal(mote_optimizer_find(registry, "ADAM"), &mote_optimizer_adam);
    assert_null(mote_optimizer_find(registry, "adamx"));
    char text[128];
    assert_string_equal(mote_optimizer_expect(registry, "adan", text, sizeof text),
                        ", did you mean 'adam'?");
    assert_string_equal(mote_optimizer_expect(registry, "lion", text, sizeof text),
                        ", expected one of: sgd, adam, adamw, rmsprop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_rate_is_the_optimizers),
        cmocka_unit_test(a_boundary_still_has_the_rate_before_it),
        cmocka_unit_test(another_number_of_rates_is_refused),
        cmocka_unit_test(iterations_that_do_not_ascend_are_refused),
        cmocka_unit_test(a_missing_list_is_refused),
        cmocka_unit_test(schedules_are_found_in_any_case_or_answered_with_near_ones),
        cmocka_unit_test(optimizers_are_found_in_any_case_or_answered_with_near_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
