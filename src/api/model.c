// SPDX-License-Identifier: Apache-2.0
// The model's handle: loading, compiling, allocating.
#include "api/api.h"

#include "mote/mote.h"

#include <string.h>

static const unsigned all_modes =
    MOTE_MODE_TRAIN | MOTE_MODE_EVALUATE | MOTE_MODE_INFER | MOTE_MODE_STEP;

static const char *const set_owners[MOTE_SET_COUNT] = {"[train_set]", "[valid_set]", "[test_set]"};

const char *mote_model_set_owner(size_t index)
{
    return set_owners[index];
}

const mote_section *mote_model_get_set(const mote_model *model, size_t index)
{
    const mote_description *description = &model->description;
    const mote_section *const sets[MOTE_SET_COUNT] = {
        description->train_set, description->valid_set, description->test_set};
    return sets[index];
}

mote_status mote_model_check_set(const mote_model *model, size_t index)
{
    const mote_section *section = mote_model_get_set(model, index);
    if (!section)
        return MOTE_OK;
    const mote_dataset_config config = {.owner = set_owners[index],
                                        .origin = section->origin,
                                        .entries = section->entries,
                                        .entry_count = section->entry_count,
                                        .folder = model->description.folder,
                                        .is_train_set = section == model->description.train_set,
                                        .has_valid_set = model->description.valid_set != NULL,
                                        .allocator = &model->context->allocator};
    return mote_dataset_check(&config);
}

/// Finds every error of the model file that needs no data.
static mote_status check_model(mote_model *model)
{
    char hash[MOTE_SHA256_TEXT_BYTES];
    const mote_compile_request request = {.context = model->context,
                                          .description = &model->description};
    const mote_status status = mote_compile_check(&request, &model->compilation.arena, hash);
    mote_arena_release(&model->compilation.arena);
    MOTE_TRY(status);
    for (size_t i = 0; i < MOTE_SET_COUNT; i++)
        MOTE_TRY(mote_model_check_set(model, i));
    return MOTE_OK;
}

mote_status mote_model_read(mote_model *model, const char *path, const mote_setting *settings,
                            size_t setting_count)
{
    mote_description_override *overrides = NULL;
    MOTE_TRY(
        mote_arena_array(&model->arena, setting_count, sizeof *overrides, (void **)&overrides));
    for (size_t i = 0; i < setting_count; i++) {
        if (!settings[i].section || !settings[i].key || !settings[i].value)
            return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                              "mote_model_load: setting %zu has a NULL section, key or value", i);
        overrides[i] =
            (mote_description_override){settings[i].section, settings[i].key, settings[i].value};
    }
    MOTE_TRY(
        mote_description_load(path, overrides, setting_count, &model->arena, &model->description));
    const mote_model_settings *parsed = &model->description.settings;
    model->batch_size = parsed->batch_size;
    if (parsed->save_path[0])
        MOTE_TRY(mote_description_path(&model->description, parsed->save_path, &model->arena,
                                       &model->save_path));
    if (parsed->save_best_path[0])
        MOTE_TRY(mote_description_path(&model->description, parsed->save_best_path, &model->arena,
                                       &model->best_path));
    if (parsed->load_path[0])
        MOTE_TRY(mote_description_path(&model->description, parsed->load_path, &model->arena,
                                       &model->load_path));
    return MOTE_OK;
}

mote_status mote_model_make(mote_context *context, mote_model **model)
{
    const mote_allocator *allocator = &context->allocator;
    mote_model *made = (mote_model *)allocator->reallocate(allocator->user, NULL, 0, sizeof *made);
    if (!made)
        return MOTE_RAISE(MOTE_ERROR_MEMORY, "no memory for a model");
    memset(made, 0, sizeof *made);
    atomic_store(&mote_context_handle_of(context)->is_closed, true);
    made->context = context;
    mote_arena_init(&made->arena, allocator);
    mote_arena_init(&made->compilation.arena, allocator);
    mote_arena_init(&made->request_arena, allocator);
    const mote_status status = mote_gate_create(allocator, &made->control.gate);
    if (status == MOTE_OK)
        *model = made;
    else
        (void)allocator->reallocate(allocator->user, made, sizeof *made, 0);
    return status;
}

mote_status mote_model_load(mote_context *context, const char *path, const mote_setting *settings,
                            size_t setting_count, mote_model **model)
{
    if (!context || !path || !model || (setting_count && !settings))
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "mote_model_load: an argument is NULL");
    mote_model *made = NULL;
    MOTE_TRY(mote_model_make(context, &made));
    mote_status status = mote_model_read(made, path, settings, setting_count);
    if (status == MOTE_OK)
        status = check_model(made);
    if (status == MOTE_OK)
        *model = made;
    else
        mote_model_destroy(&made);
    return status;
}

/// Back to the state after loading.
static void forget_compiled(mote_model *model)
{
    if (model->allocated)
        mote_run_release(&model->run);
    mote_compilation_release(&model->compilation);
    mote_arena_release(&model->request_arena);
    model->allocated = false;
    model->compilation.smallest_budget = 0;
    model->weights = NULL;
    atomic_store(&model->control.budget, 0);
}

void mote_model_destroy(mote_model **model)
{
    if (!model || !*model)
        return;
    const mote_allocator *allocator = &(*model)->context->allocator;
    forget_compiled(*model);
    mote_kept_release(&(*model)->kept);
    mote_arena_release(&(*model)->arena);
    mote_gate_destroy(&(*model)->control.gate);
    (void)allocator->reallocate(allocator->user, *model, sizeof **model, 0);
    *model = NULL;
}

static mote_status find_planner(const mote_compile_config *config, const mote_planner **planner)
{
    const char *name = config->planner ? config->planner : "exact";
    if ((config->without & MOTE_TECHNIQUE_EXACT) && strcmp(name, "exact") == 0)
        name = "best_fit";
    return mote_planner_find(name, planner);
}

/// 0: any.
static uint64_t find_budget(const mote_model *model, const mote_compile_config *config)
{
    if (config->memory_budget == 0)
        return model->description.settings.memory_budget;
    return config->memory_budget == UINT64_MAX ? 0 : config->memory_budget;
}

static mote_status compile_model(mote_model *model, const mote_compile_config *config)
{
    mote_compile_request request = {.context = model->context,
                                    .description = &model->description,
                                    .modes = config->modes ? config->modes : MOTE_MODE_TRAIN,
                                    .without = config->without,
                                    .memory_budget = find_budget(model, config)};
    if (request.modes & ~all_modes)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "mote_model_compile: unknown mode in 0x%x",
                          request.modes);
    if (request.without >> MOTE_TECHNIQUE_COUNT)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "mote_model_compile: unknown technique in 0x%x",
                          request.without);
    if (config->batch > MOTE_BATCH_MAX)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "mote_model_compile: a batch of %zu samples, expected at most %u",
                          config->batch, MOTE_BATCH_MAX);
    if (request.modes & MOTE_MODE_STEP)
        request.modes |= MOTE_MODE_TRAIN;
    model->description.settings.batch_size = config->batch ? config->batch : model->batch_size;
    MOTE_TRY(find_planner(config, &request.planner));
    if (config->weights)
        MOTE_TRY(mote_arena_text(&model->request_arena, config->weights, strlen(config->weights),
                                 &model->weights));
    MOTE_TRY(mote_model_find_cost(model, config->cost, &model->request_arena, &request.cost_path,
                                  &model->cost));
    request.cost = request.cost_path ? &model->cost : NULL;
    MOTE_TRY(mote_model_find_plan(model, config, &request));
    model->compilation.request = request;
    return mote_compilation_make(&model->compilation);
}

/// What the model has learned outlives its compilation.
static mote_status keep_state(mote_model *model)
{
    mote_kept *kept = NULL;
    if (!model->allocated)
        return MOTE_OK;
    MOTE_TRY(mote_run_keep(&model->run, false, &kept));
    mote_kept_release(&model->kept);
    model->kept = kept;
    return MOTE_OK;
}

mote_status mote_model_compile(mote_model *model, const mote_compile_config *config)
{
    static const mote_compile_config defaults = {.modes = 0};
    if (!model)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "mote_model_compile: model is NULL");
    MOTE_TRY(mote_model_require_idle(model, "mote_model_compile"));
    MOTE_TRY(keep_state(model));
    forget_compiled(model);
    return compile_model(model, config ? config : &defaults);
}

uint64_t mote_model_smallest_budget(const mote_model *model)
{
    return model ? model->compilation.smallest_budget : 0;
}

mote_status mote_argument_require(const void *argument, const char *call)
{
    return argument ? MOTE_OK : MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s: an argument is NULL", call);
}

mote_status mote_model_require(const mote_model *model, unsigned modes)
{
    if (!model)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "model is NULL");
    if (!model->compilation.compiled)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "the model is not compiled");
    const unsigned compiled = model->compilation.request.modes;
    if ((compiled & modes) != modes)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "the model is compiled for modes 0x%x; this needs 0x%x", compiled, modes);
    return MOTE_OK;
}

static mote_status allocate_model(mote_model *model, const char *weights)
{
    MOTE_TRY(mote_run_create(model->context, &model->description, model->compilation.compiled,
                             &model->run));
    model->run.sources = model->sources;
    model->run.compilation = &model->compilation;
    model->run.control = &model->control;
    if (weights)
        return mote_run_begin_with(&model->run, weights);
    MOTE_TRY(mote_run_initialize(&model->run));
    return model->kept ? mote_run_restore(&model->run, model->kept) : MOTE_OK;
}

/// The file to start from; NULL: what was kept, or initial values.
static const char *find_first(const mote_model *model)
{
    const char *first = model->kept ? NULL : model->load_path;
    return model->weights ? model->weights : first;
}

mote_status mote_model_allocate(mote_model *model)
{
    MOTE_TRY(mote_model_require(model, 0));
    return mote_model_allocate_from(model, find_first(model));
}

mote_status mote_model_allocate_from(mote_model *model, const char *weights)
{
    if (model->allocated)
        return MOTE_OK;
    const mote_status status = allocate_model(model, weights);
    if (status == MOTE_OK)
        mote_kept_release(&model->kept);
    else
        mote_run_release(&model->run);
    model->allocated = status == MOTE_OK;
    return status;
}

mote_status mote_model_allocate_to_resume(mote_model *model)
{
    const char *first = find_first(model);
    if (model->allocated || !first || mote_path_exists(first))
        return mote_model_allocate(model);
    MOTE_TRY(mote_model_allocate_from(model, NULL));
    model->run.missing_weights = first;
    return MOTE_OK;
}

void mote_model_settle(mote_model *model)
{
    if (model->run.memory && !model->run.missing_weights)
        return;
    if (!model->run.memory) { // what it was to start from is past
        model->weights = NULL;
        model->kept = model->run.kept;
        model->run.kept = NULL;
    }
    mote_run_release(&model->run);
    model->allocated = false;
}

const char *mote_model_save_path(const mote_model *model)
{
    return model ? model->save_path : NULL;
}

const char *mote_model_load_path(const mote_model *model)
{
    return model ? model->load_path : NULL;
}

uint64_t mote_model_epoch_count(const mote_model *model)
{
    return model ? model->description.settings.epochs : 0;
}

static const mote_train_config no_callbacks = {.user = NULL};

mote_status mote_model_check_path(const mote_model *model, const char *key, const char *path)
{
    if (path && model->load_path && mote_path_same(path, model->load_path)) {
        return MOTE_RAISE(MOTE_ERROR_PROPERTY,
                          "%s: [Model]: load_path and %s name the same file (%s); training "
                          "would overwrite what it started from",
                          model->description.path, key, model->description.settings.load_path);
    }
    return MOTE_OK;
}

mote_status mote_model_train(mote_model *model, const mote_train_config *config,
                             mote_train_result *result)
{
    mote_train_result ignored;
    MOTE_TRY(mote_model_require(model, MOTE_MODE_TRAIN));
    MOTE_TRY(mote_model_require_idle(model, "mote_model_train"));
    MOTE_TRY(mote_model_check_path(model, "save_path", model->save_path));
    MOTE_TRY(mote_model_check_path(model, "save_best_path", model->best_path));
    const mote_train_config *used = config ? config : &no_callbacks;
    MOTE_TRY(used->resume ? mote_model_allocate_to_resume(model) : mote_model_allocate(model));
    const mote_status status = mote_run_train(&model->run, used, result ? result : &ignored);
    mote_model_settle(model);
    return status;
}

mote_status mote_model_bench(mote_model *model, const mote_train_config *config,
                             mote_train_result *result)
{
    mote_train_result ignored;
    if (!config || config->steps == 0)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "mote_model_bench: steps must be at least 1");
    MOTE_TRY(mote_model_require(model, MOTE_MODE_TRAIN));
    MOTE_TRY(mote_model_require_idle(model, "mote_model_bench"));
    MOTE_TRY(mote_model_allocate(model));
    return mote_run_bench(&model->run, config, result ? result : &ignored);
}

mote_status mote_model_evaluate(mote_model *model, const char *set, const mote_train_config *config,
                                mote_metrics *metrics)
{
    MOTE_TRY(mote_model_require(model, 0));
    MOTE_TRY(mote_model_require_idle(model, "mote_model_evaluate"));
    MOTE_TRY(mote_argument_require(set, "mote_model_evaluate"));
    MOTE_TRY(mote_argument_require(metrics, "mote_model_evaluate"));
    if (!model->compilation.compiled->evaluate)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "the model is not compiled for evaluation");
    mote_run_set found;
    if (!mote_model_find_set(model, set, &found))
        return MOTE_RAISE(MOTE_ERROR_PROPERTY, "%s: there is no section [%s]",
                          model->description.path, set);
    MOTE_TRY(mote_model_allocate(model));
    return mote_run_evaluate(&model->run, &found, config ? config : &no_callbacks, metrics);
}

mote_status mote_model_read_image(mote_model *model, const char *path, float *sample)
{
    MOTE_TRY(mote_model_require(model, MOTE_MODE_INFER));
    MOTE_TRY(mote_argument_require(path, "mote_model_read_image"));
    MOTE_TRY(mote_argument_require(sample, "mote_model_read_image"));
    MOTE_TRY(mote_model_allocate(model));
    const mote_graph *graph = &model->compilation.compiled->graphs[1];
    if (graph->input_count != 1 || graph->values[graph->ports[0]].spec.dtype != MOTE_DTYPE_REAL) {
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "'%s': images feed networks with one input of real numbers; this one has "
                          "%zu inputs, the first of %s",
                          path, graph->input_count,
                          mote_dtype_text(graph->values[graph->ports[0]].spec.dtype));
    }
    const mote_image_request request = {.spec = &graph->values[graph->ports[0]].spec,
                                        .preparation = model->run.knowledge.preparation,
                                        .scale = model->run.image_scale,
                                        .allocator = &model->context->allocator};
    return mote_image_read(path, &request, sample);
}
