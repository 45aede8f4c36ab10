// SPDX-License-Identifier: Apache-2.0
// Any bytes as a saved plan of a network that swaps: decisions are taken only where they make a plan, and are then placed and
// compared. No memory of the plan is allocated.
#include "fuzz.h"

#define NETWORK                                                       \
    "[Model]\nloss = mse\nbatch_size = 64\n[Optimizer]\ntype = sgd\n" \
    "[in]\ntype = input\ninput_shape = 128\n"                         \
    "[a]\ntype = fully_connected\nunit = 128\nactivation = tanh\n"    \
    "[b]\ntype = fully_connected\nunit = 128\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mote_model *model = NULL;
    const char *const plan = fuzz_file(FUZZ_OTHER, data, size);
    const char *const path = fuzz_text_file(FUZZ_MODEL, NETWORK);
    const mote_compile_config config = {.plan = plan};
    mote_status status = mote_model_load(fuzz_context(), path, NULL, 0, &model);
    fuzz_expect(status);
    if (status == MOTE_OK) {
        status = mote_model_compile(model, &config);
        fuzz_expect(status);
    }
    mote_model_destroy(&model);
    return 0;
}
