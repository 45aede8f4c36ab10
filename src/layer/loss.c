// SPDX-License-Identifier: Apache-2.0
// Sums of losses: rows are valued on threads into scratch, then added in the order of the batch.
#include "layer/loss.h"

#include "base/size.h"

mote_status mote_loss_check_label(const mote_setup *setup, const mote_tensor_spec *expected)
{
    const mote_tensor_spec *const label = &setup->inputs[MOTE_LOSS_LABEL];
    if (label->dtype == expected->dtype && mote_shape_equal(&label->shape, &expected->shape))
        return MOTE_OK;
    char text[96];
    char expected_text[96];
    return MOTE_RAISE(MOTE_ERROR_SHAPE, "layer '%s': the label is %s of %s, it must be %s of %s",
                      setup->layer_name, mote_shape_text(&label->shape, text, sizeof text),
                      mote_dtype_text(label->dtype),
                      mote_shape_text(&expected->shape, expected_text, sizeof expected_text),
                      mote_dtype_text(expected->dtype));
}

size_t mote_loss_scratch_bytes(size_t batch, size_t rows)
{
    return batch * rows * sizeof(mote_real);
}

typedef struct sum_call {
    const mote_layer_run *run;
    const mote_loss_sum *sum;
    mote_real *values;
} sum_call;

static void value_rows(void *argument, size_t task, size_t task_count)
{
    const sum_call *const call = argument;
    size_t row = 0;
    const size_t count =
        mote_parallel_part(call->run->batch * call->sum->rows, task, task_count, &row);
    for (const size_t end = row + count; row < end; row++)
        call->values[row] = call->sum->value(call->sum->argument, row);
}

static mote_real sum_sample(void *argument, size_t sample)
{
    const sum_call *const call = argument;
    const size_t rows = call->sum->rows;
    mote_real sum = 0;
    call->run->kernels->sum(rows, call->values + sample * rows, &sum);
    return sum;
}

void mote_loss_make_metric(const mote_layer_run *run, const mote_loss_sum *sum, size_t metric,
                           mote_real divisor)
{
    sum_call call = {.run = run, .sum = sum, .values = run->scratch};
    const size_t rows = run->batch * sum->rows;
    const size_t tasks =
        mote_parallel_task_count(run->parallel, rows * sum->width, MOTE_PARALLEL_GRAIN);
    mote_real *const made = (mote_real *)run->outputs[0].data + metric;
    mote_parallel_run(run->parallel, value_rows, &call, mote_size_min(tasks, rows));
    const mote_batch_samples samples = {
        .first = run->first_sample,
        .count = run->batch,
        .group = mote_batch_group(sum->terms),
        .before = run->first_sample > 0 ? *made : 0,
    };
    *made = mote_batch_sum(&samples, sum_sample, &call);
    if (run->samples_left == 0)
        *made /= divisor;
}

void mote_loss_slice_samples(mote_setup *setup, size_t terms)
{
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE;
    setup->declaration->sample_group = mote_batch_sample_group(setup->batch, terms);
}
