// SPDX-License-Identifier: Apache-2.0
// Half a cosine from the optimizer's rate to min_learning_rate: with share = iteration / decay_steps,
// height = (1 + cos(pi * share)) / 2. As torch.optim.lr_scheduler.CosineAnnealingLR up to its T_max; then
// constant.
#include "optim/decay.h"
#include "optim/numbers.h"
#include "optim/optim.h"

static double get_rate(const void *schedule_state, double base_rate, uint64_t iteration)
{
    const mote_decay *const decay = schedule_state;
    const double height = mote_half_cosine(mote_decay_share(decay, iteration));
    return mote_decay_rate(decay, base_rate, iteration, height);
}

const mote_schedule_rate mote_schedule_rate_cosine = {
    .name = "cosine",
    .summary = "half a cosine from the optimizer's learning rate to min_learning_rate",
    .properties = mote_decay_properties,
    .state_bytes = sizeof(mote_decay),
    .rate = get_rate,
};
