// SPDX-License-Identifier: Apache-2.0
// The same elements in another shape: a view.
#include "layer/layer.h"

#include <stdio.h>

#define DIMENSION_MAXIMUM 2147483647.0

typedef struct reshape_state {
    mote_property_integers target_shape;
} reshape_state;

static const mote_property properties[] = {
    {
        .name = "target_shape",
        .kind = MOTE_PROPERTY_INTEGERS,
        .minimum = 1,
        .maximum = DIMENSION_MAXIMUM,
        .count_minimum = 1,
        .count_maximum = 4,
        .offset = offsetof(reshape_state, target_shape),
        .help =
            "channels:height:width of as many elements, with or without a leading batch; or a width",
    },
    {0},
};

static mote_status setup(mote_setup *setup, void *layer_state)
{
    const reshape_state *const state = layer_state;
    const mote_shape *const input = &setup->inputs[0].shape;
    mote_shape output;
    MOTE_TRY(mote_setup_check_view(setup));
    MOTE_TRY(mote_setup_read_shape(setup, "target_shape", &state->target_shape, &output));
    char subject[160];
    (void)snprintf(subject, sizeof subject, "layer '%s': target_shape", setup->layer_name);
    MOTE_TRY(mote_shape_check(&output, subject));
    char text[MOTE_SHAPE_TEXT_BYTES];
    char input_text[MOTE_SHAPE_TEXT_BYTES];
    if (mote_shape_elements(&output) != mote_shape_elements(input)) {
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "layer '%s': target_shape %s has %zu elements, the input's %s has %zu",
                          setup->layer_name, mote_shape_text(&output, text, sizeof text),
                          mote_shape_elements(&output),
                          mote_shape_text(input, input_text, sizeof input_text),
                          mote_shape_elements(input));
    }
    return mote_setup_view(setup, &output);
}

const mote_layer mote_layer_reshape = {
    .name = "reshape",
    .summary = "the same elements in another shape",
    .properties = properties,
    .state_bytes = sizeof(reshape_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
};
