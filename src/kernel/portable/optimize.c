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

static void update_nesterov_first(const mote_sgd *sgd, size_t count, mote_real *weight,
                                  const mote_real *gradient, mote_real *velocity)
{
    const mote_real rate = sgd->rate;
    const mote_real momentum = sgd->momentum;
    const mote_real weight_decay = sgd->weight_decay;
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
        const mote_real g = MOTE_FMA(weight_decay, weight[i], gradient[i]);
        velocity[i] = g;
        weight[i] = MOTE_FMA(-rate, MOTE_FMA(momentum, g, g), weight[i]);
    }
}

static void update_nesterov(const mote_sgd *sgd, size_t count, mote_real *weight,
                            const mote_real *gradient, mote_real *velocity)
{
    const mote_real rate = sgd->rate;
    const mote_real momentum = sgd->momentum;
    const mote_real weight_decay = sgd->weight_decay;
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
        const mote_real g = MOTE_FMA(weight_decay, weight[i], gradient[i]);
        velocity[i] = MOTE_FMA(momentum, velocity[i], g);
        weight[i] = MOTE_FMA(-rate, MOTE_FMA(momentum, velocity[i], g), weight[i]);
    }
}

void MOTE_KERNEL(sgd)(const mote_sgd *sgd, size_t count, mote_real *weight,
                      const mote_real *gradient, mote_real *velocity)
{
    if (!velocity)
        update_plain(sgd, count, weight, gradient);
    else if (sgd->nesterov && sgd->first)
        update_nesterov_first(sgd, count, weight, gradient, velocity);
    else if (sgd->nesterov)
        update_nesterov(sgd, count, weight, gradient, velocity);
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
        const mote_real kept = MOTE_FMA(-a.shrink, weight[i], weight[i]);
        weight[i] = MOTE_FMA(-a.step, m[i] / root, kept);
    }
}

static void update_rmsprop_plain(const mote_rmsprop *rmsprop, size_t count, mote_real *weight,
                                 const mote_real *gradient, mote_real *square)
{
    const mote_rmsprop r = *rmsprop;
    const mote_real rest = 1 - r.alpha;
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
        const mote_real g = MOTE_FMA(r.weight_decay, weight[i], gradient[i]);
        square[i] = MOTE_FMA(rest * g, g, r.alpha * square[i]);
        const mote_real root = MOTE_SQRT(square[i]) + r.epsilon;
        weight[i] = MOTE_FMA(-r.rate, g / root, weight[i]);
    }
}

static void update_rmsprop_moving(const mote_rmsprop *rmsprop, size_t count, mote_real *weight,
                                  const mote_real *gradient, mote_real *const state[2])
{
    const mote_rmsprop r = *rmsprop;
    const mote_real rest = 1 - r.alpha;
    mote_real *const square = state[0];
    mote_real *const velocity = state[1];
    MOTE_ELEMENTWISE
    for (size_t i = 0; i < count; i++) {
        const mote_real g = MOTE_FMA(r.weight_decay, weight[i], gradient[i]);
        square[i] = MOTE_FMA(rest * g, g, r.alpha * square[i]);
        const mote_real root = MOTE_SQRT(square[i]) + r.epsilon;
        velocity[i] = MOTE_FMA(r.momentum, velocity[i], g / root);
        weight[i] = MOTE_FMA(-r.rate, velocity[i], weight[i]);
    }
}

void MOTE_KERNEL(rmsprop)(const mote_rmsprop *rmsprop, size_t count, mote_real *weight,
                          const mote_real *gradient, mote_real *const state[2])
{
    if (state[1])
        update_rmsprop_moving(rmsprop, count, weight, gradient, state);
    else
        update_rmsprop_plain(rmsprop, count, weight, gradient, state[0]);
}
