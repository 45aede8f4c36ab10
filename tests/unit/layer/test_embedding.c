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

/// A gradient of some rows, of which the batch reads four.
typedef struct sparse {
    layer_harness harness;
    int32_t input[6];
    mote_real dy[12];
    int32_t listed[7];
    mote_real gradient[12];
    uint64_t scratch[12];
} sparse;

static void sparse_init(sparse *s, const int32_t read[6])
{
    layer_config config = small;
    config.entries[0] = "in_dim=7";
    layer_harness_build(&s->harness, &config);
    assert_int_equal(s->harness.declaration.weights[0].gradient_rows, 6);
    assert_int_equal(s->harness.declaration.scratch_bytes[1], sizeof s->scratch);
    memcpy(s->input, read, sizeof s->input);
    for (size_t i = 0; i < 12; i++)
        s->dy[i] = (mote_real)derivatives[i];
    memset(s->gradient, LAYER_POISON_BYTE, sizeof s->gradient);
    memset(s->listed, LAYER_POISON_BYTE, sizeof s->listed);
}

/// The callback is called with a list of rows, as a program with a sparse gradient does, for some samples.
static void sparse_run(sparse *s, size_t first, size_t count)
{
    const mote_tensor tensors[] = {{.data = s->input + 3 * first},
                                   {.data = s->dy + 6 * first},
                                   {.data = s->gradient},
                                   {.data = s->listed}};
    const mote_layer_run run = {.kernels = s->harness.kernels,
                                .parallel = &s->harness.parallel,
                                .scratch = s->scratch,
                                .batch = count,
                                .first_sample = first,
                                .samples_left = 2 - first - count,
                                .inputs = &tensors[0],
                                .output_derivatives = &tensors[1],
                                .gradients = &tensors[2],
                                .gradient_rows = &tensors[3]};
    s->harness.layer->calc_gradient(&run, s->harness.state);
}

static void the_gradient_of_some_rows_lists_them_ascending(void **unused)
{
    (void)unused;
    static const int32_t expected_rows[4] = {3, 0, 1, 4};
    static const mote_real expected[6] = {14, 16, 7, 8, 15, 18};
    sparse s;
    sparse_init(&s, indices);
    sparse_run(&s, 0, 2);
    assert_memory_equal(s.listed, expected_rows, sizeof expected_rows);
    assert_memory_equal(s.gradient, expected, sizeof expected);
    layer_harness_release(&s.harness);
}

static void rows_that_a_later_slice_reads_go_between_the_others(void **unused)
{
    (void)unused;
    static const int32_t cases[][6] = {
        {4, 0, 4, 1, 4, 0}, // one between, others go on
        {3, 2, 3, 1, 6, 0}, // in front, and behind
        {0, 1, 2, 0, 1, 2}, // none
        {5, 6, 5, 1, 2, 1}, // all in front
        {1, 2, 1, 6, 5, 5}, // all behind
        {0, 2, 4, 1, 3, 5}, // by turns
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sparse whole;
        sparse sliced;
        sparse_init(&whole, cases[i]);
        sparse_init(&sliced, cases[i]);
        sparse_run(&whole, 0, 2);
        sparse_run(&sliced, 0, 1);
        sparse_run(&sliced, 1, 1);
        assert_memory_equal(sliced.listed, whole.listed, sizeof whole.listed);
        assert_memory_equal(sliced.gradient, whole.gradient, sizeof whole.gradient);
        layer_harness_release(&whole.harness);
        layer_harness_release(&sliced.harness);
    }
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
        cmocka_unit_test(rows_that_a_later_slice_reads_go_between_the_others),
        cmocka_unit_test(a_batch_that_can_read_all_rows_has_a_whole_gradient),
        cmocka_unit_test(indices_are_from_0_to_the_last_row),
        cmocka_unit_test(other_inputs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
