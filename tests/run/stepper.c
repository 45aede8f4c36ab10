// SPDX-License-Identifier: Apache-2.0
// Trains a model file with one input of floats in a loop of its own: stepper MODEL STEPS. Reads one byte of the model
// file right before the first step and right behind the last, as marks for tests/preload.
#include <mote/mote.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH 8

static float images[BATCH * 28 * 28];
static int32_t classes[BATCH];
static float outputs[BATCH * 10];

static int mark(int file)
{
    char byte;
    return pread(file, &byte, 1, 0) == 1;
}

/// Smaller batches, discarded steps and inference are among them.
static mote_status step(mote_model *model, int index)
{
    const void *const inputs[] = {images};
    const void *const labels[] = {classes};
    const mote_batch batch = {inputs, 1, labels, 1, (size_t)(BATCH - index % 3)};
    const void *output = NULL;
    mote_metrics metrics;
    mote_step_info info;
    mote_status status = mote_model_forward(model, &batch, &metrics);
    if (status == MOTE_OK)
        status = mote_model_get_step_output(model, 0, &output);
    if (status == MOTE_OK)
        status = mote_model_get_step(model, &info);
    if (index % 4 == 3)
        mote_model_discard(model);
    else if (status == MOTE_OK)
        status = mote_model_apply(model, NULL);
    return status == MOTE_OK ? mote_model_run(model, images, BATCH, outputs) : status;
}

static mote_status train(mote_model *model, const char *path, int steps)
{
    const int file = open(path, O_RDONLY);
    mote_status status = mote_model_allocate(model);
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
        images[i] = (float)(i % 17) / 17.0F;
    for (int i = 0; i < BATCH; i++)
        classes[i] = i;
    if (!mark(file))
        return MOTE_ERROR_IO;
    for (int i = 0; i < steps && status == MOTE_OK; i++)
        status = step(model, i);
    if (!mark(file))
        return MOTE_ERROR_IO;
    close(file);
    return status;
}

int main(int argc, char **argv)
{
    const mote_context_config threads = {.thread_count = 2};
    const mote_compile_config config = {.modes = MOTE_MODE_STEP | MOTE_MODE_INFER, .batch = BATCH};
    mote_context *context = NULL;
    mote_model *model = NULL;
    if (argc != 3)
        return 2;
    const int failed = mote_context_create(&threads, &context) != MOTE_OK ||
                       mote_model_load(context, argv[1], NULL, 0, &model) != MOTE_OK ||
                       mote_model_compile(model, &config) != MOTE_OK ||
                       train(model, argv[1], atoi(argv[2])) != MOTE_OK;
    if (failed)
        fprintf(stderr, "%s\n", mote_last_error()->message);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    return failed;
}
