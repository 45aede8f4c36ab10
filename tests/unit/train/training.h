// SPDX-License-Identifier: Apache-2.0
// A run of a small model on generated images, from the text of its layers.
#ifndef MOTE_TESTS_UNIT_TRAIN_TRAINING_H
#define MOTE_TESTS_UNIT_TRAIN_TRAINING_H

#include "support/expect.h"
#include "support/files.h"
#include "support/noise.h"
#include "train/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD  "[Model]\nloss = cross\nbatch_size = 4\nepochs = 2\nseed = 5\n"
#define SGD   "[Optimizer]\ntype = sgd\nlearning_rate = 0.1\nmomentum = 0.9\n"
#define ADAM  "[Optimizer]\ntype = adam\nlearning_rate = 0.01\n"
#define DATA  "[train_set]\ntype = idx\npath = images\nlabel_path = labels\n"
#define VALID "[valid_set]\ntype = idx\npath = images\nlabel_path = labels\nsamples = 7\n"
#define NET                                                                \
    "[in]\ntype = input\ninput_shape = 1:4:4\n"                            \
    "[c]\ntype = conv2d\nfilters = 2\nkernel_size = 3\npadding = same\n"   \
    "[n]\ntype = batch_normalization\nactivation = relu\nflatten = true\n" \
    "[out]\ntype = fully_connected\nunit = 3\nactivation = softmax\n"

typedef struct training {
    mote_context context;
    mote_arena arena;
    mote_description description;
    mote_compiled compiled;
    mote_run run;
    mote_train_result result;
} training;

/// Of `options` the modes and what does not come from the text count.
static inline mote_status training_start_as(void **state, const char *text,
                                            const mote_compile_request *options,
                                            const mote_allocator *allocator, training *t)
{
    const char *const path = mote_test_write_text(state, "model.ini", text);
    mote_compile_request request = *options;
    request.context = &t->context;
    request.description = &t->description;
    *t = (training){.context = {.allocator = *allocator,
                                .parallel = {.thread_count = 1},
                                .layers = mote_layers_builtin(),
                                .optimizers = mote_optimizers_builtin()}};
    mote_arena_init(&t->arena, &t->context.allocator);
    MOTE_TRY(mote_kernels_get(MOTE_CPU_SCALAR, &t->context.kernels));
    MOTE_TRY(mote_planner_find("best_fit", &request.planner));
    MOTE_TRY(mote_description_load(path, NULL, 0, &t->arena, &t->description));
    MOTE_TRY(mote_compile(&request, &t->arena, &t->compiled));
    MOTE_TRY(mote_run_create(&t->context, &t->description, &t->compiled, &t->run));
    expect_ok(mote_run_initialize(&t->run));
    return MOTE_OK;
}

static inline mote_status training_start(void **state, const char *text, unsigned modes,
                                         const mote_allocator *allocator, training *t)
{
    const mote_compile_request options = {.modes = modes};
    return training_start_as(state, text, &options, allocator, t);
}

static inline void training_release(training *t)
{
    mote_run_release(&t->run);
    mote_arena_release(&t->arena);
}

static inline void training_init(void **state, const char *text, unsigned modes, training *t)
{
    expect_ok(training_start(state, text, modes, mote_allocator_default(), t));
}

static inline mote_status training_run(training *t, const mote_train_config *config)
{
    static const mote_train_config defaults = {.user = NULL};
    return mote_run_train(&t->run, config ? config : &defaults, &t->result);
}

typedef struct digest {
    char text[MOTE_SHA256_TEXT_BYTES];
} digest;

static inline digest training_digest(const training *t)
{
    digest result;
    expect_ok(mote_state_digest(&t->run.state, result.text));
    return result;
}

/// Weights after training the text's model.
static inline digest train_text(void **state, const char *text, const mote_train_config *config)
{
    training t;
    training_init(state, text, MOTE_MODE_TRAIN, &t);
    expect_ok(training_run(&t, config));
    const digest result = training_digest(&t);
    training_release(&t);
    return result;
}

static inline void assert_same(const digest *a, const digest *b)
{
    assert_string_equal(a->text, b->text);
}

static inline void assert_other(const digest *a, const digest *b)
{
    assert_string_not_equal(a->text, b->text);
}

/// Values of a tensor; fails the test when there is none.
static inline const float *training_values(const training *t, const char *name)
{
    const size_t block = mote_state_find(&t->run.state, name);
    if (block == t->run.state.block_count)
        fail_msg("there is no tensor '%s'", name);
    return mote_state_data(&t->run.state, block);
}

#endif
