// SPDX-License-Identifier: Apache-2.0
// A straight line from the optimizer's rate to min_learning_rate: height = 1 - iteration / decay_steps. As
// torch.optim.lr_scheduler.LinearLR with start_factor 1; with min_learning_rate 0 and a warm-up as
// get_linear_schedule_with_warmup of Hugging Face's transformers.
#include "optim/decay.h"
#include "optim/optim.h"

static double get_rate(const void *schedule_state, double base_rate, uint64_t iteration)
{
    const mote_decay *const decay = schedule_state;
    const double height = 1.0 - mote_decay_share(decay, iteration);
    return mote_decay_rate(decay, base_rate, iteration, height);
}

const mote_schedule_rate mote_schedule_rate_linear = {
    .name = "linear",
    .summary = "a straight line from the optimizer's learning rate to min_learning_rate",
    .properties = mote_decay_properties,
    .state_bytes = sizeof(mote_decay),
    .rate = get_rate,
};
