// SPDX-License-Identifier: Apache-2.0
// The context's handle, and what the library says of itself.
#include "api/api.h"

#include "base/size.h"
#include "kernel/kernel.h"
#include "layer/layer.h"
#include "optim/optim.h"

#include "mote/mote.h"

#include <string.h>

#define THREADS_MAX 256U

const char *mote_version(void)
{
    return MOTE_VERSION;
}

#if MOTE_WITH_ZLIB
#define ZLIB_TEXT "with zlib"
#else
#define ZLIB_TEXT "without zlib"
#endif
#if MOTE_WITH_PNG
#define PNG_TEXT ", with libpng"
#else
#define PNG_TEXT ", without libpng"
#endif
#if MOTE_WITH_JPEG
#define JPEG_TEXT ", with libjpeg"
#else
#define JPEG_TEXT ", without libjpeg"
#endif
#if MOTE_TRAINING
#define TRAINING_TEXT ""
#else
#define TRAINING_TEXT ", without training"
#endif

const char *mote_build_text(void)
{
    return ZLIB_TEXT PNG_TEXT JPEG_TEXT TRAINING_TEXT;
}

/// The level asked for, or the highest that build and processor have.
static mote_status choose_level(const char *name, mote_cpu_level *level)
{
    const mote_cpu_level processor = mote_cpu_detect();
    const mote_cpu_level build = mote_kernels_highest_level();
    *level = processor < build ? processor : build;
    if (!name)
        return MOTE_OK;
    mote_cpu_level wanted;
    MOTE_TRY(mote_cpu_level_find(name, &wanted));
    if (wanted > processor)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "this processor cannot run level '%s'; its highest is '%s'", name,
                          mote_cpu_level_name(processor));
    *level = wanted; // a level the build lacks is refused by mote_kernels_get
    return MOTE_OK;
}

static mote_status fill_context(const mote_context_config *config, mote_context_handle *handle)
{
    mote_context *context = &handle->inner;
    const size_t threads = config->thread_count ? config->thread_count : mote_processor_count();
    if (threads > THREADS_MAX)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%zu threads: expected 1 to %u", threads,
                          THREADS_MAX);
    context->layers = mote_layers_builtin();
    context->optimizers = mote_optimizers_builtin();
    MOTE_TRY(choose_level(config->cpu, &context->cpu_level));
    MOTE_TRY(mote_kernels_get(context->cpu_level, &context->kernels));
    return mote_thread_pool_create(&context->allocator, threads, &handle->pool, &context->parallel);
}

mote_status mote_context_create(const mote_context_config *config, mote_context **context)
{
    static const mote_context_config defaults = {.thread_count = 0};
    if (!context)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "mote_context_create: context is NULL");
    if (!config)
        config = &defaults;
    const mote_allocator *allocator =
        config->allocator ? config->allocator : mote_allocator_default();
    mote_context_handle *handle =
        (mote_context_handle *)allocator->reallocate(allocator->user, NULL, 0, sizeof *handle);
    if (!handle)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "no memory for a context");
    memset(handle, 0, sizeof *handle);
    handle->inner.allocator = *allocator;
    mote_arena_init(&handle->arena, &handle->inner.allocator);
    atomic_init(&handle->is_closed, false);
    const mote_status status = fill_context(config, handle);
    *context = &handle->inner;
    if (status != MOTE_OK)
        mote_context_destroy(context);
    return status;
}

void mote_context_destroy(mote_context **context)
{
    if (!context || !*context)
        return;
    mote_context_handle *handle = mote_context_handle_of(*context);
    const mote_allocator allocator = handle->inner.allocator;
    mote_thread_pool_destroy(&handle->pool);
    mote_arena_release(&handle->arena);
    (void)allocator.reallocate(allocator.user, handle, sizeof *handle, 0);
    *context = NULL;
}

size_t mote_processor_count(void)
{
    return mote_size_min(mote_cpu_count(), THREADS_MAX);
}

size_t mote_context_thread_count(const mote_context *context)
{
    return context ? context->parallel.thread_count : 0;
}

const char *mote_context_cpu(const mote_context *context)
{
    return context ? mote_cpu_level_name(context->cpu_level) : NULL;
}

size_t mote_process_resident_bytes(void)
{
    return mote_memory_resident_bytes();
}

size_t mote_process_peak_bytes(void)
{
    return mote_memory_peak_bytes();
}

mote_status mote_context_write_file(const mote_context *context, const char *path, const void *data,
                                    size_t bytes)
{
    static const char call[] = "mote_context_write_file";
    MOTE_TRY(mote_argument_require(context, call));
    MOTE_TRY(mote_argument_require(path, call));
    MOTE_TRY(mote_argument_require(data, call));
    return mote_file_replace(path, data, bytes, &context->allocator);
}
