// SPDX-License-Identifier: Apache-2.0
// Sizes and texts of element types, shapes and tensors.
#include "tensor/tensor.h"

#include "base/size.h"

#include <assert.h>
#include <stdio.h>

typedef struct dtype_facts {
    const char *text;
    size_t block_elements, block_bytes;
} dtype_facts;

static const dtype_facts dtypes[] = {
#define DTYPE_FACTS(name, text, elements, bytes) [MOTE_DTYPE_##name] = {text, elements, bytes},
    MOTE_DTYPE_MAP(DTYPE_FACTS)
#undef DTYPE_FACTS
};

const char *mote_dtype_text(mote_dtype dtype)
{
    assert((unsigned)dtype < MOTE_DTYPE_COUNT);
    return dtypes[dtype].text;
}

mote_status mote_dtype_bytes(mote_dtype dtype, size_t count, size_t *bytes)
{
    assert((unsigned)dtype < MOTE_DTYPE_COUNT);
    const dtype_facts *const facts = &dtypes[dtype];
    return mote_size_multiply(mote_size_ceil_divide(count, facts->block_elements),
                              facts->block_bytes, "bytes of a tensor", bytes);
}

mote_shape mote_shape_image(size_t channels, size_t height, size_t width)
{
    return (mote_shape){.rank = 3, .dims = {channels, height, width}};
}

bool mote_shape_equal(const mote_shape *a, const mote_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (uint32_t i = 0; i < a->rank; i++) {
        if (a->dims[i] != b->dims[i])
            return false;
    }
    return true;
}

size_t mote_shape_elements(const mote_shape *shape)
{
    size_t elements = 1;
    for (uint32_t i = 0; i < shape->rank; i++)
        elements *= shape->dims[i];
    return elements;
}

size_t mote_shape_slice_bytes(const mote_shape *shape, size_t bytes, mote_slice slice)
{
    if (slice.count == 0)
        return bytes;
    assert(shape->rank > 1 && slice.first + slice.count <= shape->dims[1]);
    return bytes / shape->dims[1] * slice.count;
}

mote_real *mote_tensor_slice(const mote_tensor *tensor, mote_slice slice, size_t *row_step)
{
    const mote_shape *shape = &tensor->spec->shape;
    const size_t extent = shape->dims[1];
    *row_step = mote_shape_elements(shape) / shape->dims[0];
    return (mote_real *)tensor->data +
           (extent > slice.count ? slice.first : 0) * (*row_step / extent);
}

mote_status mote_shape_check(const mote_shape *shape, const char *what)
{
    assert(shape->rank <= MOTE_RANK_MAX);
    char text[MOTE_SHAPE_TEXT_BYTES];
    size_t elements = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        if (shape->dims[i] == 0)
            return MOTE_RAISE(MOTE_ERROR_SHAPE, "%s: shape %s has a dimension of 0", what,
                              mote_shape_text(shape, text, sizeof text));
        if (elements > SIZE_MAX / shape->dims[i])
            return MOTE_RAISE(MOTE_ERROR_SHAPE, "%s: shape %s has more than %zu elements", what,
                              mote_shape_text(shape, text, sizeof text), SIZE_MAX);
        elements *= shape->dims[i];
    }
    return MOTE_OK;
}

const char *mote_shape_text(const mote_shape *shape, char *text, size_t bytes)
{
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < shape->rank && length < bytes; i++)
        length += (size_t)snprintf(text + length, bytes - length, "%s%zu", i > 0 ? ":" : "",
                                   shape->dims[i]);
    return text;
}

mote_status mote_tensor_spec_bytes(const mote_tensor_spec *spec, size_t batch, size_t *bytes)
{
    size_t elements = mote_shape_elements(&spec->shape);
    if (spec->batched)
        MOTE_TRY(mote_size_multiply(elements, batch, "elements of a tensor", &elements));
    return mote_dtype_bytes(spec->dtype, elements, bytes);
}
