// SPDX-License-Identifier: Apache-2.0
// RMSprop: the gradient over the root of the running mean of its squares, with momentum and weight decay.
// As torch.optim.RMSprop, not centered.
#include "optim/apply.h"
#include "optim/optim.h"

#define ALPHA_MAXIMUM   0.999999
#define EPSILON_MINIMUM 1e-30

typedef struct rmsprop_state {
    double alpha, epsilon, momentum, weight_decay;
} rmsprop_state;

static const mote_property properties[] = {
    {
        .name = "alpha",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0.99",
        .minimum = 0,
        .maximum = ALPHA_MAXIMUM,
        .offset = offsetof(rmsprop_state, alpha),
        .help = "share of the mean of squared gradients that is kept",
    },
    {
        .name = "epsilon",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "1e-8",
        .minimum = EPSILON_MINIMUM,
        .maximum = 1,
        .offset = offsetof(rmsprop_state, epsilon),
        .help = "added to the root of the mean of squares",
    },
    {
        .name = "momentum",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0",
        .minimum = 0,
        .maximum = 1,
        .offset = offsetof(rmsprop_state, momentum),
        .help = "share of the last step's velocity that is kept",
    },
    {
        .name = "weight_decay",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0",
        .minimum = 0,
        .maximum = 1e30,
        .offset = offsetof(rmsprop_state, weight_decay),
        .help = "times the weight is added to its gradient",
    },
    {0},
};

static size_t slot_count(const mote_optimizer *optimizer, const void *optimizer_state)
{
    (void)optimizer;
    const rmsprop_state *const state = optimizer_state;
    return state->momentum > 0 ? 2 : 1;
}

static void apply_part(const mote_optimizer_run *run, const void *factors, size_t first,
                       size_t count)
{
    mote_real *const velocity = run->slots[1];
    mote_real *const state[2] = {run->slots[0] + first, velocity ? velocity + first : NULL};
    run->kernels->rmsprop(factors, count, run->weight + first, run->gradient + first, state);
}

static void apply(const mote_optimizer_run *run, const void *optimizer_state)
{
    const rmsprop_state *const state = optimizer_state;
    const mote_rmsprop factors = {
        .rate = (mote_real)run->learning_rate,
        .alpha = (mote_real)state->alpha,
        .epsilon = (mote_real)state->epsilon,
        .momentum = (mote_real)state->momentum,
        .weight_decay = (mote_real)state->weight_decay,
    };
    mote_apply_run(run, apply_part, &factors);
}

const mote_optimizer mote_optimizer_rmsprop = {
    .name = "rmsprop",
    .summary = "the gradient over the root of the mean of its squares",
    .properties = properties,
    .state_bytes = sizeof(rmsprop_state),
    .learning_rate = 1e-2,
    .slot_names = {"square", "velocity"},
    .slot_count = slot_count,
    .apply = apply,
};
