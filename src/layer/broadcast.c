// SPDX-License-Identifier: Apache-2.0
// Rows and sums of broadcast tensors. A sample of the output is rows that every input has whole or as one number;
// seen from one input it is [kept][summed][kept][summed], of which some are 1.
#include "layer/broadcast.h"

#include "base/size.h"

#include <string.h>

#define AXES   3U
#define NOBODY SIZE_MAX
#define BLOCK  256U // columns that are summed at a time; their numbers fit on the stack

static mote_status merge_shape(const mote_setup *setup, size_t index, mote_shape *output)
{
    const mote_shape *const shape = &setup->inputs[index].shape;
    char text[MOTE_SHAPE_TEXT_BYTES];
    char output_text[MOTE_SHAPE_TEXT_BYTES];
    mote_shape merged = *output;
    for (size_t i = 0; i < AXES; i++) {
        if (merged.dims[i] == 1)
            merged.dims[i] = shape->dims[i];
        if (shape->dims[i] == 1 || shape->dims[i] == merged.dims[i])
            continue;
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "layer '%s': input %zu has shape %s, those before it make %s: along each "
                          "axis sizes must be equal or 1",
                          setup->layer_name, index, mote_shape_text(shape, text, sizeof text),
                          mote_shape_text(output, output_text, sizeof output_text));
    }
    *output = merged;
    return MOTE_OK;
}

/// Elements along the last `axes` axes.
static size_t count_last(const mote_shape *shape, uint32_t axes)
{
    size_t count = 1;
    for (uint32_t i = AXES - axes; i < AXES; i++)
        count *= shape->dims[i];
    return count;
}

static bool is_row(const mote_setup *setup, const mote_shape *output, uint32_t axes)
{
    const size_t row = count_last(output, axes);
    for (size_t i = 0; i < setup->input_count; i++) {
        const size_t own = count_last(&setup->inputs[i].shape, axes);
        if (own != row && own != 1)
            return false;
    }
    return true;
}

bool mote_broadcast_is_whole(const mote_broadcast *broadcast, const mote_tensor_spec *input)
{
    return input->batched == broadcast->is_batched &&
           mote_shape_equal(&input->shape, &broadcast->output);
}

mote_status mote_broadcast_setup(mote_setup *setup, mote_broadcast *broadcast)
{
    MOTE_TRY(mote_setup_check_shared_rank(setup, 0, AXES));
    *broadcast =
        (mote_broadcast){.input_count = setup->input_count, .output = setup->inputs[0].shape};
    for (size_t i = 0; i < setup->input_count; i++) {
        MOTE_TRY(mote_setup_check_shared_rank(setup, i, AXES));
        MOTE_TRY(merge_shape(setup, i, &broadcast->output));
        broadcast->is_batched |= setup->inputs[i].batched;
    }
    const mote_tensor_spec output = {MOTE_DTYPE_REAL, broadcast->is_batched, broadcast->output};
    MOTE_TRY(mote_setup_output_spec(setup, &output));
    broadcast->is_uniform = true;
    for (size_t i = 0; i < setup->input_count; i++)
        broadcast->is_uniform &= mote_broadcast_is_whole(broadcast, &setup->inputs[i]);
    broadcast->row_axes = AXES;
    while (!is_row(setup, &broadcast->output, broadcast->row_axes))
        broadcast->row_axes--;
    broadcast->row = count_last(&broadcast->output, broadcast->row_axes);
    return MOTE_OK;
}

/// What all parts of a layer's work share.
typedef struct broadcast_call {
    const mote_layer_run *run;
    const mote_broadcast *broadcast;
    const mote_broadcast_operation *operation;
    size_t samples, elements, row; // of a sample; uniform inputs are one sample of one row
    size_t left_out;               // input that does not take part, or NOBODY
    const mote_real *start;        // as large as the output: what comes first, or NULL
    mote_real *to;
} broadcast_call;

static broadcast_call make_call(const mote_layer_run *run, const mote_broadcast *broadcast,
                                const mote_broadcast_operation *operation)
{
    broadcast_call call = {
        .run = run,
        .broadcast = broadcast,
        .operation = operation,
        .samples = broadcast->is_batched ? run->batch : 1,
        .elements = mote_shape_elements(&broadcast->output),
        .row = broadcast->row,
        .left_out = NOBODY,
    };
    if (!broadcast->is_uniform)
        return call;
    call.elements *= call.samples;
    call.row = call.elements;
    call.samples = 1;
    return call;
}

/// Some elements of one row.
typedef struct row_part {
    size_t sample, row, first, count;
} row_part;

/// Where an input's elements for the part lie; `is_number`: it has one number for them all.
static const mote_real *find_part(const broadcast_call *call, size_t input, const row_part *part,
                                  bool *is_number)
{
    const mote_tensor *const tensor = &call->run->inputs[input];
    const mote_real *const data = tensor->data;
    const mote_shape *const shape = &tensor->spec->shape;
    const uint32_t row_axes = call->broadcast->row_axes;
    *is_number = false;
    if (call->broadcast->is_uniform)
        return data + part->first;
    const size_t height = row_axes == 1 ? call->broadcast->output.dims[1] : 1;
    const size_t c = shape->dims[0] > 1 && row_axes < AXES ? part->row / height : 0;
    const size_t h = shape->dims[1] > 1 && row_axes == 1 ? part->row % height : 0;
    const size_t sample = tensor->spec->batched ? part->sample : 0;
    const size_t first = ((sample * shape->dims[0] + c) * shape->dims[1] + h) * shape->dims[2];
    *is_number = count_last(shape, row_axes) == 1;
    return data + first + (*is_number ? 0 : part->first);
}

static void fill(size_t count, mote_real number, mote_real *y)
{
    for (size_t i = 0; i < count; i++)
        y[i] = number;
}

/// y = start . inputs, of one part of a row. `y` may lie over the start or the first input.
static void fold_row(const broadcast_call *call, const row_part *part, const mote_real *start,
                     mote_real *y)
{
    const mote_kernels *const kernels = call->run->kernels;
    const mote_real *so_far = start;
    for (size_t i = 0; i < call->broadcast->input_count; i++) {
        bool is_number = false;
        if (i == call->left_out)
            continue;
        const mote_real *const x = find_part(call, i, part, &is_number);
        if (so_far && is_number)
            call->operation->number(kernels, part->count, *x, so_far, y);
        else if (so_far)
            call->operation->rows(part->count, so_far, x, y);
        else if (is_number)
            fill(part->count, *x, y);
        so_far = so_far || is_number ? y : x;
    }
}

/// The same for `count` elements of a sample from element `first` on. `start` and `y` point to the first.
static void fold(const broadcast_call *call, size_t sample, size_t first, size_t count,
                 const mote_real *start, mote_real *y)
{
    size_t done = 0;
    while (done < count) {
        const size_t at = first + done;
        row_part part = {.sample = sample, .row = at / call->row, .first = at % call->row};
        part.count = mote_size_min(call->row - part.first, count - done);
        fold_row(call, &part, start ? start + done : NULL, y + done);
        done += part.count;
    }
}

static void fold_part(void *argument, size_t task, size_t task_count)
{
    const broadcast_call *const call = argument;
    size_t at = 0;
    size_t rest = mote_parallel_part(call->samples * call->elements, task, task_count, &at);
    while (rest > 0) {
        const size_t first = at % call->elements;
        const size_t count = mote_size_min(call->elements - first, rest);
        fold(call, at / call->elements, first, count, call->start ? call->start + at : NULL,
             call->to + at);
        at += count;
        rest -= count;
    }
}

static void run_fold(broadcast_call *call)
{
    const size_t count = call->samples * call->elements;
    mote_parallel_run(call->run->parallel, fold_part, call,
                      mote_parallel_task_count(call->run->parallel, count, MOTE_PARALLEL_GRAIN));
}

void mote_broadcast_forward(const mote_layer_run *run, const mote_broadcast *broadcast,
                            const mote_broadcast_operation *operation)
{
    broadcast_call call = make_call(run, broadcast, operation);
    call.to = run->outputs[0].data;
    run_fold(&call);
}

/// A sample of the output as [outer][rows][columns][inner]: outer and columns are what the input has.
typedef struct sum_shape {
    size_t outer, rows, columns, inner;
} sum_shape;

static sum_shape get_sum_shape(const mote_shape *output, const mote_shape *input)
{
    size_t sizes[4] = {1, 1, 1, 1};
    size_t stage = 0;
    for (size_t i = 0; i < AXES; i++) {
        const bool is_summed = input->dims[i] < output->dims[i];
        if (output->dims[i] == 1)
            continue;
        if (is_summed != (stage % 2 == 1))
            stage++;
        sizes[stage] *= output->dims[i];
    }
    if (sizes[1] * sizes[3] > 1)
        return (sum_shape){sizes[0], sizes[1], sizes[2], sizes[3]};
    return (sum_shape){1, 1, sizes[0] * sizes[2], 1};
}

/// The most terms of a block of columns.
static size_t count_block_terms(const sum_shape *shape)
{
    return shape->rows * mote_size_min(shape->columns, BLOCK) * shape->inner;
}

size_t mote_broadcast_scratch_bytes(const mote_setup *setup, const mote_broadcast *broadcast)
{
    size_t terms = 0;
    for (size_t i = 0; i < setup->input_count; i++) {
        if (mote_broadcast_is_whole(broadcast, &setup->inputs[i]))
            continue;
        const sum_shape shape = get_sum_shape(&broadcast->output, &setup->inputs[i].shape);
        terms = mote_size_max(terms, count_block_terms(&shape));
    }
    return terms * setup->thread_count * sizeof(mote_real);
}

/// Sums for one input, whose derivative is `call.to`. A unit is a block of columns of one outer index.
typedef struct sum_call {
    broadcast_call call;
    sum_shape shape;
    size_t blocks;        // of the columns
    bool sums_over_batch; // the input is shared, the output is not
} sum_call;

typedef struct sum_unit {
    size_t outer, first, count; // columns
} sum_unit;

static sum_unit get_unit(const sum_call *sum, size_t index)
{
    const size_t first = index % sum->blocks * BLOCK;
    return (sum_unit){
        .outer = index / sum->blocks,
        .first = first,
        .count = mote_size_min(sum->shape.columns - first, BLOCK),
    };
}

/// The unit's sums of one sample.
static void sum_sample(const sum_call *sum, size_t sample, const sum_unit *unit, mote_real *scratch,
                       mote_real *y)
{
    const broadcast_call *const call = &sum->call;
    const sum_shape *const shape = &sum->shape;
    const mote_real *const dy = call->start + sample * call->elements;
    mote_column_sum columns = {.rows = shape->rows, .columns = unit->count, .inner = shape->inner};
    const size_t first = (unit->outer * shape->rows * shape->columns + unit->first) * shape->inner;
    const size_t step = shape->columns * shape->inner; // from row to row
    const size_t width = unit->count * shape->inner;
    const mote_real *terms = dy + first;
    columns.row_step = step;
    if (call->operation) {
        for (size_t r = 0; r < shape->rows; r++)
            fold(call, sample, first + r * step, width, dy + first + r * step, scratch + r * width);
        terms = scratch;
        columns.row_step = width;
    }
    if (shape->rows * shape->inner == 1)
        memcpy(y, terms, unit->count * sizeof *y);
    else
        call->run->kernels->sum_columns(&columns, terms, y);
}

/// Over the batch: samples in groups, group sums added ascending; the first of each is stored.
static void sum_batch(const sum_call *sum, const sum_unit *unit, mote_real *scratch, mote_real *y)
{
    const mote_kernels *const kernels = sum->call.run->kernels;
    const size_t group = mote_batch_group(sum->shape.rows * sum->shape.inner);
    mote_real group_sum[BLOCK];
    mote_real terms[BLOCK];
    for (size_t sample = 0; sample < sum->call.samples; sample++) {
        const bool opens = sample % group == 0;
        const bool closes = (sample + 1) % group == 0 || sample + 1 == sum->call.samples;
        sum_sample(sum, sample, unit, scratch, opens ? group_sum : terms);
        if (!opens)
            kernels->add(unit->count, group_sum, terms, group_sum);
        if (closes && sample < group)
            memcpy(y, group_sum, unit->count * sizeof *y);
        else if (closes)
            kernels->add(unit->count, y, group_sum, y);
    }
}

static size_t count_units(const sum_call *sum)
{
    return (sum->sums_over_batch ? 1 : sum->call.samples) * sum->shape.outer * sum->blocks;
}

static void sum_units(void *argument, size_t task, size_t task_count)
{
    const sum_call *const sum = argument;
    const size_t sample_units = sum->shape.outer * sum->blocks;
    mote_real *const all_scratch = sum->call.run->scratch;
    mote_real *const scratch =
        sum->call.operation ? all_scratch + task * count_block_terms(&sum->shape) : NULL;
    size_t index = 0;
    const size_t count = mote_parallel_part(count_units(sum), task, task_count, &index);
    for (const size_t end = index + count; index < end; index++) {
        const size_t sample = index / sample_units;
        const sum_unit unit = get_unit(sum, index % sample_units);
        mote_real *const y = sum->call.to +
                             (sample * sum->shape.outer + unit.outer) * sum->shape.columns +
                             unit.first;
        if (sum->sums_over_batch)
            sum_batch(sum, &unit, scratch, y);
        else
            sum_sample(sum, sample, &unit, scratch, y);
    }
}

static void run_sums(const broadcast_call *call, const mote_tensor_spec *input)
{
    sum_call sum = {
        .call = *call,
        .shape = get_sum_shape(&call->broadcast->output, &input->shape),
        .sums_over_batch = call->broadcast->is_batched && !input->batched,
    };
    sum.blocks = mote_size_ceil_divide(sum.shape.columns, BLOCK);
    const mote_parallel *const parallel = call->run->parallel;
    const size_t tasks =
        mote_parallel_task_count(parallel, call->samples * call->elements, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(parallel, sum_units, &sum, mote_size_min(tasks, count_units(&sum)));
}

/// Of an input that was not repeated.
static void derive_whole(broadcast_call *call)
{
    if (call->operation)
        run_fold(call);
    else if (call->to != call->start)
        memcpy(call->to, call->start, call->samples * call->elements * sizeof *call->to);
}

void mote_broadcast_derive(const mote_layer_run *run, const mote_broadcast *broadcast,
                           const mote_broadcast_operation *factors)
{
    for (size_t i = broadcast->input_count; i-- > 0;) {
        broadcast_call call = make_call(run, broadcast, factors);
        call.left_out = i;
        call.start = run->output_derivatives[0].data;
        call.to = run->input_derivatives[i].data;
        if (!call.to)
            continue;
        if (mote_broadcast_is_whole(broadcast, run->inputs[i].spec))
            derive_whole(&call);
        else
            run_sums(&call, run->inputs[i].spec);
    }
}
