// SPDX-License-Identifier: Apache-2.0
// Compiles the text of a model file.
#ifndef MOTE_TESTS_UNIT_COMPILE_COMPILATION_H
#define MOTE_TESTS_UNIT_COMPILE_COMPILATION_H

#include "compile/compile.h"
#include "support/expect.h"
#include "support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MODEL "[Model]\nloss = cross\nbatch_size = 8\nseed = 3\n"
#define ADAM  "[Optimizer]\ntype = adam\n"
#define SETS  "[train_set]\npath = a\n[valid_set]\npath = b\n"
#define IMAGE "[in]\ntype = input\ninput_shape = 1:8:8\n"
#define TAIL  "[out]\ntype = fully_connected\nunit = 4\nactivation = softmax\n"

/// Convolutions, normalization, a shortcut and pooling.
#define BODY                                                                                 \
    "[c1]\ntype = conv2d\nfilters = 3\nkernel_size = 3\npadding = same\nactivation = relu\n" \
    "[c2]\ntype = conv2d\nfilters = 3\nkernel_size = 3\npadding = same\n"                    \
    "[n]\ntype = batch_normalization\n"                                                      \
    "[sum]\ntype = addition\ninput_layers = n, c1\nactivation = relu\n"                      \
    "[pool]\ntype = pooling2d\npooling = max\npool_size = 2\nflatten = true\n"

#define SMALL MODEL ADAM SETS IMAGE BODY TAIL

typedef struct compilation {
    mote_arena arena;
    mote_context context;
    mote_description description;
    mote_compiled compiled;
} compilation;

/// `name` is the model file's.
static inline mote_status compile_as(void **state, const char *name, const char *text,
                                     unsigned modes, const char *planner, compilation *c)
{
    const char *const path = mote_test_write_text(state, name, text);
    mote_arena_init(&c->arena, mote_allocator_default());
    c->context = (mote_context){.allocator = *mote_allocator_default(),
                                .parallel = {.thread_count = 1},
                                .layers = mote_layers_builtin(),
                                .optimizers = mote_optimizers_builtin()};
    mote_compile_request request = {
        .context = &c->context, .description = &c->description, .modes = modes};
    expect_ok(mote_planner_find(planner, &request.planner));
    expect_ok(mote_description_load(path, NULL, 0, &c->arena, &c->description));
    return mote_compile(&request, &c->arena, &c->compiled);
}

static inline void compile_text(void **state, const char *text, unsigned modes, compilation *c)
{
    expect_ok(compile_as(state, "model.ini", text, modes, "best_fit", c));
}

static inline void compilation_release(compilation *c)
{
    mote_arena_release(&c->arena);
}

#endif
