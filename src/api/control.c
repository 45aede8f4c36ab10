// SPDX-License-Identifier: Apache-2.0
// What any thread may say to a model that is at work.
#include "api/api.h"

#include "mote/mote.h"

mote_status mote_model_set_memory_budget(mote_model *model, uint64_t bytes)
{
    MOTE_TRY(mote_argument_require(model, "mote_model_set_memory_budget"));
    const uint64_t own = model->description.settings.memory_budget;
    const uint64_t any = own > 0 ? own : UINT64_MAX;
    atomic_store(&model->control.budget, bytes > 0 ? bytes : any);
    return MOTE_OK;
}

mote_status mote_model_set_yield(mote_model *model, bool (*yield)(void *user), void *user)
{
    MOTE_TRY(mote_argument_require(model, "mote_model_set_yield"));
    model->control.yield = yield;
    model->control.user = user;
    return MOTE_OK;
}

mote_status mote_model_pause(mote_model *model)
{
    MOTE_TRY(mote_argument_require(model, "mote_model_pause"));
    mote_gate_close(model->control.gate);
    return MOTE_OK;
}

mote_status mote_model_continue(mote_model *model)
{
    MOTE_TRY(mote_argument_require(model, "mote_model_continue"));
    mote_gate_open(model->control.gate);
    return MOTE_OK;
}
