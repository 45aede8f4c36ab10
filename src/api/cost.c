// SPDX-License-Identifier: Apache-2.0
// Cost tables of a model: where its file is, and when it is made.
#include "api/api.h"

#include "cost/cost.h"

#include "mote/model.h"

#include <string.h>

/// The file beside the swap file, for the context's level and threads; NULL: there is no [Model] swap_path.
static mote_status find_path(const mote_model *model, mote_arena *arena, const char **path)
{
    const mote_context *context = model->context;
    const char *folder = NULL;
    const char *name = NULL;
    char *text = NULL;
    *path = NULL;
    MOTE_TRY(mote_run_find_swap(&model->description, arena, &folder));
    if (!folder)
        return MOTE_OK;
    MOTE_TRY(mote_cost_file_name(context->cpu_level, context->parallel.thread_count, arena, &name));
    MOTE_TRY(mote_arena_format(arena, &text, "%s/%s", folder, name));
    *path = text;
    return MOTE_OK;
}

mote_status mote_model_find_cost(const mote_model *model, const char *given, mote_arena *arena,
                                 const char **path, mote_cost *cost)
{
    char processor[MOTE_CPU_NAME_BYTES];
    mote_cost_table table;
    const char *found = given;
    *path = NULL;
    if (!given)
        MOTE_TRY(find_path(model, arena, &found));
    if (!found || (!given && !mote_path_exists(found)))
        return MOTE_OK;
    MOTE_TRY(mote_cost_read(found, arena, &table));
    mote_cpu_get_name(processor);
    if (!given && strcmp(table.processor, processor) != 0) // the folder came from another device
        return MOTE_OK;
    if (table.threads != model->context->parallel.thread_count)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "%s: a cost table for %llu threads, the context has %zu", found,
                          (unsigned long long)table.threads, model->context->parallel.thread_count);
    char *copy = NULL;
    MOTE_TRY(mote_arena_text(arena, found, strlen(found), &copy));
    *path = copy;
    *cost = table.cost;
    return MOTE_OK;
}

static mote_status measure(const mote_model *model, const char *path, mote_arena *arena)
{
    const mote_context *context = model->context;
    char processor[MOTE_CPU_NAME_BYTES];
    mote_cpu_get_name(processor);
    mote_cost_device device = {.kernels = context->kernels, .parallel = &context->parallel};
    mote_cost_table table = {
        .version = MOTE_COST_VERSION,
        .processor = processor,
        .cpu = mote_cpu_level_name(context->cpu_level),
        .threads = context->parallel.thread_count,
    };
    MOTE_TRY(mote_run_find_swap(&model->description, arena, &device.swap_folder));
    if (!path)
        MOTE_TRY(find_path(model, arena, &path));
    if (!path)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "%s: there is no place for a cost table: [Model] has no swap_path",
                          model->description.path);
    MOTE_TRY(mote_cost_measure(&device, &table.cost));
    return mote_cost_write(&table, path, &context->allocator);
}

mote_status mote_model_measure_cost(mote_model *model, const char *path)
{
    static const char call[] = "mote_model_measure_cost";
    mote_arena arena;
    MOTE_TRY(mote_argument_require(model, call));
    MOTE_TRY(mote_model_require_idle(model, call));
    mote_arena_init(&arena, &model->context->allocator);
    const mote_status status = measure(model, path, &arena);
    mote_arena_release(&arena);
    return status;
}
