// SPDX-License-Identifier: Apache-2.0
// Trains a model file with one input of floats in a loop of its own, and asks for another memory budget between its steps:
// replanner MODEL BUDGET. A step that fails is begun once more. Prints the digest of the weights, then what failed.
#include <mote/mote.h>

#include <stdio.h>
#include <stdlib.h>

#define BATCH    4
#define WIDTH    64
#define STEPS    6
#define MESSAGES 2048

static float inputs[BATCH * WIDTH];
static int32_t classes[BATCH];
static char failures[MESSAGES];

static mote_status try_step(mote_model *model)
{
    const void *const in[] = {inputs};
    const void *const out[] = {classes};
    const mote_batch batch = {in, 1, out, 1, BATCH};
    return mote_model_forward(model, &batch, NULL);
}

/// Errors in front of a step leave it to be done; those behind it do not.
static mote_status step(mote_model *model)
{
    if (try_step(model) != MOTE_OK) {
        snprintf(failures, sizeof failures, "%.1000s\n", mote_last_error()->message);
        const mote_status status = try_step(model);
        if (status != MOTE_OK)
            return status;
    }
    return mote_model_apply(model, NULL);
}

static mote_status train(mote_model *model, uint64_t budget)
{
    const mote_compile_config config = {.modes = MOTE_MODE_STEP};
    mote_status status = mote_model_compile(model, &config);
    for (int i = 0; i < BATCH * WIDTH; i++)
        inputs[i] = (float)(i % 17) / 17.0F;
    for (int i = 0; i < BATCH; i++)
        classes[i] = i % 2;
    for (int i = 0; i < STEPS && status == MOTE_OK; i++) {
        if (i == 2 || i == 4)
            status = mote_model_set_memory_budget(model, i == 2 ? budget : UINT64_MAX);
        if (status == MOTE_OK)
            status = step(model);
    }
    return status;
}

int main(int argc, char **argv)
{
    const mote_context_config threads = {.thread_count = 1};
    mote_context *context = NULL;
    mote_model *model = NULL;
    char digest[65];
    if (argc != 3)
        return 2;
    const int failed = mote_context_create(&threads, &context) != MOTE_OK ||
                       mote_model_load(context, argv[1], NULL, 0, &model) != MOTE_OK ||
                       train(model, strtoull(argv[2], NULL, 10)) != MOTE_OK ||
                       mote_model_digest(model, digest) != MOTE_OK;
    if (failed)
        fprintf(stderr, "%s\n", mote_last_error()->message);
    else
        printf("%s\n%s", digest, failures);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    return failed;
}
