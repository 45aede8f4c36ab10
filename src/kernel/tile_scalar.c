// SPDX-License-Identifier: Apache-2.0
// The tile in plain C: what every other tile must reproduce. One row at a time, so that the sums of a row
// are few enough for registers.
#include "kernel/tile.h"

#include "kernel/elementary.h"

#define COLUMNS 16U

static void run_row(size_t depth, const mote_real *left, size_t left_step, const mote_real *right,
                    mote_real sums[COLUMNS])
{
    for (size_t c = 0; c < COLUMNS; c++)
        sums[c] = 0;
    for (size_t k = 0; k < depth; k++) {
        const mote_real factor = left[k * left_step];
        for (size_t c = 0; c < COLUMNS; c++)
            sums[c] = MOTE_FMA(factor, right[k * COLUMNS + c], sums[c]);
    }
}

static void run(size_t rows, size_t depth, const mote_real *left, const mote_real *right,
                mote_real *out, size_t out_step, bool add)
{
    for (size_t r = 0; r < rows; r++) {
        mote_real sums[COLUMNS];
        run_row(depth, left + r, rows, right, sums);
        mote_real *const to = out + r * out_step;
        for (size_t c = 0; c < COLUMNS; c++)
            to[c] = add ? to[c] + sums[c] : sums[c];
    }
}

static void gather_row(const mote_gather *g, size_t row, mote_real sums[COLUMNS])
{
    for (size_t c = 0; c < COLUMNS; c++)
        sums[c] = 0;
    for (size_t k = 0; k < g->depth; k++) {
        const mote_real factor = g->rows[row][g->offsets[k]];
        for (size_t c = 0; c < g->columns; c++)
            sums[c] = MOTE_FMA(factor, g->right[k * g->columns + c], sums[c]);
    }
}

static void gather(size_t rows, const mote_gather *g)
{
    for (size_t r = 0; r < rows; r++) {
        mote_real sums[COLUMNS];
        gather_row(g, r, sums);
        for (size_t c = 0; c < g->columns; c++) {
            const size_t place = c < COLUMNS / 2 ? c : c - COLUMNS / 2 + g->half_step;
            mote_real *const to = g->out + r * g->out_step + place;
            *to = g->add ? *to + sums[c] : sums[c];
        }
    }
}

static void spread_row(const mote_spread *g, size_t row, mote_real sums[COLUMNS])
{
    for (size_t c = 0; c < COLUMNS; c++)
        sums[c] = 0;
    for (size_t k = 0; k < g->depth; k++) {
        const mote_real factor = g->left[row * g->left_step + g->terms[k].left];
        const mote_real *const low = g->right[0] + g->terms[k].right;
        const mote_real *const high = g->right[1] + g->terms[k].right;
        for (size_t c = 0; c < COLUMNS / 2; c++)
            sums[c] = MOTE_FMA(factor, low[c], sums[c]);
        for (size_t c = 0; c < COLUMNS / 2; c++)
            sums[COLUMNS / 2 + c] = MOTE_FMA(factor, high[c], sums[COLUMNS / 2 + c]);
    }
}

static void spread(size_t rows, const mote_spread *g)
{
    for (size_t r = 0; r < rows; r++) {
        mote_real sums[COLUMNS];
        spread_row(g, r, sums);
        for (size_t c = 0; c < COLUMNS; c++) {
            const size_t place = c < COLUMNS / 2 ? c : c - COLUMNS / 2 + g->half_step;
            mote_real *const to = g->out + r * g->out_step + place;
            const mote_real sum = g->add ? *to + sums[c] : sums[c];
            *to = g->biases ? sum + g->biases[r] : sum;
        }
    }
}

static void transpose(size_t lanes, size_t depth, const mote_real *from, size_t from_step,
                      mote_real *to, size_t to_step)
{
    for (size_t k = 0; k < depth; k++) {
        for (size_t lane = 0; lane < lanes; lane++)
            to[k * to_step + lane] = from[lane * from_step + k];
    }
}

const mote_tile mote_tile_scalar = {
    .rows = 6,
    .columns = COLUMNS,
    .run = run,
    .gather_rows = 6,
    .gather = gather,
    .spread_rows = 6,
    .spread = spread,
    .transpose = transpose,
};
