// SPDX-License-Identifier: Apache-2.0
// The input under another name: a view.
#include "layer/layer.h"

static mote_status setup(mote_setup *setup, void *layer_state)
{
    (void)layer_state;
    return mote_setup_view(setup, &setup->inputs[0].shape);
}

const mote_layer mote_layer_identity = {
    .name = "identity",
    .summary = "its input as it is",
    .state_bytes = 1,
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
};
