// SPDX-License-Identifier: Apache-2.0
// Geometry of images that products read in place: the same for every level.
#include "kernel/image.h"

#include "base/size.h"

#include <assert.h>
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
    return (dense && p->step_width != 1) || !is_inside(image->first_row, height, p->height) ||
           !is_inside(image->first_column, width, p->width) ||
           p->sample_stride > UINT32_MAX / image->samples; // offsets have 32 bits
}

bool mote_image_cut(const mote_patches *p, const mote_image_wish *wish, mote_image *image)
{
    assert(p->divisor_height == 1 && p->divisor_width == 1);
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

size_t mote_image_left(const mote_image *image, size_t chunk, size_t plane, size_t first)
{
    const size_t left = chunk - first % plane % chunk;
    return image->has_strips ? mote_size_min(left, plane - first % plane) : left;
}

/// Of the image's row or column where tap `index` and the first position of a phase meet; false in a gap.
static bool find_meeting(const mote_phase_axis *axis, size_t phase, size_t index, ptrdiff_t *place)
{
    const ptrdiff_t at = (ptrdiff_t)phase + axis->offset + (ptrdiff_t)index * axis->tap;
    *place = at / (ptrdiff_t)axis->divisor;
    return at % (ptrdiff_t)axis->divisor == 0;
}

bool mote_phase_meets(const mote_phase_axis *axis, size_t phase, size_t index, size_t *distance)
{
    ptrdiff_t place = 0;
    if (!find_meeting(axis, phase, index, &place))
        return false;
    *distance = (size_t)(place - axis->first);
    return true;
}

static void find_reach(size_t kernel, mote_phase_axis *axis)
{
    ptrdiff_t last = 0;
    for (size_t i = 0; i < kernel; i++) {
        for (size_t phase = 0; phase < axis->phases; phase++) {
            ptrdiff_t place = 0;
            if (!find_meeting(axis, phase, i, &place))
                continue;
            axis->first = axis->reach == 0 || place < axis->first ? place : axis->first;
            last = axis->reach == 0 || place > last ? place : last;
            axis->reach = (size_t)(last - axis->first) + 1;
        }
    }
}

static mote_phase_axis find_phases(size_t divisor, size_t positions, ptrdiff_t tap,
                                   ptrdiff_t offset)
{
    return (mote_phase_axis){
        .divisor = divisor,
        .phases = mote_size_min(divisor, positions),
        .positions = mote_size_ceil_divide(positions, divisor),
        .tap = tap,
        .offset = offset,
    };
}

mote_patches mote_phases_join(const mote_patches *p, mote_phase_axis axes[2])
{
    axes[0] = find_phases(p->divisor_height, p->positions_height, p->tap_height, p->offset_height);
    axes[1] = find_phases(p->divisor_width, p->positions_width, p->tap_width, p->offset_width);
    find_reach(p->kernel_height, &axes[0]);
    find_reach(p->kernel_width, &axes[1]);
    mote_patches joint = *p;
    joint.kernel_height = axes[0].reach;
    joint.kernel_width = axes[1].reach;
    joint.positions_height = axes[0].positions;
    joint.positions_width = axes[1].positions;
    joint.tap_height = 1;
    joint.tap_width = 1;
    joint.offset_height = axes[0].first;
    joint.offset_width = axes[1].first;
    joint.divisor_height = 1;
    joint.divisor_width = 1;
    return joint;
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
