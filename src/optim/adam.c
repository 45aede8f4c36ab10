// SPDX-License-Identifier: Apache-2.0
// Adam with bias correction; weight decay is added to the gradient.
#include "optim/adam.h"

#include "optim/apply.h"
#include "optim/numbers.h"

#include <math.h>

static const mote_property properties[] = {
    MOTE_ADAM_ROWS,
    MOTE_ADAM_ROW(weight_decay, "0", 0, 1e30, "times the weight is added to its gradient"),
    {0},
};

size_t mote_adam_slot_count(const mote_optimizer *optimizer, const void *optimizer_state)
{
    (void)optimizer;
    (void)optimizer_state;
    return 2;
}

static void apply_part(const mote_optimizer_run *run, const void *factors, size_t first,
                       size_t count)
{
    mote_real *const moments[2] = {run->slots[0] + first, run->slots[1] + first};
    run->kernels->adam(factors, count, run->weight + first, run->gradient + first, moments);
}

void mote_adam_apply(const mote_optimizer_run *run, const mote_adam_state *state,
                     double gradient_decay, double weight_decay)
{
    const mote_real beta1 = (mote_real)state->beta1;
    const mote_real beta2 = (mote_real)state->beta2;
    // with the shares as they are really mixed: 1 - 0.999F is 1.3e-5 off 0.001
    const double correction1 = 1.0 - mote_power_whole((double)beta1, run->step);
    const double correction2 = 1.0 - mote_power_whole((double)beta2, run->step);
    const mote_adam factors = {
        .step = (mote_real)(run->learning_rate / correction1),
        .beta1 = beta1,
        .beta2 = beta2,
        .epsilon = (mote_real)state->epsilon,
        .weight_decay = (mote_real)gradient_decay,
        .root_correction2 = (mote_real)sqrt(correction2),
        .shrink = (mote_real)(run->learning_rate * weight_decay),
    };
    mote_apply_run(run, apply_part, &factors);
}

static void apply(const mote_optimizer_run *run, const void *optimizer_state)
{
    const mote_adam_state *const state = optimizer_state;
    mote_adam_apply(run, state, state->weight_decay, 0);
}

const mote_optimizer mote_optimizer_adam = {
    .name = "adam",
    .summary = "Adam, with bias correction",
    .properties = properties,
    .state_bytes = sizeof(mote_adam_state),
    .learning_rate = 1e-3,
    .slot_names = {"mean", "square"},
    .slot_count = mote_adam_slot_count,
    .apply = apply,
};
