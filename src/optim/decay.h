// SPDX-License-Identifier: Apache-2.0
// Private to optim: what schedules share. A rate rises from 0 over `warm_up` iterations in a straight line, as
// get_linear_schedule_with_warmup of Hugging Face's transformers does; a decay begins behind the warm-up.
#ifndef MOTE_OPTIM_DECAY_H
#define MOTE_OPTIM_DECAY_H

#include "base/property.h"

#include <stdint.h>

#define MOTE_ITERATION_MAXIMUM 9007199254740992.0 // 2^53

/// A fall from the optimizer's rate to `end_rate`, or towards 0, over `decay_steps` iterations.
typedef struct mote_decay {
    uint64_t warm_up, decay_steps;
    double end_rate;
    double shape; // of the curve: decay_rate or power
} mote_decay;

/// Row of a field `warm_up`, for any schedule's state.
#define MOTE_WARM_UP_ROW(state)                                                         \
    {                                                                                   \
        .name = "warm_up", .kind = MOTE_PROPERTY_INTEGER, .initial = "0", .minimum = 0, \
        .maximum = MOTE_ITERATION_MAXIMUM, .offset = offsetof(state, warm_up),          \
        .help = "iterations in which the rate rises from 0",                            \
    }

/// Rows of mote_decay that more than one schedule has.
#define MOTE_DECAY_STEPS_ROW                                                            \
    {                                                                                   \
        .name = "decay_steps", .kind = MOTE_PROPERTY_INTEGER, .minimum = 1,             \
        .maximum = MOTE_ITERATION_MAXIMUM, .offset = offsetof(mote_decay, decay_steps), \
        .help = "iterations of the whole decay, behind the warm-up",                    \
    }

#define MOTE_END_RATE_ROW                                                                      \
    {                                                                                          \
        .name = "min_learning_rate", .kind = MOTE_PROPERTY_REAL, .initial = "0", .minimum = 0, \
        .maximum = 1e30, .offset = offsetof(mote_decay, end_rate),                             \
        .help = "rate at the end of the decay and from there on",                              \
    }

/// Warm-up, whole decay and end rate: the table of schedules without a shape.
extern const mote_property mote_decay_properties[];

/// `rate` as far as the warm-up has come.
double mote_warm_up(uint64_t warm_up, double rate, uint64_t iteration);

/// Iterations done behind the warm-up over decay_steps: from 0, without an upper bound.
double mote_decay_time(const mote_decay *decay, uint64_t iteration);

/// The same, at most 1.
double mote_decay_share(const mote_decay *decay, uint64_t iteration);

/// Warm-up to base_rate, then base_rate * height + end_rate * (1 - height).
double mote_decay_rate(const mote_decay *decay, double base_rate, uint64_t iteration,
                       double height);

#endif
