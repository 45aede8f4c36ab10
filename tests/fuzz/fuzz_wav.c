// SPDX-License-Identifier: Apache-2.0
// Any bytes as a WAV file, beside a good one of another class. The first byte chooses the features.
#include "fuzz.h"

#include <stdio.h>

/// 16 samples of 8 bits, 8000 a second.
static const uint8_t good[] =
    "RIFF\x34\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1F\0\0\x40\x1F\0\0\1\0\x8\0"
    "data\x10\0\0\0@ABCDEFGHIJKLMNO";

#define MODEL                  \
    "[Model]\n"                \
    "loss = cross\n"           \
    "batch_size = 2\n"         \
    "[Optimizer]\n"            \
    "type = sgd\n"             \
    "[train_set]\n"            \
    "type = wav\n"             \
    "features = %s\n"          \
    "frame_length = 1\n"       \
    "frame_step = 1\n"         \
    "mel_count = 3\n"          \
    "coefficient_count = 3\n"  \
    "[in]\n"                   \
    "type = input\n"           \
    "input_shape = 1:%s\n"     \
    "[pool]\n"                 \
    "type = lstm\n"            \
    "unit = 2\n"               \
    "[out]\n"                  \
    "type = fully_connected\n" \
    "unit = 2\n"               \
    "activation = softmax\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const features[] = {"raw", "log_mel", "mfcc"};
    char model[512];
    if (size == 0)
        return 0;
    const unsigned kind = data[0] % 3U;
    (void)snprintf(model, sizeof model, MODEL, features[kind], kind == 0 ? "20:1" : "4:3");
    const char *const folder = fuzz_class_folder();
    (void)fuzz_file(FUZZ_DATA, data + 1, size - 1);
    (void)fuzz_file(FUZZ_OTHER, good, sizeof good - 1);
    fuzz_data(folder, model);
    return 0;
}
