// SPDX-License-Identifier: Apache-2.0
// From the optimizer's rate to min_learning_rate: height = (1 - iteration / decay_steps)^power. With
// min_learning_rate 0 as torch.optim.lr_scheduler.PolynomialLR.
#include "optim/decay.h"
#include "optim/numbers.h"
#include "optim/optim.h"

static const mote_property properties[] = {
    MOTE_WARM_UP_ROW(mote_decay),
    MOTE_DECAY_STEPS_ROW,
    MOTE_END_RATE_ROW,
    {
        .name = "power",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "1",
        .minimum = 0.001,
        .maximum = 1000,
        .offset = offsetof(mote_decay, shape),
        .help = "1 is a straight line; above 1 falls faster at first",
    },
    {0},
};

static double get_rate(const void *schedule_state, double base_rate, uint64_t iteration)
{
    const mote_decay *const decay = schedule_state;
    const double height = mote_power_share(1.0 - mote_decay_share(decay, iteration), decay->shape);
    return mote_decay_rate(decay, base_rate, iteration, height);
}

const mote_schedule_rate mote_schedule_rate_polynomial = {
    .name = "polynomial",
    .summary = "a power of what is left, from the optimizer's learning rate to min_learning_rate",
    .properties = properties,
    .state_bytes = sizeof(mote_decay),
    .rate = get_rate,
};
