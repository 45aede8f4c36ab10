// SPDX-License-Identifier: Apache-2.0
// Training in the caller's own loop: what may be called when.
#include "api/api.h"

#include "mote/mote.h"

#include <math.h>

static bool is_open(const mote_model *model)
{
    return model->allocated && model->run.stepping.open_batch > 0;
}

mote_status mote_model_require_idle(const mote_model *model, const char *call)
{
    if (!is_open(model))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                      "%s: a step is open: mote_model_apply or mote_model_discard must end it",
                      call);
}

static mote_status require_open(const mote_model *model, const char *call)
{
    MOTE_TRY(mote_model_require(model, MOTE_MODE_STEP));
    if (is_open(model))
        return MOTE_OK;
    return MOTE_RAISE(MOTE_ERROR_ARGUMENT, "%s: no step is open: mote_model_forward opens one",
                      call);
}

static mote_status check_batch(const mote_model *model, const mote_batch *batch)
{
    static const char call[] = "mote_model_forward";
    const mote_graph *graph = mote_compiled_graph(model->compilation.compiled);
    const size_t label_count = graph->port_count - graph->input_count;
    MOTE_TRY(mote_argument_require(batch, call));
    MOTE_TRY(mote_argument_require(batch->inputs, call));
    MOTE_TRY(mote_argument_require(batch->labels, call));
    if (batch->input_count != graph->input_count || batch->label_count != label_count)
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "%s: %zu inputs and %zu labels, the network has %zu and %zu", call,
                          batch->input_count, batch->label_count, graph->input_count, label_count);
    MOTE_TRY(mote_pointers_require(batch->inputs, batch->input_count, call, "input"));
    MOTE_TRY(mote_pointers_require(batch->labels, batch->label_count, call, "label"));
    return mote_model_check_samples(model, call, batch->count);
}

mote_status mote_model_forward(mote_model *model, const mote_batch *batch, mote_metrics *metrics)
{
    mote_metrics ignored;
    MOTE_TRY(mote_model_require(model, MOTE_MODE_STEP));
    MOTE_TRY(mote_model_require_idle(model, "mote_model_forward"));
    MOTE_TRY(check_batch(model, batch));
    MOTE_TRY(mote_model_allocate(model));
    const mote_run_batch samples = {.inputs = batch->inputs,
                                    .labels = batch->labels,
                                    .input_count = batch->input_count,
                                    .count = batch->count};
    const mote_status status =
        mote_run_forward(&model->run, &samples, metrics ? metrics : &ignored);
    if (status == MOTE_OK)
        return status;
    mote_model_settle(model);
    return MOTE_RAISE(status, "mote_model_forward: %.900s; there is nothing to apply",
                      mote_last_error()->message);
}

mote_status mote_model_get_step_output(const mote_model *model, size_t index, const void **values)
{
    static const char call[] = "mote_model_get_step_output";
    mote_port_info output;
    MOTE_TRY(require_open(model, call));
    MOTE_TRY(mote_argument_require(values, call));
    MOTE_TRY(mote_model_get_output(model, index, &output));
    const void *found = mote_program_output(model->compilation.compiled->train, index);
    if (!found)
        return MOTE_RAISE(MOTE_ERROR_UNSUPPORTED,
                          "%s: no loss reads output '%s', so that training does not compute it",
                          call, output.name);
    *values = found;
    return MOTE_OK;
}

mote_status mote_model_apply(mote_model *model, const double *learning_rate)
{
    MOTE_TRY(require_open(model, "mote_model_apply"));
    if (learning_rate && (!isfinite(*learning_rate) || *learning_rate < 0.0))
        return MOTE_RAISE(MOTE_ERROR_ARGUMENT,
                          "mote_model_apply: the learning rate is %g, expected 0 or more",
                          *learning_rate);
    const double rate = learning_rate
                            ? *learning_rate
                            : mote_run_learning_rate(&model->compilation.compiled->settings,
                                                     model->run.stepping.applied);
    return mote_run_apply(&model->run, rate);
}

void mote_model_discard(mote_model *model)
{
    if (!model || !model->allocated)
        return;
    mote_transfers_halt(model->run.transfers);
    model->run.stepping.open_batch = 0;
}

mote_status mote_model_restart(mote_model *model)
{
    MOTE_TRY(mote_model_require(model, MOTE_MODE_STEP));
    MOTE_TRY(mote_model_require_idle(model, "mote_model_restart"));
    MOTE_TRY(mote_model_allocate(model));
    mote_run_restart(&model->run);
    return MOTE_OK;
}

mote_status mote_model_get_step(const mote_model *model, mote_step_info *info)
{
    MOTE_TRY(mote_model_require(model, MOTE_MODE_STEP));
    MOTE_TRY(mote_argument_require(info, "mote_model_get_step"));
    const mote_stepping stepping =
        model->allocated ? model->run.stepping : (mote_stepping){.applied = 0};
    *info = (mote_step_info){.applied = stepping.applied,
                             .open_samples = stepping.open_batch,
                             .learning_rate = mote_run_learning_rate(
                                 &model->compilation.compiled->settings, stepping.applied)};
    return MOTE_OK;
}
