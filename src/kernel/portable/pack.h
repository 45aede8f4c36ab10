// SPDX-License-Identifier: Apache-2.0
// Private to the portable kernels: copying parts of factors into panels. A panel holds `lanes` neighbours in
// i for each k: to[k * to_step + lane] = element (first_lane + lane, first_k + k).
#ifndef MOTE_KERNEL_PORTABLE_PACK_H
#define MOTE_KERNEL_PORTABLE_PACK_H

#include "kernel/portable/level.h"
#include "kernel/tile.h"

#include <string.h>

/// The part of a factor a panel is made of, and the panel.
typedef struct mote_panel {
    const mote_factor *factor;
    size_t first_lane, lanes;
    size_t first_k, depth;
    mote_real *to;
    size_t to_step;
} mote_panel;

/// Of a plain factor.
void MOTE_KERNEL(pack_plain)(const mote_panel *panel);

/// Of an image whose lanes are positions.
void MOTE_KERNEL(pack_positions)(const mote_panel *panel);

/// Offset of index i from index 0.
static inline size_t mote_axis_offset(const mote_axis *axis, size_t i)
{
    if (axis->period == 0)
        return i * axis->step;
    return i / axis->period * axis->jump + i % axis->period * axis->step;
}

/// Copies a short run. Sizes are fixed, so that they become moves and not calls; a rest is covered by a move
/// that overlaps the last.
static inline void mote_copy_run(mote_real *to, const mote_real *from, size_t count)
{
    if (count >= 8) {
        for (size_t i = 0; i + 8 <= count; i += 8)
            memcpy(to + i, from + i, 8 * sizeof *to);
        memcpy(to + count - 8, from + count - 8, 8 * sizeof *to);
    } else if (count >= 4) {
        memcpy(to, from, 4 * sizeof *to);
        memcpy(to + count - 4, from + count - 4, 4 * sizeof *to);
    } else if (count >= 2) {
        memcpy(to, from, 2 * sizeof *to);
        memcpy(to + count - 2, from + count - 2, 2 * sizeof *to);
    } else if (count == 1) {
        to[0] = from[0];
    }
}

/// Sets a short run to 0, in the same way.
static inline void mote_clear_run(mote_real *to, size_t count)
{
    if (count >= 8) {
        for (size_t i = 0; i + 8 <= count; i += 8)
            memset(to + i, 0, 8 * sizeof *to);
        memset(to + count - 8, 0, 8 * sizeof *to);
    } else if (count >= 4) {
        memset(to, 0, 4 * sizeof *to);
        memset(to + count - 4, 0, 4 * sizeof *to);
    } else if (count >= 2) {
        memset(to, 0, 2 * sizeof *to);
        memset(to + count - 2, 0, 2 * sizeof *to);
    } else if (count == 1) {
        to[0] = 0;
    }
}

#endif
