// SPDX-License-Identifier: Apache-2.0
// Runs a trained network of one input and one output on numbers of the command line: infer MODEL WEIGHTS NUMBER...
#include <mote/mote.h>

#include <stdio.h>
#include <stdlib.h>

/// Sizes come from the model, so that the program fits every network with one input and one output.
static mote_status run(mote_model *model, char **numbers, size_t count)
{
    size_t input_count = 0;
    size_t output_count = 0;
    mote_status status = mote_model_get_sizes(model, &input_count, &output_count);
    if (status != MOTE_OK)
        return status;
    if (count != input_count) {
        printf("the network takes %zu numbers, not %zu\n", input_count, count);
        return MOTE_OK;
    }
    float *inputs = malloc(input_count * sizeof *inputs);
    float *outputs = malloc(output_count * sizeof *outputs);
    if (inputs && outputs) {
        for (size_t i = 0; i < input_count; i++)
            inputs[i] = strtof(numbers[i], NULL);
        status = mote_model_run(model, inputs, 1, outputs);
        for (size_t i = 0; status == MOTE_OK && i < output_count; i++)
            printf("%zu: %.3f\n", i, (double)outputs[i]);
    }
    free(inputs);
    free(outputs);
    return status;
}

int main(int argc, char **argv)
{
    mote_context *context = NULL;
    mote_model *model = NULL;
    if (argc < 4) {
        fprintf(stderr, "usage: infer MODEL WEIGHTS NUMBER...\n");
        return 2;
    }
    const mote_compile_config config = {.modes = MOTE_MODE_INFER, .weights = argv[2], .batch = 1};
    const int failed = mote_context_create(NULL, &context) != MOTE_OK ||
                       mote_model_load(context, argv[1], NULL, 0, &model) != MOTE_OK ||
                       mote_model_compile(model, &config) != MOTE_OK ||
                       run(model, argv + 3, (size_t)argc - 3) != MOTE_OK;
    if (failed)
        fprintf(stderr, "%s\n", mote_last_error()->message);
    mote_model_destroy(&model);
    mote_context_destroy(&context);
    return failed;
}
