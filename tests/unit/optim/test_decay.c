// SPDX-License-Identifier: Apache-2.0
// Schedules that fall, against PyTorch's, and warm-up.
#include "optim/optim.h"
#include "support/expect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BASE  0.1
#define STEPS 10U // decay_steps of all tables

typedef struct state_bytes {
    _Alignas(16) unsigned char bytes[1024];
} state_bytes;

typedef struct fall {
    const mote_schedule_rate *schedule;
    const mote_entry entries[2];
    double rates[STEPS + 1];
} fall;

/// Made with PyTorch 1.13, S = torch.optim.lr_scheduler:
///   o = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1); s = <schedule of the row>
///   for i in range(11): print(o.param_groups[0]['lr']); o.step(); s.step()
static const fall falls[] = {
    // S.CosineAnnealingLR(o, T_max=10, eta_min=0.01)
    {&mote_schedule_rate_cosine,
     {{"decay_steps", "10", {0}}, {"min_learning_rate", "0.01", {0}}},
     {0.1, 0.0977975432332819, 0.0914057647468726, 0.0814503363531613, 0.0689057647468726, 0.055,
      0.0410942352531274, 0.0285496636468387, 0.0185942352531274, 0.0122024567667181, 0.01}},
    // S.LinearLR(o, start_factor=1, end_factor=0.1, total_iters=10)
    {&mote_schedule_rate_linear,
     {{"decay_steps", "10", {0}}, {"min_learning_rate", "0.01", {0}}},
     {0.1, 0.091, 0.082, 0.073, 0.064, 0.055, 0.046, 0.037, 0.028, 0.019, 0.01}},
    // S.PolynomialLR(o, total_iters=10, power=2.5)
    {&mote_schedule_rate_polynomial,
     {{"decay_steps", "10", {0}}, {"power", "2.5", {0}}},
     {0.1, 0.0768433471420916, 0.0572433402239946, 0.0409963413001697, 0.0278854800926934,
      0.0176776695296637, 0.0101192885125388, 0.0049295030175465, 0.00178885438199983,
      0.000316227766016838, 0}},
    // S.ExponentialLR(o, gamma=0.9), whose 0.9^10 is 0.3486784401
    {&mote_schedule_rate_exponential,
     {{"decay_steps", "10", {0}}, {"decay_rate", "0.3486784401", {0}}},
     {0.1, 0.09, 0.081, 0.0729, 0.06561, 0.059049, 0.0531441, 0.04782969, 0.043046721, 0.0387420489,
      0.03486784401}},
};

#define FALL_COUNT (sizeof falls / sizeof falls[0])

static void read_state(const mote_schedule_rate *schedule, const mote_entry *entries,
                       size_t entry_count, state_bytes *state)
{
    const mote_property_target target = {schedule->properties, state};
    const mote_origin origin = {0};
    *state = (state_bytes){{0}};
    assert_true(schedule->state_bytes <= sizeof *state);
    expect_ok(mote_property_read(&target, 1, "schedule", &origin, entries, entry_count));
}

static void rates_fall_as_in_pytorch(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < FALL_COUNT; k++) {
        state_bytes state;
        read_state(falls[k].schedule, falls[k].entries, 2, &state);
        for (uint64_t i = 0; i <= STEPS; i++)
            assert_true(fabs(falls[k].schedule->rate(&state, BASE, i) - falls[k].rates[i]) < 1e-15);
    }
}

static void a_fall_begins_at_the_optimizers_rate(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < FALL_COUNT; k++) {
        state_bytes state;
        read_state(falls[k].schedule, falls[k].entries, 2, &state);
        assert_true(falls[k].schedule->rate(&state, BASE, 0) == BASE);
    }
}

static void a_rate_stays_at_the_end_of_its_fall(void **unused)
{
    (void)unused;
    static const double ends[] = {0.01, 0.01, 0};
    for (size_t k = 0; k < sizeof ends / sizeof ends[0]; k++) {
        state_bytes state;
        read_state(falls[k].schedule, falls[k].entries, 2, &state);
        assert_true(falls[k].schedule->rate(&state, BASE, STEPS) == ends[k]);
        assert_true(falls[k].schedule->rate(&state, BASE, UINT64_MAX) == ends[k]);
    }
}

static void an_exponential_rate_falls_on_towards_zero(void **unused)
{
    (void)unused;
    state_bytes state;
    read_state(&mote_schedule_rate_exponential, falls[3].entries, 2, &state);
    const double rate = mote_schedule_rate_exponential.rate(&state, BASE, (uint64_t)30 * STEPS);
    assert_true(fabs(rate / (BASE * pow(0.3486784401, 30)) - 1) < 1e-12);
    assert_true(mote_schedule_rate_exponential.rate(&state, BASE, UINT64_MAX) == 0);
}

static void a_fall_begins_behind_the_warm_up(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < FALL_COUNT; k++) {
        const mote_entry entries[] = {
            falls[k].entries[0], falls[k].entries[1], {"warm_up", "4", {0}}};
        state_bytes state;
        read_state(falls[k].schedule, entries, 3, &state);
        for (uint64_t i = 0; i < 4; i++)
            assert_true(falls[k].schedule->rate(&state, BASE, i) == BASE * ((double)i / 4));
        assert_true(falls[k].schedule->rate(&state, BASE, 4) == BASE);
        for (uint64_t i = 0; i <= STEPS; i++) {
            const double rate = falls[k].schedule->rate(&state, BASE, i + 4);
            assert_true(fabs(rate - falls[k].rates[i]) < 1e-15);
        }
    }
}

static void a_constant_rate_warms_up(void **unused)
{
    (void)unused;
    const mote_entry entry = {"warm_up", "8", {0}};
    state_bytes state;
    read_state(&mote_schedule_rate_constant, &entry, 1, &state);
    assert_true(mote_schedule_rate_constant.rate(&state, 0.5, 0) == 0);
    assert_true(mote_schedule_rate_constant.rate(&state, 0.5, 2) == 0.125);
    assert_true(mote_schedule_rate_constant.rate(&state, 0.5, 8) == 0.5);
    assert_true(mote_schedule_rate_constant.rate(&state, 0.5, 9) == 0.5);
}

static void a_staircase_counts_the_iterations_of_its_warm_up(void **unused)
{
    (void)unused;
    const mote_entry entries[] = {
        {"learning_rate", "1, 0.5", {0}}, {"iteration", "5", {0}}, {"warm_up", "4", {0}}};
    state_bytes state;
    read_state(&mote_schedule_rate_step, entries, 3, &state);
    assert_true(mote_schedule_rate_step.rate(&state, 9, 1) == 0.25);
    assert_true(mote_schedule_rate_step.rate(&state, 9, 5) == 1);
    assert_true(mote_schedule_rate_step.rate(&state, 9, 6) == 0.5);
}

static void a_fall_without_a_length_is_refused(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < FALL_COUNT; k++) {
        state_bytes state;
        const mote_property_target target = {falls[k].schedule->properties, &state};
        const mote_origin origin = {"model.ini", 4};
        expect_raises(mote_property_read(&target, 1, "[LearningRateScheduler]", &origin,
                                         &falls[k].entries[1], 1),
                      MOTE_ERROR_PROPERTY,
                      "model.ini:4: [LearningRateScheduler]: key 'decay_steps' is missing");
    }
}

static void values_out_of_range_are_refused(void **unused)
{
    (void)unused;
    state_bytes state;
    const mote_entry steps = {"decay_steps", "0", {"model.ini", 5}};
    expect_raises(mote_property_set(mote_schedule_rate_cosine.properties, &state,
                                    "[LearningRateScheduler]", &steps),
                  MOTE_ERROR_PROPERTY, "decay_steps = 0: expected a whole number from 1");
    const mote_entry rate = {"decay_rate", "1.5", {"model.ini", 5}};
    expect_raises(mote_property_set(mote_schedule_rate_exponential.properties, &state,
                                    "[LearningRateScheduler]", &rate),
                  MOTE_ERROR_PROPERTY, "decay_rate = 1.5: expected a number from 1e-30 to 1");
    const mote_entry power = {"power", "0", {"model.ini", 5}};
    expect_raises(mote_property_set(mote_schedule_rate_polynomial.properties, &state,
                                    "[LearningRateScheduler]", &power),
                  MOTE_ERROR_PROPERTY, "power = 0: expected a number from 0.001 to 1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_fall_as_in_pytorch),
        cmocka_unit_test(a_fall_begins_at_the_optimizers_rate),
        cmocka_unit_test(a_rate_stays_at_the_end_of_its_fall),
        cmocka_unit_test(an_exponential_rate_falls_on_towards_zero),
        cmocka_unit_test(a_fall_begins_behind_the_warm_up),
        cmocka_unit_test(a_constant_rate_warms_up),
        cmocka_unit_test(a_staircase_counts_the_iterations_of_its_warm_up),
        cmocka_unit_test(a_fall_without_a_length_is_refused),
        cmocka_unit_test(values_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
