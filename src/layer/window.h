// SPDX-License-Identifier: Apache-2.0
// The windows that convolutions and poolings slide over a plane: sizes from properties and shapes.
#ifndef MOTE_LAYER_WINDOW_H
#define MOTE_LAYER_WINDOW_H

#include "layer/layer.h"

/// Greatest kernel size, stride and padding that properties accept.
#define MOTE_WINDOW_MAXIMUM 65536.0

/// As written in the model: lists of one number (for both axes) or two (height, width).
typedef struct mote_window_wish {
    mote_property_integers kernel, stride;
    mote_property_integers dilation; // empty: 1
    mote_property_padding padding;
} mote_window_wish;

/// Of a list of one number for both axes or one for each: that of axis 0 (height) or 1 (width).
size_t mote_window_pick(const mote_property_integers *list, uint32_t axis);

/// Derives the window over a height x width plane. Padding `same`: output ceil(size / stride), the
/// odd cell goes to the bottom and right. A dilated kernel reaches (kernel - 1) * dilation + 1 cells. Raises MOTE_ERROR_SHAPE where the kernel does not fit.
mote_status mote_window_make(const mote_setup *setup, const mote_window_wish *wish, size_t height,
                             size_t width, mote_window *window) MOTE_MUST_CHECK;

#endif
