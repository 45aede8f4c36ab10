// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10 inline, for loops that make many words of one key: derive the stream once, then ask
// for blocks. mote_random_block is the same in one call.
#ifndef MOTE_BASE_PHILOX_H
#define MOTE_BASE_PHILOX_H

#include "base/random.h"

#include <stdint.h>

/// A mote_random_key as the generator wants it: its key, and the upper half of its counter.
typedef struct mote_philox {
    uint32_t key[2];
    uint32_t counter_high[2];
} mote_philox;

/// The generator itself: `words` holds the counter before and the random words afterwards.
static inline void mote_philox_rounds(uint32_t key_0, uint32_t key_1, uint32_t words[4])
{
    for (int round = 0; round < 10; round++) {
        const uint64_t product_0 = (uint64_t)0xD2511F53U * words[0];
        const uint64_t product_1 = (uint64_t)0xCD9E8D57U * words[2];
        words[0] = (uint32_t)(product_1 >> 32U) ^ words[1] ^ key_0;
        words[2] = (uint32_t)(product_0 >> 32U) ^ words[3] ^ key_1;
        words[1] = (uint32_t)product_1;
        words[3] = (uint32_t)product_0;
        key_0 += 0x9E3779B9U;
        key_1 += 0xBB67AE85U;
    }
}

/// The finalizer of splitmix64 (Steele, Lea, Flood, OOPSLA 2014): neighbouring seeds become
/// unrelated.
static inline uint64_t mote_philox_mix(uint64_t seed)
{
    seed = (seed ^ (seed >> 30U)) * 0xBF58476D1CE4E5B9U;
    seed = (seed ^ (seed >> 27U)) * 0x94D049BB133111EBU;
    return seed ^ (seed >> 31U);
}

static inline mote_philox mote_philox_make(const mote_random_key *key)
{
    const uint64_t mixed = mote_philox_mix(key->seed) ^ key->name;
    const uint32_t iteration_high = (uint32_t)(key->iteration >> 32U) & 0xFFFFU;
    return (mote_philox){
        .key = {(uint32_t)mixed, (uint32_t)(mixed >> 32U)},
        .counter_high = {(uint32_t)key->iteration, (iteration_high << 16U) ^ key->time},
    };
}

/// Words 4 * block to 4 * block + 3 of the stream.
static inline void mote_philox_block(const mote_philox *philox, uint64_t block, uint32_t words[4])
{
    words[0] = (uint32_t)block;
    words[1] = (uint32_t)(block >> 32U);
    words[2] = philox->counter_high[0];
    words[3] = philox->counter_high[1];
    mote_philox_rounds(philox->key[0], philox->key[1], words);
}

#endif
