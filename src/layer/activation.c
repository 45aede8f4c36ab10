// SPDX-License-Identifier: Apache-2.0
// Element-wise functions, and softmax over the last axis. Backward needs the output alone.
#include "layer/layer.h"

#include "base/size.h"

typedef struct activation_state {
    uint32_t activation; // index of `functions`
    size_t rows;         // of a sample
    size_t width;        // of a row
} activation_state;

static size_t get_count(const mote_layer_run *run, const activation_state *state)
{
    return run->batch * state->rows * state->width;
}

/// Forward and derivative of a function that has a kernel and a kernel for its derivative.
#define DEFINE_ELEMENT_WISE(name)                                                                \
    static void name##_forward(const mote_layer_run *run, const activation_state *state)         \
    {                                                                                            \
        mote_kernel_run_unary(run->parallel, run->kernels->name, get_count(run, state),          \
                              run->inputs[0].data, run->outputs[0].data);                        \
    }                                                                                            \
    static void name##_derivative(const mote_layer_run *run, const activation_state *state)      \
    {                                                                                            \
        mote_kernel_run_binary(run->parallel, run->kernels->name##_derivative,                   \
                               get_count(run, state), run->outputs[0].data,                      \
                               run->output_derivatives[0].data, run->input_derivatives[0].data); \
    }

DEFINE_ELEMENT_WISE(relu)
DEFINE_ELEMENT_WISE(sigmoid)
DEFINE_ELEMENT_WISE(tanh)

typedef struct softmax_call {
    const mote_layer_run *run;
    const activation_state *state;
} softmax_call;

static void softmax_rows(void *argument, size_t task, size_t task_count)
{
    const softmax_call *const call = argument;
    const size_t width = call->state->width;
    const mote_real *const x = call->run->inputs[0].data;
    mote_real *const y = call->run->outputs[0].data;
    size_t row = 0;
    const size_t count =
        mote_parallel_part(call->run->batch * call->state->rows, task, task_count, &row);
    for (const size_t end = row + count; row < end; row++)
        call->run->kernels->softmax(width, x + row * width, y + row * width);
}

static void softmax_derivative_rows(void *argument, size_t task, size_t task_count)
{
    const softmax_call *const call = argument;
    const size_t width = call->state->width;
    const mote_real *const y = call->run->outputs[0].data;
    const mote_real *const dy = call->run->output_derivatives[0].data;
    mote_real *const dx = call->run->input_derivatives[0].data;
    size_t row = 0;
    const size_t count =
        mote_parallel_part(call->run->batch * call->state->rows, task, task_count, &row);
    for (const size_t end = row + count; row < end; row++)
        call->run->kernels->softmax_derivative(width, y + row * width, dy + row * width,
                                               dx + row * width);
}

static void run_rows(const mote_layer_run *run, const activation_state *state,
                     mote_parallel_task *task)
{
    softmax_call call = {.run = run, .state = state};
    const size_t tasks =
        mote_parallel_task_count(run->parallel, get_count(run, state), MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, task, &call, mote_size_min(tasks, run->batch * state->rows));
}

static void softmax_forward(const mote_layer_run *run, const activation_state *state)
{
    run_rows(run, state, softmax_rows);
}

static void softmax_derivative(const mote_layer_run *run, const activation_state *state)
{
    run_rows(run, state, softmax_derivative_rows);
}

#define ACTIVATION_MAP(X) X(relu) X(sigmoid) X(tanh) X(softmax)

static const struct activation_function {
    void (*forward)(const mote_layer_run *run, const activation_state *state);
    void (*derivative)(const mote_layer_run *run, const activation_state *state);
} functions[] = {

#define ACTIVATION_FUNCTION(name) {name##_forward, name##_derivative},
    ACTIVATION_MAP(ACTIVATION_FUNCTION)
#undef ACTIVATION_FUNCTION
};

static const char *const function_names[] = {
#define ACTIVATION_NAME(name) #name,
    ACTIVATION_MAP(ACTIVATION_NAME)
#undef ACTIVATION_NAME
        NULL,
};

static const mote_property properties[] = {
    {
        .name = "activation",
        .kind = MOTE_PROPERTY_CHOICE,
        .choices = function_names,
        .offset = offsetof(activation_state, activation),
        .help = "the function; softmax goes over the last axis",
    },
    {0},
};

static mote_status setup(mote_setup *setup, void *layer_state)
{
    activation_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    const mote_shape *const shape = &setup->inputs[0].shape;
    state->rows = shape->dims[0] * shape->dims[1];
    state->width = shape->dims[2];
    setup->declaration->output_over_input = true;
    setup->declaration->derivative_over_output_derivative = true;
    setup->declaration->derivative_over_input = true;
    mote_setup_need_output(setup, MOTE_PHASE_DERIVATIVE);
    return mote_setup_output(setup, shape);
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const activation_state *const state = layer_state;
    functions[state->activation].forward(run, state);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const activation_state *const state = layer_state;
    functions[state->activation].derivative(run, state);
}

const mote_layer mote_layer_activation = {
    .name = "activation",
    .summary = "relu, sigmoid, tanh or softmax",
    .properties = properties,
    .state_bytes = sizeof(activation_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
    .forward = forward,
    .calc_derivative = calc_derivative,
};
