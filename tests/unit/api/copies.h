// SPDX-License-Identifier: Apache-2.0
// Copies of mote's own fully_connected, relu, mse and sgd, made with the public headers alone: "dense", "rectify",
// "squares" and "descend". They must train to the same bits.
#ifndef MOTE_TESTS_UNIT_API_COPIES_H
#define MOTE_TESTS_UNIT_API_COPIES_H

#include "mote/mote.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dense_state {
    uint64_t unit;
    size_t rows, width;
} dense_state;

static inline mote_custom_product dense_forward_product(const dense_state *s, size_t batch)
{
    return (mote_custom_product){.rows = batch * s->rows,
                                 .columns = s->unit,
                                 .depth = s->width,
                                 .left_row_step = s->width,
                                 .left_depth_step = 1,
                                 .right_column_step = s->width,
                                 .right_depth_step = 1,
                                 .row_step = s->unit};
}

static inline mote_custom_product dense_gradient_product(const dense_state *s, size_t batch)
{
    return (mote_custom_product){.rows = s->unit,
                                 .columns = s->width,
                                 .depth = batch * s->rows,
                                 .sample_depth = s->rows,
                                 .left_row_step = 1,
                                 .left_depth_step = s->unit,
                                 .right_column_step = 1,
                                 .right_depth_step = s->width,
                                 .row_step = s->width};
}

static inline mote_custom_product dense_derivative_product(const dense_state *s, size_t batch)
{
    return (mote_custom_product){.rows = batch * s->rows,
                                 .columns = s->width,
                                 .depth = s->unit,
                                 .left_row_step = s->unit,
                                 .left_depth_step = 1,
                                 .right_column_step = 1,
                                 .right_depth_step = s->width,
                                 .row_step = s->width};
}

static inline mote_status dense_setup(void *user, void *state, mote_layer_setup *setup)
{
    dense_state *s = state;
    (void)user;
    const mote_custom_shape in = mote_layer_setup_input(setup, 0);
    const size_t batch = mote_layer_setup_batch(setup);
    s->rows = in.channels * in.height;
    s->width = in.width;
    const mote_custom_weight weight = {.name = "weight",
                                       .rank = 2,
                                       .dims = {s->unit, s->width},
                                       .initializer = MOTE_INITIALIZER_XAVIER_UNIFORM,
                                       .fan_in = s->width,
                                       .fan_out = s->unit,
                                       .derivative_reads = true};
    const mote_custom_weight bias = {.name = "bias", .rank = 1, .dims = {s->unit}};
    const mote_custom_product products[] = {dense_forward_product(s, batch),
                                            dense_gradient_product(s, batch),
                                            dense_derivative_product(s, batch)};
    mote_status status =
        mote_layer_setup_output(setup, (mote_custom_shape){in.channels, in.height, s->unit});
    for (unsigned i = 0; status == MOTE_OK && i < 3; i++)
        status = mote_layer_setup_product(setup, 1U << i, &products[i]);
    if (status == MOTE_OK)
        status = mote_layer_setup_weight(setup, &weight);
    if (status == MOTE_OK)
        status = mote_layer_setup_weight(setup, &bias);
    if (status == MOTE_OK)
        status = mote_layer_setup_need_input(setup, 0, MOTE_PHASE_GRADIENT);
    return status;
}

static inline mote_status dense_forward(void *user, const void *state, const mote_layer_run *run)
{
    (void)user;
    mote_custom_product product = dense_forward_product(state, mote_layer_run_batch(run));
    product.left = mote_layer_run_input(run, 0);
    product.right = mote_layer_run_weight(run, 0);
    product.bias = mote_layer_run_weight(run, 1);
    product.out = mote_layer_run_output(run);
    return mote_layer_run_product(run, &product);
}

static inline mote_status dense_gradient(void *user, const void *state, const mote_layer_run *run)
{
    const dense_state *s = state;
    (void)user;
    mote_custom_product product = dense_gradient_product(s, mote_layer_run_batch(run));
    product.left = mote_layer_run_output_derivative(run);
    product.right = mote_layer_run_input(run, 0);
    product.out = mote_layer_run_gradient(run, 0);
    const mote_status status = mote_layer_run_product(run, &product);
    return status == MOTE_OK ? mote_layer_run_sum_batch(run, s->rows, s->unit, product.left,
                                                        mote_layer_run_gradient(run, 1))
                             : status;
}

static inline mote_status dense_derivative(void *user, const void *state, const mote_layer_run *run)
{
    (void)user;
    mote_custom_product product = dense_derivative_product(state, mote_layer_run_batch(run));
    product.left = mote_layer_run_output_derivative(run);
    product.right = mote_layer_run_weight(run, 0);
    product.out = mote_layer_run_input_derivative(run, 0);
    return mote_layer_run_product(run, &product);
}

static const mote_property dense_properties[] = {
    {.name = "unit",
     .kind = MOTE_PROPERTY_INTEGER,
     .minimum = 1,
     .maximum = 65536,
     .offset = offsetof(dense_state, unit),
     .help = "number of outputs"},
    {.name = NULL},
};

static const mote_custom_layer dense = {
    .name = "dense",
    .summary = "fully_connected again",
    .properties = dense_properties,
    .state_bytes = sizeof(dense_state),
    .setup = dense_setup,
    .forward = dense_forward,
    .calc_gradient = dense_gradient,
    .calc_derivative = dense_derivative,
};

typedef struct rectify_state {
    size_t count; // of a sample
} rectify_state;

static inline mote_status rectify_setup(void *user, void *state, mote_layer_setup *setup)
{
    (void)user;
    const mote_custom_shape in = mote_layer_setup_input(setup, 0);
    ((rectify_state *)state)->count = in.channels * in.height * in.width;
    mote_status status = mote_layer_setup_overwrite(
        setup, MOTE_LAYER_OUTPUT_OVER_INPUT | MOTE_LAYER_DERIVATIVE_OVER_OUTPUT_DERIVATIVE |
                   MOTE_LAYER_DERIVATIVE_OVER_INPUT);
    if (status == MOTE_OK)
        status = mote_layer_setup_need_output(setup, MOTE_PHASE_DERIVATIVE);
    return status == MOTE_OK ? mote_layer_setup_output(setup, in) : status;
}

typedef struct rectify_arrays {
    const float *x, *y;
    float *to;
} rectify_arrays;

static inline void rectify_part(void *argument, size_t first, size_t count)
{
    const rectify_arrays *a = argument;
    for (size_t i = first; i < first + count; i++)
        a->to[i] = a->x[i] <= 0 ? 0 : a->x[i];
}

static inline void rectify_derivative_part(void *argument, size_t first, size_t count)
{
    const rectify_arrays *a = argument;
    for (size_t i = first; i < first + count; i++)
        a->to[i] = a->y[i] > 0 ? a->x[i] : 0;
}

static inline mote_status rectify_forward(void *user, const void *state, const mote_layer_run *run)
{
    (void)user;
    rectify_arrays a = {.x = mote_layer_run_input(run, 0), .to = mote_layer_run_output(run)};
    const size_t count = mote_layer_run_batch(run) * ((const rectify_state *)state)->count;
    return mote_layer_run_parallel(run, count, 1, rectify_part, &a);
}

static inline mote_status rectify_derivative(void *user, const void *state,
                                             const mote_layer_run *run)
{
    (void)user;
    rectify_arrays a = {.x = mote_layer_run_output_derivative(run),
                        .y = mote_layer_run_output(run),
                        .to = mote_layer_run_input_derivative(run, 0)};
    const size_t count = mote_layer_run_batch(run) * ((const rectify_state *)state)->count;
    return mote_layer_run_parallel(run, count, 1, rectify_derivative_part, &a);
}

static const mote_custom_layer rectify = {
    .name = "rectify",
    .summary = "relu again",
    .state_bytes = sizeof(rectify_state),
    .setup = rectify_setup,
    .forward = rectify_forward,
    .calc_derivative = rectify_derivative,
};

/// By rule (c): 16 lanes.
static inline float squares_value(void *user, const void *state, const mote_loss_sample *sample)
{
    float lanes[16] = {0};
    (void)user;
    (void)state;
    for (size_t i = 0; i < sample->count; i++) {
        const float difference = sample->prediction[i] - sample->label[i];
        lanes[i % 16] = fmaf(difference, difference, lanes[i % 16]);
    }
    for (size_t width = 8; width > 0; width /= 2) {
        for (size_t i = 0; i < width; i++)
            lanes[i] += lanes[i + width];
    }
    return lanes[0];
}

static inline void squares_derive(void *user, const void *state, const mote_loss_sample *sample,
                                  float scale, float *derivative)
{
    (void)user;
    (void)state;
    for (size_t i = 0; i < sample->count; i++)
        derivative[i] = (sample->prediction[i] - sample->label[i]) * (2 * scale);
}

static const mote_custom_loss squares = {
    .name = "squares",
    .summary = "mse again",
    .mean_over_labels = true,
    .derivative_over_prediction = true,
    .value = squares_value,
    .derive = squares_derive,
};

typedef struct descend_state {
    double momentum, weight_decay;
} descend_state;

static inline size_t descend_slot_count(void *user, const void *state)
{
    (void)user;
    return ((const descend_state *)state)->momentum > 0 ? 1 : 0;
}

static inline void descend_apply(void *user, const void *state, const mote_optimizer_part *part)
{
    const descend_state *s = state;
    (void)user;
    for (size_t i = 0; i < part->count; i++) {
        float g = fmaf((float)s->weight_decay, part->weight[i], part->gradient[i]);
        if (part->slots[0]) {
            float *velocity = &part->slots[0][i];
            *velocity = part->step == 1 ? g : fmaf((float)s->momentum, *velocity, g);
            g = *velocity;
        }
        part->weight[i] = fmaf(-(float)part->learning_rate, g, part->weight[i]);
    }
}

static const mote_property descend_properties[] = {
    {.name = "momentum",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "0",
     .maximum = 1,
     .offset = offsetof(descend_state, momentum),
     .help = "share of the velocity that is kept"},
    {.name = "weight_decay",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "0",
     .maximum = 1,
     .offset = offsetof(descend_state, weight_decay),
     .help = "times the weight is added to its gradient"},
    {.name = NULL},
};

static const mote_custom_optimizer descend = {
    .name = "descend",
    .summary = "sgd again",
    .properties = descend_properties,
    .state_bytes = sizeof(descend_state),
    .learning_rate = 1e-4,
    .slot_names = {"velocity"},
    .slot_count = descend_slot_count,
    .apply = descend_apply,
};

#endif
