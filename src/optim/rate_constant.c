// SPDX-License-Identifier: Apache-2.0
// The optimizer's learning rate at every step.
#include "optim/optim.h"

static const mote_property properties[] = {{0}};

static double get_rate(const void *state, double base_rate, uint64_t iteration)
{
    (void)state;
    (void)iteration;
    return base_rate;
}

const mote_schedule_rate mote_schedule_rate_constant = {
    .name = "constant",
    .summary = "the optimizer's learning rate, always",
    .properties = properties,
    .state_bytes = 1,
    .rate = get_rate,
};
