// SPDX-License-Identifier: Apache-2.0
// Identity: the same bytes, of whatever kind.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static layer_config make_config(void)
{
    return (layer_config){.layer = "identity", .input_count = 1, .inputs = {{2, 3, 4}}, .batch = 2};
}

static void expect_view(const layer_config *config)
{
    layer_harness harness;
    layer_harness_build(&harness, config);
    const mote_tensor_spec *const output = &harness.declaration.outputs[0];
    assert_true(harness.declaration.view);
    assert_true(harness.declaration.derivative_view);
    assert_true(mote_shape_equal(&output->shape, &harness.input_specs[0].shape));
    assert_int_equal(output->dtype, harness.input_specs[0].dtype);
    assert_int_equal(output->batched, harness.input_specs[0].batched);
    assert_int_equal(harness.declaration.output_count, 1);
    layer_harness_release(&harness);
}

static void output_and_derivative_are_views_without_a_step(void **unused)
{
    (void)unused;
    const layer_config config = make_config();
    expect_view(&config);
    assert_null(mote_layer_identity.forward);
    assert_null(mote_layer_identity.calc_derivative);
}

static void integers_and_shared_tensors_pass(void **unused)
{
    (void)unused;
    layer_config config = make_config();
    config.integer_inputs = 1;
    expect_view(&config);
    config = make_config();
    config.shared_inputs = 1;
    expect_view(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_and_derivative_are_views_without_a_step),
        cmocka_unit_test(integers_and_shared_tensors_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
