// SPDX-License-Identifier: Apache-2.0
// Choosing a table, and what is the same at every level.
#include "kernel/kernel.h"

#include "base/size.h"
#include "kernel/table.h"

#include <assert.h>

static const mote_kernels *const tables[MOTE_CPU_LEVEL_COUNT] = {
    [MOTE_CPU_SCALAR] = &mote_table_scalar,
#ifdef MOTE_HAVE_AVX2
    [MOTE_CPU_AVX2] = &mote_table_avx2,
#endif
#ifdef MOTE_HAVE_AVX512
    [MOTE_CPU_AVX512] = &mote_table_avx512,
#endif
#ifdef MOTE_HAVE_NEON
    [MOTE_CPU_NEON] = &mote_table_neon,
#endif
};

/// Terms a group of a sum over the batch has at least.
#define GROUP_TERMS 64U

mote_cpu_level mote_kernels_highest_level(void)
{
    mote_cpu_level highest = MOTE_CPU_SCALAR;
    for (size_t level = 0; level < MOTE_CPU_LEVEL_COUNT; level++) {
        if (tables[level])
            highest = (mote_cpu_level)level;
    }
    return highest;
}

mote_status mote_kernels_get(mote_cpu_level level, const mote_kernels **kernels)
{
    assert((size_t)level < MOTE_CPU_LEVEL_COUNT);
    if (!tables[level]) {
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "this build has no kernels for CPU level '%s', its highest is '%s'",
                          mote_cpu_level_name(level),
                          mote_cpu_level_name(mote_kernels_highest_level()));
    }
    *kernels = tables[level];
    return MOTE_OK;
}

size_t mote_window_index_bytes(size_t cells)
{
    return cells <= 256 ? sizeof(uint8_t) : sizeof(uint32_t);
}

typedef struct unary_call {
    mote_unary_kernel *kernel;
    size_t count;
    const mote_real *x;
    mote_real *y;
} unary_call;

static void run_unary(void *argument, size_t task, size_t task_count)
{
    const unary_call *const call = (const unary_call *)argument;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->count, task, task_count, &first);
    call->kernel(count, call->x + first, call->y + first);
}

void mote_kernel_run_unary(const mote_parallel *parallel, mote_unary_kernel *kernel, size_t count,
                           const mote_real *x, mote_real *y)
{
    unary_call call = {.kernel = kernel, .count = count, .x = x};
    call.y = y;
    mote_parallel_run(parallel, run_unary, &call,
                      mote_parallel_task_count(parallel, count, MOTE_PARALLEL_GRAIN));
}

typedef struct binary_call {
    mote_binary_kernel *kernel;
    size_t count;
    const mote_real *a, *b;
    mote_real *y;
} binary_call;

static void run_binary(void *argument, size_t task, size_t task_count)
{
    const binary_call *const call = (const binary_call *)argument;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->count, task, task_count, &first);
    call->kernel(count, call->a + first, call->b + first, call->y + first);
}

void mote_kernel_run_binary(const mote_parallel *parallel, mote_binary_kernel *kernel, size_t count,
                            const mote_real *a, const mote_real *b, mote_real *y)
{
    binary_call call = {.kernel = kernel, .count = count, .a = a, .b = b};
    call.y = y;
    mote_parallel_run(parallel, run_binary, &call,
                      mote_parallel_task_count(parallel, count, MOTE_PARALLEL_GRAIN));
}

size_t mote_batch_group(size_t terms)
{
    assert(terms > 0);
    return mote_size_ceil_divide(GROUP_TERMS, terms);
}

size_t mote_batch_sample_group(size_t batch, size_t terms)
{
    const size_t group = mote_batch_group(terms);
    return batch > group ? group : 1;
}

mote_real mote_batch_sum(const mote_batch_samples *samples,
                         mote_real (*value)(void *argument, size_t sample), void *argument)
{
    const size_t group = samples->group;
    mote_real total = samples->before;
    size_t sample = 0;
    assert(samples->count > 0 && group > 0);
    assert(samples->first % group == 0 || samples->first < group);
    for (; sample < samples->count && (samples->first + sample) % group != 0; sample++)
        total += value(argument, sample);
    while (sample < samples->count) {
        const bool is_first = samples->first + sample == 0;
        const size_t end = mote_size_min(sample + group, samples->count);
        mote_real sum = value(argument, sample++);
        for (; sample < end; sample++)
            sum += value(argument, sample);
        total = is_first ? sum : total + sum;
    }
    return total;
}
