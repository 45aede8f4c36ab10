// SPDX-License-Identifier: Apache-2.0
// Warm-up and the way from one rate to another, for all schedules.
#include "optim/decay.h"

const mote_property mote_decay_properties[] = {
    MOTE_WARM_UP_ROW(mote_decay),
    MOTE_DECAY_STEPS_ROW,
    MOTE_END_RATE_ROW,
    {0},
};

double mote_warm_up(uint64_t warm_up, double rate, uint64_t iteration)
{
    return iteration < warm_up ? rate * ((double)iteration / (double)warm_up) : rate;
}

double mote_decay_time(const mote_decay *decay, uint64_t iteration)
{
    if (iteration < decay->warm_up)
        return 0.0;
    return (double)(iteration - decay->warm_up) / (double)decay->decay_steps;
}

double mote_decay_share(const mote_decay *decay, uint64_t iteration)
{
    const double time = mote_decay_time(decay, iteration);
    return time < 1.0 ? time : 1.0;
}

double mote_decay_rate(const mote_decay *decay, double base_rate, uint64_t iteration, double height)
{
    // in this form both ends are exact
    const double rate = base_rate * height + decay->end_rate * (1.0 - height);
    return mote_warm_up(decay->warm_up, rate, iteration);
}
