// SPDX-License-Identifier: Apache-2.0
// Row by row. Rows along another axis than the last one are brought together in scratch, some neighbours at a
// time, so that the kernels, and with them the bits, are those of the last axis.
#include "layer/softmax.h"

#include "base/size.h"

#define TILE 16U // rows that are brought together

/// A row of `to` from one of `a`, or of `a` and `b`.
typedef void row_function(const mote_kernels *kernels, size_t width, const mote_real *a,
                          const mote_real *b, mote_real *to);

typedef struct softmax_call {
    const mote_layer_run *run;
    const mote_axis_view *axis;
    row_function *function;
    const mote_real *a, *b; // b: NULL where the function reads one row
    mote_real *to;
} softmax_call;

/// The most rows of a tile.
static size_t get_tile_rows(const mote_axis_view *axis)
{
    return mote_size_min(axis->inner, TILE);
}

/// Tiles that lie side by side.
static size_t get_tile_count(const mote_axis_view *axis)
{
    return (axis->inner + TILE - 1) / TILE;
}

/// Bytes of scratch that a task needs for rows of `operands` tensors.
static size_t get_task_bytes(const mote_axis_view *axis, size_t operands)
{
    if (axis->inner == 1)
        return 0;
    return mote_size_align(operands * get_tile_rows(axis) * axis->length * sizeof(mote_real),
                           MOTE_ALIGNMENT);
}

void mote_softmax_scratch(mote_setup *setup, const mote_axis_view *axis)
{
    mote_setup_scratch(setup, MOTE_PHASE_FORWARD, setup->thread_count * get_task_bytes(axis, 1));
    mote_setup_scratch(setup, MOTE_PHASE_DERIVATIVE, setup->thread_count * get_task_bytes(axis, 2));
}

static void gather(const softmax_call *call, size_t rows, const mote_real *from, mote_real *to)
{
    const mote_axis_view *const axis = call->axis;
    const mote_box box = {.counts = {1, rows, axis->length},
                          .x_steps = {0, 1, axis->inner},
                          .y_steps = {0, axis->length, 1}};
    call->run->kernels->copy_box(&box, from, to);
}

static void scatter(const softmax_call *call, size_t rows, const mote_real *from, mote_real *to)
{
    const mote_axis_view *const axis = call->axis;
    const mote_box box = {.counts = {1, rows, axis->length},
                          .x_steps = {0, axis->length, 1},
                          .y_steps = {0, 1, axis->inner}};
    call->run->kernels->copy_box(&box, from, to);
}

/// The rows that begin at elements first .. first + rows - 1.
static void run_tile(const softmax_call *call, size_t first, size_t rows, mote_real *scratch)
{
    const size_t width = call->axis->length;
    mote_real *const a = scratch;
    mote_real *const b = call->b ? scratch + rows * width : NULL;
    gather(call, rows, call->a + first, a);
    if (b)
        gather(call, rows, call->b + first, b);
    for (size_t row = 0; row < rows; row++)
        call->function(call->run->kernels, width, a + row * width, b ? b + row * width : NULL,
                       a + row * width);
    scatter(call, rows, a, call->to + first);
}

static void run_tiles(void *argument, size_t task, size_t task_count)
{
    const softmax_call *const call = argument;
    const mote_axis_view *const axis = call->axis;
    const size_t tiles = get_tile_count(axis);
    unsigned char *const scratch = call->run->scratch;
    const size_t task_bytes = get_task_bytes(axis, call->b ? 2 : 1);
    size_t tile = 0;
    const size_t count =
        mote_parallel_part(call->run->batch * axis->outer * tiles, task, task_count, &tile);
    for (const size_t end = tile + count; tile < end; tile++) {
        const size_t inner = tile % tiles * TILE;
        run_tile(call, tile / tiles * axis->length * axis->inner + inner,
                 mote_size_min(axis->inner - inner, TILE),
                 (mote_real *)(void *)(scratch + task * task_bytes));
    }
}

/// Rows whose elements are neighbours are worked on where they are.
static void run_rows(void *argument, size_t task, size_t task_count)
{
    const softmax_call *const call = argument;
    const size_t width = call->axis->length;
    size_t row = 0;
    const size_t count =
        mote_parallel_part(call->run->batch * call->axis->outer, task, task_count, &row);
    for (const size_t end = row + count; row < end; row++)
        call->function(call->run->kernels, width, call->a + row * width,
                       call->b ? call->b + row * width : NULL, call->to + row * width);
}

static void run_all(softmax_call *call)
{
    const mote_parallel *const parallel = call->run->parallel;
    const mote_axis_view *const axis = call->axis;
    const size_t parts = call->run->batch * axis->outer * get_tile_count(axis);
    const size_t elements = call->run->batch * axis->outer * axis->length * axis->inner;
    const size_t tasks = mote_parallel_task_count(parallel, elements, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(parallel, axis->inner == 1 ? run_rows : run_tiles, call,
                      mote_size_min(tasks, parts));
}

static void run_forward(const mote_layer_run *run, const mote_axis_view *axis,
                        row_function *function)
{
    softmax_call call = {.run = run,
                         .axis = axis,
                         .function = function,
                         .a = run->inputs[0].data,
                         .to = run->outputs[0].data};
    run_all(&call);
}

static void run_derivative(const mote_layer_run *run, const mote_axis_view *axis,
                           row_function *function)
{
    softmax_call call = {.run = run,
                         .axis = axis,
                         .function = function,
                         .a = run->outputs[0].data,
                         .b = run->output_derivatives[0].data,
                         .to = run->input_derivatives[0].data};
    run_all(&call);
}

static void softmax_row(const mote_kernels *kernels, size_t width, const mote_real *x,
                        const mote_real *unused, mote_real *y)
{
    (void)unused;
    kernels->softmax(width, x, y);
}

static void softmax_derivative_row(const mote_kernels *kernels, size_t width, const mote_real *y,
                                   const mote_real *dy, mote_real *dx)
{
    kernels->softmax_derivative(width, y, dy, dx);
}

static void log_softmax_row(const mote_kernels *kernels, size_t width, const mote_real *x,
                            const mote_real *unused, mote_real *y)
{
    (void)unused;
    mote_real log_sum = 0;
    kernels->log_sum_exp(width, x, &log_sum);
    kernels->shift_scale(width, log_sum, 1, x, y);
}

static void log_softmax_derivative_row(const mote_kernels *kernels, size_t width,
                                       const mote_real *y, const mote_real *dy, mote_real *dx)
{
    mote_real sum = 0;
    kernels->sum(width, dy, &sum);
    kernels->log_softmax_derivative(width, sum, y, dy, dx);
}

void mote_softmax_forward(const mote_layer_run *run, const mote_axis_view *axis)
{
    run_forward(run, axis, softmax_row);
}

void mote_softmax_derivative(const mote_layer_run *run, const mote_axis_view *axis)
{
    run_derivative(run, axis, softmax_derivative_row);
}

void mote_log_softmax_forward(const mote_layer_run *run, const mote_axis_view *axis)
{
    run_forward(run, axis, log_softmax_row);
}

void mote_log_softmax_derivative(const mote_layer_run *run, const mote_axis_view *axis)
{
    run_derivative(run, axis, log_softmax_derivative_row);
}
