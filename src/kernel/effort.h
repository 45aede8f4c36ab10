// SPDX-License-Identifier: Apache-2.0
// What kernels are asked to do, by classes that differ in speed: what a prediction of time is made of. No result depends on it.
#ifndef MOTE_KERNEL_EFFORT_H
#define MOTE_KERNEL_EFFORT_H

#include "kernel/kernel.h"

/// Classes, the key of their rate, and what is counted.
#define MOTE_EFFORT_MAP(X)                                                                      \
    X(MULTIPLY, "product_multiply_adds", "multiply-adds of matrix products")                    \
    X(PANEL, "product_elements", "elements of their factors and results")                       \
    X(CONVOLVE, "convolution_multiply_adds", "multiply-adds of convolutions")                   \
    X(PATCH, "convolution_elements", "elements of weights, results, and images by each tap")    \
    X(DEPTHWISE, "depthwise_multiply_adds", "multiply-adds of depth-wise convolutions")         \
    X(WINDOW, "pooled_cells", "cells of the windows of pooling")                                \
    X(NORMALIZE, "normalized_elements", "elements that are normalized by statistics")           \
    X(FUNCTION, "function_values", "values of exp, tanh and their like, and of random numbers") \
    X(APPLY, "applied_elements", "elements of weights and of their state that an optimizer changes")

typedef enum mote_effort_class {
#define MOTE_EFFORT_ENUM(name, key, help) MOTE_EFFORT_##name,
    MOTE_EFFORT_MAP(MOTE_EFFORT_ENUM)
#undef MOTE_EFFORT_ENUM
    MOTE_EFFORT_COUNT
} mote_effort_class;

/// How much of each class. In real numbers: large networks overflow nothing.
typedef struct mote_effort {
    double amounts[MOTE_EFFORT_COUNT];
} mote_effort;

/// Adds `share` of `more`.
void mote_effort_add(mote_effort *effort, const mote_effort *more, double share);

/// Of one product: terms between the strides of a derivative are not multiplied.
mote_effort mote_product_effort(const mote_product *product);

#endif
