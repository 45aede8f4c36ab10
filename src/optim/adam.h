// SPDX-License-Identifier: Apache-2.0
// Private to optim: what adam and adamw share; they differ in what weight_decay does.
#ifndef MOTE_OPTIM_ADAM_H
#define MOTE_OPTIM_ADAM_H

#include "optim/optim.h"

#define MOTE_ADAM_BETA_MAXIMUM    0.999999
#define MOTE_ADAM_EPSILON_MINIMUM 1e-30

typedef struct mote_adam_state {
    double beta1, beta2, epsilon, weight_decay;
} mote_adam_state;

#define MOTE_ADAM_ROW(field, value, low, high, text)                                  \
    {                                                                                 \
        .name = #field, .kind = MOTE_PROPERTY_REAL, .initial = value, .minimum = low, \
        .maximum = high, .offset = offsetof(mote_adam_state, field), .help = text,    \
    }

/// Rows of both tables, all but weight_decay.
#define MOTE_ADAM_ROWS                                                        \
    MOTE_ADAM_ROW(beta1, "0.9", 0, MOTE_ADAM_BETA_MAXIMUM,                    \
                  "share of the mean of gradients that is kept"),             \
        MOTE_ADAM_ROW(beta2, "0.999", 0, MOTE_ADAM_BETA_MAXIMUM,              \
                      "share of the mean of squared gradients that is kept"), \
        MOTE_ADAM_ROW(epsilon, "1e-7", MOTE_ADAM_EPSILON_MINIMUM, 1,          \
                      "added to the root of the mean of squares")

size_t mote_adam_slot_count(const mote_optimizer *optimizer, const void *optimizer_state);

/// One update: `gradient_decay` times the weight is added to its gradient, `weight_decay` times the rate
/// is the share that the weight loses before the step.
void mote_adam_apply(const mote_optimizer_run *run, const mote_adam_state *state,
                     double gradient_decay, double weight_decay);

#endif
