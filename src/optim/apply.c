// SPDX-License-Identifier: Apache-2.0
// Cuts an update into one part a thread.
#include "optim/apply.h"

#include "base/size.h"

typedef struct apply_call {
    const mote_optimizer_run *run;
    mote_apply_part *part;
    const void *factors;
} apply_call;

/// Elements of one row: in the weight, and in slots that are whole, they lie further on than in the gradient.
static void run_in_row(const apply_call *call, size_t first, size_t count)
{
    mote_optimizer_run run = *call->run;
    const size_t index = first / run.row;
    run.weight += index * (run.row_step - run.row);
    for (size_t i = 0; i < MOTE_OPTIMIZER_SLOTS_MAX; i++) {
        if (run.slots[i])
            run.slots[i] += index * (run.slot_row_steps[i] - run.row);
    }
    call->part(&run, call->factors, first, count);
}

static void run_task(void *argument, size_t task, size_t task_count)
{
    const apply_call *const call = argument;
    const size_t row = call->run->row;
    size_t first = 0;
    size_t count = mote_parallel_part(call->run->count, task, task_count, &first);
    if (row == 0) {
        call->part(call->run, call->factors, first, count);
        return;
    }
    for (const size_t end = first + count; first < end; first += count) {
        count = mote_size_min(row - first % row, end - first);
        run_in_row(call, first, count);
    }
}

void mote_apply_run(const mote_optimizer_run *run, mote_apply_part *part, const void *factors)
{
    apply_call call = {.run = run, .part = part, .factors = factors};
    const size_t tasks = mote_parallel_task_count(run->parallel, run->count, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, run_task, &call, tasks);
}
