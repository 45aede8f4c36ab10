// SPDX-License-Identifier: Apache-2.0
// The smallest useful program without training, for bench/size: runs a model on zeros, prints the output.
#include <mote/mote.h>

#include <stdio.h>

#define ELEMENTS_MAX 4096

int main(int argc, char **argv)
{
    static float inputs[ELEMENTS_MAX], outputs[ELEMENTS_MAX];
    size_t input_count = 0, output_count = 0;
    mote_context *context = NULL;
    mote_model *model = NULL;
    const mote_compile_config config = {.modes = MOTE_MODE_INFER, .weights = argv[argc - 1]};
    int failed = argc != 3 || mote_context_create(NULL, &context) != MOTE_OK ||
                 mote_model_load(context, argv[1], NULL, 0, &model) != MOTE_OK ||
                 mote_model_compile(model, &config) != MOTE_OK ||
                 mote_model_get_sizes(model, &input_count, &output_count) != MOTE_OK ||
                 input_count > ELEMENTS_MAX || output_count > ELEMENTS_MAX ||
                 mote_model_run(model, inputs, 1, outputs) != MOTE_OK;
    if (failed)
        fprintf(stderr, "%s\n", mote_last_error()->message);
    for (size_t i = 0; !failed && i < output_count; i++)
        printf("%.9g\n", outputs[i]);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    return failed;
}
