// SPDX-License-Identifier: Apache-2.0
// What a tensor is: element type, shape, and at run time a pointer. No arithmetic here.
#ifndef MOTE_TENSOR_TENSOR_H
#define MOTE_TENSOR_TENSOR_H

#include "base/real.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOTE_RANK_MAX 6U

/// Name, text as in safetensors, elements a block, bytes a block.
#define MOTE_DTYPE_MAP(X) \
    X(F32, "F32", 1, 4)   \
    X(F64, "F64", 1, 8)   \
    X(I32, "I32", 1, 4)   \
    X(U8, "U8", 1, 1)

typedef enum mote_dtype {
#define MOTE_DTYPE_ENUM(name, text, elements, bytes) MOTE_DTYPE_##name,
    MOTE_DTYPE_MAP(MOTE_DTYPE_ENUM)
#undef MOTE_DTYPE_ENUM
    MOTE_DTYPE_COUNT
} mote_dtype;

/// Dimensions, slowest first. Of values it is the shape of one sample, e.g. channels, height,
/// width.
typedef struct mote_shape {
    uint32_t rank;
    size_t dims[MOTE_RANK_MAX];
} mote_shape;

/// Indices [first, first + count) of a dimension.
typedef struct mote_slice {
    size_t first, count;
} mote_slice;

/// All of dimension 1, in slices, ascending; count 0: it is not cut.
typedef struct mote_slices {
    const mote_slice *items;
    size_t count;
} mote_slices;

/// What has to be known to reserve memory. `batched` tensors hold one `shape` a sample.
typedef struct mote_tensor_spec {
    mote_dtype dtype;
    bool batched;
    mote_shape shape;
} mote_tensor_spec;

/// A tensor at run time. `data` is NULL when the step has no use for it; `spec` is borrowed, and NULL
/// where the step has no such tensor at all.
typedef struct mote_tensor {
    void *data;
    const mote_tensor_spec *spec;
} mote_tensor;

/// "F32", ...
const char *mote_dtype_text(mote_dtype dtype);

/// Bytes of `count` elements, checked.
mote_status mote_dtype_bytes(mote_dtype dtype, size_t count, size_t *bytes) MOTE_MUST_CHECK;

/// A sample of channels x height x width.
mote_shape mote_shape_image(size_t channels, size_t height, size_t width);

bool mote_shape_equal(const mote_shape *a, const mote_shape *b);

/// Product of the dimensions; shapes are checked by mote_shape_check when they are made, so this
/// fits.
size_t mote_shape_elements(const mote_shape *shape);

/// Bytes of a slice of dimension 1 of a tensor with this shape that has `bytes`; count 0: of all.
size_t mote_shape_slice_bytes(const mote_shape *shape, size_t bytes, mote_slice slice);

/// The elements that slice `slice` of dimension 1 begins with, of a tensor that is whole or has no more than the slice.
/// `row_step` gets how far the slice's rows, one for each index of dimension 0, lie apart.
mote_real *mote_tensor_slice(const mote_tensor *tensor, mote_slice slice, size_t *row_step);

/// Raises MOTE_ERROR_SHAPE naming `what` when a dimension is 0 or the element count overflows.
mote_status mote_shape_check(const mote_shape *shape, const char *what) MOTE_MUST_CHECK;

/// Enough for the text of any shape.
#define MOTE_SHAPE_TEXT_BYTES (21U * MOTE_RANK_MAX)

/// Writes "C:H:W" into `text` and returns it.
const char *mote_shape_text(const mote_shape *shape, char *text, size_t bytes);

/// Bytes of a tensor with `batch` samples (batch counts once when not batched), checked.
mote_status mote_tensor_spec_bytes(const mote_tensor_spec *spec, size_t batch,
                                   size_t *bytes) MOTE_MUST_CHECK;

#endif
