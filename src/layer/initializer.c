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

static void fill_constant(size_t count, mote_real value, mote_real *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = value;
}

/// Uniform between -limit and limit.
static void fill_uniform(const mote_random_key *key, size_t count, double limit, mote_real *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (mote_real)(limit * (2.0 * mote_random_uniform(key, i) - 1.0));
}

static void fill_normal(const mote_random_key *key, size_t count, double deviation,
                        mote_real *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (mote_real)(deviation * mote_random_normal(key, i));
}

void mote_initialize(const mote_weight_declaration *weight, const char *tensor_name, uint64_t seed,
                     mote_real *values)
{
    const mote_random_key key = {.seed = seed, .name = mote_hash_name(tensor_name)};
    const size_t count = mote_shape_elements(&weight->spec.shape);
    const double fan_in = (double)weight->fan_in;
    const double fan_sum = fan_in + (double)weight->fan_out;
    switch (weight->initializer) {
    case MOTE_INITIALIZER_ZEROS:
        fill_constant(count, 0, values);
        break;
    case MOTE_INITIALIZER_ONES:
        fill_constant(count, 1, values);
        break;
    case MOTE_INITIALIZER_XAVIER_UNIFORM:
        fill_uniform(&key, count, sqrt(6.0 / fan_sum), values);
        break;
    case MOTE_INITIALIZER_XAVIER_NORMAL:
        fill_normal(&key, count, sqrt(2.0 / fan_sum), values);
        break;
    case MOTE_INITIALIZER_HE_UNIFORM:
        fill_uniform(&key, count, sqrt(6.0 / fan_in), values);
        break;
    case MOTE_INITIALIZER_HE_NORMAL:
        fill_normal(&key, count, sqrt(2.0 / fan_in), values);
        break;
    case MOTE_INITIALIZER_LECUN_UNIFORM:
        fill_uniform(&key, count, sqrt(3.0 / fan_in), values);
        break;
    case MOTE_INITIALIZER_LECUN_NORMAL:
        fill_normal(&key, count, sqrt(1.0 / fan_in), values);
        break;
    }
}
