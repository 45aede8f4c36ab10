// SPDX-License-Identifier: Apache-2.0
// Any bytes as weights: listed, summed up, and loaded into a small model.
#include "fuzz.h"

static const char model_text[] = "[Model]\n"
                                 "loss = cross\n"
                                 "[Optimizer]\n"
                                 "type = adam\n"
                                 "[in]\n"
                                 "type = input\n"
                                 "input_shape = 1:1:2\n"
                                 "[norm]\n"
                                 "type = batch_normalization\n"
                                 "[out]\n"
                                 "type = fully_connected\n"
                                 "unit = 3\n"
                                 "activation = softmax\n";

static void read_tensors(const mote_tensor_file *file)
{
    mote_file_tensor tensor;
    mote_tensor_summary summary;
    const char *key = NULL;
    const char *value = NULL;
    for (size_t i = 0; i < mote_tensor_file_tensor_count(file); i++) {
        fuzz_expect(mote_tensor_file_get_tensor(file, i, &tensor));
        fuzz_expect(mote_tensor_file_summarize(file, i, &summary));
    }
    for (size_t i = 0; i < mote_tensor_file_metadata_count(file); i++)
        fuzz_expect(mote_tensor_file_get_metadata(file, i, &key, &value));
}

static void load(const char *path)
{
    mote_model *model = NULL;
    const mote_compile_config config = {.modes = MOTE_MODE_TRAIN, .weights = path};
    mote_status status =
        mote_model_load(fuzz_context(), fuzz_text_file(FUZZ_MODEL, model_text), NULL, 0, &model);
    if (status == MOTE_OK)
        status = mote_model_compile(model, &config);
    if (status == MOTE_OK)
        status = mote_model_allocate(model);
    fuzz_expect(status);
    mote_model_destroy(&model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mote_tensor_file *file = NULL;
    const char *const path = fuzz_file(FUZZ_DATA, data, size);
    const mote_status status = mote_tensor_file_open(fuzz_context(), path, &file);
    fuzz_expect(status);
    if (status == MOTE_OK)
        read_tensors(file);
    mote_tensor_file_close(&file);
    load(path);
    return 0;
}
