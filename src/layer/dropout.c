// SPDX-License-Identifier: Apache-2.0
// Drops a share of the elements in training and scales the others so that the mean stays. The mask is
// not stored: backward makes the same random numbers again.
#include "layer/layer.h"

#include <string.h>

#define RATE_MAXIMUM 0.999

typedef struct dropout_state {
    double dropout_rate;
    size_t elements; // of a sample
} dropout_state;

static const mote_property properties[] = {
    {
        .name = "dropout_rate",
        .kind = MOTE_PROPERTY_REAL,
        .minimum = 0,
        .maximum = RATE_MAXIMUM,
        .offset = offsetof(dropout_state, dropout_rate),
        .help = "share of the elements that is dropped",
    },
    {0},
};

static mote_status setup(mote_setup *setup, void *layer_state)
{
    dropout_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    const mote_shape *const shape = &setup->inputs[0].shape;
    state->elements = mote_shape_elements(shape);
    setup->declaration->output_over_input = true;
    setup->declaration->derivative_over_output_derivative = true;
    setup->declaration->recomputes = true;
    setup->declaration->sample_phases =
        MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE | MOTE_PHASE_RECOMPUTE;
    mote_setup_effort(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE | MOTE_PHASE_RECOMPUTE,
                      MOTE_EFFORT_FUNCTION, (double)setup->batch * (double)state->elements);
    return mote_setup_output(setup, shape);
}

typedef struct dropout_call {
    const mote_kernels *kernels;
    mote_dropout dropout; // of all samples of the run
    size_t count;
    const mote_real *x;
    mote_real *y;
} dropout_call;

static void drop_part(void *argument, size_t task, size_t task_count)
{
    const dropout_call *const call = argument;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->count, task, task_count, &first);
    mote_dropout dropout = call->dropout;
    dropout.first += first;
    call->kernels->dropout(&dropout, count, call->x + first, call->y + first);
}

static void drop(const mote_layer_run *run, const dropout_state *state, const mote_tensor *from,
                 const mote_tensor *to)
{
    dropout_call call = {
        .kernels = run->kernels,
        .dropout = {.key = run->random,
                    .first = (uint64_t)run->first_sample * state->elements,
                    .threshold = (uint32_t)(state->dropout_rate * 0x1p32),
                    .scale = (mote_real)(1.0 / (1.0 - state->dropout_rate))},
        .count = run->batch * state->elements,
        .x = from->data,
        .y = to->data,
    };
    const size_t tasks = mote_parallel_task_count(run->parallel, call.count, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, drop_part, &call, tasks);
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const dropout_state *const state = layer_state;
    const mote_real *const x = run->inputs[0].data;
    mote_real *const y = run->outputs[0].data;
    if (run->training)
        drop(run, state, &run->inputs[0], &run->outputs[0]);
    else if (y != x)
        memcpy(y, x, run->batch * state->elements * sizeof *y);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    drop(run, layer_state, &run->output_derivatives[0], &run->input_derivatives[0]);
}

const mote_layer mote_layer_dropout = {
    .name = "dropout",
    .summary = "drops a random share of the elements in training",
    .properties = properties,
    .state_bytes = sizeof(dropout_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
    .forward = forward,
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
    .recompute = MOTE_TRAINING_ONLY(forward),
};
