// SPDX-License-Identifier: Apache-2.0
// Trains in a loop of its own, on samples that it makes itself, and saves the weights: step MODEL WEIGHTS
//
// A step is taken in two halves. What the first says decides about the second: a batch that the network knows well
// already is not worth an update.
#include <mote/mote.h>

#include <stdio.h>

#include "points.h"

#define BATCH 32
#define STEPS 600

static mote_status train(mote_model *model)
{
    const circle circle = {0.1F, -0.1F, 0.6F};
    uint32_t state = 1;
    unsigned applied = 0;
    for (int step = 1; step <= STEPS; step++) {
        float points[BATCH][2];
        int32_t sides[BATCH];
        const void *const inputs[] = {points};
        const void *const labels[] = {sides};
        const mote_batch batch = {inputs, 1, labels, 1, BATCH};
        mote_metrics metrics;
        make_points(&state, &circle, BATCH, points, sides);
        mote_status status = mote_model_forward(model, &batch, &metrics);
        if (status == MOTE_OK && metrics.loss < 0.01)
            mote_model_discard(model);
        else if (status == MOTE_OK)
            status = mote_model_apply(model, NULL);
        if (status != MOTE_OK)
            return status;
        applied += metrics.loss >= 0.01;
        if (step % 200 == 0)
            printf("step %d: loss %.4f, accuracy %.3f, %u applied\n", step, metrics.loss,
                   metrics.accuracy, applied);
    }
    return MOTE_OK;
}

int main(int argc, char **argv)
{
    const mote_compile_config config = {.modes = MOTE_MODE_STEP};
    mote_context *context = NULL;
    mote_model *model = NULL;
    if (argc != 3) {
        fprintf(stderr, "usage: step MODEL WEIGHTS\n");
        return 2;
    }
    const int failed = mote_context_create(NULL, &context) != MOTE_OK ||
                       mote_model_load(context, argv[1], NULL, 0, &model) != MOTE_OK ||
                       mote_model_compile(model, &config) != MOTE_OK || train(model) != MOTE_OK ||
                       mote_model_save(model, argv[2]) != MOTE_OK;
    if (failed)
        fprintf(stderr, "%s\n", mote_last_error()->message);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    return failed;
}
