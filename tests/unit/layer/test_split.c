// SPDX-License-Identifier: Apache-2.0
// Split: parts of an axis as outputs of their own.
#include "support/expect.h"
#include "support/layer_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT 8U

static const double x[COUNT] = {1, 2, 3, 4, 5, 6, 7, 8};

static layer_config make_config(const char *axis, const char *parts)
{
    return (layer_config){.layer = "split",
                          .entries = {axis, parts},
                          .input_count = 1,
                          .inputs = {{1, 2, 4}},
                          .batch = 1};
}

static void equal_parts_come_in_order(void **unused)
{
    (void)unused;
    const double parts[2][4] = {{1, 2, 5, 6}, {3, 4, 7, 8}};
    const layer_config config = make_config("axis=3", "split_number=2");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.output_count, 2);
    layer_harness_set(&harness, LAYER_INPUT, 0, COUNT, x);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    for (size_t i = 0; i < 2; i++) {
        layer_harness_expect(&harness, LAYER_OUTPUT, i, 4, parts[i], 0);
        layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, i, 4, parts[i]);
    }
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, COUNT, x, 0);
    layer_harness_release(&harness);
}

static void sizes_may_differ(void **unused)
{
    (void)unused;
    const double first[] = {1, 5};
    const double second[] = {2, 3, 4, 6, 7, 8};
    const layer_config config = make_config("axis=3", "split_sizes=1,3");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_INPUT, 0, COUNT, x);
    layer_harness_run(&harness, MOTE_PHASE_FORWARD);
    layer_harness_expect(&harness, LAYER_OUTPUT, 0, 2, first, 0);
    layer_harness_expect(&harness, LAYER_OUTPUT, 1, 6, second, 0);
    layer_harness_release(&harness);
}

static void without_a_number_every_index_is_a_part(void **unused)
{
    (void)unused;
    const layer_config config = make_config("axis=3", NULL);
    layer_harness harness;
    layer_harness_build(&harness, &config);
    assert_int_equal(harness.declaration.output_count, 4);
    layer_harness_release(&harness);
}

static void a_part_that_nobody_reads_has_derivative_zero(void **unused)
{
    (void)unused;
    const double part[] = {3, 4, 7, 8};
    const double dx[] = {0, 0, 3, 4, 0, 0, 7, 8};
    const layer_config config = make_config("axis=3", "split_number=2");
    layer_harness harness;
    layer_harness_build(&harness, &config);
    layer_harness_set(&harness, LAYER_OUTPUT_DERIVATIVE, 1, 4, part);
    harness.slots[LAYER_OUTPUT_DERIVATIVE][0].tensor.data = NULL;
    layer_harness_run(&harness, MOTE_PHASE_DERIVATIVE);
    layer_harness_expect(&harness, LAYER_INPUT_DERIVATIVE, 0, COUNT, dx, 0);
    layer_harness_release(&harness);
}

static void refuses(const char *axis, const char *parts, mote_status status, const char *message)
{
    const layer_config config = make_config(axis, parts);
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), status, message);
}

static void a_part_for_each_of_very_many_indices_is_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config("axis=3", "split_number=0");
    layer_harness harness;
    config.inputs[0][2] = 1025;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_SHAPE,
                  "layer 'node': one part for each of 1025 indices of axis 3; accepted are at most "
                  "1024 parts");
}

static void parts_that_do_not_fit_are_refused(void **unused)
{
    (void)unused;
    refuses("axis=3", "split_number=3", MOTE_ERROR_SHAPE,
            "layer 'node': split_number = 3 does not divide axis 3, which has 4");
    refuses("axis=2", "split_number=4", MOTE_ERROR_SHAPE,
            "layer 'node': split_number = 4 does not divide axis 2, which has 2");
    refuses("axis=3", "split_sizes=1,2", MOTE_ERROR_SHAPE,
            "layer 'node': split_sizes add up to 3, but axis 3 has 4");
}

static void number_and_sizes_together_are_refused(void **unused)
{
    (void)unused;
    layer_config config = make_config("axis=3", "split_sizes=2,2");
    config.entries[2] = "split_number=2";
    layer_harness harness;
    expect_raises(layer_harness_init(&harness, &config), MOTE_ERROR_PROPERTY,
                  "layer 'node': split_number and split_sizes exclude each other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_parts_come_in_order),
        cmocka_unit_test(sizes_may_differ),
        cmocka_unit_test(without_a_number_every_index_is_a_part),
        cmocka_unit_test(a_part_that_nobody_reads_has_derivative_zero),
        cmocka_unit_test(a_part_for_each_of_very_many_indices_is_refused),
        cmocka_unit_test(parts_that_do_not_fit_are_refused),
        cmocka_unit_test(number_and_sizes_together_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
