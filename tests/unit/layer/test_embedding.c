// SPDX-License-Identifier: Apache-2.0
// Rows of a table, and a gradient of those rows that are read.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const layer_config small = {
    .layer = "embedding",
    .entries = {"in_dim=5", "out_dim=2"},
    .input_count = 1,
    .inputs = {{1, 1, 3}},
    .integer_inputs = 1,
    .batch = 2,
};

static void set_indices(const layer_harness *harness, const int32_t indices[6])
{
    memcpy(harness->slots[LAYER_INPUT][0].tensor.data, indices, 6 * sizeof *indices);
}

static const int32_t indices[6] = {4, 0, 4, 1, 4, 0};
static const double derivatives[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static void outputs_are_rows_of_the_table(void **unused)
{
    (void)unused;
    static const double table[10] = {0, 1, 10, 11, 20, 21, 30, 31, 40, 41};
    static const double expected[12] = {40, 41, 0, 1, 40, 41, 10, 11, 40, 41, 0, 1};
    layer_harness harness;
    layer_harness_build(&harness, &small);
    const mote_shape *const shape = &harness.declaration.outputs[0].shape;
    assert_true(shape->dims[0] == 1 && shape->dims[1] == 3 && shape->dims[2] == 2);
    layer_harness_set(&harness, LAYER_WEIGHT, 0, 10, table);
    set_indices(&harness, indices);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 12, expected, 0);
    layer_harness_release(&harness);
}

static void a_row_has_the_sum_of_its_derivatives(void **unused)
{
    (void)unused;
    static const double expected[10] = {14, 16, 7, 8, 0, 0, 0, 0, 15, 18};
    layer_harness harness;
    layer_harness_build(&harness, &small);
    set_indices(&harness, indices);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 0, 12, derivatives);
    layer_harness_run(&harness, MOTE_PHASE_GRADIENT);
    layer_harness_expect(&harness, LAYER_GRADIENT, 0, 10, expected, 0);
    layer_harness_release(&harness);
}

/// The callback is called with a list of rows, as a program with a sparse gradient does.
static void the_gradient_of_some_rows_lists_them_ascending(void **unused)
{
    (void)unused;
    int32_t listed[7];
    int32_t input[6];
    mote_real dy[12];
    mote_real gradient[12];
    uint64_t scratch[12];
    layer_harness harness;
    layer_config config = small;
    config.entries[0] = "in_dim=7";
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.weights[0].gradient_rows, 6);
    assert_int_equal(harness.declaration.scratch_bytes[1], sizeof scratch);
    memcpy(input, indices, sizeof input);
    for (size_t i = 0; i < 12; i++)
        dy[i] = (mote_real)derivatives[i];
    const mote_tensor tensors[] = {
        {.data = input}, {.data = dy}, {.data = gradient}, {.data = listed}};
    const mote_layer_run run = {.kernels = harness.kernels,
                                .parallel = &harness.parallel,
                                .scratch = scratch,
                                .batch = 2,
                                .inputs = &tensors[0],
                                .output_derivatives = &tensors[1],
                                .gradients = &tensors[2],
                                .gradient_rows = &tensors[3]};
    harness.layer->calc_gradient(&run, harness.state);
    static const int32_t expected_rows[4] = {3, 0, 1, 4};
    static const mote_real expected[6] = {14, 16, 7, 8, 15, 18};
    assert_memory_equal(listed, expected_rows, sizeof expected_rows);
    assert_memory_equal(gradient, expected, sizeof expected);
    layer_harness_release(&harness);
}

static void a_batch_that_can_read_all_rows_has_a_whole_gradient(void **unused)
{
    (void)unused;
    layer_harness harness;
    layer_harness_build(&harness, &small);
    assert_int_equal(harness.declaration.weights[0].gradient_rows, 0);
    assert_int_equal(harness.declaration.scratch_bytes[1], 0);
    layer_harness_release(&harness);
}

static void indices_are_from_0_to_the_last_row(void **unused)
{
    (void)unused;
    layer_harness harness;
    layer_harness_build(&harness, &small);
    assert_int_equal(harness.declaration.input_ranges[0].first, 0);
    assert_int_equal(harness.declaration.input_ranges[0].last, 4);
    layer_harness_release(&harness);
}

static void other_inputs_are_refused(void **unused)
{
    (void)unused;
    layer_harness harness;
    layer_config config = small;
    config.integer_inputs = 0;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE, "it takes I32");
    config = small;
    config.inputs[0][1] = 2;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "input 0 has shape 1:2:3, it takes 1:1:n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_are_rows_of_the_table),
        cmocka_unit_test(a_row_has_the_sum_of_its_derivatives),
        cmocka_unit_test(the_gradient_of_some_rows_lists_them_ascending),
        cmocka_unit_test(a_batch_that_can_read_all_rows_has_a_whole_gradient),
        cmocka_unit_test(indices_are_from_0_to_the_last_row),
        cmocka_unit_test(other_inputs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
