// SPDX-License-Identifier: Apache-2.0
// Adam against its formula in double, and the same bits for any number of threads.
#include "optim/optim.h"
#include "support/expect.h"
#include "support/threads.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT 100003U
#define STEPS 60U

typedef struct fixture {
    _Alignas(16) unsigned char state[256];
    mote_real weight[COUNT], gradient[COUNT], mean[COUNT], square[COUNT];
} fixture;

static fixture fixtures[2];

static void set_up(fixture *f, const char *weight_decay)
{
    const mote_entry entry = {"weight_decay", weight_decay, {0}};
    const mote_property_target target = {mote_optimizer_adam.properties, f->state};
    const mote_origin origin = {0};
    memset(f, 0, sizeof *f);
    assert_true(mote_optimizer_adam.state_bytes <= sizeof f->state);
    expect_ok(mote_property_read(&target, 1, "optimizer", &origin, &entry, 1));
    const mote_random_key key = {.seed = 5};
    for (size_t i = 0; i < COUNT; i++)
        f->weight[i] = (mote_real)mote_random_normal(&key, i);
}

static void apply(fixture *f, uint64_t step, size_t thread_count)
{
    const mote_random_key key = {.seed = 6, .iteration = step};
    for (size_t i = 0; i < COUNT; i++)
        f->gradient[i] = (mote_real)(mote_random_normal(&key, i) + 0.5);
    const mote_kernels *kernels = NULL;
    expect_ok(mote_kernels_get(MOTE_CPU_SCALAR, &kernels));
    const mote_parallel parallel = mote_test_threads(thread_count);
    const mote_optimizer_run run = {
        .kernels = kernels,
        .parallel = &parallel,
        .learning_rate = mote_optimizer_adam.learning_rate,
        .step = step,
        .count = COUNT,
        .weight = f->weight,
        .gradient = f->gradient,
        .slots = {f->mean, f->square},
    };
    mote_optimizer_adam.apply(&run, f->state);
}

/// One element by the formula of the paper, with weight decay as in torch.optim.Adam.
static void expect_formula(const char *weight_decay_text, double weight_decay)
{
    fixture *const f = &fixtures[0];
    set_up(f, weight_decay_text);
    const size_t place = 12345;
    double weight = (double)f->weight[place];
    double mean = 0;
    double square = 0;
    double power1 = 1;
    double power2 = 1;
    for (uint64_t step = 1; step <= STEPS; step++) {
        apply(f, step, 1);
        const double g = (double)f->gradient[place] + weight_decay * weight;
        mean = 0.9 * mean + 0.1 * g;
        square = 0.999 * square + 0.001 * g * g;
        power1 *= 0.9;
        power2 *= 0.999;
        weight -= 1e-3 * (mean / (1 - power1)) / (sqrt(square / (1 - power2)) + 1e-7);
        assert_true(fabs((double)f->weight[place] - weight) < 1e-6);
    }
}

static void steps_are_those_of_the_formula(void **unused)
{
    (void)unused;
    expect_formula("0", 0);
}

static void weight_decay_adds_the_weight_to_the_gradient(void **unused)
{
    (void)unused;
    expect_formula("0.1", 0.1);
}

static void the_first_step_has_the_length_of_the_rate(void **unused)
{
    (void)unused;
    fixture *const f = &fixtures[0];
    set_up(f, "0");
    const mote_real before = f->weight[0];
    apply(f, 1, 1);
    assert_true(fabs(fabs((double)(f->weight[0] - before)) - 1e-3) < 1e-6);
}

static void threads_change_no_bit(void **unused)
{
    (void)unused;
    set_up(&fixtures[0], "0.1");
    set_up(&fixtures[1], "0.1");
    for (uint64_t step = 1; step <= 3; step++) {
        apply(&fixtures[0], step, 1);
        apply(&fixtures[1], step, 3);
    }
    assert_memory_equal(fixtures[0].weight, fixtures[1].weight, sizeof fixtures[0].weight);
    assert_memory_equal(fixtures[0].mean, fixtures[1].mean, sizeof fixtures[0].mean);
    assert_memory_equal(fixtures[0].square, fixtures[1].square, sizeof fixtures[0].square);
}

static void two_slots_are_kept(void **unused)
{
    (void)unused;
    assert_int_equal(mote_optimizer_adam.slot_count(&mote_optimizer_adam, fixtures[0].state), 2);
    assert_string_equal(mote_optimizer_adam.slot_names[0], "mean");
    assert_string_equal(mote_optimizer_adam.slot_names[1], "square");
}

static void the_defaults_are_those_of_nntrainer(void **unused)
{
    (void)unused;
    const mote_property *const epsilon =
        mote_property_find(mote_optimizer_adam.properties, "epsilon");
    assert_non_null(epsilon);
    assert_string_equal(epsilon->initial, "1e-7");
    assert_true(mote_optimizer_adam.learning_rate == 1e-3);
}

static void a_beta_of_one_is_refused(void **unused)
{
    (void)unused;
    set_up(&fixtures[0], "0");
    const mote_entry entry = {"beta1", "1", {"model.ini", 9}};
    expect_raises(
        mote_property_set(mote_optimizer_adam.properties, fixtures[0].state, "[Optimizer]", &entry),
        MOTE_ERROR_PROPERTY, "a number from 0 to 0.999999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_those_of_the_formula),
        cmocka_unit_test(weight_decay_adds_the_weight_to_the_gradient),
        cmocka_unit_test(the_first_step_has_the_length_of_the_rate),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(two_slots_are_kept),
        cmocka_unit_test(the_defaults_are_those_of_nntrainer),
        cmocka_unit_test(a_beta_of_one_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
