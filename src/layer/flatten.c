// SPDX-License-Identifier: Apache-2.0
// The same elements as one row a sample.
#include "layer/layer.h"

static mote_status setup(mote_setup *setup, void *layer_state)
{
    (void)layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    const mote_shape output = mote_shape_image(1, 1, mote_shape_elements(&setup->inputs[0].shape));
    setup->declaration->view = true;
    setup->declaration->derivative_view = true;
    return mote_setup_output(setup, &output);
}

const mote_layer mote_layer_flatten = {
    .name = "flatten",
    .summary = "each sample's elements as one row",
    .state_bytes = 1,
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
};
