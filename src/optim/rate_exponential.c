// SPDX-License-Identifier: Apache-2.0
// rate = optimizer's rate * decay_rate^(iteration / decay_steps), as NNTrainer's exponential schedule; with
// decay_steps 1 as torch.optim.lr_scheduler.ExponentialLR stepped every iteration.
#include "optim/decay.h"
#include "optim/numbers.h"
#include "optim/optim.h"

#define DECAY_RATE_MINIMUM 1e-30

static const mote_property properties[] = {
    MOTE_WARM_UP_ROW(mote_decay),
    {
        .name = "decay_rate",
        .kind = MOTE_PROPERTY_REAL,
        .minimum = DECAY_RATE_MINIMUM,
        .maximum = 1,
        .offset = offsetof(mote_decay, shape),
        .help = "times the rate after each decay_steps",
    },
    {
        .name = "decay_steps",
        .kind = MOTE_PROPERTY_INTEGER,
        .minimum = 1,
        .maximum = MOTE_ITERATION_MAXIMUM,
        .offset = offsetof(mote_decay, decay_steps),
        .help = "iterations in which the rate falls by decay_rate; it falls in every one",
    },
    {0},
};

static double get_rate(const void *schedule_state, double base_rate, uint64_t iteration)
{
    const mote_decay *const decay = schedule_state;
    const double time = mote_decay_time(decay, iteration);
    const double height = time > 0.0 ? mote_power_share(decay->shape, time) : 1.0;
    return mote_warm_up(decay->warm_up, base_rate * height, iteration);
}

const mote_schedule_rate mote_schedule_rate_exponential = {
    .name = "exponential",
    .summary = "the optimizer's learning rate, times decay_rate in every decay_steps",
    .properties = properties,
    .state_bytes = sizeof(mote_decay),
    .rate = get_rate,
};
