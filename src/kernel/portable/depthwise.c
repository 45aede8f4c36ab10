// SPDX-License-Identifier: Apache-2.0
// Depth-wise convolutions: tiles, threads and the order of sums. The arithmetic is in the level's unit. Sums over taps of
// large planes are made in depthwise_rows.c.
//
// A task has a range of items, which are a tile of 16 channels each, blocks of channels outside. For each tile the
// cells that it reads are spread into an image, [sample][row][column][channel]; sums over taps are made there, and
// gathered into planes.
#include "kernel/portable/level.h"

#include "base/size.h"
#include "kernel/depthwise_unit.h"
#include "kernel/portable/depthwise_rows.h"

#include <assert.h>
#include <string.h>

#define CHANNELS ((size_t)MOTE_DEPTHWISE_CHANNELS)

typedef struct depthwise_call {
    const mote_depthwise *shape;
    mote_depthwise_cut cut;
    const mote_real *from; // that the windows slide over
    const mote_real *weight, *bias;
    const mote_real *dy; // of a gradient
    mote_real *to;
    unsigned char *scratch;
} depthwise_call;

/// The positions of a tile, and its samples.
typedef struct tile {
    size_t sample, samples;
    size_t first[2], count[2];
} tile;

/// The cells of an axis that a tile reads; the first lies at `place` of its image.
typedef struct cells {
    size_t first, count, place;
} cells;

/// Taps of an axis that meet a phase: first, first + apart, ...; they lie at place, place + step, ...
typedef struct phase_taps {
    uint32_t count;
    uint32_t first, apart;
    int32_t place, step;
} phase_taps;

/// A task, with its slice of the scratch.
typedef struct work {
    const depthwise_call *call;
    size_t channel, channels; // the block of channels at hand
    cells cells[2];           // of the tile at hand
    bool image_is_made;       // where cells are now, the image has zeros elsewhere
    tile last;                // that the image was made of, for these channels
    mote_real *image;
    mote_real *out; // [position][channel]: sums, or derivatives of outputs
    mote_real *bias;
    mote_real *sums;       // rows of weights, or of sums over positions
    uint32_t *cell_places; // from the first row that has cells
    uint32_t *rows;        // of positions of one sample in `out`
    phase_taps *taps[2];   // of the phases of each axis
    uint32_t *order;       // of weights: the taps phase by phase
} work;

static size_t count_taps(const work *w)
{
    return w->call->cut.axes[0].taps * w->call->cut.axes[1].taps;
}

/// Elements of the image of one sample.
static size_t get_image_elements(const work *w)
{
    return w->call->cut.extents[0] * w->call->cut.extents[1] * CHANNELS;
}

/// Where a coordinate of the image lies.
static uint32_t get_place(const work *w, size_t row, size_t column)
{
    return (uint32_t)((row * w->call->cut.extents[1] + column) * CHANNELS);
}

static phase_taps find_taps(const mote_depthwise_axis *axis, size_t phase)
{
    phase_taps found = {0};
    for (size_t tap = 0; tap < axis->taps; tap++) {
        size_t place = 0;
        if (!mote_depthwise_find_tap(axis, phase, tap, &place))
            continue;
        if (found.count == 0) {
            found.first = (uint32_t)tap;
            found.place = (int32_t)place;
        } else if (found.count == 1) {
            found.apart = (uint32_t)tap - found.first;
            found.step = (int32_t)place - found.place;
        }
        found.count++;
    }
    return found;
}

/// The weights' numbers of a pair of phases. Returns where the next pair's begin.
static uint32_t *list_taps(const work *w, const phase_taps *rows, const phase_taps *columns,
                           uint32_t *order)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        const uint32_t row = rows->first + i * rows->apart;
        for (uint32_t j = 0; j < columns->count; j++)
            *order++ =
                row * (uint32_t)w->call->cut.axes[1].taps + columns->first + j * columns->apart;
    }
    return order;
}

static void make_taps(const work *w)
{
    const mote_depthwise_axis *const axes = w->call->cut.axes;
    for (size_t axis = 0; axis < 2; axis++) {
        for (size_t phase = 0; phase < axes[axis].phases; phase++)
            w->taps[axis][phase] = find_taps(&axes[axis], phase);
    }
    uint32_t *order = w->order;
    for (size_t row = 0; row < axes[0].phases; row++) {
        for (size_t column = 0; column < axes[1].phases; column++)
            order = list_taps(w, &w->taps[0][row], &w->taps[1][column], order);
    }
}

/// The taps of a pair of phases; `first` is the place of the first.
static mote_depthwise_taps get_taps(const work *w, size_t row_phase, size_t column_phase,
                                    size_t *first)
{
    const phase_taps *const rows = &w->taps[0][row_phase];
    const phase_taps *const columns = &w->taps[1][column_phase];
    *first = 0;
    if (rows->count == 0 || columns->count == 0)
        return (mote_depthwise_taps){0};
    *first = get_place(w, (size_t)rows->place, (size_t)columns->place);
    return (mote_depthwise_taps){
        .rows = rows->count,
        .columns = columns->count,
        .row_step = (ptrdiff_t)rows->step * (ptrdiff_t)get_place(w, 1, 0),
        .column_step = (ptrdiff_t)columns->step * (ptrdiff_t)CHANNELS,
    };
}

static work make_work(const depthwise_call *call, size_t task)
{
    const mote_depthwise_cut *const cut = &call->cut;
    work w = {.call = call};
    w.image = (mote_real *)(void *)(call->scratch + task * cut->slice_bytes);
    w.out = w.image + cut->image;
    w.bias = w.out + cut->out;
    w.sums = w.bias + CHANNELS;
    w.cell_places = (uint32_t *)(void *)(w.bias + cut->sums);
    w.rows = w.cell_places + cut->extents[0] * cut->extents[1];
    w.order = w.rows + cut->positions[0] * cut->positions[1];
    w.taps[0] = (phase_taps *)(w.order + count_taps(&w));
    w.taps[1] = w.taps[0] + cut->axes[0].phases;
    make_taps(&w);
    for (size_t i = 0; i < cut->positions[0] * cut->positions[1]; i++)
        w.rows[i] = (uint32_t)(i * CHANNELS);
    return w;
}

static tile find_tile(const work *w, size_t index)
{
    const mote_depthwise_cut *const cut = &w->call->cut;
    const size_t column = index % cut->tiles[1];
    const size_t row = index / cut->tiles[1] % cut->tiles[0];
    tile t = {
        .sample = index / (cut->tiles[1] * cut->tiles[0]) * cut->samples,
        .first = {row * cut->positions[0], column * cut->positions[1]},
    };
    t.samples = mote_size_min(cut->samples, w->call->shape->samples - t.sample);
    for (size_t axis = 0; axis < 2; axis++)
        t.count[axis] =
            mote_size_min(cut->positions[axis], cut->axes[axis].positions - t.first[axis]);
    return t;
}

static cells find_cells(const mote_depthwise_axis *axis, size_t first, size_t extent)
{
    const ptrdiff_t start = axis->origin + (ptrdiff_t)(first / axis->phases * axis->step);
    const ptrdiff_t end = start + (ptrdiff_t)extent;
    cells found = {.first = start > 0 ? (size_t)start : 0};
    const size_t cells_end = end > 0 ? mote_size_min((size_t)end, axis->cells) : 0;
    if (cells_end > found.first) {
        found.count = cells_end - found.first;
        found.place = (size_t)((ptrdiff_t)found.first - start);
    }
    return found;
}

/// Of as many rows as an image has.
static void make_cell_places(const work *w)
{
    uint32_t *place = w->cell_places;
    for (size_t row = 0; row < w->call->cut.extents[0]; row++) {
        for (size_t column = 0; column < w->cells[1].count; column++)
            *place++ = get_place(w, row, w->cells[1].place + column);
    }
}

/// Positions of a phase in a tile: `first`, and then each axis.phases-th.
typedef struct phase_part {
    size_t first, count;
    size_t place; // in the image
} phase_part;

static phase_part find_phase(const mote_depthwise_axis *axis, const tile *t, size_t index,
                             size_t phase)
{
    const size_t start = t->first[index] % axis->phases;
    phase_part part = {.first = phase + (phase < start ? axis->phases : 0) - start};
    if (part.first < t->count[index])
        part.count = mote_size_ceil_divide(t->count[index] - part.first, axis->phases);
    part.place = (start + part.first) / axis->phases * axis->step;
    return part;
}

static bool lie_alike(const cells *a, const cells *b)
{
    return a->count == b->count && a->place == b->place;
}

static void clear_rows(const work *w, size_t first, size_t end)
{
    const size_t row = get_place(w, 1, 0);
    for (size_t i = 0; i < w->call->cut.samples && first < end; i++)
        memset(w->image + i * get_image_elements(w) + first * row, 0,
               (end - first) * row * sizeof *w->image);
}

/// Rows that the tile shares with the one before are moved to where they lie in its image. Returns how many.
static size_t move_rows(const work *w, const tile *t)
{
    const mote_depthwise_cut *const cut = &w->call->cut;
    const mote_depthwise_axis *const axis = &cut->axes[0];
    const tile *const last = &w->last;
    const bool follows = last->samples > 0 && cut->tiles[1] == 1 && last->sample == t->sample &&
                         last->first[0] + last->count[0] == t->first[0];
    const size_t shift = (t->first[0] / axis->phases - last->first[0] / axis->phases) * axis->step;
    if (!follows || shift >= cut->extents[0])
        return 0;
    const size_t row = get_place(w, 1, 0);
    const size_t count = cut->extents[0] - shift;
    memmove(w->image, w->image + shift * row, count * row * sizeof *w->image);
    return count;
}

/// Zeros wherever the tile has no cell, behind the rows that are made. Its columns mostly lie where the last tile's were.
static void clear_image(work *w, const tile *t, size_t made)
{
    const mote_depthwise_cut *const cut = &w->call->cut;
    const cells rows = find_cells(&cut->axes[0], t->first[0], cut->extents[0]);
    const cells columns = find_cells(&cut->axes[1], t->first[1], cut->extents[1]);
    const bool has_columns = w->image_is_made && lie_alike(&w->cells[1], &columns);
    const bool has_rows = has_columns && lie_alike(&w->cells[0], &rows);
    w->cells[0] = rows;
    w->cells[1] = columns;
    if (!has_columns) {
        clear_rows(w, 0, cut->extents[0]);
        make_cell_places(w);
        w->image_is_made = true;
    } else if (!has_rows) {
        clear_rows(w, made, rows.place);
        clear_rows(w, mote_size_max(made, rows.place + rows.count), cut->extents[0]);
    }
}

/// The cells behind the rows that are made.
static void spread_sample(const work *w, size_t sample, size_t made, mote_real *image)
{
    const mote_depthwise_axis *const axes = w->call->cut.axes;
    const size_t plane = axes[0].cells * axes[1].cells;
    const size_t first = mote_size_max(w->cells[0].place, made);
    const size_t end = mote_size_max(w->cells[0].place + w->cells[0].count, first);
    const mote_real *from =
        w->call->from + (sample * w->call->shape->channels + w->channel) * plane +
        (w->cells[0].first + first - w->cells[0].place) * axes[1].cells + w->cells[1].first;
    size_t rows = end - first;
    size_t count = w->cells[1].count;
    image += get_place(w, first, 0);
    if (count == axes[1].cells) { // neighbours
        count *= rows;
        rows = mote_size_min(rows, 1);
    }
    for (size_t row = 0; row < rows && count > 0; row++) {
        const mote_depthwise_planes planes = {w->channels, count, plane};
        MOTE_KERNEL(depthwise_unit).spread(&planes, from, w->cell_places + row * count, image);
        from += axes[1].cells;
    }
}

static void make_image(work *w, const tile *t)
{
    const size_t made = move_rows(w, t);
    clear_image(w, t, made);
    for (size_t i = 0; i < t->samples; i++)
        spread_sample(w, t->sample + i, made, w->image + i * get_image_elements(w));
    w->last = *t;
}

/// Where the tile lies in the plane of positions of the block's first channel. It is one stretch.
static size_t find_plane(const work *w, const tile *t, size_t sample)
{
    const mote_depthwise_axis *const axes = w->call->cut.axes;
    const size_t channel = (t->sample + sample) * w->call->shape->channels + w->channel;
    return (channel * axes[0].positions + t->first[0]) * axes[1].positions + t->first[1];
}

/// The tile's positions in each of the block's planes.
static mote_depthwise_planes get_planes(const work *w, const tile *t)
{
    const mote_depthwise_axis *const axes = w->call->cut.axes;
    return (mote_depthwise_planes){
        .channels = w->channels,
        .count = t->count[0] * t->count[1],
        .step = axes[0].positions * axes[1].positions,
    };
}

static void gather_tile(const work *w, const tile *t)
{
    const mote_depthwise_planes planes = get_planes(w, t);
    for (size_t i = 0; i < t->samples; i++) {
        MOTE_KERNEL(depthwise_unit)
            .gather(&planes, w->out + i * planes.count * CHANNELS,
                    w->call->to + find_plane(w, t, i));
    }
}

/// Positions of a pair of phases. Returns how many taps they have.
static size_t sum_phases(const work *w, const tile *t, size_t row_phase, size_t column_phase,
                         const mote_real *weights)
{
    const mote_depthwise_axis *const axes = w->call->cut.axes;
    const phase_part rows = find_phase(&axes[0], t, 0, row_phase);
    const phase_part columns = find_phase(&axes[1], t, 1, column_phase);
    const size_t out_row = t->count[1] * CHANNELS;
    size_t first = 0;
    const mote_depthwise_taps taps = get_taps(w, row_phase, column_phase, &first);
    const mote_depthwise_runs positions = {
        .runs = {t->samples, rows.count},
        .count = columns.count,
        .run_steps = {get_image_elements(w), get_place(w, axes[0].step, 0)},
        .step = axes[1].step * CHANNELS,
    };
    const mote_depthwise_sums sums = {
        .image = w->image + get_place(w, rows.place, columns.place) + first,
        .taps = taps,
        .weights = weights,
        .bias = w->call->bias ? w->bias : NULL,
        .out = w->out + rows.first * out_row + columns.first * CHANNELS,
        .out_run_steps = {t->count[0] * out_row, axes[0].phases * out_row},
        .out_step = axes[1].phases * CHANNELS,
    };
    if (rows.count > 0 && columns.count > 0)
        MOTE_KERNEL(depthwise_unit).sum_taps(&sums, &positions);
    return taps.rows * taps.columns;
}

static void sum_tile(work *w, const tile *t)
{
    const mote_depthwise_axis *const axes = w->call->cut.axes;
    const mote_real *weights = w->sums;
    make_image(w, t);
    for (size_t row = 0; row < axes[0].phases; row++) {
        for (size_t column = 0; column < axes[1].phases; column++)
            weights += sum_phases(w, t, row, column, weights) * CHANNELS;
    }
    gather_tile(w, t);
}

static void start_channels(work *w, size_t block)
{
    w->channel = block * CHANNELS;
    w->channels = mote_size_min(w->call->shape->channels - w->channel, CHANNELS);
    w->last = (tile){0};
}

static void load_weights(const work *w)
{
    const size_t taps = count_taps(w);
    const mote_real *const weight = w->call->weight + w->channel * taps;
    for (size_t tap = 0; tap < taps; tap++) {
        for (size_t c = 0; c < CHANNELS; c++)
            w->sums[tap * CHANNELS + c] = c < w->channels ? weight[c * taps + w->order[tap]] : 0;
    }
    for (size_t c = 0; c < CHANNELS && w->call->bias; c++)
        w->bias[c] = c < w->channels ? w->call->bias[w->channel + c] : 0;
}

static size_t count_tiles(const mote_depthwise_cut *cut)
{
    return cut->sample_tiles * cut->tiles[0] * cut->tiles[1];
}

static size_t count_blocks(const mote_depthwise *shape)
{
    return mote_size_ceil_divide(shape->channels, CHANNELS);
}

static void sum_items(void *argument, size_t task, size_t task_count)
{
    const depthwise_call *const call = (const depthwise_call *)argument;
    const size_t tiles = count_tiles(&call->cut);
    size_t item = 0;
    const size_t count =
        mote_parallel_part(count_blocks(call->shape) * tiles, task, task_count, &item);
    const size_t end = item + count;
    work w = make_work(call, task);
    for (; item < end; item++) {
        if (w.channels == 0 || item % tiles == 0) {
            start_channels(&w, item / tiles);
            load_weights(&w);
        }
        const tile t = find_tile(&w, item % tiles);
        sum_tile(&w, &t);
    }
}

void MOTE_KERNEL(depthwise)(const mote_depthwise *shape, const mote_real *x,
                            const mote_real *weight, const mote_real *bias, mote_real *y,
                            const mote_parallel *parallel, void *scratch)
{
    if (mote_depthwise_has_rows(shape, MOTE_DEPTHWISE_FORWARD)) {
        MOTE_KERNEL(depthwise_rows)
        (shape, MOTE_DEPTHWISE_FORWARD, (const mote_real *[]){x, weight, bias}, y, parallel,
         scratch);
        return;
    }
    depthwise_call call = {
        .shape = shape,
        .cut = mote_depthwise_make_cut(shape, MOTE_DEPTHWISE_FORWARD,
                                       parallel ? parallel->thread_count : 1),
        .from = x,
        .weight = weight,
        .bias = bias,
        .scratch = scratch,
    };
    call.to = y;
    mote_parallel_run(parallel, sum_items, &call, call.cut.tasks);
}

void MOTE_KERNEL(depthwise_derivative)(const mote_depthwise *shape, const mote_real *weight,
                                       const mote_real *dy, mote_real *dx,
                                       const mote_parallel *parallel, void *scratch)
{
    if (mote_depthwise_has_rows(shape, MOTE_DEPTHWISE_DERIVATIVE)) {
        MOTE_KERNEL(depthwise_rows)
        (shape, MOTE_DEPTHWISE_DERIVATIVE, (const mote_real *[]){dy, weight, NULL}, dx, parallel,
         scratch);
        return;
    }
    depthwise_call call = {
        .shape = shape,
        .cut = mote_depthwise_make_cut(shape, MOTE_DEPTHWISE_DERIVATIVE,
                                       parallel ? parallel->thread_count : 1),
        .from = dy,
        .weight = weight,
        .scratch = scratch,
    };
    call.to = dx;
    mote_parallel_run(parallel, sum_items, &call, call.cut.tasks);
}

/// Rows of sums over positions, one a tap: of the block at hand, of the group's blocks before it, of the groups before.
typedef struct gradient_sums {
    size_t elements;
    size_t group;    // positions of a group
    size_t position; // in the group
    bool has_total;
    mote_real *block, *blocks, *total;
} gradient_sums;

static gradient_sums start_sums(const work *w)
{
    const mote_depthwise_axis *const axes = w->call->cut.axes;
    const size_t plane = axes[0].positions * axes[1].positions;
    gradient_sums sums = {.elements = count_taps(w) * CHANNELS,
                          .group = mote_batch_group(plane) * plane};
    sums.block = w->sums;
    sums.blocks = sums.block + sums.elements;
    sums.total = sums.blocks + sums.elements;
    return sums;
}

static void store_or_add(size_t count, bool add, const mote_real *x, mote_real *sum)
{
    for (size_t i = 0; i < count; i++)
        sum[i] = add ? sum[i] + x[i] : x[i];
}

static void end_block(const gradient_sums *sums)
{
    store_or_add(sums->elements, sums->position > MOTE_PRODUCT_BLOCK, sums->block, sums->blocks);
}

static void end_group(gradient_sums *sums)
{
    if (sums->position % MOTE_PRODUCT_BLOCK != 0)
        end_block(sums);
    store_or_add(sums->elements, sums->has_total, sums->blocks, sums->total);
    sums->has_total = true;
    sums->position = 0;
}

/// Positions from `at` on, at most `count`: whole planes, whole rows of a plane, or a part of a row.
static mote_depthwise_runs find_runs(const work *w, const tile *t, size_t at, size_t count)
{
    const mote_depthwise_axis *const axes = w->call->cut.axes;
    const size_t columns = t->count[1];
    const size_t plane = t->count[0] * columns;
    mote_depthwise_runs found = {
        .runs = {1, 1},
        .count = columns,
        .run_steps = {get_image_elements(w), get_place(w, axes[0].step, 0)},
        .step = axes[1].step * CHANNELS,
    };
    if (at % columns > 0 || count < columns) {
        found.count = mote_size_min(count, columns - at % columns);
    } else if (at % plane > 0 || count < plane) {
        found.runs[1] = mote_size_min(count, plane - at % plane) / columns;
    } else {
        found.runs[0] = count / plane;
        found.runs[1] = t->count[0];
    }
    return found;
}

/// As many of them as make regular runs; returns how many.
static size_t add_runs(const work *w, const tile *t, size_t at, size_t count,
                       const gradient_sums *sums)
{
    const mote_depthwise_runs runs = find_runs(w, t, at, count);
    const size_t columns = t->count[1];
    const size_t rows = at / columns;
    const size_t sample = rows / t->count[0] * runs.run_steps[0];
    const size_t row = rows % t->count[0] * runs.run_steps[1];
    size_t first = 0;
    const mote_depthwise_taps taps = get_taps(w, 0, 0, &first);
    const mote_depthwise_gradient gradient = {
        .image = w->image + sample + row + at % columns * runs.step + first,
        .taps = taps,
        .sums = sums->block,
    };
    MOTE_KERNEL(depthwise_unit).sum_positions(&gradient, &runs, w->out + at * CHANNELS);
    return runs.runs[0] * runs.runs[1] * runs.count;
}

static void add_positions(const work *w, const tile *t, gradient_sums *sums)
{
    const size_t end = t->samples * t->count[0] * t->count[1];
    size_t count = 0;
    for (size_t at = 0; at < end; at += count) {
        const size_t in_block = sums->position % MOTE_PRODUCT_BLOCK;
        count = mote_size_min(end - at, sums->group - sums->position);
        count = mote_size_min(count, MOTE_PRODUCT_BLOCK - in_block);
        if (in_block == 0)
            memset(sums->block, 0, sums->elements * sizeof *sums->block);
        count = add_runs(w, t, at, count, sums);
        sums->position += count;
        if (sums->position % MOTE_PRODUCT_BLOCK == 0)
            end_block(sums);
        if (sums->position == sums->group)
            end_group(sums);
    }
}

static void spread_output_derivatives(const work *w, const tile *t)
{
    const mote_depthwise_planes planes = get_planes(w, t);
    for (size_t i = 0; i < t->samples; i++) {
        MOTE_KERNEL(depthwise_unit)
            .spread(&planes, w->call->dy + find_plane(w, t, i), w->rows,
                    w->out + i * planes.count * CHANNELS);
    }
}

/// Goes on from the groups before.
static void read_totals(const work *w, gradient_sums *sums)
{
    const size_t taps = count_taps(w);
    sums->has_total = true;
    for (size_t c = 0; c < w->channels; c++) {
        for (size_t tap = 0; tap < taps; tap++)
            sums->total[tap * CHANNELS + c] = w->call->to[(w->channel + c) * taps + tap];
    }
}

static void make_gradient(work *w)
{
    const size_t tiles = count_tiles(&w->call->cut);
    const size_t taps = count_taps(w);
    gradient_sums sums = start_sums(w);
    if (w->call->shape->goes_on)
        read_totals(w, &sums);
    for (size_t i = 0; i < tiles; i++) {
        const tile t = find_tile(w, i);
        make_image(w, &t);
        spread_output_derivatives(w, &t);
        add_positions(w, &t, &sums);
    }
    if (sums.position > 0)
        end_group(&sums);
    for (size_t c = 0; c < w->channels; c++) {
        for (size_t tap = 0; tap < taps; tap++)
            w->call->to[(w->channel + c) * taps + tap] = sums.total[tap * CHANNELS + c];
    }
}

static void make_gradients(void *argument, size_t task, size_t task_count)
{
    const depthwise_call *const call = (const depthwise_call *)argument;
    size_t block = 0;
    const size_t count = mote_parallel_part(count_blocks(call->shape), task, task_count, &block);
    const size_t end = block + count;
    work w = make_work(call, task);
    for (; block < end; block++) {
        start_channels(&w, block);
        make_gradient(&w);
    }
}

void MOTE_KERNEL(depthwise_gradient)(const mote_depthwise *shape, const mote_real *x,
                                     const mote_real *dy, mote_real *gradient,
                                     const mote_parallel *parallel, void *scratch)
{
    depthwise_call call = {
        .shape = shape,
        .cut = mote_depthwise_make_cut(shape, MOTE_DEPTHWISE_GRADIENT,
                                       parallel ? parallel->thread_count : 1),
        .from = x,
        .dy = dy,
        .scratch = scratch,
    };
    call.to = gradient;
    mote_parallel_run(parallel, make_gradients, &call, call.cut.tasks);
}
