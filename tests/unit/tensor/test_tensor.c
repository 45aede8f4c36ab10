// SPDX-License-Identifier: Apache-2.0
// Element types, shapes, sizes of tensors.
#include "tensor/tensor.h"

#include "support/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void bytes_follow_from_the_dtype(void **unused)
{
    (void)unused;
    static const size_t expected[] = {
        [MOTE_DTYPE_F32] = 40, [MOTE_DTYPE_F64] = 80, [MOTE_DTYPE_I32] = 40, [MOTE_DTYPE_U8] = 10};
    for (unsigned i = 0; i < MOTE_DTYPE_COUNT; i++) {
        size_t bytes = 0;
        expect_ok(mote_dtype_bytes((mote_dtype)i, 10, &bytes));
        assert_int_equal(bytes, expected[i]);
    }
}

static void bytes_that_overflow_are_refused(void **unused)
{
    (void)unused;
    size_t bytes = 5;
    expect_raises(mote_dtype_bytes(MOTE_DTYPE_F32, SIZE_MAX / 2, &bytes), MOTE_ERROR_SHAPE,
                  "bytes of a tensor: 9223372036854775807 x 4 is more than 18446744073709551615");
    assert_int_equal(bytes, 5);
}

static void the_shape_of_an_image_has_three_dimensions(void **unused)
{
    (void)unused;
    const mote_shape image = mote_shape_image(1, 28, 30);
    const mote_shape expected = {.rank = 3, .dims = {1, 28, 30}};
    assert_true(mote_shape_equal(&image, &expected));
    assert_int_equal(mote_shape_elements(&image), 840);
}

static void shapes_of_other_rank_or_dimensions_differ(void **unused)
{
    (void)unused;
    const mote_shape a = mote_shape_image(1, 28, 30);
    const mote_shape b = mote_shape_image(1, 30, 28);
    const mote_shape c = {.rank = 2, .dims = {1, 28}};
    assert_false(mote_shape_equal(&a, &b));
    assert_false(mote_shape_equal(&a, &c));
}

static void a_shape_of_no_dimensions_is_one_element(void **unused)
{
    (void)unused;
    const mote_shape scalar = {.rank = 0};
    char text[MOTE_SHAPE_TEXT_BYTES];
    assert_int_equal(mote_shape_elements(&scalar), 1);
    expect_ok(mote_shape_check(&scalar, "loss"));
    assert_string_equal(mote_shape_text(&scalar, text, sizeof text), "");
}

static void a_dimension_of_0_is_refused(void **unused)
{
    (void)unused;
    const mote_shape shape = mote_shape_image(3, 0, 5);
    expect_raises(mote_shape_check(&shape, "layer 'pool'"), MOTE_ERROR_SHAPE,
                  "layer 'pool': shape 3:0:5 has a dimension of 0");
}

static void a_shape_whose_elements_overflow_is_refused(void **unused)
{
    (void)unused;
    const size_t large = (size_t)1 << 32;
    const mote_shape shape = mote_shape_image(2, large, large);
    expect_raises(mote_shape_check(&shape, "layer 'fc'"), MOTE_ERROR_SHAPE,
                  "layer 'fc': shape 2:4294967296:4294967296 has more than 18446744073709551615 "
                  "elements");
}

static void the_text_of_the_largest_shape_fits(void **unused)
{
    (void)unused;
    mote_shape shape = {.rank = MOTE_RANK_MAX};
    for (size_t i = 0; i < MOTE_RANK_MAX; i++)
        shape.dims[i] = SIZE_MAX;
    char text[MOTE_SHAPE_TEXT_BYTES];
    assert_int_equal(strlen(mote_shape_text(&shape, text, sizeof text)), sizeof text - 1);
}

static void text_of_a_shape_is_cut_at_the_end_of_the_buffer(void **unused)
{
    (void)unused;
    const mote_shape shape = mote_shape_image(3, 224, 224);
    char text[5];
    assert_string_equal(mote_shape_text(&shape, text, sizeof text), "3:22");
}

static void only_batched_tensors_grow_with_the_batch(void **unused)
{
    (void)unused;
    mote_tensor_spec spec = {
        .dtype = MOTE_DTYPE_F32,
        .batched = true,
        .shape = mote_shape_image(1, 2, 3),
    };
    size_t bytes = 0;
    expect_ok(mote_tensor_spec_bytes(&spec, 64, &bytes));
    assert_int_equal(bytes, 64 * 6 * 4);
    spec.batched = false;
    expect_ok(mote_tensor_spec_bytes(&spec, 64, &bytes));
    assert_int_equal(bytes, 6 * 4);
}

static void a_batch_too_large_for_memory_is_refused(void **unused)
{
    (void)unused;
    const mote_tensor_spec spec = {
        .dtype = MOTE_DTYPE_U8,
        .batched = true,
        .shape = mote_shape_image(1, 2, 2),
    };
    size_t bytes = 5;
    expect_raises(mote_tensor_spec_bytes(&spec, SIZE_MAX / 2, &bytes), MOTE_ERROR_SHAPE,
                  "elements of a tensor: 4 x 9223372036854775807 is more than "
                  "18446744073709551615");
    assert_int_equal(bytes, 5);
}

static void a_slice_lies_within_the_whole_or_is_all_there_is(void **unused)
{
    (void)unused;
    mote_real data[2 * 6 * 3];
    mote_tensor_spec spec = {.dtype = MOTE_DTYPE_REAL, .shape = mote_shape_image(2, 6, 3)};
    const mote_tensor tensor = {.data = data, .spec = &spec};
    const mote_slice slice = {.first = 4, .count = 2};
    size_t row_step = 0;
    assert_ptr_equal(mote_tensor_slice(&tensor, slice, &row_step), data + (size_t)4 * 3);
    assert_int_equal(row_step, 6 * 3);
    spec.shape.dims[1] = 2;
    assert_ptr_equal(mote_tensor_slice(&tensor, slice, &row_step), data);
    assert_int_equal(row_step, 2 * 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_follow_from_the_dtype),
        cmocka_unit_test(bytes_that_overflow_are_refused),
        cmocka_unit_test(the_shape_of_an_image_has_three_dimensions),
        cmocka_unit_test(shapes_of_other_rank_or_dimensions_differ),
        cmocka_unit_test(a_shape_of_no_dimensions_is_one_element),
        cmocka_unit_test(a_dimension_of_0_is_refused),
        cmocka_unit_test(a_shape_whose_elements_overflow_is_refused),
        cmocka_unit_test(the_text_of_the_largest_shape_fits),
        cmocka_unit_test(text_of_a_shape_is_cut_at_the_end_of_the_buffer),
        cmocka_unit_test(only_batched_tensors_grow_with_the_batch),
        cmocka_unit_test(a_batch_too_large_for_memory_is_refused),
        cmocka_unit_test(a_slice_lies_within_the_whole_or_is_all_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
