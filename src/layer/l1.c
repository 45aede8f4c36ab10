// SPDX-License-Identifier: Apache-2.0
// Mean absolute error over batch and elements; as torch.nn.L1Loss.
#include "layer/layer.h"
#include "layer/pairs.h"

static mote_real get_sum(const mote_loss_pairs *pairs)
{
    mote_real sum = 0;
    pairs->kernels->sum_absolute_differences(pairs->count, pairs->prediction, pairs->label, &sum);
    return sum;
}

static void derive(const mote_loss_pairs *pairs, mote_real scale, mote_real *derivative)
{
    pairs->kernels->sign_difference(pairs->count, scale, pairs->prediction, pairs->label,
                                    derivative);
}

static const mote_pair_loss loss = {.sum = get_sum, .derive = derive};

const mote_layer mote_layer_l1 = {
    .name = "l1",
    .summary = "mean absolute error over batch and elements",
    .kind = MOTE_LAYER_LOSS,
    .state_bytes = 1,
    .family = MOTE_TRAINING_ONLY(&loss),
    .input_minimum = 2,
    .input_maximum = 2,
    .label = MOTE_TRAINING_ONLY(mote_pairs_label),
    .setup = MOTE_TRAINING_ONLY(mote_pairs_setup),
    .forward = MOTE_TRAINING_ONLY(mote_pairs_forward),
    .calc_derivative = MOTE_TRAINING_ONLY(mote_pairs_derivative),
};
