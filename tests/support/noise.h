// SPDX-License-Identifier: Apache-2.0
// A tiny data set: grey noise in IDX files, with labels 0, 1, 2, 0, ...
#ifndef MOTE_TESTS_SUPPORT_NOISE_H
#define MOTE_TESTS_SUPPORT_NOISE_H

#include "base/random.h"
#include "support/files.h"

#include <stddef.h>

#define NOISE_COUNT   10U
#define NOISE_SIZE    4U
#define NOISE_CLASSES 3U

/// Writes `images` and `labels` into the test's folder.
static inline void test_noise_write(void **state)
{
    unsigned char images[16 + NOISE_COUNT * NOISE_SIZE * NOISE_SIZE] = {
        0, 0, 8, 3, 0, 0, 0, NOISE_COUNT, 0, 0, 0, NOISE_SIZE, 0, 0, 0, NOISE_SIZE};
    unsigned char labels[8 + NOISE_COUNT] = {0, 0, 8, 1, 0, 0, 0, NOISE_COUNT};
    const mote_random_key key = {.seed = 11};
    for (size_t i = 16; i < sizeof images; i++)
        images[i] = (unsigned char)mote_random_word(&key, i);
    for (size_t i = 0; i < NOISE_COUNT; i++)
        labels[8 + i] = (unsigned char)(i % NOISE_CLASSES);
    (void)mote_test_write(state, "images", images, sizeof images);
    (void)mote_test_write(state, "labels", labels, sizeof labels);
}

/// Group setup: a folder with the two files.
static inline int test_noise_setup(void **state)
{
    const int result = mote_test_folder_setup(state);
    test_noise_write(state);
    return result;
}

#endif
