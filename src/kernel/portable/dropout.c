// SPDX-License-Identifier: Apache-2.0
// Dropout. The random words of many blocks are made side by side, so that the generator's rounds become
// vector code.
#include "kernel/portable/level.h"

#include "base/philox.h"

#define BLOCKS ((size_t)16) // a batch: 64 words

static void make_words(const mote_philox *philox, uint64_t block, uint32_t words[BLOCKS * 4])
{
    for (size_t i = 0; i < BLOCKS; i++)
        mote_philox_block(philox, block + i, words + 4 * i);
}

void MOTE_KERNEL(dropout)(const mote_dropout *dropout, size_t count, const mote_real *x,
                          mote_real *y)
{
    const mote_philox philox = mote_philox_make(&dropout->key);
    const uint32_t threshold = dropout->threshold;
    const mote_real scale = dropout->scale;
    uint64_t block = dropout->first / 4;
    size_t skipped = dropout->first % 4; // words of the first batch that belong to elements before
    for (size_t at = 0; at < count; block += BLOCKS) {
        uint32_t words[BLOCKS * 4];
        make_words(&philox, block, words);
        const size_t left = count - at;
        const size_t part = left < BLOCKS * 4 - skipped ? left : BLOCKS * 4 - skipped;
        MOTE_ELEMENTWISE
        for (size_t i = 0; i < part; i++)
            y[at + i] = words[skipped + i] >= threshold ? x[at + i] * scale : 0;
        at += part;
        skipped = 0;
    }
}
