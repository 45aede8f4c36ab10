// SPDX-License-Identifier: Apache-2.0
// Geometry of images that products read in place: the same for every level.
#include "kernel/image.h"

#include "base/size.h"

#include <stdint.h>

static ptrdiff_t lowest(size_t kernel, ptrdiff_t tap)
{
    return tap < 0 ? (ptrdiff_t)(kernel - 1) * tap : 0;
}

/// Rows or columns that `positions` neighbours reach with all taps.
static size_t reach(size_t positions, size_t step, size_t kernel, ptrdiff_t tap)
{
    const size_t taps = (kernel - 1) * (size_t)(tap < 0 ? -tap : tap);
    return (positions - 1) * step + taps + 1;
}

static bool is_inside(ptrdiff_t first, size_t count, size_t extent)
{
    return first >= 0 && (size_t)first + count <= extent;
}

static bool needs_copy(const mote_patches *p, const mote_image *image, bool dense)
{
    const size_t height =
        reach(p->positions_height, p->step_height, p->kernel_height, p->tap_height);
    const size_t width = reach(p->positions_width, p->step_width, p->kernel_width, p->tap_width);
    return p->divisor_height != 1 || p->divisor_width != 1 || (dense && p->step_width != 1) ||
           !is_inside(image->first_row, height, p->height) ||
           !is_inside(image->first_column, width, p->width) ||
           p->sample_stride > UINT32_MAX / image->samples; // offsets have 32 bits
}

bool mote_image_cut(const mote_patches *p, const mote_image_wish *wish, mote_image *image)
{
    const size_t plane = p->positions_height * p->positions_width;
    const size_t strip = mote_size_ceil_divide(wish->chunk - 1, p->positions_width) + 1;
    const size_t rows = mote_size_min(p->positions_height, strip);
    const bool has_parts = p->positions_height == 1 && wish->chunk < plane;
    const size_t columns = has_parts ? wish->chunk : p->positions_width;
    *image = (mote_image){
        .has_strips = wish->chunk < plane,
        .samples = mote_size_max(wish->chunk / plane, 1),
        .channels = wish->channels,
        .height = reach(rows, p->step_height, p->kernel_height, p->tap_height),
        .width = reach(columns, p->step_width, p->kernel_width, p->tap_width),
        .phases = 1,
        .column_step = p->step_width,
        .row_step = p->width,
        .plane = p->height * p->width,
        .first_row = p->offset_height + lowest(p->kernel_height, p->tap_height),
        .first_column = p->offset_width + lowest(p->kernel_width, p->tap_width),
    };
    image->is_copied = needs_copy(p, image, wish->dense);
    if (!image->is_copied)
        return true;
    image->has_parts = has_parts;
    const size_t samples = mote_size_min(image->samples, wish->batch);
    if (wish->dense) {
        image->phases = p->step_width;
        image->column_step = 1;
    }
    image->phase_step = mote_size_ceil_divide(image->width, image->phases);
    image->row_step = image->phases * image->phase_step;
    image->plane = image->height * image->row_step;
    const size_t fitting = wish->most / (image->samples * image->plane);
    image->channels = mote_size_max(mote_size_min(wish->channels, fitting), 1);
    image->copy = samples * image->channels * image->plane;
    return fitting >= wish->fewest;
}

/// The taps along an axis that meet the image from position `phase` on.
typedef struct meeting {
    size_t first, step, count;
    ptrdiff_t offset; // of the image's row or column at the first
    ptrdiff_t tap;    // its distance between taps
} meeting;

static meeting meet(size_t divisor, size_t phase, size_t kernel, ptrdiff_t tap, ptrdiff_t offset)
{
    const ptrdiff_t d = (ptrdiff_t)divisor;
    meeting found = {.step = 1};
    while ((ptrdiff_t)found.step * tap % d != 0)
        found.step++;
    for (; found.first < kernel && found.first < found.step; found.first++) {
        const ptrdiff_t place = (ptrdiff_t)phase + offset + (ptrdiff_t)found.first * tap;
        if (place % d != 0)
            continue;
        found.count = (kernel - 1 - found.first) / found.step + 1;
        found.offset = place / d;
        found.tap = (ptrdiff_t)found.step * tap / d;
        break;
    }
    return found;
}

size_t mote_phase_count(const mote_patches *patches)
{
    return mote_size_min(patches->divisor_height, patches->positions_height) *
           mote_size_min(patches->divisor_width, patches->positions_width);
}

mote_phase mote_phase_get(const mote_patches *p, size_t index)
{
    const size_t columns = mote_size_min(p->divisor_width, p->positions_width);
    mote_phase phase = {.row = index / columns, .column = index % columns, .patches = *p};
    if (p->divisor_height == 1 && p->divisor_width == 1) {
        phase.tap_step[0] = 1;
        phase.tap_step[1] = 1;
        return phase;
    }
    const meeting rows =
        meet(p->divisor_height, phase.row, p->kernel_height, p->tap_height, p->offset_height);
    const meeting taps =
        meet(p->divisor_width, phase.column, p->kernel_width, p->tap_width, p->offset_width);
    phase.first_tap[0] = rows.first;
    phase.first_tap[1] = taps.first;
    phase.tap_step[0] = rows.step;
    phase.tap_step[1] = taps.step;
    mote_patches *const own = &phase.patches;
    own->kernel_height = rows.count;
    own->kernel_width = taps.count;
    own->positions_height =
        mote_size_ceil_divide(p->positions_height - phase.row, p->divisor_height);
    own->positions_width =
        mote_size_ceil_divide(p->positions_width - phase.column, p->divisor_width);
    own->tap_height = rows.tap;
    own->tap_width = taps.tap;
    own->offset_height = rows.offset;
    own->offset_width = taps.offset;
    own->divisor_height = 1;
    own->divisor_width = 1;
    return phase;
}

mote_patches mote_patches_flatten(const mote_patches *p)
{
    const bool one_tap = p->kernel_height == 1 && p->kernel_width == 1;
    const bool every_position = p->step_height == 1 && p->step_width == 1 &&
                                p->divisor_height == 1 && p->divisor_width == 1;
    const bool same_extent = p->positions_height == p->height && p->positions_width == p->width;
    mote_patches flat = *p;
    if (!one_tap || !every_position || !same_extent || p->offset_height != 0 ||
        p->offset_width != 0)
        return flat;
    flat.width *= flat.height;
    flat.positions_width = flat.width;
    flat.height = 1;
    flat.positions_height = 1;
    return flat;
}
