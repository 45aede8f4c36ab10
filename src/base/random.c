// SPDX-License-Identifier: Apache-2.0
// Words, uniform and normal numbers and permutations over the Philox generator.
#include "base/random.h"

#include "base/logarithm.h"
#include "base/philox.h"

#include <assert.h>
#include <math.h>

#define PERMUTE_ROUNDS 6U

void mote_random_block(const mote_random_key *key, uint64_t block, uint32_t words[4])
{
    const mote_philox philox = mote_philox_make(key);
    mote_philox_block(&philox, block, words);
}

uint32_t mote_random_word(const mote_random_key *key, uint64_t index)
{
    uint32_t words[4];
    mote_random_block(key, index / 4, words);
    return words[index % 4];
}

double mote_random_uniform(const mote_random_key *key, uint64_t index)
{
    return ((double)mote_random_word(key, index) + 0.5) * 0x1p-32;
}

/// The coefficients of AS 241, procedure PPND16: a quotient of two polynomials of degree 7 for the
/// middle of the distribution, one for its sides and one for its far tails; constant term first.
typedef struct quotient {
    double above[8], below[8];
} quotient;

static const quotient middle = {
    .above = {3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
              1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
              3.3430575583588128105e+4, 2.5090809287301226727e+3},
    .below = {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
              2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
              5.2264952788528545610e+3},
};

static const quotient side = {
    .above = {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
              3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
              2.27238449892691845833e-2, 7.74545014278341407640e-4},
    .below = {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
              1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
              1.05075007164441684324e-9},
};

static const quotient tail = {
    .above = {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
              2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
              2.71155556874348757815e-5, 2.01033439929228813265e-7},
    .below = {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
              7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
              2.04426310338993978564e-15},
};

static double evaluate(const quotient *q, double x)
{
    double above = q->above[7];
    double below = q->below[7];
    for (size_t i = 7; i > 0; i--) {
        above = above * x + q->above[i - 1];
        below = below * x + q->below[i - 1];
    }
    return above / below;
}

double mote_random_normal(const mote_random_key *key, uint64_t index)
{
    const double uniform = mote_random_uniform(key, index);
    const double centred = uniform - 0.5;
    if (fabs(centred) <= 0.425)
        return centred * evaluate(&middle, 0.180625 - centred * centred);
    const double share = centred < 0.0 ? uniform : 1.0 - uniform;
    const double depth = sqrt(-mote_logarithm(share));
    const double size = depth <= 5.0 ? evaluate(&side, depth - 1.6) : evaluate(&tail, depth - 5.0);
    return centred < 0.0 ? -size : size;
}

/// Bits of half an index: the smallest h with 4^h >= count.
static unsigned half_bits(uint64_t count)
{
    unsigned half = 0;
    while (half < 32 && ((count - 1) >> (2 * half)) != 0)
        half++;
    return half;
}

static uint64_t permute_power(const mote_philox *philox, unsigned half, uint64_t index)
{
    const uint32_t mask = (uint32_t)(((uint64_t)1 << half) - 1);
    uint32_t left = (uint32_t)(index >> half) & mask;
    uint32_t right = (uint32_t)index & mask;
    for (uint64_t round = 0; round < PERMUTE_ROUNDS; round++) {
        uint32_t words[4];
        mote_philox_block(philox, (round << 32U) | right, words);
        const uint32_t next = left ^ (words[0] & mask);
        left = right;
        right = next;
    }
    return ((uint64_t)left << half) | right;
}

uint64_t mote_random_permute(const mote_random_key *key, uint64_t count, uint64_t index)
{
    assert(index < count);
    const mote_philox philox = mote_philox_make(key);
    const unsigned half = half_bits(count);
    // a permutation of the power: its cycle through an index below count comes back below it
    do {
        index = permute_power(&philox, half, index);
    } while (index >= count);
    return index;
}
