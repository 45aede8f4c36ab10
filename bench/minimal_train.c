// SPDX-License-Identifier: Apache-2.0
// The smallest useful program with training, for bench/size: trains a model file, saves the weights.
#include <mote/mote.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    mote_context *context = NULL;
    mote_model *model = NULL;
    int failed = argc != 3 || mote_context_create(NULL, &context) != MOTE_OK ||
                 mote_model_load(context, argv[1], NULL, 0, &model) != MOTE_OK ||
                 mote_model_compile(model, NULL) != MOTE_OK ||
                 mote_model_train(model, NULL, NULL) != MOTE_OK ||
                 mote_model_save(model, argv[2]) != MOTE_OK;
    if (failed)
        fprintf(stderr, "%s\n", mote_last_error()->message);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    return failed;
}
