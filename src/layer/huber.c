// SPDX-License-Identifier: Apache-2.0
// Squared error near the label, absolute error far from it; as torch.nn.HuberLoss.
#include "layer/layer.h"
#include "layer/pairs.h"

typedef struct huber_state {
    double delta;
} huber_state;

static const mote_property properties[] = {
    {
        .name = "delta",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "1",
        .minimum = 1e-6,
        .maximum = 1e6,
        .offset = offsetof(huber_state, delta),
        .help = "distance from the label where the loss becomes linear",
    },
    {0},
};

static mote_real get_sum(const mote_loss_pairs *pairs)
{
    const huber_state *const state = pairs->state;
    mote_real sum = 0;
    pairs->kernels->sum_huber(pairs->count, (mote_real)state->delta, pairs->prediction,
                              pairs->label, &sum);
    return sum;
}

static void derive(const mote_loss_pairs *pairs, mote_real scale, mote_real *derivative)
{
    const huber_state *const state = pairs->state;
    const mote_huber huber = {.delta = (mote_real)state->delta, .scale = scale};
    pairs->kernels->huber_derivative(&huber, pairs->count, pairs->prediction, pairs->label,
                                     derivative);
}

static const mote_pair_loss loss = {.sum = get_sum, .derive = derive};

const mote_layer mote_layer_huber = {
    .name = "huber",
    .summary =
        "half the squared error up to delta from the label, linear beyond; mean over batch and elements",
    .kind = MOTE_LAYER_LOSS,
    .properties = properties,
    .state_bytes = sizeof(huber_state),
    .family = MOTE_TRAINING_ONLY(&loss),
    .input_minimum = 2,
    .input_maximum = 2,
    .label = MOTE_TRAINING_ONLY(mote_pairs_label),
    .setup = MOTE_TRAINING_ONLY(mote_pairs_setup),
    .forward = MOTE_TRAINING_ONLY(mote_pairs_forward),
    .calc_derivative = MOTE_TRAINING_ONLY(mote_pairs_derivative),
};
