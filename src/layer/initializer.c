// SPDX-License-Identifier: Apache-2.0
// Initial values of weights, each a function of the run's seed, the tensor's name and the element's index.
#include "layer/layer.h"

#include "base/hash.h"

#include <math.h>

const char *const mote_initializer_names[] = {
#define MOTE_INITIALIZER_NAME(name, text) text,
    MOTE_INITIALIZER_MAP(MOTE_INITIALIZER_NAME)
#undef MOTE_INITIALIZER_NAME
        NULL,
};

static void fill_constant(const mote_initial_part *part, mote_real value)
{
    for (size_t i = 0; i < part->count; i++)
        part->values[i] = value;
}

/// Uniform between -limit and limit.
static void fill_uniform(const mote_random_key *key, const mote_initial_part *part, double limit)
{
    for (size_t i = 0; i < part->count; i++)
        part->values[i] =
            (mote_real)(limit * (2.0 * mote_random_uniform(key, part->first + i) - 1.0));
}

static void fill_normal(const mote_random_key *key, const mote_initial_part *part, double deviation)
{
    for (size_t i = 0; i < part->count; i++)
        part->values[i] = (mote_real)(deviation * mote_random_normal(key, part->first + i));
}

void mote_initialize(const mote_weight_declaration *weight, const char *tensor_name, uint64_t seed,
                     const mote_initial_part *part)
{
    const mote_random_key key = {.seed = seed, .name = mote_hash_name(tensor_name)};
    const double fan_in = (double)weight->fan_in;
    const double fan_sum = fan_in + (double)weight->fan_out;
    switch (weight->initializer) {
    case MOTE_INITIALIZER_ZEROS:
        fill_constant(part, 0);
        break;
    case MOTE_INITIALIZER_ONES:
        fill_constant(part, 1);
        break;
    case MOTE_INITIALIZER_XAVIER_UNIFORM:
        fill_uniform(&key, part, sqrt(6.0 / fan_sum));
        break;
    case MOTE_INITIALIZER_XAVIER_NORMAL:
        fill_normal(&key, part, sqrt(2.0 / fan_sum));
        break;
    case MOTE_INITIALIZER_HE_UNIFORM:
        fill_uniform(&key, part, sqrt(6.0 / fan_in));
        break;
    case MOTE_INITIALIZER_HE_NORMAL:
        fill_normal(&key, part, sqrt(2.0 / fan_in));
        break;
    case MOTE_INITIALIZER_LECUN_UNIFORM:
        fill_uniform(&key, part, sqrt(3.0 / fan_in));
        break;
    case MOTE_INITIALIZER_LECUN_NORMAL:
        fill_normal(&key, part, sqrt(1.0 / fan_in));
        break;
    }
}
