// SPDX-License-Identifier: Apache-2.0
// Cuts an update into one part a thread.
#include "optim/apply.h"

typedef struct apply_call {
    const mote_optimizer_run *run;
    mote_apply_part *part;
    const void *factors;
} apply_call;

static void run_task(void *argument, size_t task, size_t task_count)
{
    const apply_call *const call = argument;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->run->count, task, task_count, &first);
    call->part(call->run, call->factors, first, count);
}

void mote_apply_run(const mote_optimizer_run *run, mote_apply_part *part, const void *factors)
{
    apply_call call = {.run = run, .part = part, .factors = factors};
    const size_t tasks = mote_parallel_task_count(run->parallel, run->count, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, run_task, &call, tasks);
}
