// SPDX-License-Identifier: Apache-2.0
// Two-dimensional convolution, as products of the weight with patches of the image. Weights are
// [out][in of a group][kernel height][kernel width]; both derivatives are gathered. Groups are convolutions side by
// side, one product each. Where each group is one channel and one filter, kernels of their own make the same bits.
#include "layer/layer.h"
#include "layer/units.h"
#include "layer/weighted.h"
#include "layer/window.h"

#define FILTERS_MAXIMUM 2147483647.0

typedef struct conv2d_state {
    uint64_t filters, groups;
    mote_window_wish wish;
    mote_weighted weighted;
    size_t channels;                      // of the input
    size_t group_channels, group_filters; // of one group
    ptrdiff_t dilation_height, dilation_width;
    mote_window window;
    bool depthwise; // has its own kernels
} conv2d_state;

static const mote_property properties[] = {
    {
        .name = "filters",
        .kind = MOTE_PROPERTY_INTEGER,
        .minimum = 1,
        .maximum = FILTERS_MAXIMUM,
        .offset = offsetof(conv2d_state, filters),
        .help = "number of output channels",
    },
    {
        .name = "kernel_size",
        .kind = MOTE_PROPERTY_INTEGERS,
        .minimum = 1,
        .maximum = MOTE_WINDOW_MAXIMUM,
        .count_minimum = 1,
        .count_maximum = 2,
        .offset = offsetof(conv2d_state, wish.kernel),
        .help = "size of the kernel: one number, or height,width",
    },
    {
        .name = "stride",
        .kind = MOTE_PROPERTY_INTEGERS,
        .initial = "1",
        .minimum = 1,
        .maximum = MOTE_WINDOW_MAXIMUM,
        .count_minimum = 1,
        .count_maximum = 2,
        .offset = offsetof(conv2d_state, wish.stride),
        .help = "step of the kernel: one number, or height,width",
    },
    {
        .name = "padding",
        .kind = MOTE_PROPERTY_PADDING,
        .initial = "valid",
        .maximum = MOTE_WINDOW_MAXIMUM,
        .offset = offsetof(conv2d_state, wish.padding),
        .help = "zeros around the input; same: output is input / stride, rounded up",
    },
    {
        .name = "dilation",
        .kind = MOTE_PROPERTY_INTEGERS,
        .initial = "1",
        .minimum = 1,
        .maximum = MOTE_WINDOW_MAXIMUM,
        .count_minimum = 1,
        .count_maximum = 2,
        .offset = offsetof(conv2d_state, wish.dilation),
        .help = "distance between the kernel's taps: one number, or height,width",
    },
    {
        .name = "groups",
        .kind = MOTE_PROPERTY_INTEGER,
        .initial = "1",
        .minimum = 1,
        .maximum = FILTERS_MAXIMUM,
        .offset = offsetof(conv2d_state, groups),
        .help = "parts that channels and filters are divided into; as many as channels: depth-wise",
    },
    MOTE_WEIGHTED_PROPERTIES(offsetof(conv2d_state, weighted), "xavier_uniform"){0},
};

static size_t get_taps(const conv2d_state *state)
{
    return state->window.kernel_height * state->window.kernel_width;
}

static size_t get_in_plane(const conv2d_state *state)
{
    return state->window.height * state->window.width;
}

static size_t get_out_plane(const conv2d_state *state)
{
    return state->window.out_height * state->window.out_width;
}

/// Output positions x (channel, tap) of the input.
static mote_patches make_input_patches(const conv2d_state *state)
{
    const mote_window *const window = &state->window;
    return (mote_patches){
        .channels = state->group_channels,
        .height = window->height,
        .width = window->width,
        .kernel_height = window->kernel_height,
        .kernel_width = window->kernel_width,
        .positions_height = window->out_height,
        .positions_width = window->out_width,
        .step_height = window->stride_height,
        .step_width = window->stride_width,
        .tap_height = state->dilation_height,
        .tap_width = state->dilation_width,
        .offset_height = -(ptrdiff_t)window->pad_top,
        .offset_width = -(ptrdiff_t)window->pad_left,
        .divisor_height = 1,
        .divisor_width = 1,
        .sample_stride = state->channels * get_in_plane(state),
    };
}

/// Input positions x (filter, tap) of the output's derivative: which outputs saw this input?
static mote_patches make_output_patches(const conv2d_state *state)
{
    const mote_window *const window = &state->window;
    return (mote_patches){
        .channels = state->group_filters,
        .height = window->out_height,
        .width = window->out_width,
        .kernel_height = window->kernel_height,
        .kernel_width = window->kernel_width,
        .positions_height = window->height,
        .positions_width = window->width,
        .step_height = 1,
        .step_width = 1,
        .tap_height = -state->dilation_height,
        .tap_width = -state->dilation_width,
        .offset_height = (ptrdiff_t)window->pad_top,
        .offset_width = (ptrdiff_t)window->pad_left,
        .divisor_height = window->stride_height,
        .divisor_width = window->stride_width,
        .sample_stride = state->filters * get_out_plane(state),
    };
}

static mote_product make_forward_product(const conv2d_state *state, size_t batch)
{
    const size_t depth = state->group_channels * get_taps(state);
    const size_t plane = get_out_plane(state);
    return (mote_product){
        .rows = state->group_filters,
        .columns = batch * plane,
        .depth = depth,
        .left = {.outer = {.step = depth}, .inner = {.step = 1}},
        .right = {.kind = MOTE_FACTOR_POSITION_TAPS, .patches = make_input_patches(state)},
        .row_step = plane,
        .column_axis = {.period = plane, .step = 1, .jump = state->filters * plane},
    };
}

static mote_product make_derivative_product(const conv2d_state *state, size_t batch)
{
    const size_t taps = get_taps(state);
    const size_t plane = get_in_plane(state);
    return (mote_product){
        .rows = state->group_channels,
        .columns = batch * plane,
        .depth = state->group_filters * taps,
        .left = {.outer = {.step = taps},
                 .inner = {.period = taps, .step = 1, .jump = state->group_channels * taps}},
        .right = {.kind = MOTE_FACTOR_POSITION_TAPS, .patches = make_output_patches(state)},
        .row_step = plane,
        .column_axis = {.period = plane, .step = 1, .jump = state->channels * plane},
    };
}

static mote_product make_gradient_product(const conv2d_state *state, size_t batch)
{
    const size_t columns = state->group_channels * get_taps(state);
    const size_t plane = get_out_plane(state);
    return (mote_product){
        .rows = state->group_filters,
        .columns = columns,
        .depth = batch * plane,
        .group = mote_batch_group(plane) * plane,
        .left = {.outer = {.step = plane},
                 .inner = {.period = plane, .step = 1, .jump = state->filters * plane}},
        .right = {.kind = MOTE_FACTOR_TAP_POSITIONS, .patches = make_input_patches(state)},
        .row_step = columns,
        .column_axis = {.step = 1},
    };
}

/// Runs one product a group; the factors and the output of the next group lie so many elements further.
typedef struct group_steps {
    size_t left, right, out;
} group_steps;

static void run_groups(const mote_layer_run *run, const conv2d_state *state, mote_product *product,
                       const group_steps *steps)
{
    for (size_t group = 0; group < state->groups; group++) {
        run->kernels->product(product, run->parallel, run->scratch);
        product->left.data += steps->left;
        product->right.data += steps->right;
        product->out += steps->out;
        if (product->row_bias)
            product->row_bias += product->rows;
    }
}

static size_t get_group_weights(const conv2d_state *state)
{
    return state->group_filters * state->group_channels * get_taps(state);
}

static mote_status divide(const mote_setup *setup, conv2d_state *state)
{
    if (state->channels % state->groups != 0 || state->filters % state->groups != 0) {
        return MOTE_RAISE(MOTE_ERROR_SHAPE,
                          "layer '%s': groups = %llu must divide both the %zu channels and the "
                          "%llu filters",
                          setup->layer_name, (unsigned long long)state->groups, state->channels,
                          (unsigned long long)state->filters);
    }
    state->group_channels = state->channels / state->groups;
    state->group_filters = state->filters / state->groups;
    state->dilation_height = (ptrdiff_t)mote_window_pick(&state->wish.dilation, 0);
    state->dilation_width = (ptrdiff_t)mote_window_pick(&state->wish.dilation, 1);
    return MOTE_OK;
}

static mote_depthwise make_depthwise(const conv2d_state *state, size_t batch)
{
    return (mote_depthwise){
        .window = state->window,
        .dilation_height = (size_t)state->dilation_height,
        .dilation_width = (size_t)state->dilation_width,
        .samples = batch,
        .channels = state->channels,
    };
}

/// Memory and time of such a layer would be spent on padding.
static mote_status check_reach(const mote_setup *setup, const conv2d_state *state)
{
    const mote_product gradient = make_gradient_product(state, setup->batch);
    if (state->depthwise || mote_product_fits(&gradient))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_SHAPE,
                      "layer '%s': kernel, stride, dilation and padding reach more than 4294967295 "
                      "cells of a channel of input %zux%zu",
                      setup->layer_name, state->window.height, state->window.width);
}

/// Of a sample, by the formula.
static double count_multiply_adds(const conv2d_state *state)
{
    return (double)(state->filters * get_out_plane(state)) *
           (double)(state->group_channels * get_taps(state));
}

/// Scratch and effort.
static void declare_kernels(mote_setup *setup, const conv2d_state *state)
{
    if (state->depthwise) {
        const mote_depthwise shape = make_depthwise(state, setup->batch);
        const size_t threads = setup->thread_count;
        mote_setup_scratch(setup, MOTE_PHASE_FORWARD,
                           mote_depthwise_scratch_bytes(&shape, MOTE_DEPTHWISE_FORWARD, threads));
        mote_setup_scratch(setup, MOTE_PHASE_GRADIENT,
                           mote_depthwise_scratch_bytes(&shape, MOTE_DEPTHWISE_GRADIENT, threads));
        mote_setup_scratch(
            setup, MOTE_PHASE_DERIVATIVE,
            mote_depthwise_scratch_bytes(&shape, MOTE_DEPTHWISE_DERIVATIVE, threads));
        mote_setup_effort(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_BACKWARD, MOTE_EFFORT_DEPTHWISE,
                          (double)setup->batch * count_multiply_adds(state));
        return;
    }
    const mote_product forward = make_forward_product(state, setup->batch);
    const mote_product gradient = make_gradient_product(state, setup->batch);
    const mote_product derivative = make_derivative_product(state, setup->batch);
    mote_weighted_products(setup, &forward, &gradient, &derivative, state->groups);
}

/// Threads share samples where products are made in place.
static bool can_overwrite(const mote_setup *setup, const conv2d_state *state)
{
    const mote_product forward = make_forward_product(state, setup->batch);
    const mote_product derivative = make_derivative_product(state, setup->batch);
    const mote_depthwise shape = make_depthwise(state, setup->batch);
    if (state->depthwise)
        return mote_depthwise_overwrites(&shape);
    return setup->batch >= setup->thread_count && mote_product_overwrites(&forward) &&
           mote_product_overwrites(&derivative);
}

static void declare_memory(mote_setup *setup, const conv2d_state *state)
{
    const bool overwrites = can_overwrite(setup, state);
    setup->declaration->output_over_input = overwrites;
    setup->declaration->derivative_over_output_derivative = overwrites;
    setup->declaration->sample_phases = MOTE_PHASE_FORWARD | MOTE_PHASE_BACKWARD;
    setup->declaration->sample_group = mote_batch_group(get_out_plane(state));
    mote_setup_need_input(setup, 0, MOTE_PHASE_GRADIENT);
    if (state->groups > 1 || state->depthwise)
        return;
    setup->declaration->cut_extent = state->channels;
    setup->declaration->band_phases = MOTE_PHASE_GRADIENT;
}

static mote_status setup(mote_setup *setup, void *layer_state)
{
    conv2d_state *const state = layer_state;
    MOTE_TRY(mote_setup_check_rank(setup, 0, 3));
    const mote_shape *const input = &setup->inputs[0].shape;
    state->channels = input->dims[0];
    MOTE_TRY(divide(setup, state));
    MOTE_TRY(mote_window_make(setup, &state->wish, input->dims[1], input->dims[2], &state->window));
    const mote_depthwise shape = make_depthwise(state, setup->batch);
    state->depthwise =
        state->group_channels == 1 && state->group_filters == 1 && mote_depthwise_fits(&shape);
    MOTE_TRY(check_reach(setup, state));
    const mote_window *const window = &state->window;
    const mote_shape output =
        mote_shape_image(state->filters, window->out_height, window->out_width);
    MOTE_TRY(mote_setup_output(setup, &output));
    const size_t taps = get_taps(state);
    const mote_weighted_shape weights = {
        .weight = {.rank = 4,
                   .dims = {state->filters, state->group_channels, window->kernel_height,
                            window->kernel_width}},
        .fan_in = state->group_channels * taps,
        .fan_out = state->filters * taps,
        .bias_count = state->filters,
    };
    MOTE_TRY(mote_weighted_declare(setup, &state->weighted, &weights));
    declare_memory(setup, state);
    mote_setup_work(setup, MOTE_PHASE_FORWARD | MOTE_PHASE_BACKWARD, count_multiply_adds(state));
    declare_kernels(setup, state);
    mote_setup_repeats(setup);
    return MOTE_OK;
}

static void forward(const mote_layer_run *run, const void *layer_state)
{
    const conv2d_state *const state = layer_state;
    if (state->depthwise) {
        const mote_depthwise shape = make_depthwise(state, run->batch);
        run->kernels->depthwise(&shape, run->inputs[0].data,
                                run->weights[MOTE_WEIGHTED_WEIGHT].data,
                                mote_weighted_bias(run, &state->weighted), run->outputs[0].data,
                                run->parallel, run->scratch);
        return;
    }
    mote_product product = make_forward_product(state, run->batch);
    product.left.data = run->weights[MOTE_WEIGHTED_WEIGHT].data;
    product.right.data = run->inputs[0].data;
    product.row_bias = mote_weighted_bias(run, &state->weighted);
    product.out = run->outputs[0].data;
    const group_steps steps = {.left = get_group_weights(state),
                               .right = state->group_channels * get_in_plane(state),
                               .out = state->group_filters * get_out_plane(state)};
    run_groups(run, state, &product, &steps);
}

static void multiply_gradient(const mote_layer_run *run, const conv2d_state *state)
{
    mote_product product = make_gradient_product(state, run->batch);
    product.goes_on = run->first_sample > 0;
    product.left.data = run->output_derivatives[0].data;
    product.right.data = run->inputs[0].data;
    product.out = run->gradients[MOTE_WEIGHTED_WEIGHT].data;
    if (run->slice.count > 0) {
        const mote_channels x = mote_layer_channels(run, &run->inputs[0]);
        const size_t held = run->gradients[MOTE_WEIGHTED_WEIGHT].spec->shape.dims[1];
        product.right.data = x.data;
        product.right.patches.sample_stride = x.step;
        product.right.patches.channels = run->slice.count;
        product.columns = run->slice.count * get_taps(state);
        product.row_step = held * get_taps(state);
        product.out += held > run->slice.count ? run->slice.first * get_taps(state) : 0;
    }
    const group_steps steps = {.left = state->group_filters * get_out_plane(state),
                               .right = state->group_channels * get_in_plane(state),
                               .out = get_group_weights(state)};
    run_groups(run, state, &product, &steps);
}

static void calc_gradient(const mote_layer_run *run, const void *layer_state)
{
    const conv2d_state *const state = layer_state;
    if (state->depthwise) {
        mote_depthwise shape = make_depthwise(state, run->batch);
        shape.goes_on = run->first_sample > 0;
        run->kernels->depthwise_gradient(
            &shape, run->inputs[0].data, run->output_derivatives[0].data,
            run->gradients[MOTE_WEIGHTED_WEIGHT].data, run->parallel, run->scratch);
    } else {
        multiply_gradient(run, state);
    }
    if (run->slice.first > 0)
        return;
    mote_weighted_bias_gradient(run, &state->weighted, state->filters, get_out_plane(state),
                                mote_units_sum);
}

static void calc_derivative(const mote_layer_run *run, const void *layer_state)
{
    const conv2d_state *const state = layer_state;
    if (state->depthwise) {
        const mote_depthwise shape = make_depthwise(state, run->batch);
        run->kernels->depthwise_derivative(
            &shape, run->weights[MOTE_WEIGHTED_WEIGHT].data, run->output_derivatives[0].data,
            run->input_derivatives[0].data, run->parallel, run->scratch);
        return;
    }
    mote_product product = make_derivative_product(state, run->batch);
    product.left.data = (const mote_real *)run->weights[MOTE_WEIGHTED_WEIGHT].data +
                        run->slice.first * get_taps(state);
    product.right.data = run->output_derivatives[0].data;
    product.out =
        (mote_real *)run->input_derivatives[0].data + run->slice.first * get_in_plane(state);
    if (run->slice.count > 0)
        product.rows = run->slice.count;
    const group_steps steps = {.left = get_group_weights(state),
                               .right = state->group_filters * get_out_plane(state),
                               .out = state->group_channels * get_in_plane(state)};
    run_groups(run, state, &product, &steps);
}

const mote_layer mote_layer_conv2d = {
    .name = "conv2d",
    .summary = "two-dimensional convolution",
    .properties = properties,
    .state_bytes = sizeof(conv2d_state),
    .input_minimum = 1,
    .input_maximum = 1,
    .setup = setup,
    .forward = forward,
    .calc_gradient = MOTE_TRAINING_ONLY(calc_gradient),
    .calc_derivative = MOTE_TRAINING_ONLY(calc_derivative),
};
