// SPDX-License-Identifier: Apache-2.0
// Fits a trained network to one user with a few of their samples: personalize MODEL WEIGHTS NEW_WEIGHTS
//
// All layers but the last keep their weights (trainable = false), so that nothing of them is kept for a backward
// pass: the arena is smaller than that of training the whole network.
#include <mote/mote.h>

#include <stdio.h>

#include "points.h"

#define SAMPLES 80 // of the user
#define UNSEEN  1000
#define BATCH   8
#define EPOCHS  100

static const circle theirs = {0.1F, -0.1F, 0.8F}; // the network was trained on another one

static mote_status train(mote_model *model)
{
    static float points[SAMPLES][2];
    static int32_t sides[SAMPLES];
    uint32_t state = 7;
    make_points(&state, &theirs, SAMPLES, points, sides);
    for (size_t i = 0; i < (size_t)EPOCHS * SAMPLES; i += BATCH) {
        const void *const inputs[] = {points[i % SAMPLES]};
        const void *const labels[] = {&sides[i % SAMPLES]};
        const mote_batch batch = {inputs, 1, labels, 1, BATCH};
        mote_status status = mote_model_forward(model, &batch, NULL);
        if (status == MOTE_OK)
            status = mote_model_apply(model, NULL);
        if (status != MOTE_OK)
            return status;
    }
    return MOTE_OK;
}

/// Share of points never trained on that it tells right.
static mote_status measure(mote_model *model, const char *when)
{
    uint32_t state = 99;
    int right = 0;
    for (int i = 0; i < UNSEEN; i += BATCH) {
        float points[BATCH][2];
        int32_t sides[BATCH];
        float shares[BATCH][2];
        make_points(&state, &theirs, BATCH, points, sides);
        const mote_status status = mote_model_run(model, points[0], BATCH, shares[0]);
        if (status != MOTE_OK)
            return status;
        for (int j = 0; j < BATCH; j++)
            right += (shares[j][1] > shares[j][0]) == sides[j];
    }
    printf("%s: %.1f %% of %d right\n", when, 100.0 * right / UNSEEN, UNSEEN);
    return MOTE_OK;
}

static mote_status show_plan(const mote_model *model)
{
    mote_plan_info plan;
    const mote_status status = mote_model_get_plan(model, &plan);
    if (status == MOTE_OK)
        printf("training will use %zu bytes\n", plan.arena_bytes);
    return status;
}

int main(int argc, char **argv)
{
    const mote_setting frozen[] = {{"hidden1", "trainable", "false"},
                                   {"hidden2", "trainable", "false"}};
    mote_context *context = NULL;
    mote_model *model = NULL;
    if (argc != 4) {
        fprintf(stderr, "usage: personalize MODEL WEIGHTS NEW_WEIGHTS\n");
        return 2;
    }
    const mote_compile_config config = {
        .modes = MOTE_MODE_STEP | MOTE_MODE_INFER, .weights = argv[2], .batch = BATCH};
    const int failed = mote_context_create(NULL, &context) != MOTE_OK ||
                       mote_model_load(context, argv[1], frozen, 2, &model) != MOTE_OK ||
                       mote_model_compile(model, &config) != MOTE_OK ||
                       show_plan(model) != MOTE_OK || measure(model, "before") != MOTE_OK ||
                       train(model) != MOTE_OK || measure(model, "after") != MOTE_OK ||
                       mote_model_save(model, argv[3]) != MOTE_OK;
    if (failed)
        fprintf(stderr, "%s\n", mote_last_error()->message);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    return failed;
}
