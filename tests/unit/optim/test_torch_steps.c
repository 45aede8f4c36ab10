// SPDX-License-Identifier: Apache-2.0
// Four steps of nesterov, adamw and rmsprop against PyTorch's in double.
#include "optim/optim.h"
#include "support/expect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT 3U
#define STEPS 4U

typedef struct steps {
    const mote_optimizer *optimizer;
    double rate;
    mote_entry entries[3];
    double weights[STEPS][COUNT];
} steps;

static const mote_real gradients[STEPS][COUNT] = {
    {MOTE_REAL(0.5), 1, -4},
    {MOTE_REAL(-0.25), 2, 1},
    {1, MOTE_REAL(-0.5), MOTE_REAL(0.125)},
    {MOTE_REAL(0.75), MOTE_REAL(0.25), -2},
};

/// Made with PyTorch 1.13, O = torch.optim:
///   w = torch.tensor([1., -2., 3.], dtype=torch.float64, requires_grad=True); o = <optimizer of the row>
///   for g in gradients: w.grad = torch.tensor(g, dtype=torch.float64); o.step(); print(w)
static const steps rows[] = {
    // O.SGD([w], lr=0.1, momentum=0.9, nesterov=True)
    {&mote_optimizer_sgd,
     0.1,
     {{"momentum", "0.9", {0}}, {"nesterov", "true", {0}}, {"weight_decay", "0", {0}}},
     {{0.905000000, -2.190000000, 3.760000000},
      {0.912000000, -2.651000000, 3.894000000},
      {0.705800000, -2.790900000, 4.080850000},
      {0.467720000, -3.009310000, 4.640265000}}},
    // O.SGD([w], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05)
    {&mote_optimizer_sgd,
     0.1,
     {{"momentum", "0.9", {0}}, {"nesterov", "true", {0}}, {"weight_decay", "0.05", {0}}},
     {{0.895500000, -2.171000000, 3.731500000},
      {0.889942750, -2.603275500, 3.817900750},
      {0.668016519, -2.702361833, 3.942433118},
      {0.413441496, -2.870081835, 4.425489688}}},
    // O.AdamW([w], lr=0.1, eps=1e-7)
    {&mote_optimizer_adamw,
     0.1,
     {{"epsilon", "1e-7", {0}}, {"beta1", "0.9", {0}}, {"beta2", "0.999", {0}}},
     {{0.899000020, -2.097999990, 3.096999997},
      {0.871467323, -2.192420186, 3.140849813},
      {0.804784705, -2.249088435, 3.172044611},
      {0.727040887, -2.301079264, 3.219556638}}},
    // O.AdamW([w], lr=0.1, eps=1e-7, weight_decay=0.5)
    {&mote_optimizer_adamw,
     0.1,
     {{"epsilon", "1e-7", {0}}, {"beta1", "0.9", {0}}, {"weight_decay", "0.5", {0}}},
     {{0.850000020, -1.999999990, 2.949999997},
      {0.780866322, -1.996518187, 2.849446813},
      {0.676011856, -1.955552946, 2.741310121},
      {0.565272229, -1.912015217, 2.654928686}}},
    // O.RMSprop([w], lr=0.01)
    {&mote_optimizer_rmsprop,
     0.01,
     {{"alpha", "0.99", {0}}, {"epsilon", "1e-8", {0}}, {"momentum", "0", {0}}},
     {{0.900000020, -2.099999990, 3.099999997},
      {0.944901337, -2.189532282, 3.075631489},
      {0.857427378, -2.167584931, 3.072571514},
      {0.802380395, -2.178547419, 3.116722212}}},
    // O.RMSprop([w], lr=0.01, momentum=0.9, weight_decay=0.05)
    {&mote_optimizer_rmsprop,
     0.01,
     {{"alpha", "0.99", {0}}, {"momentum", "0.9", {0}}, {"weight_decay", "0.05", {0}}},
     {{0.900000018, -2.099999989, 3.099999997},
      {0.845079941, -2.280413274, 3.161132482},
      {0.708322398, -2.414540638, 3.209059403},
      {0.530074608, -2.541221060, 3.294226847}}},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

typedef struct optimizer_state {
    _Alignas(16) unsigned char bytes[256];
} optimizer_state;

static void read_state(const mote_optimizer *optimizer, const mote_entry *entries,
                       size_t entry_count, optimizer_state *state)
{
    const mote_property_target target = {optimizer->properties, state};
    const mote_origin origin = {0};
    memset(state, 0, sizeof *state);
    assert_true(optimizer->state_bytes <= sizeof *state);
    expect_ok(mote_property_read(&target, 1, "optimizer", &origin, entries, entry_count));
}

/// Weights after each step.
static void take_steps(const steps *row, const mote_kernels *kernels,
                       mote_real weights[STEPS][COUNT])
{
    optimizer_state state;
    read_state(row->optimizer, row->entries, 3, &state);
    mote_real weight[COUNT] = {1, -2, 3};
    mote_real slots[MOTE_OPTIMIZER_SLOTS_MAX][COUNT] = {{0}};
    mote_optimizer_run run = {
        .kernels = kernels,
        .learning_rate = row->rate,
        .count = COUNT,
        .weight = weight,
    };
    for (size_t i = 0; i < row->optimizer->slot_count(row->optimizer, &state); i++)
        run.slots[i] = slots[i];
    for (size_t step = 0; step < STEPS; step++) {
        run.step = step + 1;
        run.gradient = gradients[step];
        row->optimizer->apply(&run, &state);
        memcpy(weights[step], weight, sizeof weight);
    }
}

static void expect_near(const mote_real *weights, const double *expected)
{
    for (size_t i = 0; i < COUNT; i++)
        assert_true(fabs((double)weights[i] - expected[i]) < 2e-6);
}

static void steps_are_those_of_pytorch(void **unused)
{
    (void)unused;
    const mote_kernels *kernels = NULL;
    expect_ok(mote_kernels_get(MOTE_CPU_SCALAR, &kernels));
    for (size_t k = 0; k < ROW_COUNT; k++) {
        mote_real weights[STEPS][COUNT];
        take_steps(&rows[k], kernels, weights);
        for (size_t step = 0; step < STEPS; step++)
            expect_near(weights[step], rows[k].weights[step]);
    }
}

static void nesterov_without_momentum_is_plain_descent(void **unused)
{
    (void)unused;
    const steps plain = {
        &mote_optimizer_sgd,
        0.1,
        {{"momentum", "0", {0}}, {"nesterov", "false", {0}}, {"weight_decay", "0.5", {0}}},
        {{0}}};
    const steps nesterov = {
        &mote_optimizer_sgd,
        0.1,
        {{"momentum", "0", {0}}, {"nesterov", "true", {0}}, {"weight_decay", "0.5", {0}}},
        {{0}}};
    const mote_kernels *kernels = NULL;
    expect_ok(mote_kernels_get(MOTE_CPU_SCALAR, &kernels));
    mote_real weights[2][STEPS][COUNT];
    take_steps(&plain, kernels, weights[0]);
    take_steps(&nesterov, kernels, weights[1]);
    assert_memory_equal(weights[0], weights[1], sizeof weights[0]);
}

static void only_momentum_gives_rmsprop_a_second_slot(void **unused)
{
    (void)unused;
    optimizer_state state;
    read_state(&mote_optimizer_rmsprop, NULL, 0, &state);
    assert_int_equal(mote_optimizer_rmsprop.slot_count(&mote_optimizer_rmsprop, &state), 1);
    const mote_entry momentum = {"momentum", "0.9", {0}};
    read_state(&mote_optimizer_rmsprop, &momentum, 1, &state);
    assert_int_equal(mote_optimizer_rmsprop.slot_count(&mote_optimizer_rmsprop, &state), 2);
    assert_string_equal(mote_optimizer_rmsprop.slot_names[0], "square");
    assert_string_equal(mote_optimizer_rmsprop.slot_names[1], "velocity");
}

static void an_alpha_of_one_is_refused(void **unused)
{
    (void)unused;
    optimizer_state state;
    const mote_entry entry = {"alpha", "1", {"model.ini", 9}};
    expect_raises(
        mote_property_set(mote_optimizer_rmsprop.properties, &state, "[Optimizer]", &entry),
        MOTE_ERROR_PROPERTY, "alpha = 1: expected a number from 0 to 0.999999");
}

static void the_defaults_are_those_of_pytorch(void **unused)
{
    (void)unused;
    assert_true(mote_optimizer_adamw.learning_rate == 1e-3);
    assert_string_equal(
        mote_property_find(mote_optimizer_adamw.properties, "weight_decay")->initial, "0.01");
    assert_true(mote_optimizer_rmsprop.learning_rate == 1e-2);
    assert_string_equal(mote_property_find(mote_optimizer_rmsprop.properties, "alpha")->initial,
                        "0.99");
    assert_string_equal(mote_property_find(mote_optimizer_rmsprop.properties, "epsilon")->initial,
                        "1e-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_those_of_pytorch),
        cmocka_unit_test(nesterov_without_momentum_is_plain_descent),
        cmocka_unit_test(only_momentum_gives_rmsprop_a_second_slot),
        cmocka_unit_test(an_alpha_of_one_is_refused),
        cmocka_unit_test(the_defaults_are_those_of_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
