// SPDX-License-Identifier: Apache-2.0
// Updates of weights: one pass over weight, gradient and state.
#include "kernel/portable/level.h"

static void update_plain(const mote_sgd *sgd, size_t count, mote_real *weight,
                         const mote_real *gradient)
{
    const mote_real rate = sgd->rate;
    const mote_real weight_decay = sgd->weight_decay;
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
        const mote_real g = MOTE_FMA(weight_decay, weight[i], gradient[i]);
        weight[i] = MOTE_FMA(-rate, g, weight[i]);
    }
}

static void update_first(const mote_sgd *sgd, size_t count, mote_real *weight,
                         const mote_real *gradient, mote_real *velocity)
{
    const mote_real rate = sgd->rate;
    const mote_real weight_decay = sgd->weight_decay;
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
        velocity[i] = MOTE_FMA(weight_decay, weight[i], gradient[i]);
        weight[i] = MOTE_FMA(-rate, velocity[i], weight[i]);
    }
}

static void update_moving(const mote_sgd *sgd, size_t count, mote_real *weight,
                          const mote_real *gradient, mote_real *velocity)
{
    const mote_real rate = sgd->rate;
    const mote_real momentum = sgd->momentum;
    const mote_real weight_decay = sgd->weight_decay;
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
        const mote_real g = MOTE_FMA(weight_decay, weight[i], gradient[i]);
        velocity[i] = MOTE_FMA(momentum, velocity[i], g);
        weight[i] = MOTE_FMA(-rate, velocity[i], weight[i]);
    }
}

void MOTE_KERNEL(sgd)(const mote_sgd *sgd, size_t count, mote_real *weight,
                      const mote_real *gradient, mote_real *velocity)
{
    if (!velocity)
        update_plain(sgd, count, weight, gradient);
    else if (sgd->first)
        update_first(sgd, count, weight, gradient, velocity);
    else
        update_moving(sgd, count, weight, gradient, velocity);
}

void MOTE_KERNEL(adam)(const mote_adam *adam, size_t count, mote_real *weight,
                       const mote_real *gradient, mote_real *const moments[2])
{
    const mote_adam a = *adam;
    const mote_real rest1 = 1 - a.beta1;
    const mote_real rest2 = 1 - a.beta2;
    mote_real *const m = moments[0];
    mote_real *const v = moments[1];
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
        const mote_real g = MOTE_FMA(a.weight_decay, weight[i], gradient[i]);
        m[i] = MOTE_FMA(rest1, g - m[i], m[i]);
        v[i] = MOTE_FMA(rest2 * g, g, a.beta2 * v[i]);
        const mote_real root = MOTE_SQRT(v[i]) / a.root_correction2 + a.epsilon;
        weight[i] = MOTE_FMA(-a.step, m[i] / root, weight[i]);
    }
}
