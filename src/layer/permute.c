// SPDX-License-Identifier: Apache-2.0
// The axes of each sample in another order.
#include "layer/layer.h"

#include "base/size.h"

#define AXES 3U

typedef struct permute_state {
    mote_property_integers direction; // output axis i is input axis direction[i], counted from 1
    size_t elements;                  // of a sample
    mote_box forward, backward;       // of a sample
} permute_state;

static const mote_property properties[] = {
    {
        .name = "direction",
        .kind = MOTE_PROPERTY_INTEGERS,
        .minimum = 1,
        .maximum = AXES,
        .count_minimum = AXES,
        .count_maximum = AXES,
        .offset = offsetof(permute_state, direction),
        .help = "the input's axes (1 channels, 2 height, 3 width) in the output's order",
    },
    {0},
};

static mote_status check_direction(const mote_setup *setup, const permute_state *state)
{
    const uint64_t *const d = state->direction.values;
    if (d[0] != d[1] && d[0] != d[2] && d[1] != d[2])
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                      "layer '%s': direction = %u,%u,%u: each of 1, 2 and 3 must be there once",
                      setup->layer_name, (unsigned)d[0], (unsigned)d[1], (unsigned)d[2]);
}

/// Elements from one index of each axis to the next.
static void get_steps(const mote_shape *shape, size_t steps[AXES])
{
    steps[2] = 1;
    steps[1] = shape->dims[2];
    steps[0] = shape->dims[1] * shape->dims[2];
}

/// Forward runs over the output's axes, backward over the input's, so that what is written is dense.
static void make_boxes(permute_state *state, const mote_shape *input, const mote_shape *output)
{
    size_t input_steps[AXES];
    size_t output_steps[AXES];
    get_steps(input, input_steps);
    get_steps(output, output_steps);
    for (size_t i = 0; i < AXES; i++) {
        const size_t from = (size_t)state->direction.values[i] - 1;
        state->forward.counts[i] = output->dims[i];
        state->forward.x_steps[i] = input_steps[from];
        state->forward.y_steps[i] = output_steps[i];
        state->backward.counts[from] = output->dims[i];
        state->backward.x_steps[from] = output_steps[i];
        state->backward.y_steps[from] = input_steps[from];
    }
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    permute_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, AXES));
    MOTE_TRY(check_direction(setup, state));
    const mote_shape *const input = &setup->inputs[0].shape;
    mote_shape output = *input;
    for (size_t i = 0; i < AXES; i++)
        output.dims[i] = input->dims[state->direction.values[i] - 1];
    state->elements = mote_shape_elements(input);
    make_boxes(state, input, &output);
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE;
    return mote_setup_output(setup, &output);
}

typedef struct permute_call {
    const mote_layer_run *run;
    const mote_box *box;
    size_t elements; // of a sample
    const mote_real *from;
    mote_real *to;
} permute_call;

static void permute_samples(void *argument, size_t task, size_t task_count)
{
    const permute_call *const call = argument;
    size_t sample = 0;
    const size_t count = mote_parallel_part(call->run->batch, task, task_count, &sample);
    for (const size_t end = sample + count; sample < end; sample++)
        call->run->kernels->copy_box(call->box, call->from + sample * call->elements,
                                     call->to + sample * call->elements);
}

static void run_samples(permute_call *call)
{
    const mote_layer_run *const run = call->run;
    const size_t tasks =
        mote_parallel_task_count(run->parallel, run->batch * call->elements, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, permute_samples, call, mote_size_min(tasks, run->batch));
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const permute_state *const state = layer_state;
    permute_call call = {.run = run,
                         .box = &state->forward,
                         .elements = state->elements,
                         .from = run->inputs[0].data,
                         .to = run->outputs[0].data};
    run_samples(&call);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const permute_state *const state = layer_state;
    permute_call call = {.run = run,
                         .box = &state->backward,
                         .elements = state->elements,
                         .from = run->output_derivatives[0].data,
                         .to = run->input_derivatives[0].data};
    run_samples(&call);
}

const mote_layer mote_layer_permute = {
    .name = "permute",
    .summary = "the axes of each sample in another order",
    .properties = properties,
    .state_bytes = sizeof(permute_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
    .forward = forward,
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
