// SPDX-License-Identifier: Apache-2.0
// Element-wise functions, and softmax over an axis. Backward needs the output where that says enough,
// otherwise the input.
#include "layer/layer.h"
#include "layer/softmax.h"

#include "base/size.h"

#include <string.h>

typedef struct activation_state {
    uint32_t activation; // index of `functions`
    double negative_slope, alpha;
    uint64_t axis;
    size_t channels;
    mote_axis_view view;
} activation_state;

static size_t get_count(const mote_layer_run *run, const activation_state *state)
{
    return run->batch * state->view.outer * state->view.length * state->view.inner;
}

/// Forward and derivative of a function that has a kernel and a kernel for its derivative, which
/// reads `needed`: output or input.
#define DEFINE_ELEMENT_WISE(name, needed)                                                        \
    static void name##_forward(const mote_layer_run *run, const activation_state *state)         \
    {                                                                                            \
        mote_kernel_run_unary(run->parallel, run->kernels->name, get_count(run, state),          \
                              run->inputs[0].data, run->outputs[0].data);                        \
    }                                                                                            \
    static void name##_derivative(const mote_layer_run *run, const activation_state *state)      \
    {                                                                                            \
        mote_kernel_run_binary(run->parallel, run->kernels->name##_derivative,                   \
                               get_count(run, state), run->needed##s[0].data,                    \
                               run->output_derivatives[0].data, run->input_derivatives[0].data); \
    }

DEFINE_ELEMENT_WISE(relu, output)
DEFINE_ELEMENT_WISE(sigmoid, output)
DEFINE_ELEMENT_WISE(tanh, output)
DEFINE_ELEMENT_WISE(relu6, output)
DEFINE_ELEMENT_WISE(selu, output)
DEFINE_ELEMENT_WISE(softplus, output)
DEFINE_ELEMENT_WISE(hard_sigmoid, output)
DEFINE_ELEMENT_WISE(swish, input)
DEFINE_ELEMENT_WISE(gelu, input)
DEFINE_ELEMENT_WISE(tanh_gelu, input)
DEFINE_ELEMENT_WISE(mish, input)
DEFINE_ELEMENT_WISE(hard_swish, input)

typedef struct activation_call {
    const mote_layer_run *run;
    const activation_state *state;
} activation_call;

static void run_elements(const mote_layer_run *run, const activation_state *state,
                         mote_parallel_task *task)
{
    activation_call call = {.run = run, .state = state};
    mote_parallel_run(
        run->parallel, task, &call,
        mote_parallel_task_count(run->parallel, get_count(run, state), MOTE_PARALLEL_GRAIN));
}

/// The same for a function with a parameter; its derivative reads the output.
#define DEFINE_WITH_PARAMETER(name, parameter)                                                     \
    static void name##_part(void *argument, size_t task, size_t task_count)                        \
    {                                                                                              \
        const activation_call *const call = argument;                                              \
        const mote_real *const x = call->run->inputs[0].data;                                      \
        mote_real *const y = call->run->outputs[0].data;                                           \
        size_t first = 0;                                                                          \
        const size_t count =                                                                       \
            mote_parallel_part(get_count(call->run, call->state), task, task_count, &first);       \
        call->run->kernels->name(count, (mote_real)call->state->parameter, x + first, y + first);  \
    }                                                                                              \
    static void name##_derivative_part(void *argument, size_t task, size_t task_count)             \
    {                                                                                              \
        const activation_call *const call = argument;                                              \
        const mote_real *const y = call->run->outputs[0].data;                                     \
        const mote_real *const dy = call->run->output_derivatives[0].data;                         \
        mote_real *const dx = call->run->input_derivatives[0].data;                                \
        size_t first = 0;                                                                          \
        const size_t count =                                                                       \
            mote_parallel_part(get_count(call->run, call->state), task, task_count, &first);       \
        call->run->kernels->name##_derivative(count, (mote_real)call->state->parameter, y + first, \
                                              dy + first, dx + first);                             \
    }                                                                                              \
    static void name##_forward(const mote_layer_run *run, const activation_state *state)           \
    {                                                                                              \
        run_elements(run, state, name##_part);                                                     \
    }                                                                                              \
    static void name##_derivative(const mote_layer_run *run, const activation_state *state)        \
    {                                                                                              \
        run_elements(run, state, name##_derivative_part);                                          \
    }

DEFINE_WITH_PARAMETER(leaky_relu, negative_slope)
DEFINE_WITH_PARAMETER(elu, alpha)

/// The same for a function of rows.
#define DEFINE_ROW_WISE(name)                                                               \
    static void name##_forward(const mote_layer_run *run, const activation_state *state)    \
    {                                                                                       \
        mote_##name##_forward(run, &state->view);                                           \
    }                                                                                       \
    static void name##_derivative(const mote_layer_run *run, const activation_state *state) \
    {                                                                                       \
        mote_##name##_derivative(run, &state->view);                                        \
    }

DEFINE_ROW_WISE(softmax)
DEFINE_ROW_WISE(log_softmax)

/// Functions of each element work on bands.
static void declare_element_wise(const mote_setup *setup)
{
    setup->declaration->recomputes = true;
    setup->declaration->band_phases =
        MOTE_PHASE_FORWARD | MOTE_PHASE_RECOMPUTE | MOTE_PHASE_DERIVATIVE;
}

static void need_output(mote_setup *setup, const activation_state *state)
{
    (void)state;
    declare_element_wise(setup);
    mote_setup_need_output(setup, MOTE_PHASE_DERIVATIVE);
}

static void declare_functions(mote_setup *setup, unsigned phases)
{
    const double elements = (double)mote_shape_elements(&setup->inputs[0].shape);
    mote_setup_effort(setup, phases, MOTE_EFFORT_FUNCTION, (double)setup->batch * elements);
}

/// The derivative is cheap by the output, which is not.
static void need_curve(mote_setup *setup, const activation_state *state)
{
    need_output(setup, state);
    declare_functions(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_RECOMPUTE);
}

static void need_input(mote_setup *setup, const activation_state *state)
{
    (void)state;
    declare_element_wise(setup);
    declare_functions(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_RECOMPUTE | MOTE_PHASE_DERIVATIVE);
    mote_setup_need_input(setup, 0, MOTE_PHASE_DERIVATIVE);
}

static void need_rows(mote_setup *setup, const activation_state *state)
{
    mote_setup_need_output(setup, MOTE_PHASE_DERIVATIVE);
    declare_functions(setup, MOTE_PHASE_FORWARD);
    mote_softmax_scratch(setup, &state->view);
}

/// Name, what its derivative reads (curve: the output, of a function like exp; rows: the output, in rows), its own property or NULL, and whether it maps
/// different numbers to one only where its derivative is 0, and never changes their order.
#define ACTIVATION_MAP(X)                          \
    X(relu, output, NULL, true)                    \
    X(sigmoid, curve, NULL, false)                 \
    X(tanh, curve, NULL, false)                    \
    X(softmax, rows, "axis", false)                \
    X(log_softmax, rows, "axis", false)            \
    X(leaky_relu, output, "negative_slope", false) \
    X(relu6, output, NULL, true)                   \
    X(elu, curve, "alpha", false)                  \
    X(selu, curve, NULL, false)                    \
    X(softplus, curve, NULL, false)                \
    X(hard_sigmoid, output, NULL, false)           \
    X(swish, input, NULL, false)                   \
    X(gelu, input, NULL, false)                    \
    X(tanh_gelu, input, NULL, false)               \
    X(mish, input, NULL, false)                    \
    X(hard_swish, input, NULL, false)

static const struct activation_function {
    void (*forward)(const mote_layer_run *run, const activation_state *state);
    void (*derivative)(const mote_layer_run *run, const activation_state *state);
    void (*need)(mote_setup *setup, const activation_state *state);
    const char *parameter;
    bool rises;
} functions[] = {

#define ACTIVATION_FUNCTION(name, needed, parameter, rises) \
    {name##_forward, MOTE_TRAINING_ONLY(name##_derivative), need_##needed, parameter, rises},
    ACTIVATION_MAP(ACTIVATION_FUNCTION)
#undef ACTIVATION_FUNCTION
};

static const char *const function_names[] = {
#define ACTIVATION_NAME(name, needed, parameter, rises) #name,
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
        .help = "the function; softmax and log_softmax go over an axis",
    },
    {
        .name = "negative_slope",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "0.01",
        .maximum = 1e3,
        .offset = offsetof(activation_state, negative_slope),
        .help = "leaky_relu: what negative inputs are multiplied with",
    },
    {
        .name = "alpha",
        .kind = MOTE_PROPERTY_REAL,
        .initial = "1",
        .maximum = 1e3,
        .offset = offsetof(activation_state, alpha),
        .help = "elu: minus what large negative inputs become",
    },
    {
        .name = "axis",
        .kind = MOTE_PROPERTY_INTEGER,
        .initial = "3",
        .minimum = 1,
        .maximum = 3,
        .offset = offsetof(activation_state, axis),
        .help = "softmax, log_softmax: 1 channels, 2 height, 3 width",
    },
    {0},
};

/// A parameter of one function must not be given to another.
static mote_status check_parameters(const mote_setup *setup, const activation_state *state)
{
    const char *const own = functions[state->activation].parameter;
    for (const mote_property *property = properties; property->name; property++) {
        const bool is_own = own && strcmp(own, property->name) == 0;
        if (!is_own && !mote_property_is_initial(property, state)) {
            return MOTE_RAISE(MOTE_ERROR_PROPERTY, "layer '%s': activation = %s has no %s",
                              setup->layer_name, function_names[state->activation], property->name);
        }
    }
    return MOTE_OK;
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    activation_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    MOTE_TRY(check_parameters(setup, state));
    const mote_shape *const shape = &setup->inputs[0].shape;
    state->channels = shape->dims[0];
    state->view = mote_axis_of(shape, state->axis);
    setup->declaration->output_over_input = true;
    setup->declaration->derivative_over_output_derivative = true;
    setup->declaration->derivative_over_input = true;
    setup->declaration->sample_phases =
        MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE | MOTE_PHASE_RECOMPUTE;
    functions[state->activation].need(setup, state);
    return mote_setup_output(setup, shape);
}

static bool rises(const void *layer_state)
{
    const activation_state *const state = layer_state;
    return functions[state->activation].rises;
}

typedef void activation_phase(const mote_layer_run *run, const activation_state *state);

/// A band, sample by sample: its channels may be neighbours in some tensors, and not in others.
typedef struct band_call {
    const mote_layer_run *run;
    activation_state state; // of the band of one sample
    activation_phase *phase;
} band_call;

static mote_tensor get_sample(const mote_layer_run *run, const mote_tensor *tensor, size_t sample)
{
    const mote_channels channels = mote_layer_channels(run, tensor);
    mote_real *const data = channels.data;
    return (mote_tensor){.spec = tensor->spec, .data = data ? data + sample * channels.step : NULL};
}

static void run_samples(void *argument, size_t task, size_t task_count)
{
    const band_call *const call = argument;
    const mote_layer_run *const run = call->run;
    size_t sample = 0;
    const size_t end = mote_parallel_part(run->batch, task, task_count, &sample) + sample;
    for (; sample < end; sample++) {
        const mote_tensor x = get_sample(run, &run->inputs[0], sample);
        const mote_tensor y = get_sample(run, &run->outputs[0], sample);
        const mote_tensor dx = get_sample(run, &run->input_derivatives[0], sample);
        const mote_tensor dy = get_sample(run, &run->output_derivatives[0], sample);
        mote_layer_run one = *run;
        one.batch = 1;
        one.parallel = NULL;
        one.inputs = &x;
        one.outputs = &y;
        one.input_derivatives = &dx;
        one.output_derivatives = &dy;
        call->phase(&one, &call->state);
    }
}

static void run_phase(const mote_layer_run *run, const activation_state *state,
                      activation_phase *phase)
{
    const size_t elements = state->view.outer * state->view.length * state->view.inner;
    const size_t channels = run->slice.count;
    band_call call = {.run = run, .state = *state, .phase = phase};
    if (channels == 0 || channels == state->channels) {
        phase(run, state);
        return;
    }
    call.state.view = (mote_axis_view){1, elements / state->channels * channels, 1};
    const size_t tasks = mote_parallel_task_count(
        run->parallel, run->batch * call.state.view.length, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, run_samples, &call, mote_size_min(tasks, run->batch));
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const activation_state *const state = layer_state;
    run_phase(run, state, functions[state->activation].forward);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const activation_state *const state = layer_state;
    run_phase(run, state, functions[state->activation].derivative);
}

const mote_layer mote_layer_activation = {
    .name = "activation",
    .summary = "a function of each element, or softmax",
    .properties = properties,
    .state_bytes = sizeof(activation_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .rises = rises,
    .setup = setup,
    .forward = forward,
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
    .recompute = MOTE_TRAINING_ONLY(forward),
};
