// SPDX-License-Identifier: Apache-2.0
// By-unit arithmetic. Planes of several elements go to kernels, several planes a call. Planes of one
// element would make calls of one element: there a sample's units are worked side by side, each in
// the same order of its own sum.
#include "layer/units.h"

#include "base/size.h"

#include <assert.h>
#include <string.h>

#define CACHE_BYTES ((size_t)256 << 10U)

typedef struct units_call {
    const mote_units *units;
    mote_units_function *function;
    void *argument;
} units_call;

/// Units whose planes are still in the cache when a function goes over them again.
static size_t get_cached_units(const mote_units *units)
{
    const size_t unit_bytes = units->samples * units->plane * sizeof(mote_real);
    return mote_size_max(mote_size_min(CACHE_BYTES / unit_bytes, MOTE_UNITS_BLOCK), 1);
}

static void run_blocks(void *argument, size_t task, size_t task_count)
{
    const units_call *const call = (const units_call *)argument;
    size_t next = 0;
    const size_t count = mote_parallel_part(call->units->units, task, task_count, &next);
    const size_t end = next + count;
    const bool is_cut = call->units->revisits_planes && call->units->plane > 1;
    const size_t most = is_cut ? get_cached_units(call->units) : MOTE_UNITS_BLOCK;
    while (next < end) {
        mote_units block = *call->units;
        block.first = next;
        block.count = mote_size_min(end - next, most);
        call->function(call->argument, &block);
        next += block.count;
    }
}

void mote_units_run(const mote_parallel *parallel, const mote_units *units,
                    mote_units_function *function, void *argument)
{
    units_call call = {.units = units, .function = function, .argument = argument};
    const size_t elements = units->samples * units->units * units->plane;
    const size_t tasks = mote_parallel_task_count(parallel, elements, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(parallel, run_blocks, &call, mote_size_min(tasks, units->units));
}

/// Elements between samples of array `array` of a function.
static size_t sample_step(const mote_units *block, size_t array)
{
    return block->steps[array] > 0 ? block->steps[array] : block->units * block->plane;
}

/// Where the plane of a unit of the block begins.
static size_t place(const mote_units *block, size_t array, size_t sample, size_t unit)
{
    return sample * sample_step(block, array) + (block->first + unit) * block->plane;
}

/// Chan's formula: how much of the distance between the means, and of its square, a plane adds that
/// comes after `sample` others of its size.
typedef struct merge_shares {
    mote_real mean, m2;
} merge_shares;

static merge_shares get_merge_shares(size_t sample, size_t plane)
{
    const mote_real before = (mote_real)(sample * plane);
    const mote_real share = (mote_real)plane / (mote_real)((sample + 1) * plane);
    return (merge_shares){.mean = share, .m2 = before * share};
}

static void merge(merge_shares shares, mote_real plane_mean, mote_real plane_m2, mote_real *mean,
                  mote_real *m2)
{
    const mote_real distance = plane_mean - *mean;
    *mean += distance * shares.mean;
    *m2 += plane_m2;
    *m2 += distance * distance * shares.m2;
}

/// Planes of one unit that a kernel gets at once; their results are on the stack.
#define PLANES ((size_t)64)

/// Those of samples [sample, +most), as far as there are.
static mote_planes get_planes(const mote_units *block, size_t sample, size_t most)
{
    return (mote_planes){.count = mote_size_min(block->samples - sample, most),
                         .elements = block->plane,
                         .step = sample_step(block, 0),
                         .second_step = sample_step(block, 1)};
}

static void get_plane_moments(const mote_units *block, const mote_real *x, mote_real *mean,
                              mote_real *m2)
{
    mote_real means[PLANES];
    mote_real squares[PLANES];
    for (size_t sample = 0; sample < block->samples; sample += PLANES) {
        const mote_planes planes = get_planes(block, sample, PLANES);
        block->kernels->moments(&planes, x + sample * planes.step, means, squares);
        size_t i = 0;
        if (sample == 0) {
            *mean = means[0];
            *m2 = squares[0];
            i = 1;
        }
        for (; i < planes.count; i++)
            merge(get_merge_shares(sample + i, block->plane), means[i], squares[i], mean, m2);
    }
}

static void get_element_moments(const mote_units *block, const mote_real *x, mote_real *mean,
                                mote_real *m2)
{
    memcpy(mean, x + place(block, 0, 0, 0), block->count * sizeof *mean);
    memset(m2, 0, block->count * sizeof *m2);
    for (size_t sample = 1; sample < block->samples; sample++) {
        const merge_shares shares = get_merge_shares(sample, 1);
        const mote_real *const row = x + place(block, 0, sample, 0);
        for (size_t u = 0; u < block->count; u++)
            merge(shares, row[u], 0, &mean[u], &m2[u]);
    }
}

void mote_units_moments(const mote_units *block, const mote_real *x, mote_real *mean, mote_real *m2)
{
    if (block->plane == 1) {
        get_element_moments(block, x, mean, m2);
        return;
    }
    for (size_t u = 0; u < block->count; u++)
        get_plane_moments(block, x + place(block, 0, 0, u), &mean[u], &m2[u]);
}

/// A sum over the batch for each of some columns: samples in groups, group sums added ascending, the
/// first of each stored.
typedef struct batch_sum {
    size_t samples, group, count;
    size_t first; // samples before these, whose sum goes on
    mote_real group_sum[MOTE_UNITS_BLOCK];
} batch_sum;

static void add_row(size_t count, const mote_real *x, mote_real *sum)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += x[i];
}

/// Adds one sample's terms, samples ascending; after the last one `sum` is complete. The first group's sum is what the whole
/// sum has by then, so that it may be in parts.
static void add_sample(batch_sum *batch, size_t sample, const mote_real *terms, mote_real *sum)
{
    const size_t bytes = batch->count * sizeof *terms;
    const size_t place = batch->first + sample;
    if (sample == 0 && place % batch->group != 0) {
        assert(place < batch->group);
        memcpy(batch->group_sum, sum, bytes);
    }
    if (place % batch->group == 0)
        memcpy(batch->group_sum, terms, bytes);
    else
        add_row(batch->count, terms, batch->group_sum);
    if ((place + 1) % batch->group != 0 && sample + 1 != batch->samples)
        return;
    if (place < batch->group)
        memcpy(sum, batch->group_sum, bytes);
    else
        add_row(batch->count, batch->group_sum, sum);
}

#define LANES 16U

/// Plain sums of a sample's rows: 16 interleaved lanes, combined 8-4-2-1. One row is its own sum.
static void sum_rows(const mote_columns *columns, size_t sample, mote_real *sum)
{
    const size_t lane_count = columns->rows == 1 ? 1 : LANES;
    mote_real lanes[LANES][MOTE_UNITS_BLOCK];
    memset(lanes, 0, lane_count * sizeof lanes[0]);
    for (size_t row = 0; row < columns->rows; row++)
        columns->add(columns->argument, sample * columns->rows + row, lanes[row % lane_count]);
    for (size_t half = lane_count / 2; half > 0; half /= 2) {
        for (size_t lane = 0; lane < half; lane++)
            add_row(columns->count, lanes[lane + half], lanes[lane]);
    }
    memcpy(sum, lanes[0], columns->count * sizeof *sum);
}

void mote_columns_sum_terms(const mote_columns *columns, mote_real *sum)
{
    assert(columns->count <= MOTE_UNITS_BLOCK);
    batch_sum batch = {
        .samples = columns->samples,
        .group = mote_batch_group(columns->rows),
        .count = columns->count,
        .first = columns->first_sample,
    };
    mote_real terms[MOTE_UNITS_BLOCK];
    for (size_t sample = 0; sample < columns->samples; sample++) {
        sum_rows(columns, sample, terms);
        add_sample(&batch, sample, terms, sum);
    }
}

void mote_columns_sum(const mote_units *block, const mote_real *x, mote_real *sum)
{
    const size_t rows = block->plane;
    const mote_column_sum columns = {
        .rows = rows, .columns = block->count, .inner = 1, .row_step = block->units};
    batch_sum batch = {
        .samples = block->samples,
        .group = mote_batch_group(rows),
        .count = block->count,
        .first = block->first_sample,
    };
    mote_real terms[MOTE_UNITS_BLOCK];
    assert(block->count <= MOTE_UNITS_BLOCK);
    for (size_t sample = 0; sample < block->samples; sample++) {
        const mote_real *const from = x + sample * rows * block->units;
        if (rows > 1) {
            block->kernels->sum_columns(&columns, from, terms);
        } else {
            memset(terms, 0, block->count * sizeof *terms);
            block->kernels->add(block->count, terms, from, terms);
        }
        add_sample(&batch, sample, terms, sum);
    }
}

/// Sums of `count` planes of a unit become part of its sum over the batch: `group` of them are added, then these sums. The
/// first begins a group; `goes_on`: there were groups before.
static void add_planes(const mote_real *sums, size_t count, size_t group, bool goes_on,
                       mote_real *total)
{
    for (size_t at = 0; at < count; at += group) {
        const size_t end = mote_size_min(at + group, count);
        mote_real sum = sums[at];
        for (size_t i = at + 1; i < end; i++)
            sum += sums[i];
        *total = goes_on || at > 0 ? *total + sum : sum;
    }
}

static void sum_planes(const mote_units *block, const mote_real *x, mote_real *total)
{
    const size_t group = mote_batch_group(block->plane);
    const size_t most = PLANES / group * group;
    mote_real sums[PLANES];
    assert(block->first_sample % group == 0);
    for (size_t sample = 0; sample < block->samples; sample += most) {
        const mote_planes planes = get_planes(block, sample, most);
        block->kernels->sum_planes(&planes, x + sample * planes.step, sums);
        add_planes(sums, planes.count, group, block->first_sample + sample > 0, total);
    }
}

void mote_units_sum(const mote_units *block, const mote_real *x, mote_real *sum)
{
    if (block->plane == 1) {
        mote_columns_sum(block, x + block->first, sum);
        return;
    }
    for (size_t u = 0; u < block->count; u++)
        sum_planes(block, x + place(block, 0, 0, u), &sum[u]);
}

static void sum_plane_centered_products(const mote_units *block, mote_real mean, const mote_real *x,
                                        const mote_real *dy, mote_real *total)
{
    const size_t group = mote_batch_group(block->plane);
    const size_t most = PLANES / group * group;
    mote_real sums[PLANES];
    for (size_t sample = 0; sample < block->samples; sample += most) {
        const mote_planes planes = get_planes(block, sample, most);
        block->kernels->sum_centered_products(&planes, mean, x + sample * planes.step,
                                              dy + sample * planes.second_step, sums);
        add_planes(sums, planes.count, group, sample > 0, total);
    }
}

static void sum_element_centered_products(const mote_units *block, const mote_real *mean,
                                          const mote_real *x, const mote_real *dy, mote_real *sum)
{
    batch_sum batch = {
        .samples = block->samples, .group = mote_batch_group(1), .count = block->count};
    mote_real terms[MOTE_UNITS_BLOCK];
    for (size_t sample = 0; sample < block->samples; sample++) {
        const mote_real *const row = x + place(block, 0, sample, 0);
        const mote_real *const dy_row = dy + place(block, 1, sample, 0);
        for (size_t u = 0; u < block->count; u++)
            terms[u] = dy_row[u] * (row[u] - mean[u]);
        add_sample(&batch, sample, terms, sum);
    }
}

void mote_units_sum_centered_products(const mote_units *block, const mote_real *mean,
                                      const mote_real *x, const mote_real *dy, mote_real *sum)
{
    if (block->plane == 1) {
        sum_element_centered_products(block, mean, x, dy, sum);
        return;
    }
    for (size_t u = 0; u < block->count; u++) {
        sum_plane_centered_products(block, mean[u], x + place(block, 0, 0, u),
                                    dy + place(block, 1, 0, u), &sum[u]);
    }
}

static void scale_shift_elements(const mote_units *block, const mote_real *scale,
                                 const mote_real *shift, const mote_real *x, mote_real *y)
{
    for (size_t u = 0; u < block->count; u++)
        y[u] = x[u] * scale[u] + shift[u];
}

void mote_units_scale_shift(const mote_units *block, const mote_real *scale, const mote_real *shift,
                            const mote_real *x, mote_real *y)
{
    for (size_t sample = 0; sample < block->samples; sample++) {
        const mote_real *const from = x + place(block, 0, sample, 0);
        mote_real *const to = y + place(block, 1, sample, 0);
        if (block->plane == 1) {
            scale_shift_elements(block, scale, shift, from, to);
            continue;
        }
        for (size_t u = 0; u < block->count; u++) {
            const size_t first = u * block->plane;
            block->kernels->scale_shift(block->plane, scale[u], shift[u], from + first, to + first);
        }
    }
}

static void blend_elements(const mote_units *block, const mote_units_blend_factors *factors,
                           const mote_real *a, const mote_real *b, mote_real *y)
{
    for (size_t u = 0; u < block->count; u++)
        y[u] = a[u] * factors->scale_a[u] + (b[u] * factors->scale_b[u] + factors->shift[u]);
}

void mote_units_blend(const mote_units *block, const mote_units_blend_factors *factors,
                      const mote_real *a, const mote_real *b, mote_real *y)
{
    for (size_t sample = 0; sample < block->samples; sample++) {
        const mote_real *const from_a = a + place(block, 0, sample, 0);
        const mote_real *const from_b = b + place(block, 1, sample, 0);
        mote_real *const to = y + place(block, 2, sample, 0);
        if (block->plane == 1) {
            blend_elements(block, factors, from_a, from_b, to);
            continue;
        }
        for (size_t u = 0; u < block->count; u++) {
            const size_t first = u * block->plane;
            const mote_blend blend = {
                .scale_a = factors->scale_a[u],
                .scale_b = factors->scale_b[u],
                .shift = factors->shift[u],
            };
            block->kernels->blend(&blend, block->plane, from_a + first, from_b + first, to + first);
        }
    }
}
