// SPDX-License-Identifier: Apache-2.0
// Finding where values first stopped being finite: the step that failed is run again, looking at all it writes.
#include "exec/transfer.h"

static bool is_finite(const mote_tensor *tensor, size_t batch)
{
    if (!tensor->data || tensor->spec->dtype != MOTE_DTYPE_REAL)
        return true;
    const size_t elements = mote_shape_elements(&tensor->spec->shape);
    return mote_reals_are_finite((const mote_real *)tensor->data,
                                 tensor->spec->batched ? elements * batch : elements);
}

static bool are_finite(const mote_tensor *tensors, size_t count, size_t batch)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_finite(&tensors[i], batch))
            return false;
    }
    return true;
}

/// A gradient of some rows only has memory behind them that nothing was written to.
static bool are_gradients_finite(const mote_layer_run *run)
{
    for (size_t i = 0; i < run->declaration->weight_count; i++) {
        if (!mote_layer_gradient_rows(run, i) && !is_finite(&run->gradients[i], run->batch))
            return false;
    }
    return true;
}

/// What an operation has written; a loss says itself when it is not finite.
static bool has_written_finite(const mote_operation *operation, size_t batch)
{
    if (operation->run == mote_operation_read)
        return is_finite(&operation->tensors[0], batch);
    batch = mote_operation_batch(operation, batch);
    if (operation->run != mote_operation_layer || batch == 0)
        return true;
    mote_layer_run run = mote_operation_make_run(operation);
    run.batch = batch;
    return are_finite(run.outputs, run.declaration->output_count, batch) &&
           are_finite(run.input_derivatives, run.input_count, batch) && are_gradients_finite(&run);
}

/// Whether an operation that changes nothing could be run, with what it needs in memory.
static bool run_again(const mote_program *program, const mote_execution *execution, size_t index)
{
    const mote_operation *operation = &program->operations[index];
    if (program->transfer_count == 0)
        return operation->run(operation, execution) == MOTE_OK;
    return mote_transfers_begin(program, index, execution->transfers) == MOTE_OK &&
           operation->run(operation, execution) == MOTE_OK &&
           mote_transfers_end(program, index, execution->transfers) == MOTE_OK;
}

const char *mote_program_find_nonfinite(const mote_program *program,
                                        const mote_execution *execution)
{
    const char *name = NULL;
    bool goes_on = true;
    for (size_t i = 0; i < program->operation_count && goes_on && !name; i++) {
        const mote_operation *operation = &program->operations[i];
        goes_on = !operation->changes && run_again(program, execution, i);
        if (goes_on && !has_written_finite(operation, execution->batch))
            name = operation->name;
    }
    mote_transfers_halt(execution->transfers);
    return name;
}
