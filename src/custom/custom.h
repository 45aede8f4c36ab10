// SPDX-License-Identifier: Apache-2.0
// Layers, losses and optimizers that a program brings: each becomes a descriptor as mote's own have, whose callbacks
// find the program's through the descriptor itself.
#ifndef MOTE_CUSTOM_CUSTOM_H
#define MOTE_CUSTOM_CUSTOM_H

#include "base/arena.h"
#include "layer/layer.h"
#include "mote/loss.h"
#include "optim/optim.h"

// Each checks all that can be known without the others of a context: raises MOTE_ERROR_ARGUMENT. `taken`: keys that
// the section has anyway. The result lives in `arena`; what the program's struct points to is borrowed.

mote_status mote_custom_make_layer(const mote_custom_layer *custom, const mote_property *taken,
                                   mote_arena *arena, const mote_layer **layer) MOTE_MUST_CHECK;

mote_status mote_custom_make_loss(const mote_custom_loss *custom, const mote_property *taken,
                                  mote_arena *arena, const mote_layer **layer) MOTE_MUST_CHECK;

mote_status mote_custom_make_optimizer(const mote_custom_optimizer *custom,
                                       const mote_property *taken, mote_arena *arena,
                                       const mote_optimizer **optimizer) MOTE_MUST_CHECK;

#endif
