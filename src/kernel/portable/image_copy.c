// SPDX-License-Identifier: Apache-2.0
// Reading an image in place: offsets of positions and taps, and the copy with padding.
#include "kernel/portable/image_copy.h"

#include "kernel/portable/pack.h"

#include "base/size.h"

/// A range of rows or columns of the copy that lie in the image: those from `at` on are the image's from `from` on.
typedef struct range {
    size_t from, count;
    size_t at;
} range;

/// Of the copy's [0, extent), which begins at `first`.
static range clip(ptrdiff_t first, size_t extent, size_t image_extent)
{
    range found = {0};
    if (first < 0)
        found.at = (size_t)-first;
    else
        found.from = (size_t)first;
    if (found.at >= extent || found.from >= image_extent)
        return (range){0};
    found.count = mote_size_min(extent - found.at, image_extent - found.from);
    return found;
}

static size_t sample_step(const mote_reader *reader)
{
    return reader->image->is_copied ? reader->image->channels * reader->image->plane
                                    : reader->factor->patches.sample_stride;
}

mote_chunk MOTE_KERNEL(image_chunk)(const mote_factor *factor, size_t first, size_t count)
{
    const mote_patches *const p = &factor->patches;
    const size_t plane = p->positions_height * p->positions_width;
    const size_t sample = first / plane;
    return (mote_chunk){
        .first = first,
        .count = count,
        .sample = sample,
        .sample_count = mote_size_ceil_divide(first + count, plane) - sample,
        .row = first % plane / p->positions_width,
        .column = first % plane % p->positions_width,
    };
}

void MOTE_KERNEL(image_start)(const mote_reader *reader)
{
    if (reader->image->is_copied)
        memset(reader->copy, 0, reader->image->copy * sizeof *reader->copy);
}

/// to[i] = from[i * step]; the usual step is known to the compiler.
static void split_phase(size_t step, size_t count, const mote_real *from, mote_real *to)
{
    for (size_t i = 0; step == 2 && i < count; i++)
        to[i] = from[i * 2];
    for (size_t i = 0; step != 2 && i < count; i++)
        to[i] = from[i * step];
}

/// Both phases of two, which are read once. The first has one element more where `count` is odd.
static void split_two(size_t count, const mote_real *from, mote_real *first, mote_real *second)
{
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count / 2; i++) {
        first[i] = from[2 * i];
        second[i] = from[2 * i + 1];
    }
    if (count % 2 == 1)
        first[count / 2] = from[count - 1];
}

/// Whether a tap meets rows or columns `at` of the copy, which positions meet every `step`.
static bool is_met(size_t at, size_t step, size_t kernel, ptrdiff_t tap)
{
    const size_t distance = (size_t)(tap < 0 ? -tap : tap);
    for (size_t i = 0; i < kernel && i < step; i++) {
        if (i * distance % step == at % step)
            return true;
    }
    return false;
}

/// A row of the image into one of the copy, whose padding is there.
static void copy_row(const mote_reader *reader, const range *columns, const mote_real *from,
                     mote_real *to)
{
    const mote_patches *const p = &reader->factor->patches;
    const size_t phases = reader->image->phases;
    const size_t phase_step = reader->image->phase_step;
    from += columns->from;
    if (phases == 1) {
        mote_copy_run(to + columns->at, from, columns->count);
        return;
    }
    if (phases == 2 && p->kernel_width > 1 && p->tap_width % 2 != 0) {
        mote_real *const other = to + (columns->at + 1) % 2 * phase_step + (columns->at + 1) / 2;
        to += columns->at % 2 * phase_step + columns->at / 2;
        split_two(columns->count, from, to, other);
        return;
    }
    for (size_t first = 0; first < phases && first < columns->count; first++) {
        const size_t at = columns->at + first;
        if (!is_met(at, phases, p->kernel_width, p->tap_width))
            continue;
        split_phase(phases, mote_size_ceil_divide(columns->count - first, phases), from + first,
                    to + at % phases * phase_step + at / phases);
    }
}

/// Elements from what is copied to what is fetched, and of a line of the cache: a strip's rows come from memory, and are
/// too short for the processor to foresee them.
#define FETCH_AHEAD 1536U
#define FETCH_LINE  16U

static void fetch_row(size_t width, const mote_real *from)
{
    for (size_t i = 0; i < width; i += FETCH_LINE)
        __builtin_prefetch(from + FETCH_AHEAD + i);
}

static void copy_strip(const mote_reader *reader, const range *rows, const range *columns,
                       const mote_real *from, mote_real *to)
{
    const mote_image *const image = reader->image;
    const mote_patches *const p = &reader->factor->patches;
    from += rows->from * p->width;
    for (size_t row = 0; row < image->height; row++, to += image->row_step) {
        if (row < rows->at || row >= rows->at + rows->count) {
            memset(to, 0, image->row_step * sizeof *to);
            continue;
        }
        if (image->has_parts) // the last part's columns were others
            memset(to, 0, image->row_step * sizeof *to);
        fetch_row(p->width, from);
        if (p->step_height == 1 || is_met(row, p->step_height, p->kernel_height, p->tap_height))
            copy_row(reader, columns, from, to);
        from += p->width;
    }
}

/// Rows that stay as they are; usual lengths are known to the compiler.
static void copy_rows(const mote_reader *reader, size_t rows, size_t count, const mote_real *from,
                      mote_real *to)
{
    const size_t from_step = reader->factor->patches.width;
    const size_t to_step = reader->image->row_step;
    for (size_t i = 0; count == 4 && i < rows; i++)
        memcpy(to + i * to_step, from + i * from_step, 4 * sizeof *to);
    for (size_t i = 0; count == 8 && i < rows; i++)
        memcpy(to + i * to_step, from + i * from_step, 8 * sizeof *to);
    for (size_t i = 0; count == 16 && i < rows; i++)
        memcpy(to + i * to_step, from + i * from_step, 16 * sizeof *to);
    for (size_t i = 0; count != 4 && count != 8 && count != 16 && i < rows; i++)
        mote_copy_run(to + i * to_step, from + i * from_step, count);
}

static bool has_plain_rows(const mote_reader *reader)
{
    return reader->factor->patches.step_height == 1 && reader->image->phases == 1;
}

static void copy_plane(const mote_reader *reader, const range *rows, const range *columns,
                       const mote_real *from, mote_real *to)
{
    const mote_patches *const p = &reader->factor->patches;
    from += rows->from * p->width;
    to += rows->at * reader->image->row_step;
    if (has_plain_rows(reader)) {
        copy_rows(reader, rows->count, columns->count, from + columns->from, to + columns->at);
        return;
    }
    for (size_t i = 0; i < rows->count; i++) {
        const size_t at = rows->at + i;
        if (p->step_height == 1 || is_met(at, p->step_height, p->kernel_height, p->tap_height))
            copy_row(reader, columns, from, to);
        from += p->width;
        to += reader->image->row_step;
    }
}

static ptrdiff_t first_row(const mote_reader *reader, const mote_chunk *chunk)
{
    const size_t row = reader->image->has_strips ? chunk->row : 0;
    return reader->image->first_row + (ptrdiff_t)(row * reader->factor->patches.step_height);
}

static ptrdiff_t first_column(const mote_reader *reader, const mote_chunk *chunk)
{
    const size_t column = reader->image->has_parts ? chunk->column : 0;
    return reader->image->first_column + (ptrdiff_t)(column * reader->factor->patches.step_width);
}

static void copy_channels(const mote_reader *reader, const mote_chunk *chunk, size_t count)
{
    const mote_patches *const p = &reader->factor->patches;
    const mote_image *const image = reader->image;
    const range rows = clip(first_row(reader, chunk), image->height, p->height);
    const range columns = clip(first_column(reader, chunk), image->width, p->width);
    for (size_t sample = 0; sample < chunk->sample_count; sample++) {
        const mote_real *from = reader->factor->data + (chunk->sample + sample) * p->sample_stride +
                                reader->channel * p->height * p->width;
        mote_real *to = reader->copy + sample * sample_step(reader);
        for (size_t i = 0; i < count; i++) {
            if (image->has_strips)
                copy_strip(reader, &rows, &columns, from, to);
            else
                copy_plane(reader, &rows, &columns, from, to);
            from += p->height * p->width;
            to += image->plane;
        }
    }
}

void MOTE_KERNEL(image_read)(mote_reader *reader, const mote_chunk *chunk, size_t channel,
                             size_t count)
{
    const mote_patches *const p = &reader->factor->patches;
    if (reader->count == count && reader->channel == channel && reader->position == chunk->first)
        return;
    reader->channel = channel;
    reader->count = count;
    reader->position = chunk->first;
    if (reader->image->is_copied) {
        copy_channels(reader, chunk, count);
        reader->first = reader->copy;
        return;
    }
    reader->first = reader->factor->data + chunk->sample * p->sample_stride +
                    channel * reader->image->plane + (size_t)first_row(reader, chunk) * p->width +
                    (size_t)reader->image->first_column;
}

void MOTE_KERNEL(image_positions)(const mote_reader *reader, const mote_chunk *chunk, size_t first,
                                  size_t count, uint32_t *offsets)
{
    const mote_patches *const p = &reader->factor->patches;
    const size_t plane = p->positions_height * p->positions_width;
    const size_t top = reader->image->has_strips ? chunk->row : 0;
    const size_t left = reader->image->has_parts ? chunk->column : 0;
    const size_t down = p->step_height * reader->image->row_step;
    const size_t across = reader->image->column_step;
    size_t sample_at = (first / plane - chunk->sample) * sample_step(reader);
    size_t row = first % plane / p->positions_width;
    size_t column = first % plane % p->positions_width;
    for (size_t i = 0; i < count;) {
        const size_t run = mote_size_min(p->positions_width - column, count - i);
        const size_t at = sample_at + (row - top) * down + (column - left) * across;
        for (size_t j = 0; j < run; j++)
            offsets[i + j] = (uint32_t)at + (uint32_t)j * (uint32_t)across;
        i += run;
        column = 0;
        row++;
        if (row == p->positions_height) {
            row = 0;
            sample_at += sample_step(reader);
        }
    }
}

/// Of kernel row or column `index` from the tap nearest to the origin.
static size_t distance(size_t index, size_t kernel, ptrdiff_t tap)
{
    return tap < 0 ? (kernel - 1 - index) * (size_t)-tap : index * (size_t)tap;
}

size_t MOTE_KERNEL(image_tap)(const mote_reader *reader, size_t tap)
{
    const mote_patches *const p = &reader->factor->patches;
    const mote_image *const image = reader->image;
    const size_t taps = p->kernel_height * p->kernel_width;
    const size_t in_kernel = tap % taps;
    const size_t row = distance(in_kernel / p->kernel_width, p->kernel_height, p->tap_height);
    const size_t column = distance(in_kernel % p->kernel_width, p->kernel_width, p->tap_width);
    const size_t across = column % image->phases * image->phase_step + column / image->phases;
    return (tap / taps - reader->channel) * image->plane + row * image->row_step + across;
}
