// SPDX-License-Identifier: Apache-2.0
// The same elements as one row.
#include "layer/layer.h"

static mote_status setup(mote_setup *setup, void *layer_state)
{
    (void)layer_state;
    const mote_shape output = mote_shape_image(1, 1, mote_shape_elements(&setup->inputs[0].shape));
    return mote_setup_view(setup, &output);
}

const mote_layer mote_layer_flatten = {
    .name = "flatten",
    .summary = "each sample's elements as one row",
    .state_bytes = 1,
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
};
