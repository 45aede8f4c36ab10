// SPDX-License-Identifier: Apache-2.0
// Any bytes as IDX, plain or gzip: as images beside good labels, and as labels beside good images.
#include "fuzz.h"

#include <stdio.h>

static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4};
static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};

#define MODEL                  \
    "[Model]\n"                \
    "loss = cross\n"           \
    "batch_size = 2\n"         \
    "[Optimizer]\n"            \
    "type = sgd\n"             \
    "[train_set]\n"            \
    "type = idx\n"             \
    "label_path = %s\n"        \
    "[in]\n"                   \
    "type = input\n"           \
    "input_shape = 1:1:2\n"    \
    "[out]\n"                  \
    "type = fully_connected\n" \
    "unit = 2\n"               \
    "activation = softmax\n"

static void run(const char *image_path, const char *label_path)
{
    char model[512];
    (void)snprintf(model, sizeof model, MODEL, label_path);
    fuzz_data(image_path, model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const path = fuzz_file(FUZZ_DATA, data, size);
    run(path, fuzz_file(FUZZ_OTHER, labels, sizeof labels));
    run(fuzz_file(FUZZ_OTHER, images, sizeof images), path);
    return 0;
}
