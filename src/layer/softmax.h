// SPDX-License-Identifier: Apache-2.0
// softmax and its logarithm over one axis of each sample.
#ifndef MOTE_LAYER_SOFTMAX_H
#define MOTE_LAYER_SOFTMAX_H

#include "layer/axis.h"

/// Declares as scratch what rows need whose elements are no neighbours.
void mote_softmax_scratch(mote_setup *setup, const mote_axis_view *axis);

// From input 0 to output 0; backward reads output 0. What is written may lie over what is read.
void mote_softmax_forward(const mote_layer_run *run, const mote_axis_view *axis);
void mote_softmax_derivative(const mote_layer_run *run, const mote_axis_view *axis);
void mote_log_softmax_forward(const mote_layer_run *run, const mote_axis_view *axis);
void mote_log_softmax_derivative(const mote_layer_run *run, const mote_axis_view *axis);

#endif
