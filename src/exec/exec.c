// SPDX-License-Identifier: Apache-2.0
// Runs a program's operations one after the other.
#include "exec/ahead.h"
#include "exec/transfer.h"

#include "base/size.h"
#include "base/text.h"
#include "os/os.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

size_t mote_operation_batch(const mote_operation *operation, size_t batch)
{
    const mote_slice *samples = &operation->samples;
    if (samples->count == 0)
        return batch;
    return batch > samples->first ? mote_size_min(samples->count, batch - samples->first) : 0;
}

mote_layer_run mote_operation_make_run(const mote_operation *operation)
{
    const mote_callee *const callee = operation->callee;
    const mote_declaration *const declaration = callee->declaration;
    mote_layer_run run = {.scratch = operation->tensors[operation->tensor_count - 1].data,
                          .slice = operation->slice,
                          .training = operation->training,
                          .loss_weight = callee->loss_weight,
                          .layer = callee->layer,
                          .declaration = declaration,
                          .input_count = callee->input_count,
                          .scratch_bytes = operation->scratch_bytes,
                          .step = operation->name};
    run.inputs = operation->tensors;
    run.outputs = run.inputs + callee->input_count;
    run.input_derivatives = run.outputs + declaration->output_count;
    run.output_derivatives = run.input_derivatives + callee->input_count;
    run.weights = run.output_derivatives + declaration->output_count;
    run.gradients = run.weights + declaration->weight_count;
    run.gradient_rows = run.gradients + declaration->weight_count;
    run.statistics = run.gradient_rows + declaration->weight_count;
    run.temporaries = run.statistics + declaration->statistic_count;
    return run;
}

mote_status mote_operation_layer(const mote_operation *operation, const mote_execution *execution)
{
    const size_t batch = mote_operation_batch(operation, execution->batch);
    mote_status status = MOTE_OK;
    if (batch == 0)
        return MOTE_OK;
    mote_layer_run run = mote_operation_make_run(operation);
    run.batch = batch;
    run.first_sample = operation->samples.first;
    run.samples_left = execution->batch - run.first_sample - run.batch;
    run.kernels = execution->kernels;
    run.parallel = execution->parallel;
    run.random = (mote_random_key){.seed = execution->seed,
                                   .name = operation->callee->random_name,
                                   .iteration = execution->iteration};
    run.raised = &status;
    operation->callback(&run, operation->callee->state);
    return status;
}

mote_status mote_operation_loss(const mote_operation *operation, const mote_execution *execution)
{
    MOTE_TRY(mote_operation_layer(operation, execution));
    const mote_real *metrics =
        (const mote_real *)mote_operation_make_run(operation).outputs[0].data;
    if (mote_reals_are_finite(&metrics[MOTE_LOSS_MEAN], 1))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_NONFINITE, "the loss is not finite (%s)", operation->name);
}

mote_status mote_operation_pause(const mote_operation *operation, const mote_execution *execution)
{
    (void)operation;
    (void)execution;
    return MOTE_OK;
}

void mote_program_bind(mote_program *program, unsigned char *base)
{
    program->base = base;
    for (size_t i = 0; i < program->operation_count; i++) {
        const mote_operation *operation = &program->operations[i];
        for (size_t j = 0; j < operation->tensor_count; j++) {
            const size_t offset = operation->offsets[j];
            operation->tensors[j].data = offset == MOTE_ABSENT ? NULL : base + offset;
        }
    }
}

uint64_t mote_program_stored_bytes(const mote_program *program)
{
    uint64_t bytes = 0;
    for (size_t i = 0; program && i < program->transfer_count; i++)
        bytes += program->transfers[i].is_store ? program->transfers[i].bytes : 0;
    return bytes;
}

static void poison_dead(const mote_program *program, const mote_operation *operation)
{
    for (size_t i = 0; i < operation->dead_count; i++)
        memset(program->base + operation->dead[i].offset, 0xFF, operation->dead[i].bytes);
}

/// Runs operation `index` and tells how long that took.
static mote_status run_timed(const mote_program *program, const mote_execution *execution,
                             size_t index)
{
    const mote_operation *operation = &program->operations[index];
    const mote_profiler *profiler = &execution->profiler;
    const uint64_t begin = mote_clock_ns();
    MOTE_TRY(operation->run(operation, execution));
    const mote_operation_time time = {
        .index = index,
        .name = operation->name,
        .phase = operation->phase,
        .layer = operation->layer,
        .step = execution->iteration,
        .begin_ns = begin,
        .ns = mote_clock_ns() - begin,
        .multiply_adds = operation->multiply_adds * (double)execution->batch,
    };
    profiler->operation(profiler->user, &time);
    return MOTE_OK;
}

static mote_status run_operation(const mote_program *program, const mote_execution *execution,
                                 size_t index)
{
    const mote_operation *operation = &program->operations[index];
    if (execution->ahead)
        mote_ahead_open(program, index, execution);
    if (program->transfer_count > 0)
        MOTE_TRY(mote_transfers_begin(program, index, execution->transfers));
    if (operation->changes && execution->has_changed)
        *execution->has_changed = true;
    MOTE_TRY(execution->profiler.operation ? run_timed(program, execution, index)
                                           : operation->run(operation, execution));
    if (program->transfer_count > 0)
        MOTE_TRY(mote_transfers_end(program, index, execution->transfers));
    if (program->poison)
        poison_dead(program, operation);
    return MOTE_OK;
}

static mote_status run_watched(const mote_program *program, const mote_execution *execution,
                               size_t index)
{
    mote_operation_watch *const watch = execution->watch;
    const uint64_t begin = mote_clock_ns();
    const mote_status status = run_operation(program, execution, index);
    const uint64_t ns = mote_clock_ns() - begin;
    watch->late_count += ns > watch->deadline_ns;
    if (ns <= watch->longest_ns)
        return status;
    watch->longest_ns = ns;
    (void)snprintf(watch->longest, sizeof watch->longest, "%s", program->operations[index].name);
    return status;
}

/// Lets whoever shares the processor have it. What has begun to change weights is not left half done.
static mote_status yield(const mote_execution *execution, const mote_operation *operation)
{
    if (!execution->yield || !execution->yield(execution->yield_user))
        return MOTE_OK;
    if (execution->has_changed && *execution->has_changed)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_STOPPED, "stopped in front of '%s'", operation->name);
}

static mote_status run_next(const mote_program *program, const mote_execution *execution,
                            size_t index)
{
    MOTE_TRY(yield(execution, &program->operations[index]));
    return execution->watch ? run_watched(program, execution, index)
                            : run_operation(program, execution, index);
}

/// Operations [first, end): the next one begins when the arena is as it needs it.
static mote_status run_operations(const mote_program *program, const mote_execution *execution,
                                  size_t first, size_t end)
{
    mote_status status = MOTE_OK;
    assert(program->base);
    for (size_t i = first; i < end && status == MOTE_OK; i++)
        status = run_next(program, execution, i);
    mote_parallel_rest(execution->parallel);
    if (status != MOTE_OK)
        mote_transfers_halt(execution->transfers);
    return status;
}

mote_status mote_program_run(const mote_program *program, const mote_execution *execution)
{
    return run_operations(program, execution, 0, program->operation_count);
}

mote_status mote_program_begin(const mote_program *program, const mote_execution *execution)
{
    assert(program->pause != MOTE_ABSENT);
    return run_operations(program, execution, 0, program->pause);
}

mote_status mote_program_finish(const mote_program *program, const mote_execution *execution)
{
    assert(program->pause != MOTE_ABSENT);
    return run_operations(program, execution, program->pause, program->operation_count);
}

const void *mote_program_output(const mote_program *program, size_t index)
{
    const size_t offset = program->output_offsets[index];
    return offset == MOTE_ABSENT ? NULL : program->base + offset;
}

void *mote_program_result(const mote_program *program, size_t index)
{
    assert(index < program->result_count);
    return program->base + program->result_offsets[index];
}

static void print_part(const mote_read_part *part, const mote_writer *writer)
{
    if (part->operation != MOTE_ABSENT)
        mote_write(writer, ", from %zu on %zu at @%zu", part->operation, part->count, part->offset);
}

void mote_program_print(const mote_program *program, const mote_writer *writer)
{
    mote_write(writer, "program %s: %zu operations\n", program->name, program->operation_count);
    for (size_t i = 0; i < program->operation_count; i++) {
        const mote_operation *operation = &program->operations[i];
        mote_write(writer, "%5zu %-40s", i, operation->name);
        for (size_t j = 0; j < operation->tensor_count; j++) {
            if (operation->offsets[j] != MOTE_ABSENT)
                mote_write(writer, " @%zu", operation->offsets[j]);
        }
        for (size_t j = 0; j < operation->part_count; j++)
            print_part(&operation->parts[j], writer);
        mote_write(writer, "\n");
    }
}
