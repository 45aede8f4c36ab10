// SPDX-License-Identifier: Apache-2.0
// Copies of boxes: rows where both sides have them, otherwise tiles, so that neither side's cache lines are met
// again and again.
#include "kernel/portable/level.h"

#include <string.h>

#define TILE      16U
#define ROW_SHORT 16U // elements below which a call of memcpy is the greater part

static void copy_row(size_t count, const mote_real *x, mote_real *y)
{
    if (count >= ROW_SHORT) {
        memcpy(y, x, count * sizeof *y);
        return;
    }
    for (size_t i = 0; i < count; i++)
        y[i] = x[i];
}

static void copy_rows(const mote_box *box, const mote_real *x, mote_real *y)
{
    for (size_t i = 0; i < box->counts[0]; i++) {
        for (size_t j = 0; j < box->counts[1]; j++)
            copy_row(box->counts[2], x + i * box->x_steps[0] + j * box->x_steps[1],
                     y + i * box->y_steps[0] + j * box->y_steps[1]);
    }
}

/// Two of a box's axes.
typedef struct face {
    size_t rows, columns;
    size_t x_row, x_column, y_row, y_column; // steps
} face;

static size_t clip(size_t rest)
{
    return rest < TILE ? rest : TILE;
}

static void copy_tile(const face *f, size_t rows, size_t columns, const mote_real *x, mote_real *y)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++)
            y[r * f->y_row + c * f->y_column] = x[r * f->x_row + c * f->x_column];
    }
}

static void copy_face(const face *f, const mote_real *x, mote_real *y)
{
    for (size_t r = 0; r < f->rows; r += TILE) {
        for (size_t c = 0; c < f->columns; c += TILE)
            copy_tile(f, clip(f->rows - r), clip(f->columns - c),
                      x + r * f->x_row + c * f->x_column, y + r * f->y_row + c * f->y_column);
    }
}

void MOTE_KERNEL(copy_box)(const mote_box *box, const mote_real *x, mote_real *y)
{
    if (box->x_steps[2] == 1 && box->y_steps[2] == 1) {
        copy_rows(box, x, y);
        return;
    }
    // tiles hold the axis along which x is dense
    const size_t row = box->x_steps[0] < box->x_steps[1] && box->counts[0] > 1 ? 0 : 1;
    const size_t rest = 1 - row;
    const face f = {.rows = box->counts[row],
                    .columns = box->counts[2],
                    .x_row = box->x_steps[row],
                    .x_column = box->x_steps[2],
                    .y_row = box->y_steps[row],
                    .y_column = box->y_steps[2]};
    for (size_t i = 0; i < box->counts[rest]; i++)
        copy_face(&f, x + i * box->x_steps[rest], y + i * box->y_steps[rest]);
}
