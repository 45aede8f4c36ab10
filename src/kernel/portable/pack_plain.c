// SPDX-License-Identifier: Apache-2.0
// Packing a plain factor: a panel is cut where an axis ends a period; each piece is a rectangle with two
// steps, of which one is usually 1.
#include "kernel/portable/pack.h"

#include "base/size.h"

/// The rectangle to[k * to_step + lane] = from[lane * lane_step + k * k_step].
typedef struct rectangle {
    const mote_real *from;
    size_t lanes, lane_step;
    size_t depth, k_step;
} rectangle;

/// Rows from the one that is copied to that which is fetched, at the end in vain: they may be pages apart, which no
/// processor foresees.
#define FETCH_AHEAD 24U

static void fetch_row(const rectangle *part, size_t k)
{
    __builtin_prefetch(part->from + k * part->k_step);
    __builtin_prefetch(part->from + k * part->k_step + part->lanes - 1);
}

/// Panels of the right factor have a fixed width: a copy becomes a few moves.
static void pack_rows(const rectangle *part, mote_real *to, size_t to_step)
{
    for (size_t k = 0; part->lanes == 32 && k < part->depth; k++) {
        fetch_row(part, k + FETCH_AHEAD);
        memcpy(to + k * to_step, part->from + k * part->k_step, 32 * sizeof *to);
    }
    for (size_t k = 0; part->lanes != 32 && k < part->depth; k++) {
        fetch_row(part, k + FETCH_AHEAD);
        mote_copy_run(to + k * to_step, part->from + k * part->k_step, part->lanes);
    }
}

static void pack_any(const rectangle *part, mote_real *to, size_t to_step)
{
    for (size_t k = 0; k < part->depth; k++) {
        for (size_t lane = 0; lane < part->lanes; lane++)
            to[k * to_step + lane] = part->from[lane * part->lane_step + k * part->k_step];
    }
}

static void pack_rectangle(const rectangle *part, mote_real *to, size_t to_step)
{
    if (part->lane_step == 1)
        pack_rows(part, to, to_step);
    else if (part->k_step == 1)
        MOTE_KERNEL(tile).transpose(part->lanes, part->depth, part->from, part->lane_step, to,
                                    to_step);
    else
        pack_any(part, to, to_step);
}

/// Periods of one index are steps.
static mote_axis simplify(const mote_axis *axis)
{
    return axis->period == 1 ? (mote_axis){.step = axis->jump} : *axis;
}

/// How many indices from `first` on, at most `count`, are one step apart.
static size_t run_length(const mote_axis *axis, size_t first, size_t count)
{
    return axis->period == 0 ? count : mote_size_min(count, axis->period - first % axis->period);
}

void MOTE_KERNEL(pack_plain)(const mote_panel *panel)
{
    const mote_axis outer = simplify(&panel->factor->outer);
    const mote_axis inner = simplify(&panel->factor->inner);
    rectangle part = {.lane_step = outer.step, .k_step = inner.step};
    for (size_t lane = 0; lane < panel->lanes; lane += part.lanes) {
        part.lanes = run_length(&outer, panel->first_lane + lane, panel->lanes - lane);
        const mote_real *const from =
            panel->factor->data + mote_axis_offset(&outer, panel->first_lane + lane);
        for (size_t k = 0; k < panel->depth; k += part.depth) {
            part.depth = run_length(&inner, panel->first_k + k, panel->depth - k);
            part.from = from + mote_axis_offset(&inner, panel->first_k + k);
            pack_rectangle(&part, panel->to + k * panel->to_step + lane, panel->to_step);
        }
    }
}
