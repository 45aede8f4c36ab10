// SPDX-License-Identifier: Apache-2.0
// The optimizer's learning rate at every step behind the warm-up.
#include "optim/decay.h"
#include "optim/optim.h"

typedef struct rate_constant_state {
    uint64_t warm_up;
} rate_constant_state;

static const mote_property properties[] = {
    MOTE_WARM_UP_ROW(rate_constant_state),
    {0},
};

static double get_rate(const void *schedule_state, double base_rate, uint64_t iteration)
{
    const rate_constant_state *const state = schedule_state;
    return mote_warm_up(state->warm_up, base_rate, iteration);
}

const mote_schedule_rate mote_schedule_rate_constant = {
    .name = "constant",
    .summary = "the optimizer's learning rate at every iteration",
    .properties = properties,
    .state_bytes = sizeof(rate_constant_state),
    .rate = get_rate,
};
