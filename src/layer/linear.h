// SPDX-License-Identifier: Apache-2.0
// y = x W^T over rows, W being [unit][width]: its products, without their data. The gradient is a sum
// over the batch, in which the rows of a sample are its terms.
#ifndef MOTE_LAYER_LINEAR_H
#define MOTE_LAYER_LINEAR_H

#include "layer/layer.h"

typedef struct mote_linear {
    size_t rows;  // of a sample
    size_t width; // of a row of x
    size_t unit;  // of a row of y
} mote_linear;

/// Multiply-adds of a sample in each of the products.
double mote_linear_work(const mote_linear *linear);

/// left x, right W, out y
mote_product mote_linear_forward(const mote_linear *linear, size_t batch);

/// left dy, right x, out the gradient of W
mote_product mote_linear_gradient(const mote_linear *linear, size_t batch);

/// left dy, right W, out dx
mote_product mote_linear_derivative(const mote_linear *linear, size_t batch);

#endif
