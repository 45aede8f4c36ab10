// SPDX-License-Identifier: Apache-2.0
// Runs a model with layers and a loss of its own on a row of numbers: own_infer MODEL WEIGHTS. Prints what becomes of its
// optimizer, then the outputs.
#include "unit/api/copies.h"

#include <stdio.h>

#define INPUTS  6
#define OUTPUTS 3

int main(int argc, char **argv)
{
    const float inputs[INPUTS] = {0.5F, -1, 0.25F, 2, -0.75F, 1};
    float outputs[OUTPUTS] = {0};
    mote_context *context = NULL;
    mote_model *model = NULL;
    const mote_compile_config config = {.modes = MOTE_MODE_INFER, .weights = argv[argc - 1]};
    int failed = argc != 3 || mote_context_create(NULL, &context) != MOTE_OK ||
                 mote_context_add_layer(context, &dense) != MOTE_OK ||
                 mote_context_add_layer(context, &rectify) != MOTE_OK ||
                 mote_context_add_loss(context, &squares) != MOTE_OK;
    if (!failed)
        printf("%s\n", mote_status_name(mote_context_add_optimizer(context, &descend)));
    failed = failed || mote_model_load(context, argv[1], NULL, 0, &model) != MOTE_OK ||
             mote_model_compile(model, &config) != MOTE_OK ||
             mote_model_run(model, inputs, 1, outputs) != MOTE_OK;
    if (failed)
        fprintf(stderr, "%s\n", mote_last_error()->message);
    for (size_t i = 0; !failed && i < OUTPUTS; i++)
        printf("%.9g\n", (double)outputs[i]);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    return failed;
}
