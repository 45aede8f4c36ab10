// SPDX-License-Identifier: Apache-2.0
// Splitting of work over tasks.
#include "base/parallel.h"

#include "base/size.h"

#include <assert.h>

void mote_parallel_run(const mote_parallel *parallel, mote_parallel_task *task, void *argument,
                       size_t task_count)
{
    if (parallel && task_count > 1) {
        assert(task_count <= parallel->thread_count);
        parallel->run(parallel->user, task, argument, task_count);
        return;
    }
    for (size_t i = 0; i < task_count; i++)
        task(argument, i, task_count);
}

void mote_parallel_rest(const mote_parallel *parallel)
{
    if (parallel && parallel->rest)
        parallel->rest(parallel->user);
}

size_t mote_parallel_task_count(const mote_parallel *parallel, size_t work, size_t grain)
{
    assert(grain > 0);
    if (!parallel)
        return 1;
    return mote_size_max(mote_size_min(work / grain, parallel->thread_count), 1);
}

size_t mote_parallel_part(size_t count, size_t task, size_t task_count, size_t *first)
{
    assert(task < task_count);
    const size_t share = count / task_count;
    const size_t rest = count % task_count; // the first tasks take one more each
    *first = task * share + mote_size_min(task, rest);
    return share + (task < rest);
}
