// SPDX-License-Identifier: Apache-2.0
// Private to kernel: the depth-wise sums of an instruction set, which defines before: `vector`, of LANES channels, and
// zero(), load(), store(), add() and multiply_add(a, b, sum). Every sum has a name: an array of them would live in memory.
// Counts are constants where these functions are inlined.
#ifndef MOTE_KERNEL_DEPTHWISE_SUMS_H
#define MOTE_KERNEL_DEPTHWISE_SUMS_H

#include "kernel/depthwise_unit.h"

#define CHANNELS ((size_t)MOTE_DEPTHWISE_CHANNELS)
#define INLINE   static inline __attribute__((always_inline))

/// Positions, and taps of a gradient, that are summed at once.
#define POSITIONS ((size_t)8)
#define TAPS      ((size_t)9)

#define LIST_8(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define LIST_9(X) LIST_8(X) X(8)

/// Neighbouring positions in the image and in the output, of LANES channels from `lane` on.
typedef struct run {
    const float *x;
    ptrdiff_t step;
    float *out;
    ptrdiff_t out_step;
    size_t lane;
} run;

#define DECLARE_SUM(i) vector sum_##i = zero();
#define ADD(i, weight) \
    if ((i) < count)   \
        sum_##i = multiply_add(weight, x, sum_##i);
#define ADD_OUT(i)   \
    if ((i) < count) \
        sum_##i = add(load(r.out + (i)*r.out_step), sum_##i);
#define ADD_BIAS(i) sum_##i = add(sum_##i, bias);
#define STORE_SUM(i) \
    if ((i) < count) \
        store(r.out + (i)*r.out_step, sum_##i);

#define END_SUMS                                           \
    if (sums->add) {                                       \
        LIST_8(ADD_OUT)                                    \
    }                                                      \
    if (sums->bias) {                                      \
        const vector bias = load(sums->bias + r.lane);     \
        LIST_8(ADD_BIAS)                                   \
    }                                                      \
    LIST_8(STORE_SUM)

/// Any taps.
INLINE void sum_run(size_t count, const mote_depthwise_sums *sums, run r)
{
    LIST_8(DECLARE_SUM)
    for (size_t tap = 0; tap < sums->taps; tap++) {
        const vector weight = load(sums->weights + tap * CHANNELS + r.lane);
        const float *const from = r.x + sums->offsets[tap];
#define ADD_TAP(i)                                                      \
    if ((i) < count)                                                    \
        sum_##i = multiply_add(weight, load(from + (i)*r.step), sum_##i);
        LIST_8(ADD_TAP)
    }
    END_SUMS
}

/// Taps in threes: each cell is the last one's of the third position back, or a tap of those that follow.
INLINE void sum_run_of_threes(size_t count, const mote_depthwise_sums *sums, run r)
{
    LIST_8(DECLARE_SUM)
    for (size_t tap = 0; tap < sums->taps; tap += 3) {
        const float *const weights = sums->weights + tap * CHANNELS + r.lane;
        const vector first = load(weights);
        const vector second = load(weights + CHANNELS);
        const vector third = load(weights + 2 * CHANNELS);
        const float *from = r.x + sums->offsets[tap];
        vector x = load(from);
#define NEXT(i)             \
    if ((i) < count + 2) {  \
        from += r.step;     \
        x = load(from);     \
    }
        ADD(0, first)
        NEXT(1) ADD(1, first) ADD(0, second)
        NEXT(2) ADD(2, first) ADD(1, second) ADD(0, third)
        NEXT(3) ADD(3, first) ADD(2, second) ADD(1, third)
        NEXT(4) ADD(4, first) ADD(3, second) ADD(2, third)
        NEXT(5) ADD(5, first) ADD(4, second) ADD(3, third)
        NEXT(6) ADD(6, first) ADD(5, second) ADD(4, third)
        NEXT(7) ADD(7, first) ADD(6, second) ADD(5, third)
        NEXT(8) ADD(7, second) ADD(6, third)
        NEXT(9) ADD(7, third)
    }
    END_SUMS
}

#define CASES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)

static void sum_some(size_t count, const mote_depthwise_sums *sums, const run *r)
{
#define CASE_RUN(n)             \
    case n:                     \
        sum_run(n, sums, *r);   \
        break;
#define CASE_THREES(n)                  \
    case n:                             \
        sum_run_of_threes(n, sums, *r); \
        break;
    if (sums->neighbour != 0) {
        switch (count) {
            CASES(CASE_THREES)
        }
        return;
    }
    switch (count) {
        CASES(CASE_RUN)
    }
}

static void sum_taps(const mote_depthwise_sums *sums, const mote_depthwise_runs *positions)
{
    const size_t parts = (positions->count + POSITIONS - 1) / POSITIONS;
    const size_t most = (positions->count + parts - 1) / parts;
    const ptrdiff_t sign = sums->neighbour < 0 ? -1 : 1;
    run r = {.step = sign * (ptrdiff_t)positions->step,
             .out_step = sign * (ptrdiff_t)sums->out_step};
    for (size_t i = 0; i < positions->runs; i++) {
        for (size_t at = 0; at < positions->count; at += most) {
            const size_t rest = positions->count - at;
            const size_t count = rest < most ? rest : most;
            const size_t first = sign < 0 ? at + count - 1 : at;
            for (r.lane = 0; r.lane < CHANNELS; r.lane += LANES) {
                r.x = sums->image + positions->places[i] + first * positions->step + r.lane;
                r.out = sums->out + sums->out_places[i] + first * sums->out_step + r.lane;
                sum_some(count, sums, &r);
            }
        }
    }
}

#define LOAD_SUM(t)                                                       \
    float *const out_##t = gradient->sums + (t)*CHANNELS + lane;          \
    vector sum_##t = zero();                                              \
    if ((t) < count)                                                      \
        sum_##t = load(out_##t);
#define STORE_TAP(t) \
    if ((t) < count) \
        store(out_##t, sum_##t);

/// Any taps, `count` of them.
INLINE void add_positions(size_t count, const mote_depthwise_gradient *gradient, size_t lane,
                          const mote_depthwise_runs *positions, const float *dy)
{
#define FIND_TAP(t) const float *const image_##t = (t) < count ? image + gradient->offsets[t] : image;
#define ADD_TERM(t)  \
    if ((t) < count) \
        sum_##t = multiply_add(factor, load(image_##t + at), sum_##t);
    const float *const image = gradient->image + lane;
    LIST_9(FIND_TAP)
    LIST_9(LOAD_SUM)
    dy += lane;
    for (size_t i = 0; i < positions->runs; i++) {
        size_t at = positions->places[i];
        for (size_t k = 0; k < positions->count; k++) {
            const vector factor = load(dy);
            LIST_9(ADD_TERM)
            at += positions->step;
            dy += CHANNELS;
        }
    }
    LIST_9(STORE_TAP)
}

/// Three rows of three neighbours.
static void add_positions_of_square(const mote_depthwise_gradient *gradient, size_t lane,
                                    const mote_depthwise_runs *positions, const float *dy)
{
#define ADD_ROW(i, j, k, row)                                          \
    sum_##i = multiply_add(factor, load((row) + at), sum_##i);                  \
    sum_##j = multiply_add(factor, load((row) + at + CHANNELS), sum_##j);       \
    sum_##k = multiply_add(factor, load((row) + at + 2 * CHANNELS), sum_##k);
    const size_t count = TAPS;
    const float *const image = gradient->image + lane;
    const float *const rows[3] = {image + gradient->offsets[0], image + gradient->offsets[3],
                                  image + gradient->offsets[6]};
    LIST_9(LOAD_SUM)
    dy += lane;
    for (size_t i = 0; i < positions->runs; i++) {
        size_t at = positions->places[i];
        for (size_t k = 0; k < positions->count; k++) {
            const vector factor = load(dy);
            ADD_ROW(0, 1, 2, rows[0])
            ADD_ROW(3, 4, 5, rows[1])
            ADD_ROW(6, 7, 8, rows[2])
            at += positions->step;
            dy += CHANNELS;
        }
    }
    LIST_9(STORE_TAP)
}

static void add_taps(size_t count, const mote_depthwise_gradient *gradient, size_t lane,
                     const mote_depthwise_runs *positions, const float *dy)
{
#define CASE_TAPS(n)                                        \
    case n:                                                 \
        add_positions(n, gradient, lane, positions, dy);    \
        break;
    switch (count) {
        CASES(CASE_TAPS)
        CASE_TAPS(9)
    }
}

static void sum_positions(const mote_depthwise_gradient *gradient,
                          const mote_depthwise_runs *positions, const float *dy)
{
    for (size_t lane = 0; lane < CHANNELS; lane += LANES) {
        mote_depthwise_gradient part = *gradient;
        for (size_t rest = gradient->taps; rest > 0;) {
            const size_t taps = rest < TAPS ? rest : TAPS;
            if (gradient->is_square)
                add_positions_of_square(&part, lane, positions, dy);
            else
                add_taps(taps, &part, lane, positions, dy);
            part.offsets += taps;
            part.sums += taps * CHANNELS;
            rest -= taps;
        }
    }
}

#endif
