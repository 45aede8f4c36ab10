// SPDX-License-Identifier: Apache-2.0
// Trains a model file on the data that it names and saves the weights: train MODEL WEIGHTS
#include <mote/mote.h>

#include <stdio.h>

static void show(void *user, const mote_progress *progress)
{
    (void)user;
    if (progress->epoch_done)
        printf("epoch %llu: loss %.4f, accuracy %.3f\n", (unsigned long long)progress->epoch,
               progress->training.loss, progress->training.accuracy);
}

static mote_status train(mote_context *context, const char *path, const char *weights)
{
    const mote_train_config config = {.progress = show, .no_save = true};
    mote_model *model = NULL;
    mote_plan_info plan;
    mote_status status = mote_model_load(context, path, NULL, 0, &model);
    if (status == MOTE_OK)
        status = mote_model_compile(model, NULL);
    if (status == MOTE_OK)
        status = mote_model_get_plan(model, &plan);
    if (status == MOTE_OK) {
        printf("training will use %zu bytes\n", plan.arena_bytes);
        status = mote_model_train(model, &config, NULL);
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
        fprintf(stderr, "usage: train MODEL WEIGHTS\n");
        return 2;
    }
    mote_status status = mote_context_create(NULL, &context);
    if (status == MOTE_OK)
        status = train(context, argv[1], argv[2]);
    if (status != MOTE_OK)
        fprintf(stderr, "%s\n", mote_last_error()->message);
    mote_context_destroy(&context);
    return status == MOTE_OK ? 0 : 1;
}
