// SPDX-License-Identifier: Apache-2.0
// Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), as torch.optim.AdamW:
// w -= rate * weight_decay * w, then Adam's step with the plain gradient.
#include "optim/adam.h"

static const mote_property properties[] = {
    MOTE_ADAM_ROWS,
    MOTE_ADAM_ROW(weight_decay, "0.01", 0, 1e30,
                  "times the rate is the share that a weight loses in each step"),
    {0},
};

static void apply(const mote_optimizer_run *run, const void *optimizer_state)
{
    const mote_adam_state *const state = optimizer_state;
    mote_adam_apply(run, state, 0, state->weight_decay);
}

const mote_optimizer mote_optimizer_adamw = {
    .name = "adamw",
    .summary = "Adam, with weight decay beside the gradient",
    .properties = properties,
    .state_bytes = sizeof(mote_adam_state),
    .learning_rate = 1e-3,
    .slot_names = {"mean", "square"},
    .slot_count = mote_adam_slot_count,
    .apply = apply,
};
