// SPDX-License-Identifier: Apache-2.0
// Any bytes as a model file: described, compiled for all that it can do, explained. No memory of the plan is
// allocated.
#include "fuzz.h"

static void explain(const mote_model *model)
{
    for (int stage = 0; stage < MOTE_STAGE_COUNT; stage++)
        fuzz_expect(mote_model_explain(model, (mote_stage)stage, &fuzz_writer));
}

static void compile(mote_model *model, unsigned modes)
{
    // the fast planner: time is for the reader here
    const mote_compile_config config = {.modes = modes, .planner = "best_fit"};
    const mote_status status = mote_model_compile(model, &config);
    fuzz_expect(status);
    if (status == MOTE_OK)
        explain(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mote_model *model = NULL;
    const char *const path = fuzz_file(FUZZ_MODEL, data, size);
    const mote_status status = mote_model_load(fuzz_context(), path, NULL, 0, &model);
    fuzz_expect(status);
    if (status == MOTE_OK) {
        compile(model, MOTE_MODE_TRAIN | MOTE_MODE_EVALUATE);
        compile(model, MOTE_MODE_INFER);
    }
    mote_model_destroy(&model);
    return 0;
}
