// SPDX-License-Identifier: Apache-2.0
// Copies along an axis. With the axis and what lies inside it, a part is rows of one length.
#include "layer/axis.h"

#include "base/size.h"

#include <assert.h>
#include <string.h>

size_t mote_axis_index(uint64_t number)
{
    assert(number >= 1 && number <= 3);
    return (size_t)number - 1;
}

mote_axis_view mote_axis_of(const mote_shape *shape, uint64_t number)
{
    const size_t index = mote_axis_index(number);
    mote_axis_view axis = {.outer = 1, .length = shape->dims[index], .inner = 1};
    for (size_t i = 0; i < shape->rank; i++) {
        axis.outer *= i < index ? shape->dims[i] : 1;
        axis.inner *= i > index ? shape->dims[i] : 1;
    }
    return axis;
}

/// Rows of `width` elements from -> to; zeros where there is no `from`.
typedef struct rows_call {
    const mote_kernels *kernels;
    size_t rows, width, from_step, to_step;
    const mote_real *from;
    mote_real *to;
} rows_call;

static void copy_rows(void *argument, size_t task, size_t task_count)
{
    const rows_call *const call = argument;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->rows, task, task_count, &first);
    mote_real *const to = call->to + first * call->to_step;
    if (call->from) {
        const mote_box box = {.counts = {1, count, call->width},
                              .x_steps = {0, call->from_step, 1},
                              .y_steps = {0, call->to_step, 1}};
        call->kernels->copy_box(&box, call->from + first * call->from_step, to);
        return;
    }
    for (size_t row = 0; row < count; row++)
        memset(to + row * call->to_step, 0, call->width * sizeof *to);
}

static void run_rows(const mote_layer_run *run, rows_call *call)
{
    const size_t tasks =
        mote_parallel_task_count(run->parallel, call->rows * call->width, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, copy_rows, call, mote_size_min(tasks, call->rows));
}

void mote_axis_take(const mote_layer_run *run, const mote_axis_part *where, const mote_real *whole,
                    mote_real *part)
{
    const mote_axis_view *const axis = &where->axis;
    rows_call call = {.kernels = run->kernels,
                      .rows = run->batch * axis->outer,
                      .width = where->count * axis->inner,
                      .from_step = axis->length * axis->inner,
                      .to_step = where->count * axis->inner,
                      .from = whole + where->first * axis->inner};
    call.to = part;
    run_rows(run, &call);
}

void mote_axis_put(const mote_layer_run *run, const mote_axis_part *where, const mote_real *part,
                   mote_real *whole)
{
    const mote_axis_view *const axis = &where->axis;
    rows_call call = {.kernels = run->kernels,
                      .rows = run->batch * axis->outer,
                      .width = where->count * axis->inner,
                      .from_step = where->count * axis->inner,
                      .to_step = axis->length * axis->inner,
                      .from = part};
    call.to = whole + where->first * axis->inner;
    run_rows(run, &call);
}
