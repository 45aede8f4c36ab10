// SPDX-License-Identifier: Apache-2.0
// Stochastic gradient descent with momentum (plain or Nesterov's) and weight decay.
#include "optim/apply.h"
#include "optim/optim.h"

typedef struct sgd_state {
    double momentum, weight_decay;
    bool nesterov;
} sgd_state;

static const mote_property properties[] = {
    {
        .name = "momentum",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0",
        .minimum = 0,
        .maximum = 1,
        .offset = offsetof(sgd_state, momentum),
        .help = "share of the last step's velocity that is kept",
    },
    {
        .name = "weight_decay",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0",
        .minimum = 0,
        .maximum = 1e30,
        .offset = offsetof(sgd_state, weight_decay),
        .help = "times the weight is added to its gradient",
    },
    {
        .name = "nesterov",
        .kind = MOTE_PROPERTY_BOOL,
        .initial = "false",
        .offset = offsetof(sgd_state, nesterov),
        .help = "the step is the gradient plus momentum times the new velocity",
    },
    {0},
};

static mote_status check(const mote_optimizer *optimizer, const void *optimizer_state)
{
    (void)optimizer;
    const sgd_state *const state = optimizer_state;
    if (state->nesterov && state->momentum <= 0)
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "nesterov = true: expected a momentum above 0");
    return MOTE_OK;
}

static size_t slot_count(const mote_optimizer *optimizer, const void *optimizer_state)
{
    (void)optimizer;
    const sgd_state *const state = optimizer_state;
    return state->momentum > 0 ? 1 : 0;
}

static void apply_part(const mote_optimizer_run *run, const void *factors, size_t first,
                       size_t count)
{
    mote_real *const velocity = run->slots[0];
    run->kernels->sgd(factors, count, run->weight + first, run->gradient + first,
                      velocity ? velocity + first : NULL);
}

static void apply(const mote_optimizer_run *run, const void *optimizer_state)
{
    const sgd_state *const state = optimizer_state;
    const mote_sgd factors = {
        .rate = (mote_real)run->learning_rate,
        .momentum = (mote_real)state->momentum,
        .weight_decay = (mote_real)state->weight_decay,
        .first = run->step == 1,
        .nesterov = state->nesterov,
    };
    mote_apply_run(run, apply_part, &factors);
}

const mote_optimizer mote_optimizer_sgd = {
    .name = "sgd",
    .summary = "stochastic gradient descent",
    .properties = properties,
    .state_bytes = sizeof(sgd_state),
    .learning_rate = 1e-4,
    .slot_names = {"velocity"},
    .check = check,
    .slot_count = slot_count,
    .apply = apply,
};
