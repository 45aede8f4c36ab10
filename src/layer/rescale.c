// SPDX-License-Identifier: Apache-2.0
// A fixed line: what a network learns near 0 and 1 in the unit of its labels.
#include "layer/layer.h"

typedef struct rescale_state {
    double scale, shift;
    size_t elements; // of a sample
} rescale_state;

static const mote_property properties[] = {
    {
        .name = "scale",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "1",
        .minimum = -1e30,
        .maximum = 1e30,
        .offset = offsetof(rescale_state, scale),
        .help = "what elements are multiplied by",
    },
    {
        .name = "shift",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0",
        .minimum = -1e30,
        .maximum = 1e30,
        .offset = offsetof(rescale_state, shift),
        .help = "what is added then",
    },
    {0},
};

static mote_status setup(mote_setup *setup, void *layer_state)
{
    rescale_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    const mote_shape *const shape = &setup->inputs[0].shape;
    state->elements = mote_shape_elements(shape);
    setup->declaration->output_over_input = true;
    setup->declaration->derivative_over_output_derivative = true;
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE;
    return mote_setup_output(setup, shape);
}

typedef struct rescale_call {
    const mote_kernels *kernels;
    mote_real scale, shift;
    size_t count; // elements of the batch
    const mote_real *x;
    mote_real *y;
} rescale_call;

static void rescale_part(void *argument, size_t task, size_t task_count)
{
    const rescale_call *const call = argument;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->count, task, task_count, &first);
    call->kernels->scale_shift(count, call->scale, call->shift, call->x + first, call->y + first);
}

static void rescale(const mote_layer_run *run, rescale_call *call)
{
    const size_t tasks = mote_parallel_task_count(run->parallel, call->count, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, rescale_part, call, tasks);
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const rescale_state *const state = layer_state;
    rescale_call call = {
        .kernels = run->kernels,
        .scale = (mote_real)state->scale,
        .shift = (mote_real)state->shift,
        .count = run->batch * state->elements,
        .x = run->inputs[0].data,
        .y = run->outputs[0].data,
    };
    rescale(run, &call);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const rescale_state *const state = layer_state;
    rescale_call call = {
        .kernels = run->kernels,
        .scale = (mote_real)state->scale,
        .count = run->batch * state->elements,
        .x = run->output_derivatives[0].data,
        .y = run->input_derivatives[0].data,
    };
    rescale(run, &call);
}

const mote_layer mote_layer_rescale = {
    .name = "rescale",
    .summary = "scale * input + shift, both fixed: behind the last layer, the unit of the labels",
    .properties = properties,
    .state_bytes = sizeof(rescale_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
    .forward = forward,
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
