// SPDX-License-Identifier: Apache-2.0
// A staircase of learning rates: n boundaries, n + 1 rates. A boundary still has the rate before it,
// as in NNTrainer. Iterations of the warm-up count.
#include "optim/decay.h"
#include "optim/optim.h"

#include <inttypes.h>

typedef struct rate_step_state {
    mote_property_reals learning_rate;
    mote_property_integers iteration;
    uint64_t warm_up;
} rate_step_state;

static const mote_property properties[] = {
    {
        .name = "learning_rate",
        .kind = MOTE_PROPERTY_REALS,
        .minimum = 0,
        .maximum = 1e30,
        .count_minimum = 2,
        .count_maximum = MOTE_PROPERTY_LIST_MAX,
        .offset = offsetof(rate_step_state, learning_rate),
        .help = "one more rate than there are iterations",
    },
    {
        .name = "iteration",
        .kind = MOTE_PROPERTY_INTEGERS,
        .minimum = 0,
        .maximum = MOTE_ITERATION_MAXIMUM,
        .count_minimum = 1,
        .count_maximum = MOTE_PROPERTY_LIST_MAX - 1,
        .offset = offsetof(rate_step_state, iteration),
        .help = "the last iteration (from 0) of each rate but the last",
    },
    MOTE_WARM_UP_ROW(rate_step_state),
    {0},
};

static mote_status check(const void *schedule_state)
{
    const rate_step_state *const state = schedule_state;
    const mote_property_integers *const iteration = &state->iteration;
    if (state->learning_rate.count != iteration->count + 1) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "learning-rate schedule 'step': %u values of learning_rate and %u of "
                          "iteration; there must be one more rate than iterations",
                          (unsigned)state->learning_rate.count, (unsigned)iteration->count);
    }
    for (uint32_t i = 1; i < iteration->count; i++) {
        if (iteration->values[i] <= iteration->values[i - 1]) {
            return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                              "learning-rate schedule 'step': iteration %" PRIu64
                              " follows %" PRIu64 "; iterations must ascend",
                              iteration->values[i], iteration->values[i - 1]);
        }
    }
    return MOTE_OK;
}

static double get_rate(const void *schedule_state, double base_rate, uint64_t iteration)
{
    (void)base_rate;
    const rate_step_state *const state = schedule_state;
    uint32_t place = 0;
    while (place < state->iteration.count && iteration > state->iteration.values[place])
        place++;
    return mote_warm_up(state->warm_up, state->learning_rate.values[place], iteration);
}

const mote_schedule_rate mote_schedule_rate_step = {
    .name = "step",
    .summary = "other rates from given iterations on",
    .properties = properties,
    .state_bytes = sizeof(rate_step_state),
    .check = check,
    .rate = get_rate,
};
