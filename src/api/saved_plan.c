// SPDX-License-Identifier: Apache-2.0
// Plans in files: saved, and made again.
#include "api/api.h"

#include "mote/model.h"

/// What is asked for beside a plan has to be what the plan is.
static mote_status check_request(const mote_compile_config *config,
                                 const mote_compile_request *request, const mote_saved_plan *saved)
{
    if (config->planner && request->planner != saved->planner) {
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "%s: the plan is by planner %s, and planner %s is asked for", saved->path,
                          saved->planner->name, request->planner->name);
    }
    if (config->without && config->without != saved->without) {
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "%s: the techniques that shall be left out are not those that the plan "
                          "is without: '%s'",
                          saved->path, saved->record.without);
    }
    if (request->memory_budget > 0 && request->memory_budget < saved->record.arena_bytes) {
        return MOTE_RAISE(MOTE_ERROR_BUDGET,
                          "%s: a memory budget of %llu bytes is too small for this plan: its arena "
                          "has %llu bytes",
                          saved->path, (unsigned long long)request->memory_budget,
                          (unsigned long long)saved->record.arena_bytes);
    }
    return MOTE_OK;
}

mote_status mote_model_find_plan(mote_model *model, const mote_compile_config *config,
                                 mote_compile_request *request)
{
    mote_saved_plan *saved = &model->saved;
    if (!config->plan)
        return MOTE_OK;
    MOTE_TRY(mote_saved_plan_read(config->plan, &model->request_arena, saved));
    const mote_status status = check_request(config, request, saved);
    if (status == MOTE_ERROR_BUDGET)
        model->compilation.smallest_budget = saved->record.arena_bytes;
    request->planner = saved->planner;
    request->without = saved->without;
    request->memory_budget = saved->record.memory_budget;
    request->saved = saved;
    return status;
}

mote_status mote_model_save_plan(const mote_model *model, const char *path)
{
    MOTE_TRY(mote_model_require(model, 0));
    MOTE_TRY(mote_argument_require(path, "mote_model_save_plan"));
    return mote_compilation_save_plan(&model->compilation, path);
}
