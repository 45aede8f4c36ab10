// SPDX-License-Identifier: Apache-2.0
// Any bytes as a PNG or JPEG image: in a folder of two classes, and as what a model is run on.
#include "fuzz.h"

static const char model_text[] = "[Model]\n"
                                 "loss = cross\n"
                                 "batch_size = 2\n"
                                 "[Optimizer]\n"
                                 "type = sgd\n"
                                 "[train_set]\n"
                                 "type = images\n"
                                 "[in]\n"
                                 "type = input\n"
                                 "input_shape = 3:2:3\n"
                                 "flatten = true\n"
                                 "[out]\n"
                                 "type = fully_connected\n"
                                 "unit = 2\n"
                                 "activation = softmax\n";

static void read_image(const char *path)
{
    float values[18];
    mote_model *model = NULL;
    const mote_compile_config config = {.modes = MOTE_MODE_INFER};
    mote_status status =
        mote_model_load(fuzz_context(), fuzz_text_file(FUZZ_MODEL, model_text), NULL, 0, &model);
    if (status == MOTE_OK)
        status = mote_model_compile(model, &config);
    if (status == MOTE_OK)
        status = mote_model_read_image(model, path, values);
    fuzz_expect(status);
    mote_model_destroy(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const folder = fuzz_class_folder();
    (void)fuzz_file(FUZZ_OTHER, data, size); // as good or bad as the first
    const char *const path = fuzz_file(FUZZ_DATA, data, size);
    fuzz_data(folder, model_text);
    read_image(path);
    return 0;
}
