// SPDX-License-Identifier: Apache-2.0
// Panels of neighbouring positions: where they lie in the image, and copies of them.
#include "kernel/portable/position_panel.h"

#include "base/size.h"

#include <string.h>

/// Neighbouring positions that are neighbours in the image, too.
typedef struct segment {
    size_t lane, length;
    uint32_t from;
} segment;

static size_t find_segments(const mote_position_panel *p, segment segments[MOTE_TILE_COLUMNS_MAX])
{
    const size_t width = p->reader->factor->patches.positions_width;
    size_t count = 0;
    for (size_t lane = 0; lane < p->width; count++) {
        const size_t position = p->position + lane;
        segment *const part = &segments[count];
        *part = (segment){.lane = lane, .length = p->width - lane};
        part->length = mote_size_min(part->length, width - position % width);
        MOTE_KERNEL(image_positions)(p->reader, p->chunk, position, 1, &part->from);
        lane += part->length;
    }
    return count;
}

/// Runs of every length that a panel can have: with a length that the compiler knows a copy becomes a few moves.
#define LENGTHS_8(X, n) X(n + 1) X(n + 2) X(n + 3) X(n + 4) X(n + 5) X(n + 6) X(n + 7) X(n + 8)
#define LENGTHS(X)      LENGTHS_8(X, 0) LENGTHS_8(X, 8) LENGTHS_8(X, 16) LENGTHS_8(X, 24)

#define PACK_RUNS(length)                                                    \
    case length:                                                             \
        for (size_t k = 0; k < depth; k++)                                   \
            memcpy(to + k * columns, from + taps[k], (length) * sizeof *to); \
        break;

#define COPY_RUNS(length)                                                          \
    case length:                                                                   \
        for (size_t r = 0; r < rows; r++)                                          \
            memcpy(to + r * to_step, from + r * from_step, (length) * sizeof *to); \
        break;

// NOLINTNEXTLINE(readability-function-size): a case for each length
static void pack_neighbours(size_t length, size_t depth, const uint32_t *taps,
                            const mote_real *from, mote_real *to)
{
    const size_t columns = MOTE_KERNEL(tile).columns;
    switch (length) {
        LENGTHS(PACK_RUNS)
    }
}

/// to[i] = from[2 * i]
static inline void split_pairs(size_t count, const mote_real *restrict from, mote_real *restrict to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = from[2 * i];
}

/// Positions that are `step` apart in the image; usual steps and lengths are known to the compiler.
static void pack_steps(size_t length, size_t step, const mote_real *restrict from,
                       mote_real *restrict to)
{
    if (step == 2 && length % 16 == 0) {
        for (size_t i = 0; i < length; i += 16)
            split_pairs(16, from + 2 * i, to + i);
    } else if (step == 2 && length % 8 == 0) {
        for (size_t i = 0; i < length; i += 8)
            split_pairs(8, from + 2 * i, to + i);
    } else if (step == 2) {
        split_pairs(length, from, to);
    } else {
        for (size_t i = 0; i < length; i++)
            to[i] = from[i * step];
    }
}

static void pack_segment(size_t length, size_t step, size_t depth, const uint32_t *taps,
                         const mote_real *from, mote_real *to)
{
    if (step == 1) {
        pack_neighbours(length, depth, taps, from, to);
        return;
    }
    for (size_t k = 0; k < depth; k++)
        pack_steps(length, step, from + taps[k], to + k * MOTE_KERNEL(tile).columns);
}

void MOTE_KERNEL(panel_pack)(const mote_position_panel *panel, size_t depth, const uint32_t *taps,
                             mote_real *to)
{
    segment segments[MOTE_TILE_COLUMNS_MAX];
    const size_t count = find_segments(panel, segments);
    const size_t columns = MOTE_KERNEL(tile).columns;
    if (panel->width < columns)
        memset(to, 0, depth * columns * sizeof *to);
    for (size_t i = 0; i < count; i++)
        pack_segment(segments[i].length, panel->reader->image->column_step, depth, taps,
                     panel->reader->first + segments[i].from, to + segments[i].lane);
}

bool MOTE_KERNEL(panel_is_direct)(const mote_reader *reader)
{
    return reader->image->column_step == 1 &&
           reader->factor->patches.positions_width % (MOTE_KERNEL(tile).columns / 2) == 0;
}

void MOTE_KERNEL(panel_find)(const mote_position_panel *panel, const mote_real *halves[2])
{
    const size_t half = MOTE_KERNEL(tile).columns / 2;
    for (size_t i = 0; i < 2; i++) {
        const size_t lane = panel->width > half ? i * half : 0;
        uint32_t offset = 0;
        MOTE_KERNEL(image_positions)
        (panel->reader, panel->chunk, panel->position + lane, 1, &offset);
        halves[i] = panel->reader->first + offset;
    }
}

// NOLINTNEXTLINE(readability-function-size): a case for each length
void MOTE_KERNEL(panel_copy_rows)(size_t length, size_t rows, const mote_real *from,
                                  size_t from_step, mote_real *to, size_t to_step)
{
    switch (length) {
        LENGTHS(COPY_RUNS)
    }
}
