// SPDX-License-Identifier: Apache-2.0
// Any bytes as changes to a good checkpoint, from which a training then goes on: three bytes are a place and what is written
// there, what is left over cuts the end. The header gets its right checksum again, so that more than that is looked at.
#include "fuzz.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SAMPLES = 5,
    FILE_BYTES = 16384,
    PATH_BYTES = 256,
    CHECKSUM_DIGITS = 16
};

static const char model_text[] = "[Model]\n"
                                 "loss = cross\n"
                                 "batch_size = 2\n"
                                 "epochs = 2\n"
                                 "checkpoint_keep = 1\n"
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

/// A folder, and the checkpoint of step 4 in it.
static char folder[PATH_BYTES];
static char checkpoint[PATH_BYTES + 32];
static unsigned char good[FILE_BYTES];
static size_t good_bytes;

static void remove_folder(void)
{
    (void)unlink(checkpoint);
    (void)rmdir(folder);
}

static int make_sample(void *user, uint64_t sample, size_t port, void *values, size_t count)
{
    (void)user;
    if (port == 1)
        *(int32_t *)values = (int32_t)(sample % 3);
    for (size_t i = 0; port == 0 && i < count; i++)
        ((float *)values)[i] = (float)(sample + i) / 7;
    return 0;
}

static mote_status train(const mote_train_config *config)
{
    char path[PATH_BYTES + 8];
    const mote_data_source source = {.sample_count = SAMPLES, .read = make_sample};
    const mote_setting setting = {"Model", "checkpoint_path", path};
    mote_model *model = NULL;
    mote_train_result result;
    (void)snprintf(path, sizeof path, "%s/c", folder);
    mote_status status = mote_model_load(fuzz_context(), fuzz_text_file(FUZZ_MODEL, model_text),
                                         &setting, 1, &model);
    if (status == MOTE_OK)
        status = mote_model_compile(model, NULL);
    if (status == MOTE_OK)
        status = mote_model_set_data(model, "train_set", &source);
    if (status == MOTE_OK)
        status = mote_model_train(model, config, &result);
    mote_model_destroy(&model);
    return status;
}

/// Trains for four steps of six.
static void make_good(void)
{
    const char *const chosen = getenv("TMPDIR");
    const mote_train_config config = {.steps = 4};
    (void)snprintf(folder, sizeof folder, "%s/mote-fuzz-XXXXXX", chosen ? chosen : "/tmp");
    if (!mkdtemp(folder))
        abort();
    (void)snprintf(checkpoint, sizeof checkpoint, "%s/c.000000000004", folder);
    (void)atexit(remove_folder);
    if (train(&config) != MOTE_OK)
        abort();
    FILE *const file = fopen(checkpoint, "rb");
    if (!file)
        abort();
    good_bytes = fread(good, 1, sizeof good, file);
    (void)fclose(file);
    if (good_bytes == 0 || good_bytes == sizeof good)
        abort();
}

/// CRC-64/XZ, bit by bit: not the library's own.
static uint64_t add_byte(uint64_t sum, unsigned char byte)
{
    sum ^= byte;
    for (unsigned bit = 0; bit < 8; bit++)
        sum = sum >> 1U ^ (sum & 1U ? UINT64_C(0xC96C5795D7870F42) : 0);
    return sum;
}

/// Behind the last key of that name in the first `end` bytes; 0 where there is none.
static size_t find_checksum(const unsigned char *bytes, size_t end)
{
    static const char key[] = "\"mote.header_checksum\":\"";
    for (size_t at = 8; at + sizeof key + CHECKSUM_DIGITS <= end; at++) {
        if (memcmp(bytes + at, key, sizeof key - 1) == 0)
            return at + sizeof key - 1;
    }
    return 0;
}

static void seal(unsigned char *bytes, size_t count)
{
    size_t end = 0;
    for (size_t i = 8; i > 0 && count >= 8; i--)
        end = end << 8U | bytes[i - 1];
    const size_t header = end <= count - 8 ? end + 8 : 0;
    const size_t place = count >= 8 && header ? find_checksum(bytes, header) : 0;
    uint64_t sum = ~UINT64_C(0);
    if (place == 0)
        return;
    for (size_t i = 8; i < header; i++)
        sum = add_byte(sum, i >= place && i < place + CHECKSUM_DIGITS ? '0' : bytes[i]);
    for (unsigned i = 0; i < CHECKSUM_DIGITS; i++)
        bytes[place + i] = (unsigned char)"0123456789abcdef"[~sum >> (60U - 4U * i) & 0xFU];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char bytes[FILE_BYTES];
    const mote_train_config config = {.resume = true, .no_save = true};
    if (good_bytes == 0)
        make_good();
    memcpy(bytes, good, good_bytes);
    size_t count = good_bytes;
    size_t at = 0;
    for (; at + 3 <= size; at += 3)
        bytes[(data[at] | (size_t)data[at + 1] << 8U) % good_bytes] = data[at + 2];
    for (; at < size; at++)
        count -= data[at] < count ? data[at] : 0;
    seal(bytes, count);
    FILE *const file = fopen(checkpoint, "wb");
    if (!file || fwrite(bytes, 1, count, file) != count || fclose(file) != 0)
        abort();
    fuzz_expect(train(&config));
    return 0;
}
