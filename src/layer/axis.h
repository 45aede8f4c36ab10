// SPDX-License-Identifier: Apache-2.0
// Parts of tensors along one axis, for layers that cut and join. Axes are numbered as NNTrainer does: 1 channels,
// 2 height, 3 width.
#ifndef MOTE_LAYER_AXIS_H
#define MOTE_LAYER_AXIS_H

#include "layer/layer.h"

/// A sample as [outer][length][inner], where the middle is the axis.
typedef struct mote_axis_view {
    size_t outer, length, inner;
} mote_axis_view;

/// Index in a shape's dimensions of the axis numbered 1 .. 3.
size_t mote_axis_index(uint64_t number);

/// What the axis numbered 1 .. 3 divides `shape` into.
mote_axis_view mote_axis_of(const mote_shape *shape, uint64_t number);

/// [first, first + count) of an axis.
typedef struct mote_axis_part {
    mote_axis_view axis;
    size_t first, count;
} mote_axis_part;

/// Copies the part of each sample of `whole` into `part`, which has nothing else.
void mote_axis_take(const mote_layer_run *run, const mote_axis_part *where, const mote_real *whole,
                    mote_real *part);

/// Copies `part` into its place in each sample of `whole`; NULL stands for zeros. The rest of `whole` stays.
void mote_axis_put(const mote_layer_run *run, const mote_axis_part *where, const mote_real *part,
                   mote_real *whole);

#endif
