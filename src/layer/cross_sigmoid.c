// SPDX-License-Identifier: Apache-2.0
// Sigmoid and binary cross entropy in one, for any number of yes-or-no labels a sample; as
// torch.nn.BCEWithLogitsLoss.
#include "layer/layer.h"
#include "layer/pairs.h"

static mote_real get_sum(const mote_loss_pairs *pairs)
{
    mote_real sum = 0;
    pairs->kernels->sum_cross_sigmoid(pairs->count, pairs->prediction, pairs->label, &sum);
    return sum;
}

static void derive(const mote_loss_pairs *pairs, mote_real scale, mote_real *derivative)
{
    pairs->kernels->cross_sigmoid_derivative(pairs->count, scale, pairs->prediction, pairs->label,
                                             derivative);
}

/// Right is what lies on its label's side of one half.
static mote_real count_correct(const mote_loss_pairs *pairs)
{
    size_t correct = 0;
    for (size_t i = 0; i < pairs->count; i++)
        correct += (pairs->prediction[i] > 0) == (pairs->label[i] > MOTE_REAL(0.5));
    return (mote_real)correct;
}

static const mote_pair_loss loss = {
    .sum = get_sum, .derive = derive, .count_correct = count_correct};

const mote_layer mote_layer_cross_sigmoid = {
    .name = "cross_sigmoid",
    .summary = "sigmoid and binary cross entropy, labels from 0 to 1; mean over batch and elements",
    .kind = MOTE_LAYER_LOSS,
    .state_bytes = 1,
    .family = MOTE_TRAINING_ONLY(&loss),
    .input_minimum = 2,
    .input_maximum = 2,
    .inference = "sigmoid",
    .label = MOTE_TRAINING_ONLY(mote_pairs_label),
    .setup = MOTE_TRAINING_ONLY(mote_pairs_setup),
    .forward = MOTE_TRAINING_ONLY(mote_pairs_forward),
    .calc_derivative = MOTE_TRAINING_ONLY(mote_pairs_derivative),
};
