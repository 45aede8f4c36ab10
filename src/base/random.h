// SPDX-License-Identifier: Apache-2.0
// Counter-based random numbers: a value depends on its key and its index alone, so that any part of
// a tensor can be made again, in any order, by any thread.
//
// Philox4x32-10, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#ifndef MOTE_BASE_RANDOM_H
#define MOTE_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/// What a stream of random numbers is for. All streams of different keys are independent.
typedef struct mote_random_key {
    uint64_t seed;      // of the run
    uint64_t name;      // mote_hash_name of the node, weight or purpose
    uint64_t iteration; // training step; 0 for initial weights
    uint32_t time;      // unrolled time step; 0 where there is none
} mote_random_key;

/// Four words at `block`; word i of the stream is word i % 4 of block i / 4.
void mote_random_block(const mote_random_key *key, uint64_t block, uint32_t words[4]);

/// Word `index` of the stream.
uint32_t mote_random_word(const mote_random_key *key, uint64_t index);

/// Uniform in (0, 1): (word + 0.5) / 2^32.
double mote_random_uniform(const mote_random_key *key, uint64_t index);

/// Standard normal, by the inverse of the distribution function at mote_random_uniform
/// (Wichura, algorithm AS 241, Applied Statistics 37, 1988).
double mote_random_normal(const mote_random_key *key, uint64_t index);

/// Place `index` of a keyed permutation of 0 .. count-1, in constant memory (a Feistel network over
/// the next power of four, walked until the value is below count). count >= 1, index < count.
uint64_t mote_random_permute(const mote_random_key *key, uint64_t count, uint64_t index);

#endif
