// SPDX-License-Identifier: Apache-2.0
// Maximum or average over windows of each plane, or over the whole plane. Backward needs no values:
// of a maximum the place in its window is kept, of an average nothing.
#include "layer/layer.h"
#include "layer/window.h"

#include "base/size.h"

#define POOLING_MAP(X)                      \
    X(MAX, "max", true, false)              \
    X(AVERAGE, "average", false, false)     \
    X(GLOBAL_MAX, "global_max", true, true) \
    X(GLOBAL_AVERAGE, "global_average", false, true)

typedef struct pooling_kind {
    bool is_max, is_global;
} pooling_kind;

static const pooling_kind pooling_kinds[] = {
#define POOLING_KIND(name, text, is_max, is_global) {is_max, is_global},
    POOLING_MAP(POOLING_KIND)
#undef POOLING_KIND
};

static const char *const pooling_names[] = {
#define POOLING_NAME(name, text, is_max, is_global) text,
    POOLING_MAP(POOLING_NAME)
#undef POOLING_NAME
        NULL,
};

typedef struct pooling2d_state {
    uint32_t pooling; // index of pooling_kinds
    mote_window_wish wish;
    size_t channels;
    mote_window window;
} pooling2d_state;

static const mote_property properties[] = {
    {
        .name = "pooling",
        .kind = MOTE_PROPERTY_CHOICE,
        .choices = pooling_names,
        .offset = offsetof(pooling2d_state, pooling),
        .help = "what is made of a window, or of the whole plane",
    },
    {
        .name = "pool_size",
        .kind = MOTE_PROPERTY_INTEGERS,
        .initial = "",
        .minimum = 1,
        .maximum = MOTE_WINDOW_MAXIMUM,
        .count_maximum = 2,
        .offset = offsetof(pooling2d_state, wish.kernel),
        .help = "size of the window: one number, or height,width; needed unless global",
    },
    {
        .name = "stride",
        .kind = MOTE_PROPERTY_INTEGERS,
        .initial = "",
        .minimum = 1,
        .maximum = MOTE_WINDOW_MAXIMUM,
        .count_maximum = 2,
        .offset = offsetof(pooling2d_state, wish.stride),
        .help = "step of the window: one number, or height,width; pool_size when not given",
    },
    {
        .name = "padding",
        .kind = MOTE_PROPERTY_PADDING,
        .initial = "valid",
        .maximum = MOTE_WINDOW_MAXIMUM,
        .offset = offsetof(pooling2d_state, wish.padding),
        .help = "cells around the input that never win and do not count",
    },
    {0},
};

static mote_status check_wish(const mote_setup *setup, const pooling2d_state *state)
{
    const mote_window_wish *const wish = &state->wish;
    const mote_property_padding *const padding = &wish->padding;
    const char *const name = pooling_names[state->pooling];
    if (!pooling_kinds[state->pooling].is_global) {
        if (wish->kernel.count == 0)
            return MOTE_RAISE(MOTE_ERROR_PROPERTY, "layer '%s': pooling = %s needs pool_size",
                              setup->layer_name, name);
        return MOTE_OK;
    }
    const bool has_padding = padding->same || padding->top > 0 || padding->bottom > 0 ||
                             padding->left > 0 || padding->right > 0;
    if (wish->kernel.count > 0 || wish->stride.count > 0 || has_padding) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "layer '%s': pooling = %s takes the whole plane, without pool_size, "
                          "stride and padding",
                          setup->layer_name, name);
    }
    return MOTE_OK;
}

/// A window that lies in the padding alone would have no value.
static mote_status check_padding(const mote_setup *setup, const mote_window_wish *wish,
                                 const mote_window *window)
{
    const mote_property_padding *const padding = &wish->padding;
    if (mote_size_max(padding->top, padding->bottom) < window->kernel_height &&
        mote_size_max(padding->left, padding->right) < window->kernel_width)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_SHAPE,
                      "layer '%s': padding must be less than pool_size (%zu x %zu) on each side",
                      setup->layer_name, window->kernel_height, window->kernel_width);
}

/// The wish with what was left out filled in; the state keeps what was written.
static mote_window_wish complete_wish(const pooling2d_state *state, const mote_shape *input)
{
    mote_window_wish wish = state->wish;
    if (pooling_kinds[state->pooling].is_global)
        wish.kernel =
            (mote_property_integers){.count = 2, .values = {input->dims[1], input->dims[2]}};
    if (wish.stride.count == 0)
        wish.stride = wish.kernel;
    return wish;
}

static size_t get_index_bytes(const mote_window *window)
{
    return mote_window_index_bytes(window->kernel_height * window->kernel_width);
}

static size_t get_plane_index_bytes(const mote_window *window)
{
    return window->out_height * window->out_width * get_index_bytes(window);
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    pooling2d_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    MOTE_TRY(check_wish(setup, state));
    const mote_shape *const input = &setup->inputs[0].shape;
    const mote_window_wish wish = complete_wish(state, input);
    MOTE_TRY(mote_window_make(setup, &wish, input->dims[1], input->dims[2], &state->window));
    MOTE_TRY(check_padding(setup, &wish, &state->window));
    state->channels = input->dims[0];
    const mote_tensor_spec index = {
        .dtype = get_index_bytes(&state->window) == 1 ? MOTE_DTYPE_U8 : MOTE_DTYPE_I32,
        .batched = true,
        .shape =
            mote_shape_image(state->channels, state->window.out_height, state->window.out_width),
    };
    MOTE_TRY(mote_setup_output(setup, &index.shape));
    mote_setup_effort(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE, MOTE_EFFORT_WINDOW,
                      (double)(setup->batch * mote_shape_elements(&index.shape)) *
                          (double)(state->window.kernel_height * state->window.kernel_width));
    setup->declaration->band_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE;
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE;
    if (!pooling_kinds[state->pooling].is_max)
        return MOTE_OK;
    return mote_setup_temporary(setup, &index, MOTE_PHASE_FORWARD | MOTE_PHASE_DERIVATIVE);
}

/// Planes from -> to, split over threads.
typedef struct pooling_call {
    const pooling2d_state *state;
    const mote_kernels *kernels;
    size_t channel_count; // that the run is asked for
    size_t plane_count;
    mote_channels from, to;
    unsigned char *index; // of the first channel; NULL: not kept
} pooling_call;

static pooling_call make_call(const mote_layer_run *run, const pooling2d_state *state)
{
    const size_t channels = run->slice.count > 0 ? run->slice.count : state->channels;
    const bool keeps_index = pooling_kinds[state->pooling].is_max && run->temporaries[0].data;
    unsigned char *const index = keeps_index ? run->temporaries[0].data : NULL;
    return (pooling_call){
        .state = state,
        .kernels = run->kernels,
        .channel_count = channels,
        .plane_count = run->batch * channels,
        .index = index ? index + run->slice.first * get_plane_index_bytes(&state->window) : NULL,
    };
}

/// Where plane `plane` of those that the run is asked for begins.
static mote_real *find_plane(const pooling_call *call, const mote_channels *channels, size_t plane,
                             size_t elements)
{
    const size_t sample = plane / call->channel_count;
    return channels->data + sample * channels->step + plane % call->channel_count * elements;
}

static unsigned char *find_index(const pooling_call *call, size_t plane)
{
    const size_t sample = plane / call->channel_count;
    const size_t channel = sample * call->state->channels + plane % call->channel_count;
    return call->index ? call->index + channel * get_plane_index_bytes(&call->state->window) : NULL;
}

static void run_planes(const mote_layer_run *run, pooling_call *call, mote_parallel_task *task)
{
    const mote_window *const window = &call->state->window;
    const size_t elements = call->plane_count * window->height * window->width;
    const size_t tasks = mote_parallel_task_count(run->parallel, elements, MOTE_PARALLEL_GRAIN);
    mote_parallel_run(run->parallel, task, call, mote_size_min(tasks, call->plane_count));
}

static void pool_planes(void *argument, size_t task, size_t task_count)
{
    const pooling_call *const call = argument;
    const mote_window *const window = &call->state->window;
    const size_t in_plane = window->height * window->width;
    const size_t out_plane = window->out_height * window->out_width;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->plane_count, task, task_count, &first);
    for (size_t plane = first; plane < first + count; plane++) {
        const mote_real *const x = find_plane(call, &call->from, plane, in_plane);
        mote_real *const y = find_plane(call, &call->to, plane, out_plane);
        if (pooling_kinds[call->state->pooling].is_max)
            call->kernels->max_pool(window, x, y, find_index(call, plane));
        else
            call->kernels->average_pool(window, x, y);
    }
}

static void unpool_planes(void *argument, size_t task, size_t task_count)
{
    const pooling_call *const call = argument;
    const mote_window *const window = &call->state->window;
    const size_t in_plane = window->height * window->width;
    const size_t out_plane = window->out_height * window->out_width;
    size_t first = 0;
    const size_t count = mote_parallel_part(call->plane_count, task, task_count, &first);
    for (size_t plane = first; plane < first + count; plane++) {
        const mote_real *const dy = find_plane(call, &call->from, plane, out_plane);
        mote_real *const dx = find_plane(call, &call->to, plane, in_plane);
        if (call->index)
            call->kernels->max_pool_derivative(window, dy, find_index(call, plane), dx);
        else
            call->kernels->average_pool_derivative(window, dy, dx);
    }
}

static bool selects(const void *layer_state)
{
    const pooling2d_state *const state = layer_state;
    return pooling_kinds[state->pooling].is_max;
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    pooling_call call = make_call(run, layer_state);
    call.from = mote_layer_channels(run, &run->inputs[0]);
    call.to = mote_layer_channels(run, &run->outputs[0]);
    if (!run->training)
        call.index = NULL;
    run_planes(run, &call, pool_planes);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    pooling_call call = make_call(run, layer_state);
    call.from = mote_layer_channels(run, &run->output_derivatives[0]);
    call.to = mote_layer_channels(run, &run->input_derivatives[0]);
    run_planes(run, &call, unpool_planes);
}

const mote_layer mote_layer_pooling2d = {
    .name = "pooling2d",
    .summary = "maximum or average over windows or whole planes",
    .properties = properties,
    .state_bytes = sizeof(pooling2d_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .selects = selects,
    .setup = setup,
    .forward = forward,
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
