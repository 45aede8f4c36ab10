// SPDX-License-Identifier: Apache-2.0
// A program outside of mote's tree, in the common part of C and C++: trains the model file that it is given,
// saves the weights as second argument says, prints the library's version and the weights' digest.
#include <mote/mote.h>

#include <stdio.h>

static mote_status train(mote_context *context, const char *path, const char *weights)
{
    char digest[65];
    mote_model *model = NULL;
    mote_status status = mote_model_load(context, path, NULL, 0, &model);
    if (status == MOTE_OK)
        status = mote_model_compile(model, NULL);
    if (status == MOTE_OK)
        status = mote_model_train(model, NULL, NULL);
    if (status == MOTE_OK)
        status = mote_model_save(model, weights);
    if (status == MOTE_OK)
        status = mote_model_digest(model, digest);
    if (status == MOTE_OK)
        printf("%s %s\n", mote_version(), digest);
    mote_model_destroy(&model);
    return status;
}

int main(int argc, char **argv)
{
    mote_context *context = NULL;
    if (argc != 3)
        return 2;
    mote_status status = mote_context_create(NULL, &context);
    if (status == MOTE_OK)
        status = train(context, argv[1], argv[2]);
    if (status != MOTE_OK)
        fprintf(stderr, "%s\n", mote_last_error()->message);
    mote_context_destroy(&context);
    return status == MOTE_OK ? 0 : 1;
}
