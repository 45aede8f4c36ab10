// SPDX-License-Identifier: Apache-2.0
// Private to the portable kernels: panels of neighbouring positions of an image that is read in place.
#ifndef MOTE_KERNEL_PORTABLE_POSITION_PANEL_H
#define MOTE_KERNEL_PORTABLE_POSITION_PANEL_H

#include "kernel/portable/image_copy.h"
#include "kernel/portable/level.h"
#include "kernel/tile.h"

/// A panel of positions [position, position + width) of a chunk, at most the tile's columns.
typedef struct mote_position_panel {
    const mote_reader *reader;
    const mote_chunk *chunk;
    size_t position, width;
} mote_position_panel;

/// Whether halves of a tile's columns are always neighbours in the image: then no panel needs packing.
bool MOTE_KERNEL(panel_is_direct)(const mote_reader *reader);

/// Where both halves of the columns are read where no packing is needed. A panel of one half is its own second.
void MOTE_KERNEL(panel_find)(const mote_position_panel *panel, const mote_real *halves[2]);

/// to[k * tile.columns + lane] = the element of position and tap; columns without position are 0.
void MOTE_KERNEL(panel_pack)(const mote_position_panel *panel, size_t depth, const uint32_t *taps,
                             mote_real *to);

/// Copies rows of at most a tile's columns.
void MOTE_KERNEL(panel_copy_rows)(size_t length, size_t rows, const mote_real *from,
                                  size_t from_step, mote_real *to, size_t to_step);

#endif
