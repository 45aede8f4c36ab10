// SPDX-License-Identifier: Apache-2.0
// Moving averages of weights, as torch.optim.swa_utils.AveragedModel makes them.
#include "exec/exec.h"

#include <string.h>

typedef struct average_call {
    const mote_kernels *kernels;
    mote_blend blend;
    size_t count;
    mote_real *average;
    const mote_real *weight;
} average_call;

static void average_part(void *argument, size_t task, size_t task_count)
{
    const average_call *call = (const average_call *)argument;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->count, task, task_count, &first);
    mote_real *average = call->average + first;
    call->kernels->blend(&call->blend, count, average, call->weight + first, average);
}

mote_status mote_operation_average(const mote_operation *operation, const mote_execution *execution)
{
    const mote_tensor *tensors = operation->tensors;
    const mote_real kept = (mote_real)operation->kept_share;
    average_call call = {
        .kernels = execution->kernels,
        .blend = {.scale_a = kept, .scale_b = 1 - kept}, // they sum to 1 as they are
        .count = mote_shape_elements(&tensors[MOTE_AVERAGE_WEIGHT].spec->shape),
        .average = (mote_real *)tensors[MOTE_AVERAGE_AVERAGE].data,
        .weight = (const mote_real *)tensors[MOTE_AVERAGE_WEIGHT].data,
    };
    if (execution->update == 1)
        memcpy(call.average, call.weight, call.count * sizeof *call.average);
    else
        mote_parallel_run(
            execution->parallel, average_part, &call,
            mote_parallel_task_count(execution->parallel, call.count, MOTE_PARALLEL_GRAIN));
    return MOTE_OK;
}
