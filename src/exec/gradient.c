// SPDX-License-Identifier: Apache-2.0
// Operations on gradients before they are applied.
#include "exec/exec.h"

#include <assert.h>
#include <math.h>

mote_status mote_operation_add(const mote_operation *operation, const mote_execution *execution)
{
    const mote_tensor *sum = &operation->tensors[MOTE_ADD_SUM];
    mote_kernel_run_binary(execution->parallel, execution->kernels->add,
                           mote_shape_elements(&sum->spec.shape), (const mote_real *)sum->data,
                           (const mote_real *)operation->tensors[MOTE_ADD_PART].data,
                           (mote_real *)sum->data);
    return MOTE_OK;
}

mote_status mote_operation_norm(const mote_operation *operation, const mote_execution *execution)
{
    const mote_clip_run run = {execution->kernels, execution->parallel};
    assert(operation->tensor_count >= MOTE_NORM_GRADIENTS);
    double squares = 0.0;
    for (size_t i = MOTE_NORM_GRADIENTS; i < operation->tensor_count; i++) {
        const mote_tensor *gradient = &operation->tensors[i];
        squares += mote_clip_sum_squares(&run, mote_shape_elements(&gradient->spec.shape),
                                         (const mote_real *)gradient->data,
                                         (double *)operation->tensors[MOTE_NORM_SCRATCH].data);
    }
    if (!isfinite(squares))
        return MOTE_RAISE(MOTE_ERROR_NONFINITE, "the norm of the gradients is not finite");
    mote_real *factor = (mote_real *)operation->tensors[MOTE_NORM_FACTOR].data;
    *factor = mote_clip_factor(operation->limit, sqrt(squares));
    return MOTE_OK;
}

mote_status mote_operation_scale(const mote_operation *operation, const mote_execution *execution)
{
    const mote_clip_run run = {execution->kernels, execution->parallel};
    const mote_tensor *gradient = &operation->tensors[MOTE_CLIP_GRADIENT];
    const mote_real *factor = (const mote_real *)operation->tensors[MOTE_CLIP_FACTOR].data;
    mote_clip_scale(&run, *factor, mote_shape_elements(&gradient->spec.shape),
                    (mote_real *)gradient->data);
    return MOTE_OK;
}

mote_status mote_operation_limit(const mote_operation *operation, const mote_execution *execution)
{
    const mote_clip_run run = {execution->kernels, execution->parallel};
    const mote_tensor *gradient = &operation->tensors[MOTE_CLIP_GRADIENT];
    mote_clip_limit(&run, (mote_real)operation->limit, mote_shape_elements(&gradient->spec.shape),
                    (mote_real *)gradient->data);
    return MOTE_OK;
}
