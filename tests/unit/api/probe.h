// SPDX-License-Identifier: Apache-2.0
// A program's layer that does as a test tells it, in a small network.
#ifndef TESTS_UNIT_API_PROBE_H
#define TESTS_UNIT_API_PROBE_H

#include "mote/mote.h"
#include "support/expect.h"
#include "support/files.h"

static mote_context *make_context(void)
{
    const mote_context_config config = {.thread_count = 2};
    mote_context *context = NULL;
    expect_ok(mote_context_create(&config, &context));
    return context;
}

/// One layer of type probe, whose callbacks do what a test wants of them.
typedef struct probe {
    mote_status (*setup)(mote_layer_setup *setup);
    mote_status (*forward)(const mote_layer_run *run);
    mote_status (*derivative)(const mote_layer_run *run);
} probe;

static mote_status probe_setup(void *user, void *state, mote_layer_setup *setup)
{
    const probe *p = user;
    (void)state;
    if (p->setup)
        return p->setup(setup);
    return mote_layer_setup_output(setup, mote_layer_setup_input(setup, 0));
}

static mote_status probe_forward(void *user, const void *state, const mote_layer_run *run)
{
    const probe *p = user;
    (void)state;
    if (p->forward)
        return p->forward(run);
    const size_t count = 6 * mote_layer_run_batch(run);
    return mote_layer_run_scale(run, count, 1, mote_layer_run_input(run, 0),
                                mote_layer_run_output(run));
}

static mote_status probe_derivative(void *user, const void *state, const mote_layer_run *run)
{
    const probe *p = user;
    (void)state;
    if (p->derivative)
        return p->derivative(run);
    const size_t count = 6 * mote_layer_run_batch(run);
    return mote_layer_run_scale(run, count, 1, mote_layer_run_output_derivative(run),
                                mote_layer_run_input_derivative(run, 0));
}

#define PROBE_MODEL                                \
    "[Model]\nbatch_size = 4\nloss = mse\n"        \
    "[Optimizer]\ntype = sgd\n"                    \
    "[in]\ntype = input\ninput_shape = 2:1:3\n"    \
    "[before]\ntype = fully_connected\nunit = 3\n" \
    "[it]\ntype = probe\n"

static const char probe_model[] = PROBE_MODEL;

static mote_status load_text(void **state, const char *text, probe *p, mote_context **context,
                             mote_model **model)
{
    const mote_custom_layer layer = {.name = "probe",
                                     .summary = "does as told",
                                     .user = p,
                                     .setup = probe_setup,
                                     .forward = probe_forward,
                                     .calc_derivative = probe_derivative};
    *context = make_context();
    expect_ok(mote_context_add_layer(*context, &layer));
    return mote_model_load(*context, mote_test_write_text(state, "probe.ini", text), NULL, 0,
                           model);
}

static mote_status load(void **state, probe *p, mote_context **context, mote_model **model)
{
    return load_text(state, probe_model, p, context, model);
}

#endif
