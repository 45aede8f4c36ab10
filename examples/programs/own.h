// SPDX-License-Identifier: Apache-2.0
// A layer, a loss and an optimizer that mote does not have, for own.c.
#ifndef OWN_H
#define OWN_H

#include <mote/mote.h>

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// Layer "bend": where x is not above 0 it becomes x * (slope + s), s being learned for each unit (PReLU, He et al.,
// arXiv 1502.01852).

typedef struct bend_state {
    double slope;       // the property
    size_t rows, width; // of a sample, noted by setup
} bend_state;

/// What a loop over the elements of a batch reads and writes.
typedef struct bend_loop {
    const float *x, *dy, *learned;
    float *to;
    float slope;
    size_t width;
} bend_loop;

static mote_status bend_setup(void *user, void *memory, mote_layer_setup *setup)
{
    bend_state *state = memory;
    (void)user;
    const mote_custom_shape in = mote_layer_setup_input(setup, 0);
    const mote_custom_weight learned = {
        .name = "slope", .rank = 1, .dims = {in.width}, .derivative_reads = true};
    state->rows = in.channels * in.height;
    state->width = in.width;
    const mote_custom_temporary terms = {.count = state->rows * in.width,
                                         .phases = MOTE_PHASE_GRADIENT};
    mote_status status = mote_layer_setup_output(setup, in);
    if (status == MOTE_OK)
        status = mote_layer_setup_weight(setup, &learned);
    if (status == MOTE_OK)
        status = mote_layer_setup_temporary(setup, &terms);
    if (status == MOTE_OK)
        status = mote_layer_setup_need_input(setup, 0, MOTE_PHASE_GRADIENT | MOTE_PHASE_DERIVATIVE);
    return status;
}

static bend_loop bend_begin(const bend_state *state, const mote_layer_run *run)
{
    return (bend_loop){.x = mote_layer_run_input(run, 0),
                       .dy = mote_layer_run_output_derivative(run),
                       .learned = mote_layer_run_weight(run, 0),
                       .slope = (float)state->slope,
                       .width = state->width};
}

static mote_status bend_run(const bend_state *state, const mote_layer_run *run,
                            mote_custom_task *task, bend_loop *loop)
{
    const size_t count = mote_layer_run_batch(run) * state->rows * state->width;
    return mote_layer_run_parallel(run, count, 1, task, loop);
}

static float bend_slope(const bend_loop *loop, size_t i)
{
    return loop->slope + loop->learned[i % loop->width];
}

static void bend_forward_part(void *argument, size_t first, size_t count)
{
    const bend_loop *loop = argument;
    for (size_t i = first; i < first + count; i++)
        loop->to[i] = loop->x[i] > 0 ? loop->x[i] : loop->x[i] * bend_slope(loop, i);
}

static void bend_gradient_part(void *argument, size_t first, size_t count)
{
    const bend_loop *loop = argument;
    for (size_t i = first; i < first + count; i++)
        loop->to[i] = loop->x[i] > 0 ? 0 : loop->x[i] * loop->dy[i];
}

static void bend_derivative_part(void *argument, size_t first, size_t count)
{
    const bend_loop *loop = argument;
    for (size_t i = first; i < first + count; i++)
        loop->to[i] = loop->x[i] > 0 ? loop->dy[i] : loop->dy[i] * bend_slope(loop, i);
}

static mote_status bend_forward(void *user, const void *state, const mote_layer_run *run)
{
    bend_loop loop = bend_begin(state, run);
    (void)user;
    loop.to = mote_layer_run_output(run);
    return bend_run(state, run, bend_forward_part, &loop);
}

/// The terms of each element, then their sum over the batch for each unit.
static mote_status bend_calc_gradient(void *user, const void *memory, const mote_layer_run *run)
{
    const bend_state *state = memory;
    bend_loop loop = bend_begin(state, run);
    (void)user;
    loop.to = mote_layer_run_temporary(run, 0);
    const mote_status status = bend_run(state, run, bend_gradient_part, &loop);
    if (status != MOTE_OK)
        return status;
    return mote_layer_run_sum_batch(run, state->rows, state->width, loop.to,
                                    mote_layer_run_gradient(run, 0));
}

static mote_status bend_calc_derivative(void *user, const void *state, const mote_layer_run *run)
{
    bend_loop loop = bend_begin(state, run);
    (void)user;
    loop.to = mote_layer_run_input_derivative(run, 0);
    return bend_run(state, run, bend_derivative_part, &loop);
}

static const mote_property bend_properties[] = {
    {.name = "slope",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "0.25",
     .maximum = 1,
     .offset = offsetof(bend_state, slope),
     .help = "slope below 0, before anything is learned"},
    {.name = NULL},
};

static const mote_custom_layer bend = {
    .name = "bend",
    .summary = "relu with a learned slope below 0",
    .properties = bend_properties,
    .state_bytes = sizeof(bend_state),
    .setup = bend_setup,
    .forward = bend_forward,
    .calc_gradient = bend_calc_gradient,
    .calc_derivative = bend_calc_derivative,
};

// Loss "hinge": the highest wrong score must stay `margin` below that of the right class; its square is what is missing.

typedef struct hinge_state {
    double margin;
} hinge_state;

static bool hinge_check(void *user, const void *state, const mote_loss_sample *sample,
                        char *message, size_t bytes)
{
    (void)user;
    (void)state;
    if (sample->width >= 2 && sample->count == sample->width)
        return true;
    (void)snprintf(message, bytes, "%zu scores in rows of %zu, expected one row of 2 or more",
                   sample->count, sample->width);
    return false;
}

/// The class of the highest score, `besides` left out.
static size_t hinge_best(const mote_loss_sample *sample, size_t besides)
{
    size_t best = besides == 0 ? 1 : 0;
    for (size_t i = best + 1; i < sample->count; i++) {
        if (i != besides && sample->prediction[i] > sample->prediction[best])
            best = i;
    }
    return best;
}

static float hinge_missing(const hinge_state *state, const mote_loss_sample *sample, size_t rival)
{
    const size_t right = (size_t)sample->classes[0];
    const float missing =
        (float)state->margin + sample->prediction[rival] - sample->prediction[right];
    return missing > 0 ? missing : 0;
}

static float hinge_value(void *user, const void *state, const mote_loss_sample *sample)
{
    (void)user;
    const float missing =
        hinge_missing(state, sample, hinge_best(sample, (size_t)sample->classes[0]));
    return missing * missing;
}

static void hinge_derive(void *user, const void *state, const mote_loss_sample *sample, float scale,
                         float *derivative)
{
    (void)user;
    const size_t right = (size_t)sample->classes[0];
    const size_t rival = hinge_best(sample, right);
    const float slope = 2 * hinge_missing(state, sample, rival) * scale;
    for (size_t i = 0; i < sample->count; i++)
        derivative[i] = 0;
    derivative[rival] = slope;
    derivative[right] = -slope;
}

static float hinge_correct(void *user, const void *state, const mote_loss_sample *sample)
{
    (void)user;
    (void)state;
    return hinge_best(sample, SIZE_MAX) == (size_t)sample->classes[0] ? 1 : 0;
}

static const mote_property hinge_properties[] = {
    {.name = "margin",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "1",
     .maximum = 1000,
     .offset = offsetof(hinge_state, margin),
     .help = "how far apart the scores shall be"},
    {.name = NULL},
};

static const mote_custom_loss hinge = {
    .name = "hinge",
    .summary = "squared hinge loss of two or more scores and a class",
    .properties = hinge_properties,
    .state_bytes = sizeof(hinge_state),
    .class_labels = true,
    .check = hinge_check,
    .value = hinge_value,
    .derive = hinge_derive,
    .correct = hinge_correct,
};

// Optimizer "lion": the sign of a mean of gradients (Chen et al., arXiv 2302.06675).

typedef struct lion_state {
    double beta1, beta2;
} lion_state;

static bool lion_check(void *user, const void *memory, char *message, size_t bytes)
{
    const lion_state *state = memory;
    (void)user;
    if (state->beta1 <= state->beta2)
        return true;
    (void)snprintf(message, bytes, "beta1 = %g, expected at most beta2 = %g", state->beta1,
                   state->beta2);
    return false;
}

static float lion_blend(double share, float a, float b)
{
    return (float)share * a + (float)(1 - share) * b;
}

static void lion_apply(void *user, const void *memory, const mote_optimizer_part *part)
{
    const lion_state *state = memory;
    const float rate = (float)part->learning_rate;
    float *mean = part->slots[0];
    (void)user;
    for (size_t i = 0; i < part->count; i++) {
        const float direction = lion_blend(state->beta1, mean[i], part->gradient[i]);
        part->weight[i] -= direction > 0 ? rate : direction < 0 ? -rate : 0;
        mean[i] = lion_blend(state->beta2, mean[i], part->gradient[i]);
    }
}

static const mote_property lion_properties[] = {
    {.name = "beta1",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "0.9",
     .maximum = 1,
     .offset = offsetof(lion_state, beta1),
     .help = "share of the mean in the step"},
    {.name = "beta2",
     .kind = MOTE_PROPERTY_REAL,
     .initial = "0.99",
     .maximum = 1,
     .offset = offsetof(lion_state, beta2),
     .help = "share of the mean that is kept"},
    {.name = NULL},
};

static const mote_custom_optimizer lion = {
    .name = "lion",
    .summary = "the sign of a mean of gradients",
    .properties = lion_properties,
    .state_bytes = sizeof(lion_state),
    .learning_rate = 1e-4,
    .slot_names = {"mean"},
    .check = lion_check,
    .apply = lion_apply,
};

#endif
