// SPDX-License-Identifier: Apache-2.0
// The norm's sum has the same order for every number of threads: threads share out whole blocks.
#include "optim/optim.h"

#include "base/size.h"

#define BLOCK_ELEMENTS 4096U

/// Keeps the factor finite for a norm of 0, as PyTorch does.
#define NORM_EPSILON 1e-6

typedef void clip_kernel(size_t count, mote_real number, const mote_real *x, mote_real *y);

typedef struct clip_call {
    clip_kernel *kernel;
    mote_real number;
    size_t count;
    mote_real *gradient;
} clip_call;

typedef struct sum_call {
    const mote_clip_run *run;
    size_t count;
    const mote_real *gradient;
    double *sums;
} sum_call;

static size_t block_count(size_t count)
{
    return mote_size_ceil_divide(count, BLOCK_ELEMENTS);
}

/// A gradient with rows is made whole a part at a time, in front of the sums.
size_t mote_clip_scratch_bytes(size_t stored, bool sparse)
{
    if (sparse)
        return MOTE_GRADIENT_PART * sizeof(mote_real) +
               block_count(MOTE_GRADIENT_PART) * sizeof(double);
    return block_count(stored) * sizeof(double);
}

static void sum_task(void *argument, size_t task, size_t task_count)
{
    const sum_call *const call = argument;
    size_t first = 0;
    const size_t blocks = mote_parallel_part(block_count(call->count), task, task_count, &first);
    for (size_t i = first; i < first + blocks; i++) {
        const mote_real *const x = call->gradient + i * BLOCK_ELEMENTS;
        mote_real sum = 0;
        call->run->kernels->sum_products(
            mote_size_min(BLOCK_ELEMENTS, call->count - i * BLOCK_ELEMENTS), x, x, &sum);
        call->sums[i] = (double)sum;
    }
}

/// Adds the squares of a part to `sum`, block by block.
static double add_squares(sum_call *call, double sum)
{
    mote_parallel_run(
        call->run->parallel, sum_task, call,
        mote_parallel_task_count(call->run->parallel, call->count, MOTE_PARALLEL_GRAIN));
    for (size_t i = 0; i < block_count(call->count); i++)
        sum += call->sums[i];
    return sum;
}

double mote_clip_sum_squares(const mote_clip_run *run, const mote_gradient *gradient, void *scratch)
{
    mote_real *const part = scratch;
    void *const sums = gradient->rows ? part + MOTE_GRADIENT_PART : part;
    double sum = 0.0;
    for (size_t first = 0; first < gradient->count;) {
        const size_t count = mote_gradient_part_count(gradient, first);
        sum_call call = {.run = run,
                         .count = count,
                         .gradient = mote_gradient_part(gradient, first, count, part),
                         .sums = sums};
        sum = add_squares(&call, sum);
        first += count;
    }
    return sum;
}

mote_real mote_clip_factor(double limit, double norm)
{
    const double factor = limit / (norm + NORM_EPSILON);
    return factor < 1.0 ? (mote_real)factor : 1;
}

static void clip_task(void *argument, size_t task, size_t task_count)
{
    const clip_call *const call = argument;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->count, task, task_count, &first);
    call->kernel(count, call->number, call->gradient + first, call->gradient + first);
}

static void run_clip(const mote_clip_run *run, clip_kernel *kernel, mote_real number, size_t count,
                     mote_real *gradient)
{
    clip_call call = {.kernel = kernel, .number = number, .count = count};
    call.gradient = gradient;
    mote_parallel_run(run->parallel, clip_task, &call,
                      mote_parallel_task_count(run->parallel, count, MOTE_PARALLEL_GRAIN));
}

void mote_clip_scale(const mote_clip_run *run, mote_real factor, size_t count, mote_real *gradient)
{
    if (factor != 1)
        run_clip(run, run->kernels->scale, factor, count, gradient);
}

void mote_clip_limit(const mote_clip_run *run, mote_real limit, size_t count, mote_real *gradient)
{
    run_clip(run, run->kernels->clamp, limit, count, gradient);
}
