// SPDX-License-Identifier: Apache-2.0
// Shapes of fully connected layers and convolutions, and the products that these layers make of them.
#ifndef MOTE_BENCH_KERNELS_SHAPE_H
#define MOTE_BENCH_KERNELS_SHAPE_H

#include "kernel/kernel.h"

#include <stdbool.h>

/// Rows of a fully connected layer, or a convolution of square images with square kernels.
typedef struct bench_shape {
    size_t rows, columns, depth; // of the forward product; 0 for convolutions
    size_t samples, channels, filters, extent, kernel, stride, pad, groups;
} bench_shape;

/// What a layer does with a shape.
typedef enum bench_part {
    BENCH_FORWARD,
    BENCH_DERIVATIVE, // by the input
    BENCH_GRADIENT,   // of the weights
    BENCH_PART_COUNT
} bench_part;

/// "forward", "derivative", "gradient".
extern const char *const bench_part_names[BENCH_PART_COUNT];

/// What a part reads and writes; a derivative lies as what it is of.
typedef enum bench_array {
    BENCH_INPUT,
    BENCH_WEIGHT,
    BENCH_OUTPUT,
    BENCH_ARRAY_COUNT
} bench_array;

/// One product a group; the next group's factors and output lie so many elements further. With `is_depthwise` there
/// are kernels of their own, to which the products are another description of the same.
typedef struct bench_product {
    mote_product product;
    size_t groups;
    bool is_depthwise;
    mote_depthwise depthwise;
    bench_part part;
    size_t left_step, right_step, out_step;
    bench_array left, right, out;
} bench_product;

/// Of the output's height and width.
size_t bench_out_extent(const bench_shape *shape);

size_t bench_array_elements(const bench_shape *shape, bench_array array);

/// A part without data.
bench_product bench_describe(const bench_shape *shape, bench_part part);

/// Factors are two of the arrays.
void bench_bind(bench_product *product, mote_real *const arrays[BENCH_ARRAY_COUNT], mote_real *out);

size_t bench_scratch_bytes(const bench_product *product, size_t thread_count);

/// `parallel` is NULL for the caller's thread alone.
void bench_run(const mote_kernels *table, const bench_product *product,
               const mote_parallel *parallel, void *scratch);

/// Operations of a part, an addition and a multiplication each term of the forward sums: gaps between strides,
/// which derivatives meet, do not count.
double bench_flops(const bench_shape *shape);

#endif
