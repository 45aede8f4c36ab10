// SPDX-License-Identifier: Apache-2.0
// Reshape: another shape of the same bytes.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static layer_config make_config(const char *target_shape)
{
    return (layer_config){.layer = "reshape",
                          .entries = {target_shape},
                          .input_count = 1,
                          .inputs = {{2, 3, 4}},
                          .batch = 2};
}

static void expect_shape(const char *entry, size_t channels, size_t height, size_t width)
{
    const layer_config config = make_config(entry);
    const mote_shape expected = mote_shape_image(channels, height, width);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_true(harness.declaration.view);
    assert_true(harness.declaration.derivative_view);
    assert_true(mote_shape_equal(&harness.declaration.outputs[0].shape, &expected));
    layer_harness_release(&harness);
}

static void the_target_is_a_width_or_a_shape_with_or_without_a_batch(void **unused)
{
    (void)unused;
    expect_shape("target_shape=24", 1, 1, 24);
    expect_shape("target_shape=4:3:2", 4, 3, 2);
    expect_shape("target_shape=7:6:1:4", 6, 1, 4);
}

static void integers_and_shared_tensors_pass(void **unused)
{
    (void)unused;
    layer_config config = make_config("target_shape=24");
    config.integer_inputs = 1;
    config.shared_inputs = 1;
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.outputs[0].dtype, MOTE_DTYPE_I32);
    assert_false(harness.declaration.outputs[0].batched);
    layer_harness_release(&harness);
}

static void refuses(const char *entry, mote_status status, const char *message)
{
    const layer_config config = make_config(entry);
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), status, message);
}

static void another_number_of_elements_is_refused(void **unused)
{
    (void)unused;
    refuses("target_shape=5:5:1", MOTE_ERROR_SHAPE,
            "layer 'node': target_shape 5:5:1 has 25 elements, the input's 2:3:4 has 24");
}

static void more_elements_than_can_be_counted_are_refused(void **unused)
{
    (void)unused;
    refuses("target_shape=2147483647:2147483647:2147483647", MOTE_ERROR_SHAPE,
            "layer 'node': target_shape: shape 2147483647:2147483647:2147483647 has more than");
}

static void two_numbers_are_refused(void **unused)
{
    (void)unused;
    refuses("target_shape=4,6", MOTE_ERROR_PROPERTY,
            "layer 'node': target_shape has 2 numbers, it takes width, channels:height:width");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_target_is_a_width_or_a_shape_with_or_without_a_batch),
        cmocka_unit_test(integers_and_shared_tensors_pass),
        cmocka_unit_test(another_number_of_elements_is_refused),
        cmocka_unit_test(more_elements_than_can_be_counted_are_refused),
        cmocka_unit_test(two_numbers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
