// SPDX-License-Identifier: Apache-2.0
// Stochastic gradient descent: steps worked by hand, state, defaults.
#include "optim/optim.h"
#include "support/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT 3U

typedef struct fixture {
    _Alignas(16) unsigned char state[256];
    const mote_kernels *kernels;
    mote_real weight[COUNT], gradient[COUNT], velocity[COUNT];
} fixture;

static void set_up(fixture *f, const char *momentum, const char *weight_decay)
{
    const mote_entry entries[] = {{"momentum", momentum, {0}}, {"weight_decay", weight_decay, {0}}};
    const mote_property_target target = {mote_optimizer_sgd.properties, f->state};
    const mote_origin origin = {0};
    *f = (fixture){.weight = {1, -2, 3}, .gradient = {0.5F, 1, -4}};
    assert_true(mote_optimizer_sgd.state_bytes <= sizeof f->state);
    expect_ok(mote_property_read(&target, 1, "optimizer", &origin, entries, 2));
    expect_ok(mote_kernels_get(MOTE_CPU_SCALAR, &f->kernels));
}

static void apply(fixture *f, uint64_t step)
{
    const mote_optimizer_run run = {
        .kernels = f->kernels,
        .learning_rate = 0.5,
        .step = step,
        .count = COUNT,
        .weight = f->weight,
        .gradient = f->gradient,
        .slots = {mote_optimizer_sgd.slot_count(&mote_optimizer_sgd, f->state) > 0 ? f->velocity
                                                                                   : NULL},
    };
    mote_optimizer_sgd.apply(&run, f->state);
}

static void expect_weight(const fixture *f, double w0, double w1, double w2)
{
    assert_float_equal(f->weight[0], w0, 1e-6);
    assert_float_equal(f->weight[1], w1, 1e-6);
    assert_float_equal(f->weight[2], w2, 1e-6);
}

static void a_step_goes_down_the_gradient(void **unused)
{
    (void)unused;
    fixture f;
    set_up(&f, "0", "0");
    apply(&f, 1);
    expect_weight(&f, 0.75, -2.5, 5);
}

static void weight_decay_adds_the_weight_to_the_gradient(void **unused)
{
    (void)unused;
    fixture f;
    set_up(&f, "0", "0.25");
    apply(&f, 1);
    expect_weight(&f, 0.75 - 0.125, -2.5 + 0.25, 5 - 0.375);
}

static void momentum_keeps_a_share_of_the_velocity(void **unused)
{
    (void)unused;
    fixture f;
    set_up(&f, "0.5", "0");
    apply(&f, 1);
    expect_weight(&f, 0.75, -2.5, 5);
    apply(&f, 2);
    expect_weight(&f, 0.75 - 0.375, -2.5 - 0.75, 5 + 3);
}

static void only_momentum_needs_a_slot(void **unused)
{
    (void)unused;
    fixture f;
    set_up(&f, "0", "0.1");
    assert_int_equal(mote_optimizer_sgd.slot_count(&mote_optimizer_sgd, f.state), 0);
    set_up(&f, "0.9", "0");
    assert_int_equal(mote_optimizer_sgd.slot_count(&mote_optimizer_sgd, f.state), 1);
    assert_string_equal(mote_optimizer_sgd.slot_names[0], "velocity");
}

static void the_default_rate_is_that_of_nntrainer(void **unused)
{
    (void)unused;
    assert_true(mote_optimizer_sgd.learning_rate == 1e-4);
}

static void a_negative_momentum_is_refused(void **unused)
{
    (void)unused;
    fixture f;
    set_up(&f, "0", "0");
    const mote_entry entry = {"momentum", "-0.1", {"model.ini", 9}};
    expect_raises(mote_property_set(mote_optimizer_sgd.properties, f.state, "[Optimizer]", &entry),
                  MOTE_ERROR_PROPERTY, "a number from 0 to 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_goes_down_the_gradient),
        cmocka_unit_test(weight_decay_adds_the_weight_to_the_gradient),
        cmocka_unit_test(momentum_keeps_a_share_of_the_velocity),
        cmocka_unit_test(only_momentum_needs_a_slot),
        cmocka_unit_test(the_default_rate_is_that_of_nntrainer),
        cmocka_unit_test(a_negative_momentum_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
