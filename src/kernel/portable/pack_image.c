// SPDX-License-Identifier: Apache-2.0
// Packing an image: the matrix of positions x taps exists only as the panel at hand.
//
// Positions are handled in runs along an output row. With step and divisor 1 a run is copied from one image
// row, less what lies in the padding; other runs are gathered column by column. What does not depend on the
// channel is found once for all channels of a tap.
#include "kernel/portable/pack.h"

#include "base/size.h"

/// Neighbouring positions of one output row. Row and column are those of the first position at tap (0, 0),
/// before the divisor; negative in the padding.
typedef struct run {
    size_t length;
    ptrdiff_t row, column;
    const mote_real *sample;
} run;

/// Walks over positions.
typedef struct walk {
    const mote_patches *patches;
    const mote_real *sample;
    size_t row, column;
} walk;

/// One tap of some channels of one sample.
typedef struct tap {
    size_t row, column; // in the kernel
    size_t channel, channel_count;
} tap;

/// Where the first channel goes, and the distance between channels.
typedef struct target {
    mote_real *to;
    size_t channel_step;
} target;

/// The part of a run that lies in the image.
typedef struct span {
    size_t first, end; // positions of the run
    size_t column;     // of the image at `first`
} span;

static walk start_walk(const mote_factor *factor, size_t position)
{
    const mote_patches *const patches = &factor->patches;
    const size_t plane = patches->positions_height * patches->positions_width;
    const size_t in_plane = position % plane;
    return (walk){
        .patches = patches,
        .sample = factor->data + position / plane * patches->sample_stride,
        .row = in_plane / patches->positions_width,
        .column = in_plane % patches->positions_width,
    };
}

static run next_run(walk *at, size_t most)
{
    const mote_patches *const patches = at->patches;
    const run found = {
        .length = mote_size_min(patches->positions_width - at->column, most),
        .row = (ptrdiff_t)(at->row * patches->step_height) + patches->offset_height,
        .column = (ptrdiff_t)(at->column * patches->step_width) + patches->offset_width,
        .sample = at->sample,
    };
    at->column += found.length;
    if (at->column < patches->positions_width)
        return found;
    at->column = 0;
    at->row++;
    if (at->row == patches->positions_height) {
        at->row = 0;
        at->sample += patches->sample_stride;
    }
    return found;
}

/// The image row or column that stands at `place`, or `extent` where there is none.
static size_t locate(ptrdiff_t place, size_t divisor, size_t extent)
{
    if (place < 0)
        return extent;
    if (divisor == 1)
        return mote_size_min((size_t)place, extent);
    if ((size_t)place % divisor != 0)
        return extent;
    return mote_size_min((size_t)place / divisor, extent);
}

static void clear(const run *part, const tap *at, target panel)
{
    for (size_t channel = 0; channel < at->channel_count; channel++) {
        mote_clear_run(panel.to, part->length);
        panel.to += panel.channel_step;
    }
}

static void gather(const mote_patches *patches, const run *part, const tap *at,
                   const mote_real *from, target panel)
{
    const size_t plane = patches->height * patches->width;
    const ptrdiff_t first = part->column + (ptrdiff_t)at->column * patches->tap_width;
    for (size_t i = 0; i < part->length; i++) {
        const ptrdiff_t place = first + (ptrdiff_t)(i * patches->step_width);
        const size_t column = locate(place, patches->divisor_width, patches->width);
        const bool inside = column < patches->width;
        mote_real *to = panel.to + i;
        for (size_t channel = 0; channel < at->channel_count; channel++) {
            *to = inside ? from[channel * plane + column] : 0;
            to += panel.channel_step;
        }
    }
}

static span clip(const mote_patches *patches, const run *part, const tap *at)
{
    const ptrdiff_t column = part->column + (ptrdiff_t)at->column * patches->tap_width;
    const ptrdiff_t width = (ptrdiff_t)patches->width;
    const ptrdiff_t length = (ptrdiff_t)part->length;
    const ptrdiff_t first = column < 0 ? -column : 0;
    const ptrdiff_t end = column + length > width ? width - column : length;
    if (first >= end)
        return (span){.first = part->length, .end = part->length, .column = 0};
    return (span){.first = (size_t)first, .end = (size_t)end, .column = (size_t)(column + first)};
}

/// Most runs of a panel are as wide as the tile: a copy of fixed size.
static void copy_whole(const mote_real *from, size_t plane, size_t channel_count, target panel)
{
    for (size_t channel = 0; channel < channel_count; channel++) {
        memcpy(panel.to, from, 16 * sizeof *from);
        from += plane;
        panel.to += panel.channel_step;
    }
}

static void copy(const mote_patches *patches, const run *part, const tap *at, const mote_real *from,
                 target panel)
{
    const size_t plane = patches->height * patches->width;
    const span inside = clip(patches, part, at);
    from += inside.column;
    if (inside.first == 0 && inside.end == 16 && part->length == 16) {
        copy_whole(from, plane, at->channel_count, panel);
        return;
    }
    const bool whole = inside.first == 0 && inside.end == part->length;
    for (size_t channel = 0; channel < at->channel_count; channel++) {
        if (!whole)
            mote_clear_run(panel.to, part->length);
        mote_copy_run(panel.to + inside.first, from, inside.end - inside.first);
        from += plane;
        panel.to += panel.channel_step;
    }
}

static void pack_run(const mote_patches *patches, const run *part, const tap *at, target panel)
{
    const ptrdiff_t place = part->row + (ptrdiff_t)at->row * patches->tap_height;
    const size_t row = locate(place, patches->divisor_height, patches->height);
    if (row == patches->height) {
        clear(part, at, panel);
        return;
    }
    const mote_real *const from =
        part->sample + (at->channel * patches->height + row) * patches->width;
    if (patches->step_width == 1 && patches->divisor_width == 1)
        copy(patches, part, at, from, panel);
    else
        gather(patches, part, at, from, panel);
}

/// Walks over the taps of a kernel; each stands for all channels of which it lies in the panel.
typedef struct tap_walk {
    size_t taps, kernel_width;
    size_t first_channel, first_tap; // of the panel's first k
    size_t depth;
    tap at;
    size_t index;
} tap_walk;

static tap_walk start_taps(const mote_panel *panel)
{
    const mote_patches *const patches = &panel->factor->patches;
    const size_t taps = patches->kernel_height * patches->kernel_width;
    return (tap_walk){
        .taps = taps,
        .kernel_width = patches->kernel_width,
        .first_channel = panel->first_k / taps,
        .first_tap = panel->first_k % taps,
        .depth = panel->depth,
    };
}

/// The k of the panel where the tap comes first; at.channel_count is 0 where it does not come.
static size_t find_channels(tap_walk *taps)
{
    const bool next = taps->index < taps->first_tap;
    const size_t k = taps->index + (next ? taps->taps : 0) - taps->first_tap;
    taps->at.channel = taps->first_channel + next;
    taps->at.channel_count = k < taps->depth ? (taps->depth - 1 - k) / taps->taps + 1 : 0;
    return k;
}

static void next_tap(tap_walk *taps)
{
    taps->index++;
    taps->at.column++;
    if (taps->at.column == taps->kernel_width) {
        taps->at.column = 0;
        taps->at.row++;
    }
}

static size_t find_runs(const mote_panel *panel, run runs[MOTE_TILE_COLUMNS_MAX])
{
    size_t count = 0;
    walk at = start_walk(panel->factor, panel->first_lane);
    for (size_t lane = 0; lane < panel->lanes; count++) {
        runs[count] = next_run(&at, panel->lanes - lane);
        lane += runs[count].length;
    }
    return count;
}

void MOTE_KERNEL(pack_positions)(const mote_panel *panel)
{
    run runs[MOTE_TILE_COLUMNS_MAX];
    const size_t run_count = find_runs(panel, runs);
    for (tap_walk taps = start_taps(panel); taps.index < taps.taps; next_tap(&taps)) {
        const size_t k = find_channels(&taps);
        target to = {panel->to + k * panel->to_step, taps.taps * panel->to_step};
        if (taps.at.channel_count == 0)
            continue;
        for (size_t i = 0; i < run_count; i++) {
            pack_run(&panel->factor->patches, &runs[i], &taps.at, to);
            to.to += runs[i].length;
        }
    }
}
