// SPDX-License-Identifier: Apache-2.0
// Where samples enter: the source's block as it is, or each sample scaled to 0 .. 1, or to mean 0 and deviation 1.
#include "layer/layer.h"

#include "base/size.h"

#include <math.h>

#define DIMENSION_MAXIMUM 2147483647.0

typedef struct input_state {
    mote_property_integers input_shape;
    bool normalization, standardization;
    uint32_t dtype;
    size_t elements; // of a sample
} input_state;

static const char *const dtype_names[] = {"float32", "int32", NULL};

enum {
    INPUT_FLOAT32,
    INPUT_INT32
};

static const mote_property properties[] = {
    {
        .name = "input_shape",
        .kind = MOTE_PROPERTY_INTEGERS,
        .minimum = 1,
        .maximum = DIMENSION_MAXIMUM,
        .count_minimum = 1,
        .count_maximum = 4,
        .offset = offsetof(input_state, input_shape),
        .help = "channels:height:width of a sample, with or without a leading batch; or its width",
    },
    {
        .name = "normalization",
        .kind = MOTE_PROPERTY_BOOL,
        .initial = "false",
        .offset = offsetof(input_state, normalization),
        .help = "true: each sample's smallest value becomes 0, its largest 1",
    },
    {
        .name = "standardization",
        .kind = MOTE_PROPERTY_BOOL,
        .initial = "false",
        .offset = offsetof(input_state, standardization),
        .help =
            "true: each sample's mean becomes 0, its standard deviation (by the number of elements) 1",
    },
    {
        .name = "dtype",
        .kind = MOTE_PROPERTY_CHOICE,
        .initial = "float32",
        .choices = dtype_names,
        .offset = offsetof(input_state, dtype),
        .help = "int32: indices, as an embedding takes them, or lengths of sequences",
    },
    {0},
};

static mote_status setup(mote_setup *setup, void *layer_state)
{
    input_state *const state = layer_state;
    mote_shape shape;
    MOTE_TRY(mote_setup_read_shape(setup, "input_shape", &state->input_shape, &shape));
    const bool is_integer = state->dtype == INPUT_INT32;
    const bool is_scaled = state->normalization || state->standardization;
    if (state->normalization && state->standardization) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "layer '%s': normalization and standardization are both true, at most "
                          "one may be",
                          setup->layer_name);
    }
    if (is_integer && is_scaled) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "layer '%s': %s is of real numbers, dtype is int32",
                          setup->layer_name,
                          state->normalization ? "normalization" : "standardization");
    }
    const mote_tensor_spec spec = {is_integer ? MOTE_DTYPE_I32 : MOTE_DTYPE_REAL, true, shape};
    MOTE_TRY(mote_setup_output_spec(setup, &spec));
    state->elements = mote_shape_elements(&shape);
    setup->declaration->view = !is_scaled;
    setup->declaration->output_over_input = true;
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD;
    return MOTE_OK;
}

typedef struct scale_call {
    const mote_layer_run *run;
    const input_state *state;
} scale_call;

/// y = (x - shift) * scale
typedef struct scaling {
    mote_real shift, scale;
} scaling;

/// A sample of one value becomes zero.
static scaling find_scaling(const scale_call *call, const mote_real *x)
{
    const mote_kernels *const kernels = call->run->kernels;
    const size_t count = call->state->elements;
    mote_real minimum = 0;
    mote_real maximum = 0;
    kernels->range(count, x, &minimum, &maximum);
    if (!(maximum > minimum))
        return (scaling){.shift = minimum, .scale = 1};
    if (call->state->normalization)
        return (scaling){.shift = minimum, .scale = 1 / (maximum - minimum)};
    mote_real mean = 0;
    mote_real m2 = 0;
    const mote_planes plane = {.count = 1, .elements = count};
    kernels->moments(&plane, x, &mean, &m2);
    const mote_real variance = m2 / (mote_real)count;
    return (scaling){.shift = mean,
                     .scale = variance > 0 ? 1 / (mote_real)sqrt((double)variance) : 1};
}

static void scale_samples(void *argument, size_t task, size_t task_count)
{
    const scale_call *const call = argument;
    const size_t elements = call->state->elements;
    const mote_real *const x = call->run->inputs[0].data;
    mote_real *const y = call->run->outputs[0].data;
    size_t sample = 0;
    const size_t count = mote_parallel_part(call->run->batch, task, task_count, &sample);
    for (const size_t end = sample + count; sample < end; sample++) {
        const size_t first = sample * elements;
        const scaling s = find_scaling(call, x + first);
        call->run->kernels->shift_scale(elements, s.shift, s.scale, x + first, y + first);
    }
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const input_state *const state = layer_state;
    scale_call call = {.run = run, .state = state};
    const size_t tasks =
        mote_parallel_task_count(run->parallel, run->batch * state->elements, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, scale_samples, &call, mote_size_min(tasks, run->batch));
}

const mote_layer mote_layer_input = {
    .name = "input",
    .summary = "where samples enter the network",
    .kind = MOTE_LAYER_INPUT,
    .properties = properties,
    .state_bytes = sizeof(input_state),
    .setup = setup,
    .forward = forward,
};
