// SPDX-License-Identifier: Apache-2.0
// Any bytes as separated values, plain or gzip. The first byte chooses the keys of the section.
#include "fuzz.h"

#include <stdio.h>

#define MODEL                  \
    "[Model]\n"                \
    "loss = cross\n"           \
    "batch_size = 2\n"         \
    "[Optimizer]\n"            \
    "type = sgd\n"             \
    "[train_set]\n"            \
    "type = csv\n"             \
    "header = %s\n"            \
    "delimiter = %s\n"         \
    "missing = %s\n"           \
    "standardize = %s\n"       \
    "[in]\n"                   \
    "type = input\n"           \
    "input_shape = 1:1:2\n"    \
    "[out]\n"                  \
    "type = fully_connected\n" \
    "unit = 2\n"               \
    "activation = softmax\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const switches[] = {"false", "true"};
    static const char *const delimiters[] = {"comma", "semicolon", "tab", "bar"};
    static const char *const missing[] = {"refuse", "drop", "mean", "constant"};
    char model[512];
    if (size == 0)
        return 0;
    const unsigned keys = data[0];
    (void)snprintf(model, sizeof model, MODEL, switches[keys & 1U], delimiters[keys >> 1U & 3U],
                   missing[keys >> 3U & 3U], switches[keys >> 5U & 1U]);
    fuzz_data(fuzz_file(FUZZ_DATA, data + 1, size - 1), model);
    return 0;
}
