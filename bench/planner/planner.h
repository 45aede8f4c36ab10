// SPDX-License-Identifier: Apache-2.0
// What the files of bench_planner share: a problem with the names of its placements.
#ifndef MOTE_BENCH_PLANNER_H
#define MOTE_BENCH_PLANNER_H

#include "plan/plan.h"

/// A problem whose memory belongs to an arena.
typedef struct bench_problem {
    mote_plan_problem plan;
    char **ids; // NULL: their numbers
} bench_problem;

/// Reads CSV: the titles id,lower,upper,size[,...], then rows of these where a life is lower <= step < upper.
mote_status bench_problem_read(const char *path, mote_arena *arena,
                               bench_problem *problem) MOTE_MUST_CHECK;

/// `count` placements at random: sizes from 64 B to 64 MB, multiples of 64 B, lives from 1 to 5000 steps of 5000, the logarithms of both
/// uniform; starts uniform.
mote_status bench_problem_generate(size_t count, uint64_t seed, mote_arena *arena,
                                   bench_problem *problem) MOTE_MUST_CHECK;

#endif
