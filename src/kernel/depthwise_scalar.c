// SPDX-License-Identifier: Apache-2.0
// Depth-wise sums in plain C: what every other unit must reproduce.
#include "kernel/depthwise_unit.h"

#include "base/training.h"
#include "kernel/elementary.h"

#define CHANNELS ((size_t)MOTE_DEPTHWISE_CHANNELS)

static void spread(size_t channels, size_t count, const mote_real *from, size_t from_step,
                   const uint32_t *places, mote_real *to)
{
    for (size_t k = 0; k < count; k++) {
        for (size_t c = 0; c < CHANNELS; c++)
            to[places[k] + c] = c < channels ? from[c * from_step + k] : 0;
    }
}

static void gather(size_t channels, size_t count, const mote_real *from, mote_real *to,
                   size_t to_step)
{
    for (size_t c = 0; c < channels; c++) {
        for (size_t k = 0; k < count; k++)
            to[c * to_step + k] = from[k * CHANNELS + c];
    }
}

static const mote_real *find_tap(const mote_depthwise_taps *taps, size_t tap,
                                 const mote_real *image)
{
    return image + (ptrdiff_t)(tap / taps->columns) * taps->row_step +
           (ptrdiff_t)(tap % taps->columns) * taps->column_step;
}

static void sum_position(const mote_depthwise_sums *sums, const mote_real *image, mote_real *out)
{
    mote_real row[CHANNELS] = {0};
    for (size_t tap = 0; tap < sums->taps.rows * sums->taps.columns; tap++) {
        const mote_real *const x = find_tap(&sums->taps, tap, image);
        const mote_real *const weights = sums->weights + tap * CHANNELS;
        for (size_t c = 0; c < CHANNELS; c++)
            row[c] = MOTE_FMA(weights[c], x[c], row[c]);
    }
    for (size_t c = 0; c < CHANNELS; c++)
        out[c] = sums->bias ? row[c] + sums->bias[c] : row[c];
}

static void sum_taps(const mote_depthwise_sums *sums, const mote_depthwise_runs *positions)
{
    for (size_t run = 0; run < positions->runs[0] * positions->runs[1]; run++) {
        const size_t place[2] = {run / positions->runs[1], run % positions->runs[1]};
        const mote_real *const image =
            sums->image + place[0] * positions->run_steps[0] + place[1] * positions->run_steps[1];
        mote_real *const out =
            sums->out + place[0] * sums->out_run_steps[0] + place[1] * sums->out_run_steps[1];
        for (size_t i = 0; i < positions->count; i++)
            sum_position(sums, image + i * positions->step, out + i * sums->out_step);
    }
}

static void add_position(const mote_depthwise_gradient *gradient, const mote_real *image,
                         const mote_real *dy)
{
    const mote_depthwise_taps *const taps = &gradient->taps;
    for (size_t tap = gradient->first; tap < taps->rows * taps->columns; tap++) {
        const mote_real *const x = find_tap(taps, tap, image);
        mote_real *const sums = gradient->sums + tap * CHANNELS;
        for (size_t c = 0; c < CHANNELS; c++)
            sums[c] = MOTE_FMA(dy[c], x[c], sums[c]);
    }
}

static void sum_positions(const mote_depthwise_gradient *gradient,
                          const mote_depthwise_runs *positions, const mote_real *dy)
{
    for (size_t run = 0; run < positions->runs[0] * positions->runs[1]; run++) {
        const mote_real *const image = gradient->image +
                                       run / positions->runs[1] * positions->run_steps[0] +
                                       run % positions->runs[1] * positions->run_steps[1];
        for (size_t i = 0; i < positions->count; i++, dy += CHANNELS)
            add_position(gradient, image + i * positions->step, dy);
    }
}

const mote_depthwise_unit mote_depthwise_unit_scalar = {
    .spread = spread,
    .gather = gather,
    .sum_taps = sum_taps,
    .sum_positions = MOTE_TRAINING_ONLY(sum_positions),
};
