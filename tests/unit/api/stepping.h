// SPDX-License-Identifier: Apache-2.0
// A network with two inputs, two losses, dropout and running statistics, and its samples in memory.
#ifndef MOTE_TESTS_UNIT_API_STEPPING_H
#define MOTE_TESTS_UNIT_API_STEPPING_H

#include "mote/mote.h"
#include "support/expect.h"
#include "support/files.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SAMPLES 7U
#define BATCH   4U
#define ROW     6U
#define VALUES  2U

#define NET                                                               \
    "[LearningRateScheduler]\ntype = exponential\n"                       \
    "decay_rate = 0.5\ndecay_steps = 2\n"                                 \
    "[rows]\ntype = input\ninput_shape = 1:3:2\n"                         \
    "[lengths]\ntype = input\ninput_shape = 1\ndtype = int32\n"           \
    "[memory]\ntype = lstm\nunit = 4\ninput_layers = rows, lengths\n"     \
    "[drop]\ntype = dropout\ndropout_rate = 0.3\n"                        \
    "[classes]\ntype = fully_connected\nunit = 3\n"                       \
    "[which]\ntype = cross_softmax\nloss_weight = 0.5\n"                  \
    "[values]\ntype = fully_connected\nunit = 2\ninput_layers = memory\n" \
    "[norm]\ntype = batch_normalization\n[how_much]\ntype = mse\n"
#define HEAD  "[Model]\nbatch_size = 4\nseed = 5\nepochs = 3\n"
#define MODEL HEAD NET
#define ADAM  "[Optimizer]\ntype = adam\nlearning_rate = 0.05\n"

typedef struct samples {
    float rows[SAMPLES][ROW];
    int32_t lengths[SAMPLES];
    int32_t classes[SAMPLES];
    float values[SAMPLES][VALUES];
} samples;

static inline samples make_samples(void)
{
    samples s;
    for (size_t i = 0; i < SAMPLES; i++) {
        for (size_t j = 0; j < ROW; j++)
            s.rows[i][j] = (float)((i * 7 + j * 3) % 11) / 10.0F - 0.4F;
        s.lengths[i] = (int32_t)(1 + i % 3);
        s.classes[i] = (int32_t)((i * 2) % 3);
        s.values[i][0] = (float)i / 7.0F;
        s.values[i][1] = 0.5F - s.rows[i][2];
    }
    return s;
}

/// The data source's callback.
static inline int read_sample(void *user, uint64_t sample, size_t port, void *values, size_t count)
{
    const samples *const data = user;
    const void *const from[] = {data->rows[sample], &data->lengths[sample], &data->classes[sample],
                                data->values[sample]};
    memcpy(values, from[port], count * sizeof(float));
    return 0;
}

typedef struct session {
    mote_context *context;
    mote_model *model;
} session;

typedef struct digest {
    char text[65];
} digest;

static inline void session_start(void **state, const char *text, unsigned modes, session *s)
{
    const mote_context_config context = {.thread_count = 2};
    const mote_compile_config config = {.modes = modes};
    *s = (session){.context = NULL};
    expect_ok(mote_context_create(&context, &s->context));
    expect_ok(mote_model_load(s->context, mote_test_write_text(state, "model.ini", text), NULL, 0,
                              &s->model));
    expect_ok(mote_model_compile(s->model, &config));
}

static inline void session_end(session *s)
{
    mote_model_destroy(&s->model);
    mote_context_destroy(&s->context);
}

static inline digest session_digest(const session *s)
{
    digest d;
    expect_ok(mote_model_digest(s->model, d.text));
    return d;
}

/// Forward with samples [first, +count).
static inline mote_status forward(session *s, const samples *data, size_t first, size_t count,
                                  mote_metrics *metrics)
{
    const void *const inputs[] = {data->rows[first], &data->lengths[first]};
    const void *const labels[] = {&data->classes[first], data->values[first]};
    const mote_batch batch = {inputs, 2, labels, 2, count};
    return mote_model_forward(s->model, &batch, metrics);
}

static inline void step(session *s, const samples *data, size_t first, size_t count)
{
    expect_ok(forward(s, data, first, count, NULL));
    expect_ok(mote_model_apply(s->model, NULL));
}

/// All samples in their order; the last batch is smaller.
static inline void step_epochs(session *s, const samples *data, size_t epochs)
{
    for (size_t i = 0; i < epochs; i++) {
        step(s, data, 0, BATCH);
        step(s, data, BATCH, SAMPLES - BATCH);
    }
}

#endif
