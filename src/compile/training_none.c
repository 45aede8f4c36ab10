// SPDX-License-Identifier: Apache-2.0
// Stands in for settings.c, ahead.c and hash.c in a build without training: [Optimizer] and [LearningRateScheduler] are not
// read, and models are compiled for inference only.
#include "compile/settings.h"

static const mote_property no_properties[] = {{.name = NULL}};

const mote_property *mote_compile_optimizer_properties(void)
{
    return no_properties;
}

const mote_property *mote_compile_schedule_properties(void)
{
    return no_properties;
}

static mote_status raise_training(const mote_compile_request *request)
{
    return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                      "%s: this build of mote is without training: models can be compiled for "
                      "MOTE_MODE_INFER only",
                      request->description->path);
}

mote_status mote_compile_settings(const mote_compile_request *request, mote_arena *arena,
                                  mote_training_settings *settings)
{
    (void)arena;
    (void)settings;
    return raise_training(request);
}

mote_status mote_compile_check(const mote_compile_request *request, mote_arena *arena,
                               char model_hash[MOTE_SHA256_TEXT_BYTES])
{
    const mote_graph_config config = {.description = request->description,
                                      .layers = request->context->layers,
                                      .thread_count = request->context->parallel.thread_count,
                                      .inference = true};
    mote_graph graph;
    if (request->modes & ~(unsigned)MOTE_MODE_INFER)
        return raise_training(request);
    model_hash[0] = '\0'; // it is of the training
    const mote_arena_mark mark = mote_arena_get_mark(arena);
    const mote_status status = mote_graph_build(&config, arena, &graph);
    mote_arena_release_to(arena, mark);
    return status;
}

mote_status mote_compile_ahead(mote_compiled *compiled, size_t index, mote_arena *arena)
{
    (void)compiled;
    (void)index;
    (void)arena;
    return MOTE_OK;
}
