// SPDX-License-Identifier: Apache-2.0
// What the parts of the comparison share: libraries that do what a kernel does, the cases, and results.
#ifndef MOTE_BENCH_YARDSTICKS_YARDSTICKS_H
#define MOTE_BENCH_YARDSTICKS_YARDSTICKS_H

#include "../kernels/bench.h"
#include "../kernels/shape.h"

#include "base/arena.h"

/// One part of a shape. `arrays` lie as mote has them: images as samples, channels, rows, columns.
typedef struct yardstick_work {
    const bench_shape *shape;
    bench_part part;
    mote_real *const *arrays; // BENCH_ARRAY_COUNT
    mote_real *out;           // where the result is to be
} yardstick_work;

/// A library to compare with.
typedef struct yardstick {
    const char *name;
    /// Makes everything that is not to be timed; `state` is to be closed even after a failure.
    mote_status (*open)(const yardstick_work *work, mote_arena *arena, void **state);
    bench_call *run; // on the state
    /// Brings the result of the last run to its place in mote's layout. Raises when a run has failed.
    mote_status (*collect)(void *state);
    void (*close)(void *state); // NULL is accepted
    void (*describe)(char *text, size_t bytes);
} yardstick;

extern const yardstick yardstick_openblas; // fully connected shapes
extern const yardstick yardstick_onednn;   // convolutions

/// What limits hold for. The geometric mean of mote's rate over the yardstick's is to be at least `mean`, none below
/// `least`.
typedef struct yardstick_kind {
    const char *name;
    const yardstick *yardstick;
    double mean, least;
} yardstick_kind;

/// Shapes of one network, or alike; of convolutions the first is the network's first layer.
typedef struct yardstick_group {
    const char *name;
    const yardstick_kind *kind;
    size_t samples; // of convolutions
    const bench_shape *shapes;
    size_t count;
} yardstick_group;

extern const yardstick_group yardstick_groups[];
extern const size_t yardstick_group_count;

/// The first layer's derivative by its input is not computed.
bool yardstick_has_part(const yardstick_group *group, size_t shape, bench_part part);

/// Those who take part in a row of results.
enum {
    MOTE,
    YARDSTICK,
    SIDE_COUNT
};

typedef struct yardstick_result {
    const yardstick_group *group;
    bench_part part;
    char name[224];
    double rates[SIDE_COUNT];  // medians, GFLOP/s
    double errors[SIDE_COUNT]; // root mean square, relative to that of the result
} yardstick_result;

/// The most turns there can be.
#define YARDSTICK_TURNS_MOST 99U

typedef struct yardstick_setup {
    const mote_kernels *table;
    mote_parallel parallel;
    size_t threads, turns;
    double seconds; // of a turn
} yardstick_setup;

/// Fills the rates and errors of a result whose group and part are set.
mote_status yardstick_compare(const yardstick_setup *setup, const bench_shape *shape,
                              mote_real *const arrays[BENCH_ARRAY_COUNT], yardstick_result *result);

/// Errors of the outputs of both sides against sums in double precision; of large outputs some elements are taken.
void yardstick_measure_errors(const bench_product *product, mote_real *const outs[SIDE_COUNT],
                              double errors[SIDE_COUNT]);

void yardstick_print_heading(const yardstick_group *group);
void yardstick_print_result(const yardstick_result *result);

/// Prints means and what breaks a limit; false when something does. The mean of a kind is held against its limit where
/// all of its shapes ran.
bool yardstick_judge(const yardstick_result *results, size_t count);

#endif
