// SPDX-License-Identifier: Apache-2.0
// Operations on gradients, until they are applied.
#include "exec/exec.h"

#include <math.h>

mote_status mote_operation_add(const mote_operation *operation, const mote_execution *execution)
{
    const mote_tensor *sum = &operation->tensors[MOTE_ADD_SUM];
    mote_kernel_run_binary(execution->parallel, execution->kernels->add,
                           mote_shape_elements(&sum->spec->shape), (const mote_real *)sum->data,
                           (const mote_real *)operation->tensors[MOTE_ADD_PART].data,
                           (mote_real *)sum->data);
    return MOTE_OK;
}

/// `count`: elements of the weight.
static mote_gradient make_gradient(const mote_tensor *gradient, const mote_tensor *rows,
                                   size_t count)
{
    return (mote_gradient){.values = (mote_real *)gradient->data,
                           .count = count,
                           .rows = (const int32_t *)rows->data,
                           .width = mote_shape_elements(&gradient->spec->shape) /
                                    gradient->spec->shape.dims[0]};
}

/// As far as its last row reaches: what is behind it is +0 and adds nothing.
static mote_gradient make_reaching(const mote_tensor *gradient, const mote_tensor *rows)
{
    mote_gradient made = make_gradient(gradient, rows, mote_shape_elements(&gradient->spec->shape));
    if (made.rows)
        made.count = ((size_t)made.rows[made.rows[0]] + 1) * made.width;
    return made;
}

mote_status mote_operation_norm(const mote_operation *operation, const mote_execution *execution)
{
    const mote_clip_run run = {execution->kernels, execution->parallel};
    const mote_tensor *tensors = operation->tensors;
    double squares = 0.0;
    for (size_t i = MOTE_NORM_GRADIENTS; i < operation->tensor_count; i += 2) {
        const mote_gradient gradient = make_reaching(&tensors[i], &tensors[i + 1]);
        squares += mote_clip_sum_squares(&run, &gradient, tensors[MOTE_NORM_SCRATCH].data);
    }
    if (!isfinite(squares))
        return MOTE_RAISE(MOTE_ERROR_NONFINITE, "the norm of the gradients is not finite");
    mote_real *factor = (mote_real *)tensors[MOTE_NORM_FACTOR].data;
    *factor = mote_clip_factor(operation->limit, sqrt(squares));
    return MOTE_OK;
}

mote_status mote_operation_scale(const mote_operation *operation, const mote_execution *execution)
{
    const mote_clip_run run = {execution->kernels, execution->parallel};
    const mote_tensor *tensors = operation->tensors;
    const mote_gradient gradient =
        make_reaching(&tensors[MOTE_CLIP_GRADIENT], &tensors[MOTE_CLIP_ROWS]);
    const mote_real *factor = (const mote_real *)tensors[MOTE_CLIP_FACTOR].data;
    mote_clip_scale(&run, *factor, mote_gradient_stored(&gradient), gradient.values);
    return MOTE_OK;
}

mote_status mote_operation_limit(const mote_operation *operation, const mote_execution *execution)
{
    const mote_clip_run run = {execution->kernels, execution->parallel};
    const mote_tensor *tensors = operation->tensors;
    const mote_gradient gradient =
        make_reaching(&tensors[MOTE_CLIP_GRADIENT], &tensors[MOTE_CLIP_ROWS]);
    mote_clip_limit(&run, (mote_real)operation->limit, mote_gradient_stored(&gradient),
                    gradient.values);
    return MOTE_OK;
}

static mote_optimizer_run make_run(const mote_execution *execution)
{
    return (mote_optimizer_run){.optimizer = execution->optimizer,
                                .kernels = execution->kernels,
                                .parallel = execution->parallel,
                                .learning_rate = execution->learning_rate,
                                .step = execution->update};
}

/// To the slice of the weight's input dimension that the gradient is of.
static void apply_slice(const mote_operation *operation, mote_optimizer_run *run,
                        const void *optimizer_state)
{
    const mote_tensor *tensors = operation->tensors;
    const mote_slice slice = operation->slice;
    const mote_shape *shape = &tensors[MOTE_APPLY_WEIGHT].spec->shape;
    run->count = mote_shape_elements(&tensors[MOTE_APPLY_GRADIENT].spec->shape);
    run->row = slice.count * (mote_shape_elements(shape) / shape->dims[0] / shape->dims[1]);
    run->weight = mote_tensor_slice(&tensors[MOTE_APPLY_WEIGHT], slice, &run->row_step);
    run->gradient = (const mote_real *)tensors[MOTE_APPLY_GRADIENT].data;
    for (size_t i = 0; i < MOTE_OPTIMIZER_SLOTS_MAX; i++) {
        const mote_tensor *slot = &tensors[MOTE_APPLY_SLOTS + i];
        if (slot->data)
            run->slots[i] = mote_tensor_slice(slot, slice, &run->slot_row_steps[i]);
    }
    run->optimizer->apply(run, optimizer_state);
}

/// One part of the weight after the other, where the gradient has to be made whole.
mote_status mote_operation_apply(const mote_operation *operation, const mote_execution *execution)
{
    const mote_tensor *tensors = operation->tensors;
    const mote_gradient gradient =
        make_gradient(&tensors[MOTE_APPLY_GRADIENT], &tensors[MOTE_APPLY_ROWS],
                      mote_shape_elements(&tensors[MOTE_APPLY_WEIGHT].spec->shape));
    mote_optimizer_run run = make_run(execution);
    if (operation->slice.count > 0) {
        apply_slice(operation, &run, execution->optimizer_state);
        return MOTE_OK;
    }
    for (size_t first = 0; first < gradient.count; first += run.count) {
        run.count = mote_gradient_part_count(&gradient, first);
        run.weight = (mote_real *)tensors[MOTE_APPLY_WEIGHT].data + first;
        run.gradient = mote_gradient_part(&gradient, first, run.count,
                                          (mote_real *)tensors[MOTE_APPLY_PART].data);
        for (size_t i = MOTE_APPLY_SLOTS; i < operation->tensor_count; i++) {
            mote_real *slot = (mote_real *)tensors[i].data;
            run.slots[i - MOTE_APPLY_SLOTS] = slot ? slot + first : NULL;
        }
        execution->optimizer->apply(&run, execution->optimizer_state);
    }
    return MOTE_OK;
}
