// SPDX-License-Identifier: Apache-2.0
// Adam with bias correction; weight decay is added to the gradient.
#include "optim/apply.h"
#include "optim/optim.h"

#include <math.h>

#define BETA_MAXIMUM    0.999999
#define EPSILON_MINIMUM 1e-30

typedef struct adam_state {
    double beta1, beta2, epsilon, weight_decay;
} adam_state;

static const mote_property properties[] = {
    {
        .name = "beta1",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0.9",
        .minimum = 0,
        .maximum = BETA_MAXIMUM,
        .offset = offsetof(adam_state, beta1),
        .help = "share of the mean of gradients that is kept",
    },
    {
        .name = "beta2",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0.999",
        .minimum = 0,
        .maximum = BETA_MAXIMUM,
        .offset = offsetof(adam_state, beta2),
        .help = "share of the mean of squared gradients that is kept",
    },
    {
        .name = "epsilon",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "1e-7",
        .minimum = EPSILON_MINIMUM,
        .maximum = 1,
        .offset = offsetof(adam_state, epsilon),
        .help = "added to the root of the mean of squares",
    },
    {
        .name = "weight_decay",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0",
        .minimum = 0,
        .maximum = 1e30,
        .offset = offsetof(adam_state, weight_decay),
        .help = "times the weight is added to its gradient",
    },
    {0},
};

static size_t slot_count(const void *optimizer_state)
{
    (void)optimizer_state;
    return 2;
}

/// By repeated squaring: the same bits with every C library.
static double raise_to_power(double base, uint64_t exponent)
{
    double power = 1.0;
    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2 == 1)
            power *= base;
        base *= base;
    }
    return power;
}

static void apply_part(const mote_optimizer_run *run, const void *factors, size_t first,
                       size_t count)
{
    mote_real *const moments[2] = {run->slots[0] + first, run->slots[1] + first};
    run->kernels->adam(factors, count, run->weight + first, run->gradient + first, moments);
}

static void apply(const mote_optimizer_run *run, const void *optimizer_state)
{
    const adam_state *const state = optimizer_state;
    const mote_real beta1 = (mote_real)state->beta1;
    const mote_real beta2 = (mote_real)state->beta2;
    // with the shares as they are really mixed: 1 - 0.999F is 1.3e-5 off 0.001
    const double correction1 = 1.0 - raise_to_power((double)beta1, run->step);
    const double correction2 = 1.0 - raise_to_power((double)beta2, run->step);
    const mote_adam factors = {
        .step = (mote_real)(run->learning_rate / correction1),
        .beta1 = beta1,
        .beta2 = beta2,
        .epsilon = (mote_real)state->epsilon,
        .weight_decay = (mote_real)state->weight_decay,
        .root_correction2 = (mote_real)sqrt(correction2),
    };
    mote_apply_run(run, apply_part, &factors);
}

const mote_optimizer mote_optimizer_adam = {
    .name = "adam",
    .summary = "Adam, with bias correction",
    .properties = properties,
    .state_bytes = sizeof(adam_state),
    .learning_rate = 1e-3,
    .slot_names = {"mean", "square"},
    .slot_count = slot_count,
    .apply = apply,
};
