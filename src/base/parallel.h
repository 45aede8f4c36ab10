// SPDX-License-Identifier: Apache-2.0
// How kernels and layers use threads without knowing where these come from.
#ifndef MOTE_BASE_PARALLEL_H
#define MOTE_BASE_PARALLEL_H

#include <stddef.h>

/// One of `task_count` tasks. Tasks of one call run at the same time in any order and must not
/// depend on each other; results may not depend on task_count.
typedef void mote_parallel_task(void *argument, size_t task, size_t task_count);

typedef struct mote_parallel {
    void *user;
    size_t thread_count; // at least 1: the most tasks one call may have
    void (*run)(void *user, mote_parallel_task *task, void *argument, size_t task_count);
    void (*rest)(void *user); // NULL: threads that have no task sleep
} mote_parallel;

/// Runs tasks 0 .. task_count-1 and returns when all are done; task_count <= thread_count. One
/// task, or a NULL `parallel`, runs in the caller.
void mote_parallel_run(const mote_parallel *parallel, mote_parallel_task *task, void *argument,
                       size_t task_count);

/// No tasks come for a while: threads that are still waiting for some go to sleep.
void mote_parallel_rest(const mote_parallel *parallel);

/// Elements one task of a loop over elements should have at least: what starting a thread is worth.
#define MOTE_PARALLEL_GRAIN 16384U

/// How many tasks `work` is worth when one task should have at least `grain`: 1 .. thread_count.
size_t mote_parallel_task_count(const mote_parallel *parallel, size_t work, size_t grain);

/// The part [*first, *first + result) of 0 .. count-1 that `task` of `task_count` owns.
size_t mote_parallel_part(size_t count, size_t task, size_t task_count, size_t *first);

#endif
