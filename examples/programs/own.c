// SPDX-License-Identifier: Apache-2.0
// Trains with a layer, a loss and an optimizer of its own (own.h), after their gradients were checked: own MODEL WEIGHTS
#include <mote/mote.h>

#include <stdio.h>

#include "gradients.h"
#include "own.h"
#include "points.h"

#define BATCH 32
#define STEPS 600

/// Points of both sides of a circle, as one batch.
typedef struct samples {
    float points[BATCH][2];
    int32_t sides[BATCH];
    const void *inputs[1], *labels[1];
} samples;

static mote_batch make_batch(samples *made, uint32_t *state, size_t count)
{
    const circle circle = {0.1F, -0.1F, 0.6F};
    make_points(state, &circle, count, made->points, made->sides);
    made->inputs[0] = made->points;
    made->labels[0] = made->sides;
    return (mote_batch){made->inputs, 1, made->labels, 1, count};
}

static mote_status open(mote_context *context, const char *path, const char *optimizer,
                        mote_model **model)
{
    const mote_compile_config config = {.modes = MOTE_MODE_STEP};
    const mote_setting setting = {"Optimizer", "type", optimizer};
    mote_status status = mote_model_load(context, path, &setting, 1, model);
    if (status == MOTE_OK)
        status = mote_model_compile(*model, &config);
    return status == MOTE_OK ? mote_model_allocate(*model) : status;
}

static mote_status check(mote_context *context, const char *path)
{
    mote_model *model = NULL;
    samples made;
    uint32_t state = 3;
    gradient_report report;
    const mote_batch batch = make_batch(&made, &state, 4);
    mote_status status = open(context, path, "capture", &model);
    if (status == MOTE_OK)
        status = check_gradients(model, &batch, &report);
    if (status == MOTE_OK)
        printf("gradients: worst error %.1e of the gradient, in %s\n", report.error, report.name);
    mote_model_destroy(&model);
    return status;
}

static mote_status train(mote_context *context, const char *path, const char *weights)
{
    mote_model *model = NULL;
    uint32_t state = 1;
    mote_status status = open(context, path, "lion", &model);
    for (int step = 1; status == MOTE_OK && step <= STEPS; step++) {
        samples made;
        mote_metrics metrics;
        const mote_batch batch = make_batch(&made, &state, BATCH);
        status = mote_model_forward(model, &batch, &metrics);
        if (status == MOTE_OK && step % 200 == 0)
            printf("step %d: loss %.4f, accuracy %.3f\n", step, metrics.loss, metrics.accuracy);
        if (status == MOTE_OK)
            status = mote_model_apply(model, NULL);
    }
    if (status == MOTE_OK)
        status = mote_model_save(model, weights);
    mote_model_destroy(&model);
    return status;
}

int main(int argc, char **argv)
{
    mote_context *context = NULL;
    if (argc != 3) {
        fprintf(stderr, "usage: own MODEL WEIGHTS\n");
        return 2;
    }
    const int failed = mote_context_create(NULL, &context) != MOTE_OK ||
                       mote_context_add_layer(context, &bend) != MOTE_OK ||
                       mote_context_add_loss(context, &hinge) != MOTE_OK ||
                       mote_context_add_optimizer(context, &lion) != MOTE_OK ||
                       mote_context_add_optimizer(context, &capture) != MOTE_OK ||
                       check(context, argv[1]) != MOTE_OK ||
                       train(context, argv[1], argv[2]) != MOTE_OK;
    if (failed)
        fprintf(stderr, "%s\n", mote_last_error()->message);
    mote_context_destroy(&context);
    return failed;
}
