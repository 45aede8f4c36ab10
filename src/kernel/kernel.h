// SPDX-License-Identifier: Apache-2.0
// The table of kernels: the only arithmetic in mote. Functions on raw pointers; no allocation, no state.
// The result of each is the same, bit for bit, at every CPU level and for every number of threads, for finite
// values.
//
// Order of a plain sum, (c) below: 16 lanes start at +0; term i is added to lane i % 16, terms ascending (a
// product by fused multiply-add into the lane). Then lane[i] += lane[i + 8] for i < 8, lane[i] += lane[i + 4]
// for i < 4, lane[i] += lane[i + 2] for i < 2, and lane[0] + lane[1] is the sum. The sum of nothing is +0.
#ifndef MOTE_KERNEL_KERNEL_H
#define MOTE_KERNEL_KERNEL_H

#include "base/cpu.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/real.h"
#include "kernel/product.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// y = fma(a, scale_a, fma(b, scale_b, shift)).
typedef struct mote_blend {
    mote_real scale_a, scale_b, shift;
} mote_blend;

/// (a - b between -delta and delta) * scale.
typedef struct mote_huber {
    mote_real delta, scale;
} mote_huber;

/// n = (x[i] - mean) * scale is the normalized element; one rounding each. `scale` is 1 / deviation.
typedef struct mote_normalization {
    mote_real mean, scale;
    const mote_real *weight;
    const mote_real *bias; // or NULL
} mote_normalization;

/// Element i is kept and scaled where word first + i of the key is at least threshold.
typedef struct mote_dropout {
    mote_random_key key;
    uint64_t first;
    uint32_t threshold; // share to drop times 2^32
    mote_real scale;
} mote_dropout;

/// Sliding window over one plane. Padding cells never win a maximum and do not count in an average. The index
/// of a maximum is its place in the window (kernel row * kernel_width + kernel column): one byte an output
/// where the window has at most 256 cells, otherwise four (uint32_t). Ties: the first in that order. Every
/// window has at least one cell in the plane.
///
/// An average adds its cells, row by row, to +0 and divides by their number. Derivatives write all of dx: it is
/// cleared, then outputs ascending add their value, or value / number of cells, to their cells.
typedef struct mote_window {
    size_t height, width;
    size_t kernel_height, kernel_width;
    size_t stride_height, stride_width;
    size_t pad_top, pad_left;
    size_t out_height, out_width;
} mote_window;

/// A convolution with one filter a channel. Weights are [channels][kernel height][kernel width]; padding is zeros.
/// Orders of sums are those of the matrix products of one channel (kernel/product.h): outputs, and the gathered
/// derivative, by taps ascending, padding and gaps between strides counted, in blocks of MOTE_PRODUCT_BLOCK; the
/// bias last. Gradients by positions ascending, in such blocks inside groups of mote_batch_group(output plane)
/// samples.
typedef struct mote_depthwise {
    mote_window window; // of one plane
    size_t dilation_height, dilation_width;
    size_t samples, channels;
    bool goes_on; // gradients: from those of the groups before
} mote_depthwise;

typedef enum mote_depthwise_part {
    MOTE_DEPTHWISE_FORWARD,
    MOTE_DEPTHWISE_DERIVATIVE,
    MOTE_DEPTHWISE_GRADIENT,
} mote_depthwise_part;

/// Sums (c) of columns: y[c] is that of x[r * row_step + c * inner + i], in the order of r, then of i.
typedef struct mote_column_sum {
    size_t rows, columns, inner, row_step;
} mote_column_sum;

/// `count` planes of `elements` each, `step` apart. With wide registers sums of several are faster than one after the other.
typedef struct mote_planes {
    size_t count, elements, step;
    size_t second_step; // of a second array; 0: as of the first
} mote_planes;

/// Copies a box: y[i * y_steps[0] + j * y_steps[1] + k * y_steps[2]] = x[the same with x_steps] for i, j, k below
/// their counts. Steps are in elements.
typedef struct mote_box {
    size_t counts[3], x_steps[3], y_steps[3];
} mote_box;

/// g = gradient + weight_decay * w; with momentum: v = momentum * v + g (v = g when first), w -= rate * v,
/// otherwise w -= rate * g. As torch.optim.SGD (dampening 0). Without momentum velocity is NULL.
/// Rounding: each product with its sum is one fma: g = fma(weight_decay, w, gradient), v = fma(momentum, v, g),
/// w = fma(-rate, v, w). With nesterov and momentum w = fma(-rate, fma(momentum, v, g), w) instead, as
/// torch.optim.SGD(nesterov=True).
typedef struct mote_sgd {
    mote_real rate, momentum, weight_decay;
    bool first, nesterov;
} mote_sgd;

/// Kingma and Ba, arXiv 1412.6980, with bias correction as torch.optim.Adam: g = fma(weight_decay, w, gradient);
/// m = fma(1 - beta1, g - m, m); v = fma((1 - beta2) * g, g, beta2 * v);
/// w = fma(-step, m / (sqrt(v) / root_correction2 + epsilon), fma(-shrink, w, w)), step = rate / correction1,
/// correction1 = 1 - beta1^t, root_correction2 = sqrt(1 - beta2^t). `shrink` is the share that the weight loses:
/// 0 for Adam; rate * decay, with weight_decay 0, is torch.optim.AdamW (arXiv 1711.05101).
typedef struct mote_adam {
    mote_real step, beta1, beta2, epsilon, weight_decay, root_correction2, shrink;
} mote_adam;

/// As torch.optim.RMSprop, not centered: g = fma(weight_decay, w, gradient); s = fma((1 - alpha) * g, g, alpha * s);
/// q = g / (sqrt(s) + epsilon); with velocity v = fma(momentum, v, q), w = fma(-rate, v, w), otherwise
/// w = fma(-rate, q, w).
typedef struct mote_rmsprop {
    mote_real rate, alpha, epsilon, momentum, weight_decay;
} mote_rmsprop;

/// One step of a row of LSTM cells (see layer/lstm.c). `gates` and `recurrent` hold a row of each of the gates i, f, g,
/// o. Each gate is sigmoid, g tanh, of their sum, and is stored in `gates`; cell = fma(f, previous, i * g); hidden =
/// o * tanh(cell). `cell` may be `previous`.
typedef struct mote_lstm {
    const mote_real *recurrent;
    const mote_real *previous; // cells before the step
    mote_real *gates, *cell, *hidden;
} mote_lstm;

/// Back through such a step. `gates` are what it made of them, and become the derivatives by their sums;
/// cell_derivative is that of the cells after the step and becomes that of `previous`. The derivative by `hidden` is
/// dy + flow.
typedef struct mote_lstm_derivative {
    const mote_real *dy, *flow;
    const mote_real *previous, *cell;
    mote_real *cell_derivative, *gates;
} mote_lstm_derivative;

// Functions of one number x, by kernel: leaky_relu: x, below 0 slope * x. relu6: x between 0 and 6. elu: x, below
// 0 alpha * (exp(x) - 1). selu: 1.0507... * elu of alpha 1.6732... . softplus: log(1 + exp(x)). hard_sigmoid:
// x / 6 + 1/2 between 0 and 1. swish: x * sigmoid(x). gelu: x * (1 + erf(x / sqrt(2))) / 2. tanh_gelu:
// x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2. mish: x * tanh(softplus(x)). hard_swish:
// x * hard_sigmoid(x). slope and alpha are not below 0.
typedef struct mote_kernels {
#define KERNEL(name, parameters) void(*name) parameters;
#include "kernel/kernels.def"
#undef KERNEL
} mote_kernels;

/// Highest level that this build contains.
mote_cpu_level mote_kernels_highest_level(void);

/// The table of a level; raises MOTE_ERROR_UNSUPPORTED when the build lacks it.
mote_status mote_kernels_get(mote_cpu_level level, const mote_kernels **kernels) MOTE_MUST_CHECK;

/// Bytes of one element of a maximum's index for a window of `cells` cells: 1 or 4.
size_t mote_window_index_bytes(size_t cells);

/// Whether the depth-wise kernels take the shape, for all parts: whether it has at most MOTE_PRODUCT_BLOCK taps and
/// 256 KiB of scratch hold what it reaches.
/// Samples and channels do not matter.
bool mote_depthwise_fits(const mote_depthwise *shape);

/// Whether outputs may be written over the image, and its derivatives over theirs: both are as large, and whole planes
/// fit in the scratch. The shape must fit; samples and channels do not matter.
bool mote_depthwise_overwrites(const mote_depthwise *shape);

/// Scratch of a part on up to `thread_count` threads, whatever the CPU level: at most 256 KiB a thread. Monotonic in
/// samples. The shape must fit.
size_t mote_depthwise_scratch_bytes(const mote_depthwise *shape, mote_depthwise_part part,
                                    size_t thread_count);

typedef void mote_unary_kernel(size_t count, const mote_real *x, mote_real *y);
typedef void mote_binary_kernel(size_t count, const mote_real *a, const mote_real *b, mote_real *y);

/// Element-wise kernels split over threads where there is enough work.
void mote_kernel_run_unary(const mote_parallel *parallel, mote_unary_kernel *kernel, size_t count,
                           const mote_real *x, mote_real *y);
void mote_kernel_run_binary(const mote_parallel *parallel, mote_binary_kernel *kernel, size_t count,
                            const mote_real *a, const mote_real *b, mote_real *y);

/// Samples in a group of a sum over the batch, when a sample has `terms` terms: the smallest number with at
/// least 64 terms.
size_t mote_batch_group(size_t terms);

/// What a slice of the batch has a multiple of, where such sums may go on inside the first group, whose sum is all that is
/// summed by then: one sample of a batch that is no larger, otherwise a group.
size_t mote_batch_sample_group(size_t batch, size_t terms);

/// Samples of a sum over the batch: some, whose sum goes on from that of those before them. These are whole groups, or some
/// of the first.
typedef struct mote_batch_samples {
    size_t first, count, group;
    mote_real before; // sum of the samples in front of the first
} mote_batch_samples;

/// Sum over the batch of one number a sample: `value(argument, sample)`, counted from the first of `samples`, in groups, group
/// sums added ascending; inside a group ascending; the first of each is stored, not added to zero.
mote_real mote_batch_sum(const mote_batch_samples *samples,
                         mote_real (*value)(void *argument, size_t sample), void *argument);

#endif
