// SPDX-License-Identifier: Apache-2.0
// Looking into a model: its plan, its stages, its tensors; saving and loading these.
#include "api/api.h"

#include "base/size.h"
#include "mote/mote.h"

#include <string.h>

mote_status mote_model_get_plan(const mote_model *model, mote_plan_info *info)
{
    MOTE_TRY(mote_model_require(model, 0));
    MOTE_TRY(mote_argument_require(info, "mote_model_get_plan"));
    *info = model->compilation.compiled->info;
    return MOTE_OK;
}

mote_status mote_model_get_placement(const mote_model *model, size_t index,
                                     mote_placement_info *info)
{
    MOTE_TRY(mote_model_require(model, 0));
    MOTE_TRY(mote_argument_require(info, "mote_model_get_placement"));
    const mote_compiled *compiled = model->compilation.compiled;
    if (index >= compiled->problem.placement_count)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "placement %zu: the plan has %zu", index,
                          compiled->problem.placement_count);
    const mote_placement *placement = &compiled->problem.placements[index];
    info->id = index;
    info->lower = placement->first;
    info->upper = placement->last + 1;
    info->bytes = mote_size_align(placement->bytes, placement->alignment);
    info->offset = compiled->plan.offsets[index];
    info->name = mote_compiled_placement_name(compiled, index, &info->kind);
    size_t samples = 0;
    const mote_tensor_spec spec = mote_compiled_placement_spec(compiled, index, &samples);
    info->rank = 0;
    if (spec.batched)
        info->dims[info->rank++] = samples;
    for (size_t i = 0; i < spec.shape.rank; i++)
        info->dims[info->rank++] = spec.shape.dims[i];
    return MOTE_OK;
}

const char *mote_model_placement_tensor(const mote_model *model, size_t index, size_t other)
{
    if (!model || !model->compilation.compiled ||
        index >= model->compilation.compiled->problem.placement_count)
        return NULL;
    return mote_compiled_placement_tensor(model->compilation.compiled, index, other);
}

mote_status mote_model_get_step_name(const mote_model *model, size_t step, char *text, size_t bytes)
{
    MOTE_TRY(mote_model_require(model, 0));
    if (!text || bytes == 0)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "mote_model_get_step_name: text is NULL or takes 0 bytes");
    if (step >= model->compilation.compiled->problem.step_count)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "step %zu: the plan has %zu", step,
                          model->compilation.compiled->problem.step_count);
    (void)mote_compiled_step_text(model->compilation.compiled, step, text, bytes);
    return MOTE_OK;
}

mote_status mote_model_explain(const mote_model *model, mote_stage stage, const mote_writer *writer)
{
    if (!model || !writer || (unsigned)stage >= MOTE_STAGE_COUNT)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "mote_model_explain: an argument is NULL, or stage %u is none",
                          (unsigned)stage);
    if (stage == MOTE_STAGE_DESCRIPTION) {
        mote_description_print(&model->description, writer);
        return MOTE_OK;
    }
    MOTE_TRY(mote_model_require(model, 0));
    mote_compiled_print(model->compilation.compiled, stage, writer);
    return MOTE_OK;
}

mote_status mote_model_explain_tensor(const mote_model *model, const char *name,
                                      const mote_writer *writer)
{
    MOTE_TRY(mote_model_require(model, 0));
    MOTE_TRY(mote_argument_require(name, "mote_model_explain_tensor"));
    MOTE_TRY(mote_argument_require(writer, "mote_model_explain_tensor"));
    return mote_compiled_explain(model->compilation.compiled, name, writer);
}

const char *mote_model_class_names(const mote_model *model)
{
    return model && model->allocated ? model->run.knowledge.class_names : "";
}

/// Weights and statistics, without the optimizer's blocks.
static bool is_tensor(const mote_state_block *block)
{
    return block->role != MOTE_STATE_OPTIMIZER;
}

size_t mote_model_tensor_count(const mote_model *model)
{
    size_t count = 0;
    for (size_t i = 0;
         model && model->compilation.compiled && i < model->compilation.compiled->state_block_count;
         i++)
        count += is_tensor(&model->compilation.compiled->state_blocks[i]);
    return count;
}

static void fill_tensor(const mote_model *model, size_t block, mote_tensor_info *info)
{
    const mote_state_block *from = &model->compilation.compiled->state_blocks[block];
    *info = (mote_tensor_info){.name = from->name,
                               .rank = from->spec.shape.rank,
                               .element_count = mote_shape_elements(&from->spec.shape),
                               .values = (float *)mote_state_data(&model->run.state, block)};
    for (size_t i = 0; i < info->rank; i++)
        info->dims[i] = from->spec.shape.dims[i];
}

static mote_status require_allocated(const mote_model *model)
{
    MOTE_TRY(mote_model_require(model, 0));
    if (!model->allocated)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "the model has no values yet: call mote_model_allocate first");
    return MOTE_OK;
}

mote_status mote_model_get_tensor(const mote_model *model, size_t index, mote_tensor_info *info)
{
    MOTE_TRY(require_allocated(model));
    MOTE_TRY(mote_argument_require(info, "mote_model_get_tensor"));
    size_t left = index;
    for (size_t i = 0; i < model->compilation.compiled->state_block_count; i++) {
        if (!is_tensor(&model->compilation.compiled->state_blocks[i]) || left-- > 0)
            continue;
        fill_tensor(model, i, info);
        return MOTE_OK;
    }
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "tensor %zu: the model has %zu", index,
                      mote_model_tensor_count(model));
}

static const char *block_name(const void *user, size_t index)
{
    const mote_state_block *block = &((const mote_state_block *)user)[index];
    return is_tensor(block) ? block->name : "";
}

static mote_status find_tensor(const mote_model *model, const char *name, size_t *block)
{
    const size_t count = model->run.state.block_count;
    *block = mote_state_find(&model->run.state, name);
    if (*block < count && is_tensor(&model->run.state.blocks[*block]))
        return MOTE_OK;
    char hint[96];
    mote_text_hint(mote_text_nearest(name, block_name, model->run.state.blocks, count), hint,
                   sizeof hint);
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "the model has no tensor '%s'%s", name, hint);
}

mote_status mote_model_find_tensor(const mote_model *model, const char *name,
                                   mote_tensor_info *info)
{
    size_t block = 0;
    MOTE_TRY(require_allocated(model));
    MOTE_TRY(mote_argument_require(name, "mote_model_find_tensor"));
    MOTE_TRY(mote_argument_require(info, "mote_model_find_tensor"));
    MOTE_TRY(find_tensor(model, name, &block));
    fill_tensor(model, block, info);
    return MOTE_OK;
}

/// Finds the tensor, which has to have the elements.
static mote_status find_elements(const mote_model *model, const char *name, size_t first,
                                 size_t count, size_t *block)
{
    MOTE_TRY(require_allocated(model));
    MOTE_TRY(mote_argument_require(name, "mote_model_read_tensor, _write_tensor"));
    MOTE_TRY(find_tensor(model, name, block));
    const size_t elements = mote_shape_elements(&model->run.state.blocks[*block].spec.shape);
    if (first <= elements && count <= elements - first)
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "tensor '%s': elements %zu to %zu: it has %zu", name,
                      first, first + count, elements);
}

mote_status mote_model_read_tensor(const mote_model *model, const char *name, size_t first,
                                   size_t count, float *values)
{
    size_t block = 0;
    MOTE_TRY(mote_argument_require(values, "mote_model_read_tensor"));
    MOTE_TRY(find_elements(model, name, first, count, &block));
    return mote_state_read(&model->run.state, block, first * sizeof *values, values,
                           count * sizeof *values);
}

mote_status mote_model_write_tensor(mote_model *model, const char *name, size_t first, size_t count,
                                    const float *values)
{
    size_t block = 0;
    MOTE_TRY(mote_model_require_idle(model, "mote_model_write_tensor"));
    MOTE_TRY(mote_argument_require(values, "mote_model_write_tensor"));
    MOTE_TRY(find_elements(model, name, first, count, &block));
    return mote_state_write(&model->run.state, block, first * sizeof *values, values,
                            count * sizeof *values);
}

mote_status mote_model_digest(const mote_model *model, char *text)
{
    MOTE_TRY(require_allocated(model));
    MOTE_TRY(mote_argument_require(text, "mote_model_digest"));
    return mote_state_digest(&model->run.state, text);
}

mote_status mote_model_save(mote_model *model, const char *path)
{
    MOTE_TRY(require_allocated(model));
    MOTE_TRY(mote_argument_require(path, "mote_model_save"));
    return mote_run_save(&model->run, path);
}

mote_status mote_model_load_weights(mote_model *model, const char *path)
{
    MOTE_TRY(mote_model_require(model, 0));
    MOTE_TRY(mote_model_require_idle(model, "mote_model_load_weights"));
    MOTE_TRY(mote_argument_require(path, "mote_model_load_weights"));
    if (!model->allocated)
        return mote_model_allocate_from(model, path);
    return mote_run_load(&model->run, path);
}
